// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity-uncertainty.h
// ----------------------------
// What a result of level "flow-messages" or "flow" says of its own error: that of the nearest
// family of `heddle validate fidelity`, from the table that the command wrote
// (fidelity-measured.cc). Where none is near, or a collective has more members than any that was
// measured, it is said to be unknown.

#ifndef HEDDLE_SCENARIOS_FIDELITY_UNCERTAINTY_H
#define HEDDLE_SCENARIOS_FIDELITY_UNCERTAINTY_H

#include "plan/plan.h"
#include "validate/fidelity-cases.h"

#include "heddle-fidelity.pb.h"
#include "heddle-result.pb.h"

#include <string>
#include <vector>

namespace heddle
{

/// Relative errors of one family: mean and 99th percentile over messages, absolute; of the step
/// time, the worst case's, signed.
struct MeasuredError
{
    const char* level;
    const char* workload;
    const char* loadBalancer;
    const char* congestionControl;
    const char* condition;
    double mean;
    double p99;
    double step;

    std::string Name() const
    {
        return FidelityFamily{level, workload, loadBalancer, congestionControl, condition, {}}
            .Name();
    }
};

const std::vector<MeasuredError>& MeasuredErrors();

/// The table with the report's rows in place of its own, as C++ initialisers.
std::string MeasuredTable(const v1::FidelityReport& report);

/// The command and the version of that table.
const char* MeasuredBy();

/// The family nearest to this fabric under this workload; null when none is near.
const MeasuredError* NearestFamily(const Plan& plan, const FabricPlan& fabric);

/// Nothing at packet level.
void FillUncertainty(const Plan& plan, const FabricPlan& fabric, v1::FabricResult* result);

} // namespace heddle

#endif
