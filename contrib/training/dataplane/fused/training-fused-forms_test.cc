// SPDX-License-Identifier: GPL-2.0-only
//
// Collectives as coupled flows: closed forms.
#include "../testing/training-fused-bench.h"
#include "../testing/training-test-support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace heddle
{

namespace
{

std::string
NameOf(Level level)
{
    return level == Level::Fused ? "fused" : level == Level::Messages ? "messages" : "packets";
}

/// From the last delivery of a ring to its acknowledgement; us.
double
AcknowledgementOf(const FusedBench& bench)
{
    EventCore core({.seed = 1});
    const Topology net = bench.MakeTopology();
    FlowRoutes routes(core, net, bench.transport);
    return ToSeconds(routes.AckLatency(0, 1) - routes.receiveLatency()) * 1e6;
}

// Validation A3: 2 (N − 1) steps of S / (N B) + α, reduce-scatter and all-gather half of it;
// exactly where S / N is whole. In one domain "hierarchical" is its two passes, a ring's steps.
TEST(FusedForm, RingsOverScaleUp)
{
    for (const char* algorithm : {"ring", "hierarchical"})
    {
        for (Rank n : {2U, 3U, 8U, 16U})
        {
            FusedBench bench(1, n);
            bench.UseForRings(algorithm);
            const uint64_t bytes = uint64_t{n} << 20;
            const Tick step = bench.config.scaleUp.portRate.TransmitTime(bytes / n) +
                              bench.config.scaleUp.latency;
            for (const Level level : {Level::Fused, Level::Messages})
            {
                const auto run = [&](CollectiveKind kind)
                { return double(bench.Run(OneCollective(n, kind, bytes), level).stepTime); };
                const std::string where =
                    std::string(algorithm) + ", N = " + std::to_string(n) + NameOf(level);
                const double rounding = level == Level::Fused ? 2 * n : 0;
                EXPECT_NEAR(run(CollectiveKind::AllReduce), double(2 * (n - 1) * step), rounding)
                    << where;
                EXPECT_NEAR(run(CollectiveKind::AllGather), double((n - 1) * step), rounding)
                    << where;
                EXPECT_NEAR(run(CollectiveKind::ReduceScatter), double((n - 1) * step), rounding)
                    << where;
            }
        }
    }
}

/// Direct: N − 1 blocks leave and enter each port one after the other; pairwise, by messages: α for
/// each.
TEST(FusedForm, AllToAllOverScaleUp)
{
    const uint64_t block = 1 << 20;
    for (const Level level : {Level::Fused, Level::Messages})
    {
        FusedBench bench(1, 8);
        const TaskGraph graph = OneCollective(8, CollectiveKind::AllToAll, 8 * block);
        const Tick port = bench.config.scaleUp.portRate.TransmitTime(block);
        const Tick latency = bench.config.scaleUp.latency;
        const JobResult direct = bench.Run(graph, level);
        EXPECT_NEAR(double(direct.stepTime), double(7 * port + latency), 7) << NameOf(level);
        EXPECT_EQ(direct.scaleUpBytes, 8 * 7 * block) << NameOf(level);
    }
    FusedBench bench(1, 8);
    bench.algorithms.allToAll = "pairwise";
    const TaskGraph graph = OneCollective(8, CollectiveKind::AllToAll, 8 * block);
    const Tick expected =
        7 * (bench.config.scaleUp.portRate.TransmitTime(block) + bench.config.scaleUp.latency);
    EXPECT_EQ(bench.Run(graph, Level::Messages).stepTime, expected);
}

/// A3 over NICs: α and the last acknowledgement from two and three ranks, then N ranks within
/// 0.5 %. "hierarchical" with one member per domain is the ring.
TEST(FusedForm, RingsOverNics)
{
    constexpr double kGoodput = 400e9 * 4096 / (4096 + 82); // validation A1
    const auto steps = [](Rank n) { return 2 * (n - 1); };
    for (const Level level : {Level::Fused, Level::Messages, Level::Packets})
    {
        const auto run = [&](Rank n, uint64_t chunk, const char* algorithm)
        {
            FusedBench bench(n, 1);
            bench.UseForRings(algorithm);
            bench.transport.ackEveryPackets = 64; // one per packet takes 2 % of the way back
            return bench.MicrosecondsOf(OneCollective(n, CollectiveKind::AllReduce, n * chunk),
                                        level);
        };
        const auto wire = [](uint64_t bytes) { return double(bytes) * 8 / kGoodput * 1e6; };
        const double two = run(2, 4096, "ring");
        const double step = (run(3, 4096, "ring") - two) / (steps(3) - steps(2));
        const double alpha = step - wire(4096);
        const double acknowledgement = two - steps(2) * step;
        for (Rank n : {8U, 64U, 128U})
        {
            for (uint64_t chunk : {64ULL << 10, 512ULL << 10})
            {
                if (level == Level::Packets && (n > 64 || chunk > 64 << 10))
                {
                    continue; // seconds
                }
                const double expected = steps(n) * (wire(chunk) + alpha) + acknowledgement;
                const double ring = run(n, chunk, "ring");
                EXPECT_NEAR(ring, expected, 0.005 * expected)
                    << n << " ranks, " << chunk << " B, " << NameOf(level);
                EXPECT_NEAR(run(n, chunk, "hierarchical"), ring, 1e-4 * ring)
                    << n << " ranks, " << NameOf(level);
            }
        }
    }
}

// Validation A3: reduce-scatter in hosts of G, a ring of S / G over M hosts per rail, all-gather in
// hosts; without chunks one after the other. The ring's last acknowledgement travels meanwhile.
TEST(FusedForm, HierarchyIsThreePassesOneAfterTheOther)
{
    for (const auto& [hosts, perHost] : {std::pair(2U, 4U), {4U, 2U}, {4U, 8U}, {16U, 4U}})
    {
        for (const uint64_t chunk : {uint64_t{4096}, uint64_t{256} << 10})
        {
            FusedBench bench(hosts, perHost);
            bench.UseForRings("hierarchical");
            const FusedBench inside(1, perHost);
            const FusedBench rail(hosts, 1);
            const uint64_t bytes = hosts * perHost * chunk;
            for (const Level level : {Level::Fused, Level::Messages, Level::Packets})
            {
                const auto graph = [](Rank ranks, CollectiveKind kind, uint64_t size)
                { return OneCollective(ranks, kind, size); };
                const double local =
                    inside.MicrosecondsOf(graph(perHost, CollectiveKind::AllGather, bytes), level);
                const JobResult ring =
                    rail.Run(graph(hosts, CollectiveKind::AllReduce, bytes / perHost), level);
                const double acknowledgement = AcknowledgementOf(rail);
                const double expected =
                    local + ToSeconds(ring.stepTime) * 1e6 + std::max(0.0, local - acknowledgement);
                const double actual =
                    bench.MicrosecondsOf(graph(hosts * perHost, CollectiveKind::AllReduce, bytes),
                                         level);
                EXPECT_NEAR(actual, expected, 0.005 * expected)
                    << hosts << " hosts of " << perHost << ", " << chunk << " B a chunk, "
                    << NameOf(level);
            }
        }
    }
}

// Validation A3, double tree, a host per domain. One chunk per tree: up and down the longest way,
// 2 depth (α + w), where siblings wait for each other at their parent's port. Many chunks: another
// S bytes take 2 S / B (between two ranks S / B).
TEST(FusedForm, DoubleTreeOverNics)
{
    struct Row
    {
        Rank n;
        double latencies; ///< edges of the longest way up, twice
        double messages;  ///< … and messages on its ports, siblings included
        double perPort;   ///< S at the busiest port
    };

    // Trees of 2: an edge. Of 4: 0–2, 2–{1, 3}. Of 16: 0–8, 8–{4, 12}, 4–{2, 6}, 2–{1, 3}.
    for (const Row& row : {Row{2, 2, 2, 1}, {4, 4, 6, 2}, {16, 8, 14, 2}})
    {
        for (const Level level : {Level::Fused, Level::Messages, Level::Packets})
        {
            constexpr double kGoodput = 400e9 * 4096 / (4096 + 82);
            const auto wire = [](uint64_t bytes) { return double(bytes) * 8 / kGoodput * 1e6; };
            const auto run = [&](uint64_t bytes, const char* algorithm, Rank n)
            {
                FusedBench bench(n, 1);
                bench.transport.ackEveryPackets = 64;
                bench.algorithms.allReduce = algorithm;
                return bench.MicrosecondsOf(OneCollective(n, CollectiveKind::AllReduce, bytes),
                                            level);
            };
            const double two = run(2 * 4096, "ring", 2);
            const double step = (run(3 * 4096, "ring", 3) - two) / 2;
            const double acknowledgement = two - 2 * step;
            const uint64_t chunk = 256 << 10;
            const double expected =
                row.latencies * (step - wire(4096)) + row.messages * wire(chunk) + acknowledgement;
            const double actual = run(2 * chunk, "double-tree", row.n);
            EXPECT_NEAR(actual, expected, 0.005 * expected)
                << row.n << " ranks, one chunk, " << NameOf(level);
            const uint64_t bytes = 16 << 20;
            const double slope =
                run(2 * bytes, "double-tree", row.n) - run(bytes, "double-tree", row.n);
            const double more = row.perPort * wire(bytes);
            EXPECT_NEAR(slope, more, 0.01 * more)
                << row.n << " ranks, 16 MiB more, " << NameOf(level);
        }
    }
}

/// The closed form of windows (ClosedForm.WindowOfOne), over scale-up.
TEST(FusedForm, WindowOfOne)
{
    FusedBench bench(1, 2);
    bench.software.p2pChunkBytes = 1 << 20;
    TaskGraph g(2);
    g.AddSend(0, 1, 5 << 20, 0, "x");
    g.AddRecv(1, 0, 5 << 20, 0, "x");
    const Tick chunk = bench.config.scaleUp.portRate.TransmitTime(1 << 20);
    const Tick latency = bench.config.scaleUp.latency;
    EXPECT_NEAR(double(bench.Run(g, Level::Fused).stepTime), double(5 * chunk + latency), 2)
        << "eager";
    bench.software.slots = 1;
    EXPECT_NEAR(double(bench.Run(g, Level::Fused).stepTime), double(5 * (chunk + 2 * latency)), 4);
    bench.software.slots = 5;
    EXPECT_NEAR(double(bench.Run(g, Level::Fused).stepTime), double(5 * chunk + 2 * latency), 4);
}

} // namespace

} // namespace heddle
