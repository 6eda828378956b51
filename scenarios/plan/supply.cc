// SPDX-License-Identifier: GPL-2.0-only
#include "plan/supply.h"

#include "loader/choice.h"

namespace heddle
{

namespace
{

SupplyReport
Compute(const ScenarioNode& node)
{
    const ChosenModel chosen = ReadChosen(node, RegistryRules("supply"), "");
    // A figure out of its range is found while computing; of several, the message names it.
    for (const ScenarioNode& parameter : node.Children("parameters"))
    {
        const std::string name = parameter.Text("name", "");
        parameter.At("value", [&] { Supply(chosen.name, {{name, parameter.Text("value", "")}}); });
    }
    return node.At("name", [&] { return Supply(chosen.name, chosen.given); });
}

} // namespace

std::vector<SupplyReport>
PlanSupply(ScenarioSource& source)
{
    const ScenarioNode root = source.Root();
    root.Text("title");
    root.Texts("note");
    std::vector<SupplyReport> reports;
    for (const ScenarioNode& node : root.Children("supply"))
    {
        reports.push_back(Compute(node));
    }
    if (reports.empty())
    {
        root.Fail("supply", "is required: name one model at least (`heddle list supply`).");
    }
    for (const char* field : {"cluster",
                              "defaults",
                              "fabric",
                              "workload",
                              "run",
                              "economics",
                              "reliability",
                              "long_run"})
    {
        root.NotUsedBecause(field, "`heddle supply` simulates nothing");
    }
    source.RequireAllUsed();
    return reports;
}

bool
IsSupplyScenario(ScenarioSource& source)
{
    const ScenarioNode root = source.Root();
    return root.Has("supply") && !root.Has("cluster") && !root.Has("workload");
}

} // namespace heddle
