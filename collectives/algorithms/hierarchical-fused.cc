// SPDX-License-Identifier: BSD-3-Clause
//
// "hierarchical" as a whole, in three phases: the passes inside the domains over the first batch of
// blocks, when nothing can cross yet; the rings over the domains beside the other passes inside;
// the passes over the last batch. Without chunks every phase has one thing to do.
#include "ns3/base-errors.h"
#include "ns3/collectives-fused-ring.h"
#include "ns3/collectives-hierarchical.h"
#include "ns3/collectives-peer-order.h"

#include <algorithm>

namespace heddle
{

DomainGroups
EqualDomains(const Communicator& comm, const RankLayout& layout)
{
    DomainGroups groups = GroupByDomain(comm, layout);
    if (groups.smallest != groups.largest)
    {
        throw InputError("hierarchical collectives need equally many members in every scale-up "
                         "domain; communicator '" +
                         comm.name + "' has between " + std::to_string(groups.smallest) + " and " +
                         std::to_string(groups.largest));
    }
    return groups;
}

namespace
{

class FusedHierarchy
{
  public:
    FusedHierarchy(RingSteps steps,
                   const CollectiveCall& call,
                   const RankLayout& layout,
                   const SoftwareModel& software,
                   FusedSink& sink)
        : m_steps(steps),
          m_call(call),
          m_layout(layout),
          m_software(software),
          m_sink(sink),
          m_groups(EqualDomains(*call.comm, layout)),
          m_cut(software),
          m_locals(m_groups.smallest),
          m_domains(static_cast<uint32_t>(m_groups.groups.size()))
    {
        const uint64_t blocks = uint64_t{m_locals} * m_domains;
        m_channels = RingChannels(software,
                                  m_groups,
                                  steps == RingSteps::AllReduce ? call.bytes
                                                                : CeilDivide(call.bytes, blocks));
        m_largest = CeilDivide(CeilDivide(call.bytes, blocks), m_channels);
        m_loops = m_cut.Loops(m_largest);
    }

    void Run()
    {
        const bool reduces = m_steps != RingSteps::AllGather && m_locals > 1;
        const bool gathers = m_steps != RingSteps::ReduceScatter && m_locals > 1;
        const Passes all{0, m_loops, 0, m_domains};
        const Passes first{0, 1, 0, BatchSize(0)};
        const uint32_t lastBatch =
            (m_domains - 1) / BatchSize(m_loops - 1) * BatchSize(m_loops - 1);
        const Passes last{m_loops - 1, m_loops, lastBatch, m_domains};
        if (reduces)
        {
            Inside(RingSteps::ReduceScatter, first, nullptr);
            m_sink.OnPhase(FusedAfter::Received);
        }
        Across();
        if (reduces)
        {
            Inside(RingSteps::ReduceScatter, all, &first);
        }
        if (gathers)
        {
            Inside(RingSteps::AllGather, all, &last);
        }
        if (m_locals > 1)
        {
            m_sink.OnPipeline({static_cast<uint32_t>(m_loops),
                               m_domains,
                               m_locals,
                               BatchSize(0),
                               reduces,
                               gathers});
        }
        if (gathers)
        {
            m_sink.OnPhase(FusedAfter::Received);
            Inside(RingSteps::AllGather, last, nullptr);
        }
    }

  private:
    /// Which blocks, in the order in which a member's ring over the domains has them.
    struct Passes
    {
        uint64_t firstLoop;
        uint64_t endLoop;
        uint32_t firstBlock;
        uint32_t endBlock;
    };

    Extent Block(uint32_t m, uint32_t g, uint32_t channel) const
    {
        const uint64_t index =
            m_steps == RingSteps::AllReduce ? uint64_t{g} * m_domains + m : m_groups.groups[m][g];
        const Extent block = SplitExtent({0, m_call.bytes}, uint64_t{m_locals} * m_domains, index);
        return SplitExtent(block, m_channels, channel);
    }

    Rank At(uint32_t m, uint32_t g) const
    {
        return m_call.comm->ranks[m_groups.groups[m][g]];
    }

    uint32_t BatchSize(uint64_t loop) const
    {
        const uint64_t limit = m_software.ringChunkBytes;
        const uint64_t block = std::max<uint64_t>(1, LoopBytes(loop));
        return limit == 0
                   ? m_domains
                   : static_cast<uint32_t>(std::clamp<uint64_t>(limit / block, 1, m_domains));
    }

    /// Of the largest block of a channel.
    uint64_t LoopBytes(uint64_t loop) const
    {
        return m_cut.LoopPart({0, m_largest}, loop).bytes;
    }

    /// A ring per rail and channel.
    void Across()
    {
        RingTotals totals{m_steps};
        totals.loops = m_loops;
        for (uint64_t l = 0; l < m_loops; ++l)
        {
            const uint32_t slices = m_cut.Slices(LoopBytes(l));
            totals.slices = std::max(totals.slices, slices);
            totals.messages += slices * (m_domains - 1);
        }
        for (uint32_t c = 0; m_domains > 1 && c < m_channels; ++c)
        {
            for (uint32_t g = 0; g < m_locals; ++g)
            {
                std::vector<Rank> rail;
                totals.chunkBytes.clear();
                for (uint32_t m = 0; m < m_domains; ++m)
                {
                    rail.push_back(At(m, g));
                    totals.chunkBytes.push_back(Block(m, g, c).bytes);
                }
                EmitRing(totals, rail, c, m_layout, m_sink);
            }
        }
    }

    /// Rings inside the domains over `passes`, but for `without`.
    void Inside(RingSteps half, const Passes& passes, const Passes* without)
    {
        RingTotals totals{half};
        totals.loops = 0;
        CountMessages(passes, totals);
        if (without != nullptr)
        {
            RingTotals less{half};
            CountMessages(*without, less);
            totals.loops -= less.loops;
            totals.messages -= std::min(totals.messages, less.messages);
        }
        if (totals.loops == 0)
        {
            return;
        }
        for (uint32_t c = 0; c < m_channels; ++c)
        {
            for (uint32_t m = 0; m < m_domains; ++m)
            {
                std::vector<Rank> ring;
                totals.chunkBytes.clear();
                for (uint32_t i = 0; i < m_locals; ++i)
                {
                    const uint32_t g = (c + i) % m_locals;
                    ring.push_back(At(m, g));
                    totals.chunkBytes.push_back(
                        Bytes(half, passes, m, g, c) -
                        (without != nullptr ? Bytes(half, *without, m, g, c) : 0));
                }
                const uint32_t gathers = half == RingSteps::AllGather ? m_channels : 0;
                EmitRing(totals, ring, c + gathers, m_layout, m_sink);
            }
        }
    }

    void CountMessages(const Passes& passes, RingTotals& totals) const
    {
        for (uint64_t l = passes.firstLoop; l < passes.endLoop; ++l)
        {
            const uint32_t perBatch = BatchSize(l);
            for (uint32_t first = passes.firstBlock; first < passes.endBlock; first += perBatch)
            {
                const uint64_t batch = std::min(perBatch, passes.endBlock - first);
                const uint32_t slices = m_cut.Slices(LoopBytes(l) * batch);
                totals.slices = std::max(totals.slices, slices);
                totals.messages += slices * (m_locals - 1);
                ++totals.loops;
            }
        }
    }

    /// Of the blocks that end at local member g of domain m (begin there, in an all-gather).
    uint64_t Bytes(RingSteps half,
                   const Passes& passes,
                   uint32_t m,
                   uint32_t g,
                   uint32_t channel) const
    {
        const bool gather = half == RingSteps::AllGather;
        uint64_t bytes = 0;
        for (uint32_t i = passes.firstBlock; i < passes.endBlock; ++i)
        {
            const uint32_t other = (m + 2 * m_domains - i - (gather ? 0 : 1)) % m_domains;
            const Extent block = Block(other, g, channel);
            if (passes.endLoop - passes.firstLoop == m_loops)
            {
                bytes += block.bytes;
                continue;
            }
            bytes += m_cut.LoopPart(block, passes.firstLoop).bytes;
        }
        return bytes;
    }

    RingSteps m_steps;
    const CollectiveCall& m_call;
    const RankLayout& m_layout;
    const SoftwareModel& m_software;
    FusedSink& m_sink;
    DomainGroups m_groups;
    RingCut m_cut;
    uint32_t m_locals;
    uint32_t m_domains;
    uint32_t m_channels = 1;
    uint64_t m_largest = 0; ///< bytes of a block in a channel
    uint64_t m_loops = 1;
};

} // namespace

template <RingSteps kSteps>
void
FuseHierarchicalRings(const CollectiveCall& call,
                      const RankLayout& layout,
                      const SoftwareModel& software,
                      FusedSink& sink)
{
    FusedHierarchy(kSteps, call, layout, software, sink).Run();
}

template void FuseHierarchicalRings<RingSteps::AllReduce>(const CollectiveCall&,
                                                          const RankLayout&,
                                                          const SoftwareModel&,
                                                          FusedSink&);
template void FuseHierarchicalRings<RingSteps::AllGather>(const CollectiveCall&,
                                                          const RankLayout&,
                                                          const SoftwareModel&,
                                                          FusedSink&);
template void FuseHierarchicalRings<RingSteps::ReduceScatter>(const CollectiveCall&,
                                                              const RankLayout&,
                                                              const SoftwareModel&,
                                                              FusedSink&);

/// Blocks hop to the local member on the destination's rail, then cross: those for the first
/// domain in a phase of their own, nothing can cross before.
void
FuseHierarchicalAllToAll(const CollectiveCall& call,
                         const RankLayout& layout,
                         const SoftwareModel& software,
                         FusedSink& sink)
{
    const DomainGroups groups = EqualDomains(*call.comm, layout);
    const BlockMatrix matrix(call, false);
    const auto domains = static_cast<uint32_t>(groups.groups.size());
    const uint32_t locals = groups.smallest;
    const uint32_t perPeer = P2pChannelsPerPeer(software, domains, domains > 1);
    const ExpansionBuilder::P2pChannels local{0,
                                              software.p2pChannelsPerPeer,
                                              software.p2pChannelsPerPeer};
    SoftwareModel direct = software; // its own hop replaces the relay's
    direct.pxn = false;
    const auto& ranks = call.comm->ranks;
    /// Blocks for domain m + k, of all locals of all domains m.
    const auto hop = [&](uint32_t k)
    {
        for (uint32_t m = 0; m < domains; ++m)
        {
            const std::vector<Member>& targets = groups.groups[(m + k) % domains];
            for (uint32_t g = 0; g < locals; ++g)
            {
                const Member self = groups.groups[m][g];
                for (uint32_t i = 0; i < locals; ++i)
                {
                    if (i != g)
                    {
                        FuseP2p(ranks[self],
                                ranks[groups.groups[m][i]],
                                local,
                                matrix.Block(self, targets[i]).bytes,
                                layout,
                                direct,
                                sink);
                    }
                }
            }
        }
    };
    const auto cross = [&](uint32_t k)
    {
        for (uint32_t m = 0; m < domains; ++m)
        {
            for (uint32_t g = 0; g < locals; ++g)
            {
                const Member target = groups.groups[(m + k) % domains][g];
                uint64_t bytes = 0;
                for (const Member source : groups.groups[m])
                {
                    bytes += matrix.Block(source, target).bytes;
                }
                FuseP2p(ranks[groups.groups[m][g]],
                        ranks[target],
                        {0, perPeer, perPeer},
                        bytes,
                        layout,
                        direct,
                        sink);
            }
        }
    };
    sink.OnPattern({});
    hop(1 % domains);
    if (domains > 1)
    {
        sink.OnPhase(FusedAfter::Received);
        sink.OnPattern({});
    }
    for (uint32_t k = 1; k < domains; ++k)
    {
        cross(k);
        hop((k + 1) % domains);
    }
}

} // namespace heddle
