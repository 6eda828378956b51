// SPDX-License-Identifier: BSD-3-Clause
// Oracle: a std::priority_queue over (time, key) must see the very same order.
#include "ns3/base-event-core.h"
#include "ns3/base-random.h"
#include "ns3/base-units.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace heddle
{
namespace
{

/// A program that schedules pseudo-random events from its own content, over wildly mixed delays.
class Program
{
  public:
    Program(EventCore& core, uint32_t entities)
        : m_core(core),
          m_sequence(entities, 0),
          m_first(core.NewEntities(entities)),
          m_handler(core.AddHandler<Program, &Program::OnEvent>(this)),
          m_parts(core.partitions())
    {
        for (uint32_t e = 0; e < entities; ++e)
        {
            Partition& part = core.part(e % m_parts);
            part.Insert({static_cast<Tick>(e % 7), NextKey(e), 40, e, m_handler, 0});
        }
    }

    std::vector<std::pair<Tick, uint64_t>>
        trace; ///< of partition-independent order: sort to compare

  private:
    uint64_t NextKey(uint32_t e)
    {
        return m_core.Key(m_first + e, m_sequence[e]++);
    }

    void OnEvent(Partition& part, const Event& event)
    {
        EXPECT_EQ(part.now(), event.time);
        EXPECT_EQ(part.index(), event.entity % m_parts);
        trace.emplace_back(event.time, event.key);
        if (event.arg == 0)
        {
            return;
        }
        const RandomStream random(m_core.seed(), "delay", event.key);
        static constexpr Tick kScale[] = {1, 100, 9000, 1000000, 60000000, 5000000000};
        const uint32_t target = random.Below(0, static_cast<uint32_t>(m_sequence.size()));
        // At least 1: an event made at its own time may have a smaller key than the running one.
        Tick delay = 1 + random.Below(1, 1000) * kScale[random.Below(2, 6)] / 100;
        const uint32_t to = target % m_parts;
        if (to != part.index())
        {
            delay += 1000000;
        }
        part.Post(to,
                  {event.time + delay, NextKey(event.entity), event.arg - 1, target, m_handler, 0});
    }

    EventCore& m_core;
    std::vector<uint32_t> m_sequence;
    uint32_t m_first;
    HandlerId m_handler;
    uint32_t m_parts;
};

TEST(EventCore, RunsInContentOrderAcrossWheelAndOverflow)
{
    EventCore core(
        {.seed = 3, .partitions = 1, .lookahead = 0, .bucketShift = 13, .bucketBits = 8});
    Program program(core, 200);
    core.RunUntil(kForever);
    EXPECT_EQ(program.trace.size(), 200U * 41U);
    EXPECT_TRUE(std::is_sorted(program.trace.begin(), program.trace.end()))
        << "events ran out of (time, key) order";
    EXPECT_EQ(core.eventCount(), program.trace.size());
    EXPECT_EQ(core.NextTime(), kForever);
}

TEST(EventCore, SteppingGivesTheSameTraceAsOneRun)
{
    EventCore whole({.seed = 9});
    Program a(whole, 50);
    whole.RunUntil(kForever);
    EventCore stepped({.seed = 9});
    Program b(stepped, 50);
    for (Tick end = 0; stepped.NextTime() != kForever; end += 777777)
    {
        stepped.RunUntil(std::max(end, stepped.NextTime() + 1));
    }
    EXPECT_EQ(a.trace, b.trace);
}

TEST(EventCore, SeedDecidesTies)
{
    auto order = [](uint64_t seed)
    {
        EventCore core({.seed = seed});
        Program program(core, 64);
        core.RunUntil(1);
        return program.trace;
    };
    EXPECT_EQ(order(1), order(1));
    EXPECT_NE(order(1), order(2));
}

TEST(EventCore, InsertsIntoTheCurrentBucketKeepOrder)
{
    struct Chain
    {
        void OnEvent(Partition& part, const Event& event)
        {
            times.push_back(event.time);
            if (event.arg > 0)
            {
                part.Schedule(3, handler, 0, event.arg - 1, part.core().Key(0, sequence++));
                part.Schedule(1, handler, 0, 0, part.core().Key(0, sequence++));
            }
        }

        HandlerId handler = 0;
        uint32_t sequence = 0;
        std::vector<Tick> times;
    } chain;

    EventCore core({});
    chain.handler = core.AddHandler<Chain, &Chain::OnEvent>(&chain);
    core.part(0).Schedule(5, chain.handler, 0, 100, core.Key(0, chain.sequence++));
    core.RunUntil(kForever);
    EXPECT_EQ(chain.times.size(), 201U);
    EXPECT_TRUE(std::is_sorted(chain.times.begin(), chain.times.end()));
    EXPECT_EQ(chain.times.back(), 5 + 300);
}

struct Recorder
{
    void OnPrepared(Partition&, const Event& event)
    {
        stages[event.key].push_back('x');
    }

    void OnOther(Partition& part, const Event& event)
    {
        if (event.arg > 0) // into the bucket that is running
        {
            part.Schedule(3, other, 0, event.arg - 1, event.key + 1);
        }
    }

    template <char Stage>
    static void Note(void* self, const Event* first, const uint8_t* which, size_t count)
    {
        for (size_t i = 0; i < count; ++i)
        {
            const Event& event = first[which[i]];
            EXPECT_EQ(event.handler, static_cast<Recorder*>(self)->prepared);
            static_cast<Recorder*>(self)->stages[event.key].push_back(Stage);
        }
    }

    HandlerId prepared = 0;
    HandlerId other = 0;
    std::map<uint64_t, std::string> stages;
};

/// Two handlers, one of which prepares. What is prepared for is in order: early, late, last, the
/// event.
TEST(EventCore, PreparesForEventsOfAHandlerBeforeTheyRun)
{
    for (const bool twice : {false, true})
    {
        EventCore core({});
        Recorder recorder;
        recorder.prepared = core.AddHandler<Recorder, &Recorder::OnPrepared>(&recorder);
        recorder.other = core.AddHandler<Recorder, &Recorder::OnOther>(&recorder);
        core.SetPrepare(recorder.prepared,
                        twice ? &Recorder::Note<'e'> : nullptr,
                        &Recorder::Note<'l'>,
                        twice ? &Recorder::Note<'t'> : nullptr);
        // 200 events of a bucket, more than a batch, and some of other buckets.
        for (uint64_t i = 0; i < 300; ++i)
        {
            const Tick time = i < 200 ? Tick{5000} + static_cast<Tick>(i) : Tick{10'000'000} * i;
            core.part(0).Insert({time, 10 * i, 0, 0, recorder.prepared, 0});
            core.part(0).Insert({time, 1'000'000 + 10 * i, 5, 0, recorder.other, 0});
        }
        core.RunUntil(kForever);
        ASSERT_EQ(recorder.stages.size(), 300U);
        for (const auto& [key, stages] : recorder.stages)
        {
            EXPECT_EQ(stages, twice ? "eltx" : "lx") << "event " << key;
        }
    }
}

TEST(EventCore, OutsideInsertsAreAnnounced)
{
    EventCore core({});
    Program program(core, 1);
    Tick heard = 0;
    core.onOutsideInsert = [&](Tick t) { heard = t; };
    core.part(0).Schedule(12345, 0, 0, 0, core.Key(99, 0));
    EXPECT_EQ(heard, 12345);
    heard = 0;
    core.RunUntil(kForever);
    EXPECT_EQ(heard, 0) << "events made inside a run must not call the hook";
}

TEST(EventCore, StopReturnsEarlyAndResumes)
{
    struct Stopper
    {
        void OnEvent(Partition& part, const Event&)
        {
            ++count;
            if (count == 3)
            {
                part.core().Stop();
            }
        }

        int count = 0;
    } stopper;

    EventCore core({});
    HandlerId handler = core.AddHandler<Stopper, &Stopper::OnEvent>(&stopper);
    for (uint32_t i = 0; i < 10; ++i)
    {
        core.part(0).Schedule(i, handler, 0, 0, core.Key(0, i));
    }
    core.RunUntil(kForever);
    EXPECT_EQ(stopper.count, 3);
    core.ClearStop();
    core.RunUntil(kForever);
    EXPECT_EQ(stopper.count, 10);
}

TEST(EventCore, PartitionsAgreeOnTheTotalOrder)
{
    // The delays of Program depend on partition borders, so compare within two partition counts
    // that put every event across a border: the multiset of (time, key) must match the sorted one.
    EventCore core({.seed = 5, .partitions = 4, .lookahead = 1000000});
    Program program(core, 64);
    core.RunUntil(kForever);
    EXPECT_EQ(program.trace.size(), 64U * 41U);
    EventCore again({.seed = 5, .partitions = 4, .lookahead = 1000000, .bucketShift = 10});
    Program other(again, 64);
    again.RunUntil(kForever);
    std::sort(program.trace.begin(), program.trace.end());
    std::sort(other.trace.begin(), other.trace.end());
    EXPECT_EQ(program.trace, other.trace);
}

} // namespace
} // namespace heddle
