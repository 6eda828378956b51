// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity-run.h
// --------------------
// Runs families at both levels and compares them: message by message, or at level "flow" collective
// by collective.
//
//   const v1::FidelityReport report = RunFidelity(FidelitySet(true), 2);
//   PrintFidelity(report, std::cout);

#ifndef HEDDLE_SCENARIOS_FIDELITY_RUN_H
#define HEDDLE_SCENARIOS_FIDELITY_RUN_H

#include "validate/fidelity-cases.h"

#include "heddle-fidelity.pb.h"

#include <ostream>
#include <vector>

namespace heddle
{

/// Mean, 99th percentile, and step: what a family should keep to.
inline constexpr double kMeanGoal = 0.03;
inline constexpr double kP99Goal = 0.10;
inline constexpr double kStepGoal = 0.02;

/// A process per case and level, `atOnce` at a time. `repeat`: families beyond a goal once more at
/// packet level, with other draws. Throws RunError when a case fails or the user interrupts.
v1::FidelityReport RunFidelity(const std::vector<FidelityFamily>& families,
                               unsigned atOnce,
                               bool repeat = false);

/// Errors of one family from the runs of its cases, packet and flow level each. Pure.
v1::FidelityFamily CompareFamily(const FidelityFamily& family,
                                 const std::vector<v1::FidelityRun>& packet,
                                 const std::vector<v1::FidelityRun>& flow);

/// How far the packet level is from itself: the second runs have other draws. Pure.
void CompareWithItself(const FidelityFamily& family,
                       const std::vector<v1::FidelityRun>& packet,
                       const std::vector<v1::FidelityRun>& again,
                       v1::FidelityFamily& out);

void PrintFidelity(const v1::FidelityReport& report, std::ostream& out);

} // namespace heddle

#endif
