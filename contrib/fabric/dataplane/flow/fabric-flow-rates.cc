// SPDX-License-Identifier: GPL-2.0-only
//
// Rates of flows that start and stop. A solution made at T + 1 ps holds from T on: all changes of
// instant T are in it, whatever the order of their events.
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::MaxMin;

namespace
{

/// Finishing times are looked up this much further ahead than the next one.
constexpr Tick kLookAhead = 4;
/// Offered load above which a port counts as congested: two whole flows, not the chance collisions
/// of an all-to-all, which lose nothing at packet level.
constexpr double kCongested = 1.5;
/// Divisible by 1 … 10 and fine enough for thousands of flows.
constexpr size_t kWeightUnit = 2520U << 10;

} // namespace

/// Until the next solution it takes a provisional rate, when that is not imminent.
void
FlowNetwork::Insert(Partition& part, uint32_t id)
{
    Flow& flow = m_flows[id];
    m_maxMin.Insert(id);
    flow.bottleneck = m_maxMin.bottleneck(id);
    TouchLoads(part, id);
    if (m_queued)
    {
        return;
    }
    Tick resting = 0;
    m_maxMin.ForEachLoad(
        id,
        [&](uint32_t resource, uint32_t)
        { resting = std::max(resting, m_components[m_resources[resource].leader].restUntil); });
    if (resting <= part.now())
    {
        return;
    }
    flow.rate = m_maxMin.Provisional(id);
    m_maxMin.SetRate(id, flow.rate);
    TellSpray(part, id);
    Predict(id);
    if (flow.finish <= resting)
    {
        Arm(part, id);
    }
}

void
FlowNetwork::Withdraw(Partition& part, uint32_t id)
{
    m_maxMin.Remove(id);
    TouchLoads(part, id);
    if (m_queued)
    {
        SetInflow(part, id, 0);
        m_fifo->Commit(part);
    }
    m_flows[id].rate = 0;
    m_flows[id].finish = kForever;
    m_details[id].paced = false;
    TellSpray(part, id);
}

void
FlowNetwork::TouchLoads(Partition& part, uint32_t flow)
{
    m_maxMin.ForEachLoad(flow,
                         [&](uint32_t id, uint32_t)
                         {
                             // The first flow and the last change what is left for the other
                             // direction.
                             const uint32_t partner = m_resources[id].partner;
                             const bool first = m_maxMin.members(id).size() <= 1;
                             const bool both = m_config.ackShare > 0 && first && partner != kNone &&
                                               !m_maxMin.idle(partner);
                             if (!m_queued || both || m_resources[id].cause == FlowWaits::OwnPort)
                             {
                                 Touch(part, id);
                             }
                             if (both)
                             {
                                 Touch(part, partner);
                             }
                         });
}

void
FlowNetwork::Touch(Partition& part, uint32_t id)
{
    Resource& resource = m_resources[id];
    if (resource.touched)
    {
        return;
    }
    resource.touched = true;
    Component& component = m_components[resource.leader];
    component.touched.push_back(id);
    if (!component.pending)
    {
        component.pending = true;
        const Tick at = std::max(part.now(), component.restUntil) + 1;
        Schedule(part, at, m_onSolve, resource.leader, 0);
    }
}

void
FlowNetwork::OnSolve(Partition& part, const Event& event)
{
    if (event.aux != m_generation)
    {
        return;
    }
    Component& component = m_components[event.entity];
    if (event.arg == kLookAgain)
    {
        component.touched.push_back(event.entity);
        m_resources[event.entity].touched = true;
    }
    else
    {
        component.pending = false;
    }
    m_seeds.clear();
    for (uint32_t id : component.touched)
    {
        if (m_resources[id].touched && m_resources[id].leader == event.entity)
        {
            m_seeds.push_back(id);
        }
    }
    component.touched.clear();
    if (m_seeds.empty())
    {
        return; // solved together with another component
    }
    if (m_queued)
    {
        Share(part, event.entity, event.arg == kLookAgain);
        return;
    }
    const Tick asOf = part.now() - 1;
    const std::vector<uint32_t>& flows = m_maxMin.Collect(m_seeds);
    const std::vector<uint32_t>& resources = m_maxMin.collectedResources();
    const uint32_t leader = *std::min_element(resources.begin(), resources.end());
    for (uint32_t id : resources)
    {
        Resource& r = m_resources[id];
        r.touched = false;
        r.leader = leader;
    }
    SetCapacities(flows);
    if (!m_classOf.empty())
    {
        WeighByClass(flows);
    }
    else if (m_config.shareByArrival && !m_config.controlled)
    {
        WeighByArrival(flows);
    }
    m_maxMin.Solve();
    ++m_recomputations;
    Component& joint = m_components[leader];
    joint.restUntil = asOf + m_config.restPerFlow * static_cast<Tick>(flows.size());
    for (uint32_t flow : joint.flows) // those that have split off are looked up here no more
    {
        if (!m_maxMin.collected(flow))
        {
            Arm(part, flow);
        }
    }
    joint.flows = flows;
    Adopt(part, joint.flows, asOf);
    ArmSoon(part, leader);
}

/// Of a port: for the data that comes the other way.
double
FlowNetwork::AckShare(const Resource& resource) const
{
    if (resource.partner == kNone || m_maxMin.idle(resource.partner))
    {
        return 0;
    }
    return AcksOf(m_maxMin.members(resource.partner)[0]);
}

/// What resources can carry now: less where acknowledgements go, and where flows are offered by
/// their NICs (1/n of its port each) in excess, as far as congestion control loses capacity then.
void
FlowNetwork::SetCapacities(const std::vector<uint32_t>& flows)
{
    const bool lossy = m_config.congestedEfficiency < 1;
    if (lossy)
    {
        m_offered.resize(m_resources.size());
        for (uint32_t id : m_maxMin.collectedResources())
        {
            m_offered[id] = 0;
        }
        for (uint32_t flow : flows)
        {
            const uint32_t port = m_maxMin.firstResource(flow);
            const double rate = static_cast<double>(m_resources[port].rate) /
                                static_cast<double>(m_maxMin.members(port).size());
            m_maxMin.ForEachLoad(flow,
                                 [&](uint32_t id, uint32_t share)
                                 { m_offered[id] += rate * share / MaxMin::kWhole; });
        }
    }
    for (uint32_t id : m_maxMin.collectedResources())
    {
        const Resource& r = m_resources[id];
        double rate = static_cast<double>(r.rate) * (1 - AckShare(r));
        if (lossy && r.cause != FlowWaits::OwnPort &&
            m_offered[id] > kCongested * static_cast<double>(r.rate))
        {
            rate *= m_config.congestedEfficiency;
        }
        m_maxMin.SetCapacity(id, static_cast<int64_t>(rate));
    }
}

/// A NIC serves its flows in turn, so each of n offers 1/n of its port to the queues ahead.
uint32_t
FlowNetwork::ArrivalWeight(uint32_t flow) const
{
    const size_t n = m_maxMin.members(m_maxMin.firstResource(flow)).size();
    return static_cast<uint32_t>(std::max<size_t>(1, kWeightUnit / n));
}

void
FlowNetwork::WeighByArrival(const std::vector<uint32_t>& flows)
{
    for (uint32_t flow : flows)
    {
        m_maxMin.SetWeight(flow, ArrivalWeight(flow));
    }
}

void
FlowNetwork::Adopt(const Partition& part, const std::vector<uint32_t>& flows, Tick asOf)
{
    for (uint32_t id : flows)
    {
        Flow& flow = m_flows[id];
        const int64_t rate = m_maxMin.rate(id);
        const uint32_t bottleneck = m_maxMin.bottleneck(id);
        if (rate == flow.rate && bottleneck == flow.bottleneck)
        {
            continue;
        }
        Settle(id, asOf);
        flow.rate = rate;
        flow.bottleneck = bottleneck;
        TellSpray(part, id);
        Predict(id);
    }
}

/// Events for the flows that finish next; the others are looked at again later. Most rates change
/// before.
void
FlowNetwork::ArmSoon(Partition& part, uint32_t leader)
{
    Component& component = m_components[leader];
    Tick first = kForever;
    for (uint32_t id : component.flows)
    {
        first = std::min(first, m_flows[id].finish);
    }
    if (first == kForever)
    {
        return;
    }
    const Tick now = part.now();
    const Tick rest = std::max(component.restUntil, first) - now;
    const Tick horizon = now + kLookAhead * std::max<Tick>(rest, 1);
    bool more = false;
    for (uint32_t id : component.flows)
    {
        const Tick finish = m_flows[id].finish;
        if (finish <= horizon)
        {
            Arm(part, id);
        }
        else
        {
            more = more || finish != kForever;
        }
    }
    ++component.scan;
    if (more)
    {
        Schedule(part, horizon, m_onScan, leader, component.scan);
    }
}

void
FlowNetwork::OnScan(Partition& part, const Event& event)
{
    if (event.aux == m_generation && event.arg == m_components[event.entity].scan)
    {
        ArmSoon(part, event.entity);
    }
}

} // namespace heddle
