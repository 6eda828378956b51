// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-network-impl.h
// ---------------------------
// Internal: the state and the event handlers of the packet level. Split over
//
//   fabric-network.cc            the public calls
//   fabric-construction.cc       from a Topology to ports, switches, routes
//   switch/fabric-forwarding.cc  the hot path: arrive, choose, admit, queue
//   switch/fabric-transmit.cc    the hot path: dequeue, mark, transmit; NICs
//   switch/fabric-pause.cc       PFC
//   switch/fabric-failure.cc     links down and up, rerouting
//   failure/fabric-*.cc          bit errors and link-level retry, lost lanes, log of outages
//
// One event per hop where the output is idle (arrival), two where packets wait (arrival, port
// free). ACKs need one either way: when they may leave is known when they come. An arrival at a
// switch fires when the packet may leave again: the header (cut-through) or the tail has come in
// and the forwarding latency is over. Admission happens then.
//
// Partitions: a port, its queues and its counters belong to the partition of the transmitting node,
// a switch's buffer and load balancer to the switch's. Packets and PFC frames cross by
// Partition::Post. Routes and link states are read by all and change while no partition runs.

#ifndef HEDDLE_FABRIC_NETWORK_IMPL_H
#define HEDDLE_FABRIC_NETWORK_IMPL_H

#include "ns3/base-memory.h"
#include "ns3/base-random.h"
#include "ns3/fabric-buffer.h"
#include "ns3/fabric-link-error.h"
#include "ns3/fabric-load-balancer.h"
#include "ns3/fabric-network.h"
#include "ns3/fabric-nic-capacity.h"
#include "ns3/fabric-outages.h"
#include "ns3/fabric-pool.h"
#include "ns3/fabric-port.h"
#include "ns3/fabric-routes.h"

#include <memory>
#include <vector>

namespace heddle
{

class Network::Impl
{
  public:
    Impl(EventCore& core, const Topology& topology, const Partitioning& partitioning);

    /// One cache line: all that a packet which finds a choice and a queue touches.
    struct alignas(64) SwitchState
    {
        FlowHash flowHash; ///< the balancer's, if it is nothing else (`hashes`)
        fabric::SharedBuffer buffer;
    };

    static_assert(sizeof(SwitchState) == 64);

    struct SwitchDetails
    {
        std::unique_ptr<LoadBalancer> balancer;
        std::vector<PortId> inputs; ///< by ingress index: the port that transmits to us
    };

    struct NicState
    {
        NicClient* client = nullptr;
        PortId up = kNone;       ///< NIC → leaf
        uint32_t pathLeaf = 0;   ///< row and column in the path table
        bool wakeWanted = false; ///< WakeWhenReady()
    };

    /// The last hop to a NIC.
    struct Target
    {
        PortId down = kNone; ///< leaf → NIC
        SwitchId leaf = kNone;
    };

    struct alignas(64) PartitionState
    {
        fabric::PacketPool pool;
        NetworkCounters counters;
    };

    // Handlers. Event::entity is the transmitting port, Event::arg the packet unless said.
    void OnArrive(Partition& part, const Event& event); ///< aux: input
    void OnTail(Partition& part, const Event& event);   ///< aux: input, arg: packet, entity: output
    void OnReceive(Partition& part, const Event& event);
    void OnPortFree(Partition& part, const Event& event);
    void OnPause(Partition& part, const Event& event); ///< arg: PauseFrame

    // Ahead of the handlers: see EventCore::SetPrepare().
    void PrepareRoute(const Event& event);
    void PrepareArrive(const Event& event);
    void PrepareQueue(const Event& event);
    void PrepareReceive(const Event& event);
    void PrepareReceiveMore(const Event& event);
    void PreparePortFree(const Event& event);
    void PreparePortFreeMore(const Event& event);
    void TellNic(const Event& portFree, NicClient::Notice notice);

    // Hot path.
    PortId PlannedRoute(SwitchId at, const Packet& packet) const;
    PortId Route(SwitchId at, const Packet& packet, Tick now) const;
    PortId EgressOf(PortId input, const Packet& packet, Tick now) const;
    void Output(Partition& part, PortId id, uint16_t ingress, Packet* packet);
    bool NextInTurn(const fabric::Port& port, const Packet& packet, Tick now) const;
    void TransmitBehind(Partition& part, PortId id, uint16_t ingress, Packet* packet);
    bool Admit(Partition& part, PortId egress, uint16_t ingress, Packet* packet);
    void Enqueue(fabric::Port& port, PortId id, uint16_t ingress, Packet* packet, Tick now);
    void StartNext(Partition& part, PortId id);
    void MarkEcn(Partition& part, PortId id, const fabric::ClassQueue& queue, Packet* packet);
    void Release(Partition& part, SwitchId at, const Packet& packet);
    Tick Transmit(Partition& part, PortId id, Packet* packet); ///< returns the replay time
    Tick TransmitHere(Partition& part, fabric::Port& port, PortId id, Packet* packet);
    Tick TransmitUnusually(Partition& part, PortId id, Packet* packet);
    void Occupy(fabric::Port& port, Packet* packet, Tick now, Tick duration);
    void PostArrival(Partition& part,
                     fabric::Port& port,
                     PortId id,
                     Packet* packet,
                     uint32_t to,
                     Tick delay);
    uint64_t OnWires() const
    {
        return core.Pending(m_onArrive) + core.Pending(m_onTail) + core.Pending(m_onReceive);
    }
    Tick IdealReach(PortId id, const Packet& packet, Tick now);
    void ScheduleFree(Partition& part, fabric::Port& port, PortId id);
    void Drop(Partition& part, PortId at, Packet* packet, DropReason reason);
    void DropArrival(Partition& part, PortId from, Packet* packet, DropReason reason);
    void Discard(Partition& part, PortId blamed, Packet* packet, DropReason reason);

    // PFC.
    /// Stops or resumes `target`, the port at the other end of an input of ours.
    void SendPause(Partition& part,
                   PortId target,
                   unsigned trafficClass,
                   bool xoff,
                   PortId culprit);
    PortId CulpritOf(PortId egress, unsigned trafficClass) const;
    void SetPaused(fabric::Port& port, PortId id, unsigned trafficClass, bool paused, Tick now);
    void UpdateBlocked(const fabric::Port& port, PortId id, Tick now);
    void Kick(Partition& part, PortId id);

    // Bit errors.
    /// kLost, or for how long link-level retries delay the packet (mostly 0) and hold the port.
    Tick Impair(PortId id, Packet* packet, Tick duration);
    void BookReplayWait(const fabric::Port& port, PortId id, Packet* packet, Tick now);
    Tick EndOfPauseFrame(fabric::Port& port, PortId id, Tick now, Tick duration);
    static constexpr Tick kLost = -1;

    // Failures.
    void SetCut(uint32_t link, bool dead);

    bool IsUnusual(const fabric::Port& port) const
    {
        return port.lossy || port.psPerByte == 0 || (ideal && port.fromNic);
    }

    void FailPort(PortId id);
    void RestorePort(PortId id);
    void AdoptRoutes();
    void Reroute();
    void SetPortRate(PortId id, BitRate rate);

    /// Somebody waits for this NIC port.
    bool WakeWanted(const fabric::Port& port) const
    {
        return port.fromNic && nics[port.fromNode].wakeWanted;
    }

    Partition& PartOf(PortId id)
    {
        return core.part(details[id].partition);
    }

    // Paths.
    const InteriorPath* FindPath(NicId from, NicId to) const;
    const InteriorPath& PathOf(NicId from, NicId to) const; ///< InputError when unreachable

    /// The link of a NIC, as built.
    const Topology::Link& LinkOf(NicId nic) const
    {
        return topology.links[nics[nic].up / 2];
    }

    uint64_t NextKey(fabric::Port& port, PortId id)
    {
        return core.Key(firstEntity + id, port.sequence++);
    }

    /// Serialisation time at a port, rounded up; ps.
    Tick TransmitTime(const fabric::Port& port, PortId id, uint32_t bytes) const
    {
        return port.psPerByte != 0 ? Tick{port.psPerByte} * bytes
                                   : details[id].rate.TransmitTime(bytes);
    }

    EventCore& core;
    const Topology& topology;
    const SwitchConfig& config;
    fabric::Scheduler scheduler;
    RandomFamily ecnDraws; ///< by PortId
    fabric::Routes routes;
    uint32_t routesVersion = 1; ///< in fabric::Plan
    std::vector<bool> linkUp;
    std::vector<bool> routedUp; ///< `linkUp` when the routes were made
    std::vector<bool> cut;      ///< by link: dead, but nobody knows
    std::function<void()> onReroute;
    fabric::OutageLog outages;
    fabric::NicCapacity nicCapacity;
    std::vector<fabric::Port, HugeAllocator<fabric::Port>> ports;
    fabric::ClassQueues queues;
    std::vector<fabric::PortDetails> details;   ///< by PortId
    std::vector<fabric::LinkErrors> linkErrors; ///< by PortDetails::errors
    std::vector<SwitchState> switches;
    std::vector<SwitchDetails> switchDetails;
    std::vector<NicState> nics;
    std::vector<Target> targets; ///< by NIC
    fabric::PacketDepot depot;
    std::vector<PartitionState> partitions;
    NetworkObserver* observer = nullptr;
    uint32_t portsDown = 0;
    bool cutThrough;
    bool hashes = false;        ///< load balancing is a hash of the flow
    bool limited;               ///< switches have a finite buffer
    bool waitsForTails = false; ///< some output may be faster than some input
    bool ideal;                 ///< R4: the one switch's latency depends on the pair
    uint8_t losslessClasses = 0;
    uint8_t ecnClasses = 0;
    uint8_t promptClass = kClasses; ///< the first of the strict ones, if never marked
    uint32_t firstEntity = 0;       ///< of the ports, for EventCore::Key
    uint32_t failureEntity;
    uint32_t failureSequence = 0;
    Tick rerouteDue = -1; ///< links that change together make one reroute
    std::vector<InteriorPath> paths;
    std::vector<uint32_t> pathOf; ///< [from][to] by NicState::pathLeaf
    size_t pathLeaves = 0;
    /// R4, where latency depends on size: [NIC][path leaf] when the latest packet may leave the big
    /// switch. A short packet must not overtake a long one that it would queue behind.
    std::vector<Tick> idealReady;

  private:
    void AddForwardingHandlers();
    void AddTransmitHandlers();
    /// An EventCore::PrepareFn.
    template <void (Impl::*Method)(const Event&)>
    static void Prepare(void* self, const Event* first, const uint8_t* which, size_t count)
    {
        for (size_t i = 0; i < count; ++i)
        {
            (static_cast<Impl*>(self)->*Method)(first[which[i]]);
        }
    }

    void PrepareArrivals(bool twice);
    void PrepareOthers(bool twice);
    void BuildPorts(const Partitioning& partitioning);
    void BuildSwitches();
    void BuildPaths();
    HandlerId m_onArrive;
    HandlerId m_onTail;
    HandlerId m_onReceive;
    HandlerId m_onPortFree;
    HandlerId m_onPause;
};

} // namespace heddle

#endif
