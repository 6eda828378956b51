// SPDX-License-Identifier: GPL-2.0-only
//
// Bit errors and link-level retry against closed forms: losses are binomial with the given
// probability at any frame size, distances between losses are geometric, and a retry costs its loop
// time, neither more nor less.
#include "ns3/fabric-link-error.h"

#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{
namespace
{

using fabric::LossProcess;
using test::Shape;
using test::World;

constexpr uint32_t kMtu = 4178;

LossProcess
Process(const FrameLoss& loss, uint64_t seed = 1)
{
    return LossProcess(loss, RandomStream(seed, "link-loss", 0));
}

/// Losses among `frames`, in standard deviations from the binomial mean.
double
Deviation(const FrameLoss& loss, uint64_t frames, uint32_t bytes)
{
    LossProcess process = Process(loss);
    double lost = 0;
    for (uint64_t i = 0; i < frames; ++i)
    {
        lost += process.Takes(bytes) ? 1 : 0;
    }
    const double p = loss.Probability(bytes);
    const double mean = p * static_cast<double>(frames);
    std::printf("  %u B: expected %.1f, lost %.0f\n", bytes, mean, lost);
    return (lost - mean) / std::sqrt(mean * (1 - p));
}

TEST(LossProcess, LosesTheGivenShare)
{
    constexpr uint64_t kFrames = 1'000'000;
    for (double p : {0.9, 0.3, 1e-2, 1e-4})
    {
        EXPECT_NEAR(FrameLoss::FromProbability(p).Probability(84), p, 1e-12);
        EXPECT_NEAR(Deviation(FrameLoss::FromProbability(p), kFrames, kMtu), 0, 3) << p;
    }
    for (uint32_t bytes : {84U, 1024U, kMtu})
    {
        EXPECT_NEAR(Deviation({0, 1e-6}, kFrames, bytes), 0, 3);
        EXPECT_NEAR(Deviation({1e-4, 1e-7}, kFrames, bytes), 0, 3);
    }
}

/// A frame loss ratio of 1e-6 takes this many frames to see.
TEST(LossProcess, LosesOneInAMillion)
{
    EXPECT_NEAR(Deviation({0, 1e-6 / kMtu}, 100'000'000, kMtu), 0, 3);
    EXPECT_NEAR(Deviation({5e-7, 5e-7 / kMtu}, 100'000'000, kMtu), 0, 3);
}

TEST(LossProcess, DistancesAreGeometric)
{
    LossProcess process = Process(FrameLoss::FromProbability(0.05), 7);
    double sum = 0;
    double squares = 0;
    constexpr int kLosses = 20'000;
    for (int i = 0; i < kLosses; ++i)
    {
        double distance = 1;
        while (!process.Takes(kMtu))
        {
            ++distance;
        }
        sum += distance;
        squares += distance * distance;
    }
    const double mean = sum / kLosses;
    const double variance = squares / kLosses - mean * mean;
    EXPECT_NEAR(mean, 20, 3 * std::sqrt(380.0 / kLosses));
    EXPECT_NEAR(variance, 380, 380 * 3 * std::sqrt(8.0 / kLosses)) << "(1 − p) / p²";
}

/// One NIC to another over one switch with errors on the last link.
Topology
Pair(const FrameLoss& loss, const LinkRetry& retry)
{
    Topology topology = BuildTopology("single-switch", Shape(2), {});
    topology.links[1].loss = loss;
    topology.links[1].retry = retry;
    return topology;
}

TEST(PacketRun, LossMatchesTheFormula)
{
    constexpr double kFrames = 1'000'000;
    const FrameLoss loss{1e-3, 1e-6};
    World world(Pair(loss, {}));
    world.record = false;
    world.Send(0, {1, 1000, static_cast<uint64_t>(kFrames)});
    world.Run();
    const double p = loss.Probability(1000);
    EXPECT_NEAR(static_cast<double>(world.DroppedFor(DropReason::RandomLoss)),
                kFrames * p,
                3 * std::sqrt(kFrames * p * (1 - p)));
    EXPECT_EQ(world.net.counters().delivered + world.Dropped(), 1'000'000U);
}

constexpr Tick kTurnaround = 1130 * kNanosecond;
constexpr Tick kFrameTime = Tick{kMtu} * 20; // 400 Gb/s
constexpr Tick kLoop = kFrameTime + 2 * 500 * kNanosecond + kTurnaround;

/// Frames far apart: all arrive, and those lost once come exactly one loop later.
TEST(LinkRetry, LatencyHasAStepOfOneLoop)
{
    constexpr int kFrames = 20'000;
    constexpr double kP = 0.01;
    World world(Pair(FrameLoss::FromProbability(kP), {true, kTurnaround}));
    for (int i = 0; i < kFrames; ++i)
    {
        world.Send(0, {1, kMtu, 1}, Tick{i} * 20 * kMicrosecond);
    }
    world.Run();
    ASSERT_EQ(world.arrivals.size(), static_cast<size_t>(kFrames)) << "nothing is lost";
    EXPECT_EQ(world.Dropped(), 0U);
    const Tick unloaded = world.net.UnloadedLatency(0, 1, kMtu);
    std::map<Tick, int> late; // by loops
    for (const auto& arrival : world.arrivals)
    {
        const Tick excess = arrival.time - arrival.packet.sentAt - unloaded;
        ASSERT_EQ(excess % kLoop, 0);
        ++late[excess / kLoop];
        const bool flagged = (arrival.packet.flags & packet_flag::kReplayed) != 0;
        EXPECT_EQ(flagged, excess > 0);
        EXPECT_EQ(arrival.packet.pauseWait, static_cast<uint32_t>(excess >> kWaitShift));
        EXPECT_EQ(arrival.packet.queueWait, arrival.packet.pauseWait);
    }
    const double mass = kFrames - late[0];
    std::printf("  delayed: expected %.1f, actual %.0f\n", kFrames * kP, mass);
    EXPECT_NEAR(mass, kFrames * kP, 3 * std::sqrt(kFrames * kP));
    EXPECT_EQ(world.net.portCounters(3).replays, world.net.counters().replays);
    EXPECT_EQ(world.net.portCounters(3).replayTime,
              static_cast<Tick>(world.net.counters().replays) * kLoop);
}

/// At line rate every replay delays all that follow: the last frame comes later by the sum of all,
/// in the order sent, and its own accumulators say so.
TEST(LinkRetry, AtLineRateTheDelaysAddUpAndAreBookedAsReplay)
{
    constexpr uint64_t kFrames = 20'000;
    World world(Pair(FrameLoss::FromProbability(0.001), {true, kTurnaround}));
    world.Send(0, {1, kMtu, kFrames});
    world.Run();
    ASSERT_EQ(world.arrivals.size(), kFrames);
    for (size_t i = 0; i < kFrames; ++i)
    {
        ASSERT_EQ(world.arrivals[i].packet.sequence, i);
    }
    const auto replays = static_cast<Tick>(world.net.counters().replays);
    EXPECT_GT(replays, 5);
    const auto& last = world.arrivals.back();
    const Tick excess = last.time - last.packet.sentAt - world.net.UnloadedLatency(0, 1, kMtu);
    EXPECT_EQ(excess, replays * kLoop);
    EXPECT_NEAR(static_cast<double>(last.packet.pauseWait << kWaitShift),
                static_cast<double>(excess),
                128);
}

/// At 90 % load the port catches up: in the end nobody waits for a replay of long ago. Beside
/// Lindley's recursion computed here for the same losses, as a second implementation.
TEST(LinkRetry, DebtIsForgottenWhenThePortCatchesUp)
{
    constexpr uint64_t kFrames = 5'000;
    constexpr Tick kGap = kFrameTime * 10 / 9;
    World world(Pair(FrameLoss::FromProbability(0.002), {true, kTurnaround}), 3);
    for (uint64_t i = 0; i < kFrames; ++i)
    {
        world.Send(0, {1, kMtu, 1}, static_cast<Tick>(i) * kGap);
    }
    world.Run();
    ASSERT_EQ(world.arrivals.size(), kFrames);
    LossProcess same =
        LossProcess(FrameLoss::FromProbability(0.002), RandomStream(3, "link-loss", 3));
    Tick free = 0; // of the port with replays; without, nobody ever waits
    uint64_t delayed = 0;
    for (size_t i = 0; i < kFrames; ++i)
    {
        const Tick ready = static_cast<Tick>(i) * kGap;
        Tick start = std::max(free, ready);
        while (same.Takes(kMtu))
        {
            start += kLoop;
        }
        free = start + kFrameTime;
        const Packet& packet = world.arrivals[i].packet;
        ASSERT_NEAR(static_cast<double>(Tick{packet.pauseWait} << kWaitShift),
                    static_cast<double>(start - ready),
                    128)
            << i;
        delayed += start > ready ? 1 : 0;
    }
    EXPECT_GT(delayed, 100U);
    EXPECT_LT(delayed, kFrames / 2);
}

/// PFC does not wait for a replay, so headroom is enough and nothing is lost.
TEST(LinkRetry, LosslessClassesStayLossless)
{
    ClusterShape shape = Shape(4);
    shape.switchConfig.bufferBytes = 2'000'000;
    shape.switchConfig.classes[3].lossless = true;
    shape.switchConfig.mtuWireBytes = kMtu;
    Topology topology = BuildTopology("single-switch", shape, {});
    for (auto& link : topology.links)
    {
        link.loss = FrameLoss::FromProbability(0.02);
        link.retry = {true, kTurnaround};
    }
    World world(topology);
    world.record = false;
    for (NicId from = 1; from < 4; ++from)
    {
        world.Send(from, {0, kMtu, 5'000});
    }
    world.Run();
    EXPECT_GT(world.net.counters().pauseFrames, 0U);
    EXPECT_GT(world.net.counters().replays, 100U);
    EXPECT_EQ(world.net.counters().delivered, 15'000U);
    EXPECT_EQ(world.Dropped(), 0U);
}

} // namespace
} // namespace heddle
