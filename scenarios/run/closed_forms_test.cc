// SPDX-License-Identifier: GPL-2.0-only
//
// Oracle A3 at flow level by messages: collective times against their α-β closed forms on one
// switch, within 0.5 % (acknowledgements take 0.13 %, and are not in the forms).
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "heddle-result.pb.h"

#include <gtest/gtest.h>

namespace heddle
{
namespace
{

/// Payload of 4096 B in 4194 B on the wire (selective repeat addresses every packet).
constexpr double kBandwidth = 50e9 * 4096 / 4194;
/// Post 700 ns, two links of 3 m at 5 ns/m, a switch of 700 ns, completion 600 ns.
constexpr double kAlpha = 2.03e-6;
constexpr double kBytes = 64.0 * 1048576;

double
StepTime(const std::string& kind, unsigned ranks)
{
    const std::string text = "cluster { hosts: " + std::to_string(ranks) +
                             " accelerators_per_host: 1 nic { rate: \"400Gbps\" } }\n"
                             "fabric { name: \"f\" topology { name: \"single-switch\" } }\n"
                             "workload { collective { kind: \"" +
                             kind + "\" bytes: \"64MiB\" } }\n";
    const Plan plan = PlanOf(text, {"run.fidelity=flow-messages", "run.what_if=none"});
    return RunPlan(plan, {}).fabrics(0).step_time_s();
}

TEST(ClosedForms, RingAllReduce)
{
    for (const unsigned ranks : {2U, 8U, 32U, 64U})
    {
        const double steps = 2.0 * (ranks - 1);
        const double expected = steps / ranks * kBytes / kBandwidth + steps * kAlpha;
        const double actual = StepTime("all-reduce", ranks);
        EXPECT_NEAR(actual / expected, 1, 0.005)
            << ranks << " ranks: expected " << expected << " s, actual " << actual << " s";
    }
}

TEST(ClosedForms, DirectAllToAll)
{
    for (const unsigned ranks : {2U, 8U, 32U, 64U})
    {
        const double expected = (ranks - 1.0) / ranks * kBytes / kBandwidth + kAlpha;
        const double actual = StepTime("all-to-all", ranks);
        EXPECT_NEAR(actual / expected, 1, 0.005)
            << ranks << " ranks: expected " << expected << " s, actual " << actual << " s";
    }
}

} // namespace
} // namespace heddle
