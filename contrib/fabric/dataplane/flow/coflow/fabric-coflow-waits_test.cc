// SPDX-License-Identifier: GPL-2.0-only
//
// Coflows whose messages go round beside others: closed forms.
#include "ns3/fabric-coflow-network.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace heddle
{
namespace
{

using Kind = CoflowNetwork::PortKind;
constexpr int64_t kRate = 100'000'000'000; // 1 Mb in 10 us
constexpr double kMessage = 1e6;
constexpr double kMessageTime = 10e6; // ps
constexpr double kLatency = 5e6;      // of a hop, ps

struct World : CoflowClient
{
    explicit World(const CoflowNetwork::Config& config = CoflowNetwork::Config{})
        : network(core, config)
    {
        network.SetClient(this);
    }

    /// Of so many hops, each through a NIC of its own, which sends so many messages meanwhile.
    uint32_t AddRing(const std::vector<CoflowNetwork::Load>& loads, uint32_t hops, double message)
    {
        return network.Add(loads, 1, 0, {1 / (hops * message), message});
    }

    void Start(uint32_t coflow, double pace)
    {
        core.ScheduleAlone(0,
                           core.Key(m_entity, m_sequence++),
                           [=] { network.Start(core.part(0), coflow, pace); });
    }

    void OnDrained(Partition& part, uint32_t coflow, const CoflowTimes& timesOf) override
    {
        took[coflow] = static_cast<double>(part.now());
        times[coflow] = timesOf;
        const double sum = std::accumulate(timesOf.time.begin(), timesOf.time.end(), 0.0);
        EXPECT_NEAR(sum, took[coflow], 1) << "coflow " << coflow;
    }

    EventCore core{{}};
    CoflowNetwork network;
    std::map<uint32_t, double> took; ///< ps
    std::map<uint32_t, CoflowTimes> times;
    uint32_t m_entity = core.NewEntities();
    uint32_t m_sequence = 0;
};

/// Every hop of a ring takes α + (1 + M) w beside M streams of longer messages: round robin.
TEST(CoflowWaits, AHopSharesItsNicAndThenHasItsLatency)
{
    constexpr uint32_t kHops = 4;
    for (uint32_t others = 0; others <= 3; ++others)
    {
        World w;
        std::vector<CoflowNetwork::Load> ring;
        std::vector<CoflowNetwork::Load> bulk;
        for (uint32_t hop = 0; hop < kHops; ++hop)
        {
            const uint32_t nic = w.network.AddPort(kRate, Kind::NicOut);
            ring.push_back({nic, kHops * kMessage});
            bulk.push_back({nic, 1000 * kMessage});
        }
        const uint32_t small = w.AddRing(ring, kHops, kMessage);
        w.Start(small, kHops * (kLatency + kMessageTime));
        for (uint32_t i = 0; i < others; ++i)
        {
            w.Start(w.network.Add(bulk, 1), 0);
        }
        w.core.RunUntil(kForever);
        const double expected = kHops * (kLatency + (1 + others) * kMessageTime);
        EXPECT_NEAR(w.took.at(small), expected, 1e-4 * expected) << others << " others, ps";
        const double shared = w.times.at(small).time[CoflowTimes::ScaleOut];
        EXPECT_NEAR(shared, kHops * others * kMessageTime, 1e-3 * expected) << "booked";
        if (others == 1)
        {
            // Work is conserved: the other one has all that the ring leaves.
            const double all = (1000 + kHops) * kMessageTime;
            EXPECT_NEAR(w.took.at(small + 1), all, 1e-4 * all);
        }
    }
}

/// Short messages take nothing of a long one's hop but their rate.
TEST(CoflowWaits, LongMessagesDoNotWaitForShortOnes)
{
    World w;
    const uint32_t nic = w.network.AddPort(kRate, Kind::NicOut);
    const uint32_t longOne = w.AddRing({{nic, 100 * kMessage}}, 1, 100 * kMessage);
    const uint32_t shortOne = w.AddRing({{nic, 10 * kMessage}}, 1, kMessage);
    w.Start(longOne, 100 * kMessageTime);
    w.Start(shortOne, 10 * (kLatency + kMessageTime));
    w.core.RunUntil(kForever);
    EXPECT_NEAR(w.took.at(shortOne), 10 * (kLatency + 2 * kMessageTime), 1e4);
    EXPECT_NEAR(w.took.at(longOne), 110 * kMessageTime, 1e5);
}

/// Two senders into one port, one of them endless: its window stands before every hop of the other,
/// whose own message adds to the queue meanwhile, up to what it has sent.
TEST(CoflowWaits, AStandingQueueIsInEveryHop)
{
    for (const double mark : {1e18, kMessage})
    {
        CoflowNetwork::Config config;
        config.windowBits = 4 * kMessage;
        config.markBits = mark;
        World w(config);
        const uint32_t a = w.network.AddPort(kRate, Kind::NicOut);
        const uint32_t b = w.network.AddPort(kRate, Kind::NicOut);
        const uint32_t into = w.network.AddPort(kRate, Kind::NicIn);
        constexpr uint32_t kMany = 1000; // the queue is there at once, in comparison
        const uint32_t ring =
            w.AddRing({{a, kMany * kMessage}, {into, kMany * kMessage}}, 1, kMessage);
        const uint32_t bulk =
            w.network.Add({{b, 100 * kMany * kMessage}, {into, 100 * kMany * kMessage}},
                          1,
                          0,
                          {0, 1e18});
        w.Start(ring, kMany * (kLatency + kMessageTime));
        w.Start(bulk, 0);
        w.core.RunUntil(kForever);
        const double queue = std::min(4 * kMessageTime, mark / kMessage * kMessageTime);
        const double expected = kMany * (kLatency + kMessageTime + queue + kMessageTime);
        EXPECT_NEAR(w.took.at(ring), expected, 0.01 * expected) << mark;
    }
}

} // namespace
} // namespace heddle
