// SPDX-License-Identifier: GPL-2.0-only
//
// Repeated steps on clusters of several sizes against order statistics: a step that ends with a
// collective is as long as the slowest accelerator's kernel.
#include "report/terminal/summary.h"
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "heddle-result.pb.h"

#include <cmath>
#include <gtest/gtest.h>
#include <sstream>

namespace heddle
{
namespace
{

constexpr const char* kScenario = R"(
cluster { hosts: 8 accelerators_per_host: 1 nic { rate: "400Gbps" }
          jitter { shape: "gaussian" kernel_sigma: "1%" } }
fabric { name: "f" topology { name: "single-switch" } }
workload { collective { kind: "all-reduce" bytes: "64KiB" compute_time: "10ms" } }
run { fidelity: "flow" steps: 1000 scales: 64 scales: 256 what_if: "none" }
)";

double
Normal(double x)
{
    return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

/// Mean and standard deviation of the largest of n standard normal draws.
std::pair<double, double>
LargestOf(double n)
{
    double mean = 0;
    double square = 0;
    constexpr double kStep = 1e-3;
    for (double x = -10; x < 10; x += kStep)
    {
        const double p = std::pow(Normal(x + kStep), n) - std::pow(Normal(x), n);
        mean += p * (x + kStep / 2);
        square += p * (x + kStep / 2) * (x + kStep / 2);
    }
    return {mean, std::sqrt(square - mean * mean)};
}

/// The x that the largest of n stays below with probability p.
double
QuantileOfLargest(double n, double p)
{
    double low = -10;
    double high = 10;
    for (int i = 0; i < 60; ++i)
    {
        const double x = (low + high) / 2;
        (std::pow(Normal(x), n) < p ? low : high) = x;
    }
    return low;
}

void
ExpectOrderStatistics(const v1::Steps& steps, double n)
{
    const auto [mean, deviation] = LargestOf(n);
    const double error = 4 * deviation / std::sqrt(steps.count());
    EXPECT_NEAR(steps.accelerator_jitter_s(), 1e-4, 0.05e-4) << "1 % of 10 ms";
    EXPECT_NEAR(steps.jitter_amplification(), mean, error + 0.02 * mean) << n << " accelerators";
    const auto expect = [&](double actual, double p)
    {
        const double expected = steps.steady_s() + 1e-4 * QuantileOfLargest(n, p);
        // 4 binomial standard errors of p to either side.
        const double band = 4 * std::sqrt(p * (1 - p) / steps.count());
        const double low = steps.steady_s() + 1e-4 * QuantileOfLargest(n, p - band);
        const double high =
            steps.steady_s() + 1e-4 * QuantileOfLargest(n, std::min(p + band, 1 - 1e-6));
        EXPECT_GT(actual, low) << n << " accelerators, p " << p << ", expected " << expected;
        EXPECT_LT(actual, high) << n << " accelerators, p " << p << ", expected " << expected;
    };
    expect(steps.p50_s(), 0.5);
    expect(steps.p90_s(), 0.9);
    ASSERT_TRUE(steps.has_p99_s());
    expect(steps.p99_s(), 0.99);
    EXPECT_FALSE(steps.has_p999_s()) << "one step of a thousand is no percentile";
}

TEST(Scales, JitterIsAmplifiedAsTheLargestOfSoManyDraws)
{
    const v1::Result result = RunPlan(PlanOf(kScenario, {}), {});
    const v1::FabricResult& fabric = result.fabrics(0);
    ExpectOrderStatistics(fabric.steps(), 8);
    ASSERT_EQ(fabric.scales_size(), 2);
    EXPECT_EQ(fabric.scales(0).accelerators(), 64U);
    ExpectOrderStatistics(fabric.scales(0).steps(), 64);
    EXPECT_EQ(fabric.scales(1).accelerators(), 256U);
    ExpectOrderStatistics(fabric.scales(1).steps(), 256);
    std::ostringstream summary;
    PrintSummary(result, summary);
    EXPECT_NE(summary.str().find("Jitter amplification against accelerators"), std::string::npos);
}

TEST(Scales, AScaleIsTheScenarioOnThatCluster)
{
    const v1::Result scaled =
        RunPlan(PlanOf(kScenario, {"run.steps=20", "run.scales=[16, 32]"}), {});
    const v1::Result alone =
        RunPlan(PlanOf(kScenario, {"run.steps=20", "run.scales=[]", "cluster.hosts=32"}), {});
    ASSERT_EQ(scaled.fabrics(0).scales_size(), 2);
    EXPECT_EQ(scaled.fabrics(0).scales(1).steps().SerializeAsString(),
              alone.fabrics(0).steps().SerializeAsString());
}

TEST(Scales, ReplicasGrowWithTheCluster)
{
    const std::string text = R"(
cluster { hosts: 2 accelerators_per_host: 4 accelerator { preset: "h100-sxm" }
          nic { rate: "400Gbps" } jitter { kernel_sigma: "1%" } }
fabric { name: "f" topology { name: "fat-tree-2"
         parameters { name: "hosts_per_leaf" value: "1" } } }
workload { training_step { model: "llama3-8b" tensor_parallel: 4 data_parallel: 2
           slice { layers: 1 head: false } } }
run { fidelity: "flow" steps: 2 scales: 16 what_if: "none" }
)";
    const Plan plan = PlanOf(text, {});
    ASSERT_EQ(plan.scales.size(), 1U);
    EXPECT_EQ(plan.scales[0].plan->cluster.ranks(), 16U);
    EXPECT_EQ(plan.scales[0].plan->workload.graph.ranks(), 16U);
    EXPECT_EQ(RunPlan(plan, {}).fabrics(0).scales_size(), 1);
}

TEST(Scales, WrongOnesAreErrorsWithTheirPlace)
{
    const auto expect = [](const std::vector<std::string>& overrides, const std::string& part)
    {
        try
        {
            PlanOf(kScenario, overrides);
            ADD_FAILURE() << "accepted: " << part;
        }
        catch (const InputError& error)
        {
            EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
        }
    };
    expect({"run.scales=[64,32]"}, "sizes must ascend");
    expect({"run.scales=1"}, "2 at least");
    expect({"cluster.accelerators_per_host=8", "run.scales=60"}, "a multiple of the 8");
    expect({"run.steps=1"}, "run.scales: has no effect here");
    expect({"run.scales=100000000"}, "with 100000000 accelerators");
    expect({"run.scales=x"}, "is not what scales takes");
}

} // namespace
} // namespace heddle
