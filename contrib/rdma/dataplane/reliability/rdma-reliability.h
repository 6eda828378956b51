// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-reliability.h
// ------------------------
// What a reliability strategy is: a table of plain functions called by the transport engine, which
// does everything that strategies share (messages, pacing, timers, control packets). One file per
// strategy; it registers a pointer to its table in category "reliability".
//
// Sender side: the engine sends first copies in order from `next`. A strategy resends either by
// moving `next` back (go-back-n) or by listing single packets (takeLost).

#ifndef HEDDLE_RDMA_RELIABILITY_H
#define HEDDLE_RDMA_RELIABILITY_H

#include "ns3/base-registry.h"
#include "ns3/rdma-queue-pair.h"

namespace heddle
{

class TransportEngine;

/// A packet about to leave.
struct Outgoing
{
    uint32_t sequence;
    uint16_t payload;
    bool first; ///< first packet of its message
    bool last;  ///< last packet of its message
    bool resend;
};

struct ReliabilityOps
{
    /// RETH in every packet, so that each can be placed on its own.
    bool addressEveryPacket;
    /// Cap on the sequence span in flight before TransportConfig::windowPackets; packets.
    uint32_t (*window)(const TransportConfig& config);
    /// Both halves are new.
    void (*start)(TransportEngine& engine, SenderQp& sender, ReceiverQp& receiver);
    /// The next packet to resend out of turn; false when there is none. Null: never any.
    bool (*takeLost)(SenderQp& qp, Outgoing& out);
    /// `out` begins transmission now.
    void (*onSent)(TransportEngine& engine, Partition& part, SenderQp& qp, const Outgoing& out);
    /// ACK or NACK. Returns how many packets it newly acknowledged.
    uint32_t (*onAck)(TransportEngine& engine, Partition& part, SenderQp& qp, const Packet& ack);
    /// The timer that SetTimeout() set is due. True when it was a retransmission time-out proper.
    bool (*onTimeout)(TransportEngine& engine, Partition& part, SenderQp& qp);
    /// Data at the receiver; `packet` stays the engine's.
    void (*onData)(TransportEngine& engine, Partition& part, ReceiverQp& qp, const Packet& packet);
};

using ReliabilityFactory = const ReliabilityOps* (*)();

} // namespace heddle

#endif
