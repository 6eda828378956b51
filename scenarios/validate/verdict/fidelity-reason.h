// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity-reason.h
// -----------------------
// Why a family misses a goal. A message's time is the sum of its parts (behind earlier messages of
// its queue pair, then by MessageState) at either level, so the levels' difference splits exactly
// by part. A step is what lies on its critical path.

#ifndef HEDDLE_SCENARIOS_FIDELITY_REASON_H
#define HEDDLE_SCENARIOS_FIDELITY_REASON_H

#include "heddle-fidelity.pb.h"

#include <string>
#include <vector>

namespace heddle
{

/// Relative: mean and 99th percentile over messages, and step, what a family should keep to.
inline constexpr double kMeanGoal = 0.03;
inline constexpr double kP99Goal = 0.10;
inline constexpr double kStepGoal = 0.02;

/// The same message in both runs of a case.
struct FidelityMatch
{
    size_t run;
    int packet; ///< its place there
    int flow;
};

/// Sets causes and reason of a family that misses a goal; errors and cases are set. `matches` is
/// empty where whole collectives were compared. Pure.
void ExplainError(const std::vector<v1::FidelityRun>& packet,
                  const std::vector<v1::FidelityRun>& flow,
                  const std::vector<FidelityMatch>& matches,
                  v1::FidelityFamily& out);

struct FidelityMiss
{
    const char* figure; ///< "mean", "p99" or "step"
    double error;       ///< absolute
    double goal;
    double chance; ///< of packets against themselves, the draws' average; 0 when not measured
    double most;   ///< the draws' largest
};

std::vector<FidelityMiss> Misses(const v1::FidelityFamily& family);

} // namespace heddle

#endif
