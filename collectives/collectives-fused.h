// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-fused.h
// -------------------------
// A collective as a whole, for models whose unit is not the message: which bytes cross which edge
// between two ranks, and how the messages of those edges wait for each other. Bytes, channels and
// relays as the expansion has them (collectives-schedule.h), without making it.
//
//   struct Sum : FusedSink { void OnEdge(const FusedEdge& e) override { bytes += e.bytes; } … };
//   expander.Fuse(call, sink);
//
// The edges of a pattern follow it:
//
//   Independent  nothing waits: all-to-all "direct", send/recv
//   Ring         the edges of one ring, in order; messages go round, `steps` hops each, in `loops`
//                turns one after the other, in `slices` independent pipelines
//   Chain        edges in order; messages follow each other along all of them (broadcast)
//   Tree         the longest way through a tree, each edge up and then down; its other edges follow
//                as Independent, alike. Messages of an edge go up when those of the edges below
//                have come, and down when they have from above
//
// Patterns of one phase run at the same time. A phase begins when the one before has ended:
//
//   "hierarchical" with chunks: passes inside the domains over the first batch of blocks; then the
//   rings over the domains, beside the other passes inside; then the passes over the last batch.
//
// What inside a phase must wait for each other besides, a FusedPipeline says.

#ifndef HEDDLE_COLLECTIVES_FUSED_H
#define HEDDLE_COLLECTIVES_FUSED_H

#include "ns3/collectives-schedule.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace heddle
{

struct FusedPattern
{
    enum class Kind : uint8_t
    {
        Independent,
        Ring,
        Chain,
        Tree,
    };

    Kind kind = Kind::Independent;
    uint32_t steps = 1;  ///< Ring: hops of a message
    uint32_t loops = 1;  ///< Ring
    uint32_t slices = 1; ///< Ring: of the longest chunk
};

/// What one connection carries in the whole call.
struct FusedEdge
{
    Rank from;
    Rank to;
    Rank relay; ///< whose NIC sends; = from when direct
    uint16_t channel;
    bool scaleUp;
    uint32_t streams;  ///< channels that it stands for
    uint64_t bytes;    ///< > 0
    uint64_t messages; ///< ≥ 1; of a ring empty slices are counted, too
};

/// What a phase waits for.
enum class FusedAfter : uint8_t
{
    Received,
    Acknowledged, ///< that, and what its members sent
};

/// The passes inside scale-up domains of a "hierarchical" collective beside its rings over the
/// domains, all loops: batch b of a loop is reduced inside before step b·batch of the ring over the
/// domains sends it, and gathered inside when that ring has completed it. What the phases before
/// and behind have is not in it: the first pass that reduces, the last that gathers.
struct FusedPipeline
{
    uint32_t loops = 1;
    uint32_t domains = 1;
    uint32_t locals = 1;
    uint32_t batch = 1; ///< blocks of so many domains share a pass
    bool reduces = false;
    bool gathers = false;

    uint32_t batches() const
    {
        return (domains + batch - 1) / batch;
    }

    /// Over the domains, per loop.
    uint32_t steps() const
    {
        return (reduces ? domains - 1 : 0) + (gathers ? domains - 1 : 0);
    }

    /// Inside, in this phase: of one kind.
    uint32_t passes() const
    {
        return loops * batches() - 1;
    }
};

/// How long all of it takes when a pass inside takes `pass` and a step over the domains `step`.
/// Time adds up and compares.
template <class Time>
Time
PipelineTime(const FusedPipeline& p, const Time& pass, const Time& step)
{
    Time reduced{}; // when the last pass so far was over
    Time crossed{};
    Time gathered{};
    std::vector<Time> reducedAt(p.batches());
    std::vector<Time> crossedAt(p.steps());
    for (uint32_t loop = 0; loop < p.loops; ++loop)
    {
        for (uint32_t b = 0; p.reduces && b < p.batches(); ++b)
        {
            reduced = loop + b == 0 ? reduced : reduced + pass;
            reducedAt[b] = reduced;
        }
        for (uint32_t t = 0; t < p.steps(); ++t)
        {
            if (p.reduces && t < p.domains && t % p.batch == 0)
            {
                crossed = std::max(crossed, reducedAt[t / p.batch]);
            }
            crossed = crossed + step;
            crossedAt[t] = crossed;
        }
        for (uint32_t b = 0; p.gathers && b < p.batches(); ++b)
        {
            // The own block is complete after the steps that reduce, one more with each step.
            const uint32_t blocks = std::min((b + 1) * p.batch, p.domains);
            const uint32_t steps = (p.reduces ? p.domains - 1 : 0) + blocks - 1;
            gathered = steps > 0 ? std::max(gathered, crossedAt[steps - 1]) : gathered;
            gathered = p.reduces ? std::max(gathered, reduced) : gathered;
            const bool last = loop + 1 == p.loops && b + 1 == p.batches();
            gathered = last ? gathered : gathered + pass;
        }
    }
    return std::max(std::max(reduced, crossed), gathered);
}

class FusedSink
{
  public:
    virtual ~FusedSink() = default;

    /// Between two phases.
    virtual void OnPhase(FusedAfter)
    {
    }

    virtual void OnPattern(const FusedPattern&)
    {
    }

    /// Within a phase.
    virtual void OnPipeline(const FusedPipeline&)
    {
    }

    virtual void OnEdge(const FusedEdge& edge) = 0;

    /// False: the channels of a point-to-point message may come as one edge, on the first.
    virtual bool WantsChannels() const
    {
        return true;
    }
};

} // namespace heddle

#endif
