// SPDX-License-Identifier: GPL-2.0-only
//
// File: long-run-result.h
// -----------------------
// From the measured states of a fabric to months of a job: interruptions, effective training time,
// goodput, spares, and where one fabric overtakes another.
//
// A state's slowdown is its step time over the undisturbed fabric's, both at the long run's level.
// Without measured states (long_run.fidelity "none") it is 1 + e·x / (1 − x): e is the share of the
// step that accelerators waited for the scale-out network, x the largest share of its links that a
// node loses; ideal rerouting. A slowdown below 1 (hashes fell luckier) counts as 1.

#ifndef HEDDLE_SCENARIOS_LONG_RUN_RESULT_H
#define HEDDLE_SCENARIOS_LONG_RUN_RESULT_H

#include "plan/plan.h"

#include "ns3/optics-bill.h"
#include "ns3/optics-repair-bill.h"

#include "heddle-result.pb.h"

#include <vector>

namespace heddle
{

/// The figures that an answer rests on, to be moved one by one.
struct Situation
{
    FigureSet economics; ///< empty without any
    FigureSet reliability;
    std::vector<LinkTier> optics;
};

/// The groups of a long run, with the slowdown of each state as given.
std::vector<OutageGroup> GroupsOf(const LongRunPlan& longRun, const std::vector<double>& slowdowns);

/// What the repairs of a fleet cost. `drawn`: for the interval; null: none. Without economics the
/// price of a switch is missing.
RepairBill RepairBillOf(const Plan& plan,
                        const FabricPlan& fabric,
                        const LongRunPlan& longRun,
                        const Situation& situation,
                        const FleetFigures& closed,
                        const FleetSample* drawn);

JobPolicy PolicyOf(const FigureSet& reliability);

/// `steps`: simulated step times, s, of the fabric's LongRunPlan::worlds; fewer when the run was
/// interrupted, then nothing is filled.
void FillReliability(const Plan& plan,
                     const FabricPlan& fabric,
                     const std::vector<double>& steps,
                     v1::FabricResult* out);

/// The bill of a fabric's whole step.
Bill BillOf(const Plan& plan,
            const FabricPlan& fabric,
            const Situation& situation,
            const v1::FabricResult& result);

/// Solves the plan's flips on a complete result.
void FillFlipPoints(const Plan& plan, v1::Result* result);

} // namespace heddle

#endif
