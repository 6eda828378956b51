// SPDX-License-Identifier: GPL-2.0-only
//
// NICs of several ports in scenarios: bills count every port, links by name, knobs that have no
// effect are refused.
#include "testing/plan-of-text.h"

#include "ns3/base-errors.h"

#include <gtest/gtest.h>

namespace heddle
{
namespace
{

std::string
Scenario(const std::string& topology, const std::string& more = "", const std::string& floor = "")
{
    return "cluster { hosts: 16 accelerators_per_host: 4 nic { rate: \"400Gbps\" } " + floor +
           " } fabric { name: \"f\" topology { " + topology + " } " + more +
           " } workload { traffic { permutation { bytes: \"1MiB\" shift: 32 } } } "
           "run { what_if: \"none\" }";
}

const char* const kDualTor =
    R"(name: "dual-tor" parameters { name: "hosts_per_group" value: "8" })";
const char* const kPlanes = R"(name: "multi-plane" parameters { name: "planes" value: "4" }
                               parameters { name: "hosts_per_leaf" value: "8" })";

FabricPlan
FabricOf(const std::string& text)
{
    return PlanOf(text).fabrics[0];
}

std::string
Refusal(const std::string& text)
{
    try
    {
        FabricOf(text);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "";
}

TEST(MultiPort, TheBillCountsEveryPort)
{
    const std::string tiers = R"(nic_leaf { length: "2m" technology { name: "dac" } }
                                 leaf_spine { technology { name: "dsp-pluggable" } })";
    const struct
    {
        const char* topology;
        uint64_t nicLinks;
        uint64_t spineLinks;
        size_t switches;
        uint64_t rate;
    } rows[] = {// 2 groups · 4 rails · 2 sides of leaves with 8 links up; 8 spines per side.
                {kDualTor, 128, 16 * 8, 16 + 16, 200'000'000'000},
                // 4 planes of 2 leaves with 32 links up to 32 spines.
                {kPlanes, 256, 4 * 2 * 32, 4 * (2 + 32), 100'000'000'000}};
    for (const auto& row : rows)
    {
        const FabricPlan fabric = FabricOf(Scenario(row.topology, tiers));
        ASSERT_EQ(fabric.optics.size(), 2u);
        EXPECT_EQ(fabric.optics[0].links, row.nicLinks);
        EXPECT_EQ(fabric.optics[1].links, row.spineLinks);
        EXPECT_EQ(fabric.optics[0].rate.bps(), row.rate);
        EXPECT_EQ(fabric.optics[1].rate.bps(), row.rate);
        EXPECT_EQ(fabric.topology.switches.size(), row.switches);
        // With a floor plan every link has a cable.
        const FabricPlan laid =
            FabricOf(Scenario(row.topology, "", "floor_plan { name: \"rows\" }"));
        uint64_t cables = 0;
        for (const LinkTier& tier : laid.optics)
        {
            cables += tier.links;
        }
        EXPECT_EQ(cables, row.nicLinks + row.spineLinks);
    }
}

TEST(MultiPort, LinksByName)
{
    const Topology topology = FabricOf(Scenario(kPlanes)).topology;
    EXPECT_EQ(FindLinks(topology, "nic3").size(), 4u);
    ASSERT_EQ(FindLinks(topology, "nic3.2").size(), 1u);
    EXPECT_EQ(LinkName(topology, FindLinks(topology, "nic3.2")[0]), "nic3.2-plane2-leaf0");
    EXPECT_EQ(FindLinks(topology, "plane1-spine0").size(), 2u);
}

/// All ranks sit where their first port does, and hops count one plane's.
TEST(MultiPort, LayoutAndEstimate)
{
    const FabricPlan planes = FabricOf(Scenario(kPlanes));
    const FabricPlan tree = FabricOf(
        Scenario(R"(name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "8" })"));
    ASSERT_EQ(planes.layout.places.size(), tree.layout.places.size());
    for (size_t rank = 0; rank < tree.layout.places.size(); ++rank)
    {
        EXPECT_EQ(planes.layout.places[rank].leaf, tree.layout.places[rank].leaf);
    }
    EXPECT_EQ(planes.estimate.packetHops, tree.estimate.packetHops);
}

TEST(MultiPort, KnobsWithoutEffectAreRefused)
{
    const char* const tree = "name: \"fat-tree-2\"";
    EXPECT_NE(Refusal(Scenario(tree, "transport { port_choice: \"hash\" }")).find("one port"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario(kPlanes, "transport { port_failover: false }")).find("dead ports"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario(kPlanes, "transport { port_choice: \"hsah\" }")).find("'hash'"),
              std::string::npos);
    EXPECT_EQ(
        Refusal(Scenario(kDualTor, "transport { port_choice: \"hash\" port_failover: false }")),
        "");
}

} // namespace
} // namespace heddle
