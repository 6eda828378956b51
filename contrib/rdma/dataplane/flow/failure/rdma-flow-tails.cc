// SPDX-License-Identifier: GPL-2.0-only
//
// Messages whose last packets, or acknowledgements, come to a dead link.
#include "ns3/base-hash.h"
#include "ns3/rdma-flow-transport.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

/// Another one of the queue pair leaves behind it without a gap.
bool
FlowTransport::IsFollowed(const Message& message, Tick now) const
{
    const Message* next = message.next;
    return next != nullptr &&
           (next->begun > 0 || next->timing.posted + m_config.sendLatency <= now);
}

/// `arrival`: of its last bit, if that is not lost. None: no link is dead.
std::optional<LostTail>
FlowTransport::TailOf(Partition& part, QpId id, Message& message, Tick arrival)
{
    const FlowNetwork::Outage dead = m_network.OutageOf(id);
    if (dead.data + dead.answers <= 0)
    {
        return std::nullopt;
    }
    QueuePair& qp = m_queuePairs[id];
    const Tick end = qp.current == &message ? part.now() : qp.emittedAt;
    TailOutage outage;
    outage.data = dead.data;
    outage.answers = dead.answers;
    outage.from = dead.from;
    outage.until = dead.until;
    outage.packets = (message.bytes + m_config.mtuPayloadBytes - 1) / m_config.mtuPayloadBytes;
    outage.spacing = static_cast<double>(end - message.begun) / static_cast<double>(outage.packets);
    // The middle of the way.
    outage.crossing = arrival - qp.acknowledgement / 2;
    outage.answering = arrival + qp.acknowledgement / 2;
    const Tick way = IdealTime(id, std::min<uint64_t>(message.bytes, m_config.mtuPayloadBytes)) -
                     m_config.sendLatency - m_config.receiveLatency;
    outage.trip = static_cast<double>(way + qp.acknowledgement);
    outage.wait = dead.wait;
    outage.repair = m_network.RepairTime(id);
    outage.timeout = FlowNetworkConfigFor(m_config).retransmissionTimeout;
    outage.doubles = m_config.retryLimit == 0;
    const uint32_t entropy = FlowEntropy(m_core.seed(), qp.from, qp.to, qp.channel);
    const RandomStream random(m_core.seed(),
                              "lost-tail",
                              HashCombine(entropy, static_cast<uint64_t>(part.now())));
    const LostTail tail = DrawLostTail(outage, random);
    qp.silent = tail.answered > 0 ? &message : nullptr;
    return tail;
}

/// What is through, and in flight still.
void
FlowTransport::OnLinkDead(Partition& part)
{
    for (QpId id = 0; id < m_queuePairs.size(); ++id)
    {
        const QueuePair& qp = m_queuePairs[id];
        Message* last = nullptr;
        for (Message* m = qp.oldest; m != qp.toPass; m = m->next)
        {
            last = m;
        }
        if (last == nullptr || qp.silent != nullptr || IsFollowed(*last, part.now()))
        {
            continue;
        }
        const Tick arrival = last->timing.finished - m_config.receiveLatency;
        if (const auto tail = TailOf(part, id, *last, arrival))
        {
            const Tick received = arrival + std::llround(tail->received);
            const Tick heard = last->acknowledged + std::llround(tail->answered);
            Change(part, id, *last, received, std::max<Tick>(heard, received + qp.acknowledgement));
        }
    }
}

/// A message begins: what is acknowledged of it tells the sender what is missing before it.
void
FlowTransport::Rescue(Partition& part, QpId id)
{
    QueuePair& qp = m_queuePairs[id];
    if (qp.silent == nullptr)
    {
        return;
    }
    Message& message = *qp.silent;
    qp.silent = nullptr;
    const Tick way = IdealTime(id, std::min<uint64_t>(message.bytes, m_config.mtuPayloadBytes)) -
                     m_config.sendLatency - m_config.receiveLatency;
    const Tick heard = part.now() + way + qp.acknowledgement;
    Tick received = message.timing.finished - m_config.receiveLatency;
    Tick acknowledged = heard;
    if (received > part.now())
    {
        const Tick overdue = qp.emittedAt + std::llround(m_network.RepairTime(id));
        received = std::min<Tick>(received, std::max<Tick>(heard, overdue) + way);
        acknowledged = std::max<Tick>(heard, received + qp.acknowledgement);
    }
    Change(part, id, message, received, std::min(message.acknowledged, acknowledged));
}

/// Events for other times than these mean nothing from now on.
void
FlowTransport::Change(Partition& part, QpId id, Message& message, Tick arrival, Tick acknowledged)
{
    MessageTiming& timing = message.timing;
    Tick& recovery = timing.state[static_cast<size_t>(MessageState::LossRecovery)];
    const Tick later = std::max(arrival + m_config.receiveLatency - timing.finished, -recovery);
    if (timing.finished > part.now() && later != 0)
    {
        recovery += later;
        timing.finished += later;
        m_queuePairs[id].lastArrival += later;
        Schedule(part, timing.finished, m_onDelivery, id, &message);
    }
    if (message.acknowledged > part.now() && acknowledged != message.acknowledged)
    {
        message.acknowledged = acknowledged;
        Schedule(part, acknowledged, m_onAcknowledgement, id, &message);
    }
}

} // namespace heddle
