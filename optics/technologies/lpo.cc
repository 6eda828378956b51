// SPDX-License-Identifier: BSD-3-Clause
//
// Linear pluggable optics: no DSP in the module, the host equalises.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kLpo{
    {.name = "lpo",
     .description = "Linear pluggable optics: driver and amplifier only, the host's SerDes "
                    "equalises the whole channel. Little latency and power, tight channel "
                    "budget.",
     .replaceableUnit = "module",
     .parts = {{"module", Scope::Port, Scope::Port}, {"connector", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 4.533333, "W", 4.266667, 4.8, Grade::Assumption,
         "800G figure x 8/15, as DSP modules scale from 800G (15 W) to 400G (8 W)"},
        {"power_800g", 8.5, "W", 8, 9, Grade::Vendor,
         "Axiom, 800G LPO vs DSP in AI clusters: 10-11 pJ/bit"},
        {"cost_400g", kUnknown, "USD", kUnknown, kUnknown, Grade::NotFound,
         "no price found at 400G"},
        {"cost_800g", 800, "USD", 700, 900, Grade::Estimate,
         "middle of LuxOptX cost analysis, 800G LPO 700-900 USD"},
        {"laser_share", 0.588235, "1", kUnknown, kUnknown, Grade::Assumption,
         "the laser of a DSP module (5 of 15 W) in 8.5 W"},
        {"added_latency", 10, "ns", 2, 20, Grade::Vendor,
         "vendors: below 1, 2 or 10 ns per module (Axiom); none measured"},
        {"reach", 500, "m", kUnknown, kUnknown, Grade::Vendor,
         "LPO MSA 100G-DR-LPO (Axiom)"},
        {"mtbf", 550000.0, "h", 500000.0, 1000000.0, Grade::Assumption,
         "as dsp-pluggable"},
        {"module_fit", 1818.181818, "FIT", kUnknown, kUnknown, Grade::Assumption,
         "1e9 / mtbf"},
        {"connector_fit", kUnknown, "FIT", kUnknown, kUnknown, Grade::NotFound,
         "fibre and connectors: no failure rate found"},
        {"ber_median", 2.4e-05, "1", kUnknown, kUnknown, Grade::Assumption,
         "no field distribution published; one decade below the limit, as no DSP cleans the "
         "signal"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
