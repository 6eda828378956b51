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
//   Rounds       `steps` rounds, each after the one before (two hops of an all-to-all)

#ifndef HEDDLE_COLLECTIVES_FUSED_H
#define HEDDLE_COLLECTIVES_FUSED_H

#include "ns3/collectives-schedule.h"

#include <cstdint>

namespace heddle
{

struct FusedPattern
{
    enum class Kind : uint8_t
    {
        Independent,
        Ring,
        Chain,
        Rounds,
    };

    Kind kind = Kind::Independent;
    uint32_t steps = 1;  ///< Ring: hops of a message; Rounds: rounds
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

class FusedSink
{
  public:
    virtual ~FusedSink() = default;

    virtual void OnPattern(const FusedPattern&)
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
