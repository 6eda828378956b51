// SPDX-License-Identifier: GPL-2.0-only
//
// Flows whose packets are sprayed: the groups of ports that they cross, and what their last packets
// wait there (fabric-spray-waits.h). A balancer that avoids queues evens out the ports of the
// switch that chooses; where paths meet again nobody chooses, and its packets are as uneven as
// random ones.
//
// Traffic classes: what goes before others does not wait behind them, so that every set of ports
// has a group for each level, which sees the load of that level and of those above. Weighted
// classes are one level.
#include "ns3/base-hash.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace heddle
{

using fabric::FlowPaths;

/// In m_stages: where it is sprayed, by the first of its ports; the others are as uneven.
void
FlowNetwork::FindSprayStages(FlowDetails& d)
{
    FindStages(d);
    if (AnyPort(d) && !m_stages.empty())
    {
        const auto [from, to] = PortsOf(d)[0];
        m_paths.Find(from, to, d.entropy, m_stages);
    }
}

/// Sets of ports that stages in use share: after a failure stages overlap, and what comes by one of
/// them waits behind what comes by the others.
void
FlowNetwork::JoinSprays()
{
    m_joined.resize(2 * m_linkUp.size());
    std::iota(m_joined.begin(), m_joined.end(), 0);
    m_sprayPorts.clear();
    std::set<FlowPaths::StageId> stages;
    for (FlowDetails& d : m_details)
    {
        FindSprayStages(d);
        stages.insert(m_stages.begin(), m_stages.end());
    }
    stages.erase(stages.begin(), stages.lower_bound(static_cast<uint32_t>(m_joined.size())));
    for (const FlowPaths::StageId stage : stages)
    {
        PortId first = kNone;
        m_paths.ForEachPort(stage,
                            [&](PortId port, double)
                            {
                                first = first == kNone ? port : first;
                                m_joined[Joined(port)] = Joined(first);
                                m_sprayPorts[port];
                            });
    }
    std::map<PortId, std::vector<PortId>> ports;
    for (const auto& [port, none] : m_sprayPorts)
    {
        ports[Joined(port)].push_back(port);
    }
    m_sprayPorts.swap(ports);
}

/// What names the set that the port is in.
PortId
FlowNetwork::Joined(PortId port) const
{
    while (m_joined[port] != port)
    {
        port = m_joined[port];
    }
    return port;
}

/// The first group of a stage; kNone where nothing is uneven.
uint32_t
FlowNetwork::SprayGroup(FlowPaths::StageId stage)
{
    if (stage < m_joined.size())
    {
        return kNone;
    }
    PortId first = kNone;
    m_paths.ForEachPort(stage, [&](PortId port, double) { first = std::min(first, port); });
    const PortId set = Joined(first);
    const auto [entry, isNew] = m_sprayGroupOf.try_emplace(set, kNone);
    if (isNew)
    {
        const std::vector<PortId>& ports = m_sprayPorts.at(set);
        std::map<uint32_t, uint32_t> portsOf; // by resource
        uint32_t most = m_resourceOf[ports[0]];
        for (const PortId port : ports)
        {
            const uint32_t resource = m_resourceOf[port];
            most = ++portsOf[resource] > portsOf[most] ? resource : most;
        }
        for (uint32_t level = 0; level < m_levels; ++level)
        {
            const uint32_t group =
                m_spray->AddGroup(static_cast<uint32_t>(ports.size()),
                                  static_cast<int64_t>(m_paths.RateOf(first).bps()));
            entry->second = std::min(entry->second, group);
            m_sprayResource.push_back(most);
            if (m_paths.Evened(stage))
            {
                const uint32_t lastGrade = m_topology.switchConfig.adaptiveGrades - 1;
                m_spray->Even(group, m_paths.ReadingAge(), std::exp2(lastGrade) - 1);
            }
        }
    }
    return entry->second;
}

/// While the resources are known.
void
FlowNetwork::TellFluids(const Partition& part)
{
    for (uint32_t group = 0; m_spray && group < m_sprayResource.size(); ++group)
    {
        TellFluid(part, group);
    }
}

/// For all flows in order, with the resources; nobody sends.
void
FlowNetwork::FindSprays()
{
    const std::unique_ptr<fabric::SprayWaits> before = std::move(m_spray);
    std::map<PortId, uint32_t> groupBefore; // by each of its ports
    for (const auto& [set, group] : m_sprayGroupOf)
    {
        for (const PortId port : m_sprayPorts.at(set))
        {
            groupBefore[port] = group;
        }
    }
    m_sprayGroupOf.clear();
    m_sprayResource.clear();
    m_sprays.clear();
    m_firstSpray.assign(1, 0);
    if (!m_config.sprayWaits || m_paths.pinned())
    {
        return;
    }
    m_sprayLanes = !m_details.empty() && AnyPort(m_details[0]) ? m_ports : 1;
    m_spray = std::make_unique<fabric::SprayWaits>(m_core.seed(), m_config.packetBits);
    JoinSprays();
    std::map<std::pair<uint32_t, FlowPaths::StageId>, uint32_t> inputOf; // by what feeds the group
    for (uint32_t id = 0; id < m_details.size(); ++id)
    {
        FlowDetails& d = m_details[id];
        d.told = 0;
        FindSprayStages(d);
        for (uint32_t below = m_levelOf[ClassAt(id)] + 1; below-- > 0;)
        {
            uint32_t upstream = fabric::SprayWaits::kNoGroup;
            for (size_t i = 1; i < m_stages.size(); ++i)
            {
                uint32_t group = SprayGroup(m_stages[i]);
                if (group == kNone)
                {
                    continue;
                }
                group += below;
                const auto [input, isNew] = inputOf.try_emplace({group, m_stages[i - 1]}, 0);
                if (isNew)
                {
                    input->second = m_spray->AddInput(group, upstream);
                }
                m_sprays.push_back({group, input->second});
                upstream = group;
            }
        }
        m_firstSpray.push_back(static_cast<uint32_t>(m_sprays.size()));
    }
    PairSprays();
    for (const auto& [set, group] : m_sprayGroupOf)
    {
        const auto older = groupBefore.find(m_sprayPorts.at(set).back());
        for (uint32_t l = 0; before && older != groupBefore.end() && l < m_levels; ++l)
        {
            m_spray->Continue(m_core.part(0).now(), group + l, *before, older->second + l);
        }
    }
}

/// Groups over the same links in both directions.
void
FlowNetwork::PairSprays()
{
    std::map<std::vector<uint32_t>, uint32_t> groupOf; // by links
    for (const auto& [set, group] : m_sprayGroupOf)
    {
        std::vector<uint32_t> links;
        for (const PortId port : m_sprayPorts.at(set))
        {
            links.push_back(port / 2);
        }
        std::sort(links.begin(), links.end());
        const auto [other, isNew] = groupOf.try_emplace(std::move(links), group);
        for (uint32_t level = 0; !isNew && level < m_levels; ++level)
        {
            m_spray->SetPartners(group + level, other->second + level);
        }
    }
}

/// Of a flow.
uint32_t
FlowNetwork::SprayedHops(uint32_t id) const
{
    return (m_firstSpray[id + 1] - m_firstSpray[id]) / (m_levelOf[ClassAt(id)] + 1);
}

/// What its fluid queues say, if it has some.
void
FlowNetwork::TellFluid(const Partition& part, uint32_t group)
{
    const uint32_t id = m_sprayResource[group];
    const uint32_t queue = m_queued ? m_queueOf[id] : kNone;
    if (queue != kNone)
    {
        const Resource& resource = m_resources[id];
        const auto port = static_cast<double>(m_paths.RateOf(resource.port).bps());
        double backlog = 0;
        double arrived = 0;
        Tick waited = 0;
        for (uint32_t c = 0; c < m_turns.size(); ++c)
        {
            if (m_levelOf[c] >= group % m_levels)
            {
                backlog += m_fifo->Backlog(part, queue + c);
                arrived += m_fifo->Arrived(part, queue + c);
                waited = std::max(waited, m_fifo->Waited(part, queue + c));
            }
        }
        const double ports = static_cast<double>(resource.rate) / port;
        m_spray->SetFluid(group, ports, backlog, arrived, waited);
    }
}

/// The flow's rate has changed.
void
FlowNetwork::TellSpray(const Partition& part, uint32_t id)
{
    if (!m_spray)
    {
        return;
    }
    FlowDetails& d = m_details[id];
    const int64_t rate = m_flows[id].rate / m_sprayLanes;
    const int64_t delta = rate - d.told;
    d.told = rate;
    const uint32_t first = m_firstSpray[id];
    const uint32_t count = m_firstSpray[id + 1] - first;
    if (delta == 0 || count == 0)
    {
        return;
    }
    for (uint32_t s = first; s < first + count; ++s)
    {
        TellFluid(part, m_sprays[s].group);
    }
    m_spray->Change(part.now(), &m_sprays[first], count, delta);
}

/// A message leaves: how much later than its last bit its last packet is through, as far as that
/// is known now. Behind a queue of the fluid that is later: see SprayLateBehind().
void
FlowNetwork::SprayLate(Partition& part, uint32_t id, Transit& transit)
{
    transit.late = 0;
    transit.sprayed = 0;
    const uint32_t count = m_spray ? SprayedHops(id) : 0;
    if (count == 0)
    {
        return;
    }
    bool deep = false;
    while (transit.sprayed < count && !deep)
    {
        const uint32_t group = m_sprays[m_firstSpray[id] + transit.sprayed++].group;
        TellFluid(part, group);
        deep = !m_spray->Shallow(group);
    }
    transit.late = SprayedOver(part, id, transit.message, 0, transit.sprayed);
}

/// It is through; ps.
double
FlowNetwork::SprayLateBehind(Partition& part, uint32_t id, const Transit& transit)
{
    const uint32_t count = m_spray ? SprayedHops(id) : 0;
    if (transit.sprayed >= count)
    {
        return transit.late;
    }
    for (uint32_t s = transit.sprayed; s < count; ++s)
    {
        TellFluid(part, m_sprays[m_firstSpray[id] + s].group);
    }
    return std::hypot(transit.late, SprayedOver(part, id, transit.message, transit.sprayed, count));
}

/// Acknowledgements for what the flow carries, in parts of a port: one a packet where packets come
/// out of order. A packet that waits W is overtaken by as many of its flow's as begin to wait less
/// than W before it is served; waits are about exponential, so that it is half the sum of
/// exp(-n s / W) over n, s apart.
double
FlowNetwork::AcksOf(uint32_t id) const
{
    const size_t siblings = m_maxMin.members(m_maxMin.lastResource(id)).size();
    if (!m_details[id].spread || siblings > kReorderingFlows)
    {
        return m_config.ackShare;
    }
    if (!m_spray)
    {
        return m_config.reorderedAckShare;
    }
    double wait = 0;
    for (uint32_t s = m_firstSpray[id]; s < m_firstSpray[id] + SprayedHops(id); ++s)
    {
        if (!m_spray->Shallow(m_sprays[s].group))
        {
            return m_config.reorderedAckShare;
        }
        wait += m_spray->MeanWait(m_sprays[s].group);
    }
    const double spacing = static_cast<double>(m_maxMin.members(m_maxMin.firstResource(id)).size());
    const double overtaken = wait > 0 ? 0.5 / std::expm1(spacing / wait) : 0;
    return m_config.ackShare +
           std::min(1.0, overtaken) * (m_config.reorderedAckShare - m_config.ackShare);
}

/// Over the groups of some of its hops.
double
FlowNetwork::SprayedOver(const Partition& part,
                         uint32_t id,
                         double bits,
                         uint32_t from,
                         uint32_t to)
{
    // Ports are uneven where packets come out of order, and did while these were sent.
    const size_t siblings = m_maxMin.members(m_maxMin.lastResource(id)).size();
    const double ackShare =
        siblings <= kReorderingFlows ? m_config.reorderedAckShare : m_config.ackShare;
    const auto packets =
        static_cast<uint64_t>(std::ceil(bits / m_sprayLanes / m_config.packetBits));
    const uint64_t key = HashCombine(m_details[id].entropy, static_cast<uint64_t>(part.now()));
    return m_spray->Late(part.now(),
                         &m_sprays[m_firstSpray[id] + from],
                         to - from,
                         packets,
                         key >> 8,
                         ackShare);
}

} // namespace heddle
