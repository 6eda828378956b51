// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-ring-pass.h
// -----------------------------
// One turn around a ring, the building block of "ring" and "hierarchical".
//
// Position r of N, steps t = 0 … 2N-3: send chunk (r - 1 - t) mod N to r + 1, receive chunk
// (r - 2 - t) mod N from r - 1. Steps below N-1 reduce: after them position r holds chunk r
// complete. Steps from N-1 on copy complete chunks. So [0, N-1) is a reduce-scatter, [N-1, 2N-2) an
// all-gather, both together an all-reduce (NCCL's schedule; reference: NCCL 2.30
// device/all_reduce.h, arXiv 2507.04786). The send of step t+1 needs the receive of step t of the
// same slice: no barrier.
//
// Loops. NCCL's thread block walks loop by loop, so the first send of a loop follows the last
// receive of the loop before, at this member and slice: RingState carries it.

#ifndef HEDDLE_COLLECTIVES_RING_PASS_H
#define HEDDLE_COLLECTIVES_RING_PASS_H

#include "ns3/collectives-expansion-builder.h"
#include "ns3/collectives-grouping.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace heddle
{

enum class RingSteps
{
    ReduceScatter,
    AllGather,
    AllReduce,
};

/// A ring as one of its members sees it.
struct RingPlace
{
    uint32_t size;
    uint32_t position;
    Rank next;
    Rank previous;
    uint32_t channel;
};

inline RingPlace
PlaceInRing(const std::vector<Member>& order,
            const Communicator& comm,
            Member self,
            uint32_t channel)
{
    auto size = static_cast<uint32_t>(order.size());
    uint32_t position = PositionOf(order, self);
    return {size,
            position,
            comm.ranks[order[(position + 1) % size]],
            comm.ranks[order[(position + size - 1) % size]],
            channel};
}

/// Last receives, by slice, of the loop before.
struct RingState
{
    std::vector<uint32_t> last;
};

/// How a chunk of a ring is cut: at most ringSlices slices of at most ringChunkBytes.
class RingCut
{
  public:
    explicit RingCut(const SoftwareModel& software) : m_software(software)
    {
    }

    /// Loops over a share of `bytes` per ring chunk.
    uint64_t Loops(uint64_t bytes) const
    {
        return m_software.ringChunkBytes == 0
                   ? 1
                   : std::max<uint64_t>(1, CeilDivide(bytes, ChunkMax()));
    }

    /// Part of a share that loop `loop` handles: whole chunks, the last one shorter.
    Extent LoopPart(Extent share, uint64_t loop, uint64_t scale = 1) const
    {
        if (m_software.ringChunkBytes == 0)
        {
            return share;
        }
        uint64_t begin = std::min(share.bytes, loop * scale * ChunkMax());
        uint64_t end = std::min(share.bytes, (loop + 1) * scale * ChunkMax());
        return {share.offset + begin, end - begin};
    }

    /// Slices of a chunk of `bytes`.
    uint32_t Slices(uint64_t bytes) const
    {
        uint64_t slice =
            std::max(CeilDivide(bytes, m_software.ringSlices), m_software.minSliceBytes);
        if (m_software.ringChunkBytes > 0)
        {
            slice = std::min(slice, m_software.ringChunkBytes);
        }
        return slice == 0 ? 1
                          : static_cast<uint32_t>(std::max<uint64_t>(1, CeilDivide(bytes, slice)));
    }

  private:
    uint64_t ChunkMax() const
    {
        return m_software.ringChunkBytes * m_software.ringSlices;
    }

    const SoftwareModel& m_software;
};

/**
 * Appends one pass.
 * @param piece (chunk, slice) → what ListView<Extent> accepts: the bytes of a slice of a chunk
 * @param ready (chunk, slice, deps): appends the ops after which this member's own contribution to
 *        the chunk (or, in an all-gather, its own chunk) may be sent
 * @param done (chunk, slice, op): told the receive after which the chunk is complete here
 */
template <class Piece, class Ready, class Done>
void
RingPass(ExpansionBuilder& builder,
         const RingPlace& ring,
         RingSteps steps,
         uint32_t slices,
         RingState& state,
         Piece&& piece,
         Ready&& ready,
         Done&& done)
{
    uint32_t n = ring.size;
    if (n < 2)
    {
        return;
    }
    uint32_t begin = steps == RingSteps::AllGather ? n - 1 : 0;
    uint32_t end = steps == RingSteps::ReduceScatter ? n - 1 : 2 * n - 2;
    std::vector<uint32_t> received(slices, kNoOp);
    std::vector<uint32_t> deps;
    for (uint32_t t = begin; t < end; ++t)
    {
        uint32_t out = (ring.position + 2 * n - 1 - t) % n;
        uint32_t in = (ring.position + 2 * n - 2 - t) % n;
        for (uint32_t s = 0; s < slices; ++s)
        {
            deps.clear();
            if (t > begin)
            {
                deps.push_back(received[s]);
            }
            else if (!state.last.empty())
            {
                deps.push_back(state.last[std::min<size_t>(s, state.last.size() - 1)]);
            }
            if (t < n || t == begin)
            {
                ready(out, s, deps);
            }
            builder.Send(ring.next, ring.channel, piece(out, s), deps);
            received[s] = builder.Recv(ring.previous, ring.channel, piece(in, s), t + 1 < n);
            if (t + 2 >= n)
            {
                done(in, s, received[s]);
            }
        }
    }
    // A slice without bytes leaves nothing to wait for.
    received.erase(std::remove(received.begin(), received.end(), kNoOp), received.end());
    if (!received.empty())
    {
        state.last = std::move(received);
    }
}

} // namespace heddle

#endif
