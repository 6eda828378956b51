// SPDX-License-Identifier: GPL-2.0-only
//
// MessageTiming: exact in the uncontended case, and the excess goes where the cause is.
#include "ns3/rdma-test-world.h"

#include <gtest/gtest.h>

namespace heddle::test
{
namespace
{

// Independent of the transport's own arithmetic: n packets over h+1 equal links (validation A2).
TEST(Ideal, MatchesLatencyArithmeticToThePicosecond)
{
    World world({}, GoBackN());
    const QpId qp = world.transport.Connect(0, 1, 0);
    // Cut-through, one switch: n L/C + header/C + 2 d + t; RETH on the first packet.
    const Tick one = (4096 + 82) * 20;
    const Tick expected = 10 * one + 16 * 20 + 64 * 20 + 2 * 500'000 + 500'000;
    EXPECT_EQ(world.transport.IdealTime(qp, 10 * 4096), expected);
}

TEST(Uncontended, ExcessIsZeroToThePicosecond)
{
    for (const char* topology : {"single-switch", "fat-tree-2"})
    {
        for (Forwarding forwarding : {Forwarding::CutThrough, Forwarding::StoreAndForward})
        {
            for (TransportConfig config : {GoBackN(), SelectiveRepeat()})
            {
                for (uint64_t bytes : {1, 100, 4095, 4096, 4097, 8192, 123'457, 4'000'000})
                {
                    config.sendLatency = 900 * kNanosecond;
                    config.receiveLatency = 400 * kNanosecond;
                    Cluster cluster;
                    cluster.nics = 8;
                    cluster.topology = topology;
                    cluster.forwarding = forwarding;
                    World world(cluster, config);
                    const uint64_t cookie = world.Post(0, 7, bytes, 5 * kMicrosecond);
                    world.Run();
                    ASSERT_EQ(world.Faults(), "");
                    const MessageTiming& t = world.byCookie.at(cookie).timing;
                    EXPECT_EQ(t.started, 5 * kMicrosecond);
                    EXPECT_EQ(t.finished - t.started, world.transport.IdealTime(0, bytes))
                        << topology << " " << config.reliability << " " << bytes << " B";
                    EXPECT_EQ(world.Excess(cookie), 0);
                    EXPECT_EQ(t.culprit, kNone);
                }
            }
        }
    }
}

TEST(BackToBack, SecondMessageStartsWhereTheFirstEnds)
{
    TransportConfig config = GoBackN();
    config.sendLatency = kMicrosecond;
    World world({}, config);
    const uint64_t first = world.Post(0, 1, 100 * 4096);
    const uint64_t second = world.Post(0, 1, 50 * 4096, 2 * kMicrosecond);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_FALSE(world.byCookie[first].behindPrevious);
    EXPECT_TRUE(world.byCookie[second].behindPrevious);
    const Tick emitted = kMicrosecond + (100 * 4178 + 16) * 20;
    EXPECT_EQ(world.byCookie[second].timing.started, emitted);
    EXPECT_EQ(world.Excess(first), 0);
    EXPECT_EQ(world.Excess(second), 0) << "the doorbell was hidden behind the first message";
}

TEST(Excess, IncastIsLastHop)
{
    Cluster cluster;
    cluster.nics = 5;
    World world(cluster, GoBackN());
    for (NicId from = 1; from <= 4; ++from)
    {
        world.Post(from, 0, 100 * 4096);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    for (const auto& [cookie, d] : world.byCookie)
    {
        EXPECT_GT(world.Excess(cookie), 100 * 83'560 * 2);
        EXPECT_EQ(world.State(cookie, MessageState::LastHop), world.Excess(cookie));
    }
}

/// 8 NICs on 2 leaves with one spine: 4 flows share one 400G link.
Cluster
Bottleneck()
{
    Cluster cluster;
    cluster.nics = 8;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", "4"}, {"spines", "1"}};
    return cluster;
}

void
RunBottleneck(World& world)
{
    for (NicId from = 0; from < 4; ++from)
    {
        world.Post(from, from + 4, 300 * 4096);
    }
    world.Run();
    ASSERT_EQ(world.Faults(), "");
}

TEST(Excess, SharedUplinkIsFabricQueueAndNamed)
{
    Cluster cluster = Bottleneck();
    cluster.parameters["oversubscription"] = "4";
    World world(cluster, GoBackN());
    RunBottleneck(world);
    for (const auto& [cookie, d] : world.byCookie)
    {
        const Tick excess = world.Excess(cookie);
        EXPECT_GT(excess, 300 * 83'560 * 2);
        EXPECT_GT(world.State(cookie, MessageState::FabricQueue), excess * 99 / 100);
        EXPECT_EQ(world.net.PortName(d.timing.culprit).substr(0, 5), "leaf0")
            << world.net.PortName(d.timing.culprit);
    }
}

TEST(Excess, PfcIsPausedAndNamed)
{
    Cluster cluster = Bottleneck();
    cluster.parameters["oversubscription"] = "4";
    cluster.lossless = true;
    cluster.bufferBytes = 2'000'000;
    cluster.linkDelay = 100 * kNanosecond;
    World world(cluster, GoBackN());
    for (NicId from = 0; from < 4; ++from)
    {
        world.Post(from, from + 4, 3000 * 4096);
    }
    world.Run();
    ASSERT_EQ(world.Faults(), "");
    EXPECT_GT(world.net.counters().pauseFrames, 0U);
    for (const auto& [cookie, d] : world.byCookie)
    {
        EXPECT_GT(world.State(cookie, MessageState::Paused), world.Excess(cookie) / 2);
        EXPECT_EQ(world.net.PortName(d.timing.culprit).substr(0, 5), "leaf0");
    }
}

TEST(Excess, RateControlIsPacedAndNamed)
{
    Cluster cluster = Marking(Bottleneck(), 100'000, 400'000, 0.2);
    cluster.parameters["oversubscription"] = "4";
    TransportConfig config = GoBackN();
    config.congestionControl = "dcqcn";
    World world(cluster, config);
    for (NicId from = 0; from < 4; ++from)
    {
        world.Post(from, from + 4, 5000 * 4096);
    }
    world.Run();
    ASSERT_EQ(world.Faults(), "");
    for (const auto& [cookie, d] : world.byCookie)
    {
        EXPECT_GT(world.State(cookie, MessageState::Paced), world.Excess(cookie) / 2);
        EXPECT_EQ(world.net.PortName(d.timing.culprit).substr(0, 5), "leaf0");
    }
}

// What a failed link had lost is its doing, not congestion.
TEST(Excess, LossByAFailedLinkIsDown)
{
    for (const TransportConfig& config : {GoBackN(), SelectiveRepeat()})
    {
        World world({}, config);
        world.Post(0, 1, 400 * 4096);
        world.At(10 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(1, false); });
        world.At(11 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(1, true); });
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        EXPECT_GT(world.Excess(0), kMicrosecond) << config.reliability;
        EXPECT_GT(world.State(0, MessageState::Down), world.Excess(0) * 95 / 100)
            << config.reliability;
    }
}

} // namespace
} // namespace heddle::test
