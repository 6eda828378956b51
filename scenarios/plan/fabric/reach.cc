// SPDX-License-Identifier: GPL-2.0-only
#include "plan/fabric/reach.h"

#include "ns3/base-errors.h"

namespace heddle
{

namespace
{

constexpr int kUnreachable = -1;

} // namespace

Reach::Reach(const FabricPlan& fabric)
    : m_fabric(fabric), m_neighbours(fabric.pristine.switches.size())
{
    for (const Topology::Link& link : fabric.pristine.links)
    {
        if (link.a.isSwitch && link.b.isSwitch)
        {
            m_neighbours[link.a.index].push_back(link.b.index);
            m_neighbours[link.b.index].push_back(link.a.index);
        }
    }
}

int
Reach::Links(Rank from, Rank relay, Rank to)
{
    const std::vector<uint32_t>& leafOf = m_fabric.pristine.leafOfNic;
    const uint32_t ports = m_fabric.pristine.portsPerNic; // all see the same distance
    const int between = From(leafOf[relay * ports])[leafOf[to * ports]];
    if (between == kUnreachable)
    {
        Report(from, to);
    }
    return between + 2;
}

/// Breadth-first search, on demand.
const std::vector<int>&
Reach::From(uint32_t leaf)
{
    std::vector<int>& distance = m_from[leaf];
    if (!distance.empty())
    {
        return distance;
    }
    distance.assign(m_neighbours.size(), kUnreachable);
    distance[leaf] = 0;
    std::vector<uint32_t> queue{leaf};
    for (size_t i = 0; i < queue.size(); ++i)
    {
        for (uint32_t next : m_neighbours[queue[i]])
        {
            if (distance[next] == kUnreachable)
            {
                distance[next] = distance[queue[i]] + 1;
                queue.push_back(next);
            }
        }
    }
    return distance;
}

void
Reach::Report(Rank from, Rank to) const
{
    const auto at = [&](Rank r)
    {
        const RankLayout::Place& place = m_fabric.layout.places[r];
        return "rank " + std::to_string(r) + " (host " + std::to_string(place.host) + ", rail " +
               std::to_string(place.rail) + ")";
    };
    throw InputError(at(from) + " must send to " + at(to) + ", but topology '" +
                     m_fabric.topology.name +
                     "' has no path between their NICs. Use PXN (collectives.pxn: true) for "
                     "all-to-all and send/recv, rings that stay on a rail, or a topology that "
                     "joins the rails.");
}

} // namespace heddle
