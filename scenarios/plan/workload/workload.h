// SPDX-License-Identifier: GPL-2.0-only
//
// File: workload.h
// ----------------
// The builders of workloads, one per kind in the schema; each reads its block and makes a graph.

#ifndef HEDDLE_SCENARIOS_WORKLOAD_H
#define HEDDLE_SCENARIOS_WORKLOAD_H

#include "plan/plan.h"

#include <map>
#include <string>
#include <vector>

namespace heddle
{

WorkloadPlan PlanTrainingStep(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t seed);
WorkloadPlan PlanCollective(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t seed);
WorkloadPlan PlanTraffic(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t seed);
WorkloadPlan PlanProgram(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t seed);
WorkloadPlan PlanImport(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t seed);

/// What classes may call the traffic of each communicator: its name without the number at its end,
/// or what `names` has for that.
std::vector<std::string> NameTraffic(const TaskGraph& graph,
                                     const std::map<std::string, std::string>& names);

/// "all-reduce" → kind; InputError with the nearest names at `field`.
CollectiveKind ReadKind(const ScenarioNode& node, const std::string& field);
/// A rank below `ranks`, or an InputError at `field`.
Rank ReadRank(const ScenarioNode& node, const std::string& field, uint32_t ranks);
void CheckRank(const ScenarioNode& node, const std::string& field, uint64_t rank, uint32_t ranks);

} // namespace heddle

#endif
