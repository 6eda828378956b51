// SPDX-License-Identifier: GPL-2.0-only
//
// File: ideal-world.h
// -------------------
// A plan's parts as they are on a rung of the what-if ladder.

#ifndef HEDDLE_SCENARIOS_IDEAL_WORLD_H
#define HEDDLE_SCENARIOS_IDEAL_WORLD_H

#include "plan/plan.h"

namespace heddle
{

Topology TopologyOn(const FabricPlan& fabric, const RungPlan& rung);
TransportConfig TransportOn(const FabricPlan& fabric, const RungPlan& rung);
/// Links that go down and up; none where failures are removed or the fabric has no links.
std::vector<LinkEvent> EventsOn(const FabricPlan& fabric, const RungPlan& rung);
TaskGraph GraphOn(const Plan& plan, const RungPlan& rung);
JobConfig JobConfigOn(const Plan& plan, const RungPlan& rung);

} // namespace heddle

#endif
