// SPDX-License-Identifier: BSD-3-Clause
//
// Fused forms against the expansions: the same bytes and messages on the same connections.
#include "executor_for_test.h"

#include "ns3/collectives-fused.h"

namespace heddle
{

namespace
{

using namespace executor;

/// (from, to, relay, channel) → (bytes, messages).
using Connections = std::map<std::tuple<Rank, Rank, Rank, uint16_t>, std::pair<uint64_t, uint64_t>>;

struct Collector : FusedSink
{
    void OnEdge(const FusedEdge& edge) override
    {
        // Within a domain the channels of a point-to-point message come as one.
        const uint16_t channel = edge.scaleUp ? 0 : edge.channel;
        auto& [bytes, messages] = connections[{edge.from, edge.to, edge.relay, channel}];
        bytes += edge.bytes;
        messages += edge.messages;
    }

    Connections connections;
};

Connections
Expanded(const std::string& algorithm, const Situation& s)
{
    Connections connections;
    for (Member m = 0; m < s.comm.ranks.size(); ++m)
    {
        Expansion expansion;
        FindAlgorithm(algorithm).expand[static_cast<size_t>(s.call.kind)](s.call,
                                                                          m,
                                                                          s.layout,
                                                                          s.software,
                                                                          expansion);
        for (const ChunkOp& op : expansion.ops)
        {
            if (op.kind == ChunkOp::Kind::Send)
            {
                const uint16_t channel = op.scaleUp ? 0 : op.channel;
                auto& [bytes, messages] =
                    connections[{s.comm.ranks[m], op.peer, op.relay, channel}];
                bytes += op.bytes;
                ++messages;
            }
        }
    }
    return connections;
}

void
Draw(Dice& dice, CollectiveKind kind, uint32_t least, Situation& s)
{
    const uint32_t hosts = 1 + dice.Below(4);
    const uint32_t perHost = 1 + dice.Below(4);
    s.layout = MakeLayout(hosts, perHost, 1, dice.Below(2) == 0);
    s.layout.Index();
    s.comm.ranks.resize(hosts * perHost);
    std::iota(s.comm.ranks.begin(), s.comm.ranks.end(), 0U);
    s.software.channels = 1 + dice.Below(4);
    s.software.ringsPerNic = dice.Below(3);
    s.software.ringChunkBytes = dice.Below(3) == 0 ? 0 : 20 + dice.Below(50);
    s.software.ringSlices = 1 + dice.Below(2);
    s.software.p2pChunkBytes = dice.Below(3) == 0 ? 0 : 10 + dice.Below(50);
    s.software.p2pChannelsPerPeer = 1U << dice.Below(3);
    s.software.pxn = dice.Below(2) == 0;
    s.call.kind = kind;
    s.call.comm = &s.comm;
    s.call.bytes = least + dice.Below(3000);
    s.call.root = dice.Below(hosts * perHost);
    if (kind == CollectiveKind::AllToAll && dice.Below(2) == 0)
    {
        const size_t n = s.comm.ranks.size();
        s.rows.assign(n, std::vector<uint64_t>(n));
        for (auto& row : s.rows)
        {
            std::generate(row.begin(), row.end(), [&] { return dice.Below(300); });
            s.rowPointers.push_back(&row);
        }
        s.call.rows = &s.rowPointers;
    }
}

TEST(Fused, BytesOfEveryConnectionAsExpanded)
{
    Dice dice(3);
    for (const char* algorithm : {"ring", "direct", "double-tree", "hierarchical"})
    {
        for (size_t k = 0; k < kCollectiveKinds; ++k)
        {
            const FuseFn fuse = FindAlgorithm(algorithm).fuse[k];
            ASSERT_EQ(fuse != nullptr, FindAlgorithm(algorithm).expand[k] != nullptr) << algorithm;
            for (int i = 0; fuse != nullptr && i < 200; ++i)
            {
                Situation s;
                Draw(dice, static_cast<CollectiveKind>(k), i % 2 == 0 ? 100'000 : 1, s);
                Collector fused;
                fuse(s.call, s.layout, s.software, fused);
                const Connections expected = Expanded(algorithm, s);
                const std::string where =
                    std::string(algorithm) + ", " + CollectiveName(s.call.kind) + " of " +
                    std::to_string(s.call.bytes) + " B, situation " + std::to_string(i);
                ASSERT_EQ(fused.connections.size(), expected.size()) << where;
                for (const auto& [connection, carried] : expected)
                {
                    const auto actual = fused.connections.at(connection);
                    ASSERT_EQ(actual.first, carried.first) << where << ": bytes";
                    // A last loop may have slices without a byte.
                    const double most = double(carried.second) * 1.02 + 8;
                    if (std::string(algorithm) != "hierarchical") // whose batches are uneven
                    {
                        ASSERT_GE(actual.second, carried.second) << where << ": messages";
                    }
                    ASSERT_LE(double(actual.second), i % 2 == 0 ? most : 1e9) << where;
                }
            }
        }
    }
}

/// Lines that cross: a pass of the pipeline takes 3, a step over the domains 2; by hand.
TEST(Fused, PipelineTimes)
{
    FusedPipeline p;
    p.domains = 3;
    p.locals = 2;
    p.batch = 3;
    p.reduces = p.gathers = true;
    EXPECT_EQ(PipelineTime(p, 3, 2), 4 * 2) << "one batch: its passes are before and behind";
    p.batch = 1;
    // Reduced at 0, 3, 6; steps end at 2, 5, 8, 10. The own block has its last part at 6: gathered
    // at 9, the next at 12; the last one's pass is behind.
    EXPECT_EQ(PipelineTime(p, 3, 2), 12);
    p.reduces = false;
    EXPECT_EQ(PipelineTime(p, 3, 2), 6) << "own block at once: 3, then 6";
    p.gathers = false;
    p.reduces = true;
    EXPECT_EQ(PipelineTime(p, 3, 2), 6) << "reduced at 0, 3, 6; steps end at 2, 5";
    p.loops = 2;
    EXPECT_EQ(PipelineTime(p, 3, 2), 15) << "five passes; the last step that needs one ends at 14";
    p.domains = 1;
    p.gathers = true;
    EXPECT_EQ(PipelineTime(p, 3, 2), 3) << "one domain: the second loop's reduction";
}

} // namespace

} // namespace heddle
