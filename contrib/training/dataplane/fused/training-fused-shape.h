// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-fused-shape.h
// ----------------------------
// From a collective call, or a send with its receive, to its phases (training-fused-phase.h).
//
//   FusedShaper shaper({&expander, &routes, …}, ranks);
//   for (const FusedPhase& phase : shaper.Shape(call, group).phases) …

#ifndef HEDDLE_TRAINING_FUSED_SHAPE_H
#define HEDDLE_TRAINING_FUSED_SHAPE_H

#include "ns3/rdma-flow-routes.h"
#include "ns3/training-fused-phase.h"
#include "ns3/training-fused-tree.h"
#include "ns3/training-job.h"

#include <vector>

namespace heddle::training
{

/// What of a world counts for shapes.
struct FusedWorld
{
    const Expander* expander;
    FlowRoutes* routes; ///< null: infinite scale-out
    ScaleUpModel scaleUp;
    bool infiniteScaleUp;
    uint32_t firstScaleUpPort; ///< 2 a rank: out, in
    Tick stepUp;               ///< software latencies, ps
    Tick stepOut;
    uint32_t slots;
    uint32_t channels; ///< of a group, for the numbers of queue pairs
};

/// Makes shapes, one after the other.
class FusedShaper : private FusedSink
{
  public:
    FusedShaper(const FusedWorld& world, Rank ranks);

    /// `group`: Plan::GroupOf. Valid until the next call.
    const FusedShape& Shape(const CollectiveCall& call, uint32_t group);
    const FusedShape& ShapeSendRecv(Rank from, Rank to, uint64_t bytes, uint32_t group);

  private:
    struct EdgeTime
    {
        FusedTime latency; ///< network
        FusedTime message; ///< one message's serialisation
        double step;       ///< software
        double grant;      ///< clear-to-send
        double ack;        ///< beyond the delivery
    };

    struct Hop ///< of a ring
    {
        FusedTime time; ///< α + w
        Rank from;
        Rank to;
        uint32_t queuePair;
        bool scaleOut;
    };

    struct RingTime
    {
        FusedPattern pattern;
        uint32_t first; ///< of m_hops
        uint32_t edges;
        FusedTime latency; ///< longest
        FusedTime message; ///< longest
        double bits;       ///< of it, over NICs
        bool crosses;
    };

    void OnPhase(FusedAfter after) override;
    void OnPattern(const FusedPattern& pattern) override;
    void OnPipeline(const FusedPipeline& pipeline) override;
    void OnEdge(const FusedEdge& edge) override;
    bool WantsChannels() const override;
    void Begin(uint32_t group);
    const FusedShape& Finish();
    void EndPattern();
    void EndPhase(FusedAfter after);
    void NoteWindow(const FusedEdge& edge, const EdgeTime& time);
    uint32_t QueuePairOf(const FusedEdge& edge) const;
    FusedTime LongestRun(const RingTime& ring, uint32_t hops) const;
    void AddRing(const RingTime& ring);
    void NoteTree();
    void NoteTreeEdge(const FusedEdge& edge, const EdgeTime& time);
    void AddTree(FusedAfter after);
    EdgeTime TimeOf(const FusedEdge& edge);
    void AddScaleUp(Rank from, Rank to, uint64_t bytes);

    FusedWorld m_world;
    uint32_t m_queuePairs; ///< per connection
    FusedShape m_shape;
    FusedPhase m_phase;
    uint32_t m_group = 0;
    FusedPattern m_pattern;
    uint32_t m_edges = 0; ///< of the pattern
    FusedTime m_sum;      ///< over its edges: α + w
    FusedTime m_most;     ///< … of α + w
    FusedTime m_mostMessage;
    double m_mostBits = 0; ///< of a message over NICs
    FusedTime m_mostTail;  ///< network latency
    FusedTime m_mostAcked; ///< … with its acknowledgement
    FusedTime m_mostHop;   ///< network and software latency
    double m_mostStep = 0;
    double m_mostGrant = 0;
    bool m_crosses = false;    ///< some of its edges are scale-out
    bool m_together = false;   ///< some messages of the phase wait for nothing
    bool m_waits = false;      ///< … some for others
    FusedTime m_acked;         ///< of the phase
    double m_sumMessages = 0;  ///< scale-out serialisation, ps
    std::vector<double> m_out; ///< scale-up bits by rank
    std::vector<double> m_in;
    std::vector<uint32_t> m_streams; ///< by rank: leaving its NIC
    FusedTime m_chain;               ///< longest, but for messages that share a NIC
    std::vector<Hop> m_hops;         ///< of the phase, ring by ring
    std::vector<RingTime> m_rings;   ///< of the phase
    double m_aTurn = 0;    ///< bits that all of them send while one of their messages goes round
    bool m_inTree = false; ///< edges are trees', those on the longest ways and the others
    TreePipeline m_trees;  ///< of the phase
    std::vector<TreePipeline::Way> m_up; ///< the latest edge's way up, until its way down comes
    FusedTime m_treeLatency;             ///< of the longest way, but for one hop's
    double m_chainMessages = 0;          ///< … the time of these alone, ps
    std::vector<Rank> m_touched;         ///< of m_out and m_in
    std::vector<Rank> m_senders;         ///< of m_streams
};

} // namespace heddle::training

#endif
