// SPDX-License-Identifier: GPL-2.0-only
//
// Marks of fluid queues against the ramp: none below kmin, every packet above kmax, and in between
// as often as so many independent packets would be marked.
#include "ns3/fabric-fifo-queues.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <vector>

namespace heddle::fabric
{
namespace
{

constexpr int64_t kGbps = 1'000'000'000;
constexpr Tick kUs = 1'000'000; // ps
constexpr double kPacket = 32'000;
constexpr FifoQueues::Marking kMarking{1e6, 5e6, 0.2};

struct Change
{
    Tick at;
    uint32_t flow;
    int64_t rate;
};

/// One port of 100 Gb/s; counts the marks told of each flow.
class Bench : public FifoClient
{
  public:
    explicit Bench(uint32_t flows, double ports = 1)
        : m_core({7}),
          m_queues(m_core, *this),
          m_entity(m_core.NewEntities()),
          m_onChange(m_core.AddHandler<Bench, &Bench::OnChange>(this))
    {
        m_queues.AddQueue(static_cast<int64_t>(100 * kGbps * ports), ports);
        for (uint32_t flow = 0; flow < flows; ++flow)
        {
            m_queues.AddFlow({{0, FifoQueues::kWhole, 0}});
        }
        m_queues.SetPacket(kPacket);
        m_queues.SetMarking(kMarking);
    }

    void Run(const std::vector<Change>& changes, Tick until)
    {
        m_changes = changes;
        for (size_t i = 0; i < changes.size(); ++i)
        {
            m_core.part(0).Insert(
                {changes[i].at, m_core.Key(m_entity, m_sequence++), i, 0, m_onChange, 0});
        }
        m_core.RunUntil(until);
        backlog = m_queues.Backlog(m_core.part(0), 0);
    }

    void OnThrough(Partition&, uint32_t, uint64_t, Tick, const std::vector<double>&) override
    {
    }

    void OnMarked(Partition& part, uint32_t flow, uint32_t, Tick, Tick waits) override
    {
        ++marks[flow];
        const Tick left = part.now() + waits;
        first.try_emplace(flow, left);
        EXPECT_LE(waits, 0) << "it has left already";
        EXPECT_GE(waits, -kUs) << "since the latest look";
    }

    std::map<uint32_t, uint32_t> marks;
    std::map<uint32_t, Tick> first;
    double backlog = 0;

  private:
    void OnChange(Partition& part, const Event& event)
    {
        const Change& change = m_changes[event.arg];
        m_queues.SetInflow(part, change.flow, change.rate);
        m_queues.Commit(part);
    }

    EventCore m_core;
    FifoQueues m_queues;
    std::vector<Change> m_changes;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onChange;
};

TEST(FifoMarking, NothingBelowKmin)
{
    Bench bench(1);
    // 0.9 Mbit wait from 9 us on.
    bench.Run({{0, 0, 200 * kGbps}, {9 * kUs, 0, 100 * kGbps}}, 1000 * kUs);
    EXPECT_NEAR(bench.backlog, 0.9e6, 10);
    EXPECT_EQ(bench.marks[0], 0u);
}

TEST(FifoMarking, EveryPacketAboveKmax)
{
    Bench bench(2);
    // 6 Mbit wait from 30 us on, until the end. Of the flow that sends a packet in 3.2 us every
    // one is marked; of the fast one one is told at every look, once a microsecond.
    bench.Run({{0, 0, 290 * kGbps}, {0, 1, 10 * kGbps}, {30 * kUs, 0, 90 * kGbps}}, 3230 * kUs);
    EXPECT_NEAR(bench.backlog, 6e6, 10);
    // The packets of before 30 us leave until 90 us, at a third of the rate of later.
    const double packets = (3140 + 60 / 3.0) * 10e3 / kPacket;
    EXPECT_NEAR(bench.marks[1], packets, 10) << "and in the ramp before";
    EXPECT_NEAR(bench.marks[0], 3200, 20);
}

TEST(FifoMarking, RampMarksAsManyAsIndependentPackets)
{
    Bench bench(1);
    // 3 Mbit wait: half way up the ramp, 10 %. A look sees 3.125 packets.
    bench.Run({{0, 0, 200 * kGbps}, {30 * kUs, 0, 100 * kGbps}}, 20030 * kUs);
    EXPECT_NEAR(bench.backlog, 3e6, 10);
    const double looks = 20000;
    const double none = 0.875 * std::pow(0.9, 3) + 0.125 * std::pow(0.9, 4);
    const double sigma = std::sqrt(looks * none * (1 - none));
    EXPECT_NEAR(bench.marks[0], looks * (1 - none), 4 * sigma);
}

/// A bundle of ports marks by what each holds.
TEST(FifoMarking, PortsTogether)
{
    Bench bench(1, 4);
    bench.Run({{0, 0, 800 * kGbps}, {9 * kUs, 0, 400 * kGbps}}, 500 * kUs);
    EXPECT_NEAR(bench.backlog, 3.6e6, 10) << "0.9 Mbit a port";
    EXPECT_EQ(bench.marks[0], 0u);
}

TEST(FifoMarking, StartsWhenKminIsPassed)
{
    Bench bench(1);
    bench.Run({{0, 0, 1000 * kGbps}}, 100 * kUs);
    // kmin after 1.1 us, kmax after 5.6 us: from then on the first packet.
    EXPECT_GE(bench.first[0], Tick{1'100'000});
    EXPECT_LE(bench.first[0], Tick{7'700'000});
}

/// Two ports of 100 Gb/s. For 150 us a flow of 150 Gb/s crosses both, and for 200 us a strict one
/// fills the second: what leaves the first at t leaves the second at t + 200 us.
class Behind : public FifoClient
{
  public:
    Behind()
        : m_core({7}),
          m_queues(m_core, *this),
          m_entity(m_core.NewEntities()),
          m_onChange(m_core.AddHandler<Behind, &Behind::OnChange>(this))
    {
        const std::vector<ClassTurn> turns{{0, 1}, {6, 1}};
        const uint32_t first = m_queues.AddQueues(100 * kGbps, 1, turns);
        const uint32_t second = m_queues.AddQueues(100 * kGbps, 1, turns);
        m_queues.AddFlow({{first, FifoQueues::kWhole, 0}, {second, FifoQueues::kWhole, 0}});
        m_queues.AddFlow({{second + 1, FifoQueues::kWhole, 0}});
        m_queues.SetPacket(kPacket);
        m_queues.SetMarking(kMarking);
        for (size_t i = 0; i < std::size(kChanges); ++i)
        {
            m_core.part(0).Insert(
                {kChanges[i].at, m_core.Key(m_entity, m_sequence++), i, 0, m_onChange, 0});
        }
        m_core.RunUntil(1000 * kUs);
    }

    void OnThrough(Partition&, uint32_t, uint64_t, Tick, const std::vector<double>&) override
    {
    }

    void OnMarked(Partition& part, uint32_t flow, uint32_t queue, Tick, Tick waits) override
    {
        EXPECT_EQ(flow, 0u);
        EXPECT_LE(waits, 0) << "it has left already";
        EXPECT_GE(waits, -kUs) << "since the latest look";
        left[queue].push_back(part.now() + waits);
    }

    std::map<uint32_t, std::vector<Tick>> left; ///< marked packets, by queue

  private:
    static constexpr Change kChanges[] = {{0, 0, 150 * kGbps},
                                          {0, 1, 100 * kGbps},
                                          {150 * kUs, 0, 0},
                                          {200 * kUs, 1, 0}};

    void OnChange(Partition& part, const Event& event)
    {
        const Change& change = kChanges[event.arg];
        m_queues.SetInflow(part, change.flow, change.rate);
        m_queues.Commit(part);
    }

    EventCore m_core;
    FifoQueues m_queues;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onChange;
};

TEST(FifoMarking, MarkedPacketsWaitWhereTheirClassStandsStill)
{
    const Behind behind;
    // The first queue is above kmin from 20 to 215 us, above kmax from 100 to 175 us.
    const std::vector<Tick>& left = behind.left.at(0);
    EXPECT_GE(left.front(), 220 * kUs);
    EXPECT_LE(left.back(), 416 * kUs);
    const auto all = std::count_if(left.begin(),
                                   left.end(),
                                   [](Tick at) { return at >= 300 * kUs && at < 375 * kUs; });
    EXPECT_NEAR(static_cast<double>(all), 75, 2) << "one at every look";
    // The second stands still until 200 us: nothing leaves, nothing is marked, to a look.
    EXPECT_GE(behind.left.at(2).front(), 199 * kUs);
}

} // namespace
} // namespace heddle::fabric
