// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-nic-capacity.h"

#include <algorithm>
#include <limits>

namespace heddle::fabric
{

NicCapacity::NicCapacity(const Topology& topology)
    : m_topology(topology), m_links(topology.nics / topology.portsPerNic), m_changes(m_links.size())
{
    for (uint32_t id = 0; id < topology.links.size(); ++id)
    {
        const Topology::Link& link = topology.links[id];
        m_up.push_back(link.up);
        m_rate.push_back(link.rate);
        for (const auto& end : {link.a, link.b})
        {
            if (!end.isSwitch)
            {
                m_links[end.index / topology.portsPerNic].push_back(id);
            }
        }
    }
    for (uint32_t id = 0; id < topology.links.size(); ++id)
    {
        if (!m_up[id] || !(m_rate[id] == topology.links[id].BuiltRate()))
        {
            Update(id, std::numeric_limits<Tick>::min()); // since ever
        }
    }
}

void
NicCapacity::SetUp(uint32_t link, bool up, Tick now)
{
    if (m_up[link] != up)
    {
        m_up[link] = up;
        Update(link, now);
    }
}

void
NicCapacity::SetRate(uint32_t link, BitRate rate, Tick now)
{
    if (!(m_rate[link] == rate))
    {
        m_rate[link] = rate;
        Update(link, now);
    }
}

void
NicCapacity::Update(uint32_t link, Tick now)
{
    for (const auto& end : {m_topology.links[link].a, m_topology.links[link].b})
    {
        if (end.isSwitch)
        {
            continue;
        }
        const NicId nic = end.index / m_topology.portsPerNic;
        double built = 0;
        double left = 0;
        for (uint32_t id : m_links[nic])
        {
            built += static_cast<double>(m_topology.links[id].BuiltRate().bps());
            left += m_up[id] ? static_cast<double>(m_rate[id].bps()) : 0;
        }
        m_changes[nic].push_back({now, left > 0 ? 1 - left / built : 0});
    }
}

LostCapacity
NicCapacity::Lost(NicId nic, Tick since, Tick until) const
{
    LostCapacity lost{0, 0};
    Tick end = until;
    const std::vector<Change>& changes = m_changes[nic];
    for (auto change = changes.rbegin(); change != changes.rend() && end > since; ++change)
    {
        const Tick begin = std::max(change->at, since);
        if (begin < end)
        {
            lost.time += change->lost * static_cast<double>(end - begin);
            lost.most = std::max(lost.most, change->lost);
            end = begin;
        }
    }
    return lost;
}

} // namespace heddle::fabric
