// SPDX-License-Identifier: BSD-3-Clause
//
// "double-tree": NCCL's tree all-reduce. Two binary trees over the scale-up domains, each with half
// of the bytes; inside a domain a chain whose head talks to the network. A chunk is reduced towards
// the root and comes back complete; chunks follow each other without waiting for what comes back.
//
// Channels: tree 0 on c, tree 1 on C + c. Channel c's head is accelerator c of each domain, so
// channels use different NICs ("simple" pattern: parent and children at the head).
//
// With M domains: (M-1) edges, S/2 up and S/2 down each, two trees: 2 (M-1) S over the fabric in
// all. Time with rate B each way, latency α, chunk c: about 2 depth (α + c/B) + 2S/B, as an inner
// node of one tree is a leaf of the other.
#include "ns3/collectives-algorithm.h"
#include "ns3/collectives-double-tree.h"
#include "ns3/collectives-expansion-builder.h"
#include "ns3/collectives-fused.h"
#include "ns3/collectives-grouping.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace heddle
{

namespace
{

constexpr uint32_t kTrees = 2;

/// A chunk where the software sets no limit: NCCL's slot. A tree without chunks would not overlap
/// its levels.
constexpr uint64_t kDefaultChunk = 512 * 1024;

/// NCCL moves one slot through a tree, two through a ring.
uint64_t
ChunkBytes(const SoftwareModel& software)
{
    return software.ringChunkBytes == 0 ? kDefaultChunk
                                        : std::max<uint64_t>(1, software.ringChunkBytes / 2);
}

/// Where a member stands in one tree of one channel.
struct TreePlace
{
    Rank parent = 0;
    bool isRoot = false;
    std::vector<Rank> children;
};

TreePlace
PlaceInTree(const DomainGroups& groups,
            const Communicator& comm,
            Member self,
            uint32_t tree,
            uint32_t channel)
{
    const auto nodes = static_cast<uint32_t>(groups.groups.size());
    const auto head = [&](uint32_t node)
    {
        const std::vector<Member>& group = groups.groups[node];
        return comm.ranks[group[channel % group.size()]];
    };
    TreePlace place;
    for (uint32_t node = 0; node < nodes; ++node)
    {
        const std::vector<Member>& group = groups.groups[node];
        const auto found = std::find(group.begin(), group.end(), self);
        if (found == group.end())
        {
            continue;
        }
        const size_t size = group.size();
        const size_t local = (found - group.begin() + size - channel % size) % size;
        const auto inChain = [&](size_t position)
        { return comm.ranks[group[(channel + position) % size]]; };
        if (local > 0)
        {
            place.parent = inChain(local - 1);
        }
        else
        {
            const uint32_t above = TreeParent(tree, node, nodes);
            place.isRoot = above == kNoNode;
            place.parent = place.isRoot ? place.parent : head(above);
            for (const uint32_t below : TreeChildren(tree, node, nodes))
            {
                place.children.push_back(head(below));
            }
        }
        if (local + 1 < size)
        {
            place.children.push_back(inChain(local + 1));
        }
        break;
    }
    return place;
}

void
ExpandAllReduce(const CollectiveCall& call,
                Member self,
                const RankLayout& layout,
                const SoftwareModel& software,
                Expansion& out)
{
    ExpansionBuilder builder(call.comm->ranks[self], layout, software, out);
    const DomainGroups groups = GroupByDomain(*call.comm, layout);
    const uint32_t channels = RingChannels(software, groups, call.bytes);
    std::vector<uint32_t> received;
    for (uint32_t c = 0; c < channels; ++c)
    {
        const Extent share = SplitExtent({0, call.bytes}, channels, c);
        for (uint32_t tree = 0; tree < kTrees; ++tree)
        {
            const Extent half = SplitExtent(share, kTrees, tree);
            const TreePlace place = PlaceInTree(groups, *call.comm, self, tree, c);
            const uint32_t channel = tree * channels + c;
            const uint64_t chunks =
                std::max<uint64_t>(1, CeilDivide(half.bytes, ChunkBytes(software)));
            for (uint64_t k = 0; k < chunks; ++k)
            {
                const Extent chunk = SplitExtent(half, chunks, k);
                received.clear();
                for (const Rank child : place.children)
                {
                    received.push_back(builder.Recv(child, channel, chunk, true));
                }
                if (!place.isRoot)
                {
                    builder.Send(place.parent, channel, chunk, received);
                    received.assign(1, builder.Recv(place.parent, channel, chunk));
                }
                for (const Rank child : place.children)
                {
                    builder.Send(child, channel, chunk, received);
                }
            }
        }
    }
}

/// One tree of one channel, as a whole.
class FusedTree
{
  public:
    FusedTree(const DomainGroups& groups, const Communicator& comm, uint32_t tree, uint32_t channel)
    {
        for (Member m = 0; m < comm.ranks.size(); ++m)
        {
            const TreePlace place = PlaceInTree(groups, comm, m, tree, channel);
            if (!place.isRoot)
            {
                m_parents[comm.ranks[m]] = place.parent;
            }
        }
    }

    /// A chunk's longest way up and down, and the other edges.
    void Emit(uint32_t channel,
              uint64_t bytes,
              uint64_t chunks,
              const RankLayout& layout,
              FusedSink& sink) const
    {
        const std::set<Rank> longest = LongestPath();
        const auto edges = [&](bool onPath)
        {
            for (const auto& [child, parent] : m_parents)
            {
                if ((longest.count(child) > 0) == onPath)
                {
                    const bool inside = layout.SameDomain(child, parent);
                    const auto number = static_cast<uint16_t>(channel);
                    const uint64_t messages = std::min(bytes, chunks);
                    sink.OnEdge({child, parent, child, number, inside, 1, bytes, messages});
                    sink.OnEdge({parent, child, parent, number, inside, 1, bytes, messages});
                }
            }
        };
        sink.OnPattern({FusedPattern::Kind::Tree});
        edges(true);
        sink.OnPattern({});
        edges(false);
    }

  private:
    /// By the children of its edges.
    std::set<Rank> LongestPath() const
    {
        std::set<Rank> longest;
        for (const auto& [leaf, parent] : m_parents)
        {
            std::set<Rank> path;
            for (auto at = m_parents.find(leaf); at != m_parents.end();
                 at = m_parents.find(at->second))
            {
                path.insert(at->first);
            }
            longest = path.size() > longest.size() ? path : longest;
        }
        return longest;
    }

    std::map<Rank, Rank> m_parents;
};

void
FuseAllReduce(const CollectiveCall& call,
              const RankLayout& layout,
              const SoftwareModel& software,
              FusedSink& sink)
{
    const DomainGroups groups = GroupByDomain(*call.comm, layout);
    const uint32_t channels = RingChannels(software, groups, call.bytes);
    for (uint32_t c = 0; c < channels; ++c)
    {
        const Extent share = SplitExtent({0, call.bytes}, channels, c);
        for (uint32_t tree = 0; tree < kTrees; ++tree)
        {
            const uint64_t bytes = SplitExtent(share, kTrees, tree).bytes;
            if (bytes > 0)
            {
                const uint64_t chunks =
                    std::max<uint64_t>(1, CeilDivide(bytes, ChunkBytes(software)));
                FusedTree(groups, *call.comm, tree, c)
                    .Emit(tree * channels + c, bytes, chunks, layout, sink);
            }
        }
    }
}

const CollectiveAlgorithm kDoubleTree{KindTable({
                                          {CollectiveKind::AllReduce, &ExpandAllReduce},
                                      }),
                                      KindTable<FuseFn>({
                                          {CollectiveKind::AllReduce, &FuseAllReduce},
                                      })};

const Registration<const CollectiveAlgorithm*> kEntry{
    {kAlgorithmCategory,
     "double-tree",
     "NCCL-like double binary tree: all-reduce. Two trees over the scale-up domains with half of "
     "the bytes each, a chain inside each domain; chunks of one slot (half of ring_chunk; 512 KiB "
     "without a limit) go up reduced and come down complete, in a pipeline. Few steps, 2 log2 N, "
     "where a ring has 2 (N-1).",
     {}},
    &kDoubleTree};

/// In the numbering of tree 0.
uint32_t
Tree0Parent(uint32_t node, uint32_t nodes)
{
    if (node == 0)
    {
        return kNoNode;
    }
    const uint32_t bit = node & (~node + 1);
    const uint32_t below = node - bit;
    const uint32_t above = below | (2 * bit);
    return above < nodes ? above : below;
}

} // namespace

uint32_t
TreeParent(uint32_t tree, uint32_t node, uint32_t nodes)
{
    if (tree == 0)
    {
        return Tree0Parent(node, nodes);
    }
    if (nodes % 2 == 0)
    {
        const uint32_t parent = Tree0Parent(nodes - 1 - node, nodes);
        return parent == kNoNode ? kNoNode : nodes - 1 - parent;
    }
    const uint32_t parent = Tree0Parent((node + nodes - 1) % nodes, nodes);
    return parent == kNoNode ? kNoNode : (parent + 1) % nodes;
}

std::vector<uint32_t>
TreeChildren(uint32_t tree, uint32_t node, uint32_t nodes)
{
    // A child is a power of two away, round the end where the tree is shifted.
    std::vector<uint32_t> children;
    for (uint64_t step = 1; step < nodes; step *= 2)
    {
        for (const uint64_t other : {node + step, node + nodes - step})
        {
            const auto child = static_cast<uint32_t>(other % nodes);
            if (TreeParent(tree, child, nodes) == node)
            {
                children.push_back(child);
            }
        }
    }
    std::sort(children.begin(), children.end());
    children.erase(std::unique(children.begin(), children.end()), children.end());
    return children;
}

} // namespace heddle
