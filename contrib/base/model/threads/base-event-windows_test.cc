// SPDX-License-Identifier: BSD-3-Clause
// Oracle: the same world in one partition on one thread. Each entity digests what happens to it in
// order, so a single pair of events in another order shows.
#include "ns3/base-event-core.h"
#include "ns3/base-hash.h"
#include "ns3/base-random.h"
#include "ns3/base-thread-team.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>

namespace heddle
{
namespace
{

constexpr uint32_t kEntities = 60;
constexpr Tick kHop = 1000;   ///< smallest delay between neighbours
constexpr Tick kReach = 5000; ///< between two looks at all entities

/// Entities on a ring that send random events to entities near and far. An event takes at least
/// kHop per step of the ring, so that partitions of neighbours have look-aheads of their own.
class Ring
{
  public:
    Ring(uint64_t seed, uint32_t partitions, uint32_t threads)
        : core({.seed = seed,
                .partitions = partitions,
                .lookahead = 0,
                .threads = threads,
                .lookaheads = LookAheads(partitions),
                .worthSharing = threads == 8 ? 30U : 0U}),
          m_digests(kEntities, 1),
          m_sequence(kEntities, 0),
          m_first(core.NewEntities(kEntities)),
          m_handler(core.AddHandler<Ring, &Ring::OnEvent>(this))
    {
        for (uint32_t e = 0; e < kEntities; ++e)
        {
            core.part(PartOf(e)).Insert({Tick{e % 3} * kHop, NextKey(e), 200, e, m_handler, 0});
        }
        // Times that coincide with events, and some between.
        for (uint32_t i = 1; i < 40; ++i)
        {
            core.ScheduleAlone(i * kReach, i % 7 + 100 * i, [this] { LookAtAll(); });
        }
    }

    /// Of all that happened, entity by entity.
    uint64_t Digest() const
    {
        return std::accumulate(m_digests.begin(), m_digests.end(), m_alone, HashCombine);
    }

    void OnEvent(Partition& part, const Event& event)
    {
        const uint32_t self = event.entity;
        EXPECT_EQ(part.index(), PartOf(self));
        m_digests[self] = HashCombine(m_digests[self], HashCombine(event.time, event.key));
        const RandomStream random(core.seed(), "ring", event.key);
        if (throwAt != 0 && event.time >= throwAt)
        {
            throw std::runtime_error("at " + std::to_string(event.time));
        }
        if (stopAt != 0 && event.time >= stopAt)
        {
            core.Stop();
        }
        if (event.arg == 0)
        {
            return;
        }
        const uint32_t steps = random.Below(0, 4); // to itself: any delay, and 0 if alone in time
        const uint32_t to =
            (self + (random.Below(1, 2) == 0 ? steps : kEntities - steps)) % kEntities;
        const Tick delay = steps == 0 ? 1 + random.Below(2, 50) : Tick{steps} * kHop;
        const Tick more = random.Below(3, 3) == 0 ? random.Below(4, 3000) : 0;
        part.Post(PartOf(to),
                  {event.time + delay + more, NextKey(self), event.arg - 1, to, m_handler, 0});
    }

    EventCore core;
    Tick throwAt = 0;
    Tick stopAt = 0;

  private:
    static uint32_t PartOf(uint32_t entity, uint32_t partitions)
    {
        return entity * partitions / kEntities;
    }

    uint32_t PartOf(uint32_t entity) const
    {
        return PartOf(entity, core.partitions());
    }

    /// Only neighbours; what is further away follows.
    static std::vector<Tick> LookAheads(uint32_t partitions)
    {
        std::vector<Tick> direct(size_t{partitions} * partitions, kForever);
        for (uint32_t e = 0; e < kEntities; ++e)
        {
            const uint32_t a = PartOf(e, partitions);
            const uint32_t b = PartOf((e + 1) % kEntities, partitions);
            direct[a * partitions + b] = direct[b * partitions + a] = kHop;
        }
        return direct;
    }

    uint64_t NextKey(uint32_t e)
    {
        return core.Key(m_first + e, m_sequence[e]++);
    }

    void LookAtAll()
    {
        EXPECT_TRUE(core.alone());
        m_alone = std::accumulate(m_digests.begin(), m_digests.end(), m_alone, HashCombine);
    }

    std::vector<uint64_t> m_digests;
    std::vector<uint32_t> m_sequence;
    uint32_t m_first;
    HandlerId m_handler;
    uint64_t m_alone = 0;
};

TEST(EventWindows, ThreadsAndPartitionsDoNotChangeWhatHappens)
{
    for (const uint64_t seed : {1, 2, 3})
    {
        Ring alone(seed, 1, 1);
        alone.core.RunUntil(kForever);
        EXPECT_EQ(alone.core.eventCount(), uint64_t{kEntities} * 201);
        for (const uint32_t partitions : {2, 3, 7, 20, 60})
        {
            for (const uint32_t threads : {1, 2, 3, 8})
            {
                Ring ring(seed, partitions, threads);
                ring.core.RunUntil(kForever);
                EXPECT_EQ(ring.Digest(), alone.Digest())
                    << "seed " << seed << ", " << partitions << " partitions, " << threads
                    << " threads";
                EXPECT_EQ(ring.core.eventCount(), alone.core.eventCount());
                EXPECT_EQ(ring.core.part(0).now(), alone.core.part(0).now());
            }
        }
    }
}

TEST(EventWindows, SteppingIsTheSameAsOneRun)
{
    Ring whole(4, 1, 1);
    whole.core.RunUntil(kForever);
    Ring stepped(4, 6, 2);
    while (stepped.core.NextTime() != kForever)
    {
        stepped.core.RunUntil(stepped.core.NextTime() + 777);
    }
    EXPECT_EQ(stepped.Digest(), whole.Digest());
}

TEST(EventWindows, TheEarliestErrorReachesTheCaller)
{
    const auto message = [](uint32_t threads)
    {
        Ring ring(5, 12, threads);
        ring.throwAt = 50 * kHop;
        try
        {
            ring.core.RunUntil(kForever);
        }
        catch (const std::runtime_error& error)
        {
            EXPECT_FALSE(ring.core.running());
            return std::string(error.what());
        }
        return std::string("nothing");
    };
    const std::string first = message(1);
    EXPECT_NE(first, "nothing");
    for (const uint32_t threads : {2, 8})
    {
        EXPECT_EQ(message(threads), first);
    }
}

TEST(EventWindows, StopEndsAfterTheSameEventsOnAnyThreads)
{
    const auto run = [](uint32_t threads)
    {
        Ring ring(6, 12, threads);
        ring.stopAt = 50 * kHop;
        ring.core.RunUntil(kForever);
        EXPECT_TRUE(ring.core.stopped());
        return std::pair(ring.core.eventCount(), ring.Digest());
    };
    const auto one = run(1);
    EXPECT_LT(one.first, uint64_t{kEntities} * 201);
    EXPECT_EQ(run(2), one);
    EXPECT_EQ(run(8), one);

    Ring resumed(6, 12, 3);
    resumed.stopAt = 50 * kHop;
    resumed.core.RunUntil(kForever);
    resumed.stopAt = 0;
    resumed.core.ClearStop();
    resumed.core.RunUntil(kForever);
    Ring whole(6, 1, 1);
    whole.core.RunUntil(kForever);
    EXPECT_EQ(resumed.Digest(), whole.Digest());
}

TEST(EventWindows, AloneComesBeforeTheEventsOfItsTimeAndByKey)
{
    EventCore core({});
    std::string order;
    core.AddHandler([](void* self, Partition&, const Event&)
                    { *static_cast<std::string*>(self) += 'e'; },
                    &order);
    core.part(0).Insert({10, 1, 0, 0, 0, 0});
    core.part(0).Insert({20, 1, 0, 0, 0, 0});
    core.ScheduleAlone(20, 2, [&] { order += 'b'; });
    core.ScheduleAlone(20,
                       1,
                       [&]
                       {
                           order += 'a';
                           core.part(0).Insert({15 + 5, 0, 0, 0, 0, 0});
                       });
    core.ScheduleAlone(30, 0, [&] { order += 'c'; });
    EXPECT_EQ(core.NextTime(), 10);
    core.RunUntil(30);
    EXPECT_EQ(order, "eabee");
    EXPECT_EQ(core.NextTime(), 30);
    core.RunUntil(kForever);
    EXPECT_EQ(order, "eabeec");
    EXPECT_EQ(core.part(0).now(), 30);
    EXPECT_EQ(core.eventCount(), 3U);
}

TEST(EventWindows, AHandlerMayScheduleAloneWithOnePartition)
{
    EventCore core({});
    std::string order;
    struct Self
    {
        EventCore& core;
        std::string& order;
    } self{core, order};
    core.AddHandler(
        [](void* s, Partition& part, const Event&)
        {
            auto& me = *static_cast<Self*>(s);
            me.order += 'e';
            if (part.now() == 10)
            {
                me.core.ScheduleAlone(15, 0, [&me] { me.order += 'a'; });
            }
        },
        &self);
    for (const Tick time : {10, 14, 15, 16})
    {
        core.part(0).Insert({time, 1, 0, 0, 0, 0});
    }
    core.RunUntil(kForever);
    EXPECT_EQ(order, "eeaee");
}

TEST(ThreadTeam, EveryMemberWorksOncePerRoundAndIsSeen)
{
    for (const unsigned size : {1U, 2U, 3U, 8U})
    {
        ThreadTeam team(size);
        std::vector<uint64_t> counts(size, 0); // plain: visible by the team's own order
        struct Self
        {
            std::vector<uint64_t>& counts;
            uint64_t round;
        } self{counts, 0};
        for (self.round = 1; self.round <= 2000; ++self.round)
        {
            team.Run(
                [](void* s, unsigned member)
                {
                    auto& me = *static_cast<Self*>(s);
                    me.counts[member] += me.round;
                },
                &self);
            if (self.round % 500 == 0) // long enough for them to fall asleep
            {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
        }
        EXPECT_EQ(counts, std::vector<uint64_t>(size, 2000 * 2001 / 2)) << size << " members";
    }
}

} // namespace
} // namespace heddle
