// SPDX-License-Identifier: GPL-2.0-only
//
// File: traffic-classes.h
// -----------------------
// `fabric.traffic_class`: see TrafficClass in heddle.proto.

#ifndef HEDDLE_SCENARIOS_TRAFFIC_CLASSES_H
#define HEDDLE_SCENARIOS_TRAFFIC_CLASSES_H

#include "loader/scenario-source.h"
#include "plan/plan.h"

#include <string>

namespace heddle
{

/// Sets `config.classes` (that of data is known already) and the plan's classes. InputError at the
/// field that is wrong.
void ReadTrafficClasses(const ScenarioNode& fabric,
                        const WorkloadPlan& workload,
                        uint32_t acceleratorsPerHost,
                        SwitchConfig& config,
                        FabricPlan& plan);

/// Which class goes before acknowledgements and CNPs, and what of it; empty: none.
std::string OutrankedControl(const FabricPlan& plan);

} // namespace heddle

#endif
