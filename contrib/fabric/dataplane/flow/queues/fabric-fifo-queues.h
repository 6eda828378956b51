// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-fifo-queues.h
// --------------------------
// First come, first served queues for streams of bits: what ports do to flows that nothing slows
// down. Exact for fluids, without packets.
//
//   FifoQueues queues(core, client);
//   uint32_t q = queues.AddQueue(400'000'000'000);
//   uint32_t f = queues.AddFlow({{q, FifoQueues::kWhole, 0}});
//   queues.SetInflow(part, f, rate);                   // from now on so many bits/s set out
//   queues.Commit(part);
//   queues.Send(part, f, cookie);                      // → client.OnThrough() when what has
//   entered
//                                                      //   so far has left the last queue
//
// A queue holds one number, its backlog: the integral of what comes in above what the port carries.
// A bit that enters behind a backlog Q leaves Q / C later. While a queue is backlogged its output
// is made up as its input was when those bits came: flows share a full port in the proportion in
// which they arrive, from hop to hop. Changes of the input reach the output through the queue, one
// segment after the other. The last queue of a path needs no output, so it costs O(1) per change.
//
// Rates are whole bits/s and their sums do not depend on the order of changes.
//
// With SetMarking() queues mark packets (ECN) as they leave, fabric-fifo-marking.cc: looked at once
// a microsecond while a backlog is above the lower threshold, with as many packets as a flow's rate
// makes up. The draws are keyed by flow and time.
//
// Where memory ends and senders have to pause: fabric-fifo-rooms.h.
//
// Ports that serve several classes have a queue for each, AddQueues(): fabric-fifo-classes.cc.
//
// Deviations: no drops; a flow that loads several queues in parallel
// passes them one after the other.

#ifndef HEDDLE_FABRIC_FIFO_QUEUES_H
#define HEDDLE_FABRIC_FIFO_QUEUES_H

#include "ns3/base-event-core.h"
#include "ns3/base-random.h"
#include "ns3/fabric-class-shares.h"
#include "ns3/fabric-fifo-rooms.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace heddle::fabric
{

class FifoClient
{
  public:
    virtual ~FifoClient() = default;
    /// Everything that had entered by Send() is through. `delays`: ps in every queue of the path;
    /// `travelled`: ps on the way, waiting aside.
    virtual void OnThrough(Partition& part,
                           uint32_t flow,
                           uint64_t cookie,
                           Tick travelled,
                           const std::vector<double>& delays) = 0;

    /// A hint: OnThrough() is near.
    virtual void Foresee(uint32_t /* flow */, uint64_t /* cookie */) const
    {
    }

    /// A packet of the flow has been marked. `waits`: ps until it has left the last queue, less
    /// what has gone by since (may be negative); `latency`: as in FifoQueues::Load.
    virtual void OnMarked(Partition&,
                          uint32_t /* flow */,
                          uint32_t /* queue */,
                          Tick /* latency */,
                          Tick /* waits */)
    {
    }
};

class FifoQueues
{
  public:
    static constexpr uint32_t kWhole = 1U << 16;

    struct Load
    {
        uint32_t queue;
        uint32_t share; ///< of the flow's rate; (0, kWhole]
        Tick latency;   ///< from the flow's source to here without waiting; never falling on a path
        uint32_t part = FifoRooms::kNone; ///< of the queue's, if it has rooms
    };

    /// How one port marks what leaves it; as ClassConfig.
    struct Marking
    {
        double kmin; ///< bits
        double kmax; ///< bits
        double pmax;
    };

    FifoQueues(EventCore& core, FifoClient& client);
    FifoQueues(const FifoQueues&) = delete;
    FifoQueues& operator=(const FifoQueues&) = delete;

    /// bits/s, > 0; of so many ports together that share its load evenly.
    uint32_t AddQueue(int64_t capacity, double ports = 1);
    /// … with one queue for each class, in order; the first. Capacity is that of all.
    uint32_t AddQueues(int64_t capacity, double ports, const std::vector<ClassTurn>& turns);
    uint32_t AddFlow(const std::vector<Load>& path);

    uint32_t QueueOf(uint32_t flow, size_t hop) const
    {
        return m_uses[m_flows[flow].first + hop].queue;
    }

    /// Whether the flow was added with that path.
    bool HasPath(uint32_t flow, const std::vector<Load>& path) const;

    /// At which the flow leaves its source from now on; bits/s, ≥ 0. With Commit().
    void SetInflow(Partition& part, uint32_t flow, int64_t rate);

    /// After one or several SetInflow() of one instant.
    void Commit(Partition& part);

    /// Of what enters from now on; for a port of several classes, of all that leaves from now on.
    void SetCapacity(Partition& part, uint32_t queue, int64_t capacity);

    /// A marker behind the last bit that has entered. `ahead`, [0, 1): how much of the others'
    /// packets that are coming in at that moment are not before it, as a fluid would have them, but
    /// behind.
    void Send(Partition& part, uint32_t flow, uint64_t cookie, double ahead);

    /// Told what arrives.
    void SetRooms(FifoRooms* rooms)
    {
        m_rooms = rooms;
    }

    /// Bits of a packet, for `ahead`. Default 0.
    void SetPacket(double bits)
    {
        m_packet = bits;
    }

    /// From now on; after SetPacket(), before the first SetInflow().
    void SetMarking(const Marking& marking);

    /// How long the next bit would wait; ps. Not of a port of several classes: nobody knows yet.
    Tick Delay(const Partition& part, uint32_t queue) const;

    /// Of what the flow sends now, the part that the queues on its way let through at once.
    double Pace(uint32_t flow) const;

    /// Bits that have come in so far.
    double Arrived(const Partition& part, uint32_t queue) const;

    /// Bits that wait now.
    double Backlog(const Partition& part, uint32_t queue) const;

    /// More comes in than leaves.
    bool Grows(uint32_t queue) const
    {
        return m_queues[queue].inflow > m_queues[queue].capacity;
    }

    /// For how long bits have waited so far; ps.
    Tick Waited(const Partition& part, uint32_t queue) const;

  private:
    /// A flow at one queue of its path.
    struct Use
    {
        uint32_t queue;
        uint32_t share;
        uint32_t flow;
        bool last;
        Tick way;                ///< from the queue before, or the source
        Tick latency;            ///< from the source
        double packets = 0;      ///< the part of the next packet that has left, [0, 1)
        uint32_t told = 0;       ///< changes on their way so far
        uint32_t heard = 0;      ///< number of the latest that has come
        int64_t in = 0;          ///< arrival rate
        int64_t out = 0;         ///< arrival rate of what leaves now
        int64_t passed = 0;      ///< the rate at which it leaves
        uint32_t position = ~0U; ///< among the queue's members, while out > 0
        uint32_t part = FifoRooms::kNone;
    };

    struct Flow
    {
        uint32_t first; ///< into m_uses
        uint32_t count;
    };

    /// Input from `at` on, on its way through the queue.
    struct Segment
    {
        Tick at;
        bool backlogged;
        int64_t capacity;
        std::vector<std::pair<uint32_t, int64_t>> changes; ///< (use, arrival rate)
    };

    struct Queue
    {
        int64_t capacity;
        double ports;
        bool onward = false;                ///< some path goes on behind it
        uint32_t server = FifoRooms::kNone; ///< of a class, if its port has several
        int64_t inflow = 0;                 ///< bits/s
        double backlog = 0;                 ///< bits at `since`
        double arrived = 0;                 ///< bits until `since`
        double waited = 0;                  ///< with a backlog, until `since`; ps
        Tick since = 0;
        Tick emptyAt = kForever; ///< if nothing changes
        Tick armed = kForever;   ///< its earliest event for that
        Tick lookAt = kForever;  ///< at the next packets that leave, whether they are marked
        std::deque<Segment> segments;
        // What leaves.
        int64_t outInflow = 0;
        int64_t outCapacity = 0;
        bool full = false; ///< the output carries outCapacity, else all that came in
        std::vector<uint32_t> members;
    };

    struct Figures
    {
        double backlog; ///< bits
        double waited;  ///< see Queue
    };

    /// Changes on their way to the next queues, all equally far.
    struct Batch
    {
        struct Entry
        {
            uint32_t use;
            uint32_t number;
            int64_t rate;
        };

        Tick way;
        std::vector<Entry> entries;
    };

    struct Marker
    {
        uint32_t flow;
        uint32_t hop;
        bool there; ///< at that queue, not on its way to it
        uint64_t cookie;
        double ahead;
        Tick travelled;
        std::vector<double> delays;
        uint32_t marked = FifoRooms::kNone; ///< a marked packet: the use where it was; else kNone
    };

    /// A class of a port, what it is given is its queue's capacity.
    struct Server
    {
        /// The next segment of the output, or a marker, once so much has left.
        struct Item
        {
            double target; ///< bits that have left, since ever
            Tick since;
            uint32_t marker; ///< kNone: a segment
        };

        uint32_t queue;
        uint32_t port;
        std::deque<Item> items; ///< by target
        Tick due = kForever;    ///< of the first
    };

    /// Of several classes.
    struct Port
    {
        int64_t capacity;
        uint32_t first; ///< of its servers
        std::vector<ClassTurn> turns;
        bool telling = false; ///< what it gives is told 1 ps later
    };

    static int64_t Part(int64_t rate, uint32_t share);
    static Figures FiguresAt(const Queue& queue, Tick now);
    static void Update(Queue& queue, Tick now);
    void Tell(uint32_t use, int64_t rate);
    void Change(Partition& part, uint32_t use, int64_t rate);
    void OnChanges(Partition& part, const Event& event);
    void Schedule(Partition& part, Tick at, HandlerId handler, uint32_t entity, uint64_t arg);

    // fabric-fifo-output.cc
    Segment& OpenSegment(Partition& part, uint32_t id);
    void PredictEmpty(Partition& part, uint32_t id);
    void Apply(Queue& queue, uint32_t use, int64_t rate);
    int64_t Leaving(const Queue& queue, const Use& use) const;
    void PassOn(const Queue& queue);
    void PassOn(const Queue& queue, uint32_t use);
    void ArmEmpty(Partition& part, uint32_t id);
    void OnOutput(Partition& part, const Event& event);
    void OnEmpty(Partition& part, const Event& event);
    void Output(Partition& part, uint32_t id);

    // fabric-fifo-classes.cc
    bool Adopt(Partition& part, const Port& port);
    void Reshare(Partition& part, uint32_t port);
    static double Left(const Queue& queue, double target);
    void Await(Partition& part, uint32_t id, double target, uint32_t marker);
    void ArmServer(Partition& part, uint32_t server);
    void OnDue(Partition& part, const Event& event);
    void OnShares(Partition& part, const Event& event);
    Tick PassShared(Partition& part, uint32_t marker);
    double Blocked(const Partition& part, uint32_t use) const;

    // fabric-fifo-markers.cc
    uint32_t TakeMarker(uint32_t flow);
    void SendMarked(Partition& part, uint32_t use, Tick ago);
    void Pass(Partition& part, uint32_t marker);
    void Finish(Partition& part, uint32_t marker);
    void OnMarker(Partition& part, const Event& event);
    void ForeseeMarker(const Event& event) const;
    void ForeseePass(const Event& event) const;

    // fabric-fifo-marking.cc
    void PredictMarks(Partition& part, uint32_t id);
    void OnLook(Partition& part, const Event& event);
    void Look(Partition& part, const Queue& queue, uint32_t use, double probability, double turn);
    Tick WaitsBehind(const Partition& part, uint32_t use) const;

    EventCore& m_core;
    FifoClient& m_client;
    FifoRooms* m_rooms = nullptr;
    std::vector<Queue> m_queues;
    std::vector<Server> m_servers;
    std::vector<Port> m_sharedPorts;
    std::vector<int64_t> m_wanted; ///< scratch: bits/s, by class of a port
    std::vector<int64_t> m_shares; ///< …
    std::vector<Flow> m_flows;
    std::vector<Use> m_uses;
    std::vector<Batch> m_batches;
    std::vector<Batch::Entry> m_arriving; ///< scratch
    std::vector<std::vector<std::pair<uint32_t, int64_t>>> m_spareChanges;
    std::vector<uint32_t> m_freeBatches;
    std::vector<uint32_t> m_open; ///< batches that Commit() sends
    std::vector<Marker> m_markers;
    std::vector<uint32_t> m_freeMarkers;
    double m_packet = 0;
    std::optional<Marking> m_marking;
    RandomStream m_draws;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onOutput;
    HandlerId m_onEmpty;
    HandlerId m_onMarker;
    HandlerId m_onChanges;
    HandlerId m_onLook;
    HandlerId m_onDue;
    HandlerId m_onShares;
};

} // namespace heddle::fabric

#endif
