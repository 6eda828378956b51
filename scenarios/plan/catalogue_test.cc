// SPDX-License-Identifier: GPL-2.0-only
//
// Every scenario of the catalogue is right, and the quickstart keeps within its promise.
#include "loader/scenario-source.h"
#include "plan/plan.h"
#include "plan/supply.h"
#include "testing/plan-of-text.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace heddle
{
namespace
{

namespace fs = std::filesystem;

TEST(Catalogue, EveryScenarioIsRight)
{
    int count = 0;
    for (const auto& entry : fs::directory_iterator(HEDDLE_SCENARIOS_DIR "/catalogue"))
    {
        if (entry.path().extension() == ".textproto")
        {
            ScenarioSource source(entry.path().string(), {});
            if (IsSupplyScenario(source))
            {
                EXPECT_FALSE(PlanSupply(source).empty()) << entry.path();
                continue;
            }
            const Plan plan = MakePlan(source);
            EXPECT_FALSE(plan.fabrics.empty()) << entry.path();
            ++count;
        }
    }
    EXPECT_GE(count, 5);
}

TEST(Catalogue, QuickstartCrossesHostsAndStaysSmall)
{
    ScenarioSource source(HEDDLE_SCENARIOS_DIR "/catalogue/quickstart.textproto", {});
    const Plan plan = MakePlan(source);
    ASSERT_EQ(plan.fabrics.size(), 4u);
    EXPECT_TRUE(plan.workload.slice.has_value());
    EXPECT_GE(plan.cluster.ranks(), 64u);
    for (const FabricPlan& fabric : plan.fabrics)
    {
        EXPECT_GT(fabric.estimate.packetHops, 1e6) << fabric.name;
        EXPECT_LT(fabric.estimate.packetHops, 50e6) << fabric.name;
        uint32_t leaves = 0;
        for (const Topology::Switch& s : fabric.topology.switches)
        {
            leaves += s.tier == 0;
        }
        EXPECT_GE(leaves, 4u) << fabric.name << " must not lie under one switch";
    }
}

/// A field of a fabric wins over the same field of `defaults`; another model drops its parameters.
TEST(Catalogue, FabricOverDefaults)
{
    const std::string text = R"(
cluster { hosts: 4 accelerators_per_host: 2 nic { rate: "400Gbps" } }
defaults {
  topology { name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "2" } }
  switch { forwarding_latency: "1us" load_balancer { name: "adaptive" } }
  nic_leaf { length: "100m" }
}
fabric { name: "a" }
fabric { name: "b" switch { forwarding_latency: "2us" } nic_leaf { length: "200m" } }
fabric { name: "c" topology { name: "single-switch" } }
workload { traffic { permutation { bytes: "1MiB" shift: 4 } } }
)";
    const Plan plan = PlanOf(text, {"fabric[b].transport.mtu=1KiB"});
    EXPECT_EQ(plan.fabrics[0].topology.switchConfig.forwardingLatency, ParseTime("1us"));
    EXPECT_EQ(plan.fabrics[1].topology.switchConfig.forwardingLatency, ParseTime("2us"));
    EXPECT_EQ(plan.fabrics[1].topology.switchConfig.loadBalancer, "adaptive");
    EXPECT_EQ(plan.fabrics[0].topology.links[0].delay, ParseTime("500ns"));
    EXPECT_EQ(plan.fabrics[1].topology.links[0].delay, ParseTime("1us"));
    EXPECT_EQ(plan.fabrics[1].transport.mtuPayloadBytes, 1024u);
    EXPECT_EQ(plan.fabrics[0].transport.mtuPayloadBytes, 4096u);
    EXPECT_EQ(plan.fabrics[2].topology.switches.size(), 1u);
    // 8 messages of 256 packets over 4 links (a), of 1024 packets (b), over 2 links (c).
    EXPECT_DOUBLE_EQ(plan.fabrics[0].estimate.packetHops, 8 * 256 * 4);
    EXPECT_DOUBLE_EQ(plan.fabrics[1].estimate.packetHops, 8 * 1024 * 4);
    EXPECT_DOUBLE_EQ(plan.fabrics[2].estimate.packetHops, 8 * 256 * 2);
}

} // namespace
} // namespace heddle
