// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-flow-network.h
// ---------------------------
// The flow level: a network whose unit is the flow, a stream of bits at a rate. Rates are max-min
// fair over the ports that flows load (fabric-max-min.h, fabric-flow-paths.h) and change when flows
// start, stop, or links fail. No packets.
//
//   FlowNetwork net(core, topology, config);
//   net.SetClient(&client);
//   uint32_t f = net.Connect(from, to, entropy);       // before the run
//   net.Start(part, f, bits);                          // → client.OnDrained() when all have left;
//                                                      //   what it returns follows without a gap
//
// Changes of one instant make one recomputation, of the component of flows that they touch. After
// one, a component of n flows rests for n · restPerFlow: changes in between wait, and a flow that
// starts in between takes a provisional rate. So rates are exactly max-min for few flows, and late
// by a few microseconds for thousands, at a cost in proportion to time, not to time times changes.
//
// Where nothing slows senders down (`shareByArrival`), rates are not max-min fair: every NIC sends
// its flows in turn at its full rate, and the ports ahead queue what they cannot carry
// (fabric-fifo-queues.h), until the sender's window is full. Queues stay when routes change. With
// more flows than kMostQueued the rates are max-min with arrival as weight.
//
// Senders that marks slow down (`controlled`) have a limit each, SetLimit(): a NIC's port takes
// turns among them as far as their limits go, queues mark what they send (FlowClient::OnMarked()).
//
// A port carries data at its full rate; where the same NIC also receives data, the
// acknowledgements that it returns take `ackShare` of its port; where few flows spread over paths,
// `reorderedAckShare` (selective repeat acknowledges every packet that comes out of order).
//
// Traffic classes, where flows have several, by SwitchConfig::classes: where ports queue, each has
// a queue of its own at every port, and its turns at NICs (fabric-class-shares.h); else, and with
// NICs of several ports, rates are max-min with fabric-class-weights.h.
//
// NICs of several ports: a flow has a port of its own, or all in equal parts; then it leaves a dead
// one at once, at both ends. Which ports of two NICs go together: fabric-port-pairs.h. Where a hash
// of the flow picks paths, each of those parts has one of its own (fabric-flow-lanes.cc). Full
// switches do not make such NICs pause.
//
// Deviations: rates change at once (no round trips); under congestion control sharing at a full
// port is equal per flow whatever its queueing; NIC ports alone can pause a flow that spreads over
// several paths when a link fails; one partition only.

#ifndef HEDDLE_FABRIC_FLOW_NETWORK_H
#define HEDDLE_FABRIC_FLOW_NETWORK_H

#include "ns3/fabric-class-shares.h"
#include "ns3/fabric-class-weights.h"
#include "ns3/fabric-fifo-queues.h"
#include "ns3/fabric-fifo-rooms.h"
#include "ns3/fabric-flow-client.h"
#include "ns3/fabric-flow-paths.h"
#include "ns3/fabric-flow-records.h"
#include "ns3/fabric-max-min.h"
#include "ns3/fabric-nic-capacity.h"
#include "ns3/fabric-port-pairs.h"
#include "ns3/fabric-spray-waits.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace heddle
{

class FlowNetwork :
    public fabric::FifoClient,
    public fabric::RoomClient,
    private fabric::FlowRecords
{
  public:
    /// `topology` must outlive it. Throws InputError.
    FlowNetwork(EventCore& core, const Topology& topology, const FlowNetworkConfig& config);
    FlowNetwork(const FlowNetwork&) = delete;
    FlowNetwork& operator=(const FlowNetwork&) = delete;

    void SetClient(FlowClient* client)
    {
        m_client = client;
    }

    /// A flow at rest between two NICs (not ports). Before the first Start().
    uint32_t Connect(NicId from, NicId to, uint32_t entropy, const FlowPortUse& use = {});

    /// The flow's traffic class, 0 … 7; 0 at first. Before the first Start(). Flows that are all in
    /// one class, whichever, are as without classes.
    void SetClass(uint32_t flow, unsigned trafficClass);

    /// The flow is at rest; bits > 0.
    void Start(Partition& part, uint32_t flow, uint64_t bits);

    /// The most that the flow may send from now on; bits/s on the wire, ≥ 0. At first any rate.
    void SetLimit(Partition& part, uint32_t flow, int64_t limit);

    /// What it has sent so far; bits.
    double SentBits(const Partition& part, uint32_t flow);

    /// Both directions; routes follow after Topology::rerouteDelay.
    void SetLinkUp(uint32_t link, bool up);
    /// The link goes dead; routes follow only when SetLinkUp(link, false) says so.
    void CutLink(uint32_t link);

    /// The link's rate from now on, both directions, > 0. NicRate() and UnloadedLatency() stay as
    /// built; a balancer that avoids queues spreads by the new rates at once.
    void SetLinkRate(uint32_t link, BitRate rate);

    /// Between two NICs, over ports that the network joins.
    Tick UnloadedLatency(NicId from, NicId to, uint32_t wireBytes) const;

    /// Of one port; as built.
    BitRate PortRate(NicId nic) const
    {
        return m_topology.links[m_paths.PortOf(nic * m_ports) / 2].rate;
    }

    /// The same before any failure, one that was there from the start too.
    BitRate BuiltPortRate(NicId nic) const
    {
        return m_topology.links[m_paths.PortOf(nic * m_ports) / 2].BuiltRate();
    }

    const Topology& topology() const
    {
        return m_topology;
    }

    /// See Network::Lost().
    LostCapacity Lost(NicId nic, Tick since, Tick until) const
    {
        return m_nicCapacity.Lost(nic, since, until);
    }

    /// A message was posted behind others and will leave at `leaves` at the earliest.
    void HearOfMore(Partition& part, uint32_t flow, Tick leaves);

    /// Some link's state is not in the routes.
    bool unrouted() const
    {
        return m_unrouted;
    }

    /// Dead links between switches that a flow's packets may come to.
    struct Outage
    {
        double data = 0;    ///< probability that a packet does, [0, 1]
        double answers = 0; ///< … that an acknowledgement does
        Tick from = 0;      ///< since when
        Tick until = 0;     ///< until the routes know
        double wait = 0;    ///< of its packets where they are sprayed, mean; ps
    };

    /// Now; nothing where no routes will follow.
    Outage OutageOf(uint32_t flow);

    /// From a lost packet to its next transmission, when later ones are acknowledged; ps.
    double RepairTime(uint32_t flow) const;

    /// The rate of a flow now; bits/s, 0 at rest.
    int64_t RateOf(uint32_t flow) const
    {
        return m_queued ? m_flows[flow].rate : m_maxMin.rate(flow);
    }

    /// The first flow to give up, if any has: the core was stopped then.
    const std::optional<FlowFailure>& failure() const
    {
        return m_failure;
    }

    /// Bytes that each port has carried so far, by PortId. Of flows that have drained at least
    /// once.
    std::vector<double> PortBytes();

    uint64_t recomputations() const
    {
        return m_recomputations;
    }

  private:
    /// Flows into one NIC beyond which packets of one flow are too far apart to overtake each
    /// other. Measured at packet level: 99 % of packets acknowledged one by one with 1 flow, 6 %
    /// (no more than in order) with 31 of an all-to-all.
    static constexpr size_t kReorderingFlows = 4;

    /// Argument of a solve event: of one port, whose acknowledgements may have changed.
    static constexpr uint64_t kLookAgain = 1;

    // fabric-flow-rates.cc
    void Insert(Partition& part, uint32_t flow);
    void Withdraw(Partition& part, uint32_t flow);
    void Touch(Partition& part, uint32_t resource);
    void TouchLoads(Partition& part, uint32_t flow);
    void OnSolve(Partition& part, const Event& event);
    void SetCapacities(const std::vector<uint32_t>& flows);
    double AckShare(const Resource& resource) const;
    void WeighByArrival(const std::vector<uint32_t>& flows);
    uint32_t ArrivalWeight(uint32_t flow) const;
    void Adopt(const Partition& part, const std::vector<uint32_t>& flows, Tick asOf);
    void ArmSoon(Partition& part, uint32_t leader);
    void OnScan(Partition& part, const Event& event);

    // fabric-flow-network.cc
    FlowWaits TakeWaits(uint32_t flow);
    void OnFinish(Partition& part, const Event& event);
    void ForeseeFlow(const Event& event) const;
    void ForeseeFinish(const Event& event) const;
    void Settle(uint32_t flow, Tick until);
    void Predict(uint32_t flow);
    void PredictMark(uint32_t flow);
    void Arm(Partition& part, uint32_t flow);
    void Schedule(Partition& part, Tick at, HandlerId handler, uint32_t entity, uint64_t arg);

    // fabric-flow-classes.cc
    uint8_t LevelOf(uint32_t flow) const;
    void SettleClasses();
    void WeighByClass(const std::vector<uint32_t>& flows);
    uint32_t ClassAt(uint32_t flow) const;
    void ShareByClass(Partition& part, uint32_t resource, int64_t carried);

    // fabric-flow-queues.cc, fabric-flow-chunks.cc
    bool MayQueue() const;
    void AddQueues(const std::vector<Stops>& stopsOfFlow);
    double TakeChunk(uint32_t flow, double bits);
    void Share(Partition& part, uint32_t resource, bool again);
    void TakeTurn(Partition& part,
                  uint32_t flow,
                  uint32_t resource,
                  int64_t turn,
                  double turns,
                  double unheld);
    int64_t Turn(const std::vector<uint32_t>& flows, int64_t capacity);
    int64_t QueueRate(const Resource& resource) const;
    int64_t RateLeft(const Resource& resource) const;
    void SendMarker(Partition& part, uint32_t flow, bool last);
    uint32_t NewTransit();
    void OnThrough(Partition& part,
                   uint32_t flow,
                   uint64_t cookie,
                   Tick travelled,
                   const std::vector<double>& delays) override;
    void Foresee(uint32_t flow, uint64_t cookie) const override;
    void OnMarked(Partition& part,
                  uint32_t flow,
                  uint32_t queue,
                  Tick latency,
                  Tick waits) override;
    void OnCredit(Partition& part, const Event& event);
    void OnChunk(Partition& part, uint32_t flow);
    void Continue(Partition& part, uint32_t flow);
    uint32_t QueueFor(uint32_t resource);

    // fabric-flow-rooms.cc
    void AddRooms();
    void AddRoomsOf(uint32_t queue, const std::vector<PortId>& ports);
    uint32_t PartOf(const Stop& stop, uint32_t inClass);

    Hold& HoldOf(PortId port, uint32_t inClass)
    {
        return m_holds[port * m_turns.size() + inClass];
    }

    void OnHeldBack(Partition& part, uint32_t ingress, int64_t rate, uint32_t queue) override;

    // fabric-flow-lanes.cc
    bool Splits() const;
    std::vector<std::pair<NicId, NicId>> PortsOf(const FlowDetails& flow) const;
    void FindOwnPorts(const std::vector<Loads>& loadsOf);
    void SetPath(uint32_t flow, Lane& lane, const std::vector<fabric::FifoQueues::Load>& path);
    void AddLanes(uint32_t flow, const Stops& stops);
    void SetInflow(Partition& part, uint32_t flow, int64_t rate);
    void Send(Partition& part, uint32_t flow, uint32_t cookie, double ahead);
    std::vector<uint32_t> FlowsOver(const std::vector<uint32_t>& ports) const;
    void TakeTurns(const std::vector<uint32_t>& ports, const std::vector<uint32_t>& flows);

    // fabric-flow-losses.cc
    double Arriving(const std::vector<fabric::FlowPaths::StageId>& stages) const;
    double Arriving(fabric::FlowPaths::StageId stage) const;
    void FindLoss(uint32_t flow);
    double Unanswered(uint32_t flow);
    Tick RoundTrip(const FlowDetails& flow) const;
    double LossLate(const Partition& part, uint32_t flow) const;

    // fabric-flow-stragglers.cc
    void SendStraggler(Partition& part, uint32_t flow, const Lane& lane);
    void OnStraggler(Partition& part, uint32_t flow, Tick travelled);
    void PassMessage(Partition& part, uint32_t flow, bool onLatestPath, const FlowWaits& waits);

    // fabric-flow-spray.cc
    void FindSprayStages(FlowDetails& flow);
    void JoinSprays();
    PortId Joined(PortId port) const;
    uint32_t SprayGroup(fabric::FlowPaths::StageId stage);
    void FindSprays();
    void PairSprays();
    uint32_t SprayedHops(uint32_t flow) const;
    void TellFluid(const Partition& part, uint32_t group);
    void TellFluids(const Partition& part);
    void TellSpray(const Partition& part, uint32_t flow);
    void SprayLate(Partition& part, uint32_t flow, Transit& transit);
    double SprayLateBehind(Partition& part, uint32_t flow, const Transit& transit);
    double AcksOf(uint32_t flow) const;
    double SprayedOver(const Partition& part,
                       uint32_t flow,
                       double bits,
                       uint32_t from,
                       uint32_t to);

    // fabric-flow-construction.cc
    void Build();
    void MakeResources(std::vector<Loads>& loadsOf);
    void AddPartners();
    void FindUseful(const std::vector<Loads>& loadsOf);
    bool PathIsUp(uint32_t flow);
    bool LeavesNic(PortId port) const;
    void FindStages(FlowDetails& flow);
    PortPairs PairsOf(const FlowDetails& flow) const;

    bool AnyPort(const FlowDetails& flow) const
    {
        return flow.ports && !flow.ports->use.pick;
    }
    void Flush(uint32_t flow);

    // fabric-flow-failure.cc, fabric-flow-recovery.cc
    void SetState(Partition& part, uint32_t link, bool up);
    void SettleAll(Partition& part);
    std::vector<bool> KnownUp() const;
    void Suspend(Partition& part, uint32_t flow);
    void GoDown(Partition& part, uint32_t flow);
    bool OwnPortDown(const FlowDetails& flow);
    void OnGivingUp(Partition& part, const Event& event);
    bool StillSending(uint32_t flow, Tick now);
    void RecoverAt(Partition& part, uint32_t flow, Tick at);
    void Revive(Partition& part);
    void OnReroute(Partition& part, const Event& event);
    void Rebuild(Partition& part);
    bool Spreads() const;
    bool Resize(Partition& part, PortId port);
    void OnRecovered(Partition& part, const Event& event);

    EventCore& m_core;
    const Topology& m_topology;
    FlowNetworkConfig m_config;
    fabric::FlowPaths m_paths;
    fabric::NicCapacity m_nicCapacity;
    fabric::MaxMin m_maxMin;
    FlowClient* m_client = nullptr;
    std::vector<Flow> m_flows;
    std::vector<FlowDetails> m_details;
    std::vector<Resource> m_resources;
    std::vector<uint32_t> m_resourceOf;  ///< by PortId; kNone if nobody uses it
    std::vector<double> m_largestShare;  ///< by PortId: of a flow
    std::vector<Component> m_components; ///< by leader
    std::vector<bool> m_linkUp;
    std::vector<bool> m_cut;                          ///< by link: down, but nobody knows
    std::vector<bool> m_routedUp;                     ///< as the routes were made
    uint32_t m_ports;                                 ///< of a NIC
    std::vector<double> m_stageBits;                  ///< carried, by stage
    std::vector<fabric::FlowPaths::StageId> m_stages; ///< scratch
    std::vector<uint32_t> m_seeds;                    ///< scratch
    std::vector<double> m_offered;                    ///< scratch: bits/s, by resource
    std::vector<uint8_t> m_classOf;                   ///< by flow; empty: all in one
    fabric::ClassWeights m_classWeights;
    std::vector<fabric::ClassTurn> m_turns{{0, 1}}; ///< of the classes in use
    std::array<uint8_t, kClasses> m_classAt{};      ///< … their places there
    std::vector<uint32_t> m_levelOf{0};             ///< by place: how many levels are below
    uint32_t m_levels = 1;
    std::vector<std::vector<uint32_t>> m_flowsOfClass; ///< scratch: by place
    std::vector<int64_t> m_wanted;                     ///< …
    std::vector<int64_t> m_shares;                     ///< …
    std::vector<int64_t> m_unheldShares;               ///< …
    bool m_built = false;
    bool m_unrouted = false;     ///< some link's state is not in the routes
    Tick m_deadSince = 0;        ///< … the first of these
    Tick m_rerouteDue = -1;      ///< links that change together make one reroute
    uint32_t m_pathsVersion = 1; ///< counts changes of links and routes
    uint16_t m_generation = 0;   ///< of resources; events of older ones mean nothing
    bool m_queued = false;       ///< ports queue; else rates are max-min
    std::unique_ptr<fabric::FifoQueues> m_fifo;
    std::unique_ptr<fabric::FifoRooms> m_rooms;                ///< null: nobody is asked to pause
    std::map<std::pair<bool, uint32_t>, uint32_t> m_ingressOf; ///< by (queue or port, which)
    std::vector<std::pair<bool, uint32_t>> m_ingresses;        ///< … the other way round
    std::vector<std::vector<PortId>> m_portsOfQueue;
    std::vector<Hold> m_holds;       ///< by port of a NIC and class, that has to pause
    std::vector<uint32_t> m_queueOf; ///< by resource; kNone: no queue
    std::map<std::vector<PortId>, uint32_t> m_queueByPorts;
    std::vector<std::pair<PortId, FlowWaits::Cause>> m_queues; ///< by queue
    uint32_t m_lanes = 1;                                      ///< of a flow
    std::vector<Lane> m_laneOf;                                ///< m_lanes for each flow
    std::vector<int64_t> m_turnOf;                             ///< by flow: see TakeTurns()
    /// Of NICs whose flows do not all use the same ports: these as resources, by the first.
    std::map<uint32_t, std::vector<uint32_t>> m_ownPorts;
    std::vector<uint32_t> m_flowOfStream; ///< by flow of m_fifo
    std::vector<Transit> m_inTransit;     ///< chunks in queues, by cookie
    std::vector<uint32_t> m_freeTransit;
    std::unique_ptr<fabric::SprayWaits> m_spray; ///< null: nobody sprays
    uint32_t m_sprayLanes = 1;                   ///< of which m_spray has the first
    std::vector<fabric::SprayWaits::Step> m_sprays;
    /// By flow, into m_sprays: its own level at every hop, then that of each level below.
    std::vector<uint32_t> m_firstSpray;
    std::vector<PortId> m_joined; ///< by port: another of its set, or the one that names it
    std::map<PortId, std::vector<PortId>> m_sprayPorts; ///< by the one that names the set
    std::map<PortId, uint32_t> m_sprayGroupOf;          ///< … first of m_levels, the lowest
    std::vector<uint32_t> m_sprayResource;              ///< by group
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    uint64_t m_recomputations = 0;
    HandlerId m_onSolve;
    HandlerId m_onScan;
    HandlerId m_onFinish;
    HandlerId m_onReroute;
    HandlerId m_onRecovered;
    HandlerId m_onGivingUp;
    std::optional<FlowFailure> m_failure;
    HandlerId m_onCredit;
};

} // namespace heddle

#endif
