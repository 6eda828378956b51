// SPDX-License-Identifier: GPL-2.0-only
//
// Bit errors with link-level retry, as the transport sees them: no loss, a little time, booked as
// loss recovery. And what the same errors cost without.
#include "ns3/rdma-test-world.h"

#include <gtest/gtest.h>

namespace heddle::test
{
namespace
{

constexpr uint64_t kBytes = 100'000ULL * 4096;

Cluster
Errors(double loss, bool retry)
{
    Cluster cluster;
    cluster.loss = loss;
    cluster.retry = retry;
    return cluster;
}

Tick
Duration(const Cluster& cluster, const TransportConfig& config)
{
    World world(cluster, config);
    world.Post(0, 1, kBytes);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    return world.LastFinish();
}

TEST(LinkRetry, TransportSeesNoLossAndLittleTime)
{
    for (const TransportConfig& config : {GoBackN(), SelectiveRepeat()})
    {
        const Tick clean = Duration(Errors(0, false), config);
        World world(Errors(1e-5, true), config);
        world.Post(0, 1, kBytes);
        world.Run();
        ASSERT_EQ(world.Faults(), "");
        EXPECT_EQ(world.net.counters().injected, world.net.counters().delivered);
        EXPECT_EQ(world.transport.counters().retransmits, 0U);
        EXPECT_EQ(world.transport.counters().timeouts, 0U);
        EXPECT_GT(world.net.counters().replays, 0U);
        std::printf("  %s: clean %.3f us, with errors %.3f us, %lu replays\n",
                    config.reliability.c_str(),
                    clean / 1e6,
                    world.LastFinish() / 1e6,
                    world.net.counters().replays);
        EXPECT_LT(world.LastFinish(), clean + clean / 100);
        EXPECT_GT(world.LastFinish(), clean);
    }
}

/// Replays on the NIC's own link and on the last one: the sum of what the ports lost is the excess,
/// and all of it is loss recovery, of the first message or of those behind.
TEST(LinkRetry, IsBookedAsLossRecovery)
{
    World world(Errors(3e-4, true), GoBackN());
    for (int i = 0; i < 5; ++i)
    {
        world.Post(0, 1, kBytes / 5);
    }
    world.Run();
    ASSERT_EQ(world.Faults(), "");
    Tick excess = 0;
    Tick recovery = 0;
    for (const auto& [cookie, d] : world.byCookie)
    {
        excess += world.Excess(cookie);
        recovery += world.State(cookie, MessageState::LossRecovery);
    }
    const Tick lost = world.net.portCounters(0).replayTime + world.net.portCounters(3).replayTime;
    std::printf("  ports lost %.3f us, excess %.3f us, booked as loss recovery %.3f us\n",
                lost / 1e6,
                excess / 1e6,
                recovery / 1e6);
    EXPECT_GT(lost, 20 * kMicrosecond);
    EXPECT_GE(recovery, excess * 99 / 100);
}

/// Two queue pairs share a NIC: whoever's packet is replayed, both wait, and neither calls it the
/// other's bytes.
TEST(LinkRetry, OthersOnThePortWaitForItToo)
{
    auto recovery = [](bool retry)
    {
        World world(Errors(retry ? 1e-3 : 0, retry), GoBackN());
        world.Post(0, 1, kBytes / 10, 0, 0);
        world.Post(0, 1, kBytes / 10, 0, 1);
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        return std::pair(world.State(0, MessageState::OwnPort) +
                             world.State(1, MessageState::OwnPort),
                         world.State(0, MessageState::LossRecovery) +
                             world.State(1, MessageState::LossRecovery));
    };
    const auto clean = recovery(false);
    const auto errors = recovery(true);
    std::printf("  own port %.1f and %.1f us, recovery %.1f and %.1f us\n",
                clean.first / 1e6,
                errors.first / 1e6,
                clean.second / 1e6,
                errors.second / 1e6);
    EXPECT_EQ(clean.second, 0);
    EXPECT_GT(errors.second, 20 * kMicrosecond);
    EXPECT_NEAR(static_cast<double>(errors.first),
                static_cast<double>(clean.first),
                clean.first / 50.0);
}

/// The same errors left to the transport: go-back-N pays a round trip and a window each.
TEST(LinkRetry, BeatsGoBackNAtTheSameErrors)
{
    Cluster far = Errors(1e-4, false);
    far.linkDelay = 5 * kMicrosecond;
    const Tick endToEnd = Duration(far, GoBackN());
    far.retry = true;
    const Tick perLink = Duration(far, GoBackN());
    far.loss = 0;
    const Tick clean = Duration(far, GoBackN());
    std::printf("  clean %.1f us, link retry +%.1f us, go-back-N +%.1f us\n",
                clean / 1e6,
                (perLink - clean) / 1e6,
                (endToEnd - clean) / 1e6);
    EXPECT_LT(2 * (perLink - clean), endToEnd - clean);
}

} // namespace
} // namespace heddle::test
