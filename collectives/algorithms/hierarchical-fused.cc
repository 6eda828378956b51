// SPDX-License-Identifier: BSD-3-Clause
//
// "hierarchical" as a whole. The rings over the domains set the pace: the scale-up domain is
// faster, and its passes over one batch of blocks after the other overlap with them. What does not
// overlap is the first batch's pass before and the last one's behind: a chain.
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
    }

    void Run()
    {
        for (uint32_t c = 0; c < m_channels; ++c)
        {
            Across(c);
            Inside(c);
        }
    }

  private:
    uint64_t Block(uint32_t m, uint32_t g, uint32_t channel) const
    {
        const uint64_t index =
            m_steps == RingSteps::AllReduce ? uint64_t{g} * m_domains + m : m_groups.groups[m][g];
        const Extent block = SplitExtent({0, m_call.bytes}, uint64_t{m_locals} * m_domains, index);
        return SplitExtent(block, m_channels, channel).bytes;
    }

    Rank At(uint32_t m, uint32_t g) const
    {
        return m_call.comm->ranks[m_groups.groups[m][g]];
    }

    /// A ring per rail.
    void Across(uint32_t channel)
    {
        for (uint32_t g = 0; m_domains > 1 && g < m_locals; ++g)
        {
            RingTotals totals{m_steps};
            totals.loops = m_cut.Loops(m_largest);
            std::vector<Rank> rail;
            for (uint64_t l = 0; l < totals.loops; ++l)
            {
                const uint32_t slices = m_cut.Slices(m_cut.LoopPart({0, m_largest}, l).bytes);
                totals.slices = std::max(totals.slices, slices);
                totals.messages += slices * (m_domains - 1);
            }
            for (uint32_t m = 0; m < m_domains; ++m)
            {
                rail.push_back(At(m, g));
                totals.chunkBytes.push_back(Block(m, g, channel));
            }
            EmitRing(totals, rail, channel, m_layout, m_sink);
        }
    }

    /// Reduce-scatter before, all-gather behind, in each domain.
    void Inside(uint32_t channel)
    {
        RingTotals totals{RingSteps::ReduceScatter};
        for (uint64_t l = 0; l < m_cut.Loops(m_largest); ++l)
        {
            const uint64_t block = m_cut.LoopPart({0, m_largest}, l).bytes;
            const uint64_t limit = m_software.ringChunkBytes;
            const uint64_t perBatch =
                limit == 0
                    ? m_domains
                    : std::clamp<uint64_t>(limit / std::max<uint64_t>(1, block), 1, m_domains);
            for (uint64_t first = 0; first < m_domains; first += perBatch)
            {
                const uint64_t batch = std::min<uint64_t>(perBatch, m_domains - first);
                totals.messages += m_cut.Slices(block * batch) * (m_locals - 1);
            }
        }
        for (uint32_t m = 0; m_locals > 1 && m < m_domains; ++m)
        {
            std::vector<Rank> ring;
            totals.chunkBytes.clear();
            for (uint32_t i = 0; i < m_locals; ++i)
            {
                const uint32_t g = (channel + i) % m_locals;
                ring.push_back(At(m, g));
                totals.chunkBytes.push_back(0);
                for (uint32_t other = 0; other < m_domains; ++other)
                {
                    totals.chunkBytes.back() += Block(other, g, channel);
                }
            }
            m_sink.OnPattern({FusedPattern::Kind::Chain});
            for (RingSteps half : {RingSteps::ReduceScatter, RingSteps::AllGather})
            {
                totals.steps = half;
                if (m_steps == half || m_steps == RingSteps::AllReduce)
                {
                    const uint32_t gathers = half == RingSteps::AllGather ? m_channels : 0;
                    EmitRingEdges(totals, ring, channel + gathers, m_layout, m_sink);
                }
            }
        }
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
};

} // namespace

void
FuseHierarchicalAllReduce(const CollectiveCall& call,
                          const RankLayout& layout,
                          const SoftwareModel& software,
                          FusedSink& sink)
{
    FusedHierarchy(RingSteps::AllReduce, call, layout, software, sink).Run();
}

void
FuseHierarchicalAllGather(const CollectiveCall& call,
                          const RankLayout& layout,
                          const SoftwareModel& software,
                          FusedSink& sink)
{
    FusedHierarchy(RingSteps::AllGather, call, layout, software, sink).Run();
}

void
FuseHierarchicalReduceScatter(const CollectiveCall& call,
                              const RankLayout& layout,
                              const SoftwareModel& software,
                              FusedSink& sink)
{
    FusedHierarchy(RingSteps::ReduceScatter, call, layout, software, sink).Run();
}

/// Blocks for all domains hop to the local member on the destination's rail, then cross.
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
    sink.OnPattern({FusedPattern::Kind::Rounds, domains > 1 && locals > 1 ? 2U : 1U});
    for (uint32_t m = 0; m < domains; ++m)
    {
        for (uint32_t g = 0; g < locals; ++g)
        {
            const Member self = groups.groups[m][g];
            for (uint32_t to = 0; to < domains; ++to)
            {
                uint64_t crossing = 0;
                for (uint32_t i = 0; i < locals; ++i)
                {
                    const Member source = groups.groups[m][i];
                    crossing += matrix.Block(source, groups.groups[to][g]).bytes;
                    if (i != g)
                    {
                        FuseP2p(ranks[self],
                                ranks[source],
                                local,
                                matrix.Block(self, groups.groups[to][i]).bytes,
                                layout,
                                direct,
                                sink);
                    }
                }
                if (to != m)
                {
                    FuseP2p(ranks[self],
                            ranks[groups.groups[to][g]],
                            {0, perPeer, perPeer},
                            crossing,
                            layout,
                            direct,
                            sink);
                }
            }
        }
    }
}

} // namespace heddle
