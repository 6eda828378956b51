// SPDX-License-Identifier: GPL-2.0-only
//
// A flow's life: it starts, sends at the rates of fabric-flow-rates.cc, and drains.
#include "ns3/fabric-flow-network.h"

#include "ns3/base-errors.h"
#include "ns3/base-prepare.h"
#include "ns3/fabric-majority-vote.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

constexpr double kTicksPerSecond = 1e12;
/// Longer than any run. Strict classes may leave crumbs of a bit a second.
constexpr double kMostTicks = 1e18;

} // namespace

FlowNetwork::FlowNetwork(EventCore& core, const Topology& topology, const FlowNetworkConfig& config)
    : m_core(core),
      m_topology(topology),
      m_config(config),
      m_paths(topology, core.seed()),
      m_nicCapacity(topology),
      m_ports(topology.portsPerNic),
      m_entity(core.NewEntities()),
      m_onSolve(core.AddHandler<FlowNetwork, &FlowNetwork::OnSolve>(this)),
      m_onScan(core.AddHandler<FlowNetwork, &FlowNetwork::OnScan>(this)),
      m_onFinish(core.AddHandler<FlowNetwork, &FlowNetwork::OnFinish>(this)),
      m_onReroute(core.AddHandler<FlowNetwork, &FlowNetwork::OnReroute>(this)),
      m_onRecovered(core.AddHandler<FlowNetwork, &FlowNetwork::OnRecovered>(this)),
      m_onGivingUp(core.AddHandler<FlowNetwork, &FlowNetwork::OnGivingUp>(this)),
      m_onCredit(core.AddHandler<FlowNetwork, &FlowNetwork::OnCredit>(this))
{
    core.SetPrepare(m_onFinish,
                    &ForEachEvent<FlowNetwork, &FlowNetwork::ForeseeFlow>,
                    &ForEachEvent<FlowNetwork, &FlowNetwork::ForeseeFinish>);
    if (config.shareByArrival)
    {
        m_fifo = std::make_unique<fabric::FifoQueues>(core, *this);
    }
    for (const Topology::Link& link : topology.links)
    {
        m_linkUp.push_back(link.up);
    }
    m_cut.resize(m_linkUp.size());
    m_routedUp = m_linkUp;
    m_paths.Build(m_linkUp);
}

uint32_t
FlowNetwork::Connect(NicId from, NicId to, uint32_t entropy, const FlowPortUse& use)
{
    HEDDLE_CHECK(!m_built, "flows are connected before the first one starts");
    FlowDetails details{};
    details.from = from;
    details.to = to;
    details.entropy = entropy;
    if (m_ports > 1)
    {
        details.ports = std::make_unique<FlowPorts>();
        details.ports->use = use;
    }
    details.lineRate = static_cast<double>(std::min(PortRate(from), PortRate(to)).bps()) *
                       (AnyPort(details) ? m_ports : 1);
    m_details.push_back(std::move(details));
    m_flows.emplace_back();
    return static_cast<uint32_t>(m_flows.size() - 1);
}

void
FlowNetwork::Start(Partition& part, uint32_t id, uint64_t bits)
{
    if (!m_built)
    {
        Build();
    }
    Flow& flow = m_flows[id];
    HEDDLE_CHECK(!flow.active && bits > 0, "a flow at rest starts with some bits");
    flow.active = true;
    m_details[id].message = static_cast<double>(bits);
    m_details[id].lost = 0;
    flow.left = TakeChunk(id, static_cast<double>(bits));
    flow.since = part.now();
    flow.rate = 0;
    flow.finish = kForever;
    m_details[id].waits = {};
    m_details[id].culpritLead = 0;
    if (!PathIsUp(id))
    {
        GoDown(part, id);
        return;
    }
    flow.down = false;
    FindLoss(id);
    Continue(part, id);
}

void
FlowNetwork::Schedule(Partition& part, Tick at, HandlerId handler, uint32_t entity, uint64_t arg)
{
    part.Insert({at, m_core.Key(m_entity, m_sequence++), arg, entity, handler, m_generation});
}

void
FlowNetwork::Settle(uint32_t id, Tick until)
{
    Flow& flow = m_flows[id];
    const auto span = static_cast<double>(until - flow.since);
    if (span <= 0)
    {
        return;
    }
    flow.since = until;
    FlowDetails& details = m_details[id];
    if (flow.down)
    {
        details.waits.lost[details.recovering ? FlowWaits::Recovery : FlowWaits::Down] += span;
        return;
    }
    const double sent = static_cast<double>(flow.rate) * span / kTicksPerSecond;
    flow.left = std::max(0.0, flow.left - sent * (1 - details.loss));
    details.lost += sent * details.loss;
    details.carried += sent;
    details.sent += sent;
    const double used = std::min(1.0, static_cast<double>(flow.rate) / details.lineRate);
    const double lost = span * (1 - used);
    details.waits.lost[FlowWaits::Recovery] += span * used * details.loss; // it is sent once more
    if (details.paced)
    {
        details.waits.lost[FlowWaits::Paced] += lost;
        return;
    }
    const Resource& resource = m_resources[flow.bottleneck];
    double own = lost;
    if (details.unheld > flow.rate)
    {
        own = span * (1 - std::min(1.0, static_cast<double>(details.unheld) / details.lineRate));
        details.waits.lost[FlowWaits::Fabric] += lost - own;
        fabric::Blame(details.waits.culprit,
                      details.culpritLead,
                      HoldOf(resource.port, ClassAt(id)).culprit,
                      lost - own);
    }
    details.waits.lost[resource.cause] += own;
    if (resource.cause == FlowWaits::Fabric)
    {
        fabric::Blame(details.waits.culprit, details.culpritLead, resource.port, lost);
    }
}

void
FlowNetwork::Predict(uint32_t id)
{
    Flow& flow = m_flows[id];
    flow.finish = kForever;
    const double arriving = static_cast<double>(flow.rate) * (1 - m_details[id].loss);
    const double need = flow.left * kTicksPerSecond / arriving;
    if (arriving > 0 && need < kMostTicks)
    {
        flow.finish = flow.since + std::llround(need);
    }
}

void
FlowNetwork::Arm(Partition& part, uint32_t id)
{
    Flow& flow = m_flows[id];
    if (flow.finish < flow.armed)
    {
        flow.armed = std::max(flow.finish, part.now());
        part.Insert({flow.armed, m_core.Key(m_entity, m_sequence++), 0, id, m_onFinish, 0});
    }
}

void
FlowNetwork::OnFinish(Partition& part, const Event& event)
{
    const uint32_t id = event.entity;
    Flow& flow = m_flows[id];
    if (event.time != flow.armed)
    {
        return; // there was an earlier one
    }
    flow.armed = kForever;
    if (!flow.active || flow.finish > part.now())
    {
        if (flow.finish != kForever)
        {
            Arm(part, id);
        }
        return;
    }
    Settle(id, part.now());
    if (m_queued)
    {
        OnChunk(part, id);
        return;
    }
    if (!m_details[id].marked) // else ahead of this, while ports still queued
    {
        SendMarker(part, id, true);
    }
    m_details[id].marked = false;
    const uint64_t bits = m_client->OnDrained(part, id);
    if (bits == 0)
    {
        flow.active = false;
        Withdraw(part, id);
        return;
    }
    flow.left = static_cast<double>(bits);
    m_details[id].message = flow.left;
    m_details[id].lost = 0;
    Predict(id);
    Arm(part, id);
}

/// Fetches what OnFinish() will touch.
void
FlowNetwork::ForeseeFlow(const Event& event) const
{
    FetchToWrite(&m_flows[event.entity]);
    FetchToWrite(&m_details[event.entity]);
}

void
FlowNetwork::ForeseeFinish(const Event& event) const
{
    if (m_flows[event.entity].active)
    {
        m_client->Foresee(event.entity);
    }
}

FlowWaits
FlowNetwork::TakeWaits(uint32_t flow)
{
    FlowDetails& details = m_details[flow];
    const FlowWaits waits = details.waits;
    details.waits = {};
    details.culpritLead = 0;
    return waits;
}

/// Books what it has carried so far on the ports of its path.
void
FlowNetwork::Flush(uint32_t flow)
{
    FlowDetails& d = m_details[flow];
    if (d.carried == 0)
    {
        return;
    }
    FindStages(d);
    m_stageBits.resize(std::max(m_stageBits.size(), m_paths.stages()), 0);
    for (fabric::FlowPaths::StageId stage : m_stages)
    {
        m_stageBits[stage] += d.carried;
    }
    d.carried = 0;
}

std::vector<double>
FlowNetwork::PortBytes()
{
    for (uint32_t flow = 0; flow < m_flows.size(); ++flow)
    {
        Flush(flow);
    }
    constexpr double kBitsPerByte = 8;
    std::vector<double> bytes(2 * m_topology.links.size(), 0);
    for (fabric::FlowPaths::StageId stage = 0; stage < m_stageBits.size(); ++stage)
    {
        if (m_stageBits[stage] > 0)
        {
            m_paths.ForEachPort(stage,
                                [&](PortId port, double share)
                                { bytes[port] += share * m_stageBits[stage] / kBitsPerByte; });
        }
    }
    return bytes;
}

} // namespace heddle
