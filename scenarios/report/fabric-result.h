// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-result.h
// ---------------------
// From what the models return to the result schema: names instead of indices, seconds beside
// picoseconds, sums, worst first.

#ifndef HEDDLE_SCENARIOS_FABRIC_RESULT_H
#define HEDDLE_SCENARIOS_FABRIC_RESULT_H

#include "plan/plan.h"

#include "heddle-result.pb.h"

namespace heddle
{

/// Adds the world's line of the ladder.
void FillWorld(const RungPlan& rung, const JobResult& job, v1::FabricResult* out);

/// All that is told about the actual world.
void FillActual(const Plan& plan,
                const FabricPlan& fabric,
                const JobResult& job,
                const Network& network,
                const Transport& transport,
                v1::FabricResult* out);

/// Ledger sums, per rank and total.
void FillLedger(const JobResult& job, const Network& network, v1::FabricResult* out);
void FillCollectives(const TaskGraph& graph,
                     const RankLayout& layout,
                     const JobResult& job,
                     v1::FabricResult* out);
void FillOptics(const FabricPlan& fabric, v1::FabricResult* out);

} // namespace heddle

#endif
