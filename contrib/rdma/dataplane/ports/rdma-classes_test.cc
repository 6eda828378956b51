// SPDX-License-Identifier: GPL-2.0-only
//
// Queue pairs of several traffic classes: closed forms of strict priority and of weights, at the
// NIC and at switches, packet by packet and at flow level; pauses and marks of one class do not
// concern another.
#include "ns3/rdma-ports-test-world.h"

#include "ns3/base-errors.h"
#include "ns3/base-random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <type_traits>

namespace heddle::test
{
namespace
{

constexpr uint8_t kBulk = 3;
constexpr uint8_t kUrgent = 5;
constexpr uint64_t kPacket = 4096;
constexpr Tick kMtuTime = Tick{4096 + 82 + 16} * 20; ///< at 400 Gb/s

/// Class 5 is as class 3 but for its turn.
Topology
WithClasses(const Cluster& cluster, bool strict, uint32_t weight = 1)
{
    Topology topology = MakeTopology(cluster);
    auto& classes = topology.switchConfig.classes;
    classes[kUrgent] = classes[kBulk];
    classes[kUrgent].strict = strict;
    classes[kUrgent].weight = weight;
    return topology;
}

Cluster
Nics(uint32_t nics)
{
    Cluster cluster;
    cluster.nics = nics;
    return cluster;
}

/// What a port takes for a message.
double
WireTime(uint64_t packets)
{
    return static_cast<double>(packets) * kMtuTime;
}

class FlowLevel : public FlowWorld
{
  public:
    FlowLevel(const Topology& topology, const TransportConfig& config)
        : FlowWorld(topology, config, 1)
    {
    }
};

class PacketLevel : public World
{
  public:
    PacketLevel(const Topology& topology, const TransportConfig& config)
        : World(topology, config, 1)
    {
    }
};

template <class W>
Tick
Duration(const W& world, uint64_t cookie)
{
    const MessageTiming& t = world.byCookie.at(cookie).timing;
    return t.finished - t.posted;
}

/// A bulk message and, while it runs, a small one of a strict class that meets it.
template <class W>
void
ExpectUrgentUnhindered(const Cluster& cluster, NicId bulkFrom, NicId bulkTo, NicId from, NicId to)
{
    constexpr uint64_t kMany = 2000;
    constexpr uint64_t kFew = 16;
    W world(WithClasses(cluster, true), SelectiveRepeat());
    const uint64_t bulk = world.Post(bulkFrom, bulkTo, kMany * kPacket, 0, 0, kBulk);
    const uint64_t urgent = world.Post(from, to, kFew * kPacket, 50 * kMicrosecond, 0, kUrgent);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const QpId urgentQp = world.transport.Connect(from, to, 0, kUrgent);
    const QpId bulkQp = world.transport.Connect(bulkFrom, bulkTo, 0, kBulk);
    const Tick alone = world.transport.IdealTime(urgentQp, kFew * kPacket);
    const Tick hops = cluster.topology == "single-switch" ? 2 : 4;
    EXPECT_GE(Duration(world, urgent), alone);
    EXPECT_LE(Duration(world, urgent), alone + hops * kMtuTime) << "at most one packet a hop";
    // The bottleneck is never idle: together they take what their bytes take.
    const Tick bulkAlone = world.transport.IdealTime(bulkQp, kMany * kPacket);
    const double expected = static_cast<double>(bulkAlone) + WireTime(kFew);
    EXPECT_NEAR(static_cast<double>(Duration(world, bulk)), expected, 2.0 * kMtuTime);
    // All of the bulk's excess is booked, where it waited.
    const bool ownPort = bulkFrom == from;
    const bool lastHop = bulkTo == to && cluster.topology == "single-switch";
    const Tick booked = world.State(bulk,
                                    ownPort   ? MessageState::OwnPort
                                    : lastHop ? MessageState::LastHop
                                              : MessageState::FabricQueue);
    EXPECT_NEAR(static_cast<double>(booked),
                static_cast<double>(Duration(world, bulk) - bulkAlone),
                1.5 * kMtuTime);
}

TEST(Classes, AStrictOneGoesFirstAtItsNic)
{
    ExpectUrgentUnhindered<PacketLevel>(Nics(3), 0, 1, 0, 2);
    ExpectUrgentUnhindered<FlowLevel>(Nics(3), 0, 1, 0, 2);
}

TEST(Classes, AStrictOneGoesFirstAtTheLastHop)
{
    ExpectUrgentUnhindered<PacketLevel>(Nics(3), 0, 2, 1, 2);
    ExpectUrgentUnhindered<FlowLevel>(Nics(3), 0, 2, 1, 2);
}

TEST(Classes, AStrictOneGoesFirstInsideTheFabric)
{
    Cluster cluster = Nics(8);
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", "4"}, {"oversubscription", "4"}};
    ExpectUrgentUnhindered<PacketLevel>(cluster, 0, 4, 1, 5);
    ExpectUrgentUnhindered<FlowLevel>(cluster, 0, 4, 1, 5);
}

/// Two equal messages, one of weight 3: it has three quarters, then the other has all.
template <class W>
void
ExpectThreeToOne(NicId from, NicId to, NicId otherFrom, NicId otherTo)
{
    constexpr uint64_t kPackets = 3000;
    W world(WithClasses(Nics(3), false, 3), SelectiveRepeat());
    const uint64_t heavy = world.Post(from, to, kPackets * kPacket, 0, 0, kUrgent);
    const uint64_t light = world.Post(otherFrom, otherTo, kPackets * kPacket, 0, 0, kBulk);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const double alone = WireTime(kPackets);
    EXPECT_NEAR(static_cast<double>(Duration(world, heavy)) / alone, 4.0 / 3, 0.02);
    EXPECT_NEAR(static_cast<double>(Duration(world, light)) / alone, 2, 0.02);
}

TEST(Classes, WeightsShareANicsPort)
{
    ExpectThreeToOne<PacketLevel>(0, 1, 0, 2);
    ExpectThreeToOne<FlowLevel>(0, 1, 0, 2);
}

TEST(Classes, WeightsShareASwitchsPort)
{
    ExpectThreeToOne<PacketLevel>(0, 2, 1, 2);
    ExpectThreeToOne<FlowLevel>(0, 2, 1, 2);
}

TEST(Classes, WeightsCountBytesNotPackets)
{
    // Packets of a quarter of the size, in a class of the same weight: still half of the port.
    constexpr uint64_t kSmall = 1024;
    constexpr uint64_t kMessages = 4000;
    PacketLevel world(WithClasses(Nics(3), false, 1), SelectiveRepeat());
    world.Post(0, 1, 40'000 * kPacket, 0, 0, kBulk);
    for (uint64_t i = 0; i < kMessages; ++i)
    {
        world.Post(0, 2, kSmall, 0, 0, kUrgent);
    }
    Tick last = 0;
    world.onDelivered = [&last](Partition& part, const Delivery& d)
    { last = d.to == 2 ? part.now() : last; };
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const double bytes = kMessages * static_cast<double>(kSmall + 82 + 16);
    const double half = 200e9 / 8 * ToSeconds(last);
    EXPECT_NEAR(bytes / half, 1, 0.02);
}

/// Bulk from the first `senders` NICs to another, at once.
template <class AnyOfThem>
std::vector<uint64_t>
PostIncast(AnyOfThem& world, NicId senders, NicId to, uint64_t packets)
{
    std::vector<uint64_t> cookies;
    for (NicId from = 0; from < senders; ++from)
    {
        cookies.push_back(world.Post(from, to, packets * kPacket, 0, 0, kBulk));
    }
    return cookies;
}

/// Of a NIC that also takes part in an incast which pauses it.
template <class W>
MessageTiming
VictimOfAPause(uint8_t trafficClass, Tick& paused, Tick& ideal)
{
    Cluster cluster = Nics(8);
    cluster.bufferBytes = 2'000'000;
    cluster.lossless = true;
    W world(WithClasses(cluster, true), SelectiveRepeat());
    const std::vector<uint64_t> incast = PostIncast(world, 6, 6, 1000);
    const uint64_t victim = world.Post(0, 7, 300 * kPacket, 200 * kMicrosecond, 0, trafficClass);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    paused = world.State(incast[0], MessageState::Paused);
    ideal =
        world.transport.IdealTime(world.transport.Connect(0, 7, 0, trafficClass), 300 * kPacket);
    return world.byCookie.at(victim).timing;
}

template <class W>
void
ExpectPausesByClass()
{
    const auto excess = [](const MessageTiming& t, Tick ideal)
    { return t.finished - t.started - ideal; };
    const bool packets = std::is_same_v<W, PacketLevel>; // the other knows no frames
    Tick paused = 0;
    Tick ideal = 0;
    const MessageTiming same = VictimOfAPause<W>(kBulk, paused, ideal);
    EXPECT_EQ(paused > 0, packets) << "the incast is paused";
    EXPECT_GT(excess(same, ideal), 2 * ideal) << "held up by a stranger's incast";
    const MessageTiming other = VictimOfAPause<W>(kUrgent, paused, ideal);
    EXPECT_EQ(paused > 0, packets);
    EXPECT_LE(excess(other, ideal), 2 * kMtuTime);
    EXPECT_EQ(other.state[static_cast<size_t>(MessageState::Paused)], 0);
}

TEST(Classes, APauseStopsItsOwnClassOnly)
{
    ExpectPausesByClass<PacketLevel>();
    ExpectPausesByClass<FlowLevel>();
}

/// Notes when acknowledgements arrive.
class Acknowledged : public World
{
  public:
    using World::World;

    void OnAcknowledged(Partition& part, QpId qp, uint64_t cookie) override
    {
        at[cookie] = part.now();
        World::OnAcknowledged(part, qp, cookie);
    }

    std::map<uint64_t, Tick> at;
};

/// A NIC that an incast pauses receives from two others at once.
TEST(Classes, AcknowledgementsPassAPausedClass)
{
    Cluster cluster = Nics(9);
    cluster.bufferBytes = 2'000'000;
    cluster.lossless = true;
    Acknowledged world(WithClasses(cluster, true), SelectiveRepeat(), 1);
    const uint64_t first = PostIncast(world, 6, 6, 1000)[0];
    std::vector<uint64_t> probes;
    for (Tick at = 200 * kMicrosecond; at < 400 * kMicrosecond; at += kMicrosecond)
    {
        probes.push_back(world.Post(7, 0, 100, at, 0, kBulk));
        probes.push_back(world.Post(8, 0, 100, at, 0, kBulk));
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_GT(world.State(first, MessageState::Paused), 100 * kMicrosecond);
    const Tick alone = world.net.UnloadedLatency(0, 7, kAckWireBytes);
    Tick longest = 0;
    for (const uint64_t probe : probes)
    {
        longest = std::max(longest, world.at[probe] - world.byCookie[probe].timing.finished);
    }
    // Behind one packet, the other's acknowledgement, and pause frames on the way.
    EXPECT_LE(longest, alone + kMtuTime + 4 * kAckWireBytes * 20);
}

/// When the incast is over; us.
template <class W>
double
ExpectMarksByClass()
{
    const Cluster cluster = Marking(Nics(5), 100'000, 400'000, 0.2);
    TransportConfig config = SelectiveRepeat();
    config.congestionControl = "dcqcn";
    W world(WithClasses(cluster, true), config);
    const std::vector<uint64_t> bulk = PostIncast(world, 3, 4, 2000);
    const uint64_t urgent = world.Post(3, 4, 500 * kPacket, 100 * kMicrosecond, 0, kUrgent);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_GT(world.State(bulk[0], MessageState::Paced), 0);
    EXPECT_EQ(world.State(urgent, MessageState::Paced), 0);
    const QpId qp = world.transport.Connect(3, 4, 0, kUrgent);
    EXPECT_LE(Duration(world, urgent) - world.transport.IdealTime(qp, 500 * kPacket), 2 * kMtuTime);
    Tick last = 0;
    for (const uint64_t message : bulk)
    {
        last = std::max(last, Duration(world, message));
    }
    return static_cast<double>(last) / kMicrosecond;
}

TEST(Classes, AMarkSlowsItsOwnClassOnly)
{
    const double packets = ExpectMarksByClass<PacketLevel>();
    const double flows = ExpectMarksByClass<FlowLevel>();
    std::printf("  the incast behind: packets %.1f us, flows %.1f us\n", packets, flows);
    EXPECT_NEAR(flows / packets, 1, 0.01);
}

TEST(Classes, NicsOfSeveralPortsServeThemAlike)
{
    for (const char* choice : {"spray", "round-robin"})
    {
        Cluster cluster = Planes(2);
        Topology topology = WithClasses(cluster, true);
        AnyWorld world(topology, Ports(choice));
        std::vector<uint64_t> bulk;
        for (uint32_t channel = 0; channel < 2; ++channel)
        {
            bulk.push_back(world.Post(0, 1, 1000 * kPacket, 0, channel, kBulk));
        }
        const uint64_t urgent = world.Post(0, 2, 64 * kPacket, 50 * kMicrosecond, 0, kUrgent);
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        EXPECT_LE(world.Excess(urgent), 2 * 2 * kMtuTime) << choice; // ports have half the rate
        const Tick longest = std::max(Duration(world, bulk[0]), Duration(world, bulk[1]));
        // Ports have half the rate; all of the urgent one leaves by one of them, or half by each.
        const double expected = WireTime(choice == std::string("spray") ? 2064 : 2128);
        EXPECT_NEAR(static_cast<double>(longest), expected, 0.02 * expected) << choice;
    }
}

/// Everybody to everybody, in any class, with losses.
uint64_t
RandomDigest(uint64_t seed, bool backwards)
{
    Cluster cluster = Nics(6);
    cluster.bufferBytes = 400'000;
    cluster.loss = 1e-3;
    cluster.seed = seed;
    Topology topology = WithClasses(cluster, seed % 2 == 0, 2);
    topology.switchConfig.classes[1].weight = 4;
    topology.switchConfig.classes[7].strict = true;
    TransportConfig config = SelectiveRepeat();
    config.retransmissionTimeout = 100 * kMicrosecond;
    World world(topology, config, seed);
    constexpr uint8_t kAll[] = {0, 1, kBulk, kUrgent, 7};
    for (NicId pair = 0; pair < 36 * std::size(kAll); ++pair)
    {
        const NicId p = backwards ? 36 * static_cast<NicId>(std::size(kAll)) - 1 - pair : pair;
        if (p / 6 % 6 != p % 6)
        {
            world.transport.Connect(p / 6 % 6, p % 6, 0, kAll[p / 36]);
        }
    }
    const RandomStream random(seed, "classes", 0);
    for (uint64_t i = 0; i < 200; ++i)
    {
        const auto from = static_cast<NicId>(random.Below(5 * i, 6));
        const auto to = static_cast<NicId>((from + 1 + random.Below(5 * i + 1, 5)) % 6);
        world.Post(from,
                   to,
                   1 + random.Below(5 * i + 2, 200'000),
                   static_cast<Tick>(random.Below(5 * i + 3, 50'000'000)),
                   0,
                   kAll[random.Below(5 * i + 4, std::size(kAll))]);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "") << "seed " << seed;
    return world.digest;
}

TEST(Classes, AnyMixIsDeliveredWhateverTheOrderOfConnecting)
{
    for (uint64_t seed = 1; seed <= 6; ++seed)
    {
        EXPECT_EQ(RandomDigest(seed, false), RandomDigest(seed, true)) << "seed " << seed;
    }
}

TEST(Classes, OfAcknowledgementsAndAboveSevenAreRefused)
{
    PacketLevel world(WithClasses(Nics(2), true), SelectiveRepeat());
    EXPECT_THROW(world.transport.Connect(0, 1, 0, 6), InputError);
    EXPECT_THROW(world.transport.Connect(0, 1, 0, 8), InputError);
    EXPECT_NE(world.transport.Connect(0, 1, 0, 5), world.transport.Connect(0, 1, 0, 7));
}

} // namespace
} // namespace heddle::test
