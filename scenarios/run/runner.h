// SPDX-License-Identifier: GPL-2.0-only
//
// File: runner.h
// --------------
// Runs a plan: every fabric in the actual world and in the ideal ones, each world in its own
// process, and joins the parts to one result.

#ifndef HEDDLE_SCENARIOS_RUNNER_H
#define HEDDLE_SCENARIOS_RUNNER_H

#include "plan/plan.h"
#include "run/world/world.h"

namespace heddle
{

namespace v1
{
class Result;
} // namespace v1

struct RunnerOptions
{
    /// Shared by the worlds that run at once, each in a process; 0 = cores, and one where several
    /// would not pay.
    unsigned threads = 0;
    unsigned threadsPerWorld = 0; ///< 0 = an equal share of `threads`
    Engine engine = Engine::Fabric;
};

/// Throws RunError when a world fails. An interrupted run gives what is there, `complete` false.
v1::Result RunPlan(const Plan& plan, const RunnerOptions& options);

} // namespace heddle

#endif
