// SPDX-License-Identifier: GPL-2.0-only
//
// Senders before full switches against arithmetic.
#include "ns3/fabric-fifo-queues.h"
#include "ns3/fabric-fifo-rooms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>

namespace heddle::fabric
{
namespace
{

constexpr int64_t kGbps = 1'000'000'000;
constexpr Tick kMs = 1'000'000'000; // ps
constexpr double kPool = 4e7;       // bits

/// One switch; links into it whose senders take turns among their flows.
class Switch : public FifoClient, public RoomClient
{
  public:
    explicit Switch(double alpha, double pool = kPool)
        : m_core({1}),
          m_queues(m_core, *this),
          m_rooms(m_core, m_queues, *this),
          m_entity(m_core.NewEntities()),
          m_onStart(m_core.AddHandler<Switch, &Switch::OnStart>(this))
    {
        m_queues.SetRooms(&m_rooms);
        m_rooms.AddRoom({pool, alpha}, 1e12);
    }

    uint32_t AddPort(int64_t rate)
    {
        const uint32_t queue = m_queues.AddQueue(rate);
        m_rooms.AddQueue(queue, {{0, 1}});
        return queue;
    }

    /// A link whose sender sends equal parts to those ports, all the time.
    uint32_t AddLink(int64_t rate, const std::vector<uint32_t>& ports)
    {
        const uint32_t link = m_rooms.AddIngress({0}, rate);
        m_sent[link] = rate;
        for (const uint32_t port : ports)
        {
            m_flows[link].push_back(
                m_queues.AddFlow({{port, FifoQueues::kWhole, 0, m_rooms.PartOf(port, link)}}));
        }
        return link;
    }

    void Run(Tick until)
    {
        if (m_rate.empty())
        {
            m_core.part(0).Insert({0, m_core.Key(m_entity, 0), 0, 0, m_onStart, 0});
        }
        m_core.RunUntil(until);
    }

    /// Nobody sends any more; until nothing happens.
    void Finish()
    {
        for (auto& [link, rate] : m_rate)
        {
            rate = 0;
            m_sent[link] = 0;
            Send(m_core.part(0), link);
        }
        m_core.RunUntil(kForever);
    }

    /// bits/s that the link's sender may send now.
    double Sent(uint32_t link) const
    {
        return static_cast<double>(m_sent.at(link));
    }

    /// Bits that have come to the port.
    double Arrived(uint32_t port)
    {
        return m_queues.Arrived(m_core.part(0), port);
    }

    double Backlog(uint32_t port)
    {
        return m_queues.Backlog(m_core.part(0), port);
    }

    bool Blamed(uint32_t port) const
    {
        return m_blamed.count(port) > 0;
    }

    void OnThrough(Partition&, uint32_t, uint64_t, Tick, const std::vector<double>&) override
    {
    }

    void OnHeldBack(Partition& part, uint32_t link, int64_t rate, uint32_t queue) override
    {
        m_sent[link] = std::min(rate, m_rate.at(link));
        m_blamed[queue] = true;
        Send(part, link);
    }

  private:
    void OnStart(Partition& part, const Event&)
    {
        m_rate = m_sent;
        for (const auto& [link, rate] : m_rate)
        {
            Send(part, link);
        }
    }

    void Send(Partition& part, uint32_t link)
    {
        for (const uint32_t flow : m_flows[link])
        {
            const auto turns = static_cast<int64_t>(m_flows[link].size());
            m_queues.SetInflow(part, flow, m_sent[link] / turns);
        }
        m_queues.Commit(part);
    }

    EventCore m_core;
    FifoQueues m_queues;
    FifoRooms m_rooms;
    std::map<uint32_t, int64_t> m_rate;
    std::map<uint32_t, int64_t> m_sent;
    std::map<uint32_t, std::vector<uint32_t>> m_flows;
    std::map<uint32_t, bool> m_blamed;
    uint32_t m_entity;
    HandlerId m_onStart;
};

/// Two senders fill a port of 80 Gb/s, one of them sends half of what it sends to an idle port. In
/// the end both have a threshold's worth waiting, alpha · (pool − both), and so half the port each
/// on average (what leaves is let in, so that the order in which the port was filled comes round
/// and round): the first sends 2 · 40 Gb/s, so that the idle port gets 40 instead of 50.
TEST(FifoRooms, AFullPortHoldsBackWhatGoesElsewhere)
{
    for (const double alpha : {0.25, 1.0, 4.0})
    {
        Switch world(alpha);
        const uint32_t full = world.AddPort(80 * kGbps);
        const uint32_t idle = world.AddPort(100 * kGbps);
        world.AddLink(100 * kGbps, {full, idle});
        world.AddLink(100 * kGbps, {full});
        world.Run(10 * kMs);
        const double toIdle = world.Arrived(idle);
        const double toFull = world.Arrived(full);
        world.Run(50 * kMs);
        const double idleRate = (world.Arrived(idle) - toIdle) / 40e-3;
        const double otherRate = (world.Arrived(full) - toFull) / 40e-3 - idleRate;
        const double threshold = alpha * kPool / (1 + 2 * alpha);
        std::cout << "alpha " << alpha << ": to the idle port " << idleRate / 1e9
                  << " Gb/s (expected 40), the other " << otherRate / 1e9 << " (40), waiting "
                  << world.Backlog(full) / 1e6 << " Mbit (" << 2 * threshold / 1e6 << ")\n";
        EXPECT_NEAR(idleRate, 40e9, 0.8e9);
        EXPECT_NEAR(otherRate, 40e9, 0.8e9);
        EXPECT_NEAR(world.Backlog(full), 2 * threshold, 0.04 * threshold);
        EXPECT_EQ(world.Backlog(idle), 0);
        EXPECT_TRUE(world.Blamed(full));
        EXPECT_FALSE(world.Blamed(idle));
    }
}

/// Before the memory is full nobody is held back: 100 + 100 Gb/s into 80 fill a third of it each in
/// kPool · 2/3 / 120 Gb/s = 222 us.
TEST(FifoRooms, NobodyWaitsBeforeAThreshold)
{
    for (const Tick until : {200 * kMs / 1000, 240 * kMs / 1000})
    {
        Switch world(1);
        const uint32_t port = world.AddPort(80 * kGbps);
        const uint32_t a = world.AddLink(100 * kGbps, {port});
        const uint32_t b = world.AddLink(100 * kGbps, {port});
        world.Run(until);
        const bool held = world.Sent(a) + world.Sent(b) < 199e9;
        std::cout << "after " << until / 1000000 << " us: " << world.Backlog(port) / 1e6
                  << " Mbit wait, " << (held ? "held back\n" : "nobody is held back\n");
        EXPECT_EQ(held, until > 220 * kMs / 1000);
    }
}

/// A memory of half a microsecond of the link; and a port is left without anything to do in the
/// end.
TEST(FifoRooms, SmallMemoriesFillAndEmpty)
{
    Switch world(1, 5e4);
    const uint32_t port = world.AddPort(80 * kGbps);
    world.AddLink(100 * kGbps, {port});
    world.Run(10 * kMs);
    const double arrived = world.Arrived(port) / 10e-3 / 1e9;
    std::cout << arrived << " Gb/s (expected 80)\n";
    EXPECT_NEAR(arrived, 80, 1);
    EXPECT_TRUE(world.Blamed(port));
    world.Finish();
    EXPECT_EQ(world.Backlog(port), 0);
}

/// Nor where what arrives can leave, however long.
TEST(FifoRooms, APortThatKeepsUpHoldsNobodyBack)
{
    Switch world(1);
    const uint32_t port = world.AddPort(200 * kGbps);
    const uint32_t a = world.AddLink(100 * kGbps, {port});
    world.AddLink(100 * kGbps, {port});
    world.Run(10 * kMs);
    EXPECT_EQ(world.Sent(a), 100e9);
    EXPECT_FALSE(world.Blamed(port));
}

} // namespace
} // namespace heddle::fabric
