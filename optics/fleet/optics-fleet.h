// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-fleet.h
// --------------------
// The long run of one training job on a fleet: parts fail, are repaired, stop the job or slow it;
// the job checkpoints and restarts. In closed form, and by Monte Carlo with confidence intervals.
//
//   std::vector<OutageGroup> groups{{"nic links", 1024, 1818, 1, 24, kStops},
//                                   {"laser sources", 72, 290, 1, 24, 1.03}};
//   JobPolicy policy{100.0 / 3600, 0.25};
//   FleetFigures f = FleetClosedForm(groups, policy);
//   FleetSample s = FleetMonteCarlo(groups, policy, 8760, 200, seed);
//
// Model. Each of a group's `count` parts fails by its hazard and is down for `repairHours`. A part
// that stops the job costs the work since the last checkpoint and a restart (on a spare: the job
// does not wait for the repair). A part that slows it stretches the step by `slowdown` until
// repaired; of several, the worst governs, as training is synchronous. One part's failure may stand
// for many ports (shared fate): the group counts incidents, not ports.
//
// Closed form, exact for constant hazards: running = P(accelerators down ≤ spare ones), the down
// parts of each group being binomial; interruptions/month = 720 × sum of rates of stopping parts ×
// running; useful share of the running time by Daly's complete model; mean speed = sum over
// slowdowns of P(worst is this) / slowdown, with P(no part of a group down) = A^count; goodput =
// running × useful share × mean speed. (The product neglects that lost work was slow or fast work:
// second order.) With Weibull hazards the closed form takes the mean life; the Monte Carlo draws
// renewals.
//
// Known limits. Repair crews are unlimited; failures are independent; repair times are fixed.

#ifndef HEDDLE_OPTICS_FLEET_H
#define HEDDLE_OPTICS_FLEET_H

#include "ns3/optics-account.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace heddle
{

/// `slowdown` of a part without which the job cannot go on.
inline constexpr double kStops = std::numeric_limits<double>::infinity();

struct OutageGroup
{
    std::string name;
    uint64_t count = 0;
    double fit = 0;           ///< 1e-9/h per part; for a Weibull, 1e9 / its mean life
    double shape = 1;         ///< Weibull; 1: constant hazard
    double repairHours = 0;   ///< down time; also what a truck roll is booked for
    double slowdown = kStops; ///< step time over undisturbed step time, ≥ 1
    uint32_t ports = 1;       ///< that one incident takes down
    /// Of no use to the job until repaired; 0 where the job does not stop.
    uint32_t accelerators = 0;
};

struct JobPolicy
{
    double checkpointHours = 0; ///< time of one checkpoint, > 0
    double restartHours = 0;    ///< detect, reschedule, load
    double intervalHours = 0;   ///< work between checkpoints; 0: Daly's optimum
    double spareHours = 720;    ///< replenishment time of spares
    double spareConfidence = 0.99;
    /// Beyond those that the job needs; with more down it waits for a repair.
    double spareAccelerators = std::numeric_limits<double>::infinity();
};

struct GroupFigures
{
    double failuresPerMonth = 0;
    uint32_t spares = 0; ///< to hold so that none is missing with spareConfidence
};

struct FleetFigures
{
    double interruptionsPerMonth = 0;
    double incidentsPerMonth = 0;     ///< all failures: truck rolls
    double intervalHours = 0;         ///< between checkpoints
    double running = 1;               ///< share of the time with enough accelerators
    double usefulShare = 1;           ///< of it, kept work and no restart or checkpoint
    double meanSpeed = 1;             ///< over slowdowns
    double goodput = 1;               ///< running × usefulShare × meanSpeed
    uint32_t spares = 0;              ///< of all groups
    double sparesSuffice = 1;         ///< share of replenishment times in which none is missing
    double undisturbed = 1;           ///< share of time in which nothing is down
    std::vector<GroupFigures> groups; ///< in the order given
};

struct Estimate
{
    double mean = 0;
    double halfWidth = 0; ///< of the 95 % confidence interval
};

struct FleetSample
{
    Estimate interruptionsPerMonth;
    Estimate incidentsPerMonth;
    Estimate running;
    Estimate effectiveTime; ///< running × useful share: time in work that is kept
    Estimate meanSpeed;
    Estimate goodput;
    Estimate undisturbed;
    Estimate sparesSuffice;
    std::vector<Estimate> failuresPerMonth; ///< by group
};

FleetFigures FleetClosedForm(const std::vector<OutageGroup>& groups, const JobPolicy& policy);

/// `replications` (≥ 2) independent runs of `horizonHours` from new. Pure in `seed` and the groups'
/// names, which must differ: fleets that share a group share its draws.
FleetSample FleetMonteCarlo(const std::vector<OutageGroup>& groups,
                            const JobPolicy& policy,
                            double horizonHours,
                            uint32_t replications,
                            uint64_t seed);

/// Where a part sits on its links.
enum class LinkEnd : uint8_t
{
    Either, ///< one port only, so that the end does not matter
    Lower,  ///< towards the accelerators
    Upper,
};

/// One kind of part of a tier's links.
struct PartOutage : OutageGroup
{
    LinkEnd end = LinkEnd::Either;
    bool wholeSwitch = false; ///< its repair takes the switch down, not `ports` alone
    double fitLow = 0;        ///< what the sources of `fit` span; as `fit` where they say nothing
    double fitHigh = 0;
    Grade grade = Grade::NotFound; ///< of `fit`
    std::string priceName{};       ///< of the figure that `price` is: "cpo-quantum-x.source_price"
    Figure price{};                ///< USD, of what a repair puts in
};

/// The parts of one tier's links, both ends, shared fate included: a source that feeds 8 ports is
/// one part. Their slowdown is left at kStops. Parts without a known rate are named in `missing`.
std::vector<PartOutage> OutageGroups(const LinkTier& tier, std::vector<std::string>& missing);

} // namespace heddle

#endif
