// SPDX-License-Identifier: GPL-2.0-only
//
// Last packets of messages on a link that dies, against the packet level over many draws.
#include "ns3/rdma-flow-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace heddle::test
{
namespace
{

constexpr uint32_t kNics = 8; ///< of a leaf
constexpr Tick kDead = 20 * kMicrosecond;
constexpr Tick kTimeout = 4 * kMillisecond;

Topology
TwoLeaves(const std::string& balancer, uint32_t* link)
{
    Cluster cluster;
    cluster.nics = 2 * kNics;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", std::to_string(kNics)}, {"oversubscription", "2"}};
    cluster.loadBalancer = balancer;
    Topology topology = MakeTopology(cluster);
    topology.rerouteDelay = 50 * kMicrosecond;
    *link = 0;
    while (PortName(topology, 2 * *link) != "leaf0 → spine0")
    {
        ++*link;
    }
    return topology;
}

struct PacketWorld : World
{
    using World::World;

    void OnAcknowledged(Partition& part, QpId qp, uint64_t cookie) override
    {
        World::OnAcknowledged(part, qp, cookie);
        acknowledgedAt[cookie] = part.now();
    }

    std::map<uint64_t, Tick> acknowledgedAt;
};

struct Late
{
    double received = 0; ///< messages, of a run in the mean
    double answered = 0;
    double booked = 0; ///< … as loss recovery
};

/// One message each way between every two NICs of two leaves, one pair after the other; then
/// `again` is when another of each follows. Whose delivery, or acknowledgement, waits for a
/// time-out.
template <class W>
Late
TimeOuts(const std::string& balancer, uint64_t packets, uint32_t draws, Tick again = 0)
{
    TransportConfig config = SelectiveRepeat();
    config.ackEveryPackets = 16;
    config.retransmissionTimeout = kTimeout;
    config.retryLimit = 7;
    Late late;
    for (uint64_t seed = 1; seed <= draws; ++seed)
    {
        uint32_t link = 0;
        W world(TwoLeaves(balancer, &link), config, seed);
        std::vector<uint64_t> firsts;
        for (NicId nic = 0; nic < kNics; ++nic)
        {
            const Tick at = kDead - 5 * kMicrosecond + nic * 5 * kMicrosecond;
            firsts.push_back(world.Post(nic, nic + kNics, packets * 4096, at));
            firsts.push_back(world.Post(nic + kNics, nic, packets * 4096, at));
            if (again > 0)
            {
                world.Post(nic, nic + kNics, packets * 4096, at + again);
                world.Post(nic + kNics, nic, packets * 4096, at + again);
            }
        }
        world.At(kDead, [&](Partition&) { world.net.SetLinkUp(link, false); });
        world.Run();
        for (const uint64_t cookie : firsts)
        {
            const MessageTiming& t = world.byCookie.at(cookie).timing;
            const Tick recovery = t.state[static_cast<size_t>(MessageState::LossRecovery)];
            late.received += t.finished - t.started > kTimeout ? 1.0 / draws : 0;
            late.answered +=
                world.acknowledgedAt.at(cookie) - t.started > kTimeout ? 1.0 / draws : 0;
            late.booked +=
                recovery + t.state[size_t(MessageState::Down)] > kTimeout / 2 ? 1.0 / draws : 0;
        }
    }
    return late;
}

/// As many as of packets, within three standard deviations of both; of long messages a quarter more
/// was measured, as fluids send again what is lost before they end.
TEST(FlowTails, AsManyTimeOutsAsPackets)
{
    constexpr uint32_t kDraws = 200;
    std::cout << "time-outs of 16 messages: received, answered; packets and flow level\n";
    for (const char* balancer : {"spray", "adaptive"})
    {
        for (const uint64_t packets : {1, 8, 40})
        {
            const Late packet = TimeOuts<PacketWorld>(balancer, packets, kDraws);
            const Late flow = TimeOuts<FlowWorld>(balancer, packets, kDraws);
            std::cout << "  " << balancer << ", " << packets << " packets: " << packet.received
                      << ", " << packet.answered << ", " << packet.booked << "; " << flow.received
                      << ", " << flow.answered << ", " << flow.booked << std::endl;
            const auto far = [&](double expected)
            {
                const double chance = 3 * std::sqrt(2 * std::max(expected, 0.1) / kDraws);
                return chance + (packets > 8 ? 0.25 * expected : 0);
            };
            EXPECT_NEAR(flow.received, packet.received, far(packet.received));
            EXPECT_NEAR(flow.answered, packet.answered, far(packet.answered));
        }
    }
}

/// The next message of a queue pair, after the outage, tells what is missing before it: no
/// time-outs at either level.
TEST(FlowTails, AMessageBehindIsTheRescue)
{
    for (const Late& late : {TimeOuts<PacketWorld>("spray", 1, 20, 200 * kMicrosecond),
                             TimeOuts<FlowWorld>("spray", 1, 20, 200 * kMicrosecond)})
    {
        EXPECT_EQ(late.received, 0);
        EXPECT_EQ(late.answered, 0);
    }
}

struct Silences
{
    uint32_t timeOuts = 0; ///< queue pairs with one
    double last = 0;       ///< their ends, in the mean; us
};

/// Messages that are posted one by one, as a ring's are, on pinned paths, one of which dies.
template <class W>
Silences
OneByOne(uint32_t messages, uint64_t seed)
{
    constexpr Tick kPace = 11 * kMicrosecond; ///< each takes half as long
    constexpr uint64_t kBytes = 64 * 4096;
    TransportConfig config = SelectiveRepeat();
    config.retransmissionTimeout = kTimeout;
    uint32_t link = 0;
    W world(TwoLeaves("ecmp", &link), config, seed);
    std::map<NicId, uint64_t> lasts;
    for (NicId nic = 0; nic < kNics; ++nic)
    {
        for (uint32_t m = 0; m < messages; ++m)
        {
            lasts[nic] = world.Post(nic, nic + kNics, kBytes, kDead + m * kPace);
        }
    }
    world.At(kDead + kMicrosecond, [&](Partition&) { world.net.SetLinkUp(link, false); });
    world.Run();
    Silences result;
    for (const auto& [nic, cookie] : lasts)
    {
        const Tick end = world.byCookie.at(cookie).timing.finished;
        result.timeOuts += end > kTimeout;
        result.last += ToSeconds(end) * 1e6 / kNics;
    }
    return result;
}

/// What a sender loses until the routes know is asked for again when a message that was posted
/// later arrives; it waits for its timer only when none is.
TEST(FlowTails, MessagesPostedLaterEndASilence)
{
    uint32_t silent = 0;
    for (const uint32_t messages : {3, 12})
    {
        for (uint64_t seed = 1; seed <= 6; ++seed)
        {
            const Silences packets = OneByOne<World>(messages, seed);
            const Silences flows = OneByOne<FlowWorld>(messages, seed);
            std::cout << "  " << messages << " messages, draw " << seed << ": time-outs "
                      << packets.timeOuts << ", " << flows.timeOuts << "; ends " << packets.last
                      << ", " << flows.last << " us\n";
            EXPECT_EQ(flows.timeOuts, packets.timeOuts);
            EXPECT_NEAR(flows.last, packets.last, 0.03 * packets.last);
            silent += packets.timeOuts;
            EXPECT_TRUE(messages == 3 || packets.timeOuts == 0);
        }
    }
    EXPECT_GT(silent, 0U);
}

} // namespace
} // namespace heddle::test
