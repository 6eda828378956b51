// SPDX-License-Identifier: GPL-2.0-only
//
// Marked packets of a class that stands still behind a strict one: the sender hears of them when
// they have left, as packet by packet. A CNP that comes after the first time stage costs half of
// the line rate for milliseconds, so that one too late is seen.
#include "ns3/rdma-ports-test-world.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace heddle::test
{
namespace
{

constexpr uint8_t kBulk = 3;
constexpr uint8_t kUrgent = 5;
constexpr uint64_t kPacket = 4096;

struct Outcome
{
    double urgent; ///< us
    double bulk;   ///< …, behind it
    double cnps;
};

/// Two bulk flows mark each other at their leaf's only uplink; a strict one fills the port to the
/// receiver of the first, so that what has been marked there waits, and then leaves at full rate.
template <class W>
Outcome
BehindAStrictOne(uint64_t urgentPackets)
{
    Cluster cluster;
    cluster.nics = 8;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", "4"}, {"oversubscription", "4"}};
    Topology topology = MakeTopology(Marking(cluster, 200'000, 800'000, 0.2));
    auto& classes = topology.switchConfig.classes;
    classes[kUrgent] = classes[kBulk];
    classes[kUrgent].strict = true;
    TransportConfig config = SelectiveRepeat();
    config.congestionControl = "dcqcn";
    W world(topology, config);
    const uint64_t urgent = world.Post(6, 4, urgentPackets * kPacket, 0, 0, kUrgent);
    const uint64_t bulk = world.Post(0, 4, 12'000 * kPacket, 0, 0, kBulk);
    world.Post(1, 5, 1'000 * kPacket, 0, 0, kBulk);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const auto lasted = [&world](uint64_t cookie)
    {
        const MessageTiming& t = world.byCookie.at(cookie).timing;
        return static_cast<double>(t.finished - t.posted) / kMicrosecond;
    };
    return {lasted(urgent), lasted(bulk), static_cast<double>(world.transport.counters().cnps)};
}

TEST(ClassesMarks, WaitWhereTheirClassStandsStill)
{
    for (const uint64_t urgentPackets : {500U, 2000U, 6000U})
    {
        const Outcome packets = BehindAStrictOne<AnyWorld>(urgentPackets);
        const Outcome flows = BehindAStrictOne<AnyFlowWorld>(urgentPackets);
        std::printf("  behind %.0f us: packets %.1f us, %.0f CNPs; flows %.1f us, %.0f CNPs\n",
                    packets.urgent,
                    packets.bulk,
                    packets.cnps,
                    flows.bulk,
                    flows.cnps);
        EXPECT_NEAR(flows.urgent / packets.urgent, 1, 0.01);
        EXPECT_NEAR(flows.bulk / packets.bulk, 1, 0.02);
        EXPECT_NEAR(flows.cnps / packets.cnps, 1, 0.1);
    }
}

} // namespace
} // namespace heddle::test
