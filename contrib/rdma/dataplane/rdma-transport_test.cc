// SPDX-License-Identifier: GPL-2.0-only
//
// Closed forms: goodput, incast drain time, ideal time; conservation; determinism; errors.
#include "ns3/base-errors.h"
#include "ns3/base-random.h"
#include "ns3/rdma-test-world.h"

#include <gtest/gtest.h>

namespace heddle::test
{
namespace
{

// Validation A1: goodput = C · P / (P + 82). From two runs, so that latency and RETH cancel.
struct GoodputCase
{
    uint32_t payload;
    const char* rate;
    double expectedGbps; ///< the table of validation A1
};

class Goodput : public ::testing::TestWithParam<GoodputCase>
{
};

Tick
TransferTime(const GoodputCase& c, uint64_t packets)
{
    Cluster cluster;
    cluster.rate = c.rate;
    TransportConfig config = GoBackN();
    config.mtuPayloadBytes = c.payload;
    World world(cluster, config);
    const uint64_t cookie = world.Post(0, 1, packets * c.payload);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_EQ(world.Excess(cookie), 0);
    const MessageTiming& t = world.byCookie.at(cookie).timing;
    return t.finished - t.started;
}

TEST_P(Goodput, MatchesHeaderArithmetic)
{
    const GoodputCase& c = GetParam();
    const uint64_t packets = 10000;
    const Tick difference = TransferTime(c, 2 * packets) - TransferTime(c, packets);
    const double gbps = static_cast<double>(packets * c.payload * 8) / ToSeconds(difference) / 1e9;
    EXPECT_NEAR(gbps, c.expectedGbps, c.expectedGbps * 0.0005);
}

INSTANTIATE_TEST_SUITE_P(A1,
                         Goodput,
                         ::testing::Values(GoodputCase{1024, "100Gbps", 92.586},
                                           GoodputCase{1024, "200Gbps", 185.172},
                                           GoodputCase{1024, "400Gbps", 370.344},
                                           GoodputCase{4096, "100Gbps", 98.037},
                                           GoodputCase{4096, "200Gbps", 196.075},
                                           GoodputCase{4096, "400Gbps", 392.149}));

// Validation A4: T ≥ n_pkt · N · L/C + base latency, and within 2 % of it.
void
Incast(uint32_t senders, const TransportConfig& given, bool lossless)
{
    Cluster cluster;
    cluster.nics = senders + 1;
    cluster.rate = "100Gbps";
    cluster.lossless = lossless;
    cluster.bufferBytes = lossless ? 400'000 * (senders + 1) : 0;
    TransportConfig config = given;
    config.mtuPayloadBytes = 4068; // 4150 B on the wire
    const uint64_t packets = 490;
    World world(cluster, config);
    for (NicId from = 1; from <= senders; ++from)
    {
        world.Post(from, 0, packets * config.mtuPayloadBytes);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const BitRate rate(100'000'000'000);
    const Tick drain = static_cast<Tick>(packets * senders) * rate.TransmitTime(4150);
    const Tick bound = drain + world.net.UnloadedLatency(1, 0, 4150) - rate.TransmitTime(4150);
    EXPECT_GE(world.LastFinish(), bound);
    EXPECT_LE(ToSeconds(world.LastFinish()), ToSeconds(bound) * 1.02);
    const NetworkCounters n = world.net.counters();
    EXPECT_EQ(n.delivered, n.injected) << "lossless";
    EXPECT_EQ(world.transport.counters().retransmits, 0U);
    if (lossless)
    {
        EXPECT_GT(n.pauseFrames, 0U);
    }
}

TEST(IncastDrain, FifteenToOneGoBackN)
{
    Incast(15, GoBackN(), false);
}

TEST(IncastDrain, FifteenToOneUnderPfc)
{
    Incast(15, GoBackN(), true);
}

TEST(IncastDrain, FifteenToOneSelectiveRepeat)
{
    Incast(15, SelectiveRepeat(), true);
}

TEST(IncastDrain, HundredTwentySevenToOneUnderPfc)
{
    Incast(127, GoBackN(), true);
}

TEST(IncastDrain, SharesAreEqual)
{
    Cluster cluster;
    cluster.nics = 9;
    World world(cluster, GoBackN());
    for (NicId from = 1; from <= 8; ++from)
    {
        world.Post(from, 0, 400 * 4096);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    Tick first = kForever;
    for (const Delivery& d : world.deliveries)
    {
        first = std::min(first, d.timing.finished);
    }
    EXPECT_GT(static_cast<double>(first), 0.97 * static_cast<double>(world.LastFinish()));
}

TEST(NicArbitration, QueuePairsOfAPortShareItByPacket)
{
    Cluster cluster;
    cluster.nics = 5;
    World world(cluster, GoBackN());
    const uint64_t bytes = 200 * 4096;
    for (NicId to = 1; to <= 4; ++to)
    {
        world.Post(0, to, bytes);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const Tick total = 4 * 200 * BitRate(400'000'000'000).TransmitTime(4178);
    for (const auto& [cookie, d] : world.byCookie)
    {
        // All four end within two rounds of the end (the first to post is one packet ahead).
        const Tick latency = world.net.UnloadedLatency(0, d.to, 4178);
        EXPECT_GE(d.timing.finished, total + latency - 8 * 83'560) << "cookie " << cookie;
        EXPECT_LE(d.timing.finished, total + latency + 4 * 320) << "cookie " << cookie;
        EXPECT_GT(world.State(cookie, MessageState::OwnPort), world.Excess(cookie) * 99 / 100);
    }
}

TEST(Acknowledgements, AreCoalescedAndTheLastIsNot)
{
    for (TransportConfig config : {GoBackN(), SelectiveRepeat()})
    {
        config.ackEveryPackets = 16;
        World world({}, config);
        world.Post(0, 1, 100 * 4096); // 6 full groups and the last packet
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        EXPECT_EQ(world.transport.counters().acks, 7U) << config.reliability;
    }
}

TEST(Window, CapsThroughputAtWindowPerRoundTrip)
{
    for (TransportConfig config : {GoBackN(), SelectiveRepeat()})
    {
        config.windowPackets = 8;
        Cluster cluster;
        cluster.linkDelay = 5 * kMicrosecond;
        World world(cluster, config);
        const uint64_t packets = 800;
        world.Post(0, 1, packets * 4096);
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        const uint32_t wire = DataWireBytes(4096, config.reliability == "selective-repeat");
        const Tick roundTrip =
            world.net.UnloadedLatency(0, 1, wire) + world.net.UnloadedLatency(1, 0, kAckWireBytes);
        const double expected = ToSeconds(roundTrip) * (packets / 8);
        EXPECT_NEAR(ToSeconds(world.LastFinish()), expected, expected * 0.01) << config.reliability;
        EXPECT_GT(world.State(0, MessageState::Paced), world.Excess(0) * 98 / 100);
    }
}

TEST(ManyMessages, AreDeliveredInPostingOrder)
{
    for (TransportConfig config : {GoBackN(), SelectiveRepeat()})
    {
        config.receiveLatency = 700 * kNanosecond;
        Cluster cluster;
        cluster.loss = 0.01;
        World world(cluster, config);
        for (int i = 0; i < 500; ++i)
        {
            world.Post(0, 1, 1 + (i * 977) % 9000, i * 50 * kNanosecond);
        }
        world.Run();
        EXPECT_EQ(world.Faults(), "") << config.reliability;
    }
}

uint64_t
RandomTraffic(World& world, uint32_t nics, int messages, uint64_t seed)
{
    const RandomStream draw(seed, "test-traffic", 0);
    for (int i = 0; i < messages; ++i)
    {
        const auto k = static_cast<uint64_t>(i) * 4;
        const uint32_t from = draw.Below(k, nics);
        const uint32_t to = (from + 1 + draw.Below(k + 1, nics - 1)) % nics;
        world.Post(from, to, 1 + draw.Below(k + 2, 100'000), draw.Below(k + 3, 100'000'000), i % 2);
    }
    world.Run();
    return world.digest;
}

struct TrafficCase
{
    const char* name;
    TransportConfig config;
    Cluster cluster;
};

std::vector<TrafficCase>
TrafficCases()
{
    Cluster lossless;
    lossless.nics = 16;
    lossless.topology = "fat-tree-2";
    lossless.parameters = {{"hosts_per_leaf", "4"}};
    lossless.lossless = true;
    lossless.bufferBytes = 4'000'000;
    Cluster lossy = lossless;
    lossy.lossless = false;
    lossy.loss = 0.002;
    lossy.bufferBytes = 200'000;
    Cluster spray = lossy;
    spray.loadBalancer = "adaptive";
    const Cluster ecn = Marking(lossless, 20'000, 200'000, 0.2);
    TransportConfig latencies = SelectiveRepeat();
    latencies.sendLatency = 800 * kNanosecond;
    latencies.receiveLatency = 300 * kNanosecond;
    latencies.ackEveryPackets = 4;
    TransportConfig dcqcn = GoBackN();
    dcqcn.congestionControl = "dcqcn";
    dcqcn.sendLatency = 500 * kNanosecond;
    return {{"lossless, go-back-n", GoBackN(), lossless},
            {"lossless, selective repeat", latencies, lossless},
            {"lossy, go-back-n", GoBackN(), lossy},
            {"lossy, sprayed, selective repeat", latencies, spray},
            {"dcqcn", dcqcn, ecn}};
}

TEST(RandomTraffic, ConservesEverythingAndSumsExactly)
{
    for (const TrafficCase& c : TrafficCases())
    {
        World world(c.cluster, c.config);
        RandomTraffic(world, 16, 2000, 5);
        EXPECT_EQ(world.Faults(), "") << c.name;
    }
}

TEST(RandomTraffic, IsTheSameForTheSameSeedOnly)
{
    for (const TrafficCase& c : TrafficCases())
    {
        World a(c.cluster, c.config);
        World b(c.cluster, c.config);
        const uint64_t first = RandomTraffic(a, 16, 300, 5);
        EXPECT_EQ(first, RandomTraffic(b, 16, 300, 5)) << c.name;
        Cluster other = c.cluster;
        other.seed = 2;
        World d(other, c.config);
        EXPECT_NE(first, RandomTraffic(d, 16, 300, 5)) << c.name;
    }
}

TEST(Connect, DoesNotDependOnTheOrderOfCalls)
{
    for (const TrafficCase& c : TrafficCases())
    {
        World a(c.cluster, c.config);
        World b(c.cluster, c.config);
        for (NicId from = 16; from-- > 0;)
        {
            for (NicId to = 16; to-- > 0;)
            {
                if (from != to)
                {
                    b.transport.Connect(from, to, 1);
                    b.transport.Connect(from, to, 0);
                }
            }
        }
        EXPECT_EQ(RandomTraffic(a, 16, 500, 9), RandomTraffic(b, 16, 500, 9)) << c.name;
    }
}

TEST(Failure, LinkDownIsSurvivedAndNamed)
{
    Cluster cluster;
    World world(cluster, GoBackN());
    world.Post(0, 1, 1000 * 4096); // 83 us
    world.At(20 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(0, false); });
    world.At(120 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(0, true); });
    world.Run(60 * kMicrosecond);
    EXPECT_EQ(world.transport.Outstanding(5).size(), 1U);
    EXPECT_NE(world.transport.Outstanding(5)[0].find("NIC 0 → NIC 1"), std::string::npos)
        << world.transport.Outstanding(5)[0];
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    // The NIC's own link; a packet was on its way out when it failed, and what was on the wire is
    // sent again.
    EXPECT_LE(world.State(0, MessageState::Down), 105 * kMicrosecond);
    EXPECT_GE(world.State(0, MessageState::Down), 100 * kMicrosecond - 83'560);
}

TEST(Config, WrongNamesAndValuesAreInputErrors)
{
    auto with = [](auto change)
    {
        TransportConfig config;
        change(config);
        World world({}, config);
    };
    EXPECT_THROW(with([](TransportConfig& c) { c.reliability = "go-back-m"; }), InputError);
    EXPECT_THROW(with([](TransportConfig& c) { c.congestionControl = "dcqn"; }), InputError);
    EXPECT_THROW(with([](TransportConfig& c) { c.mtuPayloadBytes = 9000; }), InputError);
    EXPECT_THROW(with([](TransportConfig& c) { c.ackEveryPackets = 0; }), InputError);
    EXPECT_THROW(with([](TransportConfig& c) { c.dataClass = c.controlClass; }), InputError);
    EXPECT_THROW(with(
                     [](TransportConfig& c) {
                         c.congestionControlParameters = {{"ai_rate", "20Mbps"}};
                     }),
                 InputError)
        << "'none' has no such parameter";
}

} // namespace
} // namespace heddle::test
