// SPDX-License-Identifier: GPL-2.0-only
//
// Uneven ports against the closed form of the steady state, and against a second implementation
// that sprays packets one by one.
#include "ns3/fabric-spray-waits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{
namespace
{

constexpr uint32_t kPorts = 8;
constexpr int64_t kRate = 100'000'000'000;
constexpr double kPacket = 40'000;
constexpr Tick kSlot = 400'000; // ps, a packet at that rate

struct Spray
{
    SprayWaits waits;
    uint32_t group;
    std::vector<SprayWaits::Step> steps;

    Spray(uint64_t seed, uint32_t inputs, uint32_t ports = kPorts)
        : waits(seed, kPacket), group(waits.AddGroup(ports, kRate))
    {
        for (uint32_t i = 0; i < inputs; ++i)
        {
            steps.push_back({group, waits.AddInput(group)});
        }
    }

    void SetLoad(Tick now, double load)
    {
        for (const SprayWaits::Step& step : steps)
        {
            const double all = load * kPorts * static_cast<double>(kRate);
            waits.Change(now, step, static_cast<int64_t>(all / static_cast<double>(steps.size())));
        }
    }

    /// Packets in the longest queue of `ports`, from `first` on.
    double Longest(Tick now, uint64_t ports = kPorts, uint64_t first = 0)
    {
        return waits.Late(now, steps.data(), 1, ports, first, 0) / kSlot;
    }
};

/// The longest of the queues after so many slots in which each of eight full inputs sends a packet
/// to a random port.
double
LongestOneByOne(uint64_t seed, uint32_t slots, uint32_t ports = kPorts)
{
    const RandomStream draws(seed, "test", 0);
    std::vector<uint32_t> queues(ports, 0);
    for (uint64_t slot = 0; slot < slots; ++slot)
    {
        for (uint64_t input = 0; input < kPorts; ++input)
        {
            ++queues[draws.Below(slot * kPorts + input, ports)];
        }
        for (uint32_t& queue : queues)
        {
            queue -= queue > 0 ? 1 : 0;
        }
    }
    return *std::max_element(queues.begin(), queues.end());
}

TEST(SprayWaits, SteadyStateIsTheClosedForm)
{
    constexpr double kLoad = 0.9;
    constexpr int kLooks = 20'000;
    Spray spray(3, kPorts);
    spray.SetLoad(0, kLoad);
    double sum = 0;
    for (int look = 1; look <= kLooks; ++look)
    {
        sum += spray.Longest(Tick{look} * 100 * kSlot, 1, static_cast<uint64_t>(look));
    }
    // Karol et al.: (ρ² − Σ p²) / (2 (1 − ρ)), with p = ρ / 8.
    const double expected = kLoad * kLoad * (1 - 1.0 / kPorts) / (2 * (1 - kLoad));
    EXPECT_NEAR(sum / kLooks, expected, 0.1 * expected) << "packets a port";
}

TEST(SprayWaits, FullLoadGrowsAsPacketsOneByOne)
{
    constexpr int kRuns = 400;
    for (const uint32_t slots : {64U, 256U, 1024U})
    {
        double walk = 0;
        double truth = 0;
        for (int run = 0; run < kRuns; ++run)
        {
            Spray spray(static_cast<uint64_t>(run), kPorts);
            spray.SetLoad(0, 1);
            walk += spray.Longest(slots * kSlot) / kRuns;
            truth += LongestOneByOne(static_cast<uint64_t>(run), slots) / kRuns;
        }
        EXPECT_NEAR(walk, truth, 0.1 * truth + 1) << "packets, after " << slots;
    }
}

TEST(SprayWaits, TooMuchLoadIsAsUnevenAsPacketsOneByOne)
{
    constexpr int kRuns = 400;
    for (const uint32_t ports : {2U, 4U})
    {
        constexpr uint32_t kSlots = 256;
        const double mean = kSlots * (static_cast<double>(kPorts) / ports - 1);
        double walk = -mean;
        double truth = -mean;
        for (int run = 0; run < kRuns; ++run)
        {
            Spray spray(static_cast<uint64_t>(run), kPorts, ports);
            spray.SetLoad(0, 1);
            walk += spray.Longest(kSlots * kSlot, ports) / kRuns;
            truth += LongestOneByOne(static_cast<uint64_t>(run), kSlots, ports) / kRuns;
        }
        EXPECT_NEAR(walk, truth, 0.1 * truth) << "packets above the mean, ports: " << ports;
    }
}

TEST(SprayWaits, WhenTheLoadEndsQueuesDrain)
{
    Spray spray(5, kPorts);
    spray.SetLoad(0, 1);
    const double full = spray.Longest(1000 * kSlot);
    EXPECT_GT(full, 20);
    for (const SprayWaits::Step& step : spray.steps)
    {
        spray.waits.Change(1000 * kSlot, step, -kRate);
    }
    EXPECT_NEAR(spray.Longest(1010 * kSlot), full - 10, 1e-6);
    EXPECT_EQ(spray.Longest(2000 * kSlot), 0);
}

TEST(SprayWaits, OneInputWaitsNowhere)
{
    Spray spray(1, 1);
    spray.SetLoad(0, 1.0 / kPorts);
    EXPECT_EQ(spray.Longest(1000 * kSlot), 0);
}

TEST(SprayWaits, EvenedPortsTakeTurns)
{
    Spray spray(1, kPorts);
    spray.waits.Even(spray.group, 6 * kSlot, 127);
    spray.SetLoad(0, 1);
    // Eight ports' packets of six slots go to one, less the six that it sends meanwhile and, on
    // average, three.
    EXPECT_NEAR(spray.Longest(1000 * kSlot), 8 * 6 - 6 - 3, 1e-6);
    EXPECT_EQ(Spray(1, kPorts).Longest(1000 * kSlot), 0) << "nothing sent";
}

/// The longest of the queues after so many slots of eight inputs that each send at `load`, where
/// the switch reads the queues every kAge slots and tells powers of two apart.
constexpr uint32_t kAge = 6;

double
LongestChosen(uint64_t seed, uint32_t slots, double load)
{
    const RandomStream draws(seed, "test", 1);
    uint64_t draw = 0;
    std::vector<double> queues(kPorts, 0);
    std::vector<double> next;
    for (uint32_t input = 0; input < kPorts; ++input)
    {
        next.push_back(draws.Uniform(draw++) / load);
    }
    std::vector<uint32_t> best;
    double now = 0;
    double read = -1.0 * kAge;
    while (true)
    {
        const auto input = std::min_element(next.begin(), next.end());
        if (*input > slots)
        {
            break;
        }
        for (double& queue : queues)
        {
            queue = std::max(0.0, queue - (*input - now));
        }
        now = *input;
        *input += 1 / load;
        if (now - read >= kAge)
        {
            read = now;
            double lowest = 1e9;
            for (uint32_t port = 0; port < kPorts; ++port)
            {
                // Behind the packet that is being sent.
                const double waiting = std::max(0.0, std::ceil(queues[port]) - 1);
                const double grade = std::min(7.0, std::floor(std::log2(1 + waiting)));
                if (grade < lowest)
                {
                    best.clear();
                }
                lowest = std::min(lowest, grade);
                if (grade == lowest)
                {
                    best.push_back(port);
                }
            }
        }
        queues[best[draws.Below(draw++, static_cast<uint32_t>(best.size()))]] += 1;
    }
    return *std::max_element(queues.begin(), queues.end());
}

TEST(SprayWaits, EvenedPortsAreAsLongAsPacketsOneByOne)
{
    constexpr int kRuns = 300;
    for (const double load : {0.75, 0.85, 0.9, 0.97, 1.0})
    {
        for (const uint32_t slots : {64U, 512U})
        {
            Spray spray(1, kPorts);
            spray.waits.Even(spray.group, kAge * kSlot, 127);
            spray.SetLoad(0, load);
            double walk = 0;
            for (uint32_t slot = 8; slot <= slots; slot += 8) // looks in between change nothing
            {
                walk = spray.Longest(slot * kSlot);
            }
            double truth = 0;
            for (int run = 0; run < kRuns; ++run)
            {
                truth += LongestChosen(static_cast<uint64_t>(run), slots, load) / kRuns;
            }
            std::printf("  load %.2f, %4u slots: %5.1f packets, one by one %5.1f\n",
                        load,
                        slots,
                        walk,
                        truth);
            // Below full load they become that long more slowly than the walk does.
            const double most = load < 0.95 && slots < 100 ? 0.6 : 0.25;
            EXPECT_NEAR(walk, truth, most * truth + 1) << load << ", " << slots << " slots";
        }
    }
}

TEST(SprayWaits, TheHopBehindGetsLess)
{
    // What the first hop lets wait cannot wait at the second.
    double both = 0;
    double alone = 0;
    constexpr int kRuns = 200;
    for (int run = 0; run < kRuns; ++run)
    {
        for (const bool behind : {true, false})
        {
            Spray spray(static_cast<uint64_t>(run), kPorts);
            const uint32_t second = spray.waits.AddGroup(kPorts, kRate);
            std::vector<SprayWaits::Step> steps;
            for (uint32_t i = 0; i < 2; ++i)
            {
                const uint32_t upstream = behind ? spray.group : SprayWaits::kNoGroup;
                steps.push_back({second, spray.waits.AddInput(second, upstream)});
            }
            spray.SetLoad(0, 1);
            spray.waits.Change(0, steps[0], 4 * kRate);
            spray.waits.Change(0, steps[1], 4 * kRate);
            const double late = spray.waits.Late(1000 * kSlot, steps.data(), 1, kPorts, 0, 0);
            (behind ? both : alone) += late / kSlot / kRuns;
        }
    }
    EXPECT_LT(both, 0.8 * alone) << "packets";
}

} // namespace
} // namespace heddle::fabric
