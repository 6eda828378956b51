// SPDX-License-Identifier: GPL-2.0-only
//
// Traffic classes at the flow level: what the packet level's scheduler (strict first, then deficit
// round robin by weight) gives to backlogged classes.
#include "ns3/base-errors.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::MaxMin;

namespace
{

/// Of a whole class: fine enough for thousands of flows with weights 1 to 100.
constexpr double kClassUnit = 1U << 30;

} // namespace

void
FlowNetwork::SetClass(uint32_t flow, unsigned trafficClass)
{
    HEDDLE_CHECK(!m_built, "classes are set before the first flow starts");
    HEDDLE_CHECK(trafficClass < kClasses, "traffic classes are 0 to 7");
    m_classOf.resize(m_flows.size(), 0);
    m_classOf[flow] = static_cast<uint8_t>(trafficClass);
}

/// Strict classes above all others, each above the one below.
uint8_t
FlowNetwork::LevelOf(uint32_t flow) const
{
    if (flow >= m_classOf.size())
    {
        return 0;
    }
    const uint8_t c = m_classOf[flow];
    return m_topology.switchConfig.classes[c].strict ? c + 1 : 0;
}

/// A class's weight is split over its flows (by what arrives, where nothing slows senders down) so
/// that they sum to it at the resource where most of the class meet.
void
FlowNetwork::WeighByClass(const std::vector<uint32_t>& flows)
{
    m_classOf.resize(m_flows.size(), 0);
    const auto& classes = m_topology.switchConfig.classes;
    uint32_t heaviest = 1;
    for (const ClassConfig& config : classes)
    {
        heaviest = std::max(heaviest, config.weight);
    }
    const auto arrival = [this](uint32_t flow)
    {
        const size_t siblings = m_maxMin.members(m_maxMin.firstResource(flow)).size();
        return m_config.shareByArrival && !m_config.controlled ? 1 / static_cast<double>(siblings)
                                                               : 1.0;
    };
    m_offeredByClass.resize(m_resources.size() * kClasses);
    for (uint32_t id : m_maxMin.collectedResources())
    {
        std::fill_n(m_offeredByClass.begin() + id * kClasses, kClasses, 0.0);
    }
    for (uint32_t flow : flows)
    {
        m_maxMin.ForEachLoad(flow,
                             [&](uint32_t id, uint32_t share) {
                                 m_offeredByClass[id * kClasses + m_classOf[flow]] +=
                                     arrival(flow) * share / MaxMin::kWhole;
                             });
    }
    for (uint32_t flow : flows)
    {
        double most = 0;
        m_maxMin.ForEachLoad(
            flow,
            [&](uint32_t id, uint32_t)
            { most = std::max(most, m_offeredByClass[id * kClasses + m_classOf[flow]]); });
        const double share = arrival(flow) / most * classes[m_classOf[flow]].weight / heaviest;
        m_maxMin.SetWeight(flow, static_cast<uint32_t>(std::max(1.0, kClassUnit * share)));
    }
}

} // namespace heddle
