// SPDX-License-Identifier: GPL-2.0-only
//
// Flows that spread over several paths of which some are dead and still in the routes: what goes
// there is lost and sent once more. So is what arrives where a receiver acknowledges every packet
// that comes out of order, and that acknowledgement is lost on its way back.
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

/// Of the packets that go over those stages, the part that arrives. A balancer that avoids queues
/// sees the dead ports of its own switch.
double
FlowNetwork::Arriving(const std::vector<fabric::FlowPaths::StageId>& stages) const
{
    double through = 1;
    for (const fabric::FlowPaths::StageId stage : stages)
    {
        through *= Arriving(stage);
    }
    return through;
}

double
FlowNetwork::Arriving(fabric::FlowPaths::StageId stage) const
{
    if (m_paths.Evened(stage))
    {
        return 1;
    }
    double dead = 0;
    m_paths.ForEachPort(stage,
                        [&](PortId port, double share) { dead += m_linkUp[port / 2] ? 0 : share; });
    return std::max(0.0, 1 - dead);
}

/// Flows over all ports of a NIC leave a dead one at once.
void
FlowNetwork::FindLoss(uint32_t id)
{
    FlowDetails& d = m_details[id];
    if (d.loss > 0)
    {
        d.lossEnd = m_core.part(0).now();
    }
    d.loss = 0;
    d.arriving = 1;
    if (!m_unrouted || !d.spread || AnyPort(d))
    {
        return;
    }
    FindStages(d);
    d.arriving = Arriving(m_stages);
    d.loss = 1 - d.arriving * (1 - Unanswered(id));
}

/// Of the packets that arrive, the part that is sent once more all the same: the acknowledgement is
/// lost, and the next that names all packets before it is later than the sender waits. It is where
/// packets shortly before, of one round trip, are missing.
double
FlowNetwork::Unanswered(uint32_t id)
{
    const FlowDetails& d = m_details[id];
    if (!m_config.answersEach || m_ports > 1 || d.arriving == 1)
    {
        return 0;
    }
    m_paths.Find(d.to, d.from, d.entropy, m_stages);
    const double pace = m_queued ? m_fifo->Pace(m_laneOf[id].stream) : 1;
    const double rate = pace * static_cast<double>(m_flows[id].rate);
    const double packets = rate * ToSeconds(RoundTrip(d)) / m_config.packetBits;
    const double behindOthers = 1 - std::pow(d.arriving, packets);
    return (1 - Arriving(m_stages)) * pace * behindOthers;
}

Tick
FlowNetwork::RoundTrip(const FlowDetails& d) const
{
    return UnloadedLatency(d.from, d.to, 1) + UnloadedLatency(d.to, d.from, 1);
}

/// From a packet's transmission to the next, if something behind it is acknowledged: a round trip
/// and the tolerance of selective repeat (rdma-selective-repeat.cc); ps.
double
FlowNetwork::RepairTime(uint32_t id) const
{
    constexpr double kTrips = 3;
    constexpr double kPackets = 64;
    const FlowDetails& d = m_details[id];
    const auto trip = static_cast<double>(RoundTrip(d));
    const double packet = m_config.packetBits * 1e12 / d.lineRate;
    return trip + std::max(kTrips * trip, kPackets * packet);
}

/// A message of which packets were lost is through when the last of those have been sent once more.
/// How much later than its last bit, if it leaves now; ps.
double
FlowNetwork::LossLate(const Partition& part, uint32_t id) const
{
    const FlowDetails& d = m_details[id];
    if (d.lost == 0)
    {
        return 0;
    }
    const auto since = static_cast<double>(d.loss > 0 ? 0 : part.now() - d.lossEnd);
    const double some = 1 - std::exp(-d.lost / m_config.packetBits);
    return some * std::max(0.0, RepairTime(id) - since);
}

/// What a dead link swallows.
FlowNetwork::Outage
FlowNetwork::OutageOf(uint32_t id)
{
    FlowDetails& d = m_details[id];
    if (!m_unrouted || m_rerouteDue < 0 || AnyPort(d))
    {
        return {};
    }
    const auto share = [this]
    {
        const auto interior = [this](fabric::FlowPaths::StageId stage)
        { return stage != m_stages.front() && stage != m_stages.back(); };
        double through = 1;
        for (const fabric::FlowPaths::StageId stage : m_stages)
        {
            through *= interior(stage) ? Arriving(stage) : 1;
        }
        return 1 - through;
    };
    Outage outage{0, 0, m_deadSince, m_rerouteDue, 0};
    for (uint32_t s = m_spray ? m_firstSpray[id] : 0; m_spray && s < m_firstSpray[id + 1]; ++s)
    {
        outage.wait +=
            m_spray->MeanWait(m_sprays[s].group) * m_config.packetBits * 1e12 / d.lineRate;
    }
    FindStages(d);
    outage.data = share();
    if (m_ports == 1)
    {
        m_paths.Find(d.to, d.from, d.entropy, m_stages);
        outage.answers = share();
    }
    return outage;
}

} // namespace heddle
