// SPDX-License-Identifier: GPL-2.0-only
//
// Flow level against packet level, message by message, over families of traffic. Error of a
// message: |flow − packet| / packet of its completion time. Printed for every family; the limits
// are what was measured, rounded up.
//
// The aim is 3 % in the mean and 2 % for the last completion. Not reached: DCQCN, whose packet
// level differs from itself by 2 to 6 % when all messages begin a nanosecond apart.
#include "ns3/rdma-flow-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iomanip>
#include <iostream>

namespace heddle::test
{
namespace
{

struct Post
{
    NicId from;
    NicId to;
    uint64_t bytes;
    Tick at;
};

struct Family
{
    const char* name;
    std::vector<Post> posts;
    Cluster cluster;
    std::string congestionControl = "none";
    double mean; ///< largest mean error
    double last; ///< largest error of the time of the last completion
};

constexpr uint64_t kBytes = 4 << 20;
constexpr uint64_t kDraws = 4; ///< seeds over which errors are averaged

Cluster
LeafSpine(uint32_t nics, const std::string& balancer, const char* oversubscription = "1")
{
    Cluster cluster;
    cluster.nics = nics;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", "8"}, {"oversubscription", oversubscription}};
    cluster.loadBalancer = balancer;
    cluster.lossless = true;
    cluster.bufferBytes = 64'000'000;
    cluster.switchLatency = 700 * kNanosecond;
    cluster.linkDelay = 100 * kNanosecond;
    cluster.kmin = 800'000;
    cluster.kmax = 3'200'000;
    cluster.pmax = 0.2;
    return cluster;
}

std::vector<Post>
Permutation(uint32_t nics)
{
    std::vector<Post> posts;
    for (NicId from = 0; from < nics; ++from)
    {
        posts.push_back({from, (from + 11) % nics, kBytes, from * 100 * kNanosecond});
    }
    return posts;
}

std::vector<Post>
Incast(uint32_t senders)
{
    std::vector<Post> posts;
    for (NicId from = 1; from <= senders; ++from)
    {
        posts.push_back({from, 0, kBytes, from * 100 * kNanosecond});
    }
    return posts;
}

std::vector<Post>
AllToAll(uint32_t nics, uint64_t bytes)
{
    std::vector<Post> posts;
    for (NicId from = 0; from < nics; ++from)
    {
        for (uint32_t hop = 1; hop < nics; ++hop)
        {
            // Ranks arrive over 20 us.
            const Tick at = (from * 7 % nics) * 20 * kMicrosecond / nics;
            posts.push_back({from, (from + hop) % nics, bytes, at});
        }
    }
    return posts;
}

struct Times
{
    std::vector<double> completion; ///< by message
    double last = 0;
};

template <class W>
Times
TimesOf(const Family& family, uint64_t seed)
{
    TransportConfig config = SelectiveRepeat();
    config.ackEveryPackets = 16;
    config.sendLatency = 700 * kNanosecond;
    config.receiveLatency = 600 * kNanosecond;
    config.congestionControl = family.congestionControl;
    Cluster cluster = family.cluster;
    cluster.ecn = family.congestionControl != "none";
    cluster.seed = seed;
    W world(cluster, config);
    for (const Post& p : family.posts)
    {
        world.Post(p.from, p.to, p.bytes, p.at);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "") << family.name;
    Times times;
    for (const auto& [cookie, d] : world.byCookie)
    {
        times.completion.push_back(double(d.timing.finished - d.timing.posted));
        times.last = std::max(times.last, double(d.timing.finished));
    }
    return times;
}

TEST(FlowAccuracy, AgainstPacketLevel)
{
    const Family families[] = {
        {"permutation, ecmp", Permutation(32), LeafSpine(32, "ecmp"), "none", 0.01, 0.01},
        {"permutation, spray", Permutation(32), LeafSpine(32, "spray"), "none", 0.02, 0.02},
        {"permutation, adaptive", Permutation(32), LeafSpine(32, "adaptive"), "none", 0.02, 0.02},
        {"permutation, ecmp, 4:1", Permutation(32), LeafSpine(32, "ecmp", "4"), "none", 0.01, 0.01},
        {"permutation, adaptive, 4:1",
         Permutation(32),
         LeafSpine(32, "adaptive", "4"),
         "none",
         0.02,
         0.02},
        {"permutation, ecmp, dcqcn", Permutation(32), LeafSpine(32, "ecmp"), "dcqcn", 0.05, 0.03},
        {"incast 8", Incast(8), LeafSpine(32, "adaptive"), "none", 0.01, 0.01},
        {"incast 31", Incast(31), LeafSpine(32, "adaptive"), "none", 0.01, 0.01},
        {"incast 8, dcqcn", Incast(8), LeafSpine(32, "adaptive"), "dcqcn", 0.05, 0.03},
        {"all-to-all 8", AllToAll(8, kBytes / 4), LeafSpine(8, "adaptive"), "none", 0.01, 0.01},
        {"all-to-all 32, adaptive",
         AllToAll(32, kBytes / 8),
         LeafSpine(32, "adaptive"),
         "none",
         0.01,
         0.01},
        {"all-to-all 32, ecmp",
         AllToAll(32, kBytes / 8),
         LeafSpine(32, "ecmp"),
         "none",
         0.01,
         0.01},
        {"all-to-all 32, ecmp, dcqcn",
         AllToAll(32, kBytes / 8),
         LeafSpine(32, "ecmp"),
         "dcqcn",
         0.01,
         0.01},
        {"all-to-all 32, spray, 2:1",
         AllToAll(32, kBytes / 8),
         LeafSpine(32, "spray", "2"),
         "none",
         0.02,
         0.03},
    };
    std::cout << std::fixed << std::setprecision(2)
              << "family                        mean %   p99 %  last %   packet us     flow us\n";
    for (const Family& family : families)
    {
        std::vector<double> errors;
        double mean = 0;
        double packetLast = 0;
        double flowLast = 0;
        for (uint64_t seed = 1; seed <= kDraws; ++seed)
        {
            const Times packet = TimesOf<World>(family, seed);
            const Times flow = TimesOf<FlowWorld>(family, seed);
            packetLast += packet.last / kDraws;
            flowLast += flow.last / kDraws;
            for (size_t i = 0; i < packet.completion.size(); ++i)
            {
                errors.push_back(std::abs(flow.completion[i] / packet.completion[i] - 1));
                mean += errors.back() / double(packet.completion.size() * kDraws);
            }
        }
        std::sort(errors.begin(), errors.end());
        const double last = flowLast / packetLast - 1;
        std::cout << std::left << std::setw(28) << family.name << std::right << std::setw(8)
                  << 100 * mean << std::setw(8) << 100 * errors[errors.size() * 99 / 100]
                  << std::setw(8) << 100 * last << std::setw(12) << packetLast / 1e6
                  << std::setw(12) << flowLast / 1e6 << std::endl;
        EXPECT_LE(mean, family.mean) << family.name;
        EXPECT_LE(std::abs(last), family.last) << family.name;
    }
}

/// Completion times where an uplink of the first leaf fails at 20 us and is routed around at 70 us.
template <class W>
std::vector<double>
TimesWithFailure(const std::vector<Post>& posts, const std::string& balancer)
{
    TransportConfig config = SelectiveRepeat();
    config.ackEveryPackets = 16;
    Topology topology = MakeTopology(LeafSpine(32, balancer));
    topology.rerouteDelay = 50 * kMicrosecond;
    uint32_t link = 0;
    while (PortName(topology, 2 * link) != "leaf0 → spine0")
    {
        ++link;
    }
    W world(topology, config, 1);
    for (const Post& p : posts)
    {
        world.Post(p.from, p.to, p.bytes, p.at);
    }
    world.At(20 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(link, false); });
    world.Run();
    EXPECT_EQ(world.byCookie.size(), posts.size());
    std::vector<double> times;
    for (const auto& [cookie, d] : world.byCookie)
    {
        times.push_back(static_cast<double>(d.timing.finished - d.timing.posted) / 1e6);
    }
    return times;
}

/// Queues stay when routes change, and sprayed packets are lost until they do.
TEST(FlowAccuracy, AFailedLinkAgainstPacketLevel)
{
    const struct
    {
        const char* name;
        std::vector<Post> posts;
        std::string balancer;
        double mean;
    } cases[] = {{"incast 8, ecmp", Incast(8), "ecmp", 0.02},
                 {"incast 31, ecmp", Incast(31), "ecmp", 0.03},
                 {"incast 8, spray", Incast(8), "spray", 0.01},
                 {"incast 8, adaptive", Incast(8), "adaptive", 0.01},
                 {"all-to-all 32, spray", AllToAll(32, kBytes / 16), "spray", 0.02},
                 {"all-to-all 32, adaptive", AllToAll(32, kBytes / 16), "adaptive", 0.02}};
    for (const auto& c : cases)
    {
        const std::vector<double> packet = TimesWithFailure<World>(c.posts, c.balancer);
        const std::vector<double> flow = TimesWithFailure<FlowWorld>(c.posts, c.balancer);
        ASSERT_EQ(packet.size(), flow.size());
        double mean = 0;
        for (size_t i = 0; i < packet.size(); ++i)
        {
            mean += std::abs(flow[i] / packet[i] - 1) / static_cast<double>(packet.size());
        }
        const double last = *std::max_element(flow.begin(), flow.end());
        const double expected = *std::max_element(packet.begin(), packet.end());
        EXPECT_LE(mean, c.mean) << c.name;
        EXPECT_NEAR(last, expected, 0.02 * expected) << c.name << ", us";
    }
}

/// What a probe every 10 us waits behind an incast of 8 under DCQCN, in us; and the CNPs.
template <class W>
std::vector<double>
IncastQueue(uint64_t* cnps)
{
    TransportConfig config = SelectiveRepeat();
    config.ackEveryPackets = 16;
    config.congestionControl = "dcqcn";
    Cluster cluster = LeafSpine(32, "ecmp");
    cluster.ecn = true;
    W world(cluster, config);
    for (const NicId from : {3, 6, 9, 12, 15, 18, 21, 24})
    {
        world.Post(from, 0, kBytes);
    }
    constexpr uint32_t kProbes = 40;
    std::vector<uint64_t> probes;
    for (uint32_t k = 0; k < kProbes; ++k)
    {
        probes.push_back(world.Post(1, 0, 1024, k * 10 * kMicrosecond, 100 + k));
    }
    world.Run();
    *cnps = world.transport.counters().cnps;
    std::vector<double> waits;
    for (const uint64_t probe : probes)
    {
        const MessageTiming& t = world.byCookie[probe].timing;
        waits.push_back(static_cast<double>(t.finished - t.posted) / 1e6);
    }
    return waits;
}

/// The queue that DCQCN lets an incast build, and drains by cutting rates.
TEST(FlowAccuracy, DcqcnHoldsTheQueueOfPackets)
{
    uint64_t packetCnps = 0;
    uint64_t flowCnps = 0;
    const std::vector<double> packet = IncastQueue<World>(&packetCnps);
    const std::vector<double> flow = IncastQueue<FlowWorld>(&flowCnps);
    const double most = *std::max_element(packet.begin(), packet.end());
    EXPECT_GT(most, 200) << "us: far above the 64 us of Kmax";
    for (size_t k = 0; k < packet.size(); ++k)
    {
        EXPECT_NEAR(flow[k], packet[k], 0.05 * most) << "us, probe at " << 10 * k << " us";
    }
    const auto expected = static_cast<double>(packetCnps);
    EXPECT_NEAR(static_cast<double>(flowCnps), expected, 0.25 * expected);
}

} // namespace
} // namespace heddle::test
