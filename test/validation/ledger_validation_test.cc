// SPDX-License-Identifier: GPL-2.0-only
// Ledger truth on the real transport: causes put in by hand must come out under their own names.
#include "world.h"

#include <gtest/gtest.h>

#include <numeric>

namespace heddle::validation
{
namespace
{

double
Share(Tick part, Tick whole)
{
    return static_cast<double>(part) / static_cast<double>(whole);
}

TEST(LedgerTruth, PerfectAllToAllIsEndpointAndLatency)
{
    // 64 ranks on one big switch: NIC ports are the only limit, so no fabric can be blamed.
    WorldSpec spec;
    spec.hosts = 64;
    spec.ideal = true;
    const Outcome out = RunWorld(spec, OneCollective(64, CollectiveKind::AllToAll, 64 << 18));
    const Tick idle = out.Idle();
    const Tick expected =
        out.Root(RootAccount::ScaleOutEndpoint) + out.Root(RootAccount::ScaleOutLatency);
    EXPECT_LT(Share(out.Root(RootAccount::ScaleOutCongestion), idle), 0.01);
    EXPECT_GT(Share(expected, idle), 0.99);
    EXPECT_GT(Share(out.Root(RootAccount::ScaleOutEndpoint), idle), 0.9)
        << "expectation: 98 % endpoint for a 64-rank all-to-all";
}

/// `layers` × (kernels of 1 ms in all, then an all-reduce over all ranks).
TaskGraph
Layered(Rank ranks, uint32_t layers, uint32_t kernels, uint64_t bytes)
{
    TaskGraph graph(ranks);
    std::vector<Rank> all(ranks);
    std::iota(all.begin(), all.end(), 0);
    const CommId world = graph.AddCommunicator("world", all);
    CollectiveSpec reduce;
    reduce.label = "all-reduce";
    reduce.kind = CollectiveKind::AllReduce;
    reduce.bytes = bytes;
    for (Rank r = 0; r < ranks; ++r)
    {
        std::vector<TaskId> deps;
        for (uint32_t layer = 0; layer < layers; ++layer)
        {
            TaskId last = 0;
            for (uint32_t k = 0; k < kernels; ++k)
            {
                ComputeSpec kernel;
                kernel.label = "kernel";
                kernel.fixedSeconds = 1e-3 / kernels;
                last = graph.AddCompute(r, kernel, k == 0 ? deps : std::vector<TaskId>{last});
            }
            deps = {graph.AddCollective(r, world, reduce, {last})};
        }
    }
    return graph;
}

class SlowAccelerator : public ::testing::TestWithParam<uint32_t>
{
};

TEST_P(SlowAccelerator, IsNamedInBothColumns)
{
    const uint32_t kernels = GetParam();
    WorldSpec spec;
    spec.hosts = 16;
    const TaskGraph graph = Layered(16, 4, kernels, 1 << 20);
    const Outcome before = RunWorld(spec, graph);
    spec.job.jitter.slowdown[5] = 1.1;
    const Outcome after = RunWorld(spec, graph);
    const Tick added = after.Idle() - before.Idle();
    // 15 ranks wait up to 4 × 100 us: less what the ring gets done among them before 5 arrives.
    EXPECT_LT(ToSeconds(added), 15 * 4 * 100e-6);
    EXPECT_GT(ToSeconds(added), 0.8 * 15 * 4 * 100e-6);
    EXPECT_GE(Share(after.RootAt(RootAccount::Jitter, 5), added), 0.95);
    EXPECT_GE(Share(after.ProximateAt(ProximateAccount::SkewWait, 5), added), 0.95);
}

INSTANTIATE_TEST_SUITE_P(Kernels, SlowAccelerator, ::testing::Values(1U, 5U));

/// Two leaves of 8 NICs and 8 uplinks each, per-packet adaptive routing: without a fault, traffic
/// that crosses the leaves meets no congestion to speak of.
WorldSpec
TwoLeaves()
{
    WorldSpec spec;
    spec.topology = "fat-tree-2";
    spec.topologyParameters = {{"hosts_per_leaf", "8"}, {"spines", "8"}};
    spec.hosts = 16;
    spec.transport.reliability = "selective-repeat";
    spec.switches.loadBalancer = "adaptive";
    return spec;
}

/// Rank r of leaf 0 sends to r + 8 and the other way round; all links busy both ways.
TaskGraph
CrossingSends(Rank ranks, uint64_t bytes)
{
    TaskGraph graph(ranks);
    for (Rank r = 0; r < ranks; ++r)
    {
        const Rank peer = (r + ranks / 2) % ranks;
        graph.AddSend(r, peer, bytes, 0, "cross");
        graph.AddRecv(r, peer, bytes, 0, "cross");
    }
    return graph;
}

TEST(LedgerTruth, HalfRateUplinkIsCongestionAtThatLink)
{
    // ECMP pins each flow to one uplink; with one spine per flow only the slow link matters.
    WorldSpec spec;
    spec.topology = "fat-tree-2";
    spec.topologyParameters = {{"hosts_per_leaf", "1"}, {"spines", "1"}};
    spec.hosts = 2;
    const TaskGraph graph = CrossingSends(2, 16 << 20);
    const Outcome before = RunWorld(spec, graph);
    uint32_t slow = 0;
    spec.editTopology = [&slow](Topology& topology)
    {
        for (uint32_t l = 0; l < topology.links.size(); ++l)
        {
            if (topology.links[l].tier == 1)
            {
                slow = l;
            }
        }
        topology.links[slow].rate = BitRate(topology.links[slow].rate.bps() / 2);
    };
    const Outcome after = RunWorld(spec, graph);
    const Tick added = after.Idle() - before.Idle();
    // Both directions of the link are half as fast: each rank waits once more the transfer time.
    EXPECT_NEAR(ToSeconds(added), 2 * (16 << 20) / Goodput(spec.nicRate), 0.02 * ToSeconds(added));
    const Tick blamed = after.RootAt(RootAccount::ScaleOutCongestion, 2 * slow) +
                        after.RootAt(RootAccount::ScaleOutCongestion, 2 * slow + 1);
    EXPECT_GE(Share(blamed, added), 0.95)
        << "blamed " << ToSeconds(blamed) * 1e6 << " us of " << ToSeconds(added) * 1e6 << " us";
}

TEST(LedgerTruth, SlowAcceleratorAndSlowLinkBothInRightAmounts)
{
    // Rank 0 computes 10 % longer, then all send across; the uplink of leaf 0 is at half rate.
    const uint64_t bytes = 4 << 20;
    TaskGraph graph(2);
    for (Rank r = 0; r < 2; ++r)
    {
        ComputeSpec kernel;
        kernel.label = "kernel";
        kernel.fixedSeconds = 1e-3;
        const TaskId k = graph.AddCompute(r, kernel);
        const TaskId s = graph.AddSend(r, 1 - r, bytes, 0, "exchange", {k});
        const TaskId v = graph.AddRecv(r, 1 - r, bytes, 0, "exchange", {k});
        graph.AddCompute(r, kernel, {s, v});
    }
    WorldSpec spec;
    spec.topology = "fat-tree-2";
    spec.topologyParameters = {{"hosts_per_leaf", "1"}, {"spines", "1"}};
    spec.hosts = 2;
    spec.editTopology = [](Topology& topology)
    {
        for (auto& link : topology.links)
        {
            if (link.tier == 1)
            {
                link.rate = BitRate(link.rate.bps() / 2);
            }
        }
    };
    spec.job.jitter.slowdown[0] = 1.1;
    const Outcome out = RunWorld(spec, graph);
    const double transfer = static_cast<double>(bytes) / Goodput(spec.nicRate);
    // Rank 1 waits 100 us for rank 0 twice (before its data leave, and at the end of the step).
    EXPECT_NEAR(ToSeconds(out.RootAt(RootAccount::Jitter, 0)), 200e-6, 10e-6);
    // Each rank waits one extra transfer time because of the slow links.
    EXPECT_NEAR(ToSeconds(out.Root(RootAccount::ScaleOutCongestion)), 2 * transfer, 0.1 * transfer);
}

TEST(LedgerTruth, AdaptiveRoutingOnAHealthyFabricBooksLittleCongestion)
{
    const Outcome out = RunWorld(TwoLeaves(), CrossingSends(16, 8 << 20));
    EXPECT_LT(Share(out.Root(RootAccount::ScaleOutCongestion), out.Idle()), 0.10);
}

} // namespace
} // namespace heddle::validation
