// SPDX-License-Identifier: GPL-2.0-only
//
// Max-min fairness: by its definition (every flow has a bottleneck: a full resource where nobody
// has more), against a second implementation, and the textbook cases (validation A12).
#include "ns3/base-random.h"
#include "ns3/fabric-max-min.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace heddle::fabric
{
namespace
{

constexpr int64_t kGbps = 1'000'000'000;
using Load = MaxMin::Load;

struct Case
{
    std::vector<int64_t> capacities;
    std::vector<std::vector<Load>> loads;
    std::vector<uint32_t> weights;
};

Case
Draw(uint64_t seed)
{
    const RandomStream draws(seed, "max-min-test", 0);
    uint64_t n = 0;
    Case c;
    // Every other case: coupled flows, each with parts on many resources.
    const bool coupled = seed % 2 == 1;
    const uint32_t resources = 1 + draws.Below(n++, coupled ? 30 : 12);
    for (uint32_t r = 0; r < resources; ++r)
    {
        c.capacities.push_back((1 + draws.Below(n++, 8)) * 50 * kGbps);
    }
    const uint32_t flows = 1 + draws.Below(n++, 24);
    for (uint32_t f = 0; f < flows; ++f)
    {
        std::set<uint32_t> used;
        const uint32_t hops = 1 + draws.Below(n++, coupled ? resources : 4);
        for (uint32_t h = 0; h < hops; ++h)
        {
            used.insert(draws.Below(n++, resources));
        }
        std::vector<Load> loads;
        for (uint32_t r : used)
        {
            const bool part = draws.Below(n++, 4) == 0 || (coupled && r != *used.begin());
            loads.push_back({r, part ? 1 + draws.Below(n++, MaxMin::kWhole) : MaxMin::kWhole});
        }
        c.loads.push_back(loads);
        c.weights.push_back(1 + draws.Below(n++, coupled ? 60 : 3));
    }
    return c;
}

/// All flows inserted in the order given; the rates by flow of the case.
std::vector<int64_t>
Solve(const Case& c, const std::vector<uint32_t>& order)
{
    MaxMin net;
    std::vector<uint32_t> all;
    for (int64_t capacity : c.capacities)
    {
        all.push_back(net.AddResource(capacity));
    }
    for (size_t f = 0; f < c.loads.size(); ++f)
    {
        net.AddFlow(c.loads[f], c.weights[f]);
    }
    for (uint32_t f : order)
    {
        net.Insert(f);
    }
    net.Collect(all);
    net.Solve();
    std::vector<int64_t> rates;
    for (uint32_t f = 0; f < c.loads.size(); ++f)
    {
        rates.push_back(net.rate(f));
    }
    return rates;
}

std::vector<uint32_t>
InOrder(size_t n)
{
    std::vector<uint32_t> order(n);
    for (uint32_t i = 0; i < n; ++i)
    {
        order[i] = i;
    }
    return order;
}

double
UsedOf(const Case& c, const std::vector<double>& rates, uint32_t resource)
{
    double used = 0;
    for (size_t f = 0; f < rates.size(); ++f)
    {
        for (const Load& load : c.loads[f])
        {
            used += load.resource == resource ? rates[f] * load.share / MaxMin::kWhole : 0;
        }
    }
    return used;
}

/// Straight from the definition: raise all open flows until a resource is full, one at a time.
std::vector<double>
Reference(const Case& c)
{
    std::vector<double> rates(c.loads.size(), 0);
    std::vector<bool> open(c.loads.size(), true);
    while (std::find(open.begin(), open.end(), true) != open.end())
    {
        double step = 1e300;
        std::vector<double> room(c.capacities.size());
        std::vector<double> slope(c.capacities.size(), 0);
        for (uint32_t r = 0; r < c.capacities.size(); ++r)
        {
            room[r] = double(c.capacities[r]) - UsedOf(c, rates, r);
            for (size_t f = 0; f < open.size(); ++f)
            {
                for (const Load& load : c.loads[f])
                {
                    slope[r] += open[f] && load.resource == r
                                    ? double(c.weights[f]) * load.share / MaxMin::kWhole
                                    : 0;
                }
            }
            step = slope[r] > 0 ? std::min(step, room[r] / slope[r]) : step;
        }
        for (size_t f = 0; f < open.size(); ++f)
        {
            rates[f] += open[f] ? step * c.weights[f] : 0;
        }
        for (size_t f = 0; f < open.size(); ++f)
        {
            for (const Load& load : c.loads[f])
            {
                const double left = room[load.resource] - step * slope[load.resource];
                open[f] = open[f] && left > 1e-9 * double(c.capacities[load.resource]);
            }
        }
    }
    return rates;
}

TEST(MaxMin, TenThousandRandomSetsHaveBottlenecks)
{
    for (uint64_t seed = 0; seed < 10'000; ++seed)
    {
        const Case c = Draw(seed);
        const std::vector<int64_t> whole = Solve(c, InOrder(c.loads.size()));
        const std::vector<double> rates(whole.begin(), whole.end());
        const double slack = 64; // roundings, bits/s
        std::vector<double> used;
        for (uint32_t r = 0; r < c.capacities.size(); ++r)
        {
            used.push_back(UsedOf(c, rates, r));
            ASSERT_LE(used[r], double(c.capacities[r]) + slack) << "seed " << seed;
        }
        for (size_t f = 0; f < rates.size(); ++f)
        {
            bool limited = false;
            for (const Load& load : c.loads[f])
            {
                const uint32_t r = load.resource;
                bool most = double(c.capacities[r]) - used[r] < slack * double(rates.size());
                for (size_t g = 0; g < rates.size(); ++g)
                {
                    for (const Load& other : c.loads[g])
                    {
                        most = most && (other.resource != r ||
                                        rates[g] / c.weights[g] <= rates[f] / c.weights[f] + slack);
                    }
                }
                limited = limited || most;
            }
            ASSERT_TRUE(limited) << "seed " << seed << ": flow " << f << " at " << rates[f]
                                 << " b/s has no bottleneck";
        }
    }
}

TEST(MaxMin, AgreesWithASecondImplementation)
{
    for (uint64_t seed = 0; seed < 2'000; ++seed)
    {
        const Case c = Draw(seed);
        const std::vector<int64_t> rates = Solve(c, InOrder(c.loads.size()));
        const std::vector<double> expected = Reference(c);
        for (size_t f = 0; f < rates.size(); ++f)
        {
            ASSERT_NEAR(double(rates[f]), expected[f], 1e-8 * expected[f])
                << "seed " << seed << ", flow " << f;
        }
    }
}

TEST(MaxMin, DoesNotDependOnTheOrderOfInsertion)
{
    for (uint64_t seed = 0; seed < 500; ++seed)
    {
        const Case c = Draw(seed);
        std::vector<uint32_t> order = InOrder(c.loads.size());
        const std::vector<int64_t> rates = Solve(c, order);
        std::reverse(order.begin(), order.end());
        ASSERT_EQ(Solve(c, order), rates) << "seed " << seed;
        std::rotate(order.begin(), order.begin() + seed % order.size(), order.end());
        ASSERT_EQ(Solve(c, order), rates) << "seed " << seed;
    }
}

/// A component is solved alone with the rates that it has when everything is.
TEST(MaxMin, ComponentsAreIndependent)
{
    for (uint64_t seed = 0; seed < 500; ++seed)
    {
        const Case c = Draw(seed);
        const std::vector<int64_t> expected = Solve(c, InOrder(c.loads.size()));
        MaxMin net;
        for (int64_t capacity : c.capacities)
        {
            net.AddResource(capacity);
        }
        for (uint32_t f = 0; f < c.loads.size(); ++f)
        {
            net.AddFlow(c.loads[f], c.weights[f]);
            net.Insert(f);
        }
        for (const std::vector<Load>& loads : c.loads) // one by one, others untouched
        {
            net.Collect({loads[0].resource});
            net.Solve();
        }
        for (uint32_t f = 0; f < c.loads.size(); ++f)
        {
            ASSERT_EQ(net.rate(f), expected[f]) << "seed " << seed << ", flow " << f;
        }
    }
}

/// Validation A12 (a): a parking lot of three links; the long flow gets C / (cross flows + 1) of
/// the most loaded one.
TEST(MaxMin, ParkingLot)
{
    const Load first{0, MaxMin::kWhole};
    const Load second{1, MaxMin::kWhole};
    const Load third{2, MaxMin::kWhole};
    const Case c{{120 * kGbps, 120 * kGbps, 120 * kGbps},
                 {{first, second, third}, {first}, {second}, {second}, {second}, {third}},
                 {1, 1, 1, 1, 1, 1}};
    const std::vector<int64_t> expected{30 * kGbps,
                                        90 * kGbps,
                                        30 * kGbps,
                                        30 * kGbps,
                                        30 * kGbps,
                                        90 * kGbps};
    EXPECT_EQ(Solve(c, InOrder(6)), expected);
}

/// Validation A12 (c): three flows on a link of 100, one of them also on a link of 20.
TEST(MaxMin, WhatOneCannotUseTheOthersGet)
{
    const Load wide{0, MaxMin::kWhole};
    const Load narrow{1, MaxMin::kWhole};
    const Case c{{100 * kGbps, 20 * kGbps}, {{wide, narrow}, {wide}, {wide}}, {1, 1, 1}};
    const std::vector<int64_t> expected{20 * kGbps, 40 * kGbps, 40 * kGbps};
    EXPECT_EQ(Solve(c, InOrder(3)), expected);
}

TEST(MaxMin, WeightsAndShares)
{
    const Case weighted{{90 * kGbps}, {{{0, MaxMin::kWhole}}, {{0, MaxMin::kWhole}}}, {1, 2}};
    EXPECT_EQ(Solve(weighted, InOrder(2)), (std::vector<int64_t>{30 * kGbps, 60 * kGbps}));
    const Case half{{90 * kGbps, 200 * kGbps},
                    {{{0, MaxMin::kWhole / 2}, {1, MaxMin::kWhole}}, {{0, MaxMin::kWhole}}},
                    {1, 1}};
    EXPECT_EQ(Solve(half, InOrder(2)), (std::vector<int64_t>{60 * kGbps, 60 * kGbps}));
}

/// Strict priority by its definition: a level has the rates that it would have alone on what the
/// levels above leave.
TEST(MaxMin, LevelsAreFilledOneAfterTheOther)
{
    for (uint64_t seed = 0; seed < 1'000; ++seed)
    {
        const Case c = Draw(seed);
        const RandomStream draws(seed, "max-min-levels", 0);
        MaxMin net;
        std::vector<uint32_t> all;
        for (int64_t capacity : c.capacities)
        {
            all.push_back(net.AddResource(capacity));
        }
        std::vector<uint8_t> levels;
        for (uint32_t f = 0; f < c.loads.size(); ++f)
        {
            levels.push_back(static_cast<uint8_t>(draws.Below(f, 3)));
            net.AddFlow(c.loads[f], c.weights[f]);
            net.SetLevel(f, levels[f]);
            net.Insert(f);
        }
        net.Collect(all);
        net.Solve();
        Case left = c;
        for (int level = 2; level >= 0; --level)
        {
            Case alone{left.capacities, {}, {}};
            std::vector<uint32_t> flows;
            for (uint32_t f = 0; f < c.loads.size(); ++f)
            {
                if (levels[f] == level)
                {
                    flows.push_back(f);
                    alone.loads.push_back(c.loads[f]);
                    alone.weights.push_back(c.weights[f]);
                }
            }
            const std::vector<int64_t> expected = Solve(alone, InOrder(flows.size()));
            for (size_t i = 0; i < flows.size(); ++i)
            {
                ASSERT_NEAR(double(net.rate(flows[i])), double(expected[i]), 64)
                    << "seed " << seed << ", flow " << flows[i] << ", level " << level;
                for (const Load& load : c.loads[flows[i]])
                {
                    left.capacities[load.resource] -=
                        static_cast<int64_t>(double(expected[i]) * load.share / MaxMin::kWhole);
                }
            }
            for (int64_t& capacity : left.capacities)
            {
                capacity = std::max<int64_t>(0, capacity);
            }
        }
    }
}

} // namespace
} // namespace heddle::fabric
