// SPDX-License-Identifier: GPL-2.0-only
//
// NICs of several ports. Bills of materials against closed forms and Alibaba's published pod;
// planes that meet in NICs only; what a dead leaf takes away.

#include "ns3/fabric-topology.h"

#include "ns3/base-errors.h"
#include "ns3/fabric-port-pairs.h"
#include "ns3/fabric-routes.h"
#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace heddle
{
namespace
{

using test::Shape;

ClusterShape
Fast(uint32_t hosts, uint32_t acceleratorsPerHost, const std::string& rate)
{
    ClusterShape shape = Shape(hosts, acceleratorsPerHost);
    shape.nicRate = ParseRate(rate);
    return shape;
}

fabric::Routes
RoutesOf(const Topology& topology, const std::set<SwitchId>& dead = {})
{
    std::vector<bool> up;
    for (const Topology::Link& link : topology.links)
    {
        up.push_back(!(link.a.isSwitch && dead.count(link.a.index)) &&
                     !(link.b.isSwitch && dead.count(link.b.index)));
    }
    fabric::Routes routes(topology);
    routes.Build(up);
    return routes;
}

bool
Joined(const Topology& topology, const fabric::Routes& routes, NicId from, NicId to)
{
    const SwitchId first = topology.leafOfNic[from];
    return first == topology.leafOfNic[to] || routes.Lookup(first, routes.LeafOfNic(to)).count > 0;
}

std::map<SwitchId, std::pair<uint32_t, uint32_t>>
LinksDownAndUp(const Topology& topology)
{
    std::map<SwitchId, std::pair<uint32_t, uint32_t>> degrees;
    for (const Topology::Link& link : topology.links)
    {
        ++degrees[link.b.index].first;
        if (link.a.isSwitch)
        {
            ++degrees[link.a.index].second;
        }
    }
    return degrees;
}

/// Plane radix k: k²/2 NICs, P · 3k/2 switches, P · k²/2 links between them.
TEST(MultiPlane, ClosedForms)
{
    const struct
    {
        uint32_t planes;
        uint32_t radix;
    } rows[] = {{1, 16}, {2, 16}, {4, 32}, {8, 64}};
    for (const auto& row : rows)
    {
        const uint32_t k = row.radix;
        const uint32_t nics = k * k / 2;
        const Topology t = BuildTopology("multi-plane",
                                         Fast(nics / 8, 8, "800Gbps"),
                                         {{"planes", std::to_string(row.planes)},
                                          {"hosts_per_leaf", std::to_string(k / 16)},
                                          {"switch_radix", std::to_string(k)}});
        EXPECT_EQ(t.portsPerNic, row.planes);
        EXPECT_EQ(t.nics, nics * row.planes);
        EXPECT_EQ(t.switches.size(), row.planes * 3 * k / 2);
        EXPECT_EQ(t.links.size() - t.nics, row.planes * nics);
        for (const Topology::Link& link : t.links)
        {
            ASSERT_EQ(link.rate.bps(), 800'000'000'000 / row.planes);
        }
    }
    // k = 64, P = 8: 2,048 NICs of 8 ports, 768 switches, 16,384 links.
    EXPECT_EQ(64 * 64 / 2 * 8, 16384);
}

/// One plane is the plain tree.
TEST(MultiPlane, OnePlaneIsAFatTree)
{
    const Topology one =
        BuildTopology("multi-plane", Shape(8, 4), {{"planes", "1"}, {"hosts_per_leaf", "2"}});
    const Topology tree = BuildTopology("fat-tree-2", Shape(8, 4), {{"hosts_per_leaf", "2"}});
    ASSERT_EQ(one.links.size(), tree.links.size());
    for (size_t l = 0; l < tree.links.size(); ++l)
    {
        EXPECT_EQ(one.links[l].a.index, tree.links[l].a.index);
        EXPECT_EQ(one.links[l].b.index, tree.links[l].b.index);
        EXPECT_EQ(one.links[l].rate, tree.links[l].rate);
    }
}

TEST(MultiPlane, PlanesMeetInNicsOnly)
{
    const Topology t =
        BuildTopology("multi-plane", Shape(8, 4), {{"planes", "4"}, {"hosts_per_leaf", "2"}});
    const fabric::Routes routes = RoutesOf(t);
    for (NicId from : {0U, 5U, 127U})
    {
        for (NicId to = 0; to < t.nics; ++to)
        {
            EXPECT_EQ(Joined(t, routes, from, to), from % 4 == to % 4) << from << " → " << to;
        }
    }
    EXPECT_EQ(NodeName(t, {false, 5}), "nic1.1");
    EXPECT_EQ(PortName(t, 2), "nic1.0 → plane0-leaf0");
}

TEST(MultiPlane, Refuses)
{
    EXPECT_THROW(BuildTopology("multi-plane", Shape(8, 4), {{"planes", "17"}}), InputError);
    EXPECT_THROW(BuildTopology("multi-plane", Shape(8, 4), {{"planes", "0"}}), InputError);
    EXPECT_THROW(BuildTopology("multi-plane", Fast(8, 4, "100Gbps"), {{"planes", "7"}}),
                 InputError);
}

/// Alibaba's pod (SIGCOMM 2024): 15 segments of 128 hosts with 8 NICs of 2 × 200G, 60 uplinks of
/// 400G per leaf; 15,360 accelerators, 240 leaves, 120 spines with 120 links down each.
TEST(DualTor, HpnPod)
{
    ClusterShape shape = Shape(15 * 128, 8);
    shape.rateByTier = {ParseRate("400Gbps")};
    const Topology t = BuildTopology("dual-tor",
                                     shape,
                                     {{"hosts_per_group", "128"},
                                      {"oversubscription", "1.0666666666666667"},
                                      {"switch_radix", "188"}});
    EXPECT_EQ(t.nics / t.portsPerNic, 15360U);
    uint32_t leaves = 0;
    for (const auto& [id, degree] : LinksDownAndUp(t))
    {
        const bool leaf = t.switches[id].tier == 0;
        leaves += leaf;
        EXPECT_EQ(degree.first, leaf ? 128U : 120U) << t.switches[id].name;
        EXPECT_EQ(degree.second, leaf ? 60U : 0U) << t.switches[id].name;
    }
    EXPECT_EQ(leaves, 240U);
    EXPECT_EQ(t.switches.size() - leaves, 120U);
    EXPECT_EQ(t.links.size() - t.nics, 240U * 60);
    EXPECT_EQ(t.links[0].rate, ParseRate("200Gbps"));
    EXPECT_EQ(t.links.back().rate, ParseRate("400Gbps"));
}

/// Losing one leaf halves one NIC in each host of its group and cuts nobody off; with one leaf per
/// rail the same loss cuts a NIC of each host off.
TEST(DualTor, ALostLeafHalvesNicsAndCutsNobodyOff)
{
    for (const char* planes : {"1", "2"})
    {
        const Topology t = BuildTopology("dual-tor",
                                         Shape(16, 4),
                                         {{"hosts_per_group", "8"}, {"spine_planes", planes}});
        const SwitchId dead = 3; // leaf0-rail1b
        EXPECT_EQ(t.switches[dead].name, "leaf0-rail1b");
        const fabric::Routes routes = RoutesOf(t, {dead});
        uint32_t halved = 0;
        for (uint32_t nic = 0; nic < t.nics / 2; ++nic)
        {
            uint32_t alive = 0;
            for (NicId port : {2 * nic, 2 * nic + 1})
            {
                alive += t.leafOfNic[port] != dead;
            }
            EXPECT_GE(alive, 1U);
            halved += alive == 1;
            const bool mine = nic / 4 < 8 && nic % 4 == 1;
            EXPECT_EQ(alive == 1, mine) << "nic" << nic;
            // Its other port still reaches everybody's.
            const uint32_t side = t.leafOfNic[2 * nic] == dead ? 1 : 0;
            EXPECT_TRUE(Joined(t, routes, 2 * nic + side, 2 * 60 + side));
        }
        EXPECT_EQ(halved, 8U) << "one of each host of the group";
        EXPECT_EQ(Joined(t, RoutesOf(t), 0, 2 * 60 + 1), std::string(planes) == "1")
            << "sides are joined by shared spines only";
    }
}

TEST(PortPairs, NamesakesThenWhoeverIsConnected)
{
    const PortPairs all = PairPorts(4, [](uint32_t, uint32_t) { return true; });
    EXPECT_EQ(all.count(), 4U);
    const PortPairs planes = PairPorts(4, [](uint32_t a, uint32_t b) { return a == b && a != 2; });
    EXPECT_EQ(planes.count(), 3U);
    EXPECT_EQ(planes.to[2], PortPairs::kNoPort);
    EXPECT_EQ(planes.Usable(2), 3U);
    // Own port 0 and the other's port 1 are dead, sides are joined.
    const PortPairs crossed = PairPorts(2, [](uint32_t a, uint32_t b) { return a == 1 && b == 0; });
    EXPECT_EQ(crossed.count(), 1U);
    EXPECT_EQ(crossed.to[1], 0);
}

TEST(MultiPort, PortsOfANicStayInOnePartition)
{
    const Topology t = BuildTopology("dual-tor", Shape(16, 4), {{"hosts_per_group", "8"}});
    const Partitioning parts = PartitionTopology(t, {}, 8);
    ASSERT_GT(parts.count, 1U) << parts.whyOne;
    for (NicId port = 0; port < t.nics; port += 2)
    {
        EXPECT_EQ(parts.ofNic[port], parts.ofNic[port + 1]);
    }
}

} // namespace
} // namespace heddle
