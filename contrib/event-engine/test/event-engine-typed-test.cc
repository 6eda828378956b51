// SPDX-License-Identifier: GPL-2.0-only
// Typed and ordinary events together. Oracles: an order sorted by hand, and the promise that a
// program gives the same digest under every simulator, scheduler and number of partitions.
#include "event-engine-tests.h"

#include "ns3/base-errors.h"
#include "ns3/config.h"
#include "ns3/event-engine.h"
#include "ns3/event-id.h"
#include "ns3/list-scheduler.h"
#include "ns3/map-scheduler.h"
#include "ns3/type-id.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

namespace ns3
{
namespace heddle
{
namespace test
{
namespace
{

using ::heddle::Event;
using ::heddle::EventCore;
using ::heddle::HandlerId;
using ::heddle::HashCombine;
using ::heddle::Partition;
using ::heddle::Tick;
using ::heddle::Upcalls;

// ------------------------------------------------------------------------- same digest

constexpr Tick kGrid = 100;       ///< all times lie on it, so that ties are frequent
constexpr Tick kLookahead = 1000; ///< least delay between two entities
constexpr Tick kEnd = 40000;

/// Entities send typed events to each other and call up; ordinary events and upcalls look at the
/// whole state, so that the digest shows every change of order.
class MixedProgram
{
  public:
    MixedProgram(EventCore& core, uint64_t seed)
        : m_core(core),
          m_handler(core.AddHandler<MixedProgram, &MixedProgram::OnTyped>(this)),
          m_firstKey(core.NewEntities(kEntities + 1)),
          m_upcalls(EventEngine::EnableUpcalls(700)),
          m_entities(kEntities),
          m_dice(seed)
    {
        for (uint32_t e = 0; e < kEntities; ++e)
        {
            m_entities[e].program = this;
            InsertFromOutside(e, kGrid * (e % 5));
        }
        for (uint64_t i = 0; i < 6; ++i)
        {
            ScheduleOrdinary(i % 3);
        }
    }

    /// Everything that happened.
    uint64_t Digest() const
    {
        return HashCombine(m_ordinary, State());
    }

    uint64_t typed = 0;
    uint64_t ordinary = 0;
    uint64_t upcalls = 0;

  private:
    static constexpr uint32_t kEntities = 24;

    struct Entity
    {
        MixedProgram* program;
        uint64_t digest = 0;
        uint32_t made = 0;
    };

    uint64_t NextKey(uint32_t e)
    {
        return m_core.Key(m_firstKey + e, m_entities[e].made++);
    }

    uint64_t State() const
    {
        uint64_t all = 0;
        for (const Entity& entity : m_entities)
        {
            all = HashCombine(all, entity.digest);
        }
        return all;
    }

    void OnTyped(Partition& part, const Event& event)
    {
        ++typed;
        Entity& self = m_entities[event.entity];
        self.digest =
            HashCombine(self.digest, HashCombine(static_cast<uint64_t>(event.time), event.key));
        self.digest =
            HashCombine(self.digest, static_cast<uint64_t>(Simulator::Now().GetTimeStep()));
        const uint64_t draw = self.digest;
        if (event.time > kEnd)
        {
            return;
        }
        if (draw % 8 == 0)
        {
            m_upcalls->Post(part, NextKey(event.entity), &MixedProgram::OnUpcall, &self, draw);
        }
        if (draw % 16 == 3)
        {
            return; // makes up for those that upcalls and ordinary events insert
        }
        const auto target = static_cast<uint32_t>(draw >> 8) % kEntities;
        const Tick steps = static_cast<Tick>((draw >> 40) % 16);
        const Tick delay = steps * kGrid + (target == event.entity ? kGrid : kLookahead);
        part.Post(target % m_core.partitions(),
                  {event.time + delay, NextKey(event.entity), 0, target, m_handler, 0});
    }

    static void OnUpcall(void* self, uint64_t draw)
    {
        auto& entity = *static_cast<Entity*>(self);
        MixedProgram& program = *entity.program;
        ++program.upcalls;
        program.Look(draw);
        if (draw % 3 == 0)
        {
            program.ScheduleOrdinary(draw % 5);
        }
        if (draw % 5 == 0)
        {
            program.InsertFromOutside(draw % kEntities, kGrid * static_cast<Tick>(draw % 4));
        }
    }

    void OnOrdinary(uint64_t number)
    {
        ++ordinary;
        Look(number);
        if (m_dice.Below(2) == 0)
        {
            InsertFromOutside(m_dice.Below(kEntities), kGrid * static_cast<Tick>(m_dice.Below(4)));
        }
        if (m_dice.Below(4) == 0)
        {
            m_ids[m_dice.Below(m_ids.size())].Cancel();
        }
        if (m_dice.Below(4) == 0)
        {
            Simulator::Remove(m_ids[m_dice.Below(m_ids.size())]);
        }
        if (Simulator::Now().GetTimeStep() < kEnd)
        {
            ScheduleOrdinary(m_dice.Below(4));
            ScheduleOrdinary(5 + m_dice.Below(20));
        }
    }

    void Look(uint64_t with)
    {
        m_ordinary = HashCombine(m_ordinary, with);
        m_ordinary = HashCombine(m_ordinary, State());
        m_ordinary = HashCombine(m_ordinary, static_cast<uint64_t>(Simulator::Now().GetTimeStep()));
        for (size_t i = m_ids.size() - std::min<size_t>(m_ids.size(), 8); i < m_ids.size(); ++i)
        {
            m_ordinary = HashCombine(m_ordinary, m_ids[i].IsExpired() ? 1 : 2);
        }
    }

    void ScheduleOrdinary(uint64_t steps)
    {
        if (m_ids.size() < 1500)
        {
            m_ids.push_back(Simulator::Schedule(TimeStep(kGrid * steps),
                                                &MixedProgram::OnOrdinary,
                                                this,
                                                uint64_t{m_ids.size()}));
        }
    }

    /// As ordinary code inserts: relative to the partition's clock, which must follow the
    /// simulator's.
    void InsertFromOutside(uint64_t e, Tick delay)
    {
        const auto entity = static_cast<uint32_t>(e);
        m_core.part(entity % m_core.partitions())
            .Schedule(delay,
                      m_handler,
                      entity,
                      0,
                      m_core.Key(m_firstKey + kEntities, m_inserted++));
    }

    EventCore& m_core;
    HandlerId m_handler;
    uint32_t m_firstKey;
    uint32_t m_inserted = 0;
    Upcalls* m_upcalls;
    std::vector<Entity> m_entities;
    Dice m_dice;
    std::vector<EventId> m_ids;
    uint64_t m_ordinary = 0;
};

struct Setting
{
    const char* simulator;
    uint32_t partitions;
    unsigned bucketShift;
    TypeId scheduler;
};

class SameDigestTest : public TestCase
{
  public:
    SameDigestTest()
        : TestCase("one digest under every simulator, scheduler and number of partitions")
    {
    }

  private:
    struct Outcome
    {
        uint64_t digest;
        uint64_t typed;
        uint64_t ordinary;
        uint64_t upcalls;
        Tick last;
    };

    static Outcome Run(const Setting& setting, uint64_t seed)
    {
        Config::SetGlobal("SchedulerType", TypeIdValue(setting.scheduler));
        const ChosenSimulator chosen(setting.simulator);
        EventCore::Config config;
        config.seed = seed;
        config.partitions = setting.partitions;
        config.lookahead = kLookahead;
        config.bucketShift = setting.bucketShift;
        config.bucketBits = 6;
        EventCore core(config);
        EventEngine::Attach(core);
        MixedProgram program(core, seed);
        Simulator::Run();
        const Tick last = Simulator::Now().GetTimeStep();
        Simulator::Destroy();
        Config::SetGlobal("SchedulerType", TypeIdValue(MapScheduler::GetTypeId()));
        return {program.Digest(), program.typed, program.ordinary, program.upcalls, last};
    }

    void DoRun() override
    {
        UsePicoseconds();
        const TypeId map = MapScheduler::GetTypeId();
        // Not HeapScheduler: after Remove() of ns-3.37's an earlier event may lie below a later
        // one.
        const TypeId list = ListScheduler::GetTypeId();
        const Setting settings[] = {
            {kFabric, 4, 13, map},
            {kFabric, 24, 5, list},
            {kDefault, 1, 13, map},
            {kDefault, 4, 5, list},
        };
        for (uint64_t seed = 1; seed <= 12; ++seed)
        {
            const Outcome expected = Run({kFabric, 1, 13, map}, seed);
            NS_TEST_ASSERT_MSG_GT(expected.typed, 500, "typed events, seed " << seed);
            NS_TEST_ASSERT_MSG_GT(expected.ordinary, 500, "ordinary events, seed " << seed);
            NS_TEST_ASSERT_MSG_GT(expected.upcalls, 50, "upcalls, seed " << seed);
            for (const Setting& setting : settings)
            {
                const Outcome actual = Run(setting, seed);
                const std::string where = std::string(setting.simulator) + " with " +
                                          std::to_string(setting.partitions) +
                                          " partitions, seed " + std::to_string(seed);
                NS_TEST_EXPECT_MSG_EQ(actual.typed, expected.typed, "typed events, " << where);
                NS_TEST_EXPECT_MSG_EQ(actual.ordinary, expected.ordinary, "ordinary, " << where);
                NS_TEST_EXPECT_MSG_EQ(actual.upcalls, expected.upcalls, "upcalls, " << where);
                NS_TEST_EXPECT_MSG_EQ(actual.last, expected.last, "end, " << where);
                NS_TEST_EXPECT_MSG_EQ(actual.digest, expected.digest, "digest, " << where);
            }
        }
    }
};

// ------------------------------------------------------------------------- order by hand

/// Typed events before ordinary ones of the same time: against a sorted list.
class OrderTest : public TestCase
{
  public:
    OrderTest() : TestCase("typed events by key, then ordinary events first come first served")
    {
    }

  private:
    /// (time, 0 typed or 1 ordinary, key or position)
    using Step = std::tuple<Tick, int, uint64_t>;

    void OnTyped(Partition& part, const Event& event)
    {
        NS_TEST_EXPECT_MSG_EQ(Simulator::Now().GetTimeStep(), part.now(), "Now() in a handler");
        m_actual.emplace_back(event.time, 0, event.key);
    }

    void OnOrdinary(uint64_t position)
    {
        m_actual.emplace_back(Simulator::Now().GetTimeStep(), 1, position);
    }

    void RunOn(const char* simulator)
    {
        const ChosenSimulator chosen(simulator);
        EventCore core({});
        const HandlerId handler = core.AddHandler<OrderTest, &OrderTest::OnTyped>(this);
        m_actual.clear();
        std::vector<Step> expected;
        Dice dice(5);
        for (uint32_t i = 0; i < 2000; ++i)
        {
            const auto time = static_cast<Tick>(dice.Below(300) * 7000);
            if (dice.Below(2) == 0)
            {
                const uint64_t key = core.Key(0, i);
                core.part(0).Insert({time, key, 0, 0, handler, 0});
                expected.emplace_back(time, 0, key);
            }
            else
            {
                Simulator::Schedule(TimeStep(time), &OrderTest::OnOrdinary, this, uint64_t{i});
                expected.emplace_back(time, 1, i);
            }
            if (i == 1000)
            {
                EventEngine::Attach(core); // half of them wait already
            }
        }
        std::sort(expected.begin(), expected.end());
        // In two runs, cut where both kinds are due: Stop() is the last ordinary event of its time.
        const Tick cut = 150 * 7000;
        Simulator::Stop(TimeStep(cut));
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(Simulator::Now().GetTimeStep(), cut, "stopped, " << simulator);
        NS_TEST_EXPECT_MSG_EQ(std::get<0>(m_actual.back()), cut, "last before, " << simulator);
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(m_actual.size(), expected.size(), "events, " << simulator);
        for (size_t i = 0; i < expected.size(); ++i)
        {
            NS_TEST_ASSERT_MSG_EQ(std::get<0>(m_actual[i]), std::get<0>(expected[i]), "time " << i);
            NS_TEST_ASSERT_MSG_EQ(std::get<1>(m_actual[i]), std::get<1>(expected[i]), "kind " << i);
            NS_TEST_ASSERT_MSG_EQ(std::get<2>(m_actual[i]), std::get<2>(expected[i]), "key " << i);
        }
        NS_TEST_EXPECT_MSG_EQ(Simulator::IsFinished(), true, "finished, " << simulator);
        if (simulator == kFabric)
        {
            // All of them and the Stop().
            NS_TEST_EXPECT_MSG_EQ(Simulator::GetEventCount(), expected.size() + 1, "event count");
        }
    }

    void DoRun() override
    {
        UsePicoseconds();
        RunOn(kFabric);
        RunOn(kDefault);
    }

    std::vector<Step> m_actual;
};

// ------------------------------------------------------------------------- edges

template <class F>
bool
Throws(F&& attempt)
{
    try
    {
        attempt();
    }
    catch (const ::heddle::InputError&)
    {
        return true;
    }
    return false;
}

/// Comes first: later tests change the resolution for good.
class ResolutionTest : public TestCase
{
  public:
    ResolutionTest() : TestCase("a core is refused unless Time counts picoseconds")
    {
    }

  private:
    void DoRun() override
    {
        const ChosenSimulator chosen(kFabric);
        EventCore core({});
        const bool fine = Time::GetResolution() == Time::PS;
        const bool refused = Throws([&] { EventEngine::Attach(core); });
        NS_TEST_EXPECT_MSG_EQ(refused, !fine, "refused at a resolution of nanoseconds");
    }
};

class EdgesTest : public TestCase
{
  public:
    EdgesTest() : TestCase("stop from a handler, second core, late core, detaching, misuse")
    {
    }

  private:
    void OnTyped(Partition& part, const Event& event)
    {
        ++m_typed;
        if (event.aux == 1)
        {
            part.core().Stop();
        }
        if (event.aux == 2)
        {
            Simulator::Schedule(TimeStep(1), &EdgesTest::Nothing);
        }
    }

    static void Nothing()
    {
    }

    void StopFromHandler(const char* simulator)
    {
        const ChosenSimulator chosen(simulator);
        EventCore core({});
        const HandlerId handler = core.AddHandler<EdgesTest, &EdgesTest::OnTyped>(this);
        m_typed = 0;
        EventEngine::Attach(core);
        core.part(0).Schedule(10, handler, 0, 0, core.Key(0, 0));
        core.part(0).Schedule(20, handler, 0, 0, core.Key(0, 1), 1);
        core.part(0).Schedule(30, handler, 0, 0, core.Key(0, 2));
        Simulator::Schedule(TimeStep(25), &EdgesTest::Nothing);
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(m_typed, 2, "typed events before the stop, " << simulator);
        NS_TEST_EXPECT_MSG_EQ(Simulator::Now().GetTimeStep(), 20, "stopped at, " << simulator);
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(m_typed, 3, "typed events after all, " << simulator);
        EventEngine::Detach();
        core.part(0).Schedule(5, handler, 0, 0, core.Key(0, 3));
        Simulator::Schedule(TimeStep(50), &EdgesTest::Nothing);
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(m_typed, 3, "a detached core rests, " << simulator);
        NS_TEST_EXPECT_MSG_EQ((EventEngine::Attached() == nullptr), true, "detached");
        const bool late = Throws([&] { EventEngine::Attach(core); });
        NS_TEST_EXPECT_MSG_EQ(late, true, "an event in the simulator's past, " << simulator);
    }

    void Refusals()
    {
        EventCore core({});
        const ChosenSimulator chosen(kFabric);
        EventEngine::Attach(core);
        EventCore other({});
        const bool second = Throws([&] { EventEngine::Attach(other); });
        NS_TEST_EXPECT_MSG_EQ(second, true, "a second core");
        const bool zero = Throws([] { EventEngine::EnableUpcalls(0); });
        NS_TEST_EXPECT_MSG_EQ(zero, true, "an upcall without latency");
        EventEngine::EnableUpcalls(5);
        const bool changed = Throws([] { EventEngine::EnableUpcalls(6); });
        NS_TEST_EXPECT_MSG_EQ(changed, true, "two latencies");
        Simulator::Destroy();
        const bool again = Throws([&] { EventEngine::Attach(other); });
        NS_TEST_EXPECT_MSG_EQ(again, false, "free after Destroy()");
    }

    /// A handler that schedules an ordinary event must die with a message, not race.
    void HandlerCallsSimulator()
    {
        const pid_t child = fork();
        if (child == 0)
        {
            const int null = open("/dev/null", O_WRONLY);
            dup2(null, STDERR_FILENO);
            const ChosenSimulator chosen(kFabric);
            EventCore core({});
            const HandlerId handler = core.AddHandler<EdgesTest, &EdgesTest::OnTyped>(this);
            EventEngine::Attach(core);
            core.part(0).Schedule(10, handler, 0, 0, core.Key(0, 0), 2);
            Simulator::Run();
            _exit(0); // not reached
        }
        int status = 0;
        waitpid(child, &status, 0);
        const bool died = WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
        NS_TEST_EXPECT_MSG_EQ(died, true, "Schedule() in a handler must abort");
    }

    void DoRun() override
    {
        UsePicoseconds();
        Refusals();
        StopFromHandler(kFabric);
        StopFromHandler(kDefault);
        HandlerCallsSimulator();
    }

    int m_typed = 0;
};

} // namespace

std::vector<TestCase*>
TypedTests()
{
    return {new ResolutionTest, new OrderTest, new SameDigestTest, new EdgesTest};
}

} // namespace test
} // namespace heddle
} // namespace ns3
