// SPDX-License-Identifier: GPL-2.0-only
//
// File: supply.h
// --------------
// A scenario's `supply` section, checked and computed: what an industry can build in a month.
//
//   for (const SupplyReport& report : PlanSupply(source)) …   // InputError "file:line: field: …"

#ifndef HEDDLE_SCENARIOS_PLAN_SUPPLY_H
#define HEDDLE_SCENARIOS_PLAN_SUPPLY_H

#include "ns3/optics-supply.h"

#include <vector>

namespace heddle
{

class ScenarioSource;

/// In the scenario's order. A scenario for `heddle supply` holds a supply section, a title and
/// notes: any other field is an error.
std::vector<SupplyReport> PlanSupply(ScenarioSource& source);

/// Meant for `heddle supply`, not for `heddle run`.
bool IsSupplyScenario(ScenarioSource& source);

} // namespace heddle

#endif
