// SPDX-License-Identifier: GPL-2.0-only
//
// Traffic classes at the flow level: what the packet level's schedulers (strict first, then deficit
// round robin by weight) give to each at a NIC's port, and to backlogged classes where ports do not
// queue. Where they do: queues/fabric-fifo-classes.cc.
#include "ns3/base-errors.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <set>

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
        return;
    }
    const fabric::ClassConfigs& classes = m_topology.switchConfig.classes;
    m_turns.clear();
    for (unsigned c = 0; c < kClasses; ++c)
    {
        m_classAt[c] = static_cast<uint8_t>(m_turns.size());
        if (std::find(m_classOf.begin(), m_classOf.end(), c) != m_classOf.end())
        {
            m_turns.push_back({fabric::LevelOfClass(classes, c), classes[c].weight});
        }
    }
    m_flowsOfClass.resize(m_turns.size());
    std::set<uint8_t> levels;
    for (const fabric::ClassTurn& turn : m_turns)
    {
        levels.insert(turn.level);
    }
    m_levels = static_cast<uint32_t>(levels.size());
    m_levelOf.clear();
    for (const fabric::ClassTurn& turn : m_turns)
    {
        const auto below = std::distance(levels.begin(), levels.find(turn.level));
        m_levelOf.push_back(static_cast<uint32_t>(below));
    }
}

/// In m_turns.
uint32_t
FlowNetwork::ClassAt(uint32_t flow) const
{
    return m_classOf.empty() ? 0 : m_classAt[m_classOf[flow]];
}

/// The turns of a NIC's port that carries so much: a class gets what its flows may send, as far as
/// its turn goes and nobody asks it to pause.
void
FlowNetwork::ShareByClass(Partition& part, uint32_t id, int64_t carried)
{
    const PortId port = m_resources[id].port;
    for (std::vector<uint32_t>& flows : m_flowsOfClass)
    {
        flows.clear();
    }
    for (const uint32_t flow : m_components[id].flows)
    {
        m_flowsOfClass[ClassAt(flow)].push_back(flow);
    }
    m_wanted.clear();
    for (const std::vector<uint32_t>& flows : m_flowsOfClass)
    {
        int64_t wanted = 0;
        for (const uint32_t flow : flows)
        {
            const auto most = std::min(carried, static_cast<int64_t>(m_details[flow].lineRate));
            wanted += m_config.controlled ? std::min(most, m_details[flow].limit) : most;
        }
        m_wanted.push_back(wanted);
    }
    fabric::ShareByTurn(carried, m_turns, m_wanted, m_unheldShares);
    for (uint32_t c = 0; c < m_turns.size(); ++c)
    {
        m_wanted[c] = std::min(m_wanted[c], HoldOf(port, c).rate);
    }
    fabric::ShareByTurn(carried, m_turns, m_wanted, m_shares);
    for (uint32_t c = 0; c < m_turns.size(); ++c)
    {
        const std::vector<uint32_t>& flows = m_flowsOfClass[c];
        // Where limits alone hold a class back, turns are beyond them.
        const auto beyond = m_shares[c] < m_wanted[c] ? 0 : static_cast<int64_t>(flows.size());
        const int64_t turn = flows.empty() ? 0 : Turn(flows, m_shares[c] + beyond);
        const double unheld =
            static_cast<double>(m_unheldShares[c]) / static_cast<double>(m_shares[c] + 1);
        for (const uint32_t flow : flows)
        {
            const auto turns = static_cast<double>(flows.size());
            TakeTurn(part, flow, id, turn, turns, m_shares[c] < m_unheldShares[c] ? unheld : 0);
        }
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
