// SPDX-License-Identifier: GPL-2.0-only
//
// Conservation (injected = delivered + dropped + in flight at any time), determinism, failures.

#include "ns3/base-random.h"
#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{
namespace
{

using test::Shape;
using test::World;

constexpr uint32_t kMtu = 4178;

/// Lossy and lossless classes, small buffers, lossy links, three tiers.
Topology
Rough(const std::string& balancer)
{
    ClusterShape shape = Shape(16);
    shape.rateByTier = {ParseRate("200Gbps"), ParseRate("400Gbps")};
    SwitchConfig& config = shape.switchConfig;
    config.bufferBytes = 500'000;
    config.classes[3].lossless = true;
    config.classes[6].strict = true;
    config.classes[1].ecn = true;
    config.classes[1].kmaxBytes = 50'000;
    config.classes[1].pmax = 0.5;
    config.loadBalancer = balancer;
    Topology topology = BuildTopology(
        "fat-tree-3",
        shape,
        {{"hosts_per_leaf", "2"}, {"leaves_per_pod", "2"}, {"oversubscription", "2"}});
    for (size_t l = 0; l < topology.links.size(); l += 3)
    {
        topology.links[l].loss = FrameLoss::FromProbability(0.01);
    }
    topology.rerouteDelay = 5 * kMicrosecond;
    return topology;
}

void
OfferRandomly(World& world, uint64_t seed)
{
    const RandomStream draws(seed, "test-traffic", 0);
    uint64_t i = 0;
    for (int n = 0; n < 400; ++n)
    {
        const NicId from = draws.Below(i++, 16);
        const NicId to = (from + 1 + draws.Below(i++, 15)) % 16;
        const uint32_t bytes = 84 + draws.Below(i++, kMtu - 84);
        const uint8_t classes[] = {0, 1, 3, 6};
        const uint8_t c = classes[draws.Below(i++, 4)];
        const uint64_t packets = 1 + draws.Below(i++, 60);
        const uint32_t entropy = draws.Below(i++, 1U << 16);
        const Tick at = draws.Below(i++, 60'000'000);
        world.Send(from, {to, bytes, packets, c, packet_flag::kEcnCapable, entropy}, at);
    }
}

uint64_t
Balance(const World& world)
{
    return world.net.counters().delivered + world.Dropped() + world.net.inFlight();
}

class Conservation : public testing::TestWithParam<const char*>
{
};

TEST_P(Conservation, HoldsAtAnyTime)
{
    World world(Rough(GetParam()), 11);
    OfferRandomly(world, 5);
    const auto links = static_cast<uint32_t>(world.topology.links.size());
    for (uint32_t l = 1; l < links; l += 5) // NIC links and fabric links alike
    {
        world.At(Tick{l} * 1'700'000, [&world, l](Partition&) { world.net.SetLinkUp(l, false); });
        world.At(Tick{l} * 1'700'000 + 9 * kMicrosecond,
                 [&world, l](Partition&) { world.net.SetLinkUp(l, true); });
    }
    uint64_t sawInFlight = 0;
    for (Tick t = 0; t < 150 * kMicrosecond; t += 777 * kNanosecond)
    {
        world.Run(t);
        ASSERT_EQ(world.net.counters().injected, Balance(world)) << "at " << t << " ps";
        sawInFlight += world.net.inFlight();
    }
    world.Run();
    EXPECT_GT(sawInFlight, 0U);
    EXPECT_EQ(world.net.inFlight(), 0U) << "nothing is stuck";
    EXPECT_EQ(world.net.counters().injected, Balance(world));
    EXPECT_GT(world.DroppedFor(DropReason::BufferFull), 0U);
    EXPECT_GT(world.DroppedFor(DropReason::LinkDown), 0U);
    EXPECT_GT(world.DroppedFor(DropReason::RandomLoss), 0U);
    EXPECT_GT(world.net.counters().ecnMarks, 0U);
    EXPECT_GT(world.net.counters().pauseFrames, 0U);
}

TEST_P(Conservation, RunsAreRepeatableAndSeedsDiffer)
{
    auto digest = [](uint64_t seed)
    {
        World world(Rough(GetParam()), seed);
        OfferRandomly(world, 5);
        world.Run();
        return HashCombine(world.digest, world.core.eventCount());
    };
    const uint64_t once = digest(11);
    EXPECT_EQ(once, digest(11));
    EXPECT_NE(once, digest(12));
}

INSTANTIATE_TEST_SUITE_P(Balancers,
                         Conservation,
                         testing::Values("ecmp", "spray", "adaptive"),
                         [](const auto& info) { return std::string(info.param); });

TEST(RandomLoss, HasTheGivenProbability)
{
    Topology topology = BuildTopology("single-switch", Shape(2), {});
    topology.links[1].loss = FrameLoss::FromProbability(0.05);
    World world(topology);
    world.record = false;
    constexpr double n = 40'000;
    world.Send(0, {1, 84, uint64_t(n)});
    world.Run();
    EXPECT_NEAR(double(world.DroppedFor(DropReason::RandomLoss)),
                n * 0.05,
                4 * std::sqrt(n * 0.05 * 0.95));
    EXPECT_EQ(world.net.counters().delivered + world.Dropped(), uint64_t(n));
}

/// A spine's link to the destination's leaf fails at 50 us: packets through it are lost until
/// routes follow 20 us later, then everything arrives by the other spine; when it is back, both are
/// used.
TEST(Failure, RoutesFollowAfterTheDelay)
{
    ClusterShape shape = Shape(4);
    shape.switchConfig.loadBalancer = "spray";
    Topology topology = BuildTopology("fat-tree-2", shape, {{"hosts_per_leaf", "2"}});
    topology.rerouteDelay = 20 * kMicrosecond;
    World world(topology);
    const uint32_t spine0ToLeaf1 = 4 + 1; // links: 4 NICs, spine0 – leaf0, leaf1, spine1 – …
    ASSERT_EQ(world.net.PortName(2 * spine0ToLeaf1 + 1), "spine0 → leaf1");
    world.At(50 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(spine0ToLeaf1, false); });
    uint64_t before = 0;
    uint64_t lost = 0;
    world.At(100 * kMicrosecond,
             [&](Partition&)
             {
                 lost = world.Dropped();
                 before = world.net.portCounters(2 * spine0ToLeaf1 + 1).txPackets;
                 world.net.SetLinkUp(spine0ToLeaf1, true);
             });
    world.Send(0, {2, kMtu, 2000}); // 167 us at line rate
    world.Run();
    const double duringOutage = 20e6 / (kMtu * 20.0); // packets sent before the routes follow
    EXPECT_NEAR(double(lost), duringOutage / 2, 4 * std::sqrt(duringOutage / 4) + 15)
        << "half of them, and what was on its way";
    EXPECT_EQ(world.Dropped(), lost) << "none after rerouting";
    EXPECT_EQ(world.DroppedFor(DropReason::LinkDown), lost);
    EXPECT_EQ(world.net.counters().delivered, 2000 - lost);
    EXPECT_GT(world.net.portCounters(2 * spine0ToLeaf1 + 1).txPackets, before + 100);
}

TEST(Failure, NoRouteIsNamed)
{
    Topology topology =
        BuildTopology("fat-tree-2", Shape(2), {{"hosts_per_leaf", "1"}, {"spines", "1"}});
    topology.links[2].up = false; // leaf0 – spine0
    World world(topology);
    world.Send(0, {1, kMtu, 5});
    world.Run();
    EXPECT_EQ(world.DroppedFor(DropReason::NoRoute), 5U);
}

/// The NIC's own link: it cannot send, is woken when the link is back, and loses nothing then.
TEST(Failure, NicWaitsForItsLink)
{
    World world(BuildTopology("single-switch", Shape(2), {}));
    world.At(10 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(0, false); });
    world.At(90 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(0, true); });
    world.Send(0, {1, kMtu, 300});
    world.Run();
    EXPECT_EQ(world.net.counters().injected, 300U);
    EXPECT_EQ(world.net.counters().delivered + world.DroppedFor(DropReason::LinkDown), 300U);
    EXPECT_GT(world.DroppedFor(DropReason::LinkDown), 0U) << "those on the wire";
    EXPECT_LE(world.DroppedFor(DropReason::LinkDown), 14U);
    EXPECT_GT(world.lastArrival, 90 * kMicrosecond);
}

/// Pauses do not outlive the link that carried them.
TEST(Failure, ClearsPauses)
{
    World world(BuildTopology("single-switch", Shape(2), {}));
    world.At(0, [&](Partition& p) { world.net.SendPause(p, 1, 3, true); });
    world.At(10 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(1, false); });
    world.At(20 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(1, true); });
    world.Send(0, {1, kMtu, 3}, 30 * kMicrosecond);
    world.Run();
    EXPECT_EQ(world.net.counters().delivered, 3U);
}

} // namespace
} // namespace heddle
