// SPDX-License-Identifier: GPL-2.0-only
//
// Fluid queues of several classes: closed forms, conservation, and a second implementation that
// serves small quanta step by step.
#include "ns3/base-random.h"
#include "ns3/fabric-fifo-queues.h"
#include "ns3/fabric-fifo-test-calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

namespace heddle::fabric
{
namespace
{

constexpr int64_t kGbps = 1'000'000'000;
constexpr Tick kUs = 1'000'000; // ps
constexpr ClassTurn kStrict{6, 1};
constexpr ClassTurn kLight{0, 1};
constexpr ClassTurn kHeavy{0, 3};

/// A flow that sends `bits` at `rate` from `start` on, in one class, through ports in order.
struct Stream
{
    Tick start;
    int64_t rate;
    double bits;
    uint32_t inClass;
    std::vector<uint32_t> ports;
};

class Bench : public FifoClient
{
  public:
    Bench(const std::vector<int64_t>& capacities, const std::vector<ClassTurn>& turns)
        : m_core({1}), m_queues(m_core, *this), m_calls(m_core)
    {
        for (const int64_t capacity : capacities)
        {
            m_first.push_back(m_queues.AddQueues(capacity, 1, turns));
        }
    }

    void SetPacket(double bits)
    {
        m_queues.SetPacket(bits);
    }

    void SetCapacityAt(Tick time, uint32_t port, int64_t capacity)
    {
        m_calls.At(time,
                   [this, port, capacity](Partition& part)
                   { m_queues.SetCapacity(part, m_first[port], capacity); });
    }

    /// When each stream's last bit is through; us.
    std::vector<double> Run(const std::vector<Stream>& streams)
    {
        m_through.assign(streams.size(), 0);
        for (const Stream& stream : streams)
        {
            std::vector<FifoQueues::Load> path;
            for (const uint32_t port : stream.ports)
            {
                path.push_back({m_first[port] + stream.inClass, FifoQueues::kWhole, 0});
            }
            const uint32_t flow = m_queues.AddFlow(path);
            m_calls.At(stream.start,
                       [this, flow, rate = stream.rate](Partition& part)
                       {
                           m_queues.SetInflow(part, flow, rate);
                           m_queues.Commit(part);
                       });
            const double span = stream.bits * 1e12 / static_cast<double>(stream.rate);
            m_calls.At(stream.start + std::llround(span),
                       [this, flow](Partition& part)
                       {
                           m_queues.Send(part, flow, flow, 0);
                           m_queues.SetInflow(part, flow, 0);
                           m_queues.Commit(part);
                       });
        }
        m_core.RunUntil(kForever);
        return m_through;
    }

    void OnThrough(Partition& part,
                   uint32_t flow,
                   uint64_t,
                   Tick,
                   const std::vector<double>& delays) override
    {
        m_through[flow] = static_cast<double>(part.now()) / kUs;
        waited.resize(m_through.size());
        waited[flow] = std::accumulate(delays.begin(), delays.end(), 0.0) / kUs;
    }

    std::vector<double> waited; ///< us

  private:
    EventCore m_core;
    FifoQueues m_queues;
    std::vector<uint32_t> m_first; ///< by port
    std::vector<double> m_through;
    TestCalls m_calls;
};

void
ExpectTimes(const std::vector<double>& actual, const std::vector<double>& expected)
{
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i)
    {
        EXPECT_NEAR(actual[i], expected[i], 1e-4) << "stream " << i;
    }
}

TEST(FifoClasses, AStrictOneGoesFirst)
{
    Bench bench({100 * kGbps}, {kLight, kStrict});
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, 0, {0}}, {0, 100 * kGbps, 1e6, 1, {0}}}),
                {20, 10});
}

TEST(FifoClasses, OfTwoStrictOnesTheHigher)
{
    Bench bench({100 * kGbps}, {kLight, {4, 1}, kStrict});
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, 0, {0}},
                           {0, 100 * kGbps, 1e6, 1, {0}},
                           {0, 100 * kGbps, 1e6, 2, {0}}}),
                {30, 20, 10});
}

TEST(FifoClasses, WeightsShareAFullPort)
{
    Bench bench({100 * kGbps}, {kLight, kHeavy});
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, 0, {0}}, {0, 100 * kGbps, 1e6, 1, {0}}}),
                {20, 40.0 / 3});
}

/// Light needs 10 of its 25, which heavy gets: nobody waits.
TEST(FifoClasses, NobodyIsGivenMoreThanItWants)
{
    Bench bench({100 * kGbps}, {kLight, kHeavy});
    ExpectTimes(bench.Run({{0, 10 * kGbps, 1e5, 0, {0}}, {0, 90 * kGbps, 9e5, 1, {0}}}), {10, 10});
    EXPECT_NEAR(bench.waited[0] + bench.waited[1], 0, 1e-4);
}

/// What waits there when the burst comes waits on, and leaves in order: 5 us of burst come in.
TEST(FifoClasses, ABurstGoesBeforeWhatWaitsAlready)
{
    Bench bench({100 * kGbps}, {kLight, kStrict});
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, 0, {0}},
                           {0, 100 * kGbps, 5e5, 0, {0}},
                           {8 * kUs, 100 * kGbps, 5e5, 1, {0}}}),
                {20, 15, 13});
    EXPECT_NEAR(bench.waited[0], 10, 1e-4);
    EXPECT_NEAR(bench.waited[1], 10, 1e-4);
    EXPECT_NEAR(bench.waited[2], 0, 1e-4);
}

/// At the first port the low class stands still for 5 us, so that the second has time for another.
TEST(FifoClasses, ThePortsBehindSeeWhatIsLeft)
{
    Bench bench({100 * kGbps, 100 * kGbps}, {kLight, kStrict});
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, 0, {0, 1}},
                           {2 * kUs, 100 * kGbps, 5e5, 1, {0}},
                           {2 * kUs, 100 * kGbps, 5e5, 0, {1}}}),
                {15, 7, 7});
}

TEST(FifoClasses, APortThatSlowsDownSlowsWhatWaits)
{
    Bench bench({100 * kGbps}, {kLight, kStrict});
    bench.SetCapacityAt(10 * kUs, 0, 50 * kGbps);
    // 1e6 of 2e6 bits are left at 10 us.
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, 0, {0}}, {0, 100 * kGbps, 1e6, 0, {0}}}),
                {30, 30});
}

/// A bit takes less than a picosecond.
TEST(FifoClasses, ManyPortsTogether)
{
    Bench bench({6400 * kGbps, 3200 * kGbps}, {kLight, kStrict});
    std::vector<Stream> streams;
    std::vector<double> expected;
    for (uint32_t n = 0; n < 16; ++n)
    {
        streams.push_back({0, 400 * kGbps + n, 4e6, n % 2, {0, 1}});
        expected.push_back(n % 2 == 1 ? 10 : 20);
    }
    ExpectTimes(bench.Run(streams), expected);
}

/// Behind a packet that has begun, of another class; or a turn of three.
TEST(FifoClasses, WhatFindsItsQueueEmptyWaitsForAPacketAtMost)
{
    for (const bool strict : {true, false})
    {
        double most = 0;
        double sum = 0;
        constexpr int kDraws = 200;
        constexpr double kPacket = 0.4; // us
        for (int n = 0; n < kDraws; ++n)
        {
            Bench bench({100 * kGbps}, {kHeavy, strict ? kStrict : kLight});
            bench.SetPacket(kPacket * 1e5);
            bench.Run({{0, 100 * kGbps, 2e6, 0, {0}},
                       {0, 100 * kGbps, 2e6, 0, {0}},
                       {(5 + n * 3) * kUs / 100, 10 * kGbps, 1e4, 1, {0}}});
            EXPECT_GE(bench.waited[2], 0);
            most = std::max(most, bench.waited[2]);
            sum += bench.waited[2];
        }
        const double turn = kPacket * (strict ? 1 : 3);
        EXPECT_LE(most, turn + 1e-6) << (strict ? "strict" : "weighted");
        EXPECT_NEAR(sum / kDraws, turn / 2, 0.15 * turn) << (strict ? "strict" : "weighted");
    }
}

/// The same by steps: every class of every port a list of quanta in the order in which they came.
std::vector<double>
ByQuanta(const std::vector<int64_t>& capacities,
         const std::vector<ClassTurn>& turns,
         const std::vector<Stream>& streams,
         double step)
{
    struct Quantum
    {
        size_t stream;
        double bits;
    };

    std::vector<std::vector<std::deque<Quantum>>> queues(
        capacities.size(),
        std::vector<std::deque<Quantum>>(turns.size()));
    std::vector<double> left;
    std::vector<double> through(streams.size(), 0);
    std::vector<double> leftToArrive;
    for (const Stream& stream : streams)
    {
        left.push_back(stream.bits);
        leftToArrive.push_back(stream.bits);
    }
    const auto arrive = [&](size_t port, size_t s, double bits, double now)
    {
        const auto& ports = streams[s].ports;
        const auto here = std::find(ports.begin(), ports.end(), port);
        const auto next = here == ports.end() ? ports.begin() : here + 1;
        if (next != ports.end())
        {
            queues[*next][streams[s].inClass].push_back({s, bits});
            return;
        }
        leftToArrive[s] -= bits;
        if (leftToArrive[s] < 1)
        {
            through[s] = std::max(through[s], now);
        }
    };
    const auto serve = [&](size_t port, size_t c, double budget, double now)
    {
        std::deque<Quantum>& queue = queues[port][c];
        double used = 0;
        while (!queue.empty() && budget - used > 1e-9)
        {
            const double bits = std::min(queue.front().bits, budget - used);
            arrive(port, queue.front().stream, bits, now);
            used += bits;
            queue.front().bits -= bits;
            if (queue.front().bits <= 1e-9)
            {
                queue.pop_front();
            }
        }
        return used;
    };
    for (double now = 0; *std::max_element(leftToArrive.begin(), leftToArrive.end()) > 1;
         now += step)
    {
        for (size_t s = 0; s < streams.size(); ++s)
        {
            if (now * kUs >= static_cast<double>(streams[s].start) && left[s] > 0)
            {
                const double bits =
                    std::min(left[s], static_cast<double>(streams[s].rate) * step * 1e-6);
                left[s] -= bits;
                queues[streams[s].ports[0]][streams[s].inClass].push_back({s, bits});
            }
        }
        for (size_t port = 0; port < capacities.size(); ++port)
        {
            double budget = static_cast<double>(capacities[port]) * step * 1e-6;
            for (int level = UINT8_MAX; level > 0; --level)
            {
                for (size_t c = 0; c < turns.size(); ++c)
                {
                    budget -= turns[c].level == level ? serve(port, c, budget, now + step) : 0;
                }
            }
            for (int round = 0; round < 20; ++round) // what one leaves the others get
            {
                double weights = 0;
                for (size_t c = 0; c < turns.size(); ++c)
                {
                    const bool open = turns[c].level == 0 && !queues[port][c].empty();
                    weights += open ? turns[c].weight : 0;
                }
                double used = 0;
                for (size_t c = 0; c < turns.size() && weights > 0; ++c)
                {
                    const double share = budget * turns[c].weight / weights;
                    used += turns[c].level == 0 ? serve(port, c, share, now + step) : 0;
                }
                budget -= used;
            }
        }
    }
    return through;
}

TEST(FifoClasses, AsServedByQuanta)
{
    const std::vector<int64_t> capacities{100 * kGbps, 80 * kGbps, 120 * kGbps};
    const std::vector<ClassTurn> turns{kLight, kHeavy, {4, 1}, kStrict};
    constexpr double kStep = 0.002; // us
    double worst = 0;
    for (uint64_t seed = 1; seed <= 12; ++seed)
    {
        const RandomStream random(seed, "classes", 0);
        std::vector<Stream> streams;
        for (uint64_t i = 0; i < 12; ++i)
        {
            Stream stream{};
            stream.start = static_cast<Tick>(random.Below(8 * i, 20)) * kUs;
            stream.rate = static_cast<int64_t>(10 + random.Below(8 * i + 1, 90)) * kGbps;
            stream.bits = 1e5 + static_cast<double>(random.Below(8 * i + 2, 1'000'000));
            stream.inClass = static_cast<uint32_t>(random.Below(8 * i + 3, turns.size()));
            const auto first = static_cast<uint32_t>(random.Below(8 * i + 4, 3));
            const auto last = static_cast<uint32_t>(first + random.Below(8 * i + 5, 3 - first));
            for (uint32_t port = first; port <= last; ++port)
            {
                stream.ports.push_back(port);
            }
            streams.push_back(stream);
        }
        const std::vector<double> expected = ByQuanta(capacities, turns, streams, kStep);
        const std::vector<double> actual = Bench(capacities, turns).Run(streams);
        for (size_t i = 0; i < streams.size(); ++i)
        {
            worst = std::max(worst, std::abs(actual[i] - expected[i]));
            EXPECT_NEAR(actual[i], expected[i], 40 * kStep) << "seed " << seed << " stream " << i;
        }
    }
    std::printf("  worst difference %.4f us of steps of %.4f us\n", worst, kStep);
}

TEST(ClassShares, SumToWhatIsWantedOrThere)
{
    const RandomStream random(7, "shares", 0);
    std::vector<int64_t> shares;
    for (uint64_t n = 0; n < 2000; ++n)
    {
        std::vector<ClassTurn> turns;
        std::vector<int64_t> wanted;
        double sum = 0;
        for (uint64_t c = 0; c < 2 + random.Below(100 * n, 6); ++c)
        {
            const bool strict = random.Below(100 * n + 3 * c + 1, 3) == 0;
            turns.push_back({static_cast<uint8_t>(strict ? c + 1 : 0),
                             1 + random.Below(100 * n + 3 * c + 2, 100)});
            const uint64_t kind = random.Below(100 * n + 3 * c + 3, 4);
            wanted.push_back(kind == 0   ? 0
                             : kind == 1 ? kWantsAll
                                         : static_cast<int64_t>(kind * kind * c * 10 * kGbps));
            sum += static_cast<double>(wanted.back());
        }
        const int64_t capacity = 400 * kGbps;
        ShareByTurn(capacity, turns, wanted, shares);
        const int64_t given = std::accumulate(shares.begin(), shares.end(), int64_t{0});
        EXPECT_NEAR(static_cast<double>(given), std::min<double>(sum, capacity), 8);
        for (size_t a = 0; a < turns.size(); ++a)
        {
            EXPECT_LE(shares[a], wanted[a]);
            for (size_t b = 0; b < turns.size() && shares[a] < wanted[a]; ++b)
            {
                // Who wants more than it has has as much for its weight as any below or beside it.
                if (turns[a].level > turns[b].level)
                {
                    EXPECT_LE(shares[b], 1);
                }
                else if (turns[a].level == 0 && turns[b].level == 0)
                {
                    EXPECT_GE(static_cast<double>(shares[a]) / turns[a].weight + 2,
                              static_cast<double>(shares[b]) / turns[b].weight);
                }
            }
        }
    }
}

} // namespace
} // namespace heddle::fabric
