// SPDX-License-Identifier: GPL-2.0-only
// What the files of the test suite "heddle-event-engine" share.
#ifndef NS3_EVENT_ENGINE_TESTS_H
#define NS3_EVENT_ENGINE_TESTS_H

#include "ns3/base-hash.h"
#include "ns3/nstime.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <string>
#include <vector>

namespace ns3
{
namespace heddle
{
namespace test
{

static constexpr const char* kDefault = "ns3::DefaultSimulatorImpl";
static constexpr const char* kFabric = "ns3::FabricSimulatorImpl";

/// Simulations in this scope run on the simulator `type`.
class ChosenSimulator
{
  public:
    explicit ChosenSimulator(const std::string& type);
    ~ChosenSimulator();
    ChosenSimulator(const ChosenSimulator&) = delete;
    ChosenSimulator& operator=(const ChosenSimulator&) = delete;
};

/// Makes Time count picoseconds from now on. ns-3 allows that only before the first
/// Simulator::Run() of a process, so the first test that needs it comes before any that runs, and
/// nothing undoes it.
void UsePicoseconds();

/// A small random sequence; its whole state is one number, so that a trace can show it.
class Dice
{
  public:
    explicit Dice(uint64_t seed) : m_state(seed)
    {
    }

    uint64_t Below(uint64_t bound)
    {
        return ::heddle::Mix64(++m_state) % bound;
    }

  private:
    uint64_t m_state;
};

/// The cases of one file each; the suite owns them.
std::vector<TestCase*> OrdinaryTests();
std::vector<TestCase*> EdgesTests();
std::vector<TestCase*> OrderTests();
std::vector<TestCase*> DigestTests();

} // namespace test
} // namespace heddle
} // namespace ns3

#endif
