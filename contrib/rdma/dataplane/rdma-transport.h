// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-transport.h
// ----------------------
// Reliable-connection transport over the packet network: messages in, completions out. No ns-3.
//
//   Transport t(core, network, config);
//   t.SetClient(&client);
//   QpId qp = t.Connect(from, to, channel);          // before the run, or lazily at first use
//   QpId urgent = t.Connect(from, to, channel, 5);   // the same way in a traffic class of its own
//   t.Post(part, qp, bytes, cookie);                  // → client.OnDelivered at the receiver,
//                                                     //   client.OnAcknowledged at the sender
//
// NICs are named by their index (an accelerator's), whatever number of ports each has.
//
// Every completion carries where the message's time went (MessageTiming), which sums to its
// duration to the picosecond; the idle ledger lives on it.

#ifndef HEDDLE_RDMA_TRANSPORT_H
#define HEDDLE_RDMA_TRANSPORT_H

#include "ns3/fabric-network.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace heddle
{

using QpId = uint32_t; ///< dense, one per (from, to, channel, traffic class) direction

/// The traffic class that the transport's configuration names.
inline constexpr uint8_t kConfiguredClass = 0xff;

/// Where a message's time went. `Ideal` (unloaded latency + own bytes at line rate) comes first;
/// the excess is split by DESIGN's precedence, in this order.
enum class MessageState : uint8_t
{
    Ideal,        ///< unloaded latency and own bytes at the slower NIC's line rate, as built
    Down,         ///< link down or rerouting, or what a NIC without some port or lanes takes longer
    LossRecovery, ///< retransmission
    Paused,       ///< PFC, here or at switches on the way
    Paced,        ///< congestion-control rate or window
    OwnPort,      ///< own NIC port busy with other bytes of its own (endpoint)
    LastHop,      ///< last-hop port busy with bytes for this accelerator (endpoint)
    FabricQueue,  ///< queue inside the fabric
};
inline constexpr size_t kMessageStates = 8;

struct MessageTiming
{
    Tick posted = 0;   ///< Post()
    Tick started = 0;  ///< max(posted, previous message of the queue pair fully emitted)
    Tick finished = 0; ///< last byte placed at the receiver
    std::array<Tick, kMessageStates> state{}; ///< sums exactly to finished − started
    PortId culprit = kNone; ///< port to blame for Paused/Paced/FabricQueue; kNone if none
};

struct Delivery
{
    QpId qp;
    uint64_t bytes;
    uint64_t cookie;
    NicId from;
    NicId to;
    bool behindPrevious; ///< started > posted: the message before it on the queue pair was binding
    MessageTiming timing;
};

class TransportClient
{
  public:
    virtual ~TransportClient() = default;
    /// In the receiver's partition: the last byte has been placed. Messages of one queue pair are
    /// delivered in posting order.
    virtual void OnDelivered(Partition& part, const Delivery& delivery) = 0;
    /// In the sender's partition: everything acknowledged.
    virtual void OnAcknowledged(Partition& part, QpId qp, uint64_t cookie) = 0;
};

struct TransportConfig
{
    uint32_t mtuPayloadBytes = 4096; ///< 256 … 4096
    std::string reliability =
        "selective-repeat";                 ///< registry category "reliability": or "go-back-n"
    std::string congestionControl = "none"; ///< registry category "congestion-control"
    std::map<std::string, std::string> congestionControlParameters;
    /// NICs of several ports: registry category "port-choice".
    std::string portChoice = "spray";
    /// A queue pair with a port of its own leaves it for another when the routes say that it is
    /// dead, and returns. (One that uses any port always does.)
    bool portFailover = true;
    uint8_t dataClass = 3;          ///< traffic class of data, unless a queue pair has its own
    uint8_t controlClass = 6;       ///< ACK, NACK, CNP
    uint32_t ackEveryPackets = 1;   ///< coalescing; the last packet is always acknowledged
    Tick retransmissionTimeout = 0; ///< ps; 0 = 4 ms (ConWeave's L2Timeout)
    /// Consecutive time-outs without progress that a queue pair survives; one more ends the run
    /// (failure()). Each then lasts as long as the first, as InfiniBand's do. 0: any number, and
    /// they double up to 32-fold.
    uint32_t retryLimit = 0;
    uint32_t windowPackets =
        0; ///< cap on packets in flight per queue pair; 0 = receiver bitmap only
    uint32_t reorderWindowPackets = 1024; ///< receiver's out-of-order bitmap (selective repeat)
    Tick sendLatency = 0;                 ///< Post() to first byte eligible (doorbell, DMA); ps
    Tick receiveLatency = 0;              ///< last byte to completion; ps
};

struct TransportCounters
{
    uint64_t messages = 0;
    uint64_t dataPackets = 0; ///< first transmissions
    uint64_t retransmits = 0;
    uint64_t timeouts = 0;
    uint64_t acks = 0;
    uint64_t nacks = 0;
    uint64_t cnps = 0;
    uint64_t outOfOrder = 0;   ///< data packets that arrived ahead of a gap
    uint64_t duplicates = 0;   ///< data packets that had been placed before
    uint64_t portMoves = 0;    ///< queue pairs that took other ports: see portFailover
    uint64_t delivered = 0;    ///< messages delivered
    uint64_t payloadBytes = 0; ///< placed, each byte once
};

/// A queue pair that has exhausted its retries.
struct TransportFailure
{
    Tick at = kForever;
    NicId from = 0;
    NicId to = 0;
    uint32_t channel = 0;

    std::string Text() const; ///< what happened and what to do
};

class Transport
{
  public:
    Transport(EventCore& core, Network& network, const TransportConfig& config);
    ~Transport();
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    void SetClient(TransportClient* client);

    /// The queue pair (from, to, channel, traffic class), made at first use. Setup time only (not
    /// from handlers) unless all calls come from `from`'s partition and one partition exists; see
    /// the .cc. The class decides on queues, PFC and scheduling (SwitchConfig::classes), at
    /// switches and NICs, and nothing else: hash-based balancing takes it for the same flow. Throws
    /// InputError for a class above 7 and that of ACKs.
    QpId Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass = kConfiguredClass);

    /// Queues a message at now. bytes > 0. From the sender's partition.
    void Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie);

    /// unloaded latency + bytes at line rate, as MessageState::Ideal uses it; ps.
    Tick IdealTime(QpId qp, uint64_t bytes) const;

    TransportCounters counters() const;
    /// The first queue pair to give up, if any has: the core was stopped then.
    std::optional<TransportFailure> failure() const;
    /// Messages not yet delivered, as text for "who waits for whom"; at most `limit` lines.
    std::vector<std::string> Outstanding(size_t limit) const;

    class Impl;

  private:
    std::unique_ptr<Impl> m_impl;
};

/// From the first packet of a message to the last, each but the first at `rate` on one of `lanes`
/// ports that share the packets evenly; `addressed`: every packet carries a RETH. ps
Tick TimeOfOthers(uint64_t bytes, uint32_t mtu, bool addressed, BitRate rate, uint32_t lanes);
/// Data packet wire bytes for a payload: payload + 82 (validation A1), + 16 RETH on the first
/// packet of a message, and on every packet under selective repeat (out-of-order placement needs
/// it).
uint32_t DataWireBytes(uint32_t payloadBytes, bool reth);
/// What hash-based load balancing hashes besides addresses (UDP source port stand-in); the same at
/// packet and flow level.
uint32_t FlowEntropy(uint64_t seed, NicId from, NicId to, uint32_t channel);
inline constexpr uint32_t kAckWireBytes = 86; ///< 20 + 18 + 20 + 8 + 12 + 4 AETH + 4 ICRC

} // namespace heddle

#endif
