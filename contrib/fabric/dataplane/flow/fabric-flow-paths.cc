// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-flow-paths.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle::fabric
{

FlowPaths::FlowPaths(const Topology& topology, uint64_t seed)
    : m_topology(topology),
      m_routes(topology),
      m_firstSet(static_cast<StageId>(2 * topology.links.size()))
{
    for (const Topology::Link& link : topology.links)
    {
        m_rates.push_back(link.rate);
    }
    std::vector<uint32_t> nicLink;
    LeavesOf(topology, &nicLink);
    for (NicId nic = 0; nic < topology.nics; ++nic)
    {
        const Topology::Link& link = topology.links[nicLink[nic]];
        m_nicPort.push_back(topology.PortFrom(nicLink[nic], !link.a.isSwitch));
    }
    const SwitchConfig& config = topology.switchConfig;
    const Choice& choice = RegistryIndex::Find("load-balancer", config.loadBalancer);
    const ParameterValues parameters(choice, config.loadBalancerParameters);
    auto make = FindFactory<LoadBalancerFactory>("load-balancer", config.loadBalancer);
    for (SwitchId s = 0; s < topology.switches.size(); ++s)
    {
        m_balancers.push_back(
            make({seed, s, config.mtuWireBytes, config.adaptiveGrades, nullptr}, parameters));
    }
    Build(std::vector<bool>(topology.links.size(), true));
    if (topology.extraLatency.empty())
    {
        PathTable table(topology, m_routes);
        m_pathLeaves = table.leaves;
        m_interiors = std::move(table.paths);
        m_pathOf = std::move(table.of);
        for (NicId nic = 0; nic < topology.nics; ++nic)
        {
            m_pathLeaf.push_back(m_routes.LeafOfNic(nic));
        }
        return;
    }
    m_pathLeaves = topology.interiorOf.size();
    m_interiors = topology.interiorPaths;
    m_pathLeaf = topology.leafOfNic;
    for (const auto& row : topology.interiorOf)
    {
        m_pathOf.insert(m_pathOf.end(), row.begin(), row.end());
    }
}

void
FlowPaths::Build(const std::vector<bool>& up, const std::vector<bool>& alive)
{
    m_routes.Build(up);
    m_alive = alive;
    m_spread.clear();
}

void
FlowPaths::Find(NicId from, NicId to, uint32_t entropy, std::vector<StageId>& stages)
{
    stages.clear();
    const uint32_t source = m_routes.LeafOfNic(from);
    const uint32_t target = m_routes.LeafOfNic(to);
    const SwitchId at = m_routes.SwitchOfLeaf(source);
    stages.push_back(m_nicPort[from]);
    if (source != target)
    {
        if (m_balancers[at]->flowHash() != nullptr)
        {
            Packet packet{};
            packet.source = from;
            packet.destination = to;
            packet.entropy = entropy;
            Pinned(at, target, packet, stages);
        }
        else
        {
            Spread(at, target, stages);
        }
        if (stages.size() == 1)
        {
            stages.clear();
            return;
        }
    }
    stages.push_back(m_nicPort[to] ^ 1U);
}

void
FlowPaths::FindAll(const std::vector<std::pair<NicId, NicId>>& pairs,
                   uint32_t entropy,
                   std::vector<StageId>& stages)
{
    const auto weight = [&](const std::pair<NicId, NicId>& pair)
    { return SlowerRate(pair.first, pair.second); };
    double whole = 0;
    for (const auto& pair : pairs)
    {
        whole += weight(pair);
    }
    std::vector<std::map<PortId, double>> hops;
    std::vector<StageId> one;
    for (const auto& pair : pairs)
    {
        Find(pair.first, pair.second, entropy, one);
        hops.resize(std::max(hops.size(), one.size()));
        for (size_t hop = 0; hop < one.size(); ++hop)
        {
            ForEachPort(one[hop],
                        [&](PortId port, double share)
                        { hops[hop][port] += share * weight(pair) / whole; });
        }
    }
    stages.clear();
    for (const auto& hop : hops)
    {
        Set set;
        for (const auto& [port, share] : hop)
        {
            set.push_back({port, share});
        }
        stages.push_back(Intern(std::move(set)));
    }
}

void
FlowPaths::Pinned(SwitchId at, uint32_t leaf, const Packet& packet, std::vector<StageId>& stages)
{
    const SwitchId end = m_routes.SwitchOfLeaf(leaf);
    while (at != end)
    {
        const NextHops hops = m_routes.Lookup(at, leaf);
        if (hops.count == 0)
        {
            stages.resize(1);
            return;
        }
        const PortId port =
            hops.count == 1 ? hops.ports[0] : m_balancers[at]->flowHash()->Choose(packet, hops);
        stages.push_back(port);
        at = m_routes.Behind(port);
    }
}

void
FlowPaths::Spread(SwitchId at, uint32_t leaf, std::vector<StageId>& stages)
{
    const auto [entry, isNew] = m_spread.try_emplace({at, leaf});
    std::vector<StageId>& found = entry->second;
    std::map<SwitchId, double> here{{at, 1.0}};
    while (isNew && here.begin()->first != m_routes.SwitchOfLeaf(leaf))
    {
        Set set;
        std::map<SwitchId, double> next;
        for (const auto& [from, part] : here)
        {
            const NextHops hops = m_routes.Lookup(from, leaf);
            const bool byCapacity = m_balancers[from]->avoidsQueues();
            const bool someAlive = std::any_of(hops.ports,
                                               hops.ports + hops.count,
                                               [this](PortId port) { return m_alive[port / 2]; });
            const auto weight = [&](PortId port)
            {
                const bool avoided = someAlive && !m_alive[port / 2];
                return !byCapacity ? 1.0 : avoided ? 0.0 : static_cast<double>(RateOf(port).bps());
            };
            double whole = 0;
            for (uint32_t i = 0; i < hops.count; ++i)
            {
                whole += weight(hops.ports[i]);
            }
            for (uint32_t i = 0; i < hops.count; ++i)
            {
                const double share = part * weight(hops.ports[i]) / whole;
                if (share == 0)
                {
                    continue;
                }
                set.push_back({hops.ports[i], share});
                next[m_routes.Behind(hops.ports[i])] += share;
            }
        }
        if (set.empty())
        {
            found.clear();
            break;
        }
        found.push_back(Intern(std::move(set)));
        here = std::move(next);
    }
    stages.insert(stages.end(), found.begin(), found.end());
}

FlowPaths::StageId
FlowPaths::Intern(Set set)
{
    constexpr double kAll = 1 - 1e-9;
    if (set.size() == 1 && set[0].share > kAll)
    {
        return set[0].port;
    }
    std::sort(set.begin(), set.end());
    const auto [entry, isNew] = m_known.try_emplace(std::move(set), stages());
    if (isNew)
    {
        m_sets.push_back(&entry->first);
    }
    return entry->second;
}

bool
FlowPaths::Evened(StageId stage) const
{
    if (!SpreadsByRate())
    {
        return false;
    }
    std::map<uint32_t, uint32_t> portsOf; // by switch
    ForEachPort(stage,
                [&](PortId port, double)
                {
                    const Topology::Link& link = m_topology.links[port / 2];
                    ++portsOf[(port % 2 == 0 ? link.a : link.b).index];
                });
    return std::all_of(portsOf.begin(),
                       portsOf.end(),
                       [](const auto& entry) { return entry.second > 1; });
}

Tick
FlowPaths::UnloadedLatency(NicId from, NicId to, uint32_t wireBytes) const
{
    const uint32_t path = m_pathOf[m_pathLeaf[from] * m_pathLeaves + m_pathLeaf[to]];
    if (path == kNone)
    {
        throw InputError("topology " + m_topology.name + ": no path from NIC " +
                         std::to_string(from) + " to NIC " + std::to_string(to));
    }
    const Topology::Link& first = m_topology.links[m_nicPort[from] / 2];
    const Topology::Link& last = m_topology.links[m_nicPort[to] / 2];
    return LatencyToEgress(m_topology.switchConfig,
                           first.rate,
                           m_interiors[path],
                           last.rate,
                           wireBytes) +
           first.delay + last.rate.TransmitTime(wireBytes) + last.delay;
}

} // namespace heddle::fabric
