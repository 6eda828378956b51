// SPDX-License-Identifier: GPL-2.0-only
//
// Closed forms: collectives over scale-up and scale-out, windows, interference, roofline.
#include "../testing/training-test-support.h"

#include "ns3/base-errors.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{

namespace
{

// Validation A3's table: B = 49.019 GB/s, α = 5 us; microseconds and bus bandwidth.
TEST(ClosedForm, RingTable)
{
    struct Row
    {
        Rank n;
        uint64_t bytes;
        double us;
        double busGBps;
    };

    const Row rows[] = {{8, 1'000'000, 105.7, 16.56},
                        {8, 64'000'000, 2354.8, 47.56},
                        {8, 1'000'000'000, 35770, 48.92},
                        {64, 1'000'000, 670.2, 2.94},
                        {64, 64'000'000, 3200.4, 39.37},
                        {128, 64'000'000, 3860.8, 32.89}};
    for (const Row& row : rows)
    {
        Bench bench(row.n, 1);
        bench.rate = BitRate(392'152'000'000);
        bench.latency = 5 * kMicrosecond;
        const JobResult r = bench.Run(OneCollective(row.n, CollectiveKind::AllReduce, row.bytes));
        const double us = ToSeconds(r.stepTime) * 1e6;
        const double bus = r.collectives.at(0).busBandwidth / 1e9;
        EXPECT_NEAR(us, row.us, 0.001 * row.us) << row.n << " ranks, " << row.bytes << " B";
        EXPECT_NEAR(bus, row.busGBps, 0.003 * row.busGBps) << row.n << ", " << row.bytes;
        EXPECT_EQ(r.scaleOutMessages, 2U * row.n * (row.n - 1));
        EXPECT_EQ(r.messageTimes.size(), r.scaleOutMessages);
    }
}

// N senders to one: the ingress port is busy without a gap.
TEST(ClosedForm, ScaleUpIncast)
{
    Bench bench(1, 8);
    TaskGraph g(8);
    const uint64_t bytes = 3 << 20;
    for (Rank r = 1; r < 8; ++r)
    {
        g.AddSend(r, 0, bytes, 0, "x");
        g.AddRecv(0, r, bytes, 0, "x");
    }
    const Tick one = bench.config.scaleUp.portRate.TransmitTime(bytes);
    EXPECT_EQ(bench.Run(g).stepTime, 7 * one + bench.config.scaleUp.latency);
}

TEST(ClosedForm, SoftwareLatencies)
{
    Bench bench(4, 1);
    bench.software.baseLatency = 7 * kMicrosecond;
    bench.software.stepLatencyScaleOut = 3 * kMicrosecond;
    const TaskGraph g = OneCollective(4, CollectiveKind::AllGather, 4 << 20);
    const Tick step = bench.rate.TransmitTime(1 << 20) + bench.latency + 3 * kMicrosecond;
    EXPECT_EQ(bench.Run(g).stepTime, 7 * kMicrosecond + 3 * step);
    bench.config.ideal.noSoftware = true;
    EXPECT_EQ(bench.Run(g).stepTime, 3 * (step - 3 * kMicrosecond));
    bench.config.ideal.infiniteScaleOut = true;
    EXPECT_EQ(bench.Run(g).stepTime, 0);
}

// One slot: every chunk waits for its clear-to-send. Chunk i + 1 follows chunk i by serialisation,
// latency and the grant's way back.
TEST(ClosedForm, WindowOfOne)
{
    Bench bench(2, 1);
    bench.software.p2pChunkBytes = 1 << 20;
    TaskGraph g(2);
    g.AddSend(0, 1, 5 << 20, 0, "x");
    g.AddRecv(1, 0, 5 << 20, 0, "x");
    const Tick chunk = bench.rate.TransmitTime(1 << 20);
    EXPECT_EQ(bench.Run(g).stepTime, 5 * chunk + bench.latency) << "eager";
    bench.software.slots = 1;
    const Tick grant = bench.rate.TransmitTime(64) + bench.latency;
    EXPECT_EQ(bench.Run(g).stepTime, 5 * (chunk + bench.latency + grant));
    bench.software.slots = 5;
    EXPECT_EQ(bench.Run(g).stepTime, grant + 5 * chunk + bench.latency);
}

// The window opens when the receiver posts, not before.
TEST(ClosedForm, WindowWaitsForReceiver)
{
    for (uint32_t slots : {0U, 8U})
    {
        Bench bench(2, 1);
        bench.software.slots = slots;
        TaskGraph g(2);
        g.AddSend(0, 1, 1 << 20, 0, "x");
        ComputeSpec late;
        late.fixedSeconds = 1e-3;
        const TaskId k = g.AddCompute(1, late);
        g.AddRecv(1, 0, 1 << 20, 0, "x", {k});
        const Tick transfer = bench.rate.TransmitTime(1 << 20) + bench.latency;
        const Tick grant = bench.rate.TransmitTime(64) + bench.latency;
        EXPECT_EQ(bench.Run(g).stepTime, kMillisecond + (slots == 0 ? 0 : grant + transfer));
    }
}

// The relay's NIC sends what crosses rails; the scale-up hop comes first.
TEST(ClosedForm, RelayedTransfer)
{
    Bench bench(2, 2);
    bench.layout = MakeLayout(2, 2, true);
    TaskGraph g(4);
    g.AddSend(0, 3, 1 << 20, 0, "x"); // host 0 rail 0 → host 1 rail 1, through rank 1
    g.AddRecv(3, 0, 1 << 20, 0, "x");
    const Tick hop =
        bench.config.scaleUp.portRate.TransmitTime(1 << 20) + bench.config.scaleUp.latency;
    const Tick message = bench.rate.TransmitTime(1 << 20) + bench.latency;
    const JobResult r = bench.Run(g);
    EXPECT_EQ(r.stepTime, hop + message);
    EXPECT_EQ(r.scaleUpBytes, 1U << 20);
    EXPECT_EQ(r.scaleOutBytes, 1U << 20);
}

// Queue pairs work in parallel in the fake network; a single one serialises.
TEST(ClosedForm, QueuePairsPerConnection)
{
    Bench bench(2, 1);
    bench.software.p2pChunkBytes = 1 << 20;
    TaskGraph g(2);
    g.AddSend(0, 1, 4 << 20, 0, "x");
    g.AddRecv(1, 0, 4 << 20, 0, "x");
    const Tick chunk = bench.rate.TransmitTime(1 << 20);
    EXPECT_EQ(bench.Run(g).stepTime, 4 * chunk + bench.latency);
    bench.software.queuePairsPerConnection = 4;
    EXPECT_EQ(bench.Run(g).stepTime, chunk + bench.latency);
}

// 100 us of work, 50 us of communication at its beginning, slowed by half: 50 us advance the kernel
// by 100/3 us, the rest runs at full speed.
TEST(ClosedForm, Interference)
{
    Bench bench(1, 2);
    bench.software.computeSlowdown = 0.5;
    bench.config.scaleUp.latency = 0;
    bench.config.scaleUp.portRate = BitRate(8'000'000'000); // 1 byte/ns
    TaskGraph g(2);
    ComputeSpec work;
    work.fixedSeconds = 100e-6;
    g.AddCompute(0, work);
    g.AddSend(0, 1, 50'000, 0, "x");
    g.AddRecv(1, 0, 50'000, 0, "x");
    const JobResult r = bench.Run(g);
    const double expected = 100e6 + 50e6 * (1 - 1 / 1.5);
    EXPECT_NEAR(static_cast<double>(r.stepTime), expected, 2);
    EXPECT_EQ(r.ranks[0].busyNominal, 100 * kMicrosecond);
    EXPECT_EQ(r.ranks[0].busyInterference, r.stepTime - 100 * kMicrosecond);
    EXPECT_EQ(r.ranks[0].busyJitter, 0);
    bench.config.ideal.noSoftware = true;
    EXPECT_EQ(bench.Run(g).stepTime, 100 * kMicrosecond);
}

TEST(ClosedForm, Roofline)
{
    AcceleratorModel a{"test", 1e15, 0.5, 2e12, 0.8};
    Task t{};
    t.flops = 1e12;
    EXPECT_EQ(a.NominalTime(t), 2 * kMillisecond);
    t.memoryBytes = 1.6e10;
    EXPECT_EQ(a.NominalTime(t), 10 * kMillisecond);
    t.fixedSeconds = 3e-6;
    EXPECT_EQ(a.NominalTime(t), 3 * kMicrosecond);
    a.peakFlops = 0;
    t.fixedSeconds = 0;
    EXPECT_THROW(a.NominalTime(t), InputError);
}

// Launch gaps are idle time, booked to software; the world without software has none.
TEST(ClosedForm, HostOverhead)
{
    Bench bench(1, 1);
    TaskGraph g(1);
    ComputeSpec kernel;
    kernel.fixedSeconds = 10e-6;
    ComputeSpec gap = kernel;
    gap.fixedSeconds = 3e-6;
    gap.computeClass = ComputeClass::HostOverhead;
    g.AddCompute(0, kernel);
    g.AddCompute(0, gap);
    g.AddCompute(0, kernel);
    const JobResult r = bench.Run(g);
    EXPECT_EQ(r.stepTime, 23 * kMicrosecond);
    EXPECT_EQ(r.ranks[0].busy(), 20 * kMicrosecond);
    EXPECT_EQ(Root(r.ranks[0], RootAccount::Software), 3 * kMicrosecond);
    EXPECT_EQ(Proximate(r.ranks[0], ProximateAccount::Software), 3 * kMicrosecond);
    bench.config.ideal.noSoftware = true;
    EXPECT_EQ(bench.Run(g).stepTime, 20 * kMicrosecond);
}

TEST(Stall, NamesWhoWaitsForWhom)
{
    Bench bench(2, 1);
    bench.swallow = true;
    TaskGraph g(2);
    g.AddSend(0, 1, 100, 0, "activations");
    g.AddRecv(1, 0, 100, 0, "activations");
    try
    {
        bench.Run(g);
        FAIL() << "a run without delivery finished";
    }
    catch (const RunError& e)
    {
        const std::string text = e.what();
        for (const char* part : {"0 of 2 tasks",
                                 "rank 0: send 'activations'",
                                 "rank 1: receive 'activations'",
                                 "waits for data from rank 0",
                                 "1 swallowed"})
        {
            EXPECT_NE(text.find(part), std::string::npos) << part << " not in: " << text;
        }
    }
}

TEST(Input, Mistakes)
{
    const TaskGraph g = OneCollective(2, CollectiveKind::AllReduce, 100);
    Bench tooSmall(1, 1);
    EXPECT_THROW(tooSmall.Run(g), InputError);
    Bench noRate(1, 2);
    noRate.config.scaleUp.portRate = BitRate();
    EXPECT_THROW(noRate.Run(g), InputError);
    Bench split(1, 2);
    split.partitions = {0, 1};
    split.ackLatency = kMicrosecond;
    EXPECT_THROW(split.Run(g), InputError) << "a domain in two partitions";
    Bench negative(1, 2);
    negative.config.jitter.slowdown[1] = -1;
    EXPECT_THROW(negative.Run(g), InputError);
    Bench nobody(1, 2);
    nobody.config.jitter.slowdown[2] = 1.1;
    EXPECT_THROW(nobody.Run(g), InputError) << "there is no rank 2";
    TaskGraph kernel(1);
    ComputeSpec spec;
    spec.flops = 1e12;
    kernel.AddCompute(0, spec);
    Bench noPeak(1, 1);
    noPeak.config.accelerator.peakFlops = 0;
    EXPECT_THROW(noPeak.Run(kernel), InputError);
}

} // namespace

} // namespace heddle
