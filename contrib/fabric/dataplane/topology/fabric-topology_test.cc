// SPDX-License-Identifier: GPL-2.0-only
//
// Topologies: closed forms for switches and links, degrees, equal-cost paths, impossible shapes.

#include "ns3/fabric-topology.h"

#include "ns3/base-errors.h"
#include "ns3/fabric-routes.h"
#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

#include <map>

namespace heddle
{
namespace
{

using test::Shape;

struct Counts
{
    uint32_t nics;
    size_t switches;
    size_t fabricLinks;
};

Counts
Count(const Topology& topology)
{
    return {topology.nics, topology.switches.size(), topology.links.size() - topology.nics};
}

uint32_t
MaxDegree(const Topology& topology, uint32_t tier)
{
    std::map<uint32_t, uint32_t> degree;
    for (const auto& link : topology.links)
    {
        for (const auto& end : {link.a, link.b})
        {
            if (end.isSwitch && topology.switches[end.index].tier == tier)
            {
                ++degree[end.index];
            }
        }
    }
    uint32_t most = 0;
    for (const auto& [s, d] : degree)
    {
        most = std::max(most, d);
    }
    return most;
}

/// Shortest paths between two switches, counted along the forwarding tables.
uint64_t
Paths(const fabric::Routes& routes, SwitchId from, uint32_t leaf)
{
    if (from == routes.SwitchOfLeaf(leaf))
    {
        return 1;
    }
    uint64_t paths = 0;
    const NextHops hops = routes.Lookup(from, leaf);
    for (uint32_t i = 0; i < hops.count; ++i)
    {
        paths += Paths(routes, routes.Behind(hops.ports[i]), leaf);
    }
    return paths;
}

uint64_t
Paths(const Topology& topology, NicId from, NicId to)
{
    fabric::Routes routes(topology);
    routes.Build(std::vector<bool>(topology.links.size(), true));
    return Paths(routes, topology.leafOfNic[from], routes.LeafOfNic(to));
}

TEST(FatTree3, ClassicClosedForms)
{
    const struct
    {
        uint32_t k;
        uint32_t perHost;
        Counts expected;
    } rows[] = {{4, 1, {16, 20, 32}},
                {8, 1, {128, 80, 256}},
                {8, 4, {128, 80, 256}},
                {16, 8, {1024, 320, 2048}},
                {32, 8, {8192, 1280, 16384}}};
    for (const auto& row : rows)
    {
        const uint32_t k = row.k;
        Topology t = BuildTopology("fat-tree-3",
                                   Shape(row.expected.nics / row.perHost, row.perHost),
                                   {{"k", std::to_string(k)}, {"switch_radix", std::to_string(k)}});
        const Counts counts = Count(t);
        EXPECT_EQ(counts.nics, row.expected.nics);
        EXPECT_EQ(counts.switches, row.expected.switches) << "k = " << k;
        EXPECT_EQ(counts.fabricLinks, row.expected.fabricLinks) << "k = " << k;
        for (uint32_t tier : {0, 1, 2})
        {
            EXPECT_EQ(MaxDegree(t, tier), k) << "tier " << tier;
        }
        if (k <= 16)
        {
            EXPECT_EQ(Paths(t, 0, k / 2 - 1), 1U) << "same leaf";
            EXPECT_EQ(Paths(t, 0, k / 2), k / 2) << "same pod";
            EXPECT_EQ(Paths(t, 0, row.expected.nics - 1), k * k / 4) << "other pod";
        }
    }
}

TEST(FatTree2, ClosedForms)
{
    // Radix 64: k²/2 NICs, 3k/2 switches, k²/2 links.
    Topology full = BuildTopology("fat-tree-2",
                                  Shape(256, 8),
                                  {{"hosts_per_leaf", "4"}, {"switch_radix", "64"}});
    EXPECT_EQ(Count(full).nics, 2048U);
    EXPECT_EQ(Count(full).switches, 96U);
    EXPECT_EQ(Count(full).fabricLinks, 2048U);
    EXPECT_EQ(Paths(full, 0, 2047), 32U);

    Topology lean =
        BuildTopology("fat-tree-2",
                      Shape(64, 8),
                      {{"hosts_per_leaf", "4"}, {"oversubscription", "4"}, {"spines", "4"}});
    EXPECT_EQ(Count(lean).switches, 16U + 4U);
    EXPECT_EQ(Count(lean).fabricLinks, 16U * 8);
    EXPECT_EQ(Paths(lean, 0, 511), 2U * 4 * 2) << "parallel links count";

    ClusterShape fast = Shape(64, 8); // 800 Gb/s uplinks: half as many
    fast.rateByTier = {ParseRate("800Gbps")};
    Topology t = BuildTopology("fat-tree-2", fast, {{"hosts_per_leaf", "4"}});
    EXPECT_EQ(Count(t).fabricLinks, 16U * 16);
}

TEST(FatTree2, HostsShareALeaf)
{
    Topology t = BuildTopology("fat-tree-2", Shape(9, 8), {{"hosts_per_leaf", "2"}});
    for (NicId nic = 0; nic < t.nics; ++nic)
    {
        EXPECT_EQ(t.switches[t.leafOfNic[nic]].name, "leaf" + std::to_string(nic / 8 / 2));
    }
}

/// NVIDIA DGX SuperPOD H100, four scalable units: 32 leaves, 16 spines, 1,024 leaf–spine cables.
TEST(RailOptimised, SuperPod)
{
    Topology t =
        BuildTopology("rail-optimised",
                      Shape(128, 8),
                      {{"hosts_per_group", "32"}, {"spines", "16"}, {"switch_radix", "64"}});
    EXPECT_EQ(Count(t).switches, 48U);
    EXPECT_EQ(Count(t).fabricLinks, 1024U);
    EXPECT_EQ(MaxDegree(t, 0), 64U);
    EXPECT_EQ(MaxDegree(t, 1), 64U);
    EXPECT_EQ(t.leafOfNic[5], t.leafOfNic[31 * 8 + 5]) << "same rail, same group";
    EXPECT_NE(t.leafOfNic[5], t.leafOfNic[6]);
    EXPECT_NE(t.leafOfNic[5], t.leafOfNic[32 * 8 + 5]);
    EXPECT_EQ(t.switches[t.leafOfNic[32 * 8 + 5]].name, "leaf1-rail5");
}

TEST(RailOnly, RailsAreNotJoined)
{
    Topology t = BuildTopology("rail-only", Shape(16, 8), {});
    EXPECT_EQ(Count(t).switches, 8U);
    EXPECT_EQ(Count(t).fabricLinks, 0U);
    EXPECT_EQ(Paths(t, 3, 15 * 8 + 3), 1U);
    EXPECT_EQ(Paths(t, 3, 15 * 8 + 4), 0U);
}

TEST(BuildTopology, RefusesWhatCannotBe)
{
    using Given = std::map<std::string, std::string>;
    const struct
    {
        const char* topology;
        ClusterShape shape;
        Given parameters;
        const char* says;
    } rows[] = {
        {"fat-tree", Shape(4), {}, "fat-tree-2"},
        {"fat-tree-2", Shape(4), {{"host_per_leaf", "2"}}, "hosts_per_leaf"},
        {"fat-tree-2", Shape(4), {{"hosts_per_leaf", "1.5"}}, "whole number"},
        {"fat-tree-2", Shape(4), {{"hosts_per_leaf", "0"}}, "at least 1"},
        {"fat-tree-2", Shape(8), {{"oversubscription", "3"}}, "whole number"},
        {"fat-tree-2", Shape(8), {{"oversubscription", "-1"}}, "positive"},
        {"fat-tree-2", Shape(8), {{"spines", "3"}}, "spread evenly"},
        {"fat-tree-2", Shape(8, 8), {{"switch_radix", "32"}}, "switch_radix"},
        {"fat-tree-3", Shape(129), {{"k", "8"}}, "128 NICs"},
        {"fat-tree-3", Shape(16, 8), {{"k", "8"}}, "accelerators"},
        {"fat-tree-3", Shape(16), {{"k", "7"}}, "k/2"},
        {"rail-only", Shape(65, 8), {{"switch_radix", "64"}}, "switch_radix"},
        {"single-switch", Shape(0), {}, "at least one host"},
    };
    for (const auto& row : rows)
    {
        try
        {
            BuildTopology(row.topology, row.shape, row.parameters);
            ADD_FAILURE() << row.topology << " accepted; expected: " << row.says;
        }
        catch (const InputError& error)
        {
            EXPECT_NE(std::string(error.what()).find(row.says), std::string::npos)
                << "expected '" << row.says << "' in: " << error.what();
        }
    }
}

TEST(ValidateTopology, RefusesBrokenGraphsAndSettings)
{
    const Topology good = BuildTopology("single-switch", Shape(2), {});
    EXPECT_NO_THROW(ValidateTopology(good));
    auto refused = [&good](auto breakIt)
    {
        Topology bad = good;
        breakIt(bad);
        EXPECT_THROW(ValidateTopology(bad), InputError);
    };
    refused([](Topology& t) { t.links.pop_back(); });
    refused([](Topology& t) { t.links.push_back(t.links[0]); });
    refused([](Topology& t) { t.links[0].b.index = 1; });
    refused([](Topology& t) { t.links[0].rate = BitRate(0); });
    refused([](Topology& t) { t.links[0].delay = -1; });
    refused([](Topology& t) { t.links[0].loss = FrameLoss::FromProbability(1); });
    refused([](Topology& t) { t.switchConfig.alpha = 0; });
    refused([](Topology& t) { t.switchConfig.classes[2].weight = 0; });
    refused(
        [](Topology& t)
        {
            t.switchConfig.classes[2].ecn = true;
            t.switchConfig.classes[2].kminBytes = 1;
        });
    Topology small = good;
    small.switchConfig.classes[3].lossless = true;
    small.switchConfig.bufferBytes = 100'000;
    EventCore core({});
    EXPECT_THROW(Network(core, small), InputError) << "buffer smaller than its headroom";
}

} // namespace
} // namespace heddle
