// SPDX-License-Identifier: GPL-2.0-only
//
// The what-if ladder: exact sums, and causes put in by hand that come out on their own rung.
#include "loader/scenario-source.h"
#include "run/runner.h"
#include "run/world/retime.h"

#include "heddle-result.pb.h"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>

namespace heddle
{
namespace
{

v1::FabricResult
RunAll(const std::string& text)
{
    const std::string path = ::testing::TempDir() + "heddle-what-if.textproto";
    std::ofstream(path) << text;
    ScenarioSource source(path, {"run.what_if=all"});
    return RunPlan(MakePlan(source), {}).fabrics(0);
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
ExpectOn(const v1::FabricResult& fabric, const std::string& rung, double cause)
{
    EXPECT_NEAR(Saved(fabric, rung) / cause, 1, 0.02)
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

TEST(WhatIf, RungsSumToTheStepExactly)
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
)");
    ASSERT_TRUE(fabric.has_what_if());
    ASSERT_EQ(fabric.ladder_size(), 11);
    int64_t sum = fabric.what_if().compute_ps() + fabric.what_if().bubble_ps();
    for (const v1::World& world : fabric.ladder())
    {
        sum += world.saved_ps();
    }
    EXPECT_EQ(sum, fabric.step_time_ps());
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
    // Faster kernels leave more of the step to communication.
    ASSERT_EQ(fabric.what_if().sensitivity_size(), 4);
    EXPECT_GT(fabric.what_if().sensitivity(0).communication_tax(), taxes.communication_tax());
    EXPECT_LT(fabric.what_if().sensitivity(1).communication_tax(), taxes.communication_tax());
}

TEST(WhatIf, OversubscriptionIsTheIdealFabricsRung)
{
    // Two senders share the one uplink: twice the time, whoever balances.
    ExpectOn(RunAll(Permutation(2, "2", "")), "R4", kMessage / kGoodput);
}

TEST(WhatIf, AHalfRateUplinkIsTheFailuresRung)
{
    // One uplink for two senders, at half rate: four times the time of the ideal fabric, half of
    // it the fault's and half of the rest the oversubscription's.
    const v1::FabricResult fabric = RunAll(
        Permutation(2, "2", R"(faults { degraded { link: "leaf0-spine0" rate_factor: "50%" } })"));
    const double wire = kMessage / kGoodput;
    EXPECT_NEAR(Saved(fabric, "R1") / (2 * wire), 1, 0.02)
        << "expected " << 2 * wire << " s, actual " << Saved(fabric, "R1") << " s";
    EXPECT_NEAR(Saved(fabric, "R4") / wire, 1, 0.02)
        << "expected " << wire << " s, actual " << Saved(fabric, "R4") << " s";
}

TEST(WhatIf, HashCollisionsAreTheBalancingRung)
{
    const v1::FabricResult fabric =
        RunAll(Permutation(4, "1", R"(switch { load_balancer { name: "ecmp" } })"));
    // k flows on the fullest uplink take k times as long; k is whole.
    const double times = fabric.step_time_s() / (kMessage / kGoodput);
    const double k = std::round(times);
    ASSERT_GE(k, 2) << "no collision with this seed: the test needs another";
    ExpectOn(fabric, "R2", (k - 1) * kMessage / kGoodput);
}

TEST(WhatIf, ASlowAcceleratorIsTheJitterRung)
{
    const v1::FabricResult fabric = RunAll(R"(
cluster { hosts: 8 accelerators_per_host: 1 nic { rate: "400Gbps" }
          jitter { slowdown { rank: 3 factor: "1.2" } } }
fabric { name: "f" topology { name: "single-switch" } }
workload { collective { kind: "all-reduce" bytes: "1MiB" repeat: 2 compute_time: "1ms" } }
)");
    ExpectOn(fabric, "R9", 2 * 0.2e-3);
    const v1::CauseSaving& jitter = fabric.what_if().causes(3);
    EXPECT_EQ(jitter.cause(), "jitter");
    EXPECT_NEAR(jitter.shapley_s(), 0.4e-3, 0.02 * 0.4e-3);
    EXPECT_EQ(fabric.what_if().violations_size(), 0);
}

TEST(WhatIf, UnequalWorkIsTheLastRung)
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
)");
    ExpectOn(fabric, "R10", 1e-3);
    EXPECT_EQ(fabric.what_if().compute_ps(), 2'000'000'000);
}

TEST(Retime, BalancedWorkKeepsTheSum)
{
    TaskGraph graph(3);
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
