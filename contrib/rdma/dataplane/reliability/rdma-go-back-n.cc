// SPDX-License-Identifier: GPL-2.0-only
//
// Go-back-N, the reliable connection of classic RoCE NICs (InfiniBand Architecture vol. 1, ch. 9;
// the NACK rule as in the artefacts of HPCC, SIGCOMM'19, and ConWeave, SIGCOMM'23).
// Deviation: the NACK is repeated after min(500 us, half the time-out) while a gap stays open.
#include "ns3/rdma-engine.h"
#include "ns3/rdma-reliability.h"

#include <algorithm>

namespace heddle
{

namespace
{

constexpr Tick kNackRepeat = 500 * kMicrosecond;

uint32_t
Window(const TransportConfig&)
{
    return 1U << 30; // nothing at the receiver limits it
}

void
Start(TransportEngine&, SenderQp&, ReceiverQp&)
{
}

void
RestartTimeout(TransportEngine& engine, Partition& part, SenderQp& qp)
{
    const Tick due = part.now() + engine.TimeoutOf(qp);
    engine.SetTimeout(part, qp, qp.acked == qp.maxSent ? kForever : due);
}

void
GoBack(SenderQp& qp)
{
    qp.next = qp.acked;
    qp.SetCurrent(qp.oldest);
}

void
OnSent(TransportEngine& engine, Partition& part, SenderQp& qp, const Outgoing&)
{
    RestartTimeout(engine, part, qp);
}

uint32_t
OnAck(TransportEngine& engine, Partition& part, SenderQp& qp, const Packet& ack)
{
    const uint32_t before = qp.acked;
    const bool news = engine.Acknowledge(part, qp, ack.sequence);
    if (ack.type == PacketType::Nack && ack.sequence == qp.acked && qp.acked != qp.maxSent)
    {
        GoBack(qp);
        RestartTimeout(engine, part, qp);
    }
    else if (news)
    {
        RestartTimeout(engine, part, qp);
    }
    return qp.acked - before;
}

bool
OnTimeout(TransportEngine& engine, Partition& part, SenderQp& qp)
{
    engine.CountTimeout(part, qp);
    GoBack(qp);
    RestartTimeout(engine, part, qp);
    return true;
}

/// Ahead of the expected one: dropped; one NACK per gap, repeated if the gap outlives it.
void
OnGap(TransportEngine& engine, Partition& part, ReceiverQp& qp, const Packet& packet)
{
    ++engine.counters(part).outOfOrder;
    const Tick repeat = std::min(kNackRepeat, engine.retransmissionTimeout() / 2);
    if (qp.gapOpen && part.now() - qp.lastNack < repeat)
    {
        return;
    }
    qp.gapOpen = true;
    qp.lastNack = part.now();
    qp.unacked = 0;
    engine.Respond(part, packet, PacketType::Nack, qp.expected, 0, 0);
}

void
OnData(TransportEngine& engine, Partition& part, ReceiverQp& qp, const Packet& packet)
{
    const int32_t ahead = Ahead(packet.sequence, qp.expected);
    if (ahead > 0)
    {
        OnGap(engine, part, qp, packet);
        return;
    }
    if (ahead < 0)
    {
        // Its ACK may have been lost: silence would stall the sender for ever (IBA C9-110).
        ++engine.counters(part).duplicates;
        engine.Respond(part, packet, PacketType::Ack, qp.expected, 0, 0);
        return;
    }
    ++qp.expected;
    qp.gapOpen = false;
    engine.Place(part, qp, packet);
    ++qp.unacked;
    if (qp.unacked >= engine.config().ackEveryPackets ||
        (packet.flags & packet_flag::kAckRequest) != 0)
    {
        qp.unacked = 0;
        engine.Respond(part, packet, PacketType::Ack, qp.expected, 0, 0);
    }
    engine.Advance(part, qp, packet);
}

const ReliabilityOps kOps{false, Window, Start, nullptr, OnSent, OnAck, OnTimeout, OnData};

const ReliabilityOps*
Get()
{
    return &kOps;
}

const Registration<ReliabilityFactory> kGoBackN{
    {"reliability",
     "go-back-n",
     "The receiver takes packets in order only, drops the others and asks once per gap to go back; "
     "the sender resends everything from the gap. A time-out does the same. Any reordering costs a "
     "window, so it needs one path per queue pair.",
     {}},
    &Get};

} // namespace

} // namespace heddle
