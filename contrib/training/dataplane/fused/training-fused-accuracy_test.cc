// SPDX-License-Identifier: GPL-2.0-only
//
// Collectives as coupled flows against the same job by messages.
#include "../testing/training-fused-bench.h"
#include "../testing/training-test-support.h"

#include <gtest/gtest.h>

namespace heddle
{

namespace
{

/// The same call by messages: times, bytes and messages.
TEST(Fused, NearMessagesForEveryKindAndFabric)
{
    struct Row
    {
        const char* balancer;
        bool pxn;
        double tolerance;
    };

    for (const Row& row :
         {Row{"adaptive", false, 0.02}, {"ecmp", false, 0.03}, {"ecmp", true, 0.04}})
    {
        for (CollectiveKind kind : {CollectiveKind::AllReduce,
                                    CollectiveKind::AllGather,
                                    CollectiveKind::ReduceScatter,
                                    CollectiveKind::AllToAll,
                                    CollectiveKind::Broadcast})
        {
            for (uint64_t bytes : {64ULL << 20, 512ULL << 20})
            {
                FusedBench bench(4, 4);
                bench.topology = row.pxn ? "rail-optimised" : "fat-tree-2";
                bench.parameters = {{row.pxn ? "hosts_per_group" : "hosts_per_leaf", "2"}};
                bench.loadBalancer = row.balancer;
                bench.software = FindPreset("nccl-h100");
                bench.software.pxn = row.pxn;
                bench.transport.ackEveryPackets = 16;
                const TaskGraph graph = OneCollective(16, kind, bytes);
                const JobResult messages = bench.Run(graph, Level::Messages);
                const JobResult fused = bench.Run(graph, Level::Fused);
                const double expected = ToSeconds(messages.stepTime) * 1e6;
                const double actual = ToSeconds(fused.stepTime) * 1e6;
                const std::string where = std::string(row.balancer) +
                                          (row.pxn ? " rails, " : ", ") +
                                          std::to_string(static_cast<int>(kind)) + ", " +
                                          std::to_string(bytes >> 20) + " MiB";
                // A broadcast's fill depends on how chunks of channels take turns at a port.
                const bool fills = kind == CollectiveKind::Broadcast;
                const double tolerance = fills ? 0.07 : row.tolerance;
                EXPECT_NEAR(actual, expected, tolerance * expected) << where << ", us";
                EXPECT_EQ(fused.scaleOutBytes, messages.scaleOutBytes) << where;
                EXPECT_EQ(fused.scaleUpBytes, messages.scaleUpBytes) << where;
                EXPECT_NEAR(double(fused.scaleOutMessages),
                            double(messages.scaleOutMessages),
                            0.02 * double(messages.scaleOutMessages))
                    << where;
                std::printf("%-28s messages %9.1f us  fused %9.1f us  %+5.2f %%\n",
                            where.c_str(),
                            expected,
                            actual,
                            100 * (actual / expected - 1));
            }
        }
    }
}

/// Algorithms of several phases.
TEST(Fused, NearMessagesForOtherAlgorithms)
{
    struct Row
    {
        const char* algorithm;
        CollectiveKind kind;
        double tolerance;
    };

    // 64 MiB all-reduce: packets 628.3 us, messages 630.6 us, fused 650.6 us (3.5 % over packets).
    const Row rows[] = {{"hierarchical", CollectiveKind::AllReduce, 0.04},
                        {"hierarchical", CollectiveKind::AllGather, 0.01},
                        {"hierarchical", CollectiveKind::ReduceScatter, 0.04},
                        {"hierarchical", CollectiveKind::AllToAll, 0.03},
                        {"double-tree", CollectiveKind::AllReduce, 0.015}};
    for (const Row& row : rows)
    {
        for (uint64_t bytes : {64ULL << 20, 512ULL << 20})
        {
            FusedBench bench(4, 4);
            bench.topology = "rail-optimised";
            bench.parameters = {{"hosts_per_group", "2"}};
            bench.software = FindPreset("nccl-h100");
            bench.transport.ackEveryPackets = 16;
            bench.algorithms.allReduce = row.algorithm;
            const bool all = std::string(row.algorithm) == "hierarchical";
            bench.algorithms.allGather = all ? row.algorithm : "ring";
            bench.algorithms.reduceScatter = all ? row.algorithm : "ring";
            bench.algorithms.allToAll =
                row.kind == CollectiveKind::AllToAll ? row.algorithm : "direct";
            const TaskGraph graph = OneCollective(16, row.kind, bytes);
            const double expected = ToSeconds(bench.Run(graph, Level::Messages).stepTime) * 1e6;
            const double actual = ToSeconds(bench.Run(graph, Level::Fused).stepTime) * 1e6;
            EXPECT_NEAR(actual, expected, row.tolerance * expected)
                << row.algorithm << " " << static_cast<int>(row.kind) << ", " << bytes;
            std::printf("%-12s %d, %3d MiB  messages %9.1f us  fused %9.1f us  %+6.2f %%\n",
                        row.algorithm,
                        static_cast<int>(row.kind),
                        static_cast<int>(bytes >> 20),
                        expected,
                        actual,
                        100 * (actual / expected - 1));
        }
    }
}

/// Without a software layer, one message a step, against packets.
TEST(Fused, NearPacketsWithoutSoftware)
{
    struct Row
    {
        const char* algorithm;
        CollectiveKind kind;
        double ecmp; ///< tolerance
        double spray;
    };

    const Row rows[] = {{"ring", CollectiveKind::AllReduce, 0.01, 0.02},
                        {"ring", CollectiveKind::AllGather, 0.01, 0.02},
                        {"ring", CollectiveKind::Broadcast, 0.02, 0.02},
                        {"hierarchical", CollectiveKind::AllReduce, 0.01, 0.02},
                        {"hierarchical", CollectiveKind::AllGather, 0.01, 0.02},
                        {"hierarchical", CollectiveKind::ReduceScatter, 0.01, 0.02},
                        {"hierarchical", CollectiveKind::AllToAll, 0.03, 0.05},
                        {"direct", CollectiveKind::AllToAll, 0.02, 0.05},
                        {"double-tree", CollectiveKind::AllReduce, 0.02, 0.02}};
    for (const Row& row : rows)
    {
        for (const bool spray : {false, true})
        {
            for (const auto& [hosts, perHost] : {std::pair(16U, 1U), {8U, 4U}})
            {
                for (uint64_t bytes : {1ULL << 20, 16ULL << 20})
                {
                    FusedBench bench(hosts, perHost);
                    bench.topology = "fat-tree-2";
                    bench.parameters = {{"hosts_per_leaf", "4"}};
                    bench.loadBalancer = spray ? "spray" : "ecmp";
                    bench.transport.ackEveryPackets = 16;
                    bench.UseFor(row.kind, row.algorithm);
                    const TaskGraph graph = OneCollective(hosts * perHost, row.kind, bytes);
                    const double expected = bench.MicrosecondsOf(graph, Level::Packets);
                    const double messages = bench.MicrosecondsOf(graph, Level::Messages);
                    const double actual = bench.MicrosecondsOf(graph, Level::Fused);
                    char where[96];
                    std::snprintf(where,
                                  sizeof where,
                                  "%-12s %d, %-5s %2u x %u, %2d MiB",
                                  row.algorithm,
                                  static_cast<int>(row.kind),
                                  bench.loadBalancer.c_str(),
                                  hosts,
                                  perHost,
                                  static_cast<int>(bytes >> 20));
                    EXPECT_NEAR(actual, expected, (spray ? row.spray : row.ecmp) * expected)
                        << where << ", us";
                    std::printf("%s  packets %9.1f us  messages %+6.2f %%  fused %+6.2f %%\n",
                                where,
                                expected,
                                100 * (messages / expected - 1),
                                100 * (actual / expected - 1));
                }
            }
        }
    }
}

} // namespace

} // namespace heddle
