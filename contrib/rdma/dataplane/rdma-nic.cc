// SPDX-License-Identifier: GPL-2.0-only
//
// The NIC's port: who sends next, and what keeps it from sending.
#include "ns3/rdma-engine.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

void
TransportEngine::Arm(Partition& part,
                     NicId nic,
                     LazyTimer& timer,
                     HandlerId handler,
                     QpId qp,
                     Tick due)
{
    timer.due = due;
    if (due < timer.armed)
    {
        timer.armed = due;
        const uint64_t key = m_core.Key(m_firstEntity + nic, m_nics[nic].sequence++);
        // The pointer, so that the wheel fetches it.
        part.Insert({due, key, reinterpret_cast<uint64_t>(&m_senders[qp]), qp, handler, 0});
    }
}

bool
TransportEngine::Fired(Partition& part, LazyTimer& timer, const Event& event)
{
    if (event.time != timer.armed)
    {
        return false; // left behind when the timer was moved to an earlier time
    }
    timer.armed = kForever;
    if (timer.due > part.now())
    {
        return false; // moved to a later time meanwhile: Rearm() follows
    }
    timer.due = kForever;
    return true;
}

void
TransportEngine::Rearm(Partition& part, NicId nic, LazyTimer& timer, HandlerId handler, QpId qp)
{
    if (timer.due != kForever)
    {
        Arm(part, nic, timer, handler, qp, timer.due);
    }
}

void
TransportEngine::OnPortReady(Partition& part, NicId nic)
{
    SettleBlock(m_nics[nic], part.now());
    m_nics[nic].wakeRequested = false;
    TryTransmit(part, nic);
}

/// Else a slow port would look like one that is down.
void
TransportEngine::OnRateChange(NicId nic, BitRate rate)
{
    m_nics[nic].rate = rate;
}

/// All ports of the NIC that `nic` belongs to, if its queue pairs use any.
void
TransportEngine::TryTransmit(Partition& part, NicId nic)
{
    if (!m_anyPort)
    {
        TryPort(part, nic);
        return;
    }
    const NicId first = RingOf(nic);
    const uint32_t start = m_nics[first].nextPort;
    for (uint32_t turn = 0; turn < m_ports; ++turn)
    {
        TryPort(part, first + (start + turn) % m_ports);
    }
}

void
TransportEngine::TryPort(Partition& part, NicId nic)
{
    SettleBlock(m_nics[nic], part.now());
    while (SendControl(part, nic) || SendFromRing(part, nic))
    {
    }
    const NicState& state = m_nics[nic];
    const SenderQp* first = m_anyPort ? FirstFor(nic, m_nics[RingOf(nic)].ring) : state.ring.head;
    if (state.controlHead != nullptr || first != nullptr ||
        (SeveralClasses() && WaitingClasses(nic) != 0))
    {
        Wake(part, nic);
    }
}

bool
TransportEngine::SendControl(Partition& part, NicId nic)
{
    NicState& state = m_nics[nic];
    Packet* packet = state.controlHead;
    if (packet == nullptr || !m_network.CanSend(part, nic, m_config.controlClass))
    {
        return false;
    }
    state.controlHead = packet->next;
    packet->next = nullptr;
    Unblock(state);
    const Tick busy = state.rate.TransmitTime(packet->wireBytes);
    const Tick replay = m_network.Send(part, nic, packet);
    state.busyUntil = part.now() + busy + replay;
    state.replayTotal += replay;
    return true;
}

bool
TransportEngine::SendFromRing(Partition& part, NicId nic)
{
    if (SeveralClasses())
    {
        return SendByClass(part, nic);
    }
    NicState& state = m_nics[nic];
    if (m_nics[RingOf(nic)].ring.head == nullptr)
    {
        return false;
    }
    if (!m_network.CanSend(part, nic, m_firstClass))
    {
        NoteBlocked(part, nic);
        return false;
    }
    SenderQp* qp = state.ring.head;
    if (m_anyPort)
    {
        qp = TakeFor(nic, m_nics[RingOf(nic)].ring);
        if (qp == nullptr)
        {
            return false;
        }
    }
    else
    {
        state.ring.head = qp->ringNext;
        qp->ringNext = nullptr;
        qp->inRing = false;
    }
    SendNow(part, nic, *qp);
    return true;
}

/// It has left its ring for this. Returns the bytes on the wire.
uint32_t
TransportEngine::SendNow(Partition& part, NicId nic, SenderQp& qp)
{
    Unblock(m_nics[nic]);
    // Its rate may have been cut or its window shut while it waited.
    const QpState now = Classify(qp, part.now());
    if (now != QpState::Ready)
    {
        Enter(part, qp, now);
        return 0;
    }
    return SendData(part, nic, qp);
}

uint32_t
TransportEngine::SendData(Partition& part, NicId port, SenderQp& qp)
{
    NicState& nic = m_nics[port];
    Charge(part, qp);
    qp.state = QpState::Idle;
    Outgoing out{};
    if (!PickPacket(qp, part.now(), out))
    {
        Refresh(part, qp);
        return 0;
    }
    Packet* packet = MakeData(part, port, qp, out);
    const uint32_t wireBytes = packet->wireBytes;
    const Tick busy = nic.rate.TransmitTime(wireBytes);
    nic.busyUntil = part.now() + busy;
    AccountSent(part, qp, out, busy);
    if (m_congestion.ops->onSend != nullptr)
    {
        m_congestion.ops->onSend(m_congestion.parameters.get(),
                                 qp.congestion,
                                 part.now(),
                                 wireBytes);
    }
    Pace(qp, part.now(), wireBytes);
    const Tick replay = m_network.Send(part, port, packet);
    if (replay > 0)
    {
        AccountReplay(nic, qp, replay);
    }
    m_reliability->onSent(*this, part, qp, out);
    AfterCongestion(part, qp);
    return wireBytes;
}

Packet*
TransportEngine::MakeData(Partition& part, NicId port, const SenderQp& qp, const Outgoing& out)
{
    Packet* packet = m_network.Alloc(part);
    packet->type = PacketType::Data;
    packet->trafficClass = qp.trafficClass;
    packet->flow = qp.id;
    packet->sequence = out.sequence;
    packet->source = port;
    packet->destination = m_ports == 1 ? qp.to : qp.to * m_ports + qp.pairs.to[port % m_ports];
    packet->entropy = qp.entropy;
    packet->payloadBytes = out.payload;
    packet->wireBytes = static_cast<uint16_t>(
        DataWireBytes(out.payload, out.first || m_reliability->addressEveryPacket));
    const bool lastOfWindow = WindowFull(qp); // nothing follows that could bring the ACK on
    packet->flags = static_cast<uint8_t>(
        (m_congestion.ecnCapable ? packet_flag::kEcnCapable : 0) |
        (out.last ? packet_flag::kLast : 0) | (out.resend ? packet_flag::kRetransmit : 0) |
        (out.last || out.resend || lastOfWindow ? packet_flag::kAckRequest : 0));
    return packet;
}

void
TransportEngine::AccountSent(Partition& part, SenderQp& qp, const Outgoing& out, Tick busy)
{
    qp.freeAt = part.now() + busy;
    if (out.resend)
    {
        ++counters(part).retransmits;
        // Going back shows at the receiver as a stall instead: see Place().
        if (m_reliability->takeLost != nullptr && qp.starting != nullptr &&
            qp.started <= part.now())
        {
            qp.waits.resend += busy;
        }
        return;
    }
    ++counters(part).dataPackets;
    qp.emittedAt = qp.freeAt;
    if (!out.last)
    {
        return;
    }
    qp.starting->waits = qp.waits;
    qp.waits = {};
    StartMessage(qp, qp.starting->next, qp.emittedAt);
}

/// The packet just sent holds the port for longer. Its own delay is in its accumulators; the
/// message that follows, often the same, is charged here.
void
TransportEngine::AccountReplay(NicState& nic, SenderQp& qp, Tick replay)
{
    nic.busyUntil += replay;
    nic.replayTotal += replay;
    qp.freeAt += replay;
    if (qp.starting != nullptr)
    {
        qp.waits.resend += replay;
    }
    else
    {
        qp.emittedAt += replay;
    }
}

void
TransportEngine::Wake(Partition& part, NicId nic)
{
    if (!m_nics[nic].wakeRequested)
    {
        m_nics[nic].wakeRequested = true;
        m_network.WakeWhenReady(part, nic);
    }
}

void
TransportEngine::NoteBlocked(Partition& part, NicId nic)
{
    NicState& state = m_nics[nic];
    if (part.now() < state.busyUntil)
    {
        return;
    }
    // Of several classes that wait none can be sent: when one is paused, all are.
    const unsigned waiting = SeveralClasses() ? WaitingClasses(nic) : 1U << m_firstClass;
    const auto any = static_cast<unsigned>(__builtin_ctz(waiting));
    state.block = m_network.IsPaused(nic, any) ? PortBlock::Paused : PortBlock::Down;
    state.blockedSince = part.now();
}

void
TransportEngine::SettleBlock(NicState& nic, Tick now)
{
    if (nic.block == PortBlock::None)
    {
        if (!nic.wakeRequested || nic.busyUntil >= now)
        {
            return;
        }
        // Asked to be woken when idle, idle, and not woken: the port has gone down meanwhile.
        nic.block = PortBlock::Down;
        nic.blockedSince = nic.busyUntil;
    }
    (nic.block == PortBlock::Paused ? nic.pausedTotal : nic.downTotal) += now - nic.blockedSince;
    nic.blockedSince = now;
}

void
TransportEngine::EnqueueControl(Partition& part, NicId nic, Packet* packet)
{
    NicState& state = m_nics[nic];
    packet->next = nullptr;
    if (state.controlHead == nullptr)
    {
        state.controlHead = packet;
    }
    else
    {
        state.controlTail->next = packet;
    }
    state.controlTail = packet;
    TryTransmit(part, nic);
}

} // namespace heddle
