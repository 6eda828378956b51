// SPDX-License-Identifier: GPL-2.0-only
//
// Fluid queues against arithmetic, and against a second implementation that serves small quanta one
// by one.
#include "ns3/base-random.h"
#include "ns3/fabric-fifo-queues.h"
#include "ns3/fabric-fifo-test-calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace heddle::fabric
{
namespace
{

constexpr int64_t kGbps = 1'000'000'000;
constexpr Tick kUs = 1'000'000; // ps

/// A flow that sends `bits` at `rate` from `start` on, through queues in ascending order.
struct Stream
{
    Tick start;
    int64_t rate;
    double bits;
    std::vector<FifoQueues::Load> path;

    Tick End() const
    {
        return start + std::llround(bits * 1e12 / static_cast<double>(rate));
    }
};

class Bench : public FifoClient
{
  public:
    explicit Bench(const std::vector<int64_t>& capacities)
        : m_core({1}), m_queues(m_core, *this), m_calls(m_core)
    {
        for (const int64_t capacity : capacities)
        {
            m_queues.AddQueue(capacity);
        }
    }

    /// When each stream's last bit is through.
    std::vector<Tick> Run(const std::vector<Stream>& streams)
    {
        m_through.assign(streams.size(), 0);
        for (const Stream& stream : streams)
        {
            const uint32_t flow = m_queues.AddFlow(stream.path);
            m_calls.At(stream.start,
                       [this, flow, rate = stream.rate](Partition& part)
                       {
                           m_queues.SetInflow(part, flow, rate);
                           m_queues.Commit(part);
                       });
            m_calls.At(stream.End(),
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
                   Tick travelled,
                   const std::vector<double>&) override
    {
        m_through[flow] = part.now();
        m_travelled[flow] = travelled;
    }

    Tick Travelled(uint32_t flow) const
    {
        return m_travelled.at(flow);
    }

  private:
    EventCore m_core;
    FifoQueues m_queues;
    std::vector<Tick> m_through;
    std::map<uint32_t, Tick> m_travelled;
    TestCalls m_calls;
};

std::vector<FifoQueues::Load>
Path(const std::vector<uint32_t>& queues)
{
    std::vector<FifoQueues::Load> path;
    for (const uint32_t queue : queues)
    {
        path.push_back({queue, FifoQueues::kWhole, 0});
    }
    return path;
}

void
ExpectTimes(const std::vector<Tick>& actual, const std::vector<double>& expectedUs)
{
    for (size_t i = 0; i < actual.size(); ++i)
    {
        EXPECT_NEAR(static_cast<double>(actual[i]) / kUs, expectedUs[i], 1e-4) << "stream " << i;
    }
}

TEST(FifoQueues, OneAloneWaitsNowhere)
{
    Bench bench({100 * kGbps});
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, Path({0})}}), {10});
}

/// Two at full rate into one port: the last bits of both come when half has gone.
TEST(FifoQueues, TwoIntoOne)
{
    Bench bench({100 * kGbps});
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, Path({0})}, {0, 100 * kGbps, 1e6, Path({0})}}),
                {20, 20});
}

/// First come, first served: the one that came later leaves later, with the same bits.
TEST(FifoQueues, LaterLeavesLater)
{
    Bench bench({100 * kGbps});
    // Backlog when the first ends at 10 us: 5 us · 100 Gb/s; when the second ends at 15 us the
    // same.
    ExpectTimes(
        bench.Run({{0, 100 * kGbps, 1e6, Path({0})}, {5 * kUs, 100 * kGbps, 1e6, Path({0})}}),
        {15, 20});
}

/// A and B share an uplink, A and C a downlink. A comes to the downlink at half rate, C at full: it
/// carries them 1 : 2 until C has come, and what is left of A while A's rest still comes. So C is
/// through at 15 us, A and B at 20 us. Max-min would give A and C half each: C at 20 us, too.
TEST(FifoQueues, SharesByArrivalFromHopToHop)
{
    Bench bench({100 * kGbps, 100 * kGbps, 100 * kGbps});
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, Path({0, 1})},
                           {0, 100 * kGbps, 1e6, Path({0, 2})},
                           {0, 100 * kGbps, 1e6, Path({1})}}),
                {20, 20, 15});
}

/// A distant one's bits come behind those that were nearer, and its way is reported.
TEST(FifoQueues, TheWayCounts)
{
    Bench bench({100 * kGbps});
    std::vector<FifoQueues::Load> far{{0, FifoQueues::kWhole, 2 * kUs}};
    ExpectTimes(bench.Run({{0, 100 * kGbps, 1e6, Path({0})}, {0, 100 * kGbps, 1e6, far}}),
                {18, 20});
    EXPECT_EQ(bench.Travelled(0), 0);
    EXPECT_EQ(bench.Travelled(1), 2 * kUs);
}

/// Quanta of every stream, served one by one, queue after queue in ascending order.
std::vector<double>
Quanta(const std::vector<Stream>& streams, const std::vector<int64_t>& capacities, double size)
{
    struct Quantum
    {
        double time;
        size_t stream;
    };

    std::vector<std::vector<double>> at(streams.size()); // times of the quanta at the next queue
    for (size_t s = 0; s < streams.size(); ++s)
    {
        const auto count = static_cast<size_t>(std::lround(streams[s].bits / size));
        for (size_t i = 1; i <= count; ++i)
        {
            at[s].push_back(static_cast<double>(streams[s].start) +
                            static_cast<double>(i) * size * 1e12 /
                                static_cast<double>(streams[s].rate));
        }
    }
    for (uint32_t queue = 0; queue < capacities.size(); ++queue)
    {
        std::vector<Quantum> input;
        for (size_t s = 0; s < streams.size(); ++s)
        {
            for (const FifoQueues::Load& load : streams[s].path)
            {
                for (size_t i = 0; load.queue == queue && i < at[s].size(); ++i)
                {
                    input.push_back({at[s][i], s});
                }
            }
        }
        std::stable_sort(input.begin(),
                         input.end(),
                         [](const Quantum& a, const Quantum& b) { return a.time < b.time; });
        std::vector<size_t> next(streams.size(), 0);
        double free = 0;
        const double service = size * 1e12 / static_cast<double>(capacities[queue]);
        for (const Quantum& q : input)
        {
            free = std::max(free + service, q.time);
            at[q.stream][next[q.stream]++] = free;
        }
    }
    std::vector<double> through;
    for (const std::vector<double>& times : at)
    {
        through.push_back(times.back());
    }
    return through;
}

/// Random streams over a random feed-forward network.
TEST(FifoQueues, AsServingQuantaOneByOne)
{
    constexpr double kQuantum = 500; // bits
    double worst = 0;
    for (uint64_t seed = 1; seed <= 200; ++seed)
    {
        const RandomStream dice(seed, "fifo-queues-test", 0);
        uint64_t draw = 0;
        const auto below = [&](uint32_t n) { return dice.Below(draw++, n); };
        std::vector<int64_t> capacities(2 + below(5));
        for (int64_t& capacity : capacities)
        {
            capacity = (40 + below(100)) * kGbps;
        }
        std::vector<Stream> streams(2 + below(8));
        for (Stream& stream : streams)
        {
            std::vector<uint32_t> queues;
            for (uint32_t q = 0; q < capacities.size(); ++q)
            {
                if (below(2) == 0)
                {
                    queues.push_back(q);
                }
            }
            if (queues.empty())
            {
                queues.push_back(below(static_cast<uint32_t>(capacities.size())));
            }
            stream = {below(10) * kUs,
                      (20 + below(80)) * kGbps,
                      kQuantum * (200 + below(2000)),
                      Path(queues)};
        }
        const std::vector<double> expected = Quanta(streams, capacities, kQuantum);
        const std::vector<Tick> actual = Bench(capacities).Run(streams);
        for (size_t s = 0; s < streams.size(); ++s)
        {
            // A quantum of each other stream at each queue: 12.5 ns at 40 Gb/s.
            const double error = static_cast<double>(actual[s]) - expected[s];
            worst = std::max(worst, std::abs(error));
            EXPECT_NEAR(static_cast<double>(actual[s]), expected[s], 300e3)
                << "seed " << seed << ", stream " << s;
        }
    }
    std::cout << "worst difference " << worst / 1e3 << " ns\n";
}

/// Whatever the order of flows and events.
TEST(FifoQueues, OrderDoesNotMatter)
{
    std::vector<Stream> streams;
    for (uint32_t i = 0; i < 12; ++i)
    {
        streams.push_back(
            {(i % 3) * kUs,
             (30 + 10 * (i % 4)) * kGbps,
             1e5 * (1 + i % 5),
             Path(i % 2 == 0 ? std::vector<uint32_t>{0, 2} : std::vector<uint32_t>{1, 2})});
    }
    const std::vector<int64_t> capacities{100 * kGbps, 70 * kGbps, 90 * kGbps};
    const std::vector<Tick> forward = Bench(capacities).Run(streams);
    std::vector<Stream> turned(streams.rbegin(), streams.rend());
    std::vector<Tick> backward = Bench(capacities).Run(turned);
    std::reverse(backward.begin(), backward.end());
    EXPECT_EQ(forward, backward);
}

} // namespace
} // namespace heddle::fabric
