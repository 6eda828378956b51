// SPDX-License-Identifier: GPL-2.0-only
//
// PFC: headroom (validation A10), no drops, frame timing, blame.

#include "ns3/fabric-buffer.h"
#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

namespace heddle
{
namespace
{

using test::Shape;
using test::World;

constexpr uint32_t kMtu = 4178;
constexpr double kBytesPerPs = 0.05; // 400 Gb/s

struct Incast
{
    uint32_t senders = 8;
    Forwarding forwarding = Forwarding::CutThrough;
    int64_t headroomChange = 0; ///< added to the exact headroom of validation A10
    uint64_t pool = 8'000'000;  ///< never short
    double alpha = 0.02;
    bool reverseTraffic = true; ///< PFC frames have to wait for a packet
    bool control = false;       ///< … and short packets of a strict class come between
};

uint64_t
ExactHeadroom(const SwitchConfig& config, Tick delay)
{
    auto loop = static_cast<double>(2 * delay + config.forwardingLatency + config.pauseResponse);
    return static_cast<uint64_t>(loop * kBytesPerPs) + 2 * kMtu;
}

ClusterShape
LosslessShape(const Incast& incast)
{
    ClusterShape shape = Shape(incast.senders + 1);
    SwitchConfig& config = shape.switchConfig;
    config.forwarding = incast.forwarding;
    config.classes[3].lossless = true;
    config.classes[6].strict = true;
    config.pauseResponse = 300 * kNanosecond;
    config.headroomBytes = static_cast<uint64_t>(
        static_cast<int64_t>(ExactHeadroom(config, 500 * kNanosecond)) + incast.headroomChange);
    config.alpha = incast.alpha;
    config.bufferBytes = (incast.senders + 1) * config.headroomBytes + incast.pool;
    return shape;
}

/// All NICs but the last send to the last at line rate; it sends to them in another class.
void
Offer(World& world, const Incast& incast)
{
    for (NicId nic = 0; nic < incast.senders; ++nic)
    {
        // Staggered, so that headers and PFC frames meet in many phases.
        world.Send(nic, {incast.senders, kMtu, 300, 3}, Tick{nic} * 12'345);
        if (incast.reverseTraffic)
        {
            world.Send(incast.senders, {nic, kMtu, 300, 0});
        }
        for (NicId to = 0; incast.control && to < incast.senders; ++to)
        {
            world.Send(nic, {to, 86, 300, 6}, Tick{to} * 7'777);
        }
    }
    world.Run();
}

TEST(PfcHeadroom, ExactLosesNothingAndLessDoes)
{
    const auto loop = static_cast<int64_t>(2 * 500'000 * kBytesPerPs); // 2·C·d
    for (auto forwarding : {Forwarding::CutThrough, Forwarding::StoreAndForward})
    {
        for (uint32_t senders : {2U, 8U, 15U})
        {
            Incast incast{senders, forwarding};
            World exact(BuildTopology("single-switch", LosslessShape(incast), {}));
            Offer(exact, incast);
            EXPECT_EQ(exact.Dropped(), 0U) << senders << " senders";
            EXPECT_GT(exact.net.counters().pauseFrames, 0U);
            EXPECT_EQ(exact.net.counters().delivered, 2U * 300 * senders);

            incast.control = true;
            World mixed(BuildTopology("single-switch", LosslessShape(incast), {}));
            Offer(mixed, incast);
            EXPECT_EQ(mixed.Dropped(), 0U) << senders << " senders, with control packets";
            EXPECT_GT(mixed.net.counters().pauseFrames, 0U);
            incast.control = false;

            if (senders == 2) // half of what comes leaves at once: it needs half the headroom
            {
                continue;
            }
            incast.headroomChange = -loop;
            World less(BuildTopology("single-switch", LosslessShape(incast), {}));
            Offer(less, incast);
            EXPECT_GT(less.DroppedFor(DropReason::BufferFull), 0U) << senders << " senders";
        }
    }
}

/// A pool of a dozen packets: groups run into headroom because the pool is short, with their first
/// packet even. The computed headroom allows for that.
TEST(PfcHeadroom, ComputedSurvivesAShortPool)
{
    for (auto forwarding : {Forwarding::CutThrough, Forwarding::StoreAndForward})
    {
        for (uint32_t senders : {2U, 8U, 15U, 31U})
        {
            Incast incast{senders, forwarding, 0, 50'000, 1.0};
            ClusterShape shape = LosslessShape(incast);
            shape.switchConfig.headroomBytes = 0;
            const uint64_t each =
                fabric::Headroom(shape.switchConfig, shape.nicRate, 500 * kNanosecond);
            shape.switchConfig.bufferBytes = (senders + 1) * each + incast.pool;
            World world(BuildTopology("single-switch", shape, {}));
            Offer(world, incast);
            // The reverse traffic's class is lossy and alone may lose packets.
            uint64_t lossless = 0;
            for (const auto& arrival : world.arrivals)
            {
                lossless += arrival.packet.trafficClass == 3;
            }
            EXPECT_EQ(lossless, 300U * senders) << senders << " senders";
            EXPECT_GT(world.net.counters().pauseFrames, 0U);
        }
    }
}

TEST(PfcHeadroom, ComputedIsTheOracleAndItsStatedExtras)
{
    SwitchConfig config = LosslessShape({}).switchConfig;
    config.headroomBytes = 0;
    EXPECT_EQ(fabric::Headroom(config, ParseRate("400Gbps"), 500 * kNanosecond),
              ExactHeadroom(config, 500 * kNanosecond) + 84 + kMtu);
}

/// The rules of one priority group, step by step: alpha 1, a pool of 10 packets.
TEST(SharedBuffer, PausesAndResumesByTheThreshold)
{
    using fabric::Admission;
    SwitchConfig config;
    config.classes[3].lossless = true;
    config.headroomBytes = 2 * kMtu;
    config.bufferBytes = 12 * kMtu;
    config.xonOffsetBytes = kMtu;
    fabric::SharedBuffer buffer(config, {{ParseRate("400Gbps"), 0}}, "test");
    for (int i = 0; i < 5; ++i) // 5 = 1 · (10 − 5): not above the threshold
    {
        EXPECT_EQ(buffer.AdmitLossless(0, 3, kMtu), Admission::Accept) << "packet " << i;
    }
    EXPECT_EQ(buffer.AdmitLossless(0, 3, kMtu), Admission::AcceptAndPause) << "6 > 10 − 6";
    EXPECT_EQ(buffer.AdmitLossless(0, 3, kMtu), Admission::Accept) << "headroom";
    EXPECT_EQ(buffer.AdmitLossless(0, 3, kMtu), Admission::Accept);
    EXPECT_EQ(buffer.used(), 6 * kMtu) << "headroom is not of the pool";
    EXPECT_EQ(buffer.AdmitLossless(0, 3, kMtu), Admission::Drop) << "headroom exceeded";
    EXPECT_FALSE(buffer.ReleaseLossless(0, 3, kMtu)) << "headroom empties first";
    EXPECT_FALSE(buffer.ReleaseLossless(0, 3, kMtu)) << "6 > 4 − 1";
    EXPECT_EQ(buffer.used(), 6 * kMtu);
    EXPECT_FALSE(buffer.ReleaseLossless(0, 3, kMtu)) << "5 > 5 − 1";
    EXPECT_TRUE(buffer.ReleaseLossless(0, 3, kMtu)) << "4 ≤ 6 − 1";
    EXPECT_FALSE(buffer.ReleaseLossless(0, 3, kMtu)) << "XON once";

    EXPECT_EQ(buffer.AdmitLossless(0, 3, 4 * kMtu), Admission::AcceptAndPause) << "7 > 3";
    buffer.ForgetPauses(0); // the link failed: its far end knows of no pause
    EXPECT_EQ(buffer.AdmitLossless(0, 3, kMtu), Admission::AcceptAndPause) << "asks again";
}

/// No pool worth speaking of, many alphas: the computed headroom still loses nothing, on three
/// tiers with everybody sending everywhere.
TEST(Pfc, NeverDropsInAFatTree)
{
    for (double alpha : {0.125, 1.0, 8.0})
    {
        ClusterShape shape = Shape(16);
        shape.switchConfig.classes[3].lossless = true;
        shape.switchConfig.alpha = alpha;
        shape.switchConfig.bufferBytes = 4 * 120'000;
        World world(BuildTopology("fat-tree-3", shape, {{"k", "4"}}));
        for (NicId nic = 0; nic < 16; ++nic)
        {
            world.Send(nic, {(nic + 5) % 16, kMtu, 200, 3, 0, nic});
            world.Send(nic, {nic == 7 ? 8U : 7U, kMtu, 100, 3, 0, nic}); // incast on NIC 7
        }
        world.Run();
        EXPECT_EQ(world.Dropped(), 0U) << "alpha " << alpha;
        EXPECT_EQ(world.net.counters().delivered, 16U * 300) << "alpha " << alpha;
        EXPECT_GT(world.net.counters().pauseFrames, 0U);
        // The incast's last hop is the bottleneck and never idles for long (validation A4).
        const Tick bound = (15 * 100 + 200) * Tick{kMtu} * 20;
        EXPECT_GE(world.lastArrival, bound);
        EXPECT_LE(world.lastArrival, bound * 3 / 2);
    }
}

/// A NIC pauses its leaf from 10 us to 30 us. Frames take 84 B + propagation + response; what the
/// leaf has begun it finishes.
TEST(Pfc, FrameTimingIsExact)
{
    ClusterShape shape = Shape(2);
    shape.switchConfig.pauseResponse = 300 * kNanosecond;
    World world(BuildTopology("single-switch", shape, {}));
    world.Send(0, {1, kMtu, 600, 3});
    const Tick off = 10 * kMicrosecond;
    const Tick on = 30 * kMicrosecond;
    world.At(off, [&](Partition& part) { world.net.SendPause(part, 1, 3, true); });
    world.At(on, [&](Partition& part) { world.net.SendPause(part, 1, 3, false); });
    world.Run();

    const Tick packet = Tick{kMtu} * 20;
    const Tick reaction = 84 * 20 + (500 + 300) * kNanosecond; // until the leaf's port stops
    // The leaf transmits back to back from the first header on; find the packet it is in at `stop`.
    const Tick first = 64 * 20 + 1000 * kNanosecond;
    const Tick stop = off + reaction;
    const Tick begun = (stop - first + packet - 1) / packet; // packets whose first bit left before
    ASSERT_EQ(world.arrivals.size(), 600U);
    const Tick lastBefore = first + begun * packet + 500 * kNanosecond;
    EXPECT_EQ(world.arrivals[begun - 1].time, lastBefore);
    EXPECT_EQ(world.arrivals[begun].time, on + reaction + packet + 500 * kNanosecond);
    // What waited through the pause on the last hop says so, and only there.
    EXPECT_EQ(world.arrivals[begun].packet.queueWait, 0U);
    const Tick waited = on + reaction - (first + begun * packet);
    EXPECT_NEAR(world.arrivals[begun].packet.pauseWait << kWaitShift, waited, 128);
    const PortCounters& port = world.net.portCounters(3); // leaf0 → nic1
    EXPECT_EQ(port.paused, on + reaction - (first + begun * packet));
}

/// Incast at the far leaf: the pause reaches the senders over leaf, spine and leaf, and still names
/// the congested last hop.
TEST(Pfc, BlameTravelsToTheNics)
{
    ClusterShape shape = Shape(8);
    shape.switchConfig.classes[3].lossless = true;
    shape.switchConfig.bufferBytes = 8 * 120'000;
    World world(BuildTopology("fat-tree-2", shape, {{"hosts_per_leaf", "4"}, {"spines", "1"}}));
    for (NicId nic = 0; nic < 4; ++nic)
    {
        EXPECT_EQ(world.net.PauseCulprit(nic, 3), kNone);
        world.Send(nic, {7, kMtu, 2000, 3, 0, nic});
    }
    world.Run(100 * kMicrosecond);
    const PortId lastHop = 2 * 7 + 1; // links come NIC by NIC
    EXPECT_EQ(world.net.PortName(lastHop), "leaf1 → nic7");
    for (NicId nic = 0; nic < 4; ++nic)
    {
        EXPECT_EQ(world.net.PauseCulprit(nic, 3), lastHop) << "NIC " << nic;
        EXPECT_GT(world.net.PausedTime(world.core.part(0), nic, 3), 0);
        EXPECT_EQ(world.net.PausedTime(world.core.part(0), nic, 0), 0);
    }
    world.Run();
    EXPECT_EQ(world.net.counters().delivered, 8000U);
    uint64_t pausedPackets = 0;
    for (const auto& arrival : world.arrivals)
    {
        EXPECT_LE(arrival.packet.pauseWait, arrival.packet.queueWait);
        pausedPackets += arrival.packet.pauseWait > 0;
    }
    EXPECT_GT(pausedPackets, 1000U) << "packets at the spine wait because leaf1 pauses it";
}

/// A headroom too small for any packet loses packets, but a group with nothing queued, which would
/// never send XON, does not pause its sender.
TEST(PfcHeadroom, TooSmallLosesButNeverHangs)
{
    Incast incast{15};
    ClusterShape shape = LosslessShape(incast);
    shape.switchConfig.headroomBytes = 100;
    shape.switchConfig.bufferBytes = 16 * 100 + 5 * kMtu;
    World world(BuildTopology("single-switch", shape, {}));
    Offer(world, incast);
    EXPECT_GT(world.DroppedFor(DropReason::BufferFull), 0U);
    EXPECT_EQ(world.net.counters().injected, 2U * 300 * 15) << "no sender is stuck";
    EXPECT_EQ(world.net.inFlight(), 0U);
}

/// A paused class does not stop another one.
TEST(Pfc, OtherClassesPass)
{
    World world(BuildTopology("single-switch", Shape(2), {}));
    world.At(0, [&](Partition& part) { world.net.SendPause(part, 1, 3, true); });
    world.Send(0, {1, kMtu, 10, 3}, kMicrosecond);
    world.Send(0, {1, kMtu, 10, 0}, kMicrosecond);
    world.Run();
    EXPECT_EQ((world.bytesFrom[{0, 0}]), 10U * kMtu);
    EXPECT_EQ((world.bytesFrom[{0, 3}]), 0U);
    EXPECT_EQ(world.net.inFlight(), 10U);
}

} // namespace
} // namespace heddle
