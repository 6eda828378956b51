// SPDX-License-Identifier: GPL-2.0-only
// Stopping, attaching, detaching, and what is refused.
#include "event-engine-tests.h"

#include "ns3/base-errors.h"
#include "ns3/event-engine.h"
#include "ns3/event-id.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/wait.h>
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
using ::heddle::Partition;

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

    void InsertNow(EventCore* core, HandlerId handler)
    {
        core->part(0).Schedule(0, handler, 0, 0, core->Key(0, 10));
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
        // The last to run is a typed event that an ordinary one of the same time inserts.
        const EventId inserting =
            Simulator::Schedule(TimeStep(40), &EdgesTest::InsertNow, this, &core, handler);
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(m_typed, 4, "inserted at once, " << simulator);
        NS_TEST_EXPECT_MSG_EQ(inserting.IsExpired(), true, "it ran, " << simulator);
        EventEngine::Detach();
        core.part(0).Schedule(5, handler, 0, 0, core.Key(0, 3));
        Simulator::Schedule(TimeStep(50), &EdgesTest::Nothing);
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(m_typed, 4, "a detached core rests, " << simulator);
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
EdgesTests()
{
    return {new ResolutionTest, new EdgesTest};
}

} // namespace test
} // namespace heddle
} // namespace ns3
