// SPDX-License-Identifier: GPL-2.0-only
// Oracle: ns3::DefaultSimulatorImpl. Without a core FabricSimulatorImpl must do the very same, so
// random programs over the whole of the Simulator interface leave the same trace under both.
#include "event-engine-tests.h"

#include "ns3/calendar-scheduler.h"
#include "ns3/event-id.h"
#include "ns3/list-scheduler.h"
#include "ns3/map-scheduler.h"
#include "ns3/object-factory.h"
#include "ns3/priority-queue-scheduler.h"

#include <sstream>
#include <thread>
#include <vector>

namespace ns3
{
namespace heddle
{
namespace test
{
namespace
{

/// What happened: one line per step, compared line by line.
using Trace = std::vector<std::string>;

class RandomProgram
{
  public:
    RandomProgram(uint64_t seed, uint32_t operations) : m_dice(seed), m_operationsLeft(operations)
    {
    }

    /// Runs until all operations are used up, through many Stop()s, and returns the trace.
    Trace Run()
    {
        while (m_operationsLeft > 0)
        {
            // Between two runs, with the time and the context of the last event.
            for (int i = 0; i < 12; ++i)
            {
                Operate();
            }
            Simulator::Run();
            Log("returned", Simulator::GetEventCount());
            LogAges();
        }
        Simulator::Run(); // what a last Stop() left
        Log("last", Simulator::GetEventCount());
        Simulator::Destroy();
        Log("destroyed", 0);
        return m_trace;
    }

  private:
    void Log(const char* what, uint64_t detail)
    {
        std::ostringstream line;
        line << what << ' ' << detail << " at " << Simulator::Now().GetTimeStep() << " in "
             << Simulator::GetContext();
        m_trace.push_back(line.str());
    }

    void Log(const char* what, const EventId& id)
    {
        std::ostringstream line;
        line << what << " uid " << id.GetUid() << " ts " << id.GetTs() << " context "
             << id.GetContext() << " expired " << id.IsExpired() << " left "
             << Simulator::GetDelayLeft(id).GetTimeStep();
        m_trace.push_back(line.str());
    }

    void LogAges()
    {
        uint64_t expired = 0;
        for (const EventId& id : m_ids)
        {
            expired = expired * 3 + (id.IsExpired() ? 1 : 2);
        }
        Log("ages", expired);
    }

    void OnEvent(uint32_t number)
    {
        Log("event", number);
        for (uint64_t n = m_dice.Below(4); n > 0; --n)
        {
            Operate();
        }
        Log("count", Simulator::GetEventCount());
    }

    void OnDestroy(uint32_t number)
    {
        Log("destroy", number);
        if (number % 5 == 0)
        {
            Simulator::ScheduleDestroy(&RandomProgram::OnDestroy, this, number + 1);
        }
        if (!m_ids.empty())
        {
            Log("at destruction", PickId());
        }
    }

    const EventId& PickId()
    {
        // Mostly recent ones: the old have expired.
        const uint64_t recent = std::min<uint64_t>(m_ids.size(), 24);
        return m_ids[m_ids.size() - 1 - m_dice.Below(recent)];
    }

    Time PickDelay()
    {
        static constexpr uint64_t kRange[] = {1, 3, 10, 1000, 5000000};
        return TimeStep(m_dice.Below(kRange[m_dice.Below(5)]));
    }

    void Operate()
    {
        if (m_operationsLeft == 0)
        {
            return;
        }
        --m_operationsLeft;
        const uint64_t choice = m_dice.Below(100);
        if (choice < 62 || m_ids.empty())
        {
            Schedule(choice);
        }
        else if (choice < 84)
        {
            Touch(choice);
        }
        else
        {
            Steer(choice);
        }
    }

    void Schedule(uint64_t choice)
    {
        const uint32_t number = m_number++;
        if (choice < 36)
        {
            m_ids.push_back(
                Simulator::Schedule(PickDelay(), &RandomProgram::OnEvent, this, number));
        }
        else if (choice < 44)
        {
            m_ids.push_back(Simulator::ScheduleNow(&RandomProgram::OnEvent, this, number));
        }
        else if (choice < 54)
        {
            const auto context = static_cast<uint32_t>(m_dice.Below(5));
            Simulator::ScheduleWithContext(context,
                                           PickDelay(),
                                           &RandomProgram::OnEvent,
                                           this,
                                           number);
            return;
        }
        else
        {
            m_ids.push_back(Simulator::ScheduleDestroy(&RandomProgram::OnDestroy, this, number));
        }
        Log("scheduled", m_ids.back());
    }

    void Touch(uint64_t choice)
    {
        EventId id = PickId();
        Log("before", id);
        if (choice < 70)
        {
            Simulator::Cancel(id);
        }
        else if (choice < 78)
        {
            Simulator::Remove(id);
        }
        Log("after", id);
    }

    void Steer(uint64_t choice)
    {
        if (choice < 86)
        {
            Simulator::Stop();
        }
        else if (choice < 90)
        {
            Simulator::Stop(PickDelay());
        }
        else if (choice < 93)
        {
            SetScheduler();
        }
        Log("finished", Simulator::IsFinished());
    }

    void SetScheduler()
    {
        // Not HeapScheduler: after Remove() of ns-3.37's time may run backwards.
        const TypeId types[] = {MapScheduler::GetTypeId(),
                                ListScheduler::GetTypeId(),
                                CalendarScheduler::GetTypeId(),
                                PriorityQueueScheduler::GetTypeId()};
        ObjectFactory factory;
        factory.SetTypeId(types[m_dice.Below(4)]);
        Simulator::SetScheduler(factory);
    }

    Dice m_dice;
    uint32_t m_operationsLeft;
    uint32_t m_number = 0;
    std::vector<EventId> m_ids;
    Trace m_trace;
};

class RandomProgramTest : public TestCase
{
  public:
    RandomProgramTest()
        : TestCase("random programs leave the trace that DefaultSimulatorImpl leaves")
    {
    }

  private:
    static Trace RunOn(const char* simulator, uint64_t seed)
    {
        const ChosenSimulator chosen(simulator);
        return RandomProgram(seed << 32, 2000).Run();
    }

    void DoRun() override
    {
        size_t steps = 0;
        for (uint64_t seed = 1; seed <= 60; ++seed)
        {
            const Trace expected = RunOn(kDefault, seed);
            const Trace actual = RunOn(kFabric, seed);
            NS_TEST_ASSERT_MSG_EQ(actual.size(), expected.size(), "length, seed " << seed);
            for (size_t i = 0; i < expected.size(); ++i)
            {
                NS_TEST_ASSERT_MSG_EQ(actual[i], expected[i], "line " << i << ", seed " << seed);
            }
            steps += expected.size();
        }
        // Guards the test itself: programs that die out early would compare nothing.
        NS_TEST_ASSERT_MSG_GT(steps, 60 * 2000, "the programs must do something");
    }
};

/// Another thread schedules all the while; every event runs, on the main thread, in its context.
class ForeignThreadTest : public TestCase
{
  public:
    ForeignThreadTest() : TestCase("events of other threads run once each, on the main thread")
    {
    }

  private:
    static constexpr uint32_t kEvents = 2000;
    static constexpr uint32_t kThreads = 3;

    void OnForeign(uint32_t thread)
    {
        NS_TEST_EXPECT_MSG_EQ(Simulator::GetContext(), 100 + thread, "context of the event");
        NS_TEST_EXPECT_MSG_EQ((std::this_thread::get_id() == m_main), true, "thread of the event");
        ++m_seen[thread];
    }

    void Tick()
    {
        uint32_t seen = 0;
        for (uint32_t n : m_seen)
        {
            seen += n;
        }
        if (seen < kThreads * kEvents)
        {
            Simulator::Schedule(NanoSeconds(1), &ForeignThreadTest::Tick, this);
        }
    }

    void DoRun() override
    {
        const ChosenSimulator chosen(kFabric);
        m_main = std::this_thread::get_id();
        m_seen.assign(kThreads, 0);
        Simulator::Schedule(NanoSeconds(1), &ForeignThreadTest::Tick, this);
        std::vector<std::thread> threads;
        for (uint32_t t = 0; t < kThreads; ++t)
        {
            threads.emplace_back(
                [this, t]
                {
                    for (uint32_t i = 0; i < kEvents; ++i)
                    {
                        Simulator::ScheduleWithContext(100 + t,
                                                       NanoSeconds(i % 7),
                                                       &ForeignThreadTest::OnForeign,
                                                       this,
                                                       t);
                    }
                });
        }
        Simulator::Run();
        for (auto& thread : threads)
        {
            thread.join();
        }
        for (uint32_t t = 0; t < kThreads; ++t)
        {
            NS_TEST_EXPECT_MSG_EQ(m_seen[t], kEvents, "events of thread " << t);
        }
    }

    std::thread::id m_main;
    std::vector<uint32_t> m_seen;
};

} // namespace

std::vector<TestCase*>
OrdinaryTests()
{
    return {new RandomProgramTest, new ForeignThreadTest};
}

} // namespace test
} // namespace heddle
} // namespace ns3
