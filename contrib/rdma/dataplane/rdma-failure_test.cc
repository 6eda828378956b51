// SPDX-License-Identifier: GPL-2.0-only
//
// Links that fail under a transfer: booked as Down, stalled for as long as the time-outs say, or
// aborted once the retry budget is used up.
#include "ns3/rdma-test-world.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle::test
{
namespace
{

constexpr Tick kSecond = 1000 * kMillisecond;
/// InfiniBand: 4.096 us · 2^20, NCCL's default; 7 retries.
constexpr Tick kIbTimeout = Tick{4'096'000} << 20;

TransportConfig
Budget(TransportConfig config)
{
    config.retransmissionTimeout = kIbTimeout;
    config.retryLimit = 7;
    return config;
}

/// A transfer of 1 ms whose receiver's link fails at 0.1 ms.
void
RunWithOutage(World& world, uint32_t link, Tick outage)
{
    world.Post(0, 1, 50'000'000);
    const Tick at = 100 * kMicrosecond;
    world.At(at, [&world, link](Partition&) { world.net.SetLinkUp(link, false); });
    world.At(at + outage, [&world, link](Partition&) { world.net.SetLinkUp(link, true); });
    world.Run();
}

TEST(RetryBudget, StallsForWholeTimeoutsAndAbortsOnTheRightSide)
{
    const double timeout = static_cast<double>(kIbTimeout) / 1e12;
    EXPECT_NEAR(timeout, 4.295, 0.001);
    for (const TransportConfig& config : {Budget(GoBackN()), Budget(SelectiveRepeat())})
    {
        for (double outage : {0.1, 1.0, 10.0, 30.0, 40.0})
        {
            World world({}, config);
            RunWithOutage(world, 1, static_cast<Tick>(outage * 1e12));
            const double timeouts = std::ceil(outage / timeout);
            const auto failure = world.transport.failure();
            std::printf("  %s, down %.1f s: %s, %lu events\n",
                        config.reliability.c_str(),
                        outage,
                        failure ? failure->Text().c_str()
                                : (std::to_string(world.LastFinish() / 1e12) + " s").c_str(),
                        world.core.eventCount());
            if (timeouts > 8)
            {
                ASSERT_TRUE(failure);
                EXPECT_NEAR(static_cast<double>(failure->at) / 1e12, 8 * timeout, 0.01);
                EXPECT_EQ(failure->from, 0U);
                EXPECT_EQ(failure->to, 1U);
                EXPECT_TRUE(world.deliveries.empty());
                continue;
            }
            ASSERT_FALSE(failure);
            ASSERT_EQ(world.Faults(), "");
            EXPECT_NEAR(static_cast<double>(world.LastFinish()) / 1e12,
                        timeouts * timeout + 0.001,
                        0.01);
            EXPECT_GT(world.State(0, MessageState::Down), world.Excess(0) * 99 / 100);
            EXPECT_LT(world.core.eventCount(), 500'000U) << "waiting costs nothing";
        }
    }
}

TEST(RetryBudget, OwnPortDownAbortsToo)
{
    for (const TransportConfig& config : {Budget(GoBackN()), Budget(SelectiveRepeat())})
    {
        World world({}, config);
        RunWithOutage(world, 0, 40 * kSecond);
        ASSERT_TRUE(world.transport.failure()) << config.reliability;
        EXPECT_NEAR(static_cast<double>(world.transport.failure()->at) / 1e12, 34.36, 0.01);
    }
}

TEST(RetryBudget, WithoutALimitEverythingIsSurvived)
{
    World world({}, SelectiveRepeat());
    RunWithOutage(world, 1, 40 * kSecond);
    EXPECT_FALSE(world.transport.failure());
    EXPECT_EQ(world.Faults(), "");
    // 4 ms doubled five times: it looks again every 128 ms.
    EXPECT_LT(world.LastFinish(), 40 * kSecond + 130 * kMillisecond);
    EXPECT_GT(world.State(0, MessageState::Down), world.Excess(0) * 99 / 100);
}

/// 6 NICs on 2 leaves; a link between leaf and spine dies and returns, and routes follow at once.
/// Lost and overtaken packets are its doing; a pair that does not cross it has none of it.
TEST(Down, IsToldFromLoss)
{
    for (const TransportConfig& config : {GoBackN(), SelectiveRepeat()})
    {
        Cluster cluster;
        cluster.nics = 6;
        cluster.topology = "fat-tree-2";
        cluster.parameters = {{"hosts_per_leaf", "3"}, {"spines", "1"}};
        World world(cluster, config);
        world.Post(0, 3, 100'000'000);            // 2 ms over leaf0, spine0, leaf1
        world.Post(1, 2, 100'000'000);            // within leaf0
        for (uint32_t link = 6; link < 9; ++link) // all that join leaf0 and the spine
        {
            ASSERT_EQ(world.net.PortName(2 * link), "leaf0 → spine0");
            world.At(500 * kMicrosecond,
                     [&world, link](Partition&) { world.net.SetLinkUp(link, false); });
            world.At(900 * kMicrosecond,
                     [&world, link](Partition&) { world.net.SetLinkUp(link, true); });
        }
        world.Run();
        ASSERT_EQ(world.Faults(), "");
        EXPECT_GT(world.State(0, MessageState::Down), world.Excess(0) * 95 / 100)
            << config.reliability;
        EXPECT_EQ(world.State(1, MessageState::Down), 0);
        EXPECT_EQ(world.State(1, MessageState::LossRecovery), 0);
        EXPECT_TRUE(world.net.PathBroken(0, 3, 0, kForever));
        EXPECT_FALSE(world.net.PathBroken(0, 3, 0, 500 * kMicrosecond));
        EXPECT_FALSE(world.net.PathBroken(0, 3, 901 * kMicrosecond, kForever));
        EXPECT_FALSE(world.net.PathBroken(1, 2, 0, kForever));
    }
}

/// Half the lanes for half the time: closed form. The NIC's own link, and the last one.
TEST(Degraded, HalfTheRateTakesTwiceTheTime)
{
    for (uint32_t link : {0U, 1U})
    {
        World world({}, GoBackN()); // no window: what the last link holds back waits before it
        constexpr uint64_t kPackets = 20'000;
        world.Post(0, 1, kPackets * 4096);
        const Tick from = 400 * kMicrosecond;
        const Tick until = 1000 * kMicrosecond;
        world.At(from, [&](Partition&) { world.net.SetLinkRate(link, ParseRate("200Gbps")); });
        world.At(until, [&](Partition&) { world.net.SetLinkRate(link, ParseRate("400Gbps")); });
        world.Run();
        ASSERT_EQ(world.Faults(), "");
        const double excess = static_cast<double>(world.Excess(0)) / 1e6;
        std::printf("  link %u: expected 300 us more, actual %.2f us\n", link, excess);
        EXPECT_NEAR(excess, 300, 3);
        EXPECT_GT(world.State(0, MessageState::Down), world.Excess(0) * 95 / 100);
        const PortId port = link == 0 ? 0 : 3;
        EXPECT_NEAR(static_cast<double>(world.net.portCounters(port).busy) / 1e6,
                    kPackets * 4178 * 20e-6 + 300,
                    3);
    }
}

/// Two messages share a NIC's port at half rate: 3 of 4 times their own bytes are more than ideal,
/// 2 of them the failure's, 1 the other's bytes. From the sender's side and from the receiver's.
TEST(Degraded, OtherBytesStayEndpointTime)
{
    for (const bool sender : {true, false})
    {
        Cluster cluster;
        cluster.nics = 4;
        World world(cluster, GoBackN());
        constexpr uint64_t kPackets = 5'000;
        world.Post(0, sender ? 1 : 2, kPackets * 4096);
        world.Post(sender ? 0 : 1, sender ? 3 : 2, kPackets * 4096);
        const uint32_t link = sender ? 0 : 2;
        world.At(0, [&](Partition&) { world.net.SetLinkRate(link, ParseRate("200Gbps")); });
        world.Run();
        ASSERT_EQ(world.Faults(), "");
        const double own = kPackets * 4178 * 20e-6; // us
        for (const uint64_t cookie : {0, 1})
        {
            const double failure = double(world.State(cookie, MessageState::Down)) / 1e6;
            const double endpoint = double(world.State(cookie, MessageState::OwnPort) +
                                           world.State(cookie, MessageState::LastHop)) /
                                    1e6;
            std::printf("  %s, message %d: failure %.1f us, expected %.1f; endpoint %.1f us, "
                        "expected %.1f\n",
                        sender ? "sender" : "receiver",
                        int(cookie),
                        failure,
                        2 * own,
                        endpoint,
                        own);
            EXPECT_NEAR(failure, 2 * own, 0.02 * own);
            EXPECT_NEAR(endpoint, own, 0.02 * own);
        }
    }
}

} // namespace
} // namespace heddle::test
