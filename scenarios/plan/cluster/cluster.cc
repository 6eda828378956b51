// SPDX-License-Identifier: GPL-2.0-only
#include "loader/choice.h"
#include "plan/cluster/accelerators.h"
#include "plan/fabric/tiers.h"

#include <cmath>

namespace heddle
{

namespace
{

/// Steps in which persistent deviations drift away; an assumption (minutes, as temperature does).
constexpr uint64_t kDriftSteps = 100;

/// Ranks times task state must fit a workstation.
constexpr uint64_t kMostAccelerators = 65536;

JitterModel::Shape
ReadShape(const ScenarioNode& jitter)
{
    const std::string shape = jitter.Text("shape", "lognormal");
    if (shape == "gaussian")
    {
        return JitterModel::Shape::Gaussian;
    }
    if (shape != "lognormal")
    {
        jitter.Fail("shape",
                    "unknown shape '" + shape + "'." +
                        DidYouMean(shape, {"lognormal", "gaussian"}));
    }
    return JitterModel::Shape::LogNormal;
}

JitterModel
ReadJitter(const ScenarioNode& node, bool repeats, const ClusterPlan& plan)
{
    JitterModel jitter;
    jitter.persistentSigma = node.Ratio("persistent_sigma", 0);
    jitter.kernelSigma = node.Ratio("kernel_sigma", plan.calibration.kernelSigma);
    if (jitter.persistentSigma > 0 || jitter.kernelSigma > 0)
    {
        jitter.shape = ReadShape(node);
    }
    node.NotUsedBecause("shape", "persistent_sigma and kernel_sigma are both zero");
    if (repeats && jitter.persistentSigma > 0)
    {
        jitter.driftSteps = static_cast<uint32_t>(node.Count("drift_steps", kDriftSteps));
    }
    node.NotUsedBecause("drift_steps",
                        "there is one step (run.steps), or persistent_sigma is zero");
    jitter.slowHostShare = node.Ratio("slow_host_share", 0);
    if (jitter.slowHostShare > 0)
    {
        jitter.slowHostFactor = node.Ratio("slow_host_factor", 1.1);
    }
    node.NotUsedBecause("slow_host_factor", "slow_host_share is zero");
    for (const ScenarioNode& slow : node.Children("slowdown"))
    {
        const uint64_t rank = slow.RequiredCount("rank");
        if (rank >= plan.ranks())
        {
            slow.Fail("rank",
                      "there is no accelerator " + std::to_string(rank) + "; the last is " +
                          std::to_string(plan.ranks() - 1) + ".");
        }
        jitter.slowdown[static_cast<Rank>(rank)] = slow.RequiredRatio("factor");
    }
    return jitter;
}

} // namespace

BitRate
Derated(BitRate rate, double efficiency)
{
    const double bps = static_cast<double>(rate.bps()) * efficiency;
    return efficiency == 1 ? rate : BitRate(static_cast<uint64_t>(std::llround(bps)));
}

ClusterPlan
PlanCluster(const ScenarioNode& cluster)
{
    ClusterPlan plan;
    plan.hosts = static_cast<uint32_t>(cluster.RequiredCount("hosts"));
    plan.acceleratorsPerHost = static_cast<uint32_t>(cluster.Count("accelerators_per_host", 8));
    if (uint64_t{plan.hosts} * plan.acceleratorsPerHost > kMostAccelerators)
    {
        cluster.Fail("hosts",
                     std::to_string(plan.hosts) + " hosts of " +
                         std::to_string(plan.acceleratorsPerHost) +
                         " accelerators are too many: packet fidelity takes at most " +
                         std::to_string(kMostAccelerators) + " accelerators.");
    }
    plan.nicRate = cluster.Child("nic").RequiredRate("rate");
    plan.calibration = ReadCalibration(cluster);
    plan.floorPlan = ReadFloorPlan(cluster);
    return plan;
}

void
PlanCompute(const ScenarioNode& cluster,
            const WorkloadTraits& traits,
            bool priced,
            bool repeats,
            ClusterPlan& plan)
{
    const ScenarioNode accelerator = cluster.Child("accelerator");
    std::string preset = "h100-sxm";
    std::map<std::string, std::string> given;
    const bool scaleUp = plan.acceleratorsPerHost > 1;
    if (traits.roofline || scaleUp || priced)
    {
        preset = accelerator.Text("preset", preset);
        CheckName(accelerator, "preset", "accelerator", preset);
    }
    for (const char* figure :
         {"peak_flops", "flops_efficiency", "memory_bandwidth", "memory_efficiency"})
    {
        accelerator.NotUsedBecause(figure, "the workload has no kernel with a roofline");
        const auto& measured = plan.calibration.accelerator;
        if (traits.roofline && accelerator.Has(figure))
        {
            given[figure] = *accelerator.Text(figure);
        }
        else if (traits.roofline && measured.count(figure))
        {
            given[figure] = measured.at(figure);
        }
    }
    for (const char* figure : {"price_per_hour", "power"})
    {
        accelerator.NotUsedBecause(figure, "without ideal worlds there is no tax to price");
        if (priced && accelerator.Has(figure))
        {
            given[figure] = *accelerator.Text(figure);
        }
    }
    const AcceleratorPreset made =
        accelerator.At("preset", [&] { return MakeAccelerator(preset, given); });
    plan.accelerator = made.model;
    plan.accelerator.name = traits.roofline ? preset : "";
    plan.scaleUp = made.scaleUp;
    plan.pricePerHour = made.pricePerHour;
    plan.power = made.power;
    plan.acceleratorCost = made.cost;
    if (scaleUp)
    {
        const ScenarioNode links = cluster.Child("scale_up");
        plan.scaleUp.portRate =
            Derated(links.Rate("rate", plan.scaleUp.portRate), plan.calibration.scaleUpEfficiency);
        plan.scaleUp.latency = links.Time("latency", plan.scaleUp.latency);
    }
    cluster.NotUsedBecause("scale_up", "a host has one accelerator");
    if (traits.compute)
    {
        plan.jitter = ReadJitter(cluster.Child("jitter"), repeats, plan);
    }
    cluster.NotUsedBecause("jitter", "the workload computes nothing");
    cluster.NotUsedBecause("accelerator", "the workload has no kernel with a roofline");
}

} // namespace heddle
