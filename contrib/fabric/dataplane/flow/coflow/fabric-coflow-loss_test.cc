// SPDX-License-Identifier: GPL-2.0-only
//
// Coflows that spread over paths, one of which swallows packets until the routes know.
#include "ns3/fabric-coflow-network.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace heddle
{
namespace
{

using Kind = CoflowNetwork::PortKind;
constexpr int64_t kRate = 100'000'000'000;
constexpr double kPacket = 32e3; // bits
constexpr double kRepair = 20e6; // ps
constexpr Tick kOutage = 50 * kMicrosecond;
constexpr unsigned kPaths = 4;

struct World : CoflowClient
{
    World() : network(core, MakeConfig())
    {
        network.SetClient(this);
        nic = network.AddPort(kRate, Kind::NicOut);
        for (unsigned path = 0; path < kPaths; ++path)
        {
            uplinks.push_back(network.AddPort(kRate, Kind::Fabric));
        }
    }

    static CoflowNetwork::Config MakeConfig()
    {
        CoflowNetwork::Config config;
        config.spread = true;
        config.packetBits = kPacket;
        config.repairTime = kRepair;
        config.rerouteDelay = kOutage;
        return config;
    }

    /// From a NIC, spread over the uplinks.
    std::vector<CoflowNetwork::Load> Loads(double bits) const
    {
        std::vector<CoflowNetwork::Load> loads{{nic, bits}};
        for (const uint32_t uplink : uplinks)
        {
            loads.push_back({uplink, bits / kPaths});
        }
        return loads;
    }

    /// Starts at 0; one uplink fails then.
    double Took(uint32_t coflow, double pace, Tick fails = 10)
    {
        core.ScheduleAlone(0,
                           core.Key(m_entity, 0),
                           [=] { network.Start(core.part(0), coflow, pace); });
        core.ScheduleAlone(fails,
                           core.Key(m_entity, 1),
                           [=] { network.Lose(core.part(0), {uplinks[1]}, 1.0 / kPaths); });
        core.RunUntil(kForever);
        return took;
    }

    void OnDrained(Partition& part, uint32_t, const CoflowTimes& times) override
    {
        took = static_cast<double>(part.now());
        const double sum = std::accumulate(times.time.begin(), times.time.end(), 0.0);
        EXPECT_NEAR(sum, took - started, 1);
        recovery = times.time[CoflowTimes::Recovery];
    }

    EventCore core{{}};
    CoflowNetwork network;
    uint32_t nic;
    std::vector<uint32_t> uplinks;
    double started = 0;  ///< ps
    double took = 0;     ///< until then
    double recovery = 0; ///< of it since it started
    uint32_t m_entity = core.NewEntities();
};

/// Of N packets under way the unluckiest is lost again as long as N / 4^r > ln 2.
TEST(CoflowLoss, AHopWaitsForTheUnluckiestPacket)
{
    struct Row
    {
        double packets; ///< of a message
        double repairs;
    };

    // 8 / 4 > ln 2 > 8 / 16: lost twice at most, one repair more than none; 1000: the routes know
    // after three.
    for (const Row& row : {Row{1, 0}, {8, 1}, {30, 2}, {1000, 3}})
    {
        World w;
        const double message = row.packets * kPacket;
        // Slow enough for no second message within a repair.
        const double pace = 100 * kRepair;
        const uint32_t ring = w.network.Add(w.Loads(message), 1, 1e6, {1 / message, message});
        EXPECT_NEAR(w.Took(ring, pace), pace + row.repairs * kRepair, 10) << row.packets;
        EXPECT_NEAR(w.recovery, row.repairs * kRepair, 10) << row.packets;
    }
}

/// Streams lose the dead port's share as long as it lasts.
TEST(CoflowLoss, StreamsLoseAShare)
{
    World w;
    const double bits = 2e-3 * kRate;
    const uint32_t streams = w.network.Add(w.Loads(bits), 8, 0, {0, bits / 8});
    EXPECT_NEAR(w.Took(streams, 0), 2e9 + double(kOutage) / kPaths, 1e5);
}

/// Rings that a port slows down: what waits for one packet would have waited before that port.
TEST(CoflowLoss, APortThatLimitsHidesRepairs)
{
    for (const double hidden : {0.0, 0.5, 2.0, 5.0})
    {
        World w;
        const double bits = 1e-3 * kRate;
        const uint32_t ring = w.network.Add(w.Loads(bits), 1, 1e6, {1 / bits, 8 * kPacket});
        const double repairs = 3; // as long as the outage
        const double expected = std::max(0.0, repairs - hidden) * kRepair;
        const double took = w.Took(ring, 1e9 - hidden * kRepair);
        EXPECT_NEAR(w.recovery, expected, 1e3) << hidden;
        EXPECT_NEAR(took, 1e9 + expected, 1e5) << hidden;
    }
}

/// One that starts during the outage meets what is left of it; after it, nothing.
TEST(CoflowLoss, OnlyUntilTheRoutesKnow)
{
    World w;
    const double bits = 1e-3 * kRate;
    const uint32_t coflow = w.network.Add(w.Loads(bits), 8);
    w.core.ScheduleAlone(0,
                         w.core.Key(w.m_entity, 0),
                         [&] { w.network.Lose(w.core.part(0), {w.uplinks[0]}, 1.0 / kPaths); });
    for (const Tick start : {kOutage / 2, 4 * kMillisecond})
    {
        w.core.ScheduleAlone(start,
                             w.core.Key(w.m_entity, static_cast<uint32_t>(start / kMicrosecond)),
                             [&]
                             {
                                 w.started = static_cast<double>(w.core.part(0).now());
                                 w.network.Start(w.core.part(0), coflow, 0);
                             });
    }
    w.core.RunUntil(2 * kMillisecond);
    EXPECT_NEAR(w.took, double(kOutage) / 2 + 1e9 + double(kOutage) / 2 / kPaths, 1e5);
    EXPECT_NEAR(w.recovery, double(kOutage) / 2 / kPaths, 10);
}

} // namespace
} // namespace heddle
