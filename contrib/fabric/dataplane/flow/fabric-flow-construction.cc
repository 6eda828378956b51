// SPDX-License-Identifier: GPL-2.0-only
//
// From paths to resources: ports, or groups of ports, that a set of flows shares.
//
// A port p that carries the share s(S, p) of every stage S limits Σ s(S, p) · load(S). Ports that
// belong to one stage only make one limit together, the tightest, but for those of lanes
// (fabric-flow-lanes.cc). Ports of several stages (after a failure sets of next hops overlap) make
// one per distinct row of shares.
//
// Left out are interior ports that cannot fill up because the NICs on one side of them cannot send,
// or receive, as much: on a healthy fabric that is not oversubscribed those are all that packets
// are sprayed over, and components stay as small as the groups of NICs that talk.
#include "ns3/base-errors.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::FlowPaths;
using fabric::MaxMin;

namespace
{

/// The shares of one port: (stage, share relative to the largest).
using Row = std::vector<std::pair<FlowPaths::StageId, uint32_t>>;

constexpr double kWhole = MaxMin::kWhole;

} // namespace

/// The ports that go together; of a flow that uses all, those that work now.
PortPairs
FlowNetwork::PairsOf(const FlowDetails& d) const
{
    const auto built = [&](uint32_t own, uint32_t other)
    { return m_paths.Reachable(d.from * m_ports + own, d.to * m_ports + other); };
    const std::vector<bool>& up = AnyPort(d) ? m_linkUp : m_routedUp;
    const auto alive = [&](uint32_t own, uint32_t other)
    {
        const NicId from = d.from * m_ports + own;
        const NicId to = d.to * m_ports + other;
        return built(own, other) && up[m_paths.PortOf(from) / 2] && up[m_paths.PortOf(to) / 2] &&
               m_paths.Routed(from, to);
    };
    const bool moves = AnyPort(d) || d.ports->use.failover;
    const PortPairs pairs = moves ? PairPorts(m_ports, alive) : PairPorts(m_ports, built);
    return pairs.count() > 0 || AnyPort(d) ? pairs : PairPorts(m_ports, built);
}

/// In m_stages: what the flow crosses now; nothing when it has no way.
void
FlowNetwork::FindStages(FlowDetails& d)
{
    if (m_ports == 1)
    {
        m_paths.Find(d.from, d.to, d.entropy, m_stages);
        return;
    }
    const NicId from = d.from * m_ports;
    const NicId to = d.to * m_ports;
    if (!AnyPort(d))
    {
        const PortPairs pairs = PairsOf(d);
        const uint32_t own = pairs.Usable(d.ports->use.pick(pairs.count()));
        m_paths.Find(from + own, to + pairs.to[own], d.entropy, m_stages);
        return;
    }
    FlowPorts& ports = *d.ports;
    if (ports.pathsVersion != m_pathsVersion)
    {
        ports.pathsVersion = m_pathsVersion;
        m_paths.FindAll(PortsOf(d), d.entropy, ports.stages);
    }
    m_stages = ports.stages;
}

Tick
FlowNetwork::UnloadedLatency(NicId from, NicId to, uint32_t wireBytes) const
{
    NicId peer = to * m_ports;
    for (uint32_t port = 1; port < m_ports && !m_paths.Reachable(from * m_ports, peer); ++port)
    {
        peer = to * m_ports + port;
    }
    return m_paths.UnloadedLatency(from * m_ports, peer, wireBytes);
}

bool
FlowNetwork::PathIsUp(uint32_t flow)
{
    FindStages(m_details[flow]);
    return !m_stages.empty() && std::all_of(m_stages.begin(),
                                            m_stages.end(),
                                            [this](FlowPaths::StageId stage)
                                            {
                                                const bool single = stage < 2 * m_linkUp.size();
                                                return !single || m_linkUp[stage / 2];
                                            });
}

/// The resources, and the loads of every stage in use.
void
FlowNetwork::MakeResources(std::vector<Loads>& loadsOf)
{
    std::vector<bool> used(m_paths.stages(), false);
    for (FlowDetails& d : m_details)
    {
        FindStages(d);
        used.resize(std::max(used.size(), m_paths.stages()), false);
        for (FlowPaths::StageId stage : m_stages)
        {
            used[stage] = true;
        }
    }
    std::vector<std::vector<std::pair<FlowPaths::StageId, double>>> stagesOf(
        2 * m_topology.links.size());
    for (FlowPaths::StageId stage = 0; stage < used.size(); ++stage)
    {
        if (used[stage])
        {
            m_paths.ForEachPort(stage,
                                [&](PortId port, double share)
                                { stagesOf[port].emplace_back(stage, share); });
        }
    }
    loadsOf.assign(used.size(), {});
    std::map<std::pair<Row, PortId>, uint32_t> known;
    m_resourceOf.assign(stagesOf.size(), kNone);
    m_largestShare.assign(stagesOf.size(), 0);
    for (PortId port = 0; port < stagesOf.size(); ++port)
    {
        double& most = m_largestShare[port];
        for (const auto& [stage, share] : stagesOf[port])
        {
            most = std::max(most, share);
        }
        Row row;
        for (const auto& [stage, share] : stagesOf[port])
        {
            const auto relative = static_cast<uint32_t>(std::lround(share / most * kWhole));
            row.emplace_back(stage, std::max(1U, relative));
        }
        if (row.empty())
        {
            continue;
        }
        const auto rate =
            static_cast<int64_t>(static_cast<double>(m_paths.RateOf(port).bps()) / most);
        const bool alone = Splits() && MayQueue() && !LeavesNic(port);
        const auto [entry, isNew] = known.try_emplace({row, alone ? port : kNone},
                                                      static_cast<uint32_t>(m_resources.size()));
        const uint32_t id = entry->second;
        m_resourceOf[port] = id;
        if (isNew)
        {
            m_resources.push_back({FlowWaits::Fabric, port, kNone, rate, id});
            for (const auto& [stage, share] : row)
            {
                loadsOf[stage].push_back({id, share});
            }
        }
        else if (rate < m_resources[id].rate)
        {
            m_resources[id].rate = rate;
            m_resources[id].port = port;
        }
    }
}

bool
FlowNetwork::LeavesNic(PortId port) const
{
    const Topology::Link& link = m_topology.links[port / 2];
    return port % 2 == 0 ? !link.a.isSwitch : !link.b.isSwitch;
}

/// What waiting for a resource is called, and which carries the acknowledgements for its data.
void
FlowNetwork::AddPartners()
{
    for (Resource& resource : m_resources)
    {
        resource.partner = m_resourceOf[resource.port ^ 1U];
        if (m_paths.IsNicPort(resource.port))
        {
            resource.cause = LeavesNic(resource.port) ? FlowWaits::OwnPort : FlowWaits::LastHop;
        }
    }
}

/// By resource: whether it can limit anybody.
void
FlowNetwork::FindUseful(const std::vector<Loads>& loadsOf)
{
    constexpr unsigned kSides = 2;
    std::vector<uint64_t> pairs[kSides]; // (resource, NIC)
    for (FlowDetails& d : m_details)
    {
        FindStages(d);
        for (FlowPaths::StageId stage : m_stages)
        {
            for (const MaxMin::Load& load : loadsOf[stage])
            {
                if (m_resources[load.resource].cause == FlowWaits::Fabric)
                {
                    pairs[0].push_back(uint64_t{load.resource} << 32 | d.from);
                    pairs[1].push_back(uint64_t{load.resource} << 32 | d.to);
                }
            }
        }
    }
    for (std::vector<uint64_t>& side : pairs)
    {
        if (MayQueue() && &side != &pairs[0])
        {
            break; // what cannot be received fast enough queues on its way
        }
        std::sort(side.begin(), side.end());
        side.erase(std::unique(side.begin(), side.end()), side.end());
        std::vector<int64_t> most(m_resources.size(), 0);
        for (uint64_t pair : side)
        {
            most[pair >> 32] +=
                static_cast<int64_t>(PortRate(static_cast<NicId>(pair & 0xffffffffU)).bps()) *
                m_ports;
        }
        for (uint32_t id = 0; id < m_resources.size(); ++id)
        {
            Resource& resource = m_resources[id];
            const bool interior = resource.cause == FlowWaits::Fabric;
            // Shares were rounded, so a bundle may seem smaller than its ports by a few bits/s.
            const int64_t slack = resource.rate / MaxMin::kWhole;
            resource.useful = resource.useful && (!interior || most[id] > resource.rate + slack);
        }
    }
}

void
FlowNetwork::Build()
{
    if (!m_built)
    {
        SettleClasses();
        m_holds.resize(2 * m_topology.links.size() * m_turns.size());
    }
    m_built = true;
    ++m_generation;
    m_maxMin = MaxMin();
    m_resources.clear();
    std::vector<Loads> loadsOf;
    MakeResources(loadsOf);
    AddPartners();
    FindUseful(loadsOf);
    m_components.assign(m_resources.size(), {});
    for (const Resource& resource : m_resources)
    {
        m_maxMin.AddResource(resource.rate);
    }
    FindOwnPorts(loadsOf);
    Loads loads;
    std::vector<Stops> stopsOfFlow;
    for (uint32_t flow = 0; flow < m_flows.size(); ++flow)
    {
        FlowDetails& d = m_details[flow];
        FindStages(d);
        d.spread = std::any_of(m_stages.begin(),
                               m_stages.end(),
                               [this](FlowPaths::StageId stage)
                               { return stage >= 2 * m_topology.links.size(); });
        loads.clear();
        Stops& stops = stopsOfFlow.emplace_back();
        for (size_t i = 0; i < m_stages.size(); ++i)
        {
            const double way = static_cast<double>(i) /
                               static_cast<double>(std::max<size_t>(2, m_stages.size()) - 1);
            for (const MaxMin::Load& load : loadsOf[m_stages[i]])
            {
                if (m_resources[load.resource].useful)
                {
                    loads.push_back(load);
                    const uint32_t before =
                        i > 0 ? loadsOf[m_stages[i - 1]].front().resource : kNone;
                    stops.push_back({load, way, before});
                }
            }
        }
        m_maxMin.AddFlow(loads, 1);
        m_maxMin.SetLevel(flow, LevelOf(flow));
    }
    AddQueues(stopsOfFlow);
    FindSprays();
    m_stageBits.resize(m_paths.stages(), 0);
}

} // namespace heddle
