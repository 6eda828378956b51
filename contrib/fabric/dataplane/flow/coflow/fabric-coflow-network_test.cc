// SPDX-License-Identifier: GPL-2.0-only
//
// Coupled flows: closed forms, conservation, times that sum.
#include "ns3/fabric-coflow-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace heddle::coflow
{
namespace
{

TEST(Coflow, AloneItTakesItsMostLoadedPortsTime)
{
    World w;
    const uint32_t nic = w.network.AddPort(400 * kGbps, Kind::NicOut);
    const uint32_t nvlink = w.network.AddPort(3600 * kGbps, Kind::ScaleUp);
    const uint32_t c = w.network.Add({{nic, 400e6}, {nvlink, 7200e6}}, 1);
    EXPECT_NEAR(w.network.Alone(c).scaleUp, 2e9, 1);
    EXPECT_NEAR(w.network.Alone(c).others, 1e9, 1e5) << "shares are rounded";
    w.StartAt(1000, c);
    w.Run();
    EXPECT_NEAR(w.Took(c), 2, 1e-6) << "7.2 Gb at 3.6 Tb/s, not 0.4 Gb at 0.4 Tb/s";
    EXPECT_NEAR(w.times[c].time[CoflowTimes::ScaleUp], 2e9, 2);
}

TEST(Coflow, TwoShareAPortByWeightAndTheLastGoesOnAlone)
{
    World w;
    const uint32_t port = w.network.AddPort(100 * kGbps, Kind::NicOut);
    const uint32_t a = w.network.Add({{port, 100e6}}, 1);
    const uint32_t b = w.network.Add({{port, 300e6}}, 3);
    const uint32_t c = w.network.Add({{port, 100e6}}, 1);
    w.StartAt(0, a);
    w.StartAt(0, b);
    w.Run();
    // 25 and 75 Gb/s: both drain after 4 ms.
    EXPECT_NEAR(w.Took(a), 4, 1e-6);
    EXPECT_NEAR(w.Took(b), 4, 1e-6);
    w.StartAt(10 * kMillisecond, a);
    w.StartAt(10 * kMillisecond + kMillisecond / 2, c);
    w.Run();
    // a: half alone, then 50 Gb/s each: 0.5 + 1; c: 1 at half, the other half alone.
    EXPECT_NEAR(w.Took(a), 1.5, 1e-6);
    EXPECT_NEAR(w.Took(c), 1.5, 1e-6);
}

TEST(Coflow, ItsPaceLimitsItAndLeavesTheRestToOthers)
{
    World w;
    const uint32_t port = w.network.AddPort(100 * kGbps, Kind::NicOut);
    const uint32_t a = w.network.Add({{port, 100e6}}, 1);
    const uint32_t b = w.network.Add({{port, 300e6}}, 1);
    w.StartAt(0, a, 4e9); // 25 Gb/s
    w.StartAt(0, b);
    w.Run();
    EXPECT_NEAR(w.Took(a), 4, 1e-6);
    EXPECT_NEAR(w.Took(b), 4, 1e-6) << "300 Mb at 75 Gb/s";
    EXPECT_NEAR(w.times[a].time[CoflowTimes::Pace], 4e9, 2);
    EXPECT_NEAR(w.times[b].time[CoflowTimes::ScaleOut], 4e9, 2);
}

TEST(Coflow, AFabricPortIsToBlameForWhatItAdds)
{
    World w;
    const uint32_t nic = w.network.AddPort(100 * kGbps, Kind::NicOut);
    const uint32_t uplink = w.network.AddPort(50 * kGbps, Kind::Fabric);
    const uint32_t c = w.network.Add({{nic, 100e6}, {uplink, 100e6}}, 1);
    w.StartAt(0, c);
    w.Run();
    EXPECT_NEAR(w.Took(c), 2, 1e-6);
    EXPECT_NEAR(w.times[c].time[CoflowTimes::ScaleOut], 1e9, 2);
    EXPECT_NEAR(w.times[c].time[CoflowTimes::Fabric], 1e9, 2);
    EXPECT_EQ(w.times[c].culprit, uplink);
    const std::vector<double> bytes = w.network.PortBytes();
    EXPECT_NEAR(bytes[nic], 12.5e6, 1);
    EXPECT_NEAR(bytes[uplink], 12.5e6, 1);
}

TEST(Coflow, CongestionControlLosesWhereTooMuchIsOffered)
{
    World w({0.9, kMillisecond});
    const uint32_t nic = w.network.AddPort(100 * kGbps, Kind::NicOut);
    const uint32_t uplink = w.network.AddPort(50 * kGbps, Kind::Fabric);
    const uint32_t wide = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t c = w.network.Add({{nic, 100e6}, {uplink, 100e6}}, 1);
    const uint32_t d = w.network.Add({{nic, 100e6}, {wide, 100e6}}, 1);
    w.StartAt(0, c);
    w.StartAt(10 * kMillisecond, d);
    w.Run();
    EXPECT_NEAR(w.Took(c), 2 / 0.9, 1e-6) << "offered twice what it carries";
    EXPECT_NEAR(w.Took(d), 1, 1e-6) << "offered just what it carries";
}

/// Sprayed packets: longer than their bits; of several the standard deviations add as squares.
TEST(Coflow, UnevenPortsTakeLongerAndCarryTheirBits)
{
    World w;
    const uint32_t port = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t a = w.network.Add({{port, 300e6, 100e6}}, 1);
    const uint32_t b = w.network.Add({{port, 300e6, 100e6}}, 1);
    w.StartAt(0, a);
    w.Run();
    EXPECT_NEAR(w.Took(a), 4, 1e-6);
    EXPECT_NEAR(w.network.PortBytes()[port], 300e6 / 8, 1);
    w.StartAt(10 * kMillisecond, a);
    w.StartAt(10 * kMillisecond, b);
    w.Run();
    EXPECT_NEAR(w.Took(b), 6 + std::sqrt(2), 1e-6);
    EXPECT_NEAR(w.network.PortBytes()[port], 3 * 300e6 / 8, 10);
}

TEST(Coflow, ADegradedPortAndOneThatFails)
{
    World w({1, kMillisecond});
    const uint32_t nic = w.network.AddPort(100 * kGbps, Kind::NicOut);
    const uint32_t first = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t second = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t c = w.network.Add({{nic, 1000e6}, {first, 1000e6}}, 1);
    w.StartAt(0, c);
    // 2 ms whole, 2 ms at half rate, then the port fails, and 0.3 ms later there are other paths.
    w.Do(2 * kMillisecond,
         [&](Partition& part) { w.network.SetCapacity(part, first, 50 * kGbps); });
    w.Do(4 * kMillisecond, [&](Partition& part) { w.network.SetCapacity(part, first, 0); });
    w.Do(4 * kMillisecond + 300 * kMicrosecond,
         [&](Partition& part) {
             w.network.Reload(part, c, {{nic, 1000e6}, {second, 1000e6}});
         });
    w.Run();
    // The timer expires 1 ms after the failure; 700 Mb are left.
    EXPECT_NEAR(w.Took(c), 4 + 1 + 7, 1e-5);
    const auto& time = w.times[c].time;
    EXPECT_NEAR(time[CoflowTimes::Down], 0.3e9, 4);
    EXPECT_NEAR(time[CoflowTimes::Recovery], 0.7e9, 4);
    EXPECT_NEAR(time[CoflowTimes::Fabric], 1e9, 4);
    const std::vector<double> bytes = w.network.PortBytes();
    EXPECT_NEAR(bytes[first], 300e6 / 8, 10);
    EXPECT_NEAR(bytes[second], 700e6 / 8, 10);
    EXPECT_NEAR(bytes[nic], 1000e6 / 8, 10);
}

/// What a NIC's link has lost is a failure: 400 Mb of 1000 Mb at half rate take 4 ms longer,
/// whether the link is what limits or a port between switches does.
TEST(Coflow, ASlowNicLinkIsAFailure)
{
    for (const int64_t interior : {100 * kGbps, 40 * kGbps})
    {
        World w;
        const uint32_t nic = w.network.AddPort(100 * kGbps, Kind::NicIn);
        const uint32_t port = w.network.AddPort(interior, Kind::Fabric);
        const uint32_t c = w.network.Add({{nic, 1000e6}, {port, 1000e6}}, 1);
        w.StartAt(0, c);
        w.Do(0, [&](Partition& part) { w.network.SetCapacity(part, nic, 50 * kGbps); });
        w.Do(8 * kMillisecond,
             [&](Partition& part) { w.network.SetCapacity(part, nic, 100 * kGbps); });
        w.Run();
        const auto& time = w.times[c].time;
        // Gb/s · ms = Mb
        const double slow = 8 * std::min<double>(50, double(interior) / kGbps);
        const double all = 8 + (1000 - slow) / (double(interior) / kGbps);
        EXPECT_NEAR(w.Took(c), all, 1e-5);
        // 10 ms of bytes at the built rate; half of the time at half rate was lost to it.
        EXPECT_NEAR(time[CoflowTimes::Down], slow / 100 * 1e9, 4) << "port of " << interior;
        EXPECT_NEAR(time[CoflowTimes::ScaleOut], 10e9, 4) << "port of " << interior;
        EXPECT_NEAR(time[CoflowTimes::Fabric], (all - 10) * 1e9 - slow / 100 * 1e9, 4)
            << "port of " << interior;
    }
}

/// A port fails at 4 ms, other paths follow 0.3 ms later; 600 of 1000 Mb are left at 4 ms.
double
TookWithAFailure(const CoflowNetwork::Config& config, double messageTime)
{
    World w(config);
    const uint32_t nic = w.network.AddPort(100 * kGbps, Kind::NicOut);
    const uint32_t first = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t second = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t c = w.network.Add({{nic, 1000e6}, {first, 1000e6}}, 1, messageTime);
    w.StartAt(0, c);
    w.Do(4 * kMillisecond, [&](Partition& part) { w.network.SetCapacity(part, first, 0); });
    w.Do(4 * kMillisecond + 300 * kMicrosecond,
         [&](Partition& part) {
             w.network.Reload(part, c, {{nic, 1000e6}, {second, 1000e6}});
         });
    w.Run();
    return w.Took(c);
}

TEST(Coflow, WhatFollowsALossSaysSoBeforeTheTimer)
{
    CoflowNetwork::Config config{1, kMillisecond};
    EXPECT_NEAR(TookWithAFailure(config, 0.29e9), 10 + 1, 1e-5) << "short messages: the timer";
    EXPECT_NEAR(TookWithAFailure(config, 0.31e9), 10 + 0.3, 1e-5) << "long ones: the outage alone";
    config.spread = true;
    EXPECT_NEAR(TookWithAFailure(config, 0), 10, 1e-5) << "other packets arrive all the time";
}

} // namespace
} // namespace heddle::coflow
