// SPDX-License-Identifier: GPL-2.0-only
//
// Calibration against what it must find: times made by a known law, published rows, broken logs.
#include "calibrate/kernel-times.h"
#include "calibrate/nccl-log.h"
#include "calibrate/ring-fit.h"

#include "ns3/base-errors.h"
#include "ns3/collectives-presets.h"

#include <cmath>
#include <gtest/gtest.h>

namespace heddle
{
namespace
{

const char* const kHeader =
    "# nThread 1 nGpus 1 minBytes 8 maxBytes 1073741824 step: 2(factor) warmup iters: 5\n"
    "#  Rank  0 Group  0 Pid  100 on      node0 device  0 [0x07] NVIDIA A100-SXM4-80GB\n"
    "#  Rank  1 Group  0 Pid  101 on      node1 device  0 [0x07] NVIDIA A100-SXM4-80GB\n"
    "# Collective test starting: all_reduce_perf\n"
    "#       size         count      type   redop    root     time   algbw   busbw #wrong\n"
    "#        (B)    (elements)                               (us)  (GB/s)  (GB/s)\n";

std::string
FailureOf(const std::string& text)
{
    try
    {
        ReadNcclLog("x.log", text);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "";
}

RingMachine
Machine(uint32_t ranks, uint32_t hosts, double hostBandwidth)
{
    RingMachine machine;
    machine.collective = "all-reduce";
    machine.ranks = ranks;
    machine.hosts = hosts;
    machine.hostBandwidth = hostBandwidth;
    machine.scaleUpBandwidth = 300e9;
    machine.scaleUpLatency = 900 * kNanosecond;
    machine.scaleOutLatency = 2500 * kNanosecond;
    return machine;
}

TEST(NcclLog, ReadsTheTable)
{
    const NcclLog log = ReadNcclLog(
        "x.log",
        std::string("node0:100 NCCL INFO Bootstrap\n") + kHeader +
            "     1048576        262144     float     sum      -1   100.00   10.49   10.49      0"
            "   101.00   10.38   10.38    N/A\n"
            "  1073741824     268435456     float     sum      -1  4.3e+04   24.97   24.97    N/A\n"
            "# Out of bounds values : 0 OK\n# Avg bus bandwidth    : 17.7\n");
    EXPECT_EQ(log.collective, "all-reduce");
    EXPECT_EQ(log.ranks, 2u);
    EXPECT_EQ(log.hosts, 2u);
    ASSERT_EQ(log.rows.size(), 2u);
    EXPECT_EQ(log.rows[0].bytes, 1048576u);
    EXPECT_DOUBLE_EQ(log.rows[0].seconds, 100e-6);
    EXPECT_DOUBLE_EQ(log.rows[1].seconds, 0.043);
}

TEST(NcclLog, RefusesNonsenseWithItsPlace)
{
    EXPECT_NE(FailureOf("hello\n").find("x.log: no row"), std::string::npos);
    EXPECT_NE(FailureOf("1048576 262144 float sum -1 100.0 10.49\n").find("x.log:1: a row has 7"),
              std::string::npos);
    EXPECT_NE(FailureOf("# c\n1048576 262144 float sum -1 100.0 99.0 99.0 0\n").find("x.log:2:"),
              std::string::npos);
    EXPECT_NE(FailureOf("1048576 262144 float sum -1 fast 10.49 10.49 0\n").find("not a number"),
              std::string::npos);
    EXPECT_NE(FailureOf("1048576 262144 float sum -1 100.0 10.49 10.49 7\n").find("wrong data"),
              std::string::npos);
    EXPECT_NE(FailureOf("1048576 262144 float sum -1 -1.0 10.49 10.49 0\n").find("not positive"),
              std::string::npos);
}

TEST(RingFit, FindsTheLawThatMadeTheRows)
{
    const RingMachine machine = Machine(16, 2, 8 * 25e9);
    const double latency = 210e-6;
    const double bandwidth = 180e9;
    std::vector<NcclRow> rows;
    for (uint64_t bytes = 1 << 20; bytes <= 1ULL << 33; bytes *= 2)
    {
        const double time = latency + static_cast<double>(bytes) * machine.Factor() / bandwidth;
        rows.push_back({0, bytes, time});
    }
    // Whatever is expected (from wires alone, or with software), small rows outweigh it.
    const RingFit alone = FitRing(rows, machine, FindPreset("none"));
    const RingFit fit = FitRing(rows, machine, FindPreset("nccl-h100"));
    EXPECT_NEAR(alone.latency / latency, 1, 1e-2) << "expected " << latency << " s";
    EXPECT_NEAR(fit.latency / latency, 1, 1e-2) << "expected " << latency << " s";
    EXPECT_NEAR(alone.busBandwidth / bandwidth, 1, 1e-3) << "expected " << bandwidth << " B/s";
    EXPECT_NEAR(fit.busBandwidth / bandwidth, 1, 1e-4) << "expected " << bandwidth << " B/s";
    // What the figures sum to along the ring is the latency that was found.
    const SoftwareModel base = FindPreset("nccl-h100");
    const RingFigures figures = Interpret(fit, machine, base);
    const double out = 2.0 / 16;
    const double hop = out * ToSeconds(figures.stepLatencyScaleOut + machine.scaleOutLatency) +
                       (1 - out) * ToSeconds(figures.stepLatencyScaleUp + machine.scaleUpLatency);
    EXPECT_NEAR(ToSeconds(figures.baseLatency) + 30 * hop, fit.latency, 1e-9);
    EXPECT_EQ(figures.baseLatency, base.baseLatency);
    EXPECT_NEAR(figures.efficiency, 180e9 / (200e9 * 4096 / 4178), 1e-4);
}

TEST(RingFit, LargeRowsLeaveTheLatencyToThePreset)
{
    // Two rows of gigabytes that differ by 2 % from proportion say nothing about microseconds.
    const RingMachine machine = Machine(8, 2, 4 * 25e9);
    const SoftwareModel base = FindPreset("nccl-h100");
    const RingFit fit =
        FitRing({{0, 1ULL << 30, 20.0e-3}, {0, 4ULL << 30, 78.4e-3}}, machine, base);
    const double expected = ExpectedLatency(machine, base);
    EXPECT_NEAR(fit.latency / expected, 1, 0.1)
        << "expected " << expected << " s, actual " << fit.latency << " s";
}

TEST(RingFit, RefusesWhatCannotBe)
{
    const RingMachine slow = Machine(16, 2, 8 * 12.5e9);
    const SoftwareModel none = FindPreset("none");
    const std::vector<NcclRow> rows{{0, 1 << 26, 1e-3}, {0, 1 << 30, 12e-3}};
    EXPECT_THROW(Interpret(FitRing(rows, slow, none), slow, none), InputError);
    EXPECT_THROW(FitRing({rows[0]}, slow, none), InputError);
}

/// Fits `fitted` and expects every row of `held` within `tolerance`.
void
ExpectPredicted(const std::vector<NcclRow>& fitted,
                const std::vector<NcclRow>& held,
                const RingMachine& machine,
                double tolerance)
{
    const RingFit fit = FitRing(fitted, machine, FindPreset("nccl-h100"));
    for (const NcclRow& row : held)
    {
        const double predicted = fit.Predict(row.bytes);
        EXPECT_NEAR(predicted / row.seconds, 1, tolerance)
            << row.bytes << " B: expected " << row.seconds << " s, actual " << predicted << " s";
    }
}

/// Half of the published rows predicts the other half (tolerance 5 % above 256 MB), either way.
TEST(RingFit, PublishedLargeRowsPredictEachOther)
{
    // nccl-tests#252: all-reduce, Ring, 8 ranks by the ratio of bandwidths, 4 NICs of 200 Gb/s.
    const RingMachine machine = Machine(8, 2, 4 * 25e9);
    const std::vector<NcclRow> odd{{0, 512ULL << 20, 10052e-6},
                                   {0, 2ULL << 30, 39871e-6},
                                   {0, 8ULL << 30, 158070e-6}};
    const std::vector<NcclRow> even{{0, 1ULL << 30, 20079e-6}, {0, 4ULL << 30, 77194e-6}};
    ExpectPredicted(odd, even, machine, 0.05);
    ExpectPredicted(even, odd, machine, 0.05);
}

/// Tolerance 15 % at 8 to 64 MB. nccl-tests#119: 3 hosts of 8 A100, 4 NICs of 200 Gb/s. The rows
/// are those of one run; its default algorithm changes at 85 MB.
TEST(RingFit, PublishedRowsOfMegabytes)
{
    const RingMachine machine = Machine(24, 3, 4 * 25e9);
    const std::vector<NcclRow> large{{0, 127'900'000, 2560.7e-6},
                                     {0, 131'100'000, 2604.6e-6},
                                     {0, 133'200'000, 2666.0e-6}};
    const std::vector<NcclRow> odd{{0, 23'068'680, 518.4e-6},
                                   {0, 25'165'832, 557.4e-6},
                                   {0, 27'262'984, 598.5e-6},
                                   {0, 29'360'136, 641.8e-6},
                                   {0, 31'457'288, 689.2e-6},
                                   {0, 33'554'440, 732.9e-6}};
    const std::vector<NcclRow> even{{0, 24'117'256, 535.3e-6},
                                    {0, 26'214'408, 581.4e-6},
                                    {0, 28'311'560, 622.4e-6},
                                    {0, 30'408'712, 672.5e-6},
                                    {0, 32'505'864, 763.5e-6}};
    ExpectPredicted(large, odd, machine, 0.15); // four times smaller than what was fitted
    ExpectPredicted(large, even, machine, 0.15);
    ExpectPredicted(odd, even, machine, 0.15);
    ExpectPredicted(even, odd, machine, 0.15);
    ExpectPredicted({large[0], large[2]}, {large[1]}, machine, 0.05);
}

TEST(KernelTimes, CsvGivesEfficiencyAndSpread)
{
    // A kernel of 1e12 FLOPs in 2 ms on 1e15 FLOP/s: one half. One of 1e9 B in 1 ms on 2e12 B/s:
    // one half. Ten runs 10 % up and down.
    std::string csv = "name,duration_us,flops,bytes\n";
    for (int i = 0; i < 10; ++i)
    {
        csv += std::string("gemm,") + (i % 2 ? "1800" : "2200") + ",1e12,0\n";
    }
    csv += "copy,1000,0,1e9\n";
    const KernelTable table = ReadKernels("k.csv", csv, 1e15, 2e12);
    ASSERT_EQ(table.kernels.size(), 2u);
    EXPECT_EQ(table.kernels[0].name, "gemm");
    EXPECT_NEAR(table.flopsEfficiency, 0.5, 1e-12);
    EXPECT_NEAR(table.memoryEfficiency, 0.5, 1e-12);
    EXPECT_NEAR(table.variation, 0.1 * std::sqrt(10.0 / 9), 1e-12);
    EXPECT_THROW(ReadKernels("k.csv", "a,b\n", 1e15, 2e12), InputError);
    EXPECT_THROW(ReadKernels("k.csv", csv, 1e14, 2e12), InputError); // faster than the peak
}

TEST(KernelTimes, KinetoJoinsKernelsToTheirProducts)
{
    const char* const trace = R"({"schemaVersion": 1, "traceEvents": [
{"ph": "X", "cat": "cpu_op", "name": "aten::addmm", "ts": 1.0, "dur": 5.0,
 "args": {"External id": 7, "Input Dims": [[512], [4096, 1024], [1024, 512], []]}},
{"ph": "X", "cat": "kernel", "name": "sm90_gemm", "ts": 9.0, "dur": 100.0,
 "args": {"External id": 7, "stream": 7}},
{"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce", "ts": 9.0, "dur": 900.0, "args": {}},
{"ph": "X", "cat": "kernel", "name": "elementwise", "ts": 120.0, "dur": 10.0,
 "args": {"External id": 8}}]})";
    const KernelTable table = ReadKernels("t.json", trace, 1e15, 2e12);
    ASSERT_EQ(table.kernels.size(), 2u);
    EXPECT_DOUBLE_EQ(table.kernels[0].flops, 2.0 * 4096 * 1024 * 512);
    EXPECT_NEAR(table.flopsEfficiency, 2.0 * 4096 * 1024 * 512 / 1e15 / 100e-6, 1e-12);
    EXPECT_EQ(table.kernels[1].efficiency, 0);
    EXPECT_THROW(ReadKernels("t.json", "{\"traceEvents\": [", 1e15, 2e12), InputError);
}

} // namespace
} // namespace heddle
