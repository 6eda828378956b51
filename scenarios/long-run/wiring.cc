// SPDX-License-Identifier: GPL-2.0-only
#include "long-run/wiring.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace heddle
{

namespace
{

/// The end of a link that is nearer to the accelerators, or the other.
const Topology::Node&
EndOf(const Topology& topology, const Topology::Link& link, bool lower)
{
    const auto height = [&](const Topology::Node& node)
    { return node.isSwitch ? 1 + topology.switches[node.index].tier : 0; };
    const bool aIsLower = height(link.a) <= height(link.b);
    return aIsLower == lower ? link.a : link.b;
}

/// NIC ports that can reach each other, by the smallest of them.
std::vector<uint32_t>
Islands(const Topology& topology, const std::set<uint32_t>& down)
{
    std::vector<uint32_t> parent(topology.nics + topology.switches.size());
    std::iota(parent.begin(), parent.end(), 0);
    const auto root = [&](uint32_t node)
    {
        while (parent[node] != node)
        {
            parent[node] = parent[parent[node]];
            node = parent[node];
        }
        return node;
    };
    const auto id = [&](const Topology::Node& node)
    { return node.isSwitch ? topology.nics + node.index : node.index; };
    for (uint32_t i = 0; i < topology.links.size(); ++i)
    {
        const uint32_t a = root(id(topology.links[i].a));
        const uint32_t b = root(id(topology.links[i].b));
        if (topology.links[i].up && down.count(i) == 0)
        {
            parent[std::max(a, b)] = std::min(a, b);
        }
    }
    std::vector<uint32_t> islands;
    for (uint32_t nic = 0; nic < topology.nics; ++nic)
    {
        islands.push_back(root(nic));
    }
    return islands;
}

} // namespace

Wiring::Wiring(const Topology& topology, uint32_t acceleratorsPerHost, bool portFailover)
    : m_topology(topology),
      m_acceleratorsPerHost(acceleratorsPerHost),
      m_failover(portFailover),
      m_whole(Islands(topology, {}))
{
}

std::vector<uint32_t>
Wiring::LinksOf(uint32_t tier, bool lower, const Topology::Node& node) const
{
    std::vector<uint32_t> links;
    for (uint32_t i = 0; i < m_topology.links.size(); ++i)
    {
        const Topology::Link& link = m_topology.links[i];
        const Topology::Node& end = EndOf(m_topology, link, lower);
        if (link.tier == tier && end.isSwitch == node.isSwitch && end.index == node.index)
        {
            links.push_back(i);
        }
    }
    return links;
}

Topology::Node
Wiring::Representative(uint32_t tier, bool lower) const
{
    std::map<std::pair<bool, uint32_t>, uint32_t> counts;
    for (const Topology::Link& link : m_topology.links)
    {
        if (link.tier == tier)
        {
            const Topology::Node& end = EndOf(m_topology, link, lower);
            ++counts[{end.isSwitch, end.index}];
        }
    }
    const auto fewest =
        std::min_element(counts.begin(),
                         counts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return {fewest->first.first, fewest->first.second};
}

FabricState
Wiring::SwitchDown(uint32_t index) const
{
    FabricState state{m_topology.switches[index].name + " down", {}};
    for (uint32_t i = 0; i < m_topology.links.size(); ++i)
    {
        const Topology::Link& link = m_topology.links[i];
        if ((link.a.isSwitch && link.a.index == index) ||
            (link.b.isSwitch && link.b.index == index))
        {
            state.links.push_back({i, 0});
        }
    }
    return state;
}

FabricState
Wiring::PortsDown(uint32_t tier, bool lower, const Topology::Node& node, uint32_t ports) const
{
    const std::vector<uint32_t> links = LinksOf(tier, lower, node);
    const size_t lost = std::min<size_t>(ports, links.size());
    FabricState state{NodeName(m_topology, node) + ": " + std::to_string(lost) + " of " +
                          std::to_string(links.size()) + (lower ? " uplinks" : " lower ports") +
                          " down",
                      {}};
    for (size_t i = 0; i < lost; ++i)
    {
        state.links.push_back({links[i], 0});
    }
    return state;
}

uint32_t
Wiring::CutOff(const FabricState& state) const
{
    std::set<uint32_t> down;
    for (const LinkState& link : state.links)
    {
        down.insert(link.link);
    }
    const std::vector<uint32_t> islands = Islands(m_topology, down);
    // Of each island there was, the largest piece goes on.
    std::map<uint32_t, std::map<uint32_t, uint32_t>> pieces;
    for (uint32_t port = 0; port < m_topology.nics; ++port)
    {
        ++pieces[m_whole[port]][islands[port]];
    }
    const auto works = [&](uint32_t port)
    {
        const auto& rest = pieces[m_whole[port]];
        const auto largest =
            std::max_element(rest.begin(),
                             rest.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        return islands[port] == largest->first;
    };
    std::set<uint32_t> hosts;
    const uint32_t ports = m_topology.portsPerNic;
    for (uint32_t nic = 0; nic < m_topology.nics / ports; ++nic)
    {
        uint32_t working = 0;
        for (uint32_t i = 0; i < ports; ++i)
        {
            working += works(nic * ports + i) ? 1 : 0;
        }
        if (working < (m_failover ? 1 : ports))
        {
            hosts.insert(nic / m_acceleratorsPerHost);
        }
    }
    return static_cast<uint32_t>(hosts.size()) * m_acceleratorsPerHost;
}

double
LostCapacity(const Topology& topology, const FabricState& state)
{
    // Upwards, per NIC or switch: rate in all, rate lost.
    std::map<std::pair<bool, uint32_t>, std::pair<double, double>> sums;
    std::map<uint32_t, double> lost;
    for (const LinkState& link : state.links)
    {
        lost[link.link] = 1 - link.share;
    }
    for (uint32_t i = 0; i < topology.links.size(); ++i)
    {
        const Topology::Link& link = topology.links[i];
        const Topology::Node& lower = EndOf(topology, link, true);
        const double rate = static_cast<double>(link.rate.bps());
        const auto it = lost.find(i);
        const uint32_t node = lower.isSwitch ? lower.index : lower.index / topology.portsPerNic;
        auto& sum = sums[{lower.isSwitch, node}];
        sum.first += rate;
        sum.second += it != lost.end() ? rate * it->second : 0;
    }
    double most = 0;
    for (const auto& [node, sum] : sums)
    {
        most = std::max(most, sum.second / sum.first);
    }
    return most;
}

} // namespace heddle
