// SPDX-License-Identifier: GPL-2.0-only
//
// The flow transport against closed forms and, message by message, against the packet level.
#include "ns3/rdma-flow-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace heddle::test
{
namespace
{

constexpr uint64_t kMiB = 1 << 20;

TEST(FlowTransport, UncontendedIsThePacketLevelsIdealToThePicosecond)
{
    for (const char* topology : {"single-switch", "fat-tree-2"})
    {
        for (Forwarding forwarding : {Forwarding::CutThrough, Forwarding::StoreAndForward})
        {
            for (TransportConfig config : {GoBackN(), SelectiveRepeat()})
            {
                for (uint64_t bytes : {1, 100, 4095, 4096, 4097, 8192, 123'457, 4'000'000})
                {
                    config.sendLatency = 900 * kNanosecond;
                    config.receiveLatency = 400 * kNanosecond;
                    Cluster cluster;
                    cluster.nics = 8;
                    cluster.topology = topology;
                    cluster.forwarding = forwarding;
                    World packets(cluster, config);
                    FlowWorld flows(cluster, config);
                    packets.Post(0, 7, bytes, 5 * kMicrosecond);
                    flows.Post(0, 7, bytes, 5 * kMicrosecond);
                    packets.Run();
                    flows.Run();
                    const MessageTiming& expected = packets.byCookie.at(0).timing;
                    const MessageTiming& actual = flows.byCookie.at(0).timing;
                    EXPECT_EQ(actual.started, expected.started);
                    EXPECT_EQ(actual.finished, expected.finished)
                        << topology << " " << config.reliability << " " << bytes << " B";
                    EXPECT_EQ(actual.state[0], expected.state[0]);
                    EXPECT_EQ(flows.acknowledgedAt.at(0),
                              expected.finished - config.receiveLatency +
                                  packets.net.UnloadedLatency(7, 0, kAckWireBytes));
                    EXPECT_EQ(flows.Faults(), "");
                }
            }
        }
    }
}

TEST(FlowTransport, BackToBackMessagesAreOneStream)
{
    TransportConfig config = GoBackN();
    config.sendLatency = kMicrosecond;
    World packets({}, config);
    FlowWorld flows({}, config);
    Tick at = 0; // one before the other, whoever wins ties
    for (const uint64_t size : {100 * 4096, 50 * 4096})
    {
        packets.Post(0, 1, size, at);
        flows.Post(0, 1, size, at++);
    }
    packets.Run();
    flows.Run();
    EXPECT_EQ(flows.Faults(), "");
    for (uint64_t cookie : {0, 1})
    {
        const MessageTiming& expected = packets.byCookie.at(cookie).timing;
        const MessageTiming& actual = flows.byCookie.at(cookie).timing;
        EXPECT_EQ(actual.started, expected.started);
        EXPECT_EQ(actual.finished, expected.finished);
        EXPECT_EQ(actual.state, expected.state);
    }
    EXPECT_TRUE(flows.byCookie.at(1).behindPrevious);
}

/// n senders to one NIC: all end together after n messages' time, and the last hop is to blame. In
/// queues they end one after the other over a packet each.
TEST(FlowTransport, IncastSharesTheLastHop)
{
    for (const bool maxMin : {true, false})
    {
        Cluster cluster;
        cluster.nics = 9;
        FlowWorld world(MakeTopology(cluster), GoBackN(), 1, maxMin);
        for (NicId from = 1; from <= 8; ++from)
        {
            world.Post(from, 0, kMiB);
        }
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        const Tick wire = (kMiB + 256 * 82 + 16) * 20;
        const Tick ideal = world.transport.IdealTime(0, kMiB);
        for (const auto& [cookie, d] : world.byCookie)
        {
            const Tick excess = d.timing.finished - d.timing.started - d.timing.state[0];
            const double packets = maxMin ? 0 : 7.0 * DataWireBytes(4096, true) * 20;
            EXPECT_EQ(d.timing.state[0], ideal);
            EXPECT_LE(double(excess), 7.0 * double(wire) + 2);
            EXPECT_GE(double(excess), 7.0 * double(wire) - packets - 2);
            EXPECT_EQ(world.State(cookie, MessageState::LastHop), excess);
        }
    }
}

/// A → X, A → Y, B → Y, a message each: times in messages at line rate.
std::vector<double>
TimesOfThree(bool maxMin)
{
    Cluster cluster;
    cluster.nics = 4;
    FlowWorld world(MakeTopology(cluster), GoBackN(), 1, maxMin);
    world.Post(0, 2, kMiB);
    world.Post(0, 3, kMiB);
    world.Post(1, 3, kMiB);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const auto wire = static_cast<double>((kMiB + 256 * 82 + 16) * 20);
    std::vector<double> times;
    for (const auto& [cookie, d] : world.byCookie)
    {
        const Tick excess = d.timing.finished - d.timing.started - d.timing.state[0];
        times.push_back(1 + static_cast<double>(excess) / wire);
    }
    return times;
}

/// Validation A12 (b): max-min gives half of a port to each. In queues B's bits come twice as fast
/// as A's: behind B's last lies half a message (1 + 1/2), behind A's, at 2, nothing.
TEST(FlowTransport, QueuesServeWhoeverComes)
{
    const std::vector<double> fair = TimesOfThree(true);
    const std::vector<double> queued = TimesOfThree(false);
    const std::vector<double> expected{2, 2, 1.5};
    for (size_t i = 0; i < 3; ++i)
    {
        EXPECT_NEAR(fair[i], 2, 1e-3) << "max-min, message " << i;
        EXPECT_NEAR(queued[i], expected[i], 2.0 / 256) << "queues, message " << i;
    }
}

/// 8 NICs on 2 leaves with one spine and a quarter of the capacity between: it is to blame.
TEST(FlowTransport, ASharedUplinkIsNamed)
{
    Cluster cluster;
    cluster.nics = 8;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", "4"}, {"spines", "1"}, {"oversubscription", "4"}};
    FlowWorld world(MakeTopology(cluster), GoBackN(), 1, true);
    for (NicId from = 0; from < 4; ++from)
    {
        world.Post(from, from + 4, kMiB);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    for (const auto& [cookie, d] : world.byCookie)
    {
        const Tick excess = d.timing.finished - d.timing.started - d.timing.state[0];
        EXPECT_NEAR(double(excess), 3.0 * (kMiB + 256 * 82 + 16) * 20, 2);
        EXPECT_EQ(world.State(cookie, MessageState::FabricQueue), excess);
        EXPECT_EQ(PortName(world.topology, d.timing.culprit), "leaf0 → spine0");
    }
}

/// A permutation under ECMP: as many flows on every port as at packet level (validation A5).
TEST(FlowTransport, EcmpCollisionsAreThePacketLevelsOwn)
{
    for (uint64_t seed = 1; seed <= 20; ++seed)
    {
        Cluster cluster;
        cluster.nics = 32;
        cluster.topology = seed % 2 == 0 ? "fat-tree-2" : "fat-tree-3";
        cluster.parameters = seed % 2 == 0
                                 ? std::map<std::string, std::string>{{"hosts_per_leaf", "8"}}
                                 : std::map<std::string, std::string>{{"k", "8"}};
        cluster.seed = seed;
        TransportConfig config = GoBackN();
        config.ackEveryPackets = 1024;
        World packets(cluster, config);
        FlowWorld flows(cluster, config);
        for (NicId from = 0; from < cluster.nics; ++from)
        {
            const NicId to = (from * 5 + 9) % cluster.nics;
            packets.Post(from, to == from ? from ^ 1U : to, 8 * 4096, 0, seed);
            flows.Post(from, to == from ? from ^ 1U : to, 8 * 4096, 0, seed);
        }
        packets.Run();
        flows.Run();
        const std::vector<double> bytes = flows.net.PortBytes();
        for (PortId port = 0; port < bytes.size(); ++port)
        {
            // The packet level also carries one acknowledgement per message.
            const uint64_t message = 8 * (4096 + 82) + 16;
            EXPECT_EQ(
                std::llround(bytes[port] / double(message)),
                std::llround(double(packets.net.portCounters(port).txBytes) / double(message)))
                << "seed " << seed << ", " << packets.net.PortName(port);
        }
    }
}

/// Every byte crosses its ports once; timing sums; the same run gives the same digest.
TEST(FlowTransport, RandomTrafficConservesBytesAndIsDeterministic)
{
    for (const char* balancer : {"ecmp", "spray", "adaptive"})
    {
        const auto run = [&](uint64_t seed)
        {
            Cluster cluster;
            cluster.nics = 24;
            cluster.topology = "fat-tree-2";
            cluster.parameters = {{"hosts_per_leaf", "6"}, {"oversubscription", "2"}};
            cluster.loadBalancer = balancer;
            cluster.seed = seed;
            FlowWorld world(cluster, SelectiveRepeat());
            const RandomStream draws(seed, "flow-transport-test", 0);
            double wire = 0;
            for (uint64_t i = 0; i < 600; ++i)
            {
                const NicId from = draws.Below(4 * i, 24);
                const NicId to = (from + 1 + draws.Below(4 * i + 1, 23)) % 24;
                const uint64_t bytes = 1 + draws.Below(4 * i + 2, 500'000);
                wire += double(bytes) + double((bytes + 4095) / 4096) * 98;
                world.Post(from, to, bytes, draws.Below(4 * i + 3, 100) * kMicrosecond, i % 2);
            }
            world.Run();
            EXPECT_EQ(world.Faults(), "");
            const std::vector<double> bytes = world.net.PortBytes();
            double fromNics = 0;
            double toNics = 0;
            for (NicId nic = 0; nic < 24; ++nic)
            {
                fromNics += bytes[2 * nic];
                toNics += bytes[2 * nic + 1];
            }
            EXPECT_NEAR(fromNics, wire, 1e-6 * wire);
            EXPECT_NEAR(toNics, wire, 1e-6 * wire);
            return world.digest;
        };
        EXPECT_EQ(run(3), run(3)) << balancer;
        EXPECT_NE(run(3), run(4)) << balancer;
    }
}

} // namespace
} // namespace heddle::test
