// SPDX-License-Identifier: GPL-2.0-only
//
// The receiving half of a queue pair, and what it answers.
#include "ns3/rdma-engine.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

void
TransportEngine::OnReceive(Partition& part, NicId, Packet* packet)
{
    switch (packet->type)
    {
    case PacketType::Data:
        OnData(part, *packet);
        break;
    case PacketType::Ack:
    case PacketType::Nack:
        OnAck(part, m_senders[packet->flow], *packet);
        break;
    case PacketType::Cnp:
        OnCnp(part, m_senders[packet->flow], *packet);
        break;
    }
    m_network.Free(part, packet);
}

void
TransportEngine::OnData(Partition& part, const Packet& packet)
{
    ReceiverQp& qp = m_receivers[packet.flow];
    // CE alone counts; ECN-capable (ECT) is not a mark.
    if ((packet.flags & packet_flag::kEcnMarked) != 0)
    {
        NotifyCongestion(part, qp, packet);
    }
    m_reliability->onData(*this, part, qp, packet);
}

Tick&
TransportEngine::LastCnp(ReceiverQp& qp, const Packet& packet)
{
    NicState& nic = m_nics[packet.destination];
    switch (m_congestion.notification.scope)
    {
    case CnpScope::Source:
        return nic.lastCnpTo[packet.source];
    case CnpScope::Port:
        return nic.lastCnp;
    case CnpScope::None:
    case CnpScope::QueuePair:
        break;
    }
    return qp.lastCnp;
}

void
TransportEngine::NotifyCongestion(Partition& part, ReceiverQp& qp, const Packet& packet)
{
    const NotificationPoint& point = m_congestion.notification;
    if (point.scope == CnpScope::None)
    {
        return;
    }
    Tick& last = LastCnp(qp, packet);
    if (part.now() - last < point.minimumGap)
    {
        return;
    }
    last = part.now();
    ++counters(part).cnps;
    Packet* cnp = MakeControl(part, packet, PacketType::Cnp, kCnpWireBytes);
    // Not in worstPort: the CNP's own waits may overwrite that on its way.
    cnp->sequence = BlamedPort(packet);
    EnqueueControl(part, packet.destination, cnp);
}

/// The interior port where it waited longest; without one the mark came from the last hop.
PortId
TransportEngine::BlamedPort(const Packet& packet) const
{
    return packet.worstPort != kNone ? packet.worstPort : m_nics[packet.destination].lastHop;
}

Packet*
TransportEngine::MakeControl(Partition& part,
                             const Packet& data,
                             PacketType type,
                             uint32_t wireBytes)
{
    Packet* packet = m_network.Alloc(part);
    packet->type = type;
    packet->trafficClass = m_config.controlClass;
    packet->flow = data.flow;
    packet->source = data.destination;
    packet->destination = data.source;
    packet->entropy = data.entropy;
    packet->wireBytes = static_cast<uint16_t>(wireBytes);
    packet->sentAt = data.sentAt;
    return packet;
}

void
TransportEngine::Respond(Partition& part,
                         const Packet& data,
                         PacketType type,
                         uint32_t sequence,
                         uint16_t ahead,
                         uint8_t flags)
{
    Packet* packet = MakeControl(part, data, type, kAckWireBytes);
    packet->sequence = sequence;
    packet->payloadBytes = ahead;
    packet->flags = flags;
    if ((data.flags & packet_flag::kEcnMarked) != 0)
    {
        packet->flags |= packet_flag::kEcnEcho;
        packet->worstPort = BlamedPort(data);
    }
    ++(type == PacketType::Nack ? counters(part).nacks : counters(part).acks);
    EnqueueControl(part, data.destination, packet);
}

/// A stall that a failed link may have caused is that link's: Down. The packet before it may have
/// been on its way for a while when the link failed.
void
TransportEngine::BookStall(Partition& part,
                           ReceiverQp& qp,
                           const Packet& packet,
                           Tick since,
                           Tick stall) const
{
    if (stall <= 0)
    {
        return;
    }
    const Tick way = m_network.UnloadedLatency(packet.source, packet.destination, packet.wireBytes);
    const bool broken = PathBroken(packet, since - way, part.now());
    (broken ? qp.downStall : qp.lossStall) += stall;
}

/// LossRecovery is measured here, as progress that waited for resent packets: since the previous
/// packet of the message, or, at its first packet, since the message could have begun. Clean under
/// go-back-n; under selective repeat other packets of the message hide (rightly) most of the wait.
void
TransportEngine::Place(Partition& part, ReceiverQp& qp, const Packet& packet)
{
    counters(part).payloadBytes += packet.payloadBytes;
    bool first = false;
    if (!qp.inMessage)
    {
        qp.BeginNext();
        first = true;
    }
    if (Ahead(packet.sequence, qp.lastSequence) > 0)
    {
        return; // of a later message, ahead of its turn
    }
    if ((packet.flags & packet_flag::kRetransmit) != 0)
    {
        const Tick busy = m_nics[packet.source].rate.TransmitTime(packet.wireBytes);
        const Tick since = first ? qp.current->started : qp.lastPlaced;
        const Tick stall = first ? packet.sentAt - since : part.now() - since - busy;
        BookStall(part, qp, packet, since, stall);
    }
    qp.lastPlaced = part.now();
}

void
TransportEngine::Advance(Partition& part, ReceiverQp& qp, const Packet& packet)
{
    const bool resent = (packet.flags & packet_flag::kRetransmit) != 0;
    bool behind = false; // complete before, it waited for an older message
    while (Ahead(qp.expected, qp.lastSequence) > 0)
    {
        if (qp.inMessage)
        {
            if (behind && resent)
            {
                BookStall(part, qp, packet, qp.current->started, part.now() - qp.current->started);
            }
            Deliver(part, qp, packet);
            qp.inMessage = false;
        }
        if (Ahead(qp.expected, qp.lastSequence) == 1)
        {
            return; // nothing of the next message is here in order; it may not even be posted
        }
        qp.BeginNext();
        behind = true;
    }
}

void
TransportEngine::Deliver(Partition& part, ReceiverQp& qp, const Packet& packet)
{
    const MessageRecord& message = *qp.current;
    Delivery delivery;
    delivery.qp = packet.flow;
    delivery.bytes = message.bytes;
    delivery.cookie = message.cookie;
    delivery.from = packet.source / m_ports;
    delivery.to = packet.destination / m_ports;
    delivery.behindPrevious = message.started > message.posted;
    delivery.timing = Timing(part, qp, packet);
    ++counters(part).delivered;
    if (m_config.receiveLatency == 0)
    {
        Complete(part, delivery);
        return;
    }
    // A queue in posting order: events of equal time run in any order.
    PendingDelivery* pending = m_parts[part.index()].deliveries.Take();
    pending->delivery = delivery;
    (qp.firstPending == nullptr ? qp.firstPending : qp.lastPending->next) = pending;
    qp.lastPending = pending;
    NicState& nic = m_nics[packet.destination];
    const uint64_t key = m_core.Key(m_firstEntity + packet.destination, nic.sequence++);
    part.Schedule(m_config.receiveLatency, m_onDelivery, packet.flow, 0, key);
}

void
TransportEngine::OnDelivery(Partition& part, const Event& event)
{
    ReceiverQp& qp = m_receivers[event.entity];
    PendingDelivery* pending = qp.firstPending;
    qp.firstPending = pending->next;
    const Delivery delivery = pending->delivery;
    m_parts[part.index()].deliveries.Give(pending);
    Complete(part, delivery);
}

void
TransportEngine::Complete(Partition& part, const Delivery& delivery)
{
    if (m_client != nullptr)
    {
        m_client->OnDelivered(part, delivery);
    }
}

} // namespace heddle
