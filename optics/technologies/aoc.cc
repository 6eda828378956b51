// SPDX-License-Identifier: BSD-3-Clause
//
// Active optical cable: two retimed transceivers and their fibre, sold as one cable.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kAoc{
    {.name = "aoc",
     .description = "Active optical cable: two retimed multimode transceivers with their "
                    "fibre fixed on; a fault at either end replaces the whole cable.",
     .cable = true,
     .replaceableUnit = "whole cable",
     .parts = {{"end", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 8, "W", kUnknown, 8, Grade::Estimate,
         "FS retail maximum, 400G"},
        {"power_800g", 14, "W", kUnknown, 14, Grade::Estimate,
         "FS retail maximum, 800G"},
        {"cost_400g", 429, "USD", 352.5, 505.5, Grade::Estimate,
         "half of the middle of FS retail 705-1011 USD per 400G cable"},
        {"cost_800g", kUnknown, "USD", kUnknown, kUnknown, Grade::NotFound,
         "no price found at 800G"},
        {"laser_share", 0.333333, "1", kUnknown, kUnknown, Grade::Assumption,
         "NVIDIA's 10 of 30 W at 1.6T, assumed at every rate"},
        {"added_latency", 200, "ns", kUnknown, kUnknown, Grade::Assumption,
         "as dsp-pluggable"},
        {"reach", 100, "m", 30, 100, Grade::Estimate,
         "Asteraix, AOC vs DAC vs AEC: OM4 fibre"},
        {"mtbf", 550000.0, "h", 500000.0, 1000000.0, Grade::Assumption,
         "per optical end, as dsp-pluggable"},
        {"end_fit", 1818.181818, "FIT", kUnknown, kUnknown, Grade::Assumption,
         "1e9 / mtbf"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
