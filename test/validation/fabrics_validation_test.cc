// SPDX-License-Identifier: GPL-2.0-only
// The comparison of fabrics must discriminate where it has to, and only there.
#include "world.h"

#include <gtest/gtest.h>

namespace heddle::validation
{
namespace
{

/// 4 hosts of 4 accelerators, two hosts per leaf, non-blocking.
WorldSpec
Pods(const std::string& topology)
{
    WorldSpec spec;
    spec.topology = topology;
    spec.hosts = 4;
    spec.acceleratorsPerHost = 4;
    if (topology == "fat-tree-2")
    {
        spec.topologyParameters = {{"hosts_per_leaf", "2"}};
    }
    spec.transport.reliability = "selective-repeat";
    return spec;
}

/// Every rank of a leaf sends to the same place under the other leaf.
TaskGraph
Crossing(uint64_t bytes)
{
    TaskGraph graph(16);
    for (Rank r = 0; r < 16; ++r)
    {
        graph.AddSend(r, (r + 8) % 16, bytes, 0, "cross");
        graph.AddRecv(r, (r + 8) % 16, bytes, 0, "cross");
    }
    return graph;
}

TEST(Discrimination, EcmpIsSlowerThanAdaptiveOnCrossingTraffic)
{
    WorldSpec spec = Pods("fat-tree-2");
    const TaskGraph graph = Crossing(8 << 20);
    spec.switches.loadBalancer = "ecmp";
    const double ecmp = ToSeconds(RunWorld(spec, graph).job.stepTime);
    spec.switches.loadBalancer = "adaptive";
    const double adaptive = ToSeconds(RunWorld(spec, graph).job.stepTime);
    spec.ideal = true;
    const double ideal = ToSeconds(RunWorld(spec, graph).job.stepTime);
    // 8 flows over 8 uplinks: balls in bins, E[max] 2.6 (oracle A5); two flows on a link at least,
    // unless the hash is lucky (probability 8!/8^8 = 0.24 %).
    EXPECT_GT(ecmp / ideal, 1.8) << "ECMP " << ecmp * 1e6 << " us, ideal " << ideal * 1e6 << " us";
    EXPECT_LT(adaptive / ideal, 1.1) << "adaptive " << adaptive * 1e6 << " us";
}

TEST(Discrimination, AdaptiveRoutingWithGoBackNCollapses)
{
    WorldSpec spec = Pods("fat-tree-2");
    spec.switches.loadBalancer = "adaptive";
    const TaskGraph graph = Crossing(2 << 20);
    const Outcome placed = RunWorld(spec, graph);
    spec.transport.reliability = "go-back-n";
    const Outcome ordered = RunWorld(spec, graph);
    EXPECT_EQ(placed.transport.retransmits, 0U);
    EXPECT_GT(ordered.transport.retransmits, 1000U);
    EXPECT_GT(ToSeconds(ordered.job.stepTime) / ToSeconds(placed.job.stepTime), 2.0);
}

TaskGraph
ToRail(uint32_t shift, uint64_t bytes)
{
    // Host h, accelerator a → host h + 1, accelerator a + shift.
    TaskGraph graph(16);
    for (Rank r = 0; r < 16; ++r)
    {
        const Rank to = ((r / 4 + 1) % 4) * 4 + (r + shift) % 4;
        const Rank from = ((r / 4 + 3) % 4) * 4 + (r % 4 + 4 - shift) % 4;
        graph.AddSend(r, to, bytes, 0, "rail");
        graph.AddRecv(r, from, bytes, 0, "rail");
    }
    return graph;
}

TEST(Discrimination, RailLocalTrafficSeesNoSpines)
{
    const TaskGraph graph = ToRail(0, 8 << 20);
    const Outcome optimised = RunWorld(Pods("rail-optimised"), graph);
    const Outcome only = RunWorld(Pods("rail-only"), graph);
    EXPECT_EQ(optimised.job.stepTime, only.job.stepTime)
        << "same rails, same leaves: to the picosecond";
}

TEST(Discrimination, RailOnlyPaysForCrossRailTraffic)
{
    // Without PXN the rail-optimised fabric goes over its spines; rail-only must hop over the
    // scale-up domain, here one as slow as a NIC, so that the detour is seen.
    WorldSpec optimised = Pods("rail-optimised");
    optimised.switches.loadBalancer = "adaptive";
    optimised.software.pxn = false;
    optimised.job.scaleUp.portRate = BitRate(400'000'000'000);
    WorldSpec only = Pods("rail-only");
    only.software.pxn = true;
    only.job.scaleUp.portRate = BitRate(400'000'000'000);
    const TaskGraph graph = ToRail(1, 8 << 20);
    const double direct = ToSeconds(RunWorld(optimised, graph).job.stepTime);
    const Outcome detour = RunWorld(only, graph);
    EXPECT_GT(ToSeconds(detour.job.stepTime) / direct, 1.2);
    EXPECT_GT(detour.job.scaleUpBytes, 16U * (8 << 20) - 1);
}

TEST(Loss, EveryTransferCompletesUnderBothReliabilities)
{
    for (const char* reliability : {"go-back-n", "selective-repeat"})
    {
        WorldSpec spec = Pods("fat-tree-2");
        spec.transport.reliability = reliability;
        spec.editTopology = [](Topology& topology)
        {
            for (auto& link : topology.links)
            {
                link.loss = FrameLoss::FromProbability(0.01);
            }
        };
        const Outcome out = RunWorld(spec, Crossing(1 << 20));
        EXPECT_EQ(out.job.messageTimes.size(), 16U) << reliability;
        EXPECT_GT(out.network.dropped[static_cast<size_t>(DropReason::RandomLoss)], 50U);
        EXPECT_GT(out.Root(RootAccount::ScaleOutLossRecovery), 0);
    }
}

TEST(Determinism, SameSeedSameRunOtherSeedOther)
{
    WorldSpec spec = Pods("fat-tree-2");
    spec.switches.loadBalancer = "spray";
    spec.job.jitter.kernelSigma = 0.02;
    const TaskGraph graph = Crossing(1 << 20);
    const Outcome a = RunWorld(spec, graph);
    const Outcome b = RunWorld(spec, graph);
    spec.seed = 2;
    const Outcome c = RunWorld(spec, graph);
    EXPECT_EQ(a.job.stepTime, b.job.stepTime);
    EXPECT_EQ(a.job.messageTimes, b.job.messageTimes);
    EXPECT_EQ(a.events, b.events);
    EXPECT_NE(a.job.messageTimes, c.job.messageTimes);
}

} // namespace
} // namespace heddle::validation
