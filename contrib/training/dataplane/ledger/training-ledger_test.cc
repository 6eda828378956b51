// SPDX-License-Identifier: GPL-2.0-only
//
// Does the ledger tell the truth? A cause is planted; its account must show it, with its amount.
#include "../testing/training-test-support.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{

namespace
{

std::vector<Rank>
Ranks(Rank n)
{
    std::vector<Rank> all(n);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

/// `steps` times: `kernels` kernels of `seconds`, then an all-reduce.
TaskGraph
DataParallel(Rank n, uint32_t steps, uint32_t kernels, double seconds, uint64_t bytes)
{
    TaskGraph g(n);
    const CommId world = g.AddCommunicator("dp", Ranks(n));
    for (Rank r = 0; r < n; ++r)
    {
        std::vector<TaskId> deps;
        for (uint32_t s = 0; s < steps; ++s)
        {
            for (uint32_t k = 0; k < kernels; ++k)
            {
                ComputeSpec spec;
                spec.label = "kernel";
                spec.fixedSeconds = seconds / kernels;
                deps = {g.AddCompute(r, spec, deps)};
            }
            CollectiveSpec spec;
            spec.label = "grad";
            spec.bytes = bytes;
            deps = {g.AddCollective(r, world, spec, deps)};
        }
    }
    return g;
}

// Validation A13: idle share 1 − μ / E[max]. The barrier costs nothing, so all idle time is jitter,
// and a profiler would call all of it skew.
void
CheckStraggler(Rank n, uint32_t steps, JitterModel::Shape shape, double sigma, double expectedMax)
{
    Bench bench(1, n);
    MakeNetworkInfinite(bench.config);
    bench.algorithms.allReduce = kStarAlgorithm;
    bench.config.jitter.shape = shape;
    bench.config.jitter.kernelSigma = sigma;
    const JobResult r = bench.Run(DataParallel(n, steps, 1, 1e-3, 8));
    const double idle = static_cast<double>(TotalIdle(r)) /
                        (static_cast<double>(n) * static_cast<double>(r.stepTime));
    const double expected = 1 - 1 / expectedMax;
    std::printf("N %u: idle %.3f %%, expected %.3f %%\n", n, 100 * idle, 100 * expected);
    EXPECT_NEAR(idle, expected, 0.01 * expected);
    EXPECT_EQ(RootAt(r, RootAccount::Jitter), TotalIdle(r));
    EXPECT_EQ(ProximateAt(r, ProximateAccount::SkewWait), TotalIdle(r));
}

TEST(Straggler, Gaussian1024)
{
    CheckStraggler(1024, 250, JitterModel::Shape::Gaussian, 0.05, 1 + 0.05 * 3.2482);
}

TEST(Straggler, LogNormal1024)
{
    CheckStraggler(1024, 250, JitterModel::Shape::LogNormal, 0.05, 1.1751);
}

TEST(Straggler, Gaussian64)
{
    CheckStraggler(64, 2000, JitterModel::Shape::Gaussian, 0.05, 1 + 0.05 * 2.3437);
}

TEST(Straggler, LogNormal64)
{
    CheckStraggler(64, 2000, JitterModel::Shape::LogNormal, 0.1, 1.2591);
}

// One accelerator 10 % slower: the others' added idle time is its jitter, seen as skew wait on it.
// With several kernels between collectives this needs the sums over a run.
TEST(Truth, SlowAccelerator)
{
    for (uint32_t kernels : {1U, 7U})
    {
        for (uint32_t hosts : {1U, 8U})
        {
            Bench bench(hosts, 8 / hosts);
            bench.ackLatency = bench.latency;
            const TaskGraph g = DataParallel(8, 5, kernels, 1e-2, 1 << 20);
            const JobResult even = bench.Run(g);
            bench.config.jitter.slowdown[3] = 1.1;
            const JobResult r = bench.Run(g);
            const auto added = static_cast<double>(TotalIdle(r) - TotalIdle(even));
            EXPECT_NEAR(added, 5.0 * 7 * 1e9, 0.05 * added) << "idle added, ps";
            const auto jitter = static_cast<double>(RootAt(r, RootAccount::Jitter, 3));
            const auto skew = static_cast<double>(ProximateAt(r, ProximateAccount::SkewWait, 3));
            EXPECT_NEAR(jitter, added, 0.05 * added) << kernels << " kernels, hosts " << hosts;
            EXPECT_NEAR(skew, added, 0.05 * added) << kernels << " kernels, hosts " << hosts;
            EXPECT_EQ(RootAt(r, RootAccount::Imbalance), 0);
            EXPECT_EQ(RootAt(even, RootAccount::Jitter), 0);
        }
    }
}

// A rank with more nominal work is imbalance, whatever the speed of its accelerator.
TEST(Truth, Imbalance)
{
    Bench bench(1, 4);
    TaskGraph g(4);
    const CommId world = g.AddCommunicator("ep", Ranks(4));
    for (Rank r = 0; r < 4; ++r)
    {
        ComputeSpec spec;
        spec.fixedSeconds = r == 2 ? 1.5e-3 : 1e-3;
        const TaskId k = g.AddCompute(r, spec);
        CollectiveSpec c;
        c.bytes = 4 << 10;
        const TaskId all = g.AddCollective(r, world, c, {k});
        g.AddCompute(r, spec, {all});
    }
    const JobResult r = bench.Run(g);
    // Before the collective 3 ranks wait for half a millisecond, at the step's end again.
    const Tick expected = 2 * 3 * 500 * kMicrosecond;
    EXPECT_NEAR(RootAt(r, RootAccount::Imbalance, 2), expected, 0.001 * expected);
    EXPECT_EQ(RootAt(r, RootAccount::Imbalance, 2), RootAt(r, RootAccount::Imbalance));
    EXPECT_EQ(RootAt(r, RootAccount::Jitter), 0);
    EXPECT_EQ(RootAt(r, RootAccount::PipelineBubble), 0);
}

// Interference on one accelerator only makes the others wait: booked to it.
TEST(Truth, Interference)
{
    Bench bench(1, 4);
    bench.software.computeSlowdown = 0.2;
    TaskGraph g(4);
    const CommId world = g.AddCommunicator("dp", Ranks(4));
    const CommId pair = g.AddCommunicator("pair", {0, 1});
    for (Rank r = 0; r < 4; ++r)
    {
        if (r < 2)
        {
            CollectiveSpec c;
            c.bytes = 200 << 20; // overlaps with the kernel
            g.AddCollective(r, pair, c);
        }
        ComputeSpec spec;
        spec.fixedSeconds = 1e-3;
        const TaskId k = g.AddCompute(r, spec);
        CollectiveSpec c;
        c.bytes = 4;
        g.AddCollective(r, world, c, {k});
    }
    const JobResult r = bench.Run(g);
    EXPECT_GT(r.ranks[0].busyInterference, 0);
    const Tick booked = RootAt(r, RootAccount::Interference);
    EXPECT_EQ(booked, 2 * r.ranks[0].busyInterference) << "ranks 2 and 3 wait for it";
}

/// One-forward-one-backward pipeline of p stages and m microbatches.
TaskGraph
OneForwardOneBackward(uint32_t p, uint32_t m, double f, double b)
{
    TaskGraph g(p);
    constexpr uint64_t kBytes = 1000;
    for (Rank s = 0; s < p; ++s)
    {
        const uint32_t warmup = std::min(m, p - 1 - s);
        const auto forward = [&](uint32_t i)
        {
            std::vector<TaskId> deps;
            if (s > 0)
            {
                deps = {g.AddRecv(s, s - 1, kBytes, i, "act", {}, true)};
            }
            ComputeSpec spec;
            spec.label = "forward";
            spec.fixedSeconds = f;
            const TaskId k = g.AddCompute(s, spec, deps);
            if (s + 1 < p)
            {
                g.AddSend(s, s + 1, kBytes, i, "act", {k}, true);
            }
        };
        const auto backward = [&](uint32_t i)
        {
            std::vector<TaskId> deps;
            if (s + 1 < p)
            {
                deps = {g.AddRecv(s, s + 1, kBytes, 1000 + i, "grad", {}, true)};
            }
            ComputeSpec spec;
            spec.label = "backward";
            spec.fixedSeconds = b;
            const TaskId k = g.AddCompute(s, spec, deps);
            if (s > 0)
            {
                g.AddSend(s, s - 1, kBytes, 1000 + i, "grad", {k}, true);
            }
        };
        for (uint32_t i = 0; i < warmup; ++i)
        {
            forward(i);
        }
        for (uint32_t i = warmup; i < m; ++i)
        {
            forward(i);
            backward(i - warmup);
        }
        for (uint32_t i = m - warmup; i < m; ++i)
        {
            backward(i);
        }
    }
    return g;
}

// Bubble of 1F1B: (p − 1)(F + B) on every stage, with a network that takes no time.
TEST(Truth, PipelineBubble)
{
    constexpr uint32_t kStages = 4;
    constexpr uint32_t kMicrobatches = 8;
    Bench bench(kStages, 1);
    MakeNetworkInfinite(bench.config);
    const JobResult r = bench.Run(OneForwardOneBackward(kStages, kMicrobatches, 1e-3, 2e-3));
    const Tick bubble = (kStages - 1) * 3 * kMillisecond;
    EXPECT_EQ(r.stepTime, kMicrobatches * 3 * kMillisecond + bubble);
    for (Rank s = 0; s < kStages; ++s)
    {
        EXPECT_EQ(r.ranks[s].idle, bubble) << "stage " << s;
        EXPECT_EQ(Root(r.ranks[s], RootAccount::PipelineBubble), bubble) << "stage " << s;
    }
}

// Congestion at a port planted in one message: root is that port, for everybody who waits.
TEST(Truth, CongestionAtPort)
{
    Bench bench(4, 1);
    bench.hook = [](NicId from, NicId, uint64_t, uint64_t)
    {
        FakeScaleOut::Excess e;
        if (from == 1)
        {
            e.state[static_cast<size_t>(MessageState::FabricQueue)] = 100 * kMicrosecond;
            e.culprit = 77;
        }
        return e;
    };
    const TaskGraph g = DataParallel(4, 1, 1, 1e-3, 4 << 20);
    const JobResult r = bench.Run(g);
    // Ring of 4: rank 1's message is on the critical path 6 times at most, everybody waits for
    // each.
    const Tick booked = RootAt(r, RootAccount::ScaleOutCongestion, 77);
    EXPECT_EQ(booked, RootAt(r, RootAccount::ScaleOutCongestion));
    Bench clean = bench;
    clean.hook = nullptr;
    const Tick added = TotalIdle(r) - TotalIdle(clean.Run(g));
    std::printf("added %.1f us, booked %.1f us\n", ToSeconds(added) * 1e6, ToSeconds(booked) * 1e6);
    EXPECT_NEAR(static_cast<double>(booked), static_cast<double>(added), 0.02 * added);
}

// A message behind others on its queue pair: their bytes are endpoint time, their pauses
// congestion.
TEST(Truth, BehindPreviousMessages)
{
    Bench bench(2, 1);
    bench.software.p2pChunkBytes = 1 << 20;
    bench.hook = [](NicId, NicId, uint64_t, uint64_t number)
    {
        FakeScaleOut::Excess e;
        if (number == 1)
        {
            e.state[static_cast<size_t>(MessageState::Paused)] = 30 * kMicrosecond;
            e.culprit = 5;
        }
        return e;
    };
    TaskGraph g(2);
    g.AddSend(0, 1, 4 << 20, 0, "x");
    const TaskId recv = g.AddRecv(1, 0, 4 << 20, 0, "x");
    g.AddCompute(1, {"k", 0, 0, 1e-6, ComputeClass::Kernel}, {recv});
    const JobResult r = bench.Run(g);
    const RankLedger& l = r.ranks[1];
    const Tick chunk = bench.rate.TransmitTime(1 << 20);
    EXPECT_EQ(l.idle, 4 * chunk + bench.latency + 30 * kMicrosecond);
    EXPECT_EQ(Root(l, RootAccount::ScaleOutCongestion), 30 * kMicrosecond);
    EXPECT_EQ(Root(l, RootAccount::ScaleOutEndpoint), 3 * chunk);
    EXPECT_EQ(Root(l, RootAccount::ScaleOutLatency), chunk + bench.latency);
    EXPECT_EQ(RootAt(r, RootAccount::ScaleOutCongestion, 5),
              RootAt(r, RootAccount::ScaleOutCongestion));
}

// DESIGN's example: A waits on B, B waits on link L. Root: L. Proximate: skew wait on B.
TEST(Truth, RootAndProximateDiffer)
{
    Bench bench(3, 1);
    MakeNetworkInfinite(bench.config);
    bench.config.ideal.infiniteScaleOut = false;
    bench.hook = [](NicId from, NicId, uint64_t, uint64_t)
    {
        FakeScaleOut::Excess e;
        if (from == 2)
        {
            e.state[static_cast<size_t>(MessageState::FabricQueue)] = kMillisecond;
            e.culprit = 9;
        }
        return e;
    };
    TaskGraph g(3);
    g.AddSend(2, 1, 100, 0, "to B");
    const TaskId got = g.AddRecv(1, 2, 100, 0, "to B");
    const CommId ab = g.AddCommunicator("ab", {0, 1});
    CollectiveSpec c;
    c.bytes = 100;
    g.AddCollective(1, ab, c, {got});
    const TaskId met = g.AddCollective(0, ab, c);
    g.AddCompute(0, {"k", 0, 0, 1e-6, ComputeClass::Kernel}, {met});
    const JobResult r = bench.Run(g);
    const Blame root = r.ranks[0].rootPlaces.at(0);
    const Blame proximate = r.ranks[0].proximatePlaces.at(0);
    EXPECT_EQ(root.account, static_cast<uint8_t>(RootAccount::ScaleOutCongestion));
    EXPECT_EQ(root.place, 9U);
    EXPECT_EQ(root.time, kMillisecond);
    EXPECT_EQ(proximate.account, static_cast<uint8_t>(ProximateAccount::SkewWait));
    EXPECT_EQ(proximate.place, 1U);
    EXPECT_GE(proximate.time, kMillisecond);
}

// The sender waits for an acknowledgement: latency, unless that takes far longer than the message.
TEST(Truth, LostAcknowledgement)
{
    constexpr Tick kKernel = kMicrosecond;
    for (const Tick back : {2 * kMicrosecond, 4000 * kMicrosecond})
    {
        Bench bench(2, 1);
        bench.ackLatency = back;
        TaskGraph g(2);
        const TaskId send = g.AddSend(0, 1, 100'000, 0, "x");
        g.AddRecv(1, 0, 100'000, 0, "x");
        ComputeSpec k;
        k.fixedSeconds = ToSeconds(kKernel);
        g.AddCompute(0, k, {send});
        const JobResult r = bench.Run(g);
        const Tick ideal = bench.latency + bench.rate.TransmitTime(100'000);
        const Tick lost = std::max<Tick>(0, back - ideal);
        std::printf("acknowledged %.0f us late: %.2f us of loss recovery, expected %.2f\n",
                    ToSeconds(back) * 1e6,
                    ToSeconds(Root(r.ranks[0], RootAccount::ScaleOutLossRecovery)) * 1e6,
                    ToSeconds(lost) * 1e6);
        EXPECT_EQ(Root(r.ranks[0], RootAccount::ScaleOutLossRecovery), lost);
        EXPECT_EQ(Root(r.ranks[0], RootAccount::ScaleOutLatency), ideal + back - lost);
        EXPECT_EQ(r.stepTime, ideal + back + kKernel);
    }
}

// A sender that waits for a late receiver's clear-to-send: the receiver's chain, its slow kernel.
TEST(Truth, LateReceiver)
{
    Bench bench(2, 1);
    bench.software.slots = 8;
    bench.config.jitter.slowdown[1] = 1.5;
    TaskGraph g(2);
    ComputeSpec k;
    k.fixedSeconds = 1e-3;
    const TaskId a = g.AddCompute(0, k);
    const TaskId sent = g.AddSend(0, 1, 1000, 0, "x", {a});
    g.AddCompute(0, k, {sent});
    const TaskId b = g.AddCompute(1, k);
    g.AddRecv(1, 0, 1000, 0, "x", {b});
    const JobResult r = bench.Run(g);
    EXPECT_EQ(Root(r.ranks[0], RootAccount::Jitter), 500 * kMicrosecond);
    EXPECT_EQ(Proximate(r.ranks[0], ProximateAccount::SkewWait), 500 * kMicrosecond);
}

TEST(CriticalPath, SumsToStepWithoutCompute)
{
    Bench bench(4, 2);
    bench.software.baseLatency = 5 * kMicrosecond;
    bench.config.jitter.slowdown[2] = 1.2;
    const JobResult r = bench.Run(DataParallel(8, 3, 2, 1e-3, 8 << 20));
    Tick sum = 0;
    for (Tick t : r.criticalPath)
    {
        sum += t;
    }
    // What remains is three times the nominal kernels.
    EXPECT_EQ(r.stepTime - sum, 3 * kMillisecond);
    EXPECT_EQ(r.criticalPath[static_cast<size_t>(RootAccount::Jitter)], 600 * kMicrosecond);
    EXPECT_EQ(r.criticalPath[static_cast<size_t>(RootAccount::Software)], 15 * kMicrosecond);
}

} // namespace

} // namespace heddle
