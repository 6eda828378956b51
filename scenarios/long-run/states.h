// SPDX-License-Identifier: GPL-2.0-only
//
// File: states.h
// --------------
// What can be down in a fabric for hours or days: the kinds of parts, the state of the fabric that
// a failure of one leads to until it is repaired, and the worlds that measure how slow a step is
// then.
//
//   LongRunPlan plan = PlanLongRun(figures, cluster, topology, optics, true, "flow");
//   plan.states[0].name;                       // "leaf0: 1 of 32 uplinks down"
//   plan.parts[3].state;                       // which state this part's failure leads to
//
// A state is injected into the undisturbed fabric with the routes already adapted. It stands for
// all like it: leaf0 for every leaf, the switch with the fewest uplinks where they differ. Ports
// that one part takes down together are neighbours: the first uplinks of a leaf, the first ports of
// a spine. A state that cuts accelerators off (a NIC's only link, a leaf) stops the job; the hosts
// behind it are of no use until the repair.
//
// Leaves spread over spines evenly, whatever is behind: with one of p parallel links to a spine
// down the spine's way to that leaf has (p - 1) / p of its rate, and traffic from other leaves
// slows as if that share of all spines were gone. Seen at packet level too.
//
// Known limits. One incident at a time: two failures at once count as the worse one. A lane that is
// lost degrades its link; nobody publishes how often, so that state is measured but has no part.

#ifndef HEDDLE_SCENARIOS_LONG_RUN_STATES_H
#define HEDDLE_SCENARIOS_LONG_RUN_STATES_H

#include "long-run/fabric-state.h"

#include "ns3/fabric-topology.h"
#include "ns3/optics-fleet.h"

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

struct ClusterPlan;

inline constexpr size_t kNoState = SIZE_MAX; ///< the job stops

struct LongRunPart : PartOutage
{
    size_t state = kNoState; ///< in LongRunPlan::states
    bool network = true;     ///< links and switches; false: accelerators and hosts
    bool isSwitch = false;
    uint32_t tier = 0; ///< of a switch
};

struct LongRunPlan
{
    std::string fidelity; ///< "none": slowdowns are computed, not measured
    std::vector<LongRunPart> parts;
    std::vector<FabricState> states;
    std::vector<std::string> missing; ///< rates that nobody published
    std::vector<std::string> assumed; ///< rates and repair times that rest on assumptions
    std::vector<RungPlan> worlds;     ///< undisturbed, then the states; empty for "none"
};

/// `topology` undisturbed; `portFailover`: a NIC of several ports goes on without some of them.
LongRunPlan PlanLongRun(const FigureSet& reliability,
                        const ClusterPlan& cluster,
                        const Topology& topology,
                        const std::vector<LinkTier>& optics,
                        bool portFailover,
                        const std::string& fidelity);

/// Takes failure rates and repair times of other figures; what fails together must be the same.
void UpdateRates(const FigureSet& reliability,
                 const std::vector<LinkTier>& optics,
                 LongRunPlan& plan);

} // namespace heddle

#endif
