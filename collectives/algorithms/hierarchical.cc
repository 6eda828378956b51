// SPDX-License-Identifier: BSD-3-Clause
//
// "hierarchical": G members in each of M scale-up domains. Blocks (m, g), m < M, g < G, belong to
// the g-th member of domain m (all-reduce: a virtual owner).
//   reduce-scatter  rings inside the domain collect block (m, g) at local member g, for every m;
//   then
//                   one ring per rail over the domains brings (m, g) to domain m.
//   all-gather      the mirror image.
//   all-reduce      both. Scale-up bytes per rank 2(G-1)/G S, NIC 2(M-1)/M S/G.
//   all-to-all      hop to the local member on the destination's rail, then one aggregated message
//                   per domain: scale-up M(G-1) b, NIC (M-1)G b, b = bytes per pair.
// Blocks of several domains share a scale-up message while it stays within ringChunkBytes.
//
// Channels: reduce phase c, rails c, gather phase C + c, so that phases do not queue behind one
// another.
#include "ns3/collectives-algorithm.h"
#include "ns3/collectives-hierarchical.h"
#include "ns3/collectives-peer-order.h"
#include "ns3/collectives-ring-pass.h"

namespace heddle
{

namespace
{

/// Where a member stands: domain `m` of M, local index `g` of G.
struct Grid
{
    Grid(const CollectiveCall& call, Member self, const RankLayout& layout)
        : groups(EqualDomains(*call.comm, layout))
    {
        locals = groups.smallest;
        domains = static_cast<uint32_t>(groups.groups.size());
        for (m = 0; m < domains; ++m)
        {
            for (g = 0; g < locals; ++g)
            {
                if (groups.groups[m][g] == self)
                {
                    return;
                }
            }
        }
    }

    Member At(uint32_t domain, uint32_t local) const
    {
        return groups.groups[domain][local];
    }

    DomainGroups groups;
    uint32_t locals;
    uint32_t domains;
    uint32_t m;
    uint32_t g;
};

/// One channel of a hierarchical all-reduce, all-gather or reduce-scatter.
class Hierarchy
{
  public:
    Hierarchy(const CollectiveCall& call,
              Member self,
              const RankLayout& layout,
              const SoftwareModel& software,
              Expansion& out)
        : m_call(call),
          m_software(software),
          m_builder(call.comm->ranks[self], layout, software, out),
          m_grid(call, self, layout),
          m_cut(software)
    {
    }

    void Run(RingSteps steps)
    {
        uint64_t blocks = uint64_t{m_grid.locals} * m_grid.domains;
        uint64_t sized =
            steps == RingSteps::AllReduce ? m_call.bytes : CeilDivide(m_call.bytes, blocks);
        m_channels = RingChannels(m_software, m_grid.groups, sized);
        m_steps = steps;
        for (uint32_t c = 0; c < m_channels; ++c)
        {
            SetChannel(c);
            for (uint64_t l = 0; l < m_cut.Loops(m_largest); ++l)
            {
                RunLoop(l);
            }
        }
    }

  private:
    using Ops = std::vector<uint32_t>;

    void SetChannel(uint32_t c)
    {
        m_channel = c;
        uint64_t blocks = uint64_t{m_grid.locals} * m_grid.domains;
        m_largest = CeilDivide(CeilDivide(m_call.bytes, blocks), m_channels);
        // Rotations inside the domain: they need no rails there, only to spread the load.
        m_local.clear();
        for (uint32_t i = 0; i < m_grid.locals; ++i)
        {
            m_local.push_back((c + i) % m_grid.locals);
        }
        std::vector<Member> domain;
        for (uint32_t g : m_local)
        {
            domain.push_back(m_grid.At(m_grid.m, g));
        }
        std::vector<Member> rail;
        for (uint32_t m = 0; m < m_grid.domains; ++m)
        {
            rail.push_back(m_grid.At(m, m_grid.g));
        }
        Member self = m_grid.At(m_grid.m, m_grid.g);
        m_inside = PlaceInRing(domain, *m_call.comm, self, c);
        m_across = PlaceInRing(rail, *m_call.comm, self, c);
        m_states = {};
    }

    /// The bytes of block (m, g) that this channel and loop handle.
    Extent Block(uint32_t m, uint32_t g, uint64_t loop) const
    {
        uint64_t blocks = uint64_t{m_grid.locals} * m_grid.domains;
        // All-reduce has no owners; local-major keeps each member's share contiguous.
        uint64_t index =
            m_steps == RingSteps::AllReduce ? uint64_t{g} * m_grid.domains + m : m_grid.At(m, g);
        Extent block = SplitExtent({0, m_call.bytes}, blocks, index);
        return m_cut.LoopPart(SplitExtent(block, m_channels, m_channel), loop);
    }

    /// Domains in the order in which the ring over domains sends (or receives) their blocks, cut
    /// into batches that share scale-up messages.
    std::vector<std::vector<uint32_t>> Batches(bool sending, uint64_t blockBytes) const
    {
        uint64_t limit = m_software.ringChunkBytes;
        uint64_t perBatch = limit == 0
                                ? m_grid.domains
                                : std::max<uint64_t>(1, limit / std::max<uint64_t>(1, blockBytes));
        std::vector<std::vector<uint32_t>> batches;
        uint32_t M = m_grid.domains;
        for (uint32_t i = 0; i < M; ++i)
        {
            if (i % perBatch == 0)
            {
                batches.emplace_back();
            }
            batches.back().push_back(sending ? (m_grid.m + 2 * M - 1 - i) % M
                                             : (m_grid.m + M - i) % M);
        }
        return batches;
    }

    void RunLoop(uint64_t loop)
    {
        uint64_t blockBytes = m_cut.LoopPart({0, m_largest}, loop).bytes;
        uint32_t slices = m_cut.Slices(blockBytes);
        m_reduced.assign(m_grid.domains, {});
        m_arrived.assign(m_grid.domains, {});
        if (m_steps != RingSteps::AllGather)
        {
            for (const auto& batch : Batches(true, blockBytes))
            {
                Inside(RingSteps::ReduceScatter, batch, blockBytes, loop);
            }
        }
        auto piece = [&](uint32_t m, uint32_t slice)
        { return SplitExtent(Block(m, m_grid.g, loop), slices, slice); };
        auto ready = [&](uint32_t m, uint32_t, Ops& deps) { Append(m_reduced[m], deps); };
        auto done = [&](uint32_t m, uint32_t, uint32_t op) { m_arrived[m].push_back(op); };
        RingPass(m_builder, m_across, m_steps, slices, m_states[1], piece, ready, done);
        if (m_steps != RingSteps::ReduceScatter)
        {
            for (const auto& batch : Batches(false, blockBytes))
            {
                Inside(RingSteps::AllGather, batch, blockBytes, loop);
            }
        }
    }

    /// A pass inside the domain over the blocks of a batch of domains.
    void Inside(RingSteps steps,
                const std::vector<uint32_t>& batch,
                uint64_t blockBytes,
                uint64_t loop)
    {
        bool gather = steps == RingSteps::AllGather;
        // A block beyond one message is cut in slices; then the batch has one block.
        uint32_t slices = m_cut.Slices(blockBytes * batch.size());
        auto piece = [&](uint32_t position, uint32_t slice)
        {
            m_extents.clear();
            for (uint32_t m : batch)
            {
                m_extents.push_back(SplitExtent(Block(m, m_local[position], loop), slices, slice));
            }
            return ListView<Extent>(m_extents);
        };
        auto ready = [&](uint32_t position, uint32_t, Ops& deps)
        {
            // Gather: the own blocks must be complete. Reduce: own contributions always are.
            for (uint32_t m : batch)
            {
                if (gather && position == m_inside.position)
                {
                    Append(m_arrived[m], deps);
                    Append(m_reduced[m], deps);
                }
            }
        };
        auto done = [&](uint32_t, uint32_t, uint32_t op)
        {
            for (uint32_t m : batch)
            {
                if (!gather)
                {
                    m_reduced[m].push_back(op);
                }
            }
        };
        RingPlace ring = m_inside;
        ring.channel += gather ? m_channels : 0;
        RingPass(m_builder, ring, steps, slices, m_states[gather ? 2 : 0], piece, ready, done);
    }

    static void Append(const Ops& ops, Ops& deps)
    {
        deps.insert(deps.end(), ops.begin(), ops.end());
    }

    const CollectiveCall& m_call;
    const SoftwareModel& m_software;
    ExpansionBuilder m_builder;
    Grid m_grid;
    RingCut m_cut;
    RingSteps m_steps = RingSteps::AllReduce;
    uint32_t m_channels = 1;
    uint32_t m_channel = 0;
    uint64_t m_largest = 0;        ///< bytes of a block in a channel
    std::vector<uint32_t> m_local; ///< position in the ring inside → local index
    RingPlace m_inside{};
    RingPlace m_across{};
    std::array<RingState, 3> m_states; ///< reduce inside, across, gather inside
    std::vector<Ops> m_reduced;        ///< by domain: own block summed over this domain
    std::vector<Ops> m_arrived;        ///< by domain: own rail's block complete
    std::vector<Extent> m_extents;
};

void
ExpandAllReduce(const CollectiveCall& call,
                Member self,
                const RankLayout& layout,
                const SoftwareModel& software,
                Expansion& out)
{
    Hierarchy(call, self, layout, software, out).Run(RingSteps::AllReduce);
}

void
ExpandAllGather(const CollectiveCall& call,
                Member self,
                const RankLayout& layout,
                const SoftwareModel& software,
                Expansion& out)
{
    Hierarchy(call, self, layout, software, out).Run(RingSteps::AllGather);
}

void
ExpandReduceScatter(const CollectiveCall& call,
                    Member self,
                    const RankLayout& layout,
                    const SoftwareModel& software,
                    Expansion& out)
{
    Hierarchy(call, self, layout, software, out).Run(RingSteps::ReduceScatter);
}

void
ExpandAllToAll(const CollectiveCall& call,
               Member self,
               const RankLayout& layout,
               const SoftwareModel& software,
               Expansion& out)
{
    const auto& ranks = call.comm->ranks;
    ExpansionBuilder builder(ranks[self], layout, software, out);
    BlockMatrix matrix(call, out.wantData);
    Grid grid(call, self, layout);
    uint32_t M = grid.domains;
    uint32_t G = grid.locals;
    ExpansionBuilder::P2pChannels local{0,
                                        software.p2pChannelsPerPeer,
                                        software.p2pChannelsPerPeer};
    uint32_t perPeer = P2pChannelsPerPeer(software, M, M > 1);
    ExpansionBuilder::P2pChannels remote{0, perPeer, perPeer};
    for (uint32_t k = 0; k < M; ++k)
    {
        // Far domains first: what has a second hop to go must not wait for what has none.
        uint32_t to = (grid.m + (k + 1)) % M;
        uint32_t from = (grid.m + 2 * M - (k + 1)) % M;
        std::vector<uint32_t> gathered;
        std::vector<uint32_t> sent;
        for (uint32_t i = 1; i < G; ++i)
        {
            uint32_t next = (grid.g + i) % G;
            uint32_t previous = (grid.g + G - i) % G;
            Member helper = grid.At(grid.m, next);
            Member source = grid.At(grid.m, previous);
            builder.P2pRecv(ranks[source],
                            local,
                            matrix.Block(source, grid.At(to, grid.g)),
                            gathered);
            builder.P2pSend(ranks[helper],
                            local,
                            matrix.Block(self, grid.At(to, next)),
                            false,
                            {},
                            sent);
        }
        if (to == grid.m)
        {
            continue; // blocks for this domain have arrived with the local hop
        }
        std::vector<Extent> outgoing;
        std::vector<Extent> incoming;
        for (uint32_t g = 0; g < G; ++g)
        {
            outgoing.push_back(matrix.Block(grid.At(grid.m, g), grid.At(to, grid.g)));
            incoming.push_back(matrix.Block(grid.At(from, g), self));
        }
        builder.P2pRecv(ranks[grid.At(from, grid.g)], remote, incoming, sent);
        builder.P2pSend(ranks[grid.At(to, grid.g)], remote, outgoing, false, gathered, sent);
    }
}

const CollectiveAlgorithm kHierarchical{
    KindTable({
        {CollectiveKind::AllReduce, &ExpandAllReduce},
        {CollectiveKind::AllGather, &ExpandAllGather},
        {CollectiveKind::ReduceScatter, &ExpandReduceScatter},
        {CollectiveKind::AllToAll, &ExpandAllToAll},
    }),
    KindTable<FuseFn>({
        {CollectiveKind::AllReduce, &FuseHierarchicalRings<RingSteps::AllReduce>},
        {CollectiveKind::AllGather, &FuseHierarchicalRings<RingSteps::AllGather>},
        {CollectiveKind::ReduceScatter, &FuseHierarchicalRings<RingSteps::ReduceScatter>},
        {CollectiveKind::AllToAll, &FuseHierarchicalAllToAll},
    })};

const Registration<const CollectiveAlgorithm*> kEntry{
    {kAlgorithmCategory,
     "hierarchical",
     "Two levels. All-reduce: reduce-scatter inside each scale-up domain, one ring per rail over "
     "the "
     "domains, all-gather inside; all-gather and reduce-scatter likewise. All-to-all: first over "
     "the "
     "scale-up domain to the accelerator on the destination's rail, then one aggregated "
     "rail-aligned "
     "message per domain. Needs equally many members in every domain.",
     {}},
    &kHierarchical};

} // namespace

} // namespace heddle
