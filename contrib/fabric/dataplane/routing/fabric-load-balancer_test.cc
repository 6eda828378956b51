// SPDX-License-Identifier: GPL-2.0-only
//
// Load balancers: ECMP collides as balls in bins (validation A5), spraying is uniform, adaptive
// routing avoids queues and dead ports.

#include "ns3/base-errors.h"
#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace heddle
{
namespace
{

using test::Shape;
using test::World;

constexpr uint32_t kMtu = 4178;

/// Two leaves of m NICs, m spines.
Topology
LeafSpine(uint32_t m, const std::string& balancer)
{
    ClusterShape shape = Shape(2 * m);
    shape.switchConfig.loadBalancer = balancer;
    return BuildTopology("fat-tree-2", shape, {{"hosts_per_leaf", std::to_string(m)}});
}

/// Packets that each uplink of leaf 0 carried; links: NICs first, then spine by spine.
std::vector<uint64_t>
UplinkPackets(const World& world, uint32_t m)
{
    std::vector<uint64_t> packets;
    for (uint32_t spine = 0; spine < m; ++spine)
    {
        packets.push_back(world.net.portCounters(2 * (2 * m + 2 * spine)).txPackets);
    }
    return packets;
}

/// Mean and variance of the fullest of m bins that hold n balls, exactly: n!·[x^n](Σ_{j≤k}
/// x^j/j!)^m of m^n placements have no bin above k.
std::pair<double, double>
FullestBin(int n, int m)
{
    double mean = 0;
    double square = 0;
    double below = 0;
    for (int k = 1; k <= n; ++k)
    {
        std::vector<double> ways(n + 1, 0.0); // coefficient · j!
        ways[0] = 1;
        for (int bin = 0; bin < m; ++bin)
        {
            std::vector<double> next(n + 1, 0.0);
            for (int total = 0; total <= n; ++total)
            {
                double choose = 1; // (total choose j)
                for (int j = 0; j <= std::min(k, total); ++j)
                {
                    next[total] += choose * ways[total - j];
                    choose = choose * (total - j) / (j + 1);
                }
            }
            ways = next;
        }
        const double atMost = ways[n] / std::pow(m, n);
        mean += k * (atMost - below);
        square += double(k) * k * (atMost - below);
        below = atMost;
    }
    return {mean, square - mean * mean};
}

TEST(Ecmp, CollidesAsBallsInBins)
{
    EXPECT_NEAR(FullestBin(4, 4).first, 2.125, 1e-3) << "validation A5's own figure";
    EXPECT_NEAR(FullestBin(8, 8).first, 2.601, 0.03);
    EXPECT_NEAR(FullestBin(16, 16).first, 3.075, 0.03);
    constexpr int kSeeds = 400;
    for (uint32_t m : {4U, 8U, 16U})
    {
        const Topology topology = LeafSpine(m, "ecmp");
        double fullest = 0;
        double used = 0;
        for (uint64_t seed = 1; seed <= kSeeds; ++seed)
        {
            World world(topology, seed);
            for (NicId nic = 0; nic < m; ++nic)
            {
                world.Send(nic, {m + nic, kMtu, 2, 3, 0, 49152 + nic});
            }
            world.Run();
            for (uint64_t packets : UplinkPackets(world, m))
            {
                ASSERT_EQ(packets % 2, 0U) << "a flow stays on its port";
                used += packets > 0;
            }
            auto bins = UplinkPackets(world, m);
            fullest += double(*std::max_element(bins.begin(), bins.end())) / 2;
        }
        const auto [mean, variance] = FullestBin(int(m), int(m));
        EXPECT_NEAR(fullest / kSeeds, mean, 4 * std::sqrt(variance / kSeeds)) << "m = " << m;
        // Occupied bins: exact mean and variance.
        const double miss1 = std::pow(1 - 1.0 / m, m);
        const double miss2 = std::pow(1 - 2.0 / m, m);
        const double usedVariance =
            m * miss1 * (1 - miss1) + m * (m - 1.0) * (miss2 - miss1 * miss1);
        EXPECT_NEAR(used / kSeeds, m * (1 - miss1), 4 * std::sqrt(usedVariance / kSeeds))
            << "m = " << m;
    }
}

/// The second tier's choice does not depend on the first's: no polarisation (each of the k²/4 paths
/// between two pods gets its share).
TEST(Ecmp, TiersAreIndependent)
{
    World world(BuildTopology("fat-tree-3", Shape(128), {{"k", "8"}}));
    world.record = false;
    constexpr uint32_t kFlows = 16'000;
    for (uint32_t flow = 0; flow < kFlows; ++flow)
    {
        world.Send(0, {127, 84, 1, 3, 0, flow});
    }
    world.Run();
    std::map<std::string, uint64_t> intoCore;
    for (PortId port = 0; port < 2 * world.topology.links.size(); ++port)
    {
        const std::string name = world.net.PortName(port);
        const auto packets = world.net.portCounters(port).txPackets;
        if (packets > 0 && name.rfind("spine", 0) == 0 && name.find("core") != std::string::npos)
        {
            intoCore[name] = packets;
        }
    }
    ASSERT_EQ(intoCore.size(), 16U) << "all k²/4 paths";
    const double share = kFlows / 16.0;
    for (const auto& [name, packets] : intoCore)
    {
        EXPECT_NEAR(double(packets), share, 5 * std::sqrt(share)) << name;
    }
}

TEST(Spray, IsUniformPerPacket)
{
    constexpr uint32_t m = 8;
    World world(LeafSpine(m, "spray"));
    world.Send(0, {m, kMtu, 8000});
    world.Run();
    for (uint64_t packets : UplinkPackets(world, m))
    {
        EXPECT_NEAR(double(packets), 1000, 4 * std::sqrt(1000 * (1 - 1.0 / m)));
    }
}

/// 16 NICs of a leaf send a permutation to the other leaf at line rate.
struct Permutation
{
    static constexpr uint32_t kNics = 16;
    static constexpr uint64_t kPackets = 4000;

    Permutation(const std::string& balancer,
                const std::map<std::string, std::string>& parameters,
                uint64_t seed)
    {
        Topology topology = LeafSpine(kNics, balancer);
        topology.switchConfig.loadBalancerParameters = parameters;
        World world(topology, seed);
        world.record = false;
        for (NicId nic = 0; nic < kNics; ++nic)
        {
            world.Send(nic, {kNics + (nic + 3) % kNics, kMtu, kPackets, 3, 0, nic});
        }
        world.Run();
        EXPECT_EQ(world.net.counters().delivered, kNics * kPackets);
        throughput = double(kPackets * kMtu * 20) / double(world.lastArrival);
        for (uint32_t spine = 0; spine < kNics; ++spine)
        {
            const PortId uplink = 2 * (2 * kNics + 2 * spine);
            longest = std::max(longest, world.net.portCounters(uplink).maxQueueBytes);
        }
    }

    double throughput = 0; ///< of the slowest flow, relative to line rate
    uint64_t longest = 0;  ///< uplink queue; bytes
};

/// ECMP is slowed by the fullest bin (3.1 expected, at least 2 unless no two flows collide).
/// Adaptive routing is near line rate, and with readings of age τ one port gets no more than about
/// n·C·τ before its grade changes.
TEST(Adaptive, BeatsEcmpOnAPermutation)
{
    for (uint64_t seed : {1, 2, 3})
    {
        EXPECT_LE(Permutation("ecmp", {}, seed).throughput, 0.51) << "seed " << seed;
        for (Tick age : {100, 500})
        {
            const Permutation adaptive("adaptive", {{"age", std::to_string(age) + "ns"}}, seed);
            EXPECT_GE(adaptive.throughput, 0.95) << "seed " << seed << ", age " << age << " ns";
            const double herd = Permutation::kNics * age * 50.0; // 400 Gb/s: 50 B per ns
            EXPECT_LE(double(adaptive.longest), 1.5 * herd + 16 * kMtu)
                << "seed " << seed << ", age " << age << " ns";
        }
    }
}

/// With fresh readings queues stay within a few packets where random spraying's wander.
TEST(Adaptive, KeepsQueuesShorterThanSpraying)
{
    const Permutation fresh("adaptive", {{"age", "0"}}, 1);
    const Permutation spray("spray", {}, 1);
    EXPECT_GE(fresh.throughput, 0.98);
    EXPECT_LE(fresh.longest, 4U * kMtu);
    EXPECT_GT(spray.longest, 40U * kMtu);
}

/// Only ports that are up: nothing is lost at a leaf whose uplink fails, before any rerouting.
TEST(Adaptive, AvoidsDeadPortsAtOnce)
{
    constexpr uint32_t m = 4;
    Topology topology = LeafSpine(m, "adaptive");
    topology.rerouteDelay = kSecond;
    World world(topology);
    world.At(kNanosecond, [&](Partition&) { world.net.SetLinkUp(2 * m, false); });
    world.Send(0, {m, kMtu, 400}, 2 * kNanosecond);
    world.Run();
    EXPECT_EQ(world.Dropped(), 0U);
    EXPECT_EQ(UplinkPackets(world, m)[0], 0U);
    EXPECT_EQ(world.net.counters().delivered, 400U);
}

TEST(LoadBalancer, WrongNamesAreAnswered)
{
    Topology topology = LeafSpine(4, "adaptve");
    EventCore core({});
    try
    {
        Network net(core, topology);
        FAIL() << "accepted a load balancer that does not exist";
    }
    catch (const InputError& error)
    {
        EXPECT_NE(std::string(error.what()).find("adaptive"), std::string::npos) << error.what();
    }
    topology.switchConfig.loadBalancer = "ecmp";
    topology.switchConfig.loadBalancerParameters = {{"age", "1us"}};
    EXPECT_THROW(Network(core, topology), InputError) << "ecmp has no age";
}

} // namespace
} // namespace heddle
