// SPDX-License-Identifier: BSD-3-Clause
//
// "ring": NCCL's ring collectives. Bytes per rank and direction: reduce-scatter and all-gather
// (N-1)/N S, all-reduce twice that; broadcast S per edge. Messages per edge as NCCL's: see the
// tests for the counts of NCCL 2.30 (2 slices of at most 1 MiB per chunk).
#include "ns3/collectives-algorithm.h"
#include "ns3/collectives-fused-ring.h"
#include "ns3/collectives-ring-pass.h"

namespace heddle
{

namespace
{

void
NoReady(uint32_t, uint32_t, std::vector<uint32_t>&)
{
}

void
NoDone(uint32_t, uint32_t, uint32_t)
{
}

void
ExpandAllReduce(const CollectiveCall& call,
                Member self,
                const RankLayout& layout,
                const SoftwareModel& software,
                Expansion& out)
{
    ExpansionBuilder builder(call.comm->ranks[self], layout, software, out);
    DomainGroups groups = GroupByDomain(*call.comm, layout);
    uint64_t n = call.comm->ranks.size();
    uint32_t channels = RingChannels(software, groups, call.bytes);
    RingCut cut(software);
    for (uint32_t c = 0; c < channels; ++c)
    {
        RingPlace ring = PlaceInRing(RingOrder(groups, software, c), *call.comm, self, c);
        Extent share = SplitExtent({0, call.bytes}, channels, c);
        uint64_t loops = cut.Loops(CeilDivide(share.bytes, n));
        RingState state;
        for (uint64_t l = 0; l < loops; ++l)
        {
            Extent part = cut.LoopPart(share, l, n);
            uint32_t slices = cut.Slices(CeilDivide(part.bytes, n));
            auto piece = [&](uint32_t chunk, uint32_t slice)
            { return SplitExtent(SplitExtent(part, n, chunk), slices, slice); };
            RingPass(builder, ring, RingSteps::AllReduce, slices, state, piece, NoReady, NoDone);
        }
    }
}

/// All-gather or reduce-scatter: chunk q belongs to the member at position q.
template <RingSteps kSteps>
void
ExpandShards(const CollectiveCall& call,
             Member self,
             const RankLayout& layout,
             const SoftwareModel& software,
             Expansion& out)
{
    ExpansionBuilder builder(call.comm->ranks[self], layout, software, out);
    DomainGroups groups = GroupByDomain(*call.comm, layout);
    uint64_t n = call.comm->ranks.size();
    uint32_t channels = RingChannels(software, groups, CeilDivide(call.bytes, n));
    uint64_t largest = CeilDivide(CeilDivide(call.bytes, n), channels);
    RingCut cut(software);
    for (uint32_t c = 0; c < channels; ++c)
    {
        std::vector<Member> order = RingOrder(groups, software, c);
        RingPlace ring = PlaceInRing(order, *call.comm, self, c);
        RingState state;
        for (uint64_t l = 0; l < cut.Loops(largest); ++l)
        {
            uint32_t slices = cut.Slices(cut.LoopPart({0, largest}, l).bytes);
            auto piece = [&](uint32_t chunk, uint32_t slice)
            {
                Extent shard = SplitExtent({0, call.bytes}, n, order[chunk]);
                Extent part = cut.LoopPart(SplitExtent(shard, channels, c), l);
                return SplitExtent(part, slices, slice);
            };
            RingPass(builder, ring, kSteps, slices, state, piece, NoReady, NoDone);
        }
    }
}

/// Broadcast: chunks flow from the root along the ring; the edge back to the root is not used.
void
ExpandBroadcast(const CollectiveCall& call,
                Member self,
                const RankLayout& layout,
                const SoftwareModel& software,
                Expansion& out)
{
    ExpansionBuilder builder(call.comm->ranks[self], layout, software, out);
    DomainGroups groups = GroupByDomain(*call.comm, layout);
    uint32_t channels = RingChannels(software, groups, call.bytes);
    for (uint32_t c = 0; c < channels; ++c)
    {
        RingPlace ring = PlaceInRing(RingOrder(groups, software, c), *call.comm, self, c);
        Extent share = SplitExtent({0, call.bytes}, channels, c);
        uint64_t chunks =
            software.ringChunkBytes == 0 ? 1 : CeilDivide(share.bytes, software.ringChunkBytes);
        bool isRoot = call.comm->ranks[self] == call.root;
        bool isLast = ring.next == call.root;
        for (uint64_t k = 0; k < chunks; ++k)
        {
            Extent chunk = SplitExtent(share, chunks, k);
            uint32_t got = isRoot ? kNoOp : builder.Recv(ring.previous, c, chunk);
            if (!isLast)
            {
                builder.Send(ring.next, c, chunk, got);
            }
        }
    }
}

void
FuseAllReduce(const CollectiveCall& call,
              const RankLayout& layout,
              const SoftwareModel& software,
              FusedSink& sink)
{
    const DomainGroups groups = GroupByDomain(*call.comm, layout);
    const uint64_t n = call.comm->ranks.size();
    const uint32_t channels = RingChannels(software, groups, call.bytes);
    const RingCut cut(software);
    for (uint32_t c = 0; c < channels; ++c)
    {
        const Extent share = SplitExtent({0, call.bytes}, channels, c);
        RingTotals totals{RingSteps::AllReduce};
        totals.loops = cut.Loops(CeilDivide(share.bytes, n));
        totals.chunkBytes.assign(n, 0);
        for (uint64_t l = 0; l < totals.loops; ++l)
        {
            const Extent part = cut.LoopPart(share, l, n);
            const uint32_t slices = cut.Slices(CeilDivide(part.bytes, n));
            totals.slices = std::max(totals.slices, slices);
            totals.messages += slices * (n - 1);
            for (uint64_t q = 0; q < n; ++q)
            {
                totals.chunkBytes[q] += SplitExtent(part, n, q).bytes;
            }
        }
        EmitRing(totals, RanksOf(RingOrder(groups, software, c), *call.comm), c, layout, sink);
    }
}

template <RingSteps kSteps>
void
FuseShards(const CollectiveCall& call,
           const RankLayout& layout,
           const SoftwareModel& software,
           FusedSink& sink)
{
    const DomainGroups groups = GroupByDomain(*call.comm, layout);
    const uint64_t n = call.comm->ranks.size();
    const uint32_t channels = RingChannels(software, groups, CeilDivide(call.bytes, n));
    const uint64_t largest = CeilDivide(CeilDivide(call.bytes, n), channels);
    const RingCut cut(software);
    for (uint32_t c = 0; c < channels; ++c)
    {
        const std::vector<Member> order = RingOrder(groups, software, c);
        RingTotals totals{kSteps};
        totals.loops = cut.Loops(largest);
        for (uint64_t l = 0; l < totals.loops; ++l)
        {
            const uint32_t slices = cut.Slices(cut.LoopPart({0, largest}, l).bytes);
            totals.slices = std::max(totals.slices, slices);
            totals.messages += slices * (n - 1);
        }
        for (uint64_t q = 0; q < n; ++q)
        {
            const Extent shard = SplitExtent({0, call.bytes}, n, order[q]);
            totals.chunkBytes.push_back(SplitExtent(shard, channels, c).bytes);
        }
        EmitRing(totals, RanksOf(order, *call.comm), c, layout, sink);
    }
}

void
FuseBroadcast(const CollectiveCall& call,
              const RankLayout& layout,
              const SoftwareModel& software,
              FusedSink& sink)
{
    const DomainGroups groups = GroupByDomain(*call.comm, layout);
    const auto& ranks = call.comm->ranks;
    const uint32_t channels = RingChannels(software, groups, call.bytes);
    for (uint32_t c = 0; c < channels; ++c)
    {
        const std::vector<Member> order = RingOrder(groups, software, c);
        const auto n = static_cast<uint32_t>(order.size());
        const uint64_t bytes = SplitExtent({0, call.bytes}, channels, c).bytes;
        const uint64_t chunks =
            software.ringChunkBytes == 0 ? 1 : CeilDivide(bytes, software.ringChunkBytes);
        uint32_t root = 0;
        while (ranks[order[root]] != call.root)
        {
            ++root;
        }
        sink.OnPattern({FusedPattern::Kind::Chain});
        for (uint32_t i = 0; bytes > 0 && i + 1 < n; ++i)
        {
            const Rank from = ranks[order[(root + i) % n]];
            const Rank to = ranks[order[(root + i + 1) % n]];
            sink.OnEdge({from,
                         to,
                         from,
                         static_cast<uint16_t>(c),
                         layout.SameDomain(from, to),
                         1,
                         bytes,
                         std::min(bytes, chunks)});
        }
    }
}

const CollectiveAlgorithm kRing{
    KindTable({
        {CollectiveKind::AllReduce, &ExpandAllReduce},
        {CollectiveKind::AllGather, &ExpandShards<RingSteps::AllGather>},
        {CollectiveKind::ReduceScatter, &ExpandShards<RingSteps::ReduceScatter>},
        {CollectiveKind::Broadcast, &ExpandBroadcast},
    }),
    KindTable<FuseFn>({
        {CollectiveKind::AllReduce, &FuseAllReduce},
        {CollectiveKind::AllGather, &FuseShards<RingSteps::AllGather>},
        {CollectiveKind::ReduceScatter, &FuseShards<RingSteps::ReduceScatter>},
        {CollectiveKind::Broadcast, &FuseBroadcast},
    })};

const Registration<const CollectiveAlgorithm*> kEntry{
    {kAlgorithmCategory,
     "ring",
     "NCCL-like rings: all-reduce, all-gather, reduce-scatter, broadcast (chunk pipeline). One "
     "ring "
     "per channel over a contiguous byte range, members of a scale-up domain adjacent, each "
     "channel "
     "crossing domains at another accelerator and staying on its rail. A send needs only the "
     "receive of the step before, of the same slice. Channels, slices and chunk sizes come from "
     "the "
     "software model.",
     {}},
    &kRing};

} // namespace

} // namespace heddle
