// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-result.h
// ---------------------
// From what the models return to the result schema: names instead of indices, seconds beside
// picoseconds, sums, worst first.

#ifndef HEDDLE_SCENARIOS_FABRIC_RESULT_H
#define HEDDLE_SCENARIOS_FABRIC_RESULT_H

#include "plan/plan.h"

#include "ns3/fabric-network.h"

#include "heddle-result.pb.h"

#include <vector>

namespace heddle
{

/// Adds the world's line of the ladder.
void FillWorld(const RungPlan& rung, const JobResult& job, v1::FabricResult* out);

/// What a scale-out network has counted, at any fidelity; what a level does not know is zero.
struct NetworkReport
{
    v1::Counters counters;
    std::vector<PortCounters> ports; ///< by PortId
};

/// All that is told about the actual world.
void FillActual(const Plan& plan,
                const FabricPlan& fabric,
                const JobResult& job,
                const NetworkReport& network,
                v1::FabricResult* out);

/// What follows from the whole step's time; needs FillActual(), the extrapolation and the long run
/// (long-run-result.h) first.
void FillEconomics(const Plan& plan, const FabricPlan& fabric, v1::FabricResult* out);

/// "leaf3 → spine1" or "rank 7".
std::string RootPlaceName(uint8_t account, uint32_t place, const Topology& topology);

/// Along the step's last event.
void FillCriticalPath(const JobResult& job, v1::FabricResult* out);
/// Ledger sums, per rank and total.
void FillLedger(const JobResult& job, const Topology& topology, v1::FabricResult* out);
void FillCollectives(const TaskGraph& graph,
                     const RankLayout& layout,
                     const JobResult& job,
                     v1::FabricResult* out);
void FillOptics(const FabricPlan& fabric, v1::FabricResult* out);

/// What broke, and how good the links were.
void FillFaults(const FabricPlan& fabric, Tick stepTime, v1::FabricResult* out);

} // namespace heddle

#endif
