// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity-uncertainty.h
// ----------------------------
// What a result of level "flow-messages" says of its own error: that of the nearest family of
// `heddle validate fidelity`, from the table that the command printed (fidelity-measured.cc). The
// other levels above packets have not been measured so: their error is said to be unknown.

#ifndef HEDDLE_SCENARIOS_FIDELITY_UNCERTAINTY_H
#define HEDDLE_SCENARIOS_FIDELITY_UNCERTAINTY_H

#include "plan/plan.h"

#include "heddle-result.pb.h"

#include <vector>

namespace heddle
{

/// Relative errors of one family: mean and 99th percentile over messages, absolute; of the step
/// time, the worst case's, signed.
struct MeasuredError
{
    const char* workload;
    const char* loadBalancer;
    const char* congestionControl;
    const char* condition;
    double mean;
    double p99;
    double step;
};

const std::vector<MeasuredError>& MeasuredErrors();

/// The command and the version of that table.
const char* MeasuredBy();

/// The family nearest to this fabric under this workload; null when none is near.
const MeasuredError* NearestFamily(const Plan& plan, const FabricPlan& fabric);

/// Nothing at packet level.
void FillUncertainty(const Plan& plan, const FabricPlan& fabric, v1::FabricResult* result);

} // namespace heddle

#endif
