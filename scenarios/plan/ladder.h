// SPDX-License-Identifier: GPL-2.0-only
//
// File: ladder.h
// --------------
// The what-if ladder: which worlds a plan runs beside the actual one, and what each takes away.
//
//   R0 actual · R1 no failures · R2 ideal load balance · R3 no queues or congestion control ·
//   R4 ideal fabric · R5 no fabric latency · R6 infinite scale-out · R7 infinite scale-up ·
//   R8 no software · R9 no jitter · R10 balanced work
//
// A rung keeps what the rungs above it took away: the steps' differences sum to T0 − T10, and T10
// is compute and pipeline bubble. Besides the ladder, `run { what_if: "all" }` runs
//   * causes: every subset of {failures, contention, latency, jitter} removed, 2^4 worlds, for the
//     savings of removing a cause first, last, and on average over all orders (Shapley);
//   * sensitivity: the three headline taxes as described, with compute 10 % faster and slower,
//     jitter half and half as much again.
//
// R3 is run at level "max-min" whatever the scenario's, unless that is "flow", which has no queues.
// The other rungs, causes and sensitivity are run at the scenario's level, but causes and
// sensitivity of a packet-level scenario, many worlds, at level "flow-messages"; each world says
// which. Shares of causes are of the actual step at their level.
//
// Known deviations. R2 is per-packet adaptive routing with local queue knowledge, selective repeat
// and a wide reorder window: near ideal balance, not the optimum. In a packet-level ladder R3 holds
// the flow level's error too, with its sign turned in R4. The flow level knows no random loss, so
// it is missing in the causes. Without contention (one big switch) failures inside the fabric have
// nothing to act on.

#ifndef HEDDLE_SCENARIOS_LADDER_H
#define HEDDLE_SCENARIOS_LADDER_H

#include "ns3/training-job.h"

#include <array>
#include <string>
#include <vector>

namespace heddle
{

class ScenarioNode;
struct ClusterPlan;
struct FabricPlan;

/// Level of whole collectives: cheap enough for many worlds.
inline constexpr const char* kFlow = "flow";
inline constexpr const char* kPacket = "packet";
/// Of messages, with queues where nothing slows senders down.
inline constexpr const char* kFlowMessages = "flow-messages";
/// Of messages, without queues.
inline constexpr const char* kMaxMin = "max-min";

/// What a world is run for.
enum class WorldRole
{
    Ladder,
    Causes,
    Sensitivity,
    LongRun, ///< something is down or degraded throughout (long-run/states.h)
};

/// A link for the whole run.
struct LinkState
{
    uint32_t link;
    double share; ///< of its rate that is left; 0: down, and the routes know it
};

/// One world: what it takes away of the actual one.
struct RungPlan
{
    std::string world{}; ///< "ideal-fabric"; unique
    std::string rung{};  ///< "R4"; empty outside the ladder
    std::string help{};
    WorldRole role = WorldRole::Ladder;
    bool noFailures = false;   ///< links whole, at full rate, without loss
    bool idealBalance = false; ///< R2, see above
    bool idealFabric = false;  ///< one big switch
    bool zeroLatency = false;  ///< of links, switches and NICs; serialisation at NICs stays
    bool balancedWork = false; ///< equal nominal work (retime.h)
    Idealisation ideal{};
    double computeSpeed = 1;         ///< of all kernels
    double jitterScale = 1;          ///< of all spreads and slowdowns
    std::vector<LinkState> states{}; ///< of the links, otherwise whole
    std::string fidelity{};          ///< the level that makes it

    bool IsActual() const
    {
        return rung == "R0";
    }
};

/// The ladder, the actual world first.
const std::vector<RungPlan>& AllRungs();

/// Causes that can be removed alone; bit i of a cause world's set is kCauses[i].
inline constexpr std::array<const char*, 4> kCauses{"failures", "contention", "latency", "jitter"};
inline constexpr unsigned kCauseSets = 1U << kCauses.size();
/// The world without the causes in `removed`.
RungPlan CauseWorld(unsigned removed);

/// What the sensitivity worlds change, and the rungs they are run on. The first changes nothing:
/// the taxes at the level of the others, to be compared with.
struct Change
{
    const char* name; ///< "compute +10 %"
    double computeSpeed;
    double jitterScale;
};

inline constexpr std::array<Change, 5> kChanges{{{"as described", 1, 1},
                                                 {"compute +10 %", 1.1, 1},
                                                 {"compute -10 %", 0.9, 1},
                                                 {"jitter +50 %", 1, 1.5},
                                                 {"jitter -50 %", 1, 0.5}}};
inline constexpr std::array<const char*, 4> kTaxRungs{"R0", "R4", "R6", "R8"};
RungPlan SensitivityWorld(const Change& change, const RungPlan& rung);

/// The worlds that `run.what_if` asks for, the actual one first, at the run's `fidelity` or at flow
/// level as said above.
std::vector<RungPlan> ReadWorlds(const ScenarioNode& run, const std::string& fidelity);

/// The same world on this fabric without what has no effect there: a fabric without failures has
/// the same R1 as R0. Equal canonical worlds give equal results.
RungPlan Canonical(RungPlan rung, const ClusterPlan& cluster, const FabricPlan& fabric);

} // namespace heddle

#endif
