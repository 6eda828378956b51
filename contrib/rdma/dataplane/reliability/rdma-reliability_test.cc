// SPDX-License-Identifier: GPL-2.0-only
//
// Loss, reordering and what each strategy makes of them.
#include "ns3/rdma-test-world.h"

#include <gtest/gtest.h>

namespace heddle::test
{
namespace
{

class Loss : public ::testing::TestWithParam<const char*>
{
  protected:
    TransportConfig Config() const
    {
        TransportConfig config;
        config.reliability = GetParam();
        return config;
    }
};

// Data, ACKs and NACKs all cross lossy links.
TEST_P(Loss, OnePercentOnEveryLinkStillCompletes)
{
    for (uint64_t seed = 1; seed <= 5; ++seed)
    {
        Cluster cluster;
        cluster.nics = 8;
        cluster.topology = "fat-tree-2";
        cluster.parameters = {{"hosts_per_leaf", "4"}};
        cluster.loss = 0.01;
        cluster.seed = seed;
        World world(cluster, Config());
        for (NicId from = 0; from < 8; ++from)
        {
            world.Post(from, (from + 4) % 8, 1'000'000);
            world.Post(from, (from + 1) % 8, 1);
        }
        world.Run();
        EXPECT_EQ(world.Faults(), "") << "seed " << seed;
        EXPECT_GT(world.transport.counters().retransmits, 0U);
    }
}

TEST_P(Loss, HalfOfAllPacketsStillComplete)
{
    Cluster cluster;
    cluster.loss = 0.3;
    World world(cluster, Config());
    world.Post(0, 1, 40 * 4096);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_GT(world.State(0, MessageState::LossRecovery), world.Excess(0) * 9 / 10);
}

TEST_P(Loss, TailLossIsRepairedByTheTimeOut)
{
    TransportConfig config = Config();
    config.retransmissionTimeout = 100 * kMicrosecond;
    World world({}, config);
    world.Post(0, 1, 4096);
    // The packet is on the wire when the link fails; nothing follows it.
    world.At(200 * kNanosecond, [&](Partition&) { world.net.SetLinkUp(0, false); });
    world.At(2 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(0, true); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_EQ(world.transport.counters().timeouts, 1U);
    EXPECT_EQ(world.Excess(0), 100 * kMicrosecond);
    EXPECT_EQ(world.State(0, MessageState::Down), 100 * kMicrosecond);
}

INSTANTIATE_TEST_SUITE_P(Both, Loss, ::testing::Values("go-back-n", "selective-repeat"));

/// Payload over line-rate payload, of one long transfer.
double
Efficiency(const Cluster& cluster, const TransportConfig& config, uint64_t packets)
{
    World world(cluster, config);
    const uint64_t cookie = world.Post(0, cluster.nics - 1, packets * 4096);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const MessageTiming& t = world.byCookie.at(cookie).timing;
    return static_cast<double>(t.state[0]) / static_cast<double>(t.finished - t.started);
}

// (1−p)/(1−p+pW) with W = packets per NACK round trip; reference congestion.md 11.1.
TEST(GoBackN, EfficiencyUnderRandomLossFollowsTheWindow)
{
    Cluster cluster;
    cluster.linkDelay = 2750 * kNanosecond; // round trip 12.1 us: W = 146 packets at 400 Gb/s
    for (double p : {1e-4, 1e-3})
    {
        cluster.loss = p / 2; // two links
        double sum = 0;
        const int seeds = 8;
        for (cluster.seed = 1; cluster.seed <= seeds; ++cluster.seed)
        {
            sum += Efficiency(cluster, GoBackN(), 40000);
        }
        const double w = 146;
        const double expected = (1 - p) / (1 - p + p * w);
        EXPECT_NEAR(sum / seeds, expected, 0.05 * expected) << "p = " << p;
    }
}

TEST(SelectiveRepeat, EfficiencyUnderRandomLossIsOneMinusLoss)
{
    Cluster cluster;
    cluster.linkDelay = 2750 * kNanosecond;
    cluster.loss = 0.0005;
    double sum = 0;
    const int seeds = 8;
    for (cluster.seed = 1; cluster.seed <= seeds; ++cluster.seed)
    {
        sum += Efficiency(cluster, SelectiveRepeat(), 40000);
    }
    // A tail loss or a last hole costs up to a round trip or two of 3.3 ms: below 2 %.
    EXPECT_NEAR(sum / seeds, 0.999, 0.02);
}

struct SprayResult
{
    double lastFinish;
    TransportCounters counters;
};

SprayResult
Spray(const std::string& loadBalancer, const TransportConfig& config)
{
    Cluster cluster;
    cluster.nics = 16;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", "4"}};
    cluster.loadBalancer = loadBalancer;
    World world(cluster, config);
    for (NicId from = 0; from < 16; ++from)
    {
        world.Post(from, (from + 4) % 16, 500 * 4096);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "") << loadBalancer;
    return {ToSeconds(world.LastFinish()), world.transport.counters()};
}

// A permutation over equal paths: the ideal is 500 packets at line rate.
TEST(SelectiveRepeat, ToleratesSpraying)
{
    const double ideal = 500 * 4194 * 8 / 400e9;
    for (const char* balancer : {"spray", "adaptive"})
    {
        const SprayResult r = Spray(balancer, SelectiveRepeat());
        EXPECT_GT(r.counters.outOfOrder, 100U) << balancer;
        EXPECT_EQ(r.counters.retransmits, 0U) << balancer;
        EXPECT_LT(r.lastFinish, 1.35 * ideal) << balancer;
    }
}

TEST(GoBackN, CollapsesUnderSpraying)
{
    const double ideal = 500 * 4178 * 8 / 400e9;
    for (const char* balancer : {"spray", "adaptive"})
    {
        const SprayResult r = Spray(balancer, GoBackN());
        EXPECT_GT(r.counters.nacks, 100U) << balancer;
        EXPECT_GT(r.lastFinish, 3 * ideal) << balancer;
    }
}

TEST(GoBackN, OneNackPerGap)
{
    Cluster cluster;
    World world(cluster, GoBackN());
    world.Post(0, 1, 400 * 4096);
    // A hole of about 1 us of packets in the middle, on the switch-to-receiver link.
    world.At(10 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(1, false); });
    world.At(11 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(1, true); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_EQ(world.transport.counters().nacks, 1U);
    EXPECT_EQ(world.transport.counters().timeouts, 0U);
}

} // namespace
} // namespace heddle::test
