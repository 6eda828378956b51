// SPDX-License-Identifier: GPL-2.0-only
// Oracle: the same program gives the same digest under every simulator, scheduler and number of
// partitions.
#include "event-engine-tests.h"

#include "ns3/config.h"
#include "ns3/event-engine.h"
#include "ns3/event-id.h"
#include "ns3/list-scheduler.h"
#include "ns3/map-scheduler.h"
#include "ns3/type-id.h"

#include <algorithm>

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

} // namespace

std::vector<TestCase*>
DigestTests()
{
    return {new SameDigestTest};
}

} // namespace test
} // namespace heddle
} // namespace ns3
