// SPDX-License-Identifier: GPL-2.0-only
//
// Traffic classes at the flow level: what the packet level's scheduler (strict first, then deficit
// round robin by weight) gives to backlogged classes.
#include "ns3/base-errors.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>

namespace heddle
{

void
FlowNetwork::SetClass(uint32_t flow, unsigned trafficClass)
{
    HEDDLE_CHECK(!m_built, "classes are set before the first flow starts");
    HEDDLE_CHECK(trafficClass < kClasses, "traffic classes are 0 to 7");
    m_classOf.resize(m_flows.size(), 0);
    m_classOf[flow] = static_cast<uint8_t>(trafficClass);
}

uint8_t
FlowNetwork::LevelOf(uint32_t flow) const
{
    return m_classOf.empty()
               ? 0
               : fabric::LevelOfClass(m_topology.switchConfig.classes, m_classOf[flow]);
}

/// One class alone needs no scheduler, whichever it is.
void
FlowNetwork::SettleClasses()
{
    if (m_classOf.empty())
    {
        return;
    }
    m_classOf.resize(m_flows.size(), 0);
    const auto isFirst = [this](uint8_t c) { return c == m_classOf[0]; };
    if (std::all_of(m_classOf.begin(), m_classOf.end(), isFirst))
    {
        m_classOf.clear();
    }
}

/// Flows of one class share like flows without classes: equally, or by what arrives.
void
FlowNetwork::WeighByClass(const std::vector<uint32_t>& flows)
{
    const bool byArrival = m_config.shareByArrival && !m_config.controlled;
    m_classWeights.Weigh(
        m_maxMin,
        flows,
        m_topology.switchConfig.classes,
        [this](uint32_t flow) -> unsigned { return m_classOf[flow]; },
        [this, byArrival](uint32_t flow) -> double { return byArrival ? ArrivalWeight(flow) : 1; });
}

} // namespace heddle
