// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-fused.h
// ----------------------
// Communication at flow level: every collective, and every send with its receive, is one coupled
// flow over NIC, fabric and scale-up ports, or a few one after the other (fabric-coflow-network.h,
// training-fused-phase.h). No messages, no connections, no chunks: the cost of a collective does
// not depend on its size.
//
// It begins when its last member has arrived (software latency included), and all members finish
// it together. A send without a window (slots = 0) begins alone, its receiver may come later.
// Shapes are kept: calls of a communicator that differ in nothing but their number share one.
//
// Deviations from the level of messages: members that arrive early exchange nothing before the last
// is there; members of an uneven all-to-all all wait for the busiest port; a broadcast's root waits
// for everybody.

#ifndef HEDDLE_TRAINING_FUSED_H
#define HEDDLE_TRAINING_FUSED_H

#include "ns3/training-engine.h"
#include "ns3/training-fused-shape.h"

#include <map>
#include <tuple>
#include <vector>

namespace heddle::training
{

class FusedComms : public CoflowClient
{
  public:
    /// `routes` null with infinite scale-out.
    FusedComms(Engine& engine, FlowRoutes* routes);

    /// The member of `task` is there.
    void Arrive(Partition& part, TaskId task, ActivityRef ref);

    void OnDrained(Partition& part, uint32_t coflow, const CoflowTimes& times) override;

    /// Before the next step: nobody has arrived anywhere.
    void Reset()
    {
        m_states.assign(m_states.size(), State{});
    }

    /// Paths have changed.
    void OnRoutes(Partition& part);

    /// "; waits for ranks 3, 5" of a task that has arrived.
    std::string WhyWaits(TaskId task) const;

    CoflowNetwork& network()
    {
        return m_network;
    }

  private:
    struct Phase
    {
        uint32_t coflow = kNone; ///< none: no port is busy
        bool scaleOut = false;
        FusedTime head;
        FusedTime tail;
        FusedTime pace;
    };

    /// A kept shape.
    struct Known
    {
        std::vector<Phase> phases;
        bool stale = false;       ///< made before paths changed
        uint32_t meeting = kNone; ///< that runs, or ran last
        uint64_t messages = 0;
        uint64_t scaleOutBytes = 0;
        uint64_t scaleUpBytes = 0;
        bool scaleOut = false;
        uint8_t trafficClass = kConfiguredClass;
    };

    struct State ///< of a meeting
    {
        uint32_t arrived = 0;
        uint32_t shape = kNone;
        uint32_t phase = 0;
        Tick start = 0;
        ActivityRef last; ///< who let it start
        std::array<double, FusedActivity::kParts> parts{};
        double congestion = 0; ///< of the phase that has most
        PortId culprit = ~0U;  ///< … of it
        ActivityRef done;      ///< None: not finished
        Tick began = 0;        ///< the phase
        struct Drained         ///< the latest phase over NICs whose last bit has left
        {
            uint32_t phase = kNone;
            Tick began = 0;
            Tick at = 0;
        } drained;
        Tick received = 0;     ///< not before; of the phase
        Tick acknowledged = 0; ///< … of all
    };

    /// A link is dead and the routes do not know.
    struct Outage
    {
        uint32_t link;
        Tick from;
        Tick until;
        std::map<uint32_t, std::vector<FusedPhase>> phases{}; ///< by shape: on the paths of before
    };

    /// (group, kind, bytes, root or receiver, sender, meeting if uneven, traffic class).
    using Key = std::tuple<uint32_t, CollectiveKind, uint64_t, Rank, Rank, uint32_t, uint8_t>;

    uint32_t CountChannels();
    const FusedShape& MakeShape(uint32_t meeting);
    uint32_t ShapeOf(uint32_t meeting);
    void Load(Known& known, uint32_t index, const FusedShape& shape);
    void StartPhase(Partition& part, uint32_t meeting);
    static void Book(State& state, const Phase& phase, const CoflowTimes& times);
    void Launch(Partition& part, uint32_t meeting, ActivityRef ref);
    // training-fused-failure.cc
    void OnFailure(Partition& part, uint32_t link);
    void LoseTail(const Partition& part, uint32_t meeting, Outage& outage, bool inFlight);
    const std::vector<FusedPhase>& Watched(const Partition& part, uint32_t meeting, Outage& outage);
    bool UnderWay(uint32_t shape) const;

    void OnBegin(Partition& part, const Event& event);
    void OnEnd(Partition& part, const Event& event);
    void Finish(Partition& part, uint32_t meeting);
    void Complete(Partition& part, TaskId task, ActivityRef ref);
    static FusedActivity Describe(const State& state, Tick end);
    void Schedule(Partition& part, double delay, HandlerId handler, uint32_t meeting);

    Engine& m_engine;
    CoflowNetwork m_network;
    FlowRoutes* m_routes;
    std::unique_ptr<FusedShaper> m_shaper;
    std::vector<Outage> m_outages;
    std::vector<Known> m_shapes;
    std::vector<uint32_t> m_shapeOf; ///< by coflow; its phase is the meeting's
    std::map<Key, uint32_t> m_byKey;
    std::vector<State> m_states; ///< by meeting
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onBegin;
    HandlerId m_onEnd;
};

} // namespace heddle::training

#endif
