// SPDX-License-Identifier: GPL-2.0-only
//
// Coupled flows: closed forms, conservation, times that sum, and random programs against a second,
// naive simulation.
#include "ns3/base-random.h"
#include "ns3/fabric-coflow-network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace heddle
{
namespace
{

using Kind = CoflowNetwork::PortKind;
using Load = CoflowNetwork::Load;
constexpr int64_t kGbps = 1'000'000'000;

/// A network, coflows that start at given times, and when they end.
class World : public CoflowClient
{
  public:
    explicit World(const CoflowNetwork::Config& config = CoflowNetwork::Config{})
        : network(core, config)
    {
        network.SetClient(this);
    }

    void StartAt(Tick at, uint32_t coflow, double pace = 0)
    {
        core.ScheduleAlone(at,
                           core.Key(m_entity, m_sequence++),
                           [this, coflow, pace]
                           {
                               started[coflow] = core.part(0).now();
                               network.Start(core.part(0), coflow, pace);
                           });
    }

    void Do(Tick at, std::function<void(Partition&)> what)
    {
        core.ScheduleAlone(at,
                           core.Key(m_entity, m_sequence++),
                           [this, what] { what(core.part(0)); });
    }

    void Run()
    {
        core.RunUntil(kForever);
    }

    void OnDrained(Partition& part, uint32_t coflow, const CoflowTimes& times) override
    {
        ended[coflow] = part.now();
        this->times[coflow] = times;
        const double sum = std::accumulate(times.time.begin(), times.time.end(), 0.0);
        EXPECT_NEAR(sum, double(part.now() - started[coflow]), 1) << "coflow " << coflow;
    }

    double Took(uint32_t coflow) ///< ms
    {
        return ToSeconds(ended.at(coflow) - started.at(coflow)) * 1e3;
    }

    EventCore core{{}};
    CoflowNetwork network;
    std::map<uint32_t, Tick> started;
    std::map<uint32_t, Tick> ended;
    std::map<uint32_t, CoflowTimes> times;

  private:
    uint32_t m_entity = core.NewEntities();
    uint32_t m_sequence = 0;
};

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

struct Program
{
    std::vector<int64_t> ports;
    std::vector<std::vector<Load>> loads;
    std::vector<uint32_t> weights;
    std::vector<double> starts; ///< ms
};

Program
Draw(uint64_t seed)
{
    const RandomStream draws(seed, "coflow-test", 0);
    uint64_t n = 0;
    Program p;
    const uint32_t ports = 2 + draws.Below(n++, 20);
    for (uint32_t i = 0; i < ports; ++i)
    {
        p.ports.push_back((1 + draws.Below(n++, 8)) * 50 * kGbps);
    }
    const uint32_t coflows = 1 + draws.Below(n++, 10);
    for (uint32_t f = 0; f < coflows; ++f)
    {
        std::set<uint32_t> used;
        for (uint32_t h = 1 + draws.Below(n++, ports); h > 0; --h)
        {
            used.insert(draws.Below(n++, ports));
        }
        std::vector<Load> loads;
        for (uint32_t port : used)
        {
            loads.push_back({port, 1e6 * (1 + draws.Below(n++, 1000))});
        }
        p.loads.push_back(loads);
        p.weights.push_back(1 + draws.Below(n++, 4));
        p.starts.push_back(0.25 * draws.Below(n++, 20));
    }
    return p;
}

/// Progressive filling by its definition, in units of each coflow's own part per ms.
std::vector<double>
NaiveRates(const Program& p, const std::vector<bool>& active)
{
    const size_t n = p.loads.size();
    std::vector<double> rate(n, 0);
    std::vector<bool> open = active;
    // Weights count at the most loaded port, as the network has it.
    std::vector<double> slope(n);
    for (size_t f = 0; f < n; ++f)
    {
        double most = 0;
        for (const Load& load : p.loads[f])
        {
            most = std::max(most, load.bits);
        }
        slope[f] = p.weights[f] / most;
    }
    while (std::find(open.begin(), open.end(), true) != open.end())
    {
        double step = 1e300;
        std::vector<double> room;
        std::vector<double> demand;
        for (uint32_t port = 0; port < p.ports.size(); ++port)
        {
            room.push_back(double(p.ports[port]) * 1e-3);
            demand.push_back(0);
            for (size_t f = 0; f < n; ++f)
            {
                for (const Load& load : p.loads[f])
                {
                    room[port] -= load.port == port ? rate[f] * load.bits : 0;
                    demand[port] += load.port == port && open[f] ? slope[f] * load.bits : 0;
                }
            }
            step = demand[port] > 0 ? std::min(step, room[port] / demand[port]) : step;
        }
        for (size_t f = 0; f < n; ++f)
        {
            rate[f] += open[f] ? step * slope[f] : 0;
        }
        for (size_t f = 0; f < n; ++f)
        {
            for (const Load& load : p.loads[f])
            {
                const double left = room[load.port] - step * demand[load.port];
                open[f] = open[f] && left > 1e-9 * double(p.ports[load.port]) * 1e-3;
            }
        }
    }
    return rate;
}

/// When each ends, ms.
std::vector<double>
Naive(const Program& p)
{
    const size_t n = p.loads.size();
    std::vector<double> left(n, 1);
    std::vector<double> end(n, -1);
    std::vector<bool> begun(n, false);
    double now = 0;
    for (;;)
    {
        std::vector<bool> active(n);
        for (size_t f = 0; f < n; ++f)
        {
            begun[f] = begun[f] || p.starts[f] <= now;
            active[f] = begun[f] && end[f] < 0;
        }
        const std::vector<double> rate = NaiveRates(p, active);
        double next = 1e300;
        size_t drains = n;
        for (size_t f = 0; f < n; ++f)
        {
            if (!begun[f])
            {
                next = std::min(next, p.starts[f]);
            }
        }
        for (size_t f = 0; f < n; ++f)
        {
            if (active[f] && now + left[f] / rate[f] <= next)
            {
                next = now + left[f] / rate[f];
                drains = f;
            }
        }
        if (next == 1e300)
        {
            return end;
        }
        for (size_t f = 0; f < n; ++f)
        {
            left[f] -= active[f] ? rate[f] * (next - now) : 0;
        }
        now = next;
        if (drains < n)
        {
            end[drains] = now;
        }
    }
}

TEST(Coflow, RandomProgramsAgreeWithASecondImplementation)
{
    for (uint64_t seed = 0; seed < 1000; ++seed)
    {
        const Program p = Draw(seed);
        World w;
        std::vector<double> carried(p.ports.size(), 0);
        for (int64_t rate : p.ports)
        {
            w.network.AddPort(rate, Kind::NicOut);
        }
        for (uint32_t f = 0; f < p.loads.size(); ++f)
        {
            w.network.Add(p.loads[f], p.weights[f]);
            w.StartAt(std::llround(p.starts[f] * 1e9), f);
            for (const Load& load : p.loads[f])
            {
                carried[load.port] += load.bits / 8;
            }
        }
        w.Run();
        const std::vector<double> expected = Naive(p);
        for (uint32_t f = 0; f < p.loads.size(); ++f)
        {
            // Shares are cut to 1/65536.
            const double actual = ToSeconds(w.ended.at(f)) * 1e3;
            ASSERT_NEAR(actual, expected[f], 2e-4 * expected[f])
                << "seed " << seed << ", coflow " << f << ", ms";
        }
        const std::vector<double> bytes = w.network.PortBytes();
        for (uint32_t port = 0; port < p.ports.size(); ++port)
        {
            ASSERT_NEAR(bytes[port], carried[port], 2e-4 * carried[port] + 1e4)
                << "seed " << seed << ", port " << port;
        }
    }
}

} // namespace
} // namespace heddle
