// SPDX-License-Identifier: GPL-2.0-only
//
// Coupled flows: random programs against a second, naive simulation.
#include "ns3/base-random.h"
#include "ns3/fabric-coflow-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace heddle::coflow
{
namespace
{

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
} // namespace heddle::coflow
