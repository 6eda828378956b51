// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes and messages of the algorithms against closed forms and NCCL's counts.
#include "executor_for_test.h"

namespace heddle
{

namespace
{

using namespace executor;

Situation
Regular(CollectiveKind kind, uint32_t hosts, uint32_t perHost, uint64_t bytes)
{
    Situation s;
    s.layout = MakeLayout(hosts, perHost, 1, true);
    s.comm.name = "world";
    s.comm.ranks.resize(hosts * perHost);
    std::iota(s.comm.ranks.begin(), s.comm.ranks.end(), 0U);
    s.call.kind = kind;
    s.call.bytes = bytes;
    return s;
}

/// Bytes of each member over the wire against the closed forms of the algorithms.
TEST(CollectiveVolumes, ClosedForms)
{
    struct Row
    {
        const char* algorithm;
        CollectiveKind kind;
        uint32_t hosts;
        uint32_t perHost;
        uint64_t bytes;
        uint64_t scaleUp; ///< sum over members
        uint64_t scaleOut;
    };

    const uint64_t S = 12 * 64 * 5;
    const Row rows[] = {
        // Ring: one of G edges per host leaves it.
        {"ring", CollectiveKind::AllReduce, 3, 4, S, 2 * 11 * S * 9 / 12, 2 * 11 * S * 3 / 12},
        {"ring", CollectiveKind::AllGather, 3, 4, S, 11 * S * 9 / 12, 11 * S * 3 / 12},
        {"ring", CollectiveKind::ReduceScatter, 1, 8, S, 7 * S, 0},
        {"ring", CollectiveKind::ReduceScatter, 8, 1, S, 0, 7 * S},
        // Two trees with half of the bytes each, M-1 edges up and down; a chain in every domain.
        {"double-tree", CollectiveKind::AllReduce, 8, 1, S, 0, 2 * 7 * S},
        {"double-tree", CollectiveKind::AllReduce, 3, 4, S, 3 * 2 * 3 * S, 2 * 2 * S},
        // Hierarchical, per rank: scale-up 2(G-1)/G S, NIC 2(M-1)/M S/G.
        {"hierarchical",
         CollectiveKind::AllReduce,
         3,
         4,
         S,
         12 * 2 * S * 3 / 4,
         12 * 2 * S / 4 * 2 / 3},
        {"hierarchical", CollectiveKind::AllGather, 4, 2, S, 8 * S / 2, 8 * S * 3 / 4 / 2},
        {"hierarchical", CollectiveKind::ReduceScatter, 4, 2, S, 8 * S / 2, 8 * S * 3 / 4 / 2},
        // b = S/N. Direct: everything else; hierarchical: scale-up M(G-1)b, NIC (M-1)Gb.
        {"direct", CollectiveKind::AllToAll, 3, 4, S, 12 * 3 * (S / 12), 12 * 8 * (S / 12)},
        {"pairwise", CollectiveKind::AllToAll, 3, 4, S, 12 * 3 * (S / 12), 12 * 8 * (S / 12)},
        {"hierarchical", CollectiveKind::AllToAll, 3, 4, S, 12 * 9 * (S / 12), 12 * 8 * (S / 12)},
    };
    for (const Row& row : rows)
    {
        for (uint32_t channels : {1U, 2U, 4U})
        {
            Situation s = Regular(row.kind, row.hosts, row.perHost, row.bytes);
            s.call.comm = &s.comm;
            s.software.channels = channels;
            s.software.ringChunkBytes = 77;
            s.software.p2pChunkBytes = 31;
            Dice dice(1);
            Executor executor(s, row.algorithm, true, dice);
            uint64_t up = 0;
            uint64_t out = 0;
            for (Member m = 0; m < s.comm.ranks.size(); ++m)
            {
                up += executor.SentBytes(m, true);
                out += executor.SentBytes(m, false);
            }
            EXPECT_EQ(up, row.scaleUp) << row.algorithm << " " << CollectiveName(row.kind) << ", "
                                       << channels << " channels, scale-up bytes";
            EXPECT_EQ(out, row.scaleOut) << row.algorithm << " " << CollectiveName(row.kind) << ", "
                                         << channels << " channels, scale-out bytes";
        }
    }
}

/// Messages and bytes over one edge of one channel of NCCL 2.30's Simple ring all-reduce with 16
/// channels, chunks of two slices of at most 1 MiB and slices of at least 32 KiB.
TEST(CollectiveVolumes, RingMessagesAsNccl)
{
    struct Row
    {
        uint64_t bytes;
        uint32_t ranks;
        uint64_t messages;
        uint64_t edgeBytes;
    };

    const uint64_t MiB = 1 << 20;
    const Row rows[] = {
        {256 * MiB, 128, 508, 33292288},
        {1024 * MiB, 128, 508, 133169152},
        {8192 * MiB, 128, 1016, 1065353216},
        {1024 * MiB, 16, 120, 125829120},
        {1024 * MiB, 1024, 4092, 134086656},
    };
    for (const Row& row : rows)
    {
        Situation s = Regular(CollectiveKind::AllReduce, row.ranks / 8, 8, row.bytes);
        s.call.comm = &s.comm;
        s.software.channels = 16;
        s.software.ringsPerNic = 2;
        s.software.ringChunkBytes = MiB;
        s.software.ringSlices = 2;
        s.software.minSliceBytes = 32 * 1024;
        Expansion expansion;
        FindAlgorithm("ring").expand[0](s.call, 3, s.layout, s.software, expansion);
        std::map<uint16_t, std::pair<uint64_t, uint64_t>> sent;
        for (const ChunkOp& op : expansion.ops)
        {
            if (op.kind == ChunkOp::Kind::Send)
            {
                ++sent[op.channel].first;
                sent[op.channel].second += op.bytes;
            }
        }
        EXPECT_EQ(sent.size(), 16U);
        for (const auto& [channel, count] : sent)
        {
            EXPECT_EQ(count.first, row.messages) << row.bytes << " B, channel " << channel;
            EXPECT_EQ(count.second, row.edgeBytes) << row.bytes << " B, channel " << channel;
        }
    }
}

} // namespace

} // namespace heddle
