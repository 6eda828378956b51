// SPDX-License-Identifier: BSD-3-Clause
//
// Near-packaged optics: socketed engines on the switch board. No published watts.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kNpo{
    {.name = "npo",
     .description = "Near-packaged optics: socketed optical engines beside the switch "
                    "package. Nearly every figure is an assumption between LPO and CPO.",
     .switchEndOnly = true,
     .replaceableUnit = "socketed engine",
     .parts = {{"engine", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 3.25, "W", 2.7, 4.25, Grade::Assumption,
         "half the lanes of 800G"},
        {"power_800g", 6.5, "W", 5.4, 8.5, Grade::Assumption,
         "no published watts; placed between cpo-bailly (5.4) and lpo (8.5) at 800G"},
        {"cost_400g", kUnknown, "USD", kUnknown, kUnknown, Grade::NotFound,
         "no price found"},
        {"cost_800g", kUnknown, "USD", kUnknown, kUnknown, Grade::NotFound,
         "no price found"},
        {"laser_share", kUnknown, "1", kUnknown, kUnknown, Grade::NotFound,
         "laser placement and share not published"},
        {"host_serdes_energy", kUnknown, "pJ/bit", kUnknown, kUnknown, Grade::NotFound,
         "extra-short-reach host SerDes; no energy figure found"},
        {"added_latency", 10, "ns", 0, 20, Grade::Assumption,
         "no DSP, as lpo"},
        {"reach", 500, "m", kUnknown, kUnknown, Grade::Assumption,
         "as DR modules; no source"},
        {"mtbf", kUnknown, "h", kUnknown, kUnknown, Grade::NotFound,
         "no failure data found"},
        {"engine_fit", kUnknown, "FIT", kUnknown, kUnknown, Grade::NotFound,
         "no failure data found"},
        {"ber_median", 2.4e-05, "1", kUnknown, kUnknown, Grade::Assumption,
         "no field distribution published; as lpo"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
