// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity-uncertainty.h
// ----------------------------
// What a result of level "flow-messages" or "flow" says of its own error, from the table that
// `heddle validate fidelity` wrote (fidelity-measured.cc): the worst that was measured with traffic
// of its kind under its load balancer, whatever the congestion control and the oversubscription. A
// family alone is a few sizes and one draw of paths; other sizes, and flows that collide, meet what
// an oversubscribed fabric has. NICs of several ports and rails with PXN have families of their
// own, without oversubscription, and so have collectives in several traffic classes. Where none is
// near, a step's collectives fill switches (no receive slots), or a collective has more members
// than any that was measured, the error is said to be unknown.

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

/// With the largest errors, absolute, of the families that differ from it in one thing at most:
/// congestion control or oversubscription. A failed link is not mixed with whole fabrics, nor one
/// kind of fabric with another.
MeasuredError WorstAround(const MeasuredError& family);

/// Nothing at packet level.
void FillUncertainty(const Plan& plan, const FabricPlan& fabric, v1::FabricResult* result);

} // namespace heddle

#endif
