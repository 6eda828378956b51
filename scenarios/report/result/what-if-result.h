// SPDX-License-Identifier: GPL-2.0-only
//
// File: what-if-result.h
// ----------------------
// The worlds of a fabric joined: ladder, taxes, causes, sensitivity.

#ifndef HEDDLE_SCENARIOS_WHAT_IF_RESULT_H
#define HEDDLE_SCENARIOS_WHAT_IF_RESULT_H

#include "plan/plan.h"

#include "heddle-result.pb.h"

namespace heddle
{

/// `worlds` are those of plan.rungs, in that order; some are empty when the run was interrupted.
void FillLadder(const Plan& plan,
                const std::vector<const v1::WorldPart*>& worlds,
                v1::FabricResult& fabric);

} // namespace heddle

#endif
