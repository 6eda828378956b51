// SPDX-License-Identifier: GPL-2.0-only
#include "event-engine-tests.h"

#include "ns3/config.h"
#include "ns3/string.h"

namespace ns3
{
namespace heddle
{
namespace test
{

ChosenSimulator::ChosenSimulator(const std::string& type)
{
    Config::SetGlobal("SimulatorImplementationType", StringValue(type));
}

ChosenSimulator::~ChosenSimulator()
{
    Simulator::Destroy();
    Config::SetGlobal("SimulatorImplementationType", StringValue("ns3::DefaultSimulatorImpl"));
}

void
UsePicoseconds()
{
    if (Time::GetResolution() != Time::PS)
    {
        Time::SetResolution(Time::PS);
    }
}

namespace
{

class EventEngineTestSuite : public TestSuite
{
  public:
    EventEngineTestSuite() : TestSuite("heddle-event-engine", TestSuite::Type::UNIT)
    {
        // The first of the edges needs ns-3's own resolution; no later test may come before it.
        for (const auto& tests : {EdgesTests(), OrderTests(), DigestTests(), OrdinaryTests()})
        {
            for (TestCase* test : tests)
            {
                AddTestCase(test);
            }
        }
    }
};

EventEngineTestSuite g_eventEngineTestSuite;

} // namespace
} // namespace test
} // namespace heddle
} // namespace ns3
