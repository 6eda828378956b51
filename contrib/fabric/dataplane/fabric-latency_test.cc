// SPDX-License-Identifier: GPL-2.0-only
//
// Latency oracles (validation A2), to the picosecond: for n packets of L bytes over h switches and
// h + 1 equal links,
//   store-and-forward  (n + h)·L/C + (h + 1)·d + h·t
//   cut-through        n·L/C + h·Lhdr/C + (h + 1)·d + h·t

#include "ns3/base-errors.h"
#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

namespace heddle
{
namespace
{

using test::Shape;
using test::World;

constexpr Tick kDelay = 500 * kNanosecond;

struct Case
{
    int switches;
    Forwarding forwarding;
    uint32_t bytes;
    uint32_t packets;
};

/// NIC 0 and the last NIC are 1, 3 or 5 switches apart.
Topology
Build(int switches, Forwarding forwarding)
{
    ClusterShape shape = Shape(16);
    shape.switchConfig.forwarding = forwarding;
    switch (switches)
    {
    case 1:
        return BuildTopology("single-switch", shape, {});
    case 3:
        return BuildTopology("fat-tree-2", shape, {{"hosts_per_leaf", "4"}});
    default:
        return BuildTopology("fat-tree-3", shape, {{"k", "4"}});
    }
}

class Latency : public testing::TestWithParam<Case>
{
};

TEST_P(Latency, MatchesTheClosedForm)
{
    const auto [h, forwarding, bytes, n] = GetParam();
    World world(Build(h, forwarding));
    world.Send(0, {15, bytes, n});
    world.Run();

    const Tick serialisation = bytes * 20; // 400 Gb/s: 20 ps per byte
    const Tick perSwitch = forwarding == Forwarding::CutThrough ? 64 * 20 : serialisation;
    const Tick expected = n * serialisation + h * perSwitch + (h + 1) * kDelay + h * kDelay;
    ASSERT_EQ(world.arrivals.size(), n);
    EXPECT_EQ(world.lastArrival, expected);
    EXPECT_EQ(world.arrivals[0].packet.hops, h + 1);
    if (n == 1)
    {
        EXPECT_EQ(world.net.UnloadedLatency(0, 15, bytes), expected);
    }
    EXPECT_EQ(world.core.eventCount(), 1 + n * (h + 1) + (n - 1)) << "one event per hop when idle";
}

INSTANTIATE_TEST_SUITE_P(
    A2,
    Latency,
    testing::ValuesIn(
        []
        {
            std::vector<Case> cases;
            for (int h : {1, 3, 5})
            {
                for (auto f : {Forwarding::StoreAndForward, Forwarding::CutThrough})
                {
                    for (uint32_t bytes : {4178, 1106, 86})
                    {
                        cases.push_back({h, f, bytes, 1});
                        cases.push_back({h, f, bytes, 7});
                    }
                }
            }
            return cases;
        }()));

/// The figures printed in validation A2, rounded there to 1 ns.
TEST(LatencyTable, HasTheReferenceFigures)
{
    const struct
    {
        int h;
        double storeAndForward;
        double cutThrough;
    } rows[] = {{1, 1667, 1585}, {3, 3834, 3588}, {5, 6001, 5590}};
    for (const auto& row : rows)
    {
        World sf(Build(row.h, Forwarding::StoreAndForward));
        World ct(Build(row.h, Forwarding::CutThrough));
        EXPECT_NEAR(sf.net.UnloadedLatency(0, 15, 4178) / 1000.0, row.storeAndForward, 1.0);
        EXPECT_NEAR(ct.net.UnloadedLatency(0, 15, 4178) / 1000.0, row.cutThrough, 1.0);
    }
}

/// Rates that differ along the path, and one (300 Gb/s) whose picoseconds per byte are not whole:
/// the prediction, the simulation and the ideal fabric agree to the picosecond, and the tail never
/// underruns: the last link never ends before the whole packet could have come.
TEST(Latency, MixedRatesAgreeWithPredictionAndIdeal)
{
    for (const char* spineRate : {"100Gbps", "200Gbps", "300Gbps", "400Gbps", "800Gbps", "1.6Tbps"})
    {
        for (auto forwarding : {Forwarding::StoreAndForward, Forwarding::CutThrough})
        {
            ClusterShape shape = Shape(48);
            shape.switchConfig.forwarding = forwarding;
            shape.rateByTier = {ParseRate(spineRate), ParseRate("400Gbps")};
            Topology actual = BuildTopology(
                "fat-tree-3",
                shape,
                {{"hosts_per_leaf", "12"}, {"leaves_per_pod", "2"}, {"spines_per_pod", "1"}});
            Topology ideal = IdealFabric(actual);
            for (uint32_t bytes : {84U, 1106U, 4178U})
            {
                for (NicId to : {NicId{1}, NicId{13}, NicId{47}})
                {
                    World a(actual);
                    World i(ideal);
                    a.Send(0, {to, bytes, 1});
                    i.Send(0, {to, bytes, 1});
                    a.Run();
                    i.Run();
                    EXPECT_EQ(a.lastArrival, a.net.UnloadedLatency(0, to, bytes)) << spineRate;
                    EXPECT_EQ(i.lastArrival, a.lastArrival) << spineRate << " to " << to;
                    EXPECT_EQ(i.net.UnloadedLatency(0, to, bytes), a.lastArrival);
                    EXPECT_GE(a.lastArrival,
                              a.net.PathRate(0, to).TransmitTime(bytes) + 2 * kDelay);
                }
            }
        }
    }
}

/// Store-and-forward latency depends on size: in the ideal fabric, too, a short packet stays behind
/// the long one sent before it.
TEST(Latency, IdealFabricKeepsOrder)
{
    for (auto forwarding : {Forwarding::StoreAndForward, Forwarding::CutThrough})
    {
        Topology actual = Build(5, forwarding);
        actual.links[0].rate = ParseRate("200Gbps"); // cut-through has to store once, too
        World world(IdealFabric(actual));
        for (int i = 0; i < 50; ++i)
        {
            world.Send(0, {15, 4178, 1}, Tick(i) * 10 * kMicrosecond);
            world.Send(0, {15, 86, 1}, Tick(i) * 10 * kMicrosecond + kNanosecond);
        }
        world.Run();
        ASSERT_EQ(world.arrivals.size(), 100U);
        for (uint32_t i = 0; i < 100; ++i)
        {
            EXPECT_EQ(world.arrivals[i].packet.sequence, i);
        }
    }
}

/// One slow link among equal-cost paths does not set the yardstick: the best path does, here over
/// the second spine.
TEST(Latency, BestOfEqualCostPathsIsTheReference)
{
    Topology topology = Build(3, Forwarding::CutThrough);
    const Topology intact = topology;
    topology.links[16 + 3].rate = ParseRate("100Gbps"); // spine0 – leaf3
    World world(topology);
    World whole(intact);
    EXPECT_EQ(world.net.PathRate(0, 15).bps(), 400'000'000'000U);
    EXPECT_EQ(world.net.UnloadedLatency(0, 15, 4178), whole.net.UnloadedLatency(0, 15, 4178));
    for (uint32_t spine = 1; spine < 4; ++spine)
    {
        topology.links[16 + 4 * spine + 3].rate = ParseRate("200Gbps");
    }
    World slower(topology);
    EXPECT_EQ(slower.net.PathRate(0, 15).bps(), 200'000'000'000U);
}

/// From 100 to 400 Gb/s a cut-through switch must behave as store-and-forward.
TEST(Latency, FasterOutputWaitsForTheTail)
{
    Topology topology = BuildTopology("single-switch", Shape(2), {});
    topology.links[0].rate = ParseRate("100Gbps");
    World world(topology);
    world.Send(0, {1, 4178, 1});
    world.Run();
    EXPECT_EQ(world.lastArrival, 4178 * 80 + 4178 * 20 + 3 * kDelay);
    EXPECT_EQ(world.net.PathRate(0, 1).bps(), 100'000'000'000U);
}

/// Goodput of one flow (validation A1): wire bytes arrive back to back at line rate.
TEST(Latency, OneFlowFillsTheLink)
{
    World world(Build(5, Forwarding::CutThrough));
    const uint64_t n = 2000;
    world.Send(0, {15, 4178, n});
    world.Run();
    EXPECT_EQ(world.lastArrival - world.arrivals[0].time, Tick(n - 1) * 4178 * 20);
    EXPECT_EQ(world.net.counters().dataHops, n * 6);
}

TEST(Latency, RailOnlyLeavesPairsOut)
{
    Topology actual = BuildTopology("rail-only", Shape(4, 8), {});
    World world(actual);
    EXPECT_TRUE(world.net.Reachable(0, 8));
    EXPECT_FALSE(world.net.Reachable(0, 9));
    EXPECT_THROW(world.net.UnloadedLatency(0, 9, 84), InputError);
    for (const Topology& t : {actual, IdealFabric(actual)})
    {
        World lost(t);
        lost.Send(0, {9, 4178, 3});
        lost.Run();
        EXPECT_EQ(lost.DroppedFor(DropReason::NoRoute), 3U);
        EXPECT_TRUE(lost.arrivals.empty());
    }
}

} // namespace
} // namespace heddle
