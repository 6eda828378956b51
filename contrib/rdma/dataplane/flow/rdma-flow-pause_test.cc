// SPDX-License-Identifier: GPL-2.0-only
//
// PFC at flow level against packet level: messages to idle destinations behind others' (head of
// line).
#include "ns3/rdma-flow-test-world.h"

#include <gtest/gtest.h>

#include <iostream>

namespace heddle::test
{
namespace
{

constexpr uint32_t kPerLeaf = 8;
constexpr uint64_t kBytes = 8 << 20;

Cluster
Oversubscribed(uint64_t bufferBytes)
{
    Cluster cluster;
    cluster.nics = 2 * kPerLeaf;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", "8"}, {"oversubscription", "4"}};
    cluster.lossless = true;
    cluster.bufferBytes = bufferBytes;
    cluster.switchLatency = 700 * kNanosecond;
    cluster.linkDelay = 100 * kNanosecond;
    return cluster;
}

/// Every NIC of the first leaf sends over two uplinks, the first also to its neighbour. When that
/// message is through, and the last of all; us.
template <class W>
std::pair<double, double>
VictimAndLast(uint64_t bufferBytes)
{
    TransportConfig config = SelectiveRepeat();
    config.ackEveryPackets = 16;
    config.congestionControl = "none";
    W world(Oversubscribed(bufferBytes), config);
    const uint64_t victim = world.Post(0, 1, kBytes);
    for (NicId from = 0; from < kPerLeaf; ++from)
    {
        world.Post(from, kPerLeaf + from, kBytes);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    double last = 0;
    for (const auto& [cookie, d] : world.byCookie)
    {
        last = std::max(last, static_cast<double>(d.timing.finished) / 1e6);
    }
    return {static_cast<double>(world.byCookie.at(victim).timing.finished) / 1e6, last};
}

TEST(FlowPause, AMessageToAnIdleNicWaitsBehindFullUplinks)
{
    const double alone = VictimAndLast<FlowWorld>(0).first;
    for (const uint64_t buffer : {2'500'000U, 8'000'000U})
    {
        const auto [packet, packetLast] = VictimAndLast<World>(buffer);
        const auto [flow, flowLast] = VictimAndLast<FlowWorld>(buffer);
        std::cout << buffer / 1e6 << " MB: " << packet << " us by packets, " << flow
                  << " by flows (" << alone << " with unlimited buffers); last " << packetLast
                  << ", " << flowLast << "\n";
        EXPECT_NEAR(flow, packet, 0.01 * packet);
        EXPECT_NEAR(flowLast, packetLast, 0.001 * packetLast);
        EXPECT_GT(flow, 1.3 * alone);
    }
}

} // namespace
} // namespace heddle::test
