// SPDX-License-Identifier: GPL-2.0-only
//
// The what-if ladder: exact sums, and causes put in by hand that come out on their own rung, at
// every level.
#include "report/terminal/summary.h"
#include "run/runner.h"
#include "run/world/retime.h"
#include "testing/plan-of-text.h"

#include "heddle-result.pb.h"

#include <cmath>
#include <gtest/gtest.h>
#include <sstream>

namespace heddle
{
namespace
{

v1::Result
ResultOf(const std::string& text, const std::string& fidelity = "packet")
{
    return RunPlan(PlanOf(text, {"run.what_if=all", "run.fidelity=" + fidelity}), {});
}

v1::FabricResult
RunAll(const std::string& text, const std::string& fidelity = "packet")
{
    return ResultOf(text, fidelity).fabrics(0);
}

double
Saved(const v1::FabricResult& fabric, const std::string& rung)
{
    for (const v1::World& world : fabric.ladder())
    {
        if (world.rung() == rung)
        {
            return world.saved_s();
        }
    }
    ADD_FAILURE() << "no rung " << rung;
    return 0;
}

/// All of `cause` seconds on `rung`, and next to nothing on the other network rungs.
void
ExpectOn(const v1::FabricResult& fabric,
         const std::string& rung,
         double cause,
         double tolerance = 0.02)
{
    EXPECT_NEAR(Saved(fabric, rung) / cause, 1, tolerance)
        << "expected " << cause << " s, actual " << Saved(fabric, rung) << " s";
    for (const char* other : {"R1", "R2", "R4", "R9", "R10"})
    {
        if (other != rung)
        {
            EXPECT_LT(std::abs(Saved(fabric, other)), 0.02 * cause) << other;
        }
    }
}

constexpr double kGoodput = 50e9 * 4096 / 4178;
constexpr double kMessage = 16 * 1048576.0;

/// `hosts` of two accelerators, half of them under each of two leaves; everyone sends across.
std::string
Permutation(unsigned hosts, const std::string& oversubscription, const std::string& more)
{
    return "cluster { hosts: " + std::to_string(hosts) + R"( accelerators_per_host: 2
                 nic { rate: "400Gbps" } }
fabric { name: "f"
         topology { name: "fat-tree-2"
                    parameters { name: "hosts_per_leaf" value: ")" +
           std::to_string(hosts / 2) + R"(" }
                    parameters { name: "oversubscription" value: ")" +
           oversubscription + R"(" } }
         )" +
           more + R"( }
workload { traffic { permutation { bytes: "16MiB" shift: )" +
           std::to_string(hosts) + " } } }\n";
}

/// Exact: what all rungs save, and what is left, is the step.
void
ExpectSum(const v1::FabricResult& fabric)
{
    ASSERT_TRUE(fabric.has_what_if());
    ASSERT_EQ(fabric.ladder_size(), 11);
    int64_t sum = fabric.what_if().compute_ps() + fabric.what_if().bubble_ps();
    for (const v1::World& world : fabric.ladder())
    {
        sum += world.saved_ps();
    }
    EXPECT_EQ(sum, fabric.step_time_ps());
}

class WhatIfAt : public ::testing::TestWithParam<const char*>
{
};

INSTANTIATE_TEST_SUITE_P(Levels,
                         WhatIfAt,
                         ::testing::Values("packet", "flow-messages", "max-min", "flow"));

TEST_P(WhatIfAt, RungsSumToTheStepExactly)
{
    const v1::FabricResult fabric = RunAll(R"(
cluster { hosts: 4 accelerators_per_host: 2 nic { rate: "400Gbps" }
          accelerator { price_per_hour: "2USD" power: "1kW" }
          jitter { persistent_sigma: "2%" kernel_sigma: "1%" } }
fabric { name: "f" topology { name: "fat-tree-2"
         parameters { name: "hosts_per_leaf" value: "2" } }
         collectives { software { name: "nccl-h100" } }
         faults { degraded { link: "leaf0-spine0" rate_factor: "50%" } } }
workload { collective { kind: "all-to-all" bytes: "4MiB" repeat: 3 compute_time: "100us" } }
)",
                                           GetParam());
    ExpectSum(fabric);
    // Three kernels of 100 us, equal and steady, and no bubble.
    EXPECT_EQ(fabric.what_if().compute_ps(), 300'000'000);
    EXPECT_EQ(fabric.what_if().bubble_ps(), 0);
    // Shapley values sum to what removing all four causes saves, wherever the order.
    ASSERT_EQ(fabric.what_if().causes_size(), 4);
    double shapley = 0;
    for (const v1::CauseSaving& cause : fabric.what_if().causes())
    {
        shapley += cause.shapley_s();
    }
    EXPECT_GT(shapley, 0);
    EXPECT_LT(shapley, fabric.step_time_s());
    const v1::Taxes& taxes = fabric.taxes();
    EXPECT_NEAR(taxes.fabric_tax_usd_per_hour(), taxes.fabric_tax() * 8 * 2, 1e-12);
    EXPECT_NEAR(taxes.fabric_tax_j(), taxes.fabric_tax_s() * 8 * 1000, 1e-12);
    // Causes and sensitivity come from the ladder's level, those of packets from the next one.
    const std::string level = GetParam();
    EXPECT_EQ(fabric.what_if().fidelity(), level == "packet" ? "flow-messages" : level);
    EXPECT_NEAR(static_cast<double>(fabric.what_if().step_time_ps()) /
                    static_cast<double>(fabric.step_time_ps()),
                1,
                level == "packet" ? 0.05 : 0);
    // Faster kernels leave more of the step to communication.
    ASSERT_EQ(fabric.what_if().sensitivity_size(), 5);
    const double asIs = fabric.what_if().sensitivity(0).communication_tax();
    EXPECT_NEAR(asIs / taxes.communication_tax(), 1, 0.1) << "flow level against this one";
    EXPECT_GT(fabric.what_if().sensitivity(1).communication_tax(), asIs);
    EXPECT_LT(fabric.what_if().sensitivity(2).communication_tax(), asIs);
}

TEST_P(WhatIfAt, DrawsAreTheSameAsLongAsThereIsJitter)
{
    const v1::FabricResult fabric = RunAll(R"(
cluster { hosts: 4 accelerators_per_host: 2 nic { rate: "400Gbps" }
          jitter { persistent_sigma: "2%" kernel_sigma: "1%" } }
fabric { name: "f" topology { name: "fat-tree-2"
         parameters { name: "hosts_per_leaf" value: "2" } } }
workload { collective { kind: "all-to-all" bytes: "4MiB" repeat: 3 compute_time: "100us" } }
)",
                                           GetParam());
    EXPECT_NE(fabric.ladder(0).mean_busy_ps(), 300'000'000);
    for (int rung = 1; rung <= 8; ++rung)
    {
        EXPECT_EQ(fabric.ladder(rung).mean_busy_ps(), fabric.ladder(0).mean_busy_ps()) << rung;
    }
    EXPECT_EQ(fabric.ladder(9).mean_busy_ps(), 300'000'000);
}

/// Two pipeline stages, `batches` forwards of 1 ms and backwards of 2 ms each, all forwards first.
std::string
Pipeline(unsigned batches)
{
    std::ostringstream text;
    text << R"(cluster { hosts: 2 accelerators_per_host: 1 nic { rate: "400Gbps" }
                         jitter { slowdown { rank: 1 factor: "1.5" } } }
fabric { name: "f" topology { name: "single-switch" } }
workload { program {
)";
    const auto task = [&](int rank, const std::string& name, const std::vector<std::string>& after)
    {
        text << "task { rank: " << rank << " name: \"" << name << '"';
        for (const std::string& other : after)
        {
            text << " after: \"" << other << '"';
        }
    };
    const auto transfer = [&](const char* verb, int peer, unsigned tag)
    { text << ' ' << verb << " { peer: " << peer << " bytes: \"1MiB\" tag: " << tag << " } }\n"; };
    for (int rank : {0, 1})
    {
        std::string before;
        for (unsigned i = 0; i < 2 * batches; ++i)
        {
            const bool forward = i < batches;
            const std::string name = (forward ? "F" : "B") + std::to_string(i % batches);
            const bool receives = forward == (rank == 1);
            std::vector<std::string> after;
            if (!before.empty())
            {
                after.push_back(before);
            }
            if (receives)
            {
                task(rank, "receive " + name, {});
                transfer("receive", 1 - rank, i);
                after.push_back("receive " + name);
            }
            task(rank, name, after);
            text << " compute { time: \"" << (forward ? 1 : 2) << "ms\" } }\n";
            if (!receives)
            {
                task(rank, "send " + name, {name});
                transfer("send", 1 - rank, i);
            }
            before = name;
        }
    }
    text << "} }\n";
    return text.str();
}

TEST_P(WhatIfAt, WhatIsLeftOfAPipelineIsComputeAndBubble)
{
    const v1::FabricResult fabric = RunAll(Pipeline(4), GetParam());
    ExpectSum(fabric);
    // Four times (1 + 2) ms of work, and one forward and one backward of the other stage.
    EXPECT_EQ(fabric.what_if().compute_ps(), 12'000'000'000);
    EXPECT_EQ(fabric.what_if().bubble_ps(), 3'000'000'000);
    // A stage of 1.5 times the time: half its own work.
    EXPECT_EQ(Saved(fabric, "R9"), 6e-3);
}

TEST_P(WhatIfAt, OversubscriptionIsTheIdealFabricsRung)
{
    // Two senders share the one uplink: twice the time, whoever balances.
    ExpectOn(RunAll(Permutation(2, "2", ""), GetParam()), "R4", kMessage / kGoodput);
}

TEST_P(WhatIfAt, AHalfRateUplinkIsTheFailuresRung)
{
    // One uplink for two senders, at half rate: four times the time of the ideal fabric, half of
    // it the fault's and half of the rest the oversubscription's.
    const v1::FabricResult fabric = RunAll(
        Permutation(2, "2", R"(faults { degraded { link: "leaf0-spine0" rate_factor: "50%" } })"),
        GetParam());
    const double wire = kMessage / kGoodput;
    EXPECT_NEAR(Saved(fabric, "R1") / (2 * wire), 1, 0.02)
        << "expected " << 2 * wire << " s, actual " << Saved(fabric, "R1") << " s";
    EXPECT_NEAR(Saved(fabric, "R4") / wire, 1, 0.02)
        << "expected " << wire << " s, actual " << Saved(fabric, "R4") << " s";
}

/// Half of one link's rate is lost, from the start or soon after it: what that costs is on the
/// failures' rung, in the ledger's failure account, and no more than on the critical path.
TEST_P(WhatIfAt, ASlowNicLinkIsAFailure)
{
    for (const char* since : {"", " at: \"1us\""})
    {
        for (const char* link : {"nic0-leaf0", "nic2-leaf0"}) // of a sender, and of its receiver
        {
            const std::string text =
                std::string(
                    "cluster { hosts: 4 accelerators_per_host: 1 nic { rate: \"400Gbps\" } }\n"
                    "fabric { name: \"f\" topology { name: \"single-switch\" }\n"
                    "         faults { degraded { rate_factor: \"50%\" link: \"") +
                link + "\"" + since +
                " } } }\n"
                "workload { traffic { permutation { bytes: \"16MiB\" shift: 2 } } }\n";
            const v1::FabricResult fabric = RunAll(text, GetParam());
            const double wire = kMessage / kGoodput;
            double booked = 0;
            for (const v1::AccountTime& entry : fabric.critical_path())
            {
                booked += entry.account() == "scale_out_failure" ? ToSeconds(entry.time_ps()) : 0;
            }
            for (const double actual : {Saved(fabric, "R1"), booked})
            {
                EXPECT_NEAR(actual / wire, 1, 0.02)
                    << link << since << ": expected " << wire << " s, actual " << actual << " s";
            }
            for (const std::string& violation : fabric.what_if().violations())
            {
                ADD_FAILURE() << link << since << ": " << violation;
            }
        }
    }
}

TEST_P(WhatIfAt, HashCollisionsAreTheBalancingRung)
{
    const v1::FabricResult fabric =
        RunAll(Permutation(4, "1", R"(switch { load_balancer { name: "ecmp" } })"), GetParam());
    // k flows on the fullest uplink take k times as long; k is whole.
    const double times = fabric.step_time_s() / (kMessage / kGoodput);
    const double k = std::round(times);
    ASSERT_GE(k, 2) << "no collision with this seed: the test needs another";
    // Adaptive routing leaves queues of its own: 5 us and 7 us of 342 us.
    ExpectOn(fabric, "R2", (k - 1) * kMessage / kGoodput, 0.025);
}

TEST_P(WhatIfAt, ASlowAcceleratorIsTheJitterRung)
{
    const v1::FabricResult fabric = RunAll(R"(
cluster { hosts: 8 accelerators_per_host: 1 nic { rate: "400Gbps" }
          jitter { slowdown { rank: 3 factor: "1.2" } } }
fabric { name: "f" topology { name: "single-switch" } }
workload { collective { kind: "all-reduce" bytes: "1MiB" repeat: 2 compute_time: "1ms" } }
)",
                                           GetParam());
    ExpectOn(fabric, "R9", 2 * 0.2e-3);
    const v1::CauseSaving& jitter = fabric.what_if().causes(3);
    EXPECT_EQ(jitter.cause(), "jitter");
    EXPECT_NEAR(jitter.shapley_s(), 0.4e-3, 0.02 * 0.4e-3);
    EXPECT_EQ(fabric.what_if().violations_size(), 0);
}

TEST_P(WhatIfAt, UnequalWorkIsTheLastRung)
{
    const v1::FabricResult fabric = RunAll(R"(
cluster { hosts: 2 accelerators_per_host: 1 nic { rate: "400Gbps" } }
fabric { name: "f" topology { name: "single-switch" } }
workload { program {
  communicator { name: "world" rank: [0, 1] }
  task { rank: 0 name: "work" compute { time: "3ms" } }
  task { rank: 1 name: "work" compute { time: "1ms" } }
  task { rank: [0, 1] name: "sum" after: "work"
         collective { communicator: "world" kind: "all-reduce" bytes: "64KiB" } } } }
)",
                                           GetParam());
    ExpectOn(fabric, "R10", 1e-3);
    EXPECT_EQ(fabric.what_if().compute_ps(), 2'000'000'000);
}

TEST(WhatIf, ARungThatCostsTimeIsShown)
{
    // Rank 1's link at a tenth leaves nine tenths of rank 2's port to rank 0, whose message is
    // waited for; whole, it leaves half.
    const v1::Result result = ResultOf(R"(
cluster { hosts: 3 accelerators_per_host: 1 nic { rate: "400Gbps" } }
fabric { name: "f" topology { name: "single-switch" }
         faults { degraded { link: "nic1-leaf0" rate_factor: "10%" } } }
workload { program {
  task { rank: 0 name: "needed" send { peer: 2 bytes: "16MiB" } }
  task { rank: 1 name: "other" send { peer: 2 bytes: "16MiB" } }
  task { rank: 2 name: "needed" receive { peer: 0 bytes: "16MiB" } }
  task { rank: 2 name: "other" receive { peer: 1 bytes: "16MiB" } }
  task { rank: 2 name: "work" after: "needed" compute { time: "10ms" } } } }
)",
                                       "max-min");
    const double expected = kMessage / kGoodput * (1 / 0.9 - 1 / 0.5);
    const double actual = Saved(result.fabrics(0), "R1");
    EXPECT_NEAR(actual / expected, 1, 0.02)
        << "expected " << expected << " s, actual " << actual << " s";
    ExpectSum(result.fabrics(0));
    std::ostringstream summary;
    PrintSummary(result, summary);
    EXPECT_NE(summary.str().find(" +305.4 us"), std::string::npos) << summary.str();
}

TEST(WhatIf, ASavingAboveItsShareOfTheCriticalPathIsSaid)
{
    // Rank 0, late by half its work, sends when rank 1 does, over the same uplink. Rank 1 ends
    // last, on whose path there is no jitter.
    const v1::Result result = ResultOf(R"(
cluster { hosts: 2 accelerators_per_host: 2 nic { rate: "400Gbps" }
          jitter { slowdown { rank: 0 factor: "1.5" } } }
fabric { name: "f" topology { name: "fat-tree-2"
         parameters { name: "hosts_per_leaf" value: "1" }
         parameters { name: "oversubscription" value: "2" } } }
workload { program {
  task { rank: 0 name: "work" compute { time: "1ms" } }
  task { rank: 1 name: "work" compute { time: "1500us" } }
  task { rank: 0 name: "out" after: "work" send { peer: 2 bytes: "16MiB" } }
  task { rank: 1 name: "out" after: "work" send { peer: 3 bytes: "17MiB" } }
  task { rank: 2 name: "in" receive { peer: 0 bytes: "16MiB" } }
  task { rank: 3 name: "in" receive { peer: 1 bytes: "17MiB" } } } }
)",
                                       "flow");
    const v1::WhatIf& whatIf = result.fabrics(0).what_if();
    const v1::CauseSaving& jitter = whatIf.causes(3);
    EXPECT_NEAR(ToSeconds(jitter.first_ps()) / (kMessage / kGoodput), 1, 0.02);
    EXPECT_EQ(jitter.critical_path_ps(), 0);
    ASSERT_EQ(whatIf.violations_size(), 1);
    EXPECT_EQ(whatIf.violations(0).find("removing jitter first saves 34"), 0U)
        << whatIf.violations(0);
    std::ostringstream summary;
    PrintSummary(result, summary);
    EXPECT_NE(summary.str().find("note: on f removing jitter first saves"), std::string::npos);
}

TEST(Retime, BalancedWorkKeepsTheSum)
{
    TaskGraph graph(4); // the last has no kernels: it can take no work
    const double seconds[] = {1e-3, 2e-3, 6e-3};
    for (Rank r = 0; r < 3; ++r)
    {
        graph.AddCompute(r, {r < 2 ? "a" : "b", 0, 0, seconds[r]});
    }
    const AcceleratorModel model;
    const TaskGraph balanced = WithBalancedWork(graph, model);
    for (Rank r = 0; r < 3; ++r)
    {
        EXPECT_EQ(model.NominalTime(balanced.tasks()[balanced.program(r)[0]]), 3'000'000'000);
    }
}

} // namespace
} // namespace heddle
