// SPDX-License-Identifier: GPL-2.0-only
//
// The sending half of a queue pair: may it send, since when not and why, what next; signals.
#include "ns3/rdma-engine.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

bool
TransportEngine::WindowFull(const SenderQp& qp) const
{
    uint64_t window = qp.window;
    if (qp.congestion.windowPackets > 0)
    {
        window = std::min(window, qp.congestion.windowPackets);
    }
    return static_cast<uint64_t>(Ahead(qp.next, qp.acked)) >= window;
}

QpState
TransportEngine::Classify(const SenderQp& qp, Tick now) const
{
    if (qp.flight.lost.empty())
    {
        if (qp.next == qp.posted)
        {
            return QpState::Idle;
        }
        if (qp.currentPosted + m_config.sendLatency > now)
        {
            return QpState::Doorbell;
        }
        if (WindowFull(qp))
        {
            return QpState::Window;
        }
    }
    return qp.nextSend > now ? QpState::Paced : QpState::Ready;
}

void
TransportEngine::Refresh(Partition& part, SenderQp& qp)
{
    if (!qp.inRing) // in the ring it is looked at again when its turn comes
    {
        Enter(part, qp, Classify(qp, part.now()));
    }
}

void
TransportEngine::Enter(Partition& part, SenderQp& qp, QpState state)
{
    if (state != qp.state)
    {
        SettlePorts(qp, part.now());
        Charge(part, qp);
        const PortTotals totals = TotalsOf(qp);
        qp.state = state;
        qp.stateSince = part.now();
        qp.downSnapshot = totals.down;
        qp.replaySnapshot = totals.replay;
        qp.pausedSnapshot = totals.paused;
        if (state == QpState::Paced || state == QpState::Window || SeveralClasses())
        {
            qp.pausedSnapshot = ClassPausedTime(part, qp);
        }
    }
    if (state == QpState::Doorbell)
    {
        const Tick due = qp.currentPosted + m_config.sendLatency;
        Arm(part, qp.lane, qp.sendTimer, m_onSendTimer, qp.id, due);
    }
    else if (state == QpState::Paced)
    {
        Arm(part, qp.lane, qp.sendTimer, m_onSendTimer, qp.id, qp.nextSend);
    }
    else if (state == QpState::Ready)
    {
        QpRing& ring = RingAt(qp.lane, qp.trafficClass);
        qp.inRing = true;
        (ring.head == nullptr ? ring.head : ring.tail->ringNext) = &qp;
        ring.tail = &qp;
    }
}

/// Books the time since the state was entered. Only waits before a first copy count: what a resent
/// packet costs shows at the receiver.
void
TransportEngine::Charge(Partition& part, SenderQp& qp)
{
    if (qp.starting == nullptr || qp.next != qp.maxSent || qp.state == QpState::Idle ||
        qp.state == QpState::Doorbell)
    {
        return;
    }
    const Tick from = std::max({qp.stateSince, qp.freeAt, qp.started});
    const Tick wait = part.now() - from;
    if (wait <= 0)
    {
        return;
    }
    SenderWaits& waits = qp.waits;
    Tick paused = 0;
    Tick left = wait;
    if (qp.state == QpState::Ready)
    {
        const PortTotals totals = TotalsOf(qp);
        const Tick down = std::min(left, totals.down - qp.downSnapshot);
        waits.down += down;
        left -= down;
        const Tick replay = std::min(left, totals.replay - qp.replaySnapshot);
        waits.resend += replay;
        left -= replay;
        // The NIC's is of an idle port, which has no meaning where another class may use it.
        const Tick total = SeveralClasses() ? ClassPausedTime(part, qp) : totals.paused;
        paused = std::min(left, total - qp.pausedSnapshot);
        waits.ownPort += left - paused;
    }
    else
    {
        const Tick total = ClassPausedTime(part, qp);
        paused = std::min(left, total - qp.pausedSnapshot);
        waits.paced += left - paused;
        waits.pacedCulprit = qp.echoedPort;
    }
    waits.paused += paused;
    if (paused > 0)
    {
        waits.pausedCulprit = m_network.PauseCulprit(qp.lane, qp.trafficClass);
    }
}

bool
TransportEngine::PickPacket(SenderQp& qp, Tick now, Outgoing& out)
{
    if (!qp.flight.lost.empty() && m_reliability->takeLost(qp, out))
    {
        return true;
    }
    if (qp.next == qp.posted || qp.currentPosted + m_config.sendLatency > now || WindowFull(qp))
    {
        return false; // only listed as lost, and acknowledged meanwhile
    }
    out.sequence = qp.next;
    out.first = qp.next == qp.currentFirst;
    out.last = qp.next == qp.currentLast;
    out.resend = qp.next != qp.maxSent;
    out.payload = static_cast<uint16_t>(m_config.mtuPayloadBytes);
    ++qp.next;
    if (out.last)
    {
        const uint64_t before =
            uint64_t{qp.currentLast - qp.currentFirst} * m_config.mtuPayloadBytes;
        out.payload = static_cast<uint16_t>(qp.current->bytes - before);
        qp.SetCurrent(qp.current->next);
    }
    if (!out.resend)
    {
        qp.maxSent = qp.next;
    }
    return true;
}

Tick
TransportEngine::PacingGap(const SenderQp& qp)
{
    if (qp.congestion.rate >= qp.congestion.lineRate)
    {
        return 0;
    }
    return static_cast<Tick>(std::ceil(qp.lastBytes * 8e12 / qp.congestion.rate));
}

void
TransportEngine::Pace(SenderQp& qp, Tick now, uint32_t wireBytes)
{
    qp.lastBytes = wireBytes;
    qp.paceFrom = std::max(qp.nextSend, now - PacingGap(qp));
}

/// An idle queue pair's rate recovers unseen: what its timers would have done meanwhile is done
/// when something happens to it.
void
TransportEngine::CatchUp(Partition& part, SenderQp& qp)
{
    while (qp.congestion.timer < part.now())
    {
        const Tick due = qp.congestion.timer;
        qp.congestion.timer = kForever;
        m_congestion.ops->onTimer(m_congestion.parameters.get(), qp.congestion, due);
    }
}

void
TransportEngine::AfterCongestion(Partition& part, SenderQp& qp)
{
    // A changed rate also moves the send that was scheduled under the old one.
    qp.nextSend = qp.paceFrom + PacingGap(qp);
    const Tick due = qp.oldest != nullptr ? qp.congestion.timer : kForever; // see CatchUp()
    if (due != qp.congestionTimer.due)
    {
        Arm(part, qp.lane, qp.congestionTimer, m_onCongestionTimer, qp.id, due);
    }
    Refresh(part, qp);
}

void
TransportEngine::OnSendTimer(Partition& part, const Event& event)
{
    SenderQp& qp = m_senders[event.entity];
    if (!Fired(part, qp.sendTimer, event))
    {
        Rearm(part, qp.lane, qp.sendTimer, m_onSendTimer, qp.id);
        return;
    }
    Refresh(part, qp);
    TryTransmit(part, qp.lane);
}

void
TransportEngine::SetTimeout(Partition& part, SenderQp& qp, Tick due)
{
    Arm(part, qp.lane, qp.timeout, m_onTimeout, qp.id, due);
}

void
TransportEngine::OnTimeout(Partition& part, const Event& event)
{
    SenderQp& qp = m_senders[event.entity];
    if (!Fired(part, qp.timeout, event))
    {
        Rearm(part, qp.lane, qp.timeout, m_onTimeout, qp.id);
        return;
    }
    if (m_reliability->onTimeout(*this, part, qp) && m_congestion.ops->onLoss != nullptr)
    {
        m_congestion.ops->onLoss(m_congestion.parameters.get(), qp.congestion, part.now(), true);
    }
    AfterCongestion(part, qp);
    TryTransmit(part, qp.lane);
}

void
TransportEngine::OnCongestionTimer(Partition& part, const Event& event)
{
    SenderQp& qp = m_senders[event.entity];
    if (!Fired(part, qp.congestionTimer, event))
    {
        Rearm(part, qp.lane, qp.congestionTimer, m_onCongestionTimer, qp.id);
        return;
    }
    qp.congestion.timer = kForever;
    m_congestion.ops->onTimer(m_congestion.parameters.get(), qp.congestion, part.now());
    AfterCongestion(part, qp);
    TryTransmit(part, qp.lane);
}

bool
TransportEngine::Acknowledge(Partition& part, SenderQp& qp, uint32_t sequence)
{
    if (Ahead(sequence, qp.acked) <= 0 || Ahead(sequence, qp.maxSent) > 0)
    {
        return false;
    }
    qp.acked = sequence;
    qp.backoff = 0;
    MessageRecord* lastDone = qp.retired;
    while (qp.oldest != nullptr && Ahead(sequence, qp.oldestLast) > 0)
    {
        lastDone = qp.oldest;
        qp.SetOldest(lastDone->next);
        if (qp.current == lastDone)
        {
            qp.SetCurrent(lastDone->next);
        }
    }
    if (Ahead(sequence, qp.next) > 0)
    {
        qp.next = sequence; // it had gone back for packets that had arrived after all
    }
    // Last, because the client may post from here.
    while (qp.retired != lastDone)
    {
        MessageRecord* done = qp.retired->next;
        m_parts[part.index()].records.Give(qp.retired);
        qp.retired = done;
        if (m_client != nullptr)
        {
            m_client->OnAcknowledged(part, qp.id, done->cookie);
        }
    }
    return true;
}

void
TransportEngine::OnAck(Partition& part, SenderQp& qp, const Packet& packet)
{
    CatchUp(part, qp);
    const bool marked = (packet.flags & packet_flag::kEcnEcho) != 0;
    if (marked)
    {
        qp.echoedPort = packet.worstPort;
    }
    const uint32_t newly = m_reliability->onAck(*this, part, qp, packet);
    const CongestionOps& ops = *m_congestion.ops;
    const void* parameters = m_congestion.parameters.get();
    if (packet.type == PacketType::Nack && ops.onLoss != nullptr)
    {
        ops.onLoss(parameters, qp.congestion, part.now(), false);
    }
    if (ops.onAck != nullptr)
    {
        const AckSignal signal{part.now() - packet.sentAt, newly, marked};
        ops.onAck(parameters, qp.congestion, part.now(), signal);
    }
    AfterCongestion(part, qp);
    TryTransmit(part, qp.lane);
}

void
TransportEngine::OnCnp(Partition& part, SenderQp& qp, const Packet& packet)
{
    qp.echoedPort = packet.sequence; // see NotifyCongestion()
    if (m_congestion.ops->onCnp == nullptr)
    {
        return;
    }
    CatchUp(part, qp);
    m_congestion.ops->onCnp(m_congestion.parameters.get(), qp.congestion, part.now());
    AfterCongestion(part, qp);
    TryTransmit(part, qp.lane);
}

} // namespace heddle
