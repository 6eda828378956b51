// SPDX-License-Identifier: GPL-2.0-only
// Oracle: lists sorted by hand.
#include "event-engine-tests.h"

#include "ns3/event-engine.h"

#include <algorithm>
#include <tuple>

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
using ::heddle::Partition;
using ::heddle::Tick;
using ::heddle::Upcalls;

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

/// Upcalls against a sorted list; no ordinary event cuts the run of typed ones short.
class UpcallTest : public TestCase
{
  public:
    UpcallTest()
        : TestCase("upcalls come after their latency, by key, between typed and ordinary events")
    {
    }

  private:
    static constexpr Tick kLatency = 500;

    /// (time, 0 typed, 1 upcall or 2 ordinary, key)
    using Step = std::tuple<Tick, int, uint64_t>;

    void OnTyped(Partition& part, const Event& event)
    {
        m_actual.emplace_back(event.time, 0, event.key);
        // The key as the argument: the upcall shows which one it is.
        m_upcalls->Post(part, event.key, &UpcallTest::OnUpcall, this, event.key);
    }

    static void OnUpcall(void* self, uint64_t key)
    {
        auto& test = *static_cast<UpcallTest*>(self);
        const Tick now = Simulator::Now().GetTimeStep();
        test.m_actual.emplace_back(now, 1, key);
        // An upcall may do what ordinary code may.
        Simulator::ScheduleNow(&UpcallTest::OnOrdinary, &test, test.m_ordinary++);
    }

    void OnOrdinary(uint64_t number)
    {
        m_actual.emplace_back(Simulator::Now().GetTimeStep(), 2, number);
    }

    void RunOn(const char* simulator, uint32_t partitions)
    {
        const ChosenSimulator chosen(simulator);
        EventCore::Config config;
        config.partitions = partitions;
        config.lookahead = 800;
        EventCore core(config);
        const HandlerId handler = core.AddHandler<UpcallTest, &UpcallTest::OnTyped>(this);
        EventEngine::Attach(core);
        m_upcalls = EventEngine::EnableUpcalls(kLatency);
        m_actual.clear();
        m_ordinary = 0;
        std::vector<Step> expected;
        Dice dice(9);
        for (uint32_t i = 0; i < 1000; ++i)
        {
            const auto time = static_cast<Tick>(dice.Below(200) * 100);
            const uint64_t key = core.Key(0, i);
            core.part(i % partitions).Insert({time, key, 0, 0, handler, 0});
            expected.emplace_back(time, 0, key);
            expected.emplace_back(time + kLatency, 1, key);
        }
        Simulator::Run();
        // Ordinary events are numbered in the order of the upcalls that schedule them.
        std::sort(expected.begin(), expected.end());
        std::vector<Step> actual = m_actual;
        std::sort(actual.begin(), actual.end());
        uint64_t number = 0;
        for (const Step& upcall : std::vector<Step>(expected))
        {
            if (std::get<1>(upcall) == 1)
            {
                expected.emplace_back(std::get<0>(upcall), 2, number++);
            }
        }
        std::sort(expected.begin(), expected.end());
        NS_TEST_ASSERT_MSG_EQ(m_actual.size(), expected.size(), "steps, " << simulator);
        // Partitions run their windows one after the other: typed events compare as a set, all
        // that the main thread runs in its order.
        NS_TEST_EXPECT_MSG_EQ((actual == expected), true, "what happened, " << simulator);
        const auto typed = [](const Step& step) { return std::get<1>(step) == 0; };
        m_actual.erase(std::remove_if(m_actual.begin(), m_actual.end(), typed), m_actual.end());
        expected.erase(std::remove_if(expected.begin(), expected.end(), typed), expected.end());
        NS_TEST_EXPECT_MSG_EQ((m_actual == expected), true, "order, " << simulator);
    }

    void DoRun() override
    {
        UsePicoseconds();
        for (const uint32_t partitions : {1, 5})
        {
            RunOn(kFabric, partitions);
            RunOn(kDefault, partitions);
        }
    }

    Upcalls* m_upcalls = nullptr;
    uint64_t m_ordinary = 0;
    std::vector<Step> m_actual;
};

} // namespace

std::vector<TestCase*>
OrderTests()
{
    return {new OrderTest, new UpcallTest};
}

} // namespace test
} // namespace heddle
} // namespace ns3
