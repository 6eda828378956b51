// SPDX-License-Identifier: GPL-2.0-only
//
// File: tiers.h
// -------------
// The links of a fabric by tier: rate, cable, technology, loss. Without a floor plan all links of a
// tier are alike. With one (cluster.floor_plan) every link has its own length, and a tier without a
// technology takes the cheapest that reaches, link by link.

#ifndef HEDDLE_SCENARIOS_TIERS_H
#define HEDDLE_SCENARIOS_TIERS_H

#include "plan/plan.h"

#include "ns3/optics-ber.h"

namespace heddle
{

/// The tiers of links as the schema names them.
struct TierName
{
    const char* field;
    double defaultMetres;
};

inline constexpr TierName kTiers[] = {{"nic_leaf", 3}, {"leaf_spine", 20}, {"spine_core", 50}};

/// How a tier's links come by their bit errors.
struct BitErrorAsk
{
    LinkConditions conditions;
    std::optional<double> ratio; ///< of every link
    ErrorModel model;            ///< all but the ratio
};

struct TierPlan
{
    BitRate rate;
    double metres = 0;         ///< without a floor plan
    std::optional<Tick> delay; ///< given by the scenario
    FrameLoss loss;
    LinkRetry retry;
    std::optional<BitErrorAsk> bitErrors;
    std::optional<LinkTechnology> technology;
    std::optional<LinkTechnology> lowerEnd; ///< where the lower end differs
};

/// Reads tier `index` of a fabric whose NIC ports have `portRate`; throws InputError.
TierPlan ReadTier(const ScenarioNode& fabric, size_t index, BitRate portRate, bool floorPlan);

/// One-way delay of a link of `metres` in this tier.
Tick DelayOf(const TierPlan& tier, const std::optional<LinkTechnology>& technology, double metres);

/// Gives every link its delay and technology, and `plan.optics` its tiers. InputError at the tier's
/// technology when a cable is too long for it.
void LayCables(const ScenarioNode& fabric,
               const ClusterPlan& cluster,
               const std::vector<TierPlan>& tiers,
               FabricPlan& plan);

/// Draws every link's bit errors, keyed by its name, and turns them into its frame loss.
void DrawBitErrors(const std::vector<TierPlan>& tiers, uint64_t seed, FabricPlan& plan);

/// A floor plan from the scenario's Choice.
std::optional<FloorPlan> ReadFloorPlan(const ScenarioNode& cluster);

} // namespace heddle

#endif
