// SPDX-License-Identifier: GPL-2.0-only
//
// run.scales: the scenario on clusters of other sizes. More hosts mean more replicas; what one
// replica is stays.
#include "loader/scenario-source.h"
#include "plan/plan.h"

namespace heddle
{

namespace
{

/// What changes the cluster's size and nothing else.
std::vector<std::string>
OverridesFor(uint64_t accelerators, const ScenarioNode& root, const Plan& plan)
{
    const uint64_t hosts = accelerators / plan.cluster.acceleratorsPerHost;
    std::vector<std::string> overrides{"cluster.hosts=" + std::to_string(hosts),
                                       "run.what_if=none"};
    const ScenarioNode step = root.Child("workload").Child("training_step");
    if (step.Has("data_parallel"))
    {
        const uint64_t replicas = step.Count("data_parallel", 1);
        if (replicas * accelerators % plan.cluster.ranks() != 0)
        {
            throw InputError("replicas do not come out whole.");
        }
        const uint64_t scaled = replicas * accelerators / plan.cluster.ranks();
        overrides.push_back("workload.training_step.data_parallel=" + std::to_string(scaled));
    }
    return overrides;
}

} // namespace

std::vector<ScalePlan>
PlanScales(ScenarioSource& source, const Plan& plan)
{
    const ScenarioNode root = source.Root();
    const ScenarioNode run = root.Child("run");
    if (plan.steps == 1)
    {
        run.NotUsedBecause("scales", "only repeated steps (run.steps) are run at other scales");
        return {};
    }
    const std::vector<uint64_t> sizes = run.Counts("scales");
    if (sizes.empty() || source.derived())
    {
        return {};
    }
    const std::string kind = root.Child("workload").Which("kind");
    if (kind != "training_step" && kind != "collective")
    {
        run.Fail("scales", "a workload of kind '" + kind + "' has one size only.");
    }
    std::vector<ScalePlan> scales;
    for (uint64_t accelerators : sizes)
    {
        const uint32_t perHost = plan.cluster.acceleratorsPerHost;
        if (accelerators < 2 || accelerators % perHost != 0)
        {
            run.Fail("scales",
                     std::to_string(accelerators) + ": must be a multiple of the " +
                         std::to_string(perHost) + " accelerators of a host, and 2 at least.");
        }
        if (!scales.empty() && accelerators <= scales.back().accelerators)
        {
            run.Fail("scales", std::to_string(accelerators) + ": sizes must ascend.");
        }
        try
        {
            const auto scaled = source.Derive(OverridesFor(accelerators, root, plan));
            scales.push_back({static_cast<uint32_t>(accelerators),
                              std::make_shared<const Plan>(MakePlan(*scaled))});
        }
        catch (const InputError& error)
        {
            run.Fail("scales",
                     "with " + std::to_string(accelerators) + " accelerators: " + error.what());
        }
    }
    return scales;
}

} // namespace heddle
