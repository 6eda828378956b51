// SPDX-License-Identifier: GPL-2.0-only
//
// Uneven ports against packets drawn one by one.
#include "ns3/fabric-uneven-ports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

namespace heddle::fabric
{
namespace
{

TEST(UnevenPorts, MostOfNormalByTable)
{
    EXPECT_NEAR(MostOfNormal(1), 0, 1e-9);
    EXPECT_NEAR(MostOfNormal(2), 0.5450, 1e-3);   // Φ = 0.7071
    EXPECT_NEAR(MostOfNormal(100), 2.4622, 1e-3); // Φ = 0.99309
}

/// `sources` send a packet each a slot, to one of `ports`; a port serves `rate` packets a slot.
double
Drawn(int slots, int sources, int ports, double rate, bool longest)
{
    std::mt19937 random(7);
    std::uniform_int_distribution<int> port(0, ports - 1);
    std::vector<double> ends;
    for (int run = 0; run < 400; ++run)
    {
        std::vector<double> queue(ports, 0);
        std::vector<double> sum(ports, 0);
        for (int slot = 0; slot < slots; ++slot)
        {
            for (int s = 0; s < sources; ++s)
            {
                const int to = port(random);
                ++queue[to];
                ++sum[to];
            }
            for (double& q : queue)
            {
                q = std::max(0.0, q - rate);
            }
        }
        ends.push_back(longest ? *std::max_element(queue.begin(), queue.end())
                               : *std::max_element(sum.begin(), sum.end()));
    }
    std::nth_element(ends.begin(), ends.begin() + 200, ends.end());
    return ends[200];
}

TEST(UnevenPorts, MostLoadedAgainstDraws)
{
    for (const int ports : {2, 8})
    {
        const int slots = 500;
        const int sources = 8;
        const double mean = double(slots) * sources / ports;
        // Ports have a fixed sum: the largest is a bit smaller than of independent ones.
        const double actual = mean + MostOfNormal(ports) * std::sqrt(mean * (1 - 1.0 / ports));
        const double expected = Drawn(slots, sources, ports, 1, false);
        std::printf("  %d ports: drawn %.0f, here %.0f\n", ports, expected, actual);
        EXPECT_NEAR(actual, expected, 0.25 * (expected - mean) + 2);
    }
}

TEST(UnevenPorts, LongestQueueAgainstDraws)
{
    for (const double load : {0.7, 0.9, 0.97, 1.0})
    {
        for (const int slots : {100, 3000})
        {
            const int ports = 8;
            const double expected = Drawn(slots, ports, ports, 1 / load, true);
            const double actual = LongestQueue(slots, 1 - 1.0 / ports, load, ports);
            std::printf("  load %.2f, %4d packets: drawn %.1f, here %.1f\n",
                        load,
                        slots,
                        expected,
                        actual);
            EXPECT_NEAR(actual, expected, 0.35 * expected + 1.5);
        }
    }
}

} // namespace
} // namespace heddle::fabric
