// SPDX-License-Identifier: GPL-2.0-only
//
// Egress queues: ECN ramp, DWRR shares, strict priority, dynamic thresholds, wait accounting.

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
constexpr Tick kPacket = Tick{kMtu} * 20;

/// Two senders fill one output: after k departures about k packets are left, until both have sent
/// n; then the queue drains. Marks must follow the ramp.
TEST(Ecn, FollowsTheRamp)
{
    constexpr uint64_t n = 2000;
    constexpr double pmax = 0.2;
    ClusterShape shape = Shape(3);
    ClassConfig& ecn = shape.switchConfig.classes[3];
    ecn.ecn = true;
    ecn.kminBytes = 200 * kMtu;
    ecn.kmaxBytes = 1200 * kMtu;
    ecn.pmax = pmax;
    World world(BuildTopology("single-switch", shape, {}));
    world.Send(0, {2, kMtu, n, 3, packet_flag::kEcnCapable});
    world.Send(1, {2, kMtu, n, 3, packet_flag::kEcnCapable});
    world.Run();
    ASSERT_EQ(world.arrivals.size(), 2 * n);

    double expected = 0;
    double variance = 0;
    uint64_t marks = 0;
    for (uint64_t i = 0; i < 2 * n; ++i)
    {
        const bool marked = world.arrivals[i].packet.flags & packet_flag::kEcnMarked;
        const double left = i < n ? double(i) : double(2 * n - 1 - i); // packets, ± 1
        if (left < 199)
        {
            EXPECT_FALSE(marked) << "below Kmin, packet " << i;
        }
        else if (left > 1201)
        {
            EXPECT_TRUE(marked) << "above Kmax, packet " << i;
        }
        else
        {
            const double p = pmax * (left - 200) / 1000;
            expected += p;
            variance += p * (1 - p);
            marks += marked;
        }
    }
    EXPECT_NEAR(double(marks), expected, 4 * std::sqrt(variance) + 2);
    EXPECT_GT(world.net.counters().ecnMarks, marks) << "those above Kmax count too";
}

TEST(Ecn, LeavesOtherPacketsAndClassesAlone)
{
    ClusterShape shape = Shape(4);
    shape.switchConfig.classes[3].ecn = true; // Kmin = Kmax = 0: every packet that leaves others
    World world(BuildTopology("single-switch", shape, {}));
    world.Send(0, {3, kMtu, 100, 3, 0});
    world.Send(1, {3, kMtu, 100, 3, packet_flag::kEcnCapable});
    world.Send(2, {3, kMtu, 100, 0, packet_flag::kEcnCapable});
    world.Run();
    uint64_t marked = 0;
    for (const auto& arrival : world.arrivals)
    {
        if (arrival.packet.flags & packet_flag::kEcnMarked)
        {
            ++marked;
            EXPECT_EQ(arrival.packet.source, 1U);
        }
    }
    EXPECT_GE(marked, 95U);
    EXPECT_EQ(marked, world.net.counters().ecnMarks);
}

/// Three backlogged classes with weights 1 : 2 : 4 share bytes so, whatever their packet sizes.
TEST(Dwrr, SharesBytesByWeight)
{
    ClusterShape shape = Shape(4);
    const uint32_t weights[] = {1, 2, 4};
    const uint32_t sizes[] = {1106, 4178, 600};
    for (unsigned c = 0; c < 3; ++c)
    {
        shape.switchConfig.classes[c].weight = weights[c];
    }
    World world(BuildTopology("single-switch", shape, {}));
    world.record = false;
    for (uint8_t c = 0; c < 3; ++c)
    {
        world.Send(c, {3, sizes[c], 20'000'000 / sizes[c], c});
    }
    world.Run(300 * kMicrosecond); // all three have a backlog until at least 400 us
    double total = 0;
    for (unsigned c = 0; c < 3; ++c)
    {
        total += double(world.bytesFrom[{c, c}]);
    }
    EXPECT_NEAR(total, 300e6 * 0.05, 0.01 * 300e6 * 0.05) << "the link is busy";
    for (unsigned c = 0; c < 3; ++c)
    {
        const double share = double(world.bytesFrom[{c, c}]) / total;
        EXPECT_NEAR(share, weights[c] / 7.0, 0.01) << "class " << c;
    }
}

/// A strict class waits for the packet in transmission at most, under any load below it; of two
/// strict classes the higher wins.
TEST(Strict, WaitsForOnePacketAtMost)
{
    ClusterShape shape = Shape(5);
    shape.switchConfig.classes[6].strict = true;
    shape.switchConfig.classes[5].strict = true;
    World world(BuildTopology("single-switch", shape, {}));
    world.Send(0, {4, kMtu, 1000, 0});
    world.Send(1, {4, kMtu, 1000, 5});
    for (uint64_t i = 0; i < 100; ++i)
    {
        world.Send(2, {4, 86, 1, 6}, Tick(i) * 377'777);
    }
    world.Run();
    const Tick unloaded = world.net.UnloadedLatency(2, 4, 86);
    int urgent = 0;
    for (const auto& arrival : world.arrivals)
    {
        if (arrival.packet.source == 2)
        {
            ++urgent;
            const Tick latency = arrival.time - arrival.packet.sentAt;
            EXPECT_LE(latency, unloaded + kPacket);
        }
    }
    EXPECT_EQ(urgent, 100);
    // Class 5 at line rate leaves class 0 nothing but what came before it.
    Tick lastStrict = 0;
    for (const auto& arrival : world.arrivals)
    {
        lastStrict = arrival.packet.source == 1 ? arrival.time : lastStrict;
    }
    const Tick unhindered = world.net.UnloadedLatency(1, 4, kMtu) + 999 * kPacket;
    EXPECT_LE(lastStrict, unhindered + 100 * 86 * 20 + 3 * kPacket);
}

/// The moment a strict packet leaves is known when it comes: right behind what the port has begun,
/// before what waits. The port needs no event of its own for it, and stays busy without a gap.
TEST(Strict, GoesRightBehindWhatThePortHasBegun)
{
    ClusterShape shape = Shape(4);
    shape.switchConfig.classes[6].strict = true;
    const auto events = [&shape](std::vector<std::pair<NicId, test::Offer>> offers)
    {
        World world(BuildTopology("single-switch", shape, {}));
        for (const auto& [from, offer] : offers)
        {
            world.Send(from, offer, Tick{from} * 10'000); // while the first packet is transmitted
        }
        world.Run();
        std::vector<Tick> gaps;
        std::vector<NicId> order;
        for (size_t i = 0; i < world.arrivals.size(); ++i)
        {
            order.push_back(world.arrivals[i].packet.source);
            if (i > 0)
            {
                const Tick gap = world.arrivals[i].time - world.arrivals[i - 1].time;
                EXPECT_EQ(gap, Tick{world.arrivals[i].packet.wireBytes} * 20) << "arrival " << i;
            }
        }
        EXPECT_TRUE(std::is_sorted(order.begin() + 1, order.end(), std::greater<>()));
        return world.core.part(0).eventCount();
    };
    // Of each packet: offer, arrival at the switch, arrival at the NIC.
    EXPECT_EQ(events({{0, {3, kMtu, 1, 0}}, {1, {3, 86, 1, 6}}}), 6U);
    EXPECT_EQ(events({{0, {3, kMtu, 1, 0}}, {2, {3, 86, 1, 6}}}), 6U);
    // A waiting packet needs one more, and another since its turn was put off.
    EXPECT_EQ(events({{0, {3, kMtu, 1, 0}}, {1, {3, kMtu, 1, 0}}}), 7U);
    EXPECT_EQ(events({{0, {3, kMtu, 1, 0}}, {1, {3, kMtu, 1, 0}}, {2, {3, 86, 1, 6}}}), 11U);
}

/// n greedy queues hold alpha / (1 + n·alpha) of the pool each (Choudhury and Hahne).
TEST(DynamicThreshold, SettlesAtTheFixedPoint)
{
    constexpr double kPool = 8e6;
    constexpr uint32_t kBytes = 1106; // small against the pool
    for (double alpha : {0.125, 1.0, 8.0})
    {
        for (uint32_t n : {1U, 2U, 4U, 8U})
        {
            ClusterShape shape = Shape(3 * n);
            shape.switchConfig.bufferBytes = static_cast<uint64_t>(kPool);
            shape.switchConfig.alpha = alpha;
            World world(BuildTopology("single-switch", shape, {}));
            world.record = false;
            for (NicId nic = 0; nic < 2 * n; ++nic) // two senders for each of n receivers
            {
                world.Send(nic, {2 * n + nic / 2, kBytes, 10000, 3});
            }
            world.Run();
            const double expected = kPool * alpha / (1 + n * alpha);
            for (uint32_t receiver = 0; receiver < n; ++receiver)
            {
                const PortId port = 2 * (2 * n + receiver) + 1;
                EXPECT_NEAR(double(world.net.portCounters(port).maxQueueBytes),
                            expected,
                            0.02 * expected)
                    << "alpha " << alpha << ", " << n << " queues";
            }
            EXPECT_GT(world.DroppedFor(DropReason::BufferFull), 0U);
        }
    }
}

/// Two packets meet at one uplink: the second waits exactly one packet time there, and behind it at
/// the last hop nothing. The port and the packet agree.
TEST(Waits, AreWhereTheyHappen)
{
    ClusterShape shape = Shape(4);
    World world(
        BuildTopology("fat-tree-2",
                      shape,
                      {{"hosts_per_leaf", "2"}, {"oversubscription", "2"}, {"spines", "1"}}));
    world.Send(0, {2, kMtu, 1});
    world.Send(1, {3, kMtu, 1});
    world.Run();
    ASSERT_EQ(world.arrivals.size(), 2U);
    const Packet& first = world.arrivals[0].packet;
    const Packet& second = world.arrivals[1].packet;
    EXPECT_EQ(world.arrivals[1].time - world.arrivals[0].time, kPacket);
    EXPECT_EQ(first.queueWait, 0U);
    EXPECT_EQ(first.worstPort, kNone);
    EXPECT_NEAR(second.queueWait << kWaitShift, kPacket, 1 << kWaitShift);
    EXPECT_EQ(second.pauseWait, 0U);
    ASSERT_NE(second.worstPort, kNone);
    EXPECT_EQ(world.net.PortName(second.worstPort), "leaf0 → spine0");
    EXPECT_EQ(world.net.portCounters(second.worstPort).queueWait, kPacket);
    EXPECT_EQ(world.net.portCounters(second.worstPort).busy, 2 * kPacket);
}

/// Last-hop queues are endpoint time: not in queueWait, no worst port.
TEST(Waits, LeaveTheLastHopOut)
{
    World world(BuildTopology("single-switch", Shape(9), {}));
    for (NicId nic = 0; nic < 8; ++nic)
    {
        world.Send(nic, {8, kMtu, 10});
    }
    world.Run();
    Tick waited = 0;
    for (const auto& arrival : world.arrivals)
    {
        EXPECT_EQ(arrival.packet.queueWait, 0U);
        EXPECT_EQ(arrival.packet.worstPort, kNone);
        waited += arrival.time - arrival.packet.sentAt -
                  world.net.UnloadedLatency(arrival.packet.source, 8, kMtu);
    }
    EXPECT_EQ(world.net.portCounters(2 * 8 + 1).queueWait, waited);
}

/// A — B — C in a row at half the NICs' rate. NIC 0 (at A) sends one packet to C through queues
/// that NIC 1 makes at A and NIC 2 at B.
Topology
Row()
{
    Topology row;
    row.name = "row";
    row.nics = 6;
    row.switches = {{"a", 0}, {"b", 0}, {"c", 0}};
    const SwitchId at[] = {0, 0, 1, 2, 2, 2};
    const Tick delay = 500 * kNanosecond;
    for (NicId nic = 0; nic < 6; ++nic)
    {
        row.links.push_back({{false, nic}, {true, at[nic]}, ParseRate("400Gbps"), delay, 0});
    }
    row.links.push_back({{true, 0}, {true, 1}, ParseRate("200Gbps"), delay, 1});
    row.links.push_back({{true, 1}, {true, 2}, ParseRate("200Gbps"), delay, 1});
    row.switchConfig.forwardingLatency = 500 * kNanosecond;
    return row;
}

TEST(Waits, WorstPortHasTheLongestWait)
{
    for (bool firstIsWorse : {true, false})
    {
        World world(Row());
        const uint32_t atA = firstIsWorse ? 20 : 4;
        world.Send(1, {4, kMtu, atA});
        world.Send(0, {3, kMtu, 1}, atA * kPacket); // A has sent half of them
        if (firstIsWorse)
        {
            world.Send(2, {5, kMtu, 2}, 2 * kMicrosecond);
        }
        else
        {
            world.Send(2, {5, kMtu, 20});
        }
        world.Run();
        const auto watched = std::find_if(world.arrivals.begin(),
                                          world.arrivals.end(),
                                          [](const auto& a) { return a.packet.source == 0; });
        ASSERT_NE(watched, world.arrivals.end());
        ASSERT_NE(watched->packet.worstPort, kNone);
        EXPECT_EQ(world.net.PortName(watched->packet.worstPort), firstIsWorse ? "a → b" : "b → c");
        const Tick excess =
            watched->time - watched->packet.sentAt - world.net.UnloadedLatency(0, 3, kMtu);
        EXPECT_NEAR(watched->packet.queueWait << kWaitShift, excess, 2 << kWaitShift)
            << "both waits, nothing else";
        EXPECT_GT(excess, 10 * kPacket);
    }
}

} // namespace
} // namespace heddle
