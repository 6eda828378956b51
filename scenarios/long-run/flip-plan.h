// SPDX-License-Identifier: GPL-2.0-only
//
// File: flip-plan.h
// -----------------
// At which value of a figure do two fabrics tie? What a scenario asks (long_run.flip), checked; the
// answer is solved after the run (flip-points.cc).

#ifndef HEDDLE_SCENARIOS_FLIP_PLAN_H
#define HEDDLE_SCENARIOS_FLIP_PLAN_H

#include "ns3/optics-account.h"

#include <cstddef>
#include <string>
#include <vector>

namespace heddle
{

class ScenarioNode;
struct Plan;

/// "cpo-quantum-x.engine_repair": a figure of a set.
struct FigureRef
{
    std::string set;    ///< "economics", "reliability" or a link technology
    std::string figure; ///< as in that set; "power" and "cost" of a technology at the rate in use
    std::string unit;
    double given = 0; ///< as the scenario has it
    Grade grade = Grade::Scenario;

    std::string Name() const
    {
        return set + "." + figure;
    }
};

enum class FlipCriterion
{
    CostPerToken, ///< failures included; per step where there are no tokens
    EnergyPerToken,
    Goodput,
    Interruptions,
};

const char* FlipCriterionName(FlipCriterion criterion);

struct FlipPlan
{
    size_t fabric = 0;  ///< in Plan::fabrics
    size_t against = 0; ///< likewise
    FlipCriterion criterion = FlipCriterion::CostPerToken;
    FigureRef figure;
    std::vector<FigureRef> second; ///< none or one
};

/// Reads and checks them; throws InputError with its place.
std::vector<FlipPlan> ReadFlips(const ScenarioNode& longRun, const Plan& plan);

/// Sets a figure of a link technology wherever these tiers use it. The MTBF follows its parts'
/// rates, and they follow it.
void SetFigure(std::vector<LinkTier>& optics, const FigureRef& ref, double value);

} // namespace heddle

#endif
