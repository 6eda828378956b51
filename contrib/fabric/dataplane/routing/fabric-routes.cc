// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-routes.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle::fabric
{

std::vector<SwitchId>
LeavesOf(const Topology& topology, std::vector<uint32_t>* nicLink)
{
    std::vector<SwitchId> leaf(topology.nics, kNone);
    if (nicLink)
    {
        nicLink->assign(topology.nics, kNone);
    }
    for (uint32_t l = 0; l < topology.links.size(); ++l)
    {
        const auto& link = topology.links[l];
        if (link.a.isSwitch && link.b.isSwitch)
        {
            continue;
        }
        const auto& nic = link.a.isSwitch ? link.b : link.a;
        const auto& other = link.a.isSwitch ? link.a : link.b;
        if (!other.isSwitch || leaf[nic.index] != kNone)
        {
            throw InputError("topology " + topology.name + ": NIC " + std::to_string(nic.index) +
                             " must have exactly one link, to a switch");
        }
        leaf[nic.index] = other.index;
        if (nicLink)
        {
            (*nicLink)[nic.index] = l;
        }
    }
    auto lonely = std::find(leaf.begin(), leaf.end(), kNone);
    if (lonely != leaf.end())
    {
        throw InputError("topology " + topology.name + ": NIC " +
                         std::to_string(lonely - leaf.begin()) + " has no link");
    }
    return leaf;
}

Routes::Routes(const Topology& topology)
    : m_leafOfNic(LeavesOf(topology)),
      m_behind(2 * topology.links.size(), kNone),
      m_out(topology.switches.size()),
      m_in(topology.switches.size())
{
    m_leaves = m_leafOfNic;
    std::sort(m_leaves.begin(), m_leaves.end());
    m_leaves.erase(std::unique(m_leaves.begin(), m_leaves.end()), m_leaves.end());
    for (auto& leaf : m_leafOfNic)
    {
        leaf = static_cast<uint32_t>(std::lower_bound(m_leaves.begin(), m_leaves.end(), leaf) -
                                     m_leaves.begin());
    }
    for (uint32_t l = 0; l < topology.links.size(); ++l)
    {
        const auto& link = topology.links[l];
        for (bool fromA : {true, false})
        {
            const auto& from = fromA ? link.a : link.b;
            const auto& to = fromA ? link.b : link.a;
            if (from.isSwitch && to.isSwitch)
            {
                PortId port = topology.PortFrom(l, fromA);
                m_behind[port] = to.index;
                m_out[from.index].push_back(port);
                m_in[to.index].push_back(port);
            }
        }
    }
}

void
Routes::Build(const std::vector<bool>& up)
{
    size_t switches = m_out.size();
    m_setOf.assign(switches * m_leaves.size(), 0);
    m_sets.assign(1, {0, 0, 0});
    m_ports.clear();
    m_setsOf.assign(switches, {});
    m_distance.resize(switches);
    for (uint32_t leaf = 0; leaf < m_leaves.size(); ++leaf)
    {
        BuildLeaf(leaf, up);
    }
    m_setCount.resize(switches);
    for (size_t s = 0; s < switches; ++s)
    {
        m_setCount[s] = static_cast<uint32_t>(m_setsOf[s].size());
    }
    m_setsOf.clear();
}

void
Routes::BuildLeaf(uint32_t leaf, const std::vector<bool>& up)
{
    std::fill(m_distance.begin(), m_distance.end(), kNone);
    std::vector<SwitchId> order{m_leaves[leaf]};
    m_distance[m_leaves[leaf]] = 0;
    for (size_t i = 0; i < order.size(); ++i)
    {
        SwitchId at = order[i];
        for (PortId port : m_in[at])
        {
            SwitchId neighbour = m_behind[port ^ 1U];
            if (up[port / 2] && m_distance[neighbour] == kNone)
            {
                m_distance[neighbour] = m_distance[at] + 1;
                order.push_back(neighbour);
            }
        }
    }
    std::vector<PortId> hops;
    for (size_t i = 1; i < order.size(); ++i)
    {
        SwitchId at = order[i];
        hops.clear();
        for (PortId port : m_out[at])
        {
            if (up[port / 2] && m_distance[m_behind[port]] + 1 == m_distance[at])
            {
                hops.push_back(port);
            }
        }
        m_setOf[size_t{at} * m_leaves.size() + leaf] = Intern(at, hops);
    }
}

uint32_t
Routes::Intern(SwitchId at, const std::vector<PortId>& hops)
{
    auto& known = m_setsOf[at];
    for (auto it = known.rbegin(); it != known.rend(); ++it) // neighbours usually share the last
    {
        const Set& set = m_sets[*it];
        if (set.count == hops.size() &&
            std::equal(hops.begin(), hops.end(), m_ports.begin() + set.first))
        {
            return *it;
        }
    }
    m_sets.push_back({static_cast<uint32_t>(m_ports.size()),
                      static_cast<uint32_t>(hops.size()),
                      static_cast<uint32_t>(known.size())});
    m_ports.insert(m_ports.end(), hops.begin(), hops.end());
    known.push_back(static_cast<uint32_t>(m_sets.size() - 1));
    return known.back();
}

PathTable::PathTable(const Topology& topology, const Routes& routes)
    : leaves(routes.leaves()), of(leaves * leaves, kNone)
{
    const Tick forwarding = topology.switchConfig.forwardingLatency;
    for (uint32_t from = 0; from < leaves; ++from)
    {
        for (uint32_t to = 0; to < leaves; ++to)
        {
            InteriorPath path;
            path.fixed = forwarding;
            SwitchId at = routes.SwitchOfLeaf(from);
            while (at != routes.SwitchOfLeaf(to))
            {
                NextHops hops = routes.Lookup(at, to);
                if (hops.count == 0)
                {
                    break;
                }
                const auto& link = topology.links[hops.ports[0] / 2];
                path.rates.push_back(link.rate);
                path.fixed += link.delay + forwarding;
                at = routes.Behind(hops.ports[0]);
            }
            if (at == routes.SwitchOfLeaf(to))
            {
                auto known = std::find(paths.begin(), paths.end(), path);
                of[from * leaves + to] = static_cast<uint32_t>(known - paths.begin());
                if (known == paths.end())
                {
                    paths.push_back(std::move(path));
                }
            }
        }
    }
}

} // namespace heddle::fabric
