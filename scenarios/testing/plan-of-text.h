// SPDX-License-Identifier: GPL-2.0-only
//
// File: plan-of-text.h
// --------------------
// For tests: the plan of a scenario that stands in the test.

#ifndef HEDDLE_SCENARIOS_PLAN_OF_TEXT_H
#define HEDDLE_SCENARIOS_PLAN_OF_TEXT_H

#include "loader/scenario-source.h"
#include "plan/plan.h"

#include <string>
#include <vector>

namespace heddle
{

/// Throws InputError. `overrides` as --set takes them.
inline Plan
PlanOf(const std::string& text, const std::vector<std::string>& overrides = {})
{
    ScenarioSource source("scenario.textproto", text, overrides);
    return MakePlan(source);
}

} // namespace heddle

#endif
