// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-outages.h"

#include "ns3/fabric-routes.h"

#include <algorithm>

namespace heddle::fabric
{

OutageLog::OutageLog(const Topology& topology) : m_topology(topology), m_leafOf(LeavesOf(topology))
{
}

void
OutageLog::Fail(uint32_t link, Tick now)
{
    const Topology::Link& l = m_topology.links[link];
    const bool nicLink = !l.a.isSwitch || !l.b.isSwitch;
    Outage outage{link, nicLink, now, kForever, {}, {}};
    if (!nicLink)
    {
        outage.fromA = DistancesFrom(l.a.index);
        outage.fromB = DistancesFrom(l.b.index);
    }
    m_outages.push_back(std::move(outage));
}

void
OutageLog::Restore(uint32_t link, Tick now)
{
    for (Outage& outage : m_outages)
    {
        if (outage.link == link)
        {
            outage.until = std::min(outage.until, now);
        }
    }
    m_returned.push_back(link);
}

void
OutageLog::Reroute(Tick now, const std::vector<bool>& inUse)
{
    for (uint32_t link : m_returned)
    {
        Fail(link, now); // for an instant: paths change under what is on its way
        m_outages.back().until = now;
    }
    m_returned.clear();
    for (Outage& outage : m_outages)
    {
        if (!outage.nicLink && !inUse[outage.link])
        {
            outage.until = std::min(outage.until, now);
        }
    }
}

bool
OutageLog::Hit(NicId from, NicId to, size_t interior, Tick since, Tick until) const
{
    return std::any_of(m_outages.begin(),
                       m_outages.end(),
                       [&](const Outage& outage) {
                           return outage.since < until && since < outage.until &&
                                  Crosses(outage, from, to, interior);
                       });
}

bool
OutageLog::Crosses(const Outage& outage, NicId from, NicId to, size_t interior) const
{
    const Topology::Link& link = m_topology.links[outage.link];
    if (outage.nicLink)
    {
        const NicId nic = link.a.isSwitch ? link.b.index : link.a.index;
        return nic == from || nic == to;
    }
    const SwitchId first = m_leafOf[from];
    const SwitchId last = m_leafOf[to];
    if (outage.fromA[first] == kNone)
    {
        return false;
    }
    const size_t through = 1 + std::min(outage.fromA[first] + outage.fromB[last],
                                        outage.fromB[first] + outage.fromA[last]);
    return through == interior;
}

std::vector<uint32_t>
OutageLog::DistancesFrom(SwitchId root) const
{
    const size_t switches = m_topology.switches.size();
    std::vector<std::vector<SwitchId>> neighbours(switches);
    for (const Topology::Link& link : m_topology.links)
    {
        if (link.a.isSwitch && link.b.isSwitch)
        {
            neighbours[link.a.index].push_back(link.b.index);
            neighbours[link.b.index].push_back(link.a.index);
        }
    }
    std::vector<uint32_t> distance(switches, kNone);
    std::vector<SwitchId> queue{root};
    distance[root] = 0;
    for (size_t i = 0; i < queue.size(); ++i)
    {
        for (SwitchId next : neighbours[queue[i]])
        {
            if (distance[next] == kNone)
            {
                distance[next] = distance[queue[i]] + 1;
                queue.push_back(next);
            }
        }
    }
    return distance;
}

} // namespace heddle::fabric
