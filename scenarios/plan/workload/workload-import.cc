// SPDX-License-Identifier: GPL-2.0-only
//
// A trace in another tool's format, read by a registered importer.
#include "importers/importer.h"
#include "loader/choice.h"
#include "plan/cluster/calibration.h"
#include "plan/workload/workload.h"

namespace heddle
{

WorkloadPlan
PlanImport(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t)
{
    const std::string format = node.RequiredText("format");
    CheckName(node, "format", "importer", format);
    const std::string path = Beside(node.File(), node.RequiredText("path"));
    std::map<std::string, std::string> given;
    ReadParameters(node, "parameters", format, RegistryRules("importer"), given);
    std::vector<std::string> notes;
    TaskGraph graph =
        node.At("path",
                [&]
                {
                    const ParameterValues values(RegistryIndex::Find("importer", format), given);
                    return FindFactory<ImporterFactory>("importer", format)(path, values, notes);
                });
    if (graph.ranks() != cluster.ranks())
    {
        node.Fail("path",
                  "the trace has " + std::to_string(graph.ranks()) + " ranks, the cluster has " +
                      std::to_string(cluster.ranks()) + " accelerators.");
    }
    WorkloadPlan plan{std::move(graph), "", std::nullopt};
    plan.notes = std::move(notes);
    plan.trafficOf = NameTraffic(plan.graph, {{"data-expert", "data"}});
    plan.description = format + " trace " + path.substr(path.rfind('/') + 1) + ", " +
                       std::to_string(plan.graph.tasks().size()) + " tasks";
    return plan;
}

} // namespace heddle
