// SPDX-License-Identifier: GPL-2.0-only
//
// File: world.h
// -------------
// One world: a fabric on one rung of the what-if ladder, run to its end in this process. ns-3's
// state is global, so each world needs a process of its own (processes.h).

#ifndef HEDDLE_SCENARIOS_WORLD_H
#define HEDDLE_SCENARIOS_WORLD_H

#include "plan/plan.h"

#include <functional>
#include <string>

namespace heddle
{

namespace v1
{
class WorldPart;
} // namespace v1

struct MessageLog;

/// Which ns-3 simulator drives the events; the results must not depend on it.
enum class Engine
{
    Fabric,  ///< ns3::FabricSimulatorImpl
    Default, ///< ns3::DefaultSimulatorImpl
};

/// How a world is run; none of it changes the results.
struct WorldOptions
{
    Engine engine = Engine::Fabric;
    unsigned threads = 1;
    bool always = false;       ///< use several threads also where they would hardly pay
    MessageLog* log = nullptr; ///< takes down every scale-out message; with one thread only
};

/// Called now and then with the share of the work done, 0 … 1.
using ProgressFn = std::function<void(double)>;

/// Runs a world. Throws RunError (who waits for whom) and InputError. Once per process.
v1::WorldPart RunWorld(const Plan& plan,
                       const FabricPlan& fabric,
                       const RungPlan& rung,
                       const WorldOptions& options,
                       const ProgressFn& onProgress);

/// Equal for worlds that must give equal results, so that one run serves several fabrics.
std::string WorldFingerprint(const ClusterPlan& cluster,
                             const FabricPlan& fabric,
                             const RungPlan& rung);

} // namespace heddle

#endif
