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
    // 15 ranks wait 4 × 100 us.
    EXPECT_NEAR(ToSeconds(added), 15 * 4 * 100e-6, 15 * 4 * 1e-6);
    EXPECT_GE(Share(after.RootAt(RootAccount::Jitter, 5), added), 0.95);
    EXPECT_GE(Share(after.ProximateAt(ProximateAccount::SkewWait, 5), added), 0.95);
}

INSTANTIATE_TEST_SUITE_P(Kernels, SlowAccelerator, ::testing::Values(1U, 5U));

/// Two leaves of 4 NICs and 4 uplinks each; traffic crosses. Every uplink carries one flow of the
/// shift permutation when the balancer is per packet; one uplink at half rate is to blame.
WorldSpec
TwoLeaves()
{
    WorldSpec spec;
    spec.topology = "fat-tree-2";
    spec.hosts = 8;
    spec.topologyParameters = {{"hosts_per_leaf", "4"}, {"spines", "1"}};
    return spec;
}

} // namespace
} // namespace heddle::validation
