// SPDX-License-Identifier: GPL-2.0-only
//
// Paths of coupled flows: links that slow down, fail and return.
#include "ns3/rdma-flow-routes.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

void
FlowRoutes::SetLinkShare(Partition& part, CoflowNetwork& network, uint32_t link, double share)
{
    const auto built = static_cast<double>(m_topology.links[link].rate.bps());
    const auto rate = std::llround(built * share);
    network.SetCapacity(part, 2 * link, rate);
    network.SetCapacity(part, 2 * link + 1, rate);
    if (share == 0 && !pinned())
    {
        std::vector<uint32_t> ports{2 * link, 2 * link + 1};
        ports.erase(std::remove_if(ports.begin(),
                                   ports.end(),
                                   [this](PortId port) { return !Swallows(port); }),
                    ports.end());
        network.Lose(part, ports, 1.0 / Siblings(link));
    }
    if (share == 0 && m_failureListener)
    {
        m_failureListener(part, link);
    }
    const bool up = share > 0;
    const bool changes = m_up[link] != up || m_paths.SpreadsByRate();
    m_up[link] = up;
    if (up)
    {
        m_paths.SetRate(link, BitRate(static_cast<uint64_t>(rate)));
    }
    if (changes)
    {
        part.Insert({part.now() + m_topology.rerouteDelay,
                     m_core.Key(m_entity, m_sequence++),
                     0,
                     link,
                     m_onReroute,
                     0});
    }
}

/// Links between switches over which the leaf at one of its ends spreads, itself included; where
/// neither is a leaf, of the end that has fewer.
uint32_t
FlowRoutes::Siblings(uint32_t link) const
{
    const Topology::Link& failed = m_topology.links[link];
    const auto isLeaf = [this](uint32_t index)
    {
        return std::find(m_topology.leafOfNic.begin(), m_topology.leafOfNic.end(), index) !=
               m_topology.leafOfNic.end();
    };
    uint32_t fewest = ~0U;
    for (const auto& end : {failed.a, failed.b})
    {
        uint32_t count = 0;
        for (size_t l = 0; l < m_topology.links.size(); ++l)
        {
            const Topology::Link& other = m_topology.links[l];
            const bool between = other.a.isSwitch && other.b.isSwitch;
            const bool here = other.a.index == end.index || other.b.index == end.index;
            count += between && here && (m_up[l] || l == link) ? 1 : 0;
        }
        if (end.isSwitch && isLeaf(end.index))
        {
            return std::max(1U, count);
        }
        fewest = std::min(fewest, count);
    }
    return std::max(1U, fewest);
}

void
FlowRoutes::OnReroute(Partition& part, const Event&)
{
    m_paths.Build(m_up);
    m_interior.clear();
    if (m_listener)
    {
        m_listener(part);
    }
}

} // namespace heddle
