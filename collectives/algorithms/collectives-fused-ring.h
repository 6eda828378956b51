// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-fused-ring.h
// ------------------------------
// One channel's ring in fused form, for "ring" and "hierarchical": see collectives-ring-pass.h for
// what its passes send.

#ifndef HEDDLE_COLLECTIVES_FUSED_RING_H
#define HEDDLE_COLLECTIVES_FUSED_RING_H

#include "ns3/collectives-fused.h"
#include "ns3/collectives-ring-pass.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace heddle
{

/// What a ring does, all positions together.
struct RingTotals
{
    RingSteps steps;
    uint64_t loops = 0;
    uint64_t messages = 0; ///< over one edge, in one of the two halves of an all-reduce
    uint32_t slices = 1;
    std::vector<uint64_t> chunkBytes{}; ///< by chunk (position), over all loops

    uint32_t halves() const
    {
        return steps == RingSteps::AllReduce ? 2 : 1;
    }

    /// Bytes that leave position r: all chunks but r, in an all-gather all but r + 1.
    uint64_t EdgeBytes(size_t r) const
    {
        const uint64_t all = std::accumulate(chunkBytes.begin(), chunkBytes.end(), uint64_t{0});
        const uint64_t reduce = steps == RingSteps::AllGather ? 0 : all - chunkBytes[r];
        const size_t next = (r + 1) % chunkBytes.size();
        return reduce + (steps == RingSteps::ReduceScatter ? 0 : all - chunkBytes[next]);
    }
};

inline std::vector<Rank>
RanksOf(const std::vector<Member>& order, const Communicator& comm)
{
    std::vector<Rank> ranks;
    ranks.reserve(order.size());
    for (Member member : order)
    {
        ranks.push_back(comm.ranks[member]);
    }
    return ranks;
}

/// The edges of a ring, without its pattern.
inline void
EmitRingEdges(const RingTotals& totals,
              const std::vector<Rank>& ranks,
              uint32_t channel,
              const RankLayout& layout,
              FusedSink& sink)
{
    for (size_t r = 0; r < ranks.size(); ++r)
    {
        const Rank from = ranks[r];
        const Rank to = ranks[(r + 1) % ranks.size()];
        const uint64_t bytes = totals.EdgeBytes(r);
        if (bytes > 0)
        {
            sink.OnEdge({from,
                         to,
                         from,
                         static_cast<uint16_t>(channel),
                         layout.SameDomain(from, to),
                         1,
                         bytes,
                         std::min(bytes, totals.halves() * totals.messages)});
        }
    }
}

inline void
EmitRing(const RingTotals& totals,
         const std::vector<Rank>& ranks,
         uint32_t channel,
         const RankLayout& layout,
         FusedSink& sink)
{
    sink.OnPattern({FusedPattern::Kind::Ring,
                    totals.halves() * static_cast<uint32_t>(ranks.size() - 1),
                    static_cast<uint32_t>(totals.loops),
                    totals.slices});
    EmitRingEdges(totals, ranks, channel, layout, sink);
}

} // namespace heddle

#endif
