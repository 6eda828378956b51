// SPDX-License-Identifier: GPL-2.0-only
//
// Selective repeat: out-of-order placement, one acknowledgement per out-of-order packet, and loss
// detection by time of sending, so that spraying over paths is not taken for loss.
//
// Receiver: places any packet within `reorderWindowPackets` of the first missing one. An ACK names
// the first missing packet (cumulative) and, in Packet::payloadBytes, the signed 16-bit distance
// from there to the packet that caused the ACK.
//
// Sender: a list of all transmissions in flight in order of time. A transmission is lost when one
// that began later has been acknowledged and `tolerance` has passed since its own acknowledgement
// was due, or at its time-out (RFC 8985's idea, without its probes). Tolerance starts at max(3 base
// round trips, 64 packet times) and doubles, up to half the time-out, whenever a resend turns out
// to have been needless.
//
// Deviations: real NICs differ and publish little; IRN (SIGCOMM'18) resends on the first
// out-of-order arrival instead, which spraying defeats.
#include "ns3/rdma-engine.h"
#include "ns3/rdma-reliability.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

namespace
{

// ---------------------------------------------------------------------------- sender

void
DeclareOldestLost(SenderQp& qp)
{
    const uint32_t sequence = qp.flight.oldest;
    qp.flight.Unlist(sequence, qp.acked);
    qp.flight.lost.push_back(sequence);
}

/// When a transmission counts as lost, because a later one has been acknowledged; kForever if none.
Tick
OverdueAt(const FlightTable& flight, Tick sentAt)
{
    return flight.newestAcked > sentAt ? sentAt + flight.roundTrip + flight.tolerance : kForever;
}

/// With a retry budget the time-out is the queue pair's, not each packet's, and runs on while its
/// own port is down.
bool
OneTimer(const TransportEngine& engine)
{
    return engine.config().retryLimit > 0;
}

void
RestartTimeout(TransportEngine& engine, Partition& part, SenderQp& qp)
{
    FlightTable& flight = qp.flight;
    Tick due = kForever;
    if (flight.listed > 0)
    {
        const Tick sentAt = flight.Slot(flight.oldest).sentAt;
        due = std::min(sentAt + engine.TimeoutOf(qp), OverdueAt(flight, sentAt));
    }
    else if (OneTimer(engine) && qp.acked != qp.maxSent)
    {
        due = part.now() + engine.TimeoutOf(qp);
    }
    engine.SetTimeout(part, qp, std::max(part.now(), due));
}

uint32_t
Window(const TransportConfig& config)
{
    return config.reorderWindowPackets;
}

void
Start(TransportEngine& engine, SenderQp& sender, ReceiverQp& receiver)
{
    const Tick packets = 64 * sender.wireRate.TransmitTime(engine.fullWireBytes());
    sender.flight.tolerance = std::max(3 * sender.baseRoundTrip, packets);
    uint32_t bits = 64;
    while (bits < engine.config().reorderWindowPackets)
    {
        bits *= 2;
    }
    receiver.bitmap.assign(bits / 64, 0);
}

bool
TakeLost(SenderQp& qp, Outgoing& out)
{
    FlightTable& flight = qp.flight;
    bool found = false;
    while (!found && flight.lostTaken < flight.lost.size())
    {
        const uint32_t sequence = flight.lost[flight.lostTaken++];
        if (Ahead(sequence, qp.acked) < 0)
        {
            continue;
        }
        const PacketSlot& slot = flight.Slot(sequence);
        if ((slot.flags & (slot_flag::kAcked | slot_flag::kListed)) == 0)
        {
            out = {sequence, slot.payload, false, (slot.flags & slot_flag::kLast) != 0, true};
            found = true;
        }
    }
    if (flight.lostTaken == flight.lost.size())
    {
        flight.lost.clear();
        flight.lostTaken = 0;
    }
    return found;
}

void
OnSent(TransportEngine& engine, Partition& part, SenderQp& qp, const Outgoing& out)
{
    FlightTable& flight = qp.flight;
    flight.Cover(qp.acked, qp.next, engine.slots(part));
    PacketSlot& slot = flight.Slot(out.sequence);
    slot.flags = static_cast<uint8_t>((out.last ? slot_flag::kLast : 0) |
                                      (out.resend ? slot_flag::kResent : 0));
    slot.payload = out.payload;
    slot.sentAt = part.now();
    const bool first = flight.listed == 0;
    flight.ListNewest(out.sequence);
    if (first)
    {
        RestartTimeout(engine, part, qp);
    }
}

/// Marks one packet; true when that is news.
bool
MarkAcked(SenderQp& qp, uint32_t sequence)
{
    FlightTable& flight = qp.flight;
    PacketSlot& slot = flight.Slot(sequence);
    if ((slot.flags & slot_flag::kAcked) != 0)
    {
        return false;
    }
    slot.flags |= slot_flag::kAcked;
    if ((slot.flags & slot_flag::kListed) != 0)
    {
        flight.Unlist(sequence, qp.acked);
    }
    return true;
}

/// `sequence` caused an ACK that echoes the time `sentAt` of its sending.
void
NoteReordering(const TransportEngine& engine, SenderQp& qp, uint32_t sequence, Tick sentAt)
{
    FlightTable& flight = qp.flight;
    const PacketSlot& slot = flight.Slot(sequence);
    if ((slot.flags & slot_flag::kResent) != 0 && sentAt < slot.sentAt)
    {
        const Tick most = std::max(flight.tolerance, engine.retransmissionTimeout() / 2);
        flight.tolerance = std::min(2 * flight.tolerance, most);
    }
}

void
DetectLoss(SenderQp& qp, Tick now)
{
    FlightTable& flight = qp.flight;
    while (flight.listed > 0 && OverdueAt(flight, flight.Slot(flight.oldest).sentAt) <= now)
    {
        DeclareOldestLost(qp);
    }
}

uint32_t
OnAck(TransportEngine& engine, Partition& part, SenderQp& qp, const Packet& ack)
{
    FlightTable& flight = qp.flight;
    uint32_t newly = 0;
    const uint32_t cause =
        ack.sequence + static_cast<uint32_t>(static_cast<int16_t>(ack.payloadBytes));
    if (Ahead(ack.sequence, qp.maxSent) > 0 || Ahead(cause, qp.maxSent) >= 0)
    {
        return 0;
    }
    if (Ahead(cause, qp.acked) >= 0)
    {
        NoteReordering(engine, qp, cause, ack.sentAt);
        newly += MarkAcked(qp, cause) ? 1 : 0;
    }
    for (uint32_t s = qp.acked; Ahead(ack.sequence, s) > 0; ++s)
    {
        newly += MarkAcked(qp, s) ? 1 : 0;
    }
    if (ack.sentAt > flight.newestAcked)
    {
        flight.newestAcked = ack.sentAt;
        flight.roundTrip = part.now() - ack.sentAt;
    }
    if (newly > 0)
    {
        qp.backoff = 0;
    }
    engine.Acknowledge(part, qp, ack.sequence);
    DetectLoss(qp, part.now());
    RestartTimeout(engine, part, qp);
    return newly;
}

bool
OnTimeout(TransportEngine& engine, Partition& part, SenderQp& qp)
{
    FlightTable& flight = qp.flight;
    const size_t before = flight.lost.size();
    DetectLoss(qp, part.now());
    bool timedOut = false;
    if (flight.lost.size() == before)
    {
        timedOut = true;
        const Tick timeout = engine.TimeoutOf(qp);
        engine.CountTimeout(part, qp);
        while (flight.listed > 0 &&
               (OneTimer(engine) || flight.Slot(flight.oldest).sentAt + timeout <= part.now()))
        {
            DeclareOldestLost(qp);
        }
    }
    RestartTimeout(engine, part, qp);
    return timedOut;
}

// ---------------------------------------------------------------------------- receiver

/// Sets the bit of `sequence`; false when it was set.
bool
SetBit(ReceiverQp& qp, uint32_t sequence)
{
    const size_t bit = sequence & (qp.bitmap.size() * 64 - 1);
    const uint64_t mask = uint64_t{1} << (bit & 63);
    const bool fresh = (qp.bitmap[bit >> 6] & mask) == 0;
    qp.bitmap[bit >> 6] |= mask;
    return fresh;
}

bool
TakeBit(ReceiverQp& qp, uint32_t sequence)
{
    const size_t bit = sequence & (qp.bitmap.size() * 64 - 1);
    const uint64_t mask = uint64_t{1} << (bit & 63);
    const bool was = (qp.bitmap[bit >> 6] & mask) != 0;
    qp.bitmap[bit >> 6] &= ~mask;
    return was;
}

void
SendAck(TransportEngine& engine, Partition& part, ReceiverQp& qp, const Packet& cause)
{
    const int32_t distance = std::max(-32768, Ahead(cause.sequence, qp.expected));
    qp.unacked = 0;
    engine.Respond(part, cause, PacketType::Ack, qp.expected, static_cast<uint16_t>(distance), 0);
}

void
OnAhead(TransportEngine& engine, Partition& part, ReceiverQp& qp, const Packet& packet)
{
    ++engine.counters(part).outOfOrder;
    if (static_cast<uint32_t>(Ahead(packet.sequence, qp.expected)) >=
        engine.config().reorderWindowPackets)
    {
        return; // the sender's cap forbids it; a time-out would repair it
    }
    if (SetBit(qp, packet.sequence))
    {
        ++qp.beyond;
        engine.Place(part, qp, packet);
    }
    else
    {
        ++engine.counters(part).duplicates;
    }
    SendAck(engine, part, qp, packet);
}

void
OnExpected(TransportEngine& engine, Partition& part, ReceiverQp& qp, const Packet& packet)
{
    engine.Place(part, qp, packet);
    ++qp.expected;
    ++qp.unacked;
    const bool filled = qp.beyond > 0;
    while (qp.beyond > 0 && TakeBit(qp, qp.expected))
    {
        --qp.beyond;
        ++qp.expected;
    }
    if (filled || qp.unacked >= engine.config().ackEveryPackets ||
        (packet.flags & packet_flag::kAckRequest) != 0)
    {
        SendAck(engine, part, qp, packet);
    }
    engine.Advance(part, qp, packet);
}

void
OnData(TransportEngine& engine, Partition& part, ReceiverQp& qp, const Packet& packet)
{
    const int32_t ahead = Ahead(packet.sequence, qp.expected);
    if (ahead == 0)
    {
        OnExpected(engine, part, qp, packet);
    }
    else if (ahead > 0)
    {
        OnAhead(engine, part, qp, packet);
    }
    else
    {
        ++engine.counters(part).duplicates;
        SendAck(engine, part, qp, packet); // the ACK may have been lost
    }
}

const ReliabilityOps kOps{true, Window, Start, TakeLost, OnSent, OnAck, OnTimeout, OnData};

const ReliabilityOps*
Get()
{
    return &kOps;
}

const Registration<ReliabilityFactory> kSelectiveRepeat{
    {"reliability",
     "selective-repeat",
     "The receiver places packets in any order within its bitmap and acknowledges each; the sender "
     "resends single packets, once one sent clearly later has been acknowledged or at the "
     "time-out. "
     "Tolerates spraying. Every packet carries its address (RETH).",
     {}},
    &Get};

} // namespace

} // namespace heddle
