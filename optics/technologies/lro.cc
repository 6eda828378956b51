// SPDX-License-Identifier: BSD-3-Clause
//
// Linear receive optics: a DSP in the transmit direction only.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kLro{
    {.name = "lro",
     .description = "Linear receive optics (half-retimed): a DSP in the transmit direction "
                    "only, about a quarter below the power of a fully retimed module.",
     .replaceableUnit = "module",
     .parts = {{"module", Scope::Port, Scope::Port}, {"connector", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 5.6, "W", 4.8, 6.4, Grade::Assumption,
         "800G figure x 8/15, as DSP modules scale from 800G (15 W) to 400G (8 W)"},
        {"power_800g", 10.5, "W", 9, 12, Grade::Secondary,
         "800G LRO 9-12 W, about 25 % below full DSP, optics research notes of Sept 2026"},
        {"cost_400g", kUnknown, "USD", kUnknown, kUnknown, Grade::NotFound,
         "no price found at 400G"},
        {"cost_800g", kUnknown, "USD", kUnknown, kUnknown, Grade::NotFound,
         "no price found"},
        {"laser_share", 0.47619, "1", kUnknown, kUnknown, Grade::Assumption,
         "the laser of a DSP module (5 of 15 W) in 10.5 W"},
        {"added_latency", 100, "ns", 100, 200, Grade::Assumption,
         "one DSP per direction"},
        {"reach", 500, "m", kUnknown, kUnknown, Grade::Assumption,
         "as DR modules; no source"},
        {"mtbf", 550000.0, "h", 500000.0, 1000000.0, Grade::Assumption,
         "as dsp-pluggable"},
        {"module_fit", 1818.181818, "FIT", kUnknown, kUnknown, Grade::Assumption,
         "1e9 / mtbf"},
        {"connector_fit", kUnknown, "FIT", kUnknown, kUnknown, Grade::NotFound,
         "fibre and connectors: no failure rate found"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
