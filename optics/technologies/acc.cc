// SPDX-License-Identifier: BSD-3-Clause
//
// Active copper cable: twinax with a linear amplifier in each plug.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kAcc{
    {.name = "acc",
     .description = "Active copper cable: copper with a linear amplifier (redriver) in each "
                    "plug, no retimer; a little power for 2 to 3 m more than passive "
                    "copper.",
     .cable = true,
     .failureUnits = 1,
     .replaceableUnit = "cable",
     .parts = {{"cable", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 2.5, "W", kUnknown, 2.5, Grade::Estimate,
         "FS retail maximum, 400G 3 m"},
        {"power_800g", 1.5, "W", kUnknown, 1.5, Grade::Estimate,
         "FS retail maximum, 800G breakout (below the 400G cable's)"},
        {"cost_400g", kUnknown, "USD", kUnknown, kUnknown, Grade::NotFound,
         "no price found at 400G"},
        {"cost_800g", 568, "USD", kUnknown, kUnknown, Grade::Estimate,
         "half of FS retail 1136 USD, 800G 3 m"},
        {"added_latency", 0, "ns", 0, 10, Grade::Assumption,
         "linear amplifiers, no figure found"},
        {"propagation", 4.6, "ns/m", 4.5, 4.6, Grade::Primary,
         "NVIDIA MCP4Y10 800G DAC specifications"},
        {"reach", 5, "m", 3, 7, Grade::Estimate,
         "Asteraix, AOC vs DAC vs AEC: 2-3 m beyond passive copper"},
        {"mtbf", 10000000.0, "h", kUnknown, kUnknown, Grade::Assumption,
         "per cable, as aec; no source"},
        {"pre_fec_ber", 0.0001, "1", kUnknown, kUnknown, Grade::Secondary,
         "CEI-112G long reach before FEC, optics research notes of Sept 2026"},
        {"ber_median", 1e-06, "1", kUnknown, kUnknown, Grade::Assumption,
         "no field distribution published; two decades below the limit"},
        {"cable_fit", 100, "FIT", kUnknown, kUnknown, Grade::Assumption,
         "1e9 / mtbf"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
