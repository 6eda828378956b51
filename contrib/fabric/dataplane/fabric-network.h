// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-network.h
// ----------------------
// The packet-level network: built from a Topology, driven by the event core. NICs (rdma) attach to
// it; switches and links live inside. No ns-3.
//
// NIC side, pull model: a NIC hands over a packet only when its port is idle, so that it can choose
// at the last moment.
//
//   net.Attach(nic, client);
//   if (net.CanSend(nic, cls)) net.Send(part, nic, packet);
//   else net.WakeWhenReady(nic);         // → client->OnPortReady() once
//
// Conservation: injected = delivered + dropped(by reason) + in flight, always (Counters).

#ifndef HEDDLE_FABRIC_NETWORK_H
#define HEDDLE_FABRIC_NETWORK_H

#include "ns3/fabric-nic-capacity.h"
#include "ns3/fabric-packet.h"
#include "ns3/fabric-partitioning.h"
#include "ns3/fabric-topology.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace heddle
{

/// What a NIC implements. Called in the NIC's partition.
class NicClient
{
  public:
    virtual ~NicClient() = default;
    /// The last bit of a packet has arrived. The callee owns the packet (Network::Free).
    virtual void OnReceive(Partition& part, NicId nic, Packet* packet) = 0;
    /// The port became idle, or a class was resumed, after WakeWhenReady().
    virtual void OnPortReady(Partition& part, NicId nic) = 0;

    /// The port sends at this rate from the next packet on. When nothing else runs.
    virtual void OnRateChange(NicId nic, BitRate rate)
    {
        (void)nic;
        (void)rate;
    }

    /// Hints, given in large networks only, in huge ones twice: OnReceive() with this packet, or
    /// OnPortReady(), is some events away. May fetch into the cache what that will touch; must
    /// change nothing. See EventCore::SetPrepare().
    enum class Notice : uint8_t
    {
        First,
        Second, ///< what was fetched at the first is there
    };

    virtual void OnReceiveSoon(NicId nic, const Packet& packet, Notice notice) const
    {
        (void)nic;
        (void)packet;
        (void)notice;
    }

    virtual void OnPortReadySoon(NicId nic, Notice notice) const
    {
        (void)nic;
        (void)notice;
    }
};

enum class DropReason : uint8_t
{
    BufferFull, ///< lossy class, or headroom exceeded
    LinkDown,
    RandomLoss, ///< bit errors: the link's FrameLoss, without link-level retry
    NoRoute,
};
inline constexpr size_t kDropReasons = 4;

struct NetworkCounters
{
    uint64_t injected = 0;
    uint64_t delivered = 0;
    std::array<uint64_t, kDropReasons> dropped{};
    uint64_t dataHops =
        0; ///< links crossed by data packets (counted at delivery, first copies and resends)
    uint64_t ecnMarks = 0;
    uint64_t pauseFrames = 0; ///< XOFF sent
    uint64_t replays = 0;     ///< frames resent by link-level retry
};

/// Per-port totals, for "which link is to blame".
struct PortCounters
{
    uint64_t txPackets = 0;
    uint64_t txBytes = 0; ///< wire bytes
    Tick busy = 0;        ///< transmitting
    Tick paused = 0;      ///< some lossless class with queued packets was paused
    Tick queueWait = 0;   ///< summed over packets
    uint64_t maxQueueBytes = 0;
    uint64_t drops = 0;
    uint64_t replays = 0; ///< by link-level retry
    Tick replayTime = 0;  ///< that the port lost by them
};

/// Hears of rare events (never of every packet). For traces.
class NetworkObserver
{
  public:
    virtual ~NetworkObserver() = default;
    /// The packet is about to be freed.
    virtual void OnDrop(Partition& part, PortId port, const Packet& packet, DropReason reason) = 0;
    /// A PFC frame for `port` (the transmitter to stop or to resume) is sent.
    virtual void OnPause(Partition& part, PortId port, unsigned trafficClass, bool xoff) = 0;
};

class Network
{
  public:
    /// `topology` must outlive the network. Validates it (InputError). `partitioning` must be that
    /// of `core`, if it has several partitions.
    Network(EventCore& core, const Topology& topology, const Partitioning& partitioning = {});
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    void Attach(NicId nic, NicClient* client);

    Packet* Alloc(Partition& part); ///< zeroed but for worstPort = kNone
    void Free(Partition& part, Packet* packet);

    /// True when the NIC's port is idle, up, and `trafficClass` is not paused by PFC.
    bool CanSend(Partition& part, NicId nic, unsigned trafficClass) const;
    /// Starts transmission now (CanSend must hold). Sets sentAt for data packets. Returns how much
    /// longer than for transmitting link-level retries occupy the port; ps.
    Tick Send(Partition& part, NicId nic, Packet* packet);
    /// One OnPortReady() when the port falls idle (and some class may send) or a class resumes.
    void WakeWhenReady(Partition& part, NicId nic);
    bool IsPaused(NicId nic, unsigned trafficClass) const;
    /// Total time so far that the class was paused on the NIC's port; ps.
    Tick PausedTime(Partition& part, NicId nic, unsigned trafficClass) const;
    /// The port inside the fabric that the latest pause of this NIC goes back to; kNone if never.
    PortId PauseCulprit(NicId nic, unsigned trafficClass) const;

    /// Latency of one packet of `wireBytes` alone in the network from start of transmission to last
    /// bit received, over a shortest path; ps.
    Tick UnloadedLatency(NicId from, NicId to, uint32_t wireBytes) const;
    /// Whether links join the two NICs (rail-only fabrics leave pairs out). UnloadedLatency and
    /// PathRate throw InputError for pairs that are not. As built, whatever failed since.
    bool Reachable(NicId from, NicId to) const;
    /// Smallest rate over a shortest path (the best of the equal-cost ones).
    BitRate PathRate(NicId from, NicId to) const;
    BitRate NicRate(NicId nic) const;
    /// The same before any failure, one that was there from the start too.
    BitRate BuiltNicRate(NicId nic) const;
    uint32_t PartitionOf(NicId nic) const;

    /// Whether the forwarding tables of now lead from one NIC port to the other; false too when
    /// they were made while either port's link was down.
    bool Connected(NicId from, NicId to) const;
    /// Called whenever the tables are new; while no partition runs. Null: nobody (the default).
    void OnReroute(std::function<void()> callback);

    /// A slow receiver: the NIC sends XOFF or XON for a class to its switch.
    void SendPause(Partition& part, NicId nic, unsigned trafficClass, bool xoff);

    /// Null: none (the default).
    void SetObserver(NetworkObserver* observer);

    /// Link state change at the current time (both directions); routes follow `rerouteDelay` later.
    /// What waits for the link or is on it is lost. Only while EventCore::alone(): before the run,
    /// in EventCore::ScheduleAlone(), and from handlers when there is one partition.
    void SetLinkUp(uint32_t link, bool up);

    /// The link goes dead and nobody notices: what is sent over it is lost until SetLinkUp(link,
    /// true); SetLinkUp(link, false) is its detection. When nothing else runs (EventCore::alone).
    void CutLink(uint32_t link);

    /// The link's rate changes now, both directions (lanes lost or regained); what is being sent is
    /// finished at the old one. Nothing else follows: paths, NicRate() and UnloadedLatency() stay
    /// as built. When nothing else runs (EventCore::alone).
    void SetLinkRate(uint32_t link, BitRate rate);
    /// Whether a link between the NICs was dead (down, and between switches not yet routed around)
    /// at some time in [since, until).
    bool PathBroken(NicId from, NicId to, Tick since, Tick until) const;
    /// In [since, until), of a NIC (not port); nothing while all its ports were down.
    LostCapacity Lost(NicId nic, Tick since, Tick until) const;

    NetworkCounters counters() const; ///< summed over partitions
    uint64_t inFlight() const;        ///< packets in queues and on wires now
    const PortCounters& portCounters(PortId port) const;
    const Topology& topology() const;
    std::string PortName(PortId port) const; ///< "leaf3 → spine1"

    class Impl;

  private:
    std::unique_ptr<Impl> m_impl;
};

} // namespace heddle

#endif
