// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-engine.h
// -------------------
// The transport's machinery: NIC ports, sending and receiving halves of queue pairs, timers,
// completions. Transport is its public face; reliability strategies use the section named for them.
//
// A NIC serves control packets first, then its ring of queue pairs that may send now, round robin
// by packet. A queue pair that may not send is outside the ring, so no packet costs a scan. Pacing
// has one packet of credit: a queue pair that was served late catches up with one packet early.
//
// Files: rdma-engine.cc (set-up, Post), rdma-nic.cc (port, ring), rdma-sender.cc (state of a
// sending half, timers, ACKs), rdma-receiver.cc (data, control packets), rdma-failure.cc
// (retry budget), rdma-timing.cc (MessageTiming), ports/rdma-ports.cc (NICs of several ports),
// ports/rdma-classes.cc (queue pairs of several traffic classes).
//
// Traffic classes, when queue pairs are in several (ports/rdma-classes.cc): a ring per class; which
// one a port serves is decided as at a switch's port. A class that is paused holds up no other.
//
// NICs of several ports. m_nics is by NIC port. A queue pair waits in the ring of its port
// (`lane`), or, if it may use any, in that of the NIC's first port, which all of them serve.

#ifndef HEDDLE_RDMA_ENGINE_H
#define HEDDLE_RDMA_ENGINE_H

#include "ns3/rdma-port-choice.h"
#include "ns3/rdma-queue-pair.h"
#include "ns3/rdma-reliability.h"
#include "ns3/rdma-transport.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace heddle
{

inline constexpr uint32_t kCnpWireBytes = 98; ///< 20 + 18 + 20 + 8 + 12 + 16 reserved + 4 ICRC

/// What keeps an idle port from sending data.
enum class PortBlock : uint8_t
{
    None,
    Paused,
    Down,
};

/// Queue pairs that may send now.
struct QpRing
{
    SenderQp* head = nullptr;
    SenderQp* tail = nullptr;
};

/// One NIC port, owned by its partition. First the cache line of every packet.
struct alignas(64) NicState
{
    Packet* controlHead = nullptr;
    Packet* controlTail = nullptr;
    QpRing ring; ///< of m_firstClass
    Tick busyUntil = 0;
    BitRate rate;
    uint32_t sequence = 0; ///< of event keys
    bool wakeRequested = false;
    PortBlock block = PortBlock::None;
    PortId lastHop = kNone; ///< the switch port that serves this NIC
    uint32_t nextPort = 0;  ///< of the NIC, to be tried first; in its first port's state

    Tick blockedSince = 0;
    Tick pausedTotal = 0; ///< time that data waited for a paused idle port
    Tick downTotal = 0;   ///< … for a port that is down
    Tick replayTotal = 0; ///< link-level retries of this port, whosever packet it was
    Tick lastCnp = std::numeric_limits<Tick>::min() / 2;
    std::vector<Tick> lastCnpTo; ///< by sender; used with CnpScope::Source only
};

static_assert(sizeof(NicState) == 2 * 64);

/// A traffic class at a NIC port, where there are several.
struct ClassRing
{
    QpRing ring;         ///< but for m_firstClass
    int64_t deficit = 0; ///< bytes that it may still send in its turn
};

/// What has kept a queue pair's ports from sending so far; ps.
struct PortTotals
{
    Tick down;
    Tick replay;
    Tick paused;
};

class TransportEngine : public NicClient
{
  public:
    TransportEngine(EventCore& core, Network& network, const TransportConfig& config);
    ~TransportEngine() override = default;
    TransportEngine(const TransportEngine&) = delete;
    TransportEngine& operator=(const TransportEngine&) = delete;

    // --- for Transport
    void SetClient(TransportClient* client);
    QpId Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass);
    void Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie);
    Tick IdealTime(QpId qp, uint64_t bytes) const;
    TransportCounters Counters() const;
    std::vector<std::string> Outstanding(size_t limit) const;
    std::optional<TransportFailure> Failure() const;

    // --- from the network
    void OnReceive(Partition& part, NicId nic, Packet* packet) override;
    void OnPortReady(Partition& part, NicId nic) override;
    void OnRateChange(NicId nic, BitRate rate) override;
    void OnReceiveSoon(NicId nic, const Packet& packet, Notice notice) const override;
    void OnPortReadySoon(NicId nic, Notice notice) const override;

    // --- for reliability strategies
    const TransportConfig& config() const
    {
        return m_config;
    }

    Tick retransmissionTimeout() const
    {
        return m_timeout;
    }

    /// The present one of a queue pair.
    Tick TimeoutOf(const SenderQp& qp) const
    {
        constexpr unsigned kMostDoublings = 5;
        return m_timeout << (m_config.retryLimit > 0
                                 ? 0U
                                 : std::min<unsigned>(qp.backoff, kMostDoublings));
    }

    TransportCounters& counters(Partition& part)
    {
        return m_parts[part.index()].counters;
    }

    SlotPool& slots(Partition& part)
    {
        return m_parts[part.index()].slots;
    }

    uint32_t fullWireBytes() const
    {
        return DataWireBytes(m_config.mtuPayloadBytes, true);
    }

    /// Everything before `sequence` has arrived. False when that is no news or nonsense.
    bool Acknowledge(Partition& part, SenderQp& qp, uint32_t sequence);
    /// Moves the retransmission timer; kForever stops it.
    void SetTimeout(Partition& part, SenderQp& qp, Tick due);
    /// One more time-out without progress; may exhaust the retry budget.
    void CountTimeout(Partition& part, SenderQp& qp);
    /// `packet` has been placed for the first time.
    void Place(Partition& part, ReceiverQp& qp, const Packet& packet);
    /// `qp.expected` has advanced because of `packet`: delivers what is complete.
    void Advance(Partition& part, ReceiverQp& qp, const Packet& packet);
    /// ACK or NACK for `data`: cumulative `sequence`, `ahead` and `flags` as the strategy uses
    /// them.
    void Respond(Partition& part,
                 const Packet& data,
                 PacketType type,
                 uint32_t sequence,
                 uint16_t ahead,
                 uint8_t flags);

  private:
    struct alignas(64) PartState
    {
        TransportCounters counters;
        SlotPool slots;
        Pool<MessageRecord> records;
        Pool<PendingDelivery> deliveries;
        TransportFailure failure; ///< the first one
    };

    // rdma-engine.cc
    void CheckConfig() const;
    void MakeNics();
    void InitSender(SenderQp& qp);
    Tick ComputeIdeal(const SenderQp& qp, uint64_t bytes) const;
    void StartMessage(SenderQp& qp, MessageRecord* record, Tick earliest) const;

    // rdma-prefetch.cc
    void AddPreparations();

    // rdma-nic.cc
    void Arm(Partition& part, NicId nic, LazyTimer& timer, HandlerId handler, QpId qp, Tick due);
    static bool Fired(Partition& part, LazyTimer& timer, const Event& event);
    void Rearm(Partition& part, NicId nic, LazyTimer& timer, HandlerId handler, QpId qp);
    void TryTransmit(Partition& part, NicId nic);
    void TryPort(Partition& part, NicId nic);
    bool SendControl(Partition& part, NicId nic);
    bool SendFromRing(Partition& part, NicId nic);
    uint32_t SendNow(Partition& part, NicId nic, SenderQp& qp);
    uint32_t SendData(Partition& part, NicId port, SenderQp& qp);
    Packet* MakeData(Partition& part, NicId port, const SenderQp& qp, const Outgoing& out);
    void AccountSent(Partition& part, SenderQp& qp, const Outgoing& out, Tick busy);
    static void AccountReplay(NicState& nic, SenderQp& qp, Tick replay);
    void Wake(Partition& part, NicId nic);
    void NoteBlocked(Partition& part, NicId nic);
    static void SettleBlock(NicState& nic, Tick now);

    /// The port is about to send. Whoever waits for it, perhaps because of a pause, asks again to
    /// be woken: it may be busy now.
    static void Unblock(NicState& nic)
    {
        nic.block = PortBlock::None;
        nic.wakeRequested = false;
    }

    void EnqueueControl(Partition& part, NicId nic, Packet* packet);

    // rdma-sender.cc
    QpState Classify(const SenderQp& qp, Tick now) const;
    bool WindowFull(const SenderQp& qp) const;
    void Enter(Partition& part, SenderQp& qp, QpState state);
    void Refresh(Partition& part, SenderQp& qp);
    void Charge(Partition& part, SenderQp& qp);
    bool PickPacket(SenderQp& qp, Tick now, Outgoing& out);
    void Pace(SenderQp& qp, Tick now, uint32_t wireBytes);
    static Tick PacingGap(const SenderQp& qp);
    void CatchUp(Partition& part, SenderQp& qp);
    void AfterCongestion(Partition& part, SenderQp& qp);
    void OnSendTimer(Partition& part, const Event& event);
    void OnTimeout(Partition& part, const Event& event);
    void OnCongestionTimer(Partition& part, const Event& event);
    void OnAck(Partition& part, SenderQp& qp, const Packet& packet);
    void OnCnp(Partition& part, SenderQp& qp, const Packet& packet);

    // rdma-receiver.cc
    void OnData(Partition& part, const Packet& packet);
    void NotifyCongestion(Partition& part, ReceiverQp& qp, const Packet& packet);
    Tick& LastCnp(ReceiverQp& qp, const Packet& packet);
    PortId BlamedPort(const Packet& packet) const;
    void BookStall(Partition& part,
                   ReceiverQp& qp,
                   const Packet& packet,
                   Tick since,
                   Tick stall) const;
    Packet* MakeControl(Partition& part, const Packet& data, PacketType type, uint32_t wireBytes);
    void Deliver(Partition& part, ReceiverQp& qp, const Packet& packet);
    void OnDelivery(Partition& part, const Event& event);
    void Complete(Partition& part, const Delivery& delivery);

    // ports/rdma-ports.cc
    void ChoosePorts(SenderQp& qp);
    PortPairs UsablePairs(const SenderQp& qp) const;
    void PickLane(SenderQp& qp, const PortPairs& pairs);
    void OnReroute();
    void MoveQueuePair(SenderQp& qp);
    void Unring(SenderQp& qp);
    SenderQp* TakeFor(NicId port, QpRing& ring);
    const SenderQp* FirstFor(NicId port, const QpRing& ring) const;
    NicId BuiltPeer(NicId port, NicId toNic) const;
    bool PathBroken(const Packet& packet, Tick since, Tick until) const;
    PortTotals LeastTotals(const SenderQp& qp) const;
    Tick ClassPausedTime(Partition& part, const SenderQp& qp) const;

    // ports/rdma-classes.cc
    void AddClass(uint8_t trafficClass);
    unsigned WaitingClasses(NicId port) const;
    bool SendByClass(Partition& part, NicId port);
    unsigned PickClass(NicId port, unsigned eligible);

    /// Queue pairs are in several.
    bool SeveralClasses() const
    {
        return (m_dataClasses & (m_dataClasses - 1)) != 0;
    }

    /// Where queue pairs of a class wait, by the port whose ring it is.
    QpRing& RingAt(NicId nic, uint8_t trafficClass)
    {
        return trafficClass == m_firstClass ? m_nics[nic].ring
                                            : m_classRings[nic * kClasses + trafficClass].ring;
    }

    const QpRing& RingAt(NicId nic, uint8_t trafficClass) const
    {
        return const_cast<TransportEngine*>(this)->RingAt(nic, trafficClass);
    }

    PortTotals TotalsOf(const SenderQp& qp) const
    {
        const NicState& nic = m_nics[qp.lane];
        return m_anyPort ? LeastTotals(qp)
                         : PortTotals{nic.downTotal, nic.replayTotal, nic.pausedTotal};
    }

    void SettlePorts(const SenderQp& qp, Tick now)
    {
        for (uint32_t port = 0; port < Lanes(); ++port)
        {
            SettleBlock(m_nics[qp.lane + port], now);
        }
    }

    /// Ports that carry one queue pair.
    uint32_t Lanes() const
    {
        return m_anyPort ? m_ports : 1;
    }

    /// The port whose ring a port serves.
    NicId RingOf(NicId port) const
    {
        return m_anyPort ? port - port % m_ports : port;
    }

    // rdma-timing.cc
    BitRate BuiltRate(const SenderQp& qp) const;
    MessageTiming Timing(Partition& part, const ReceiverQp& qp, const Packet& packet) const;

    EventCore& m_core;
    Network& m_network;
    TransportConfig m_config;
    TransportClient* m_client = nullptr;
    const ReliabilityOps* m_reliability;
    CongestionControl m_congestion;
    PortChoice m_portChoice;
    uint32_t m_ports;           ///< of a NIC
    bool m_anyPort;             ///< several, and a queue pair uses all of them
    uint8_t m_firstClass = 0;   ///< of queue pairs
    unsigned m_dataClasses = 0; ///< a bit for each that some are in
    unsigned m_strict = 0;      ///< … for each of strict priority
    Tick m_timeout;
    uint32_t m_window;
    uint32_t m_firstEntity;
    HandlerId m_onSendTimer;
    HandlerId m_onTimeout;
    HandlerId m_onCongestionTimer;
    HandlerId m_onDelivery;
    std::vector<NicState, HugeAllocator<NicState>> m_nics;
    StableArray<SenderQp> m_senders;
    StableArray<ReceiverQp> m_receivers;
    std::map<std::tuple<NicId, NicId, uint32_t, uint8_t>, QpId> m_byKey;
    std::vector<ClassRing> m_classRings; ///< NIC port · kClasses + class; empty with one class
    std::vector<uint8_t> m_turn;         ///< by NIC port: the class whose turn it is; likewise
    std::vector<PartState> m_parts;
};

} // namespace heddle

#endif
