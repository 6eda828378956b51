// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-packet.h
// ---------------------
// The packet: a 64-byte POD, one cache line, frozen. It stands for a RoCEv2 frame; real headers are
// made only when someone looks (pcap). `wireBytes` counts everything a port is busy with: preamble
// and inter-packet gap 20 B, Ethernet 14 + FCS 4, IPv4 20, UDP 8, BTH 12, (R/AETH), payload,
// ICRC 4.

#ifndef HEDDLE_FABRIC_PACKET_H
#define HEDDLE_FABRIC_PACKET_H

#include "ns3/base-event-core.h"

#include <cstdint>

namespace heddle
{

using PortId = uint32_t;   ///< dense: one per link direction, the transmitting side
using NicId = uint32_t;    ///< dense: one per NIC; equals the accelerator (rank) index
using SwitchId = uint32_t; ///< dense
inline constexpr uint32_t kNone = ~0U;

enum class PacketType : uint8_t
{
    Data,
    Ack,  ///< AETH, cumulative
    Nack, ///< AETH, sequence error
    Cnp,
};

namespace packet_flag
{
inline constexpr uint8_t kEcnCapable = 1;
inline constexpr uint8_t kEcnMarked = 2;
inline constexpr uint8_t kLast = 4; ///< last packet of its message
inline constexpr uint8_t kRetransmit = 8;
inline constexpr uint8_t kAckRequest = 16;
inline constexpr uint8_t kEcnEcho = 32;  ///< on ACK/NACK: the data packet was marked
inline constexpr uint8_t kReplayed = 64; ///< waited for link-level retries: see pauseWait
} // namespace packet_flag

/// Queueing accumulators count in units of 2^6 ps: 32 bits last 274 ms.
inline constexpr unsigned kWaitShift = 6;

struct Packet
{
    Packet* next;      ///< queue or free list
    Tick sentAt;       ///< when the NIC began to transmit it; ACK: echo of the data packet's
    Tick enqueuedAt;   ///< the fabric's own while it has the packet (fabric::Stamp)
    uint32_t flow;     ///< queue pair of the receiver's context (rdma's own)
    uint32_t sequence; ///< packet sequence number within the queue pair
    NicId destination;
    NicId source;
    uint32_t entropy;   ///< what hash-based load balancing hashes (UDP source port stand-in)
    uint32_t queueWait; ///< time in queues inside the fabric so far, kWaitShift units
    uint32_t pauseWait; ///< the part of waiting while paused by PFC or, with
                        ///< packet_flag::kReplayed, for link-level retries; kWaitShift units
    PortId worstPort;   ///< interior port with the longest wait so far (kNone: none); ACKs echo it
    uint16_t wireBytes;
    uint16_t payloadBytes;
    PacketType type;
    uint8_t trafficClass; ///< 0 … 7; index of queue and PFC priority
    uint8_t flags;        ///< packet_flag
    uint8_t hops;         ///< links crossed
};

static_assert(sizeof(Packet) == 64);

} // namespace heddle

#endif
