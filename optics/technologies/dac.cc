// SPDX-License-Identifier: BSD-3-Clause
//
// Passive direct-attach copper: nothing but twinax and an EEPROM.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kDac{
    {.name = "dac",
     .description = "Passive direct-attach copper cable: no retimer, no optics; the "
                    "cheapest, most reliable and shortest link. At 200 Gb/s per lane it "
                    "ends near 2 m.",
     .cable = true,
     .failureUnits = 1,
     .replaceableUnit = "cable",
     .parts = {{"cable", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 0.1, "W", 0, 0.1, Grade::Assumption,
         "EEPROM only, so as at 800G"},
        {"power_800g", 0.1, "W", 0, 0.1, Grade::Primary,
         "NVIDIA MCP4Y10 800G DAC specifications: maximum; an EEPROM only"},
        {"cost_400g", 104.5, "USD", kUnknown, kUnknown, Grade::Estimate,
         "half of FS retail 209 USD, 400G 3 m (longer than the 800G reference)"},
        {"cost_800g", 93, "USD", 80.5, 149.5, Grade::Estimate,
         "half of FS retail 186 USD, 1 m; 161 (0.5 m) to 299 (2 m breakout)"},
        {"down_share", 1, "1", kUnknown, kUnknown, Grade::Derived,
         "an EEPROM draws the same whatever the link does"},
        {"added_latency", 0, "ns", 0, 0, Grade::Derived,
         "by construction: no active part"},
        {"propagation", 4.6, "ns/m", 4.5, 4.6, Grade::Primary,
         "NVIDIA MCP4Y10 800G DAC specifications"},
        {"reach", 2, "m", 0.5, 3, Grade::Primary,
         "NVIDIA 800G DAC 0.5-2 m; 802.3ck CR at least 2 m; retail 400G to 3 m"},
        {"reach_200g_lanes", 2, "m", kUnknown, 2, Grade::Estimate,
         "SemiAnalysis CPO book: two metres at best; NVIDIA lists no passive cable at "
         "200G/lane"},
        {"mtbf", 100000000.0, "h", kUnknown, kUnknown, Grade::Assumption,
         "per cable; no source"},
        {"pre_fec_ber", 0.0001, "1", kUnknown, kUnknown, Grade::Secondary,
         "CEI-112G long reach before FEC, optics research notes of Sept 2026"},
        {"ber_median", 1e-06, "1", kUnknown, kUnknown, Grade::Assumption,
         "no field distribution published; two decades below the limit"},
        {"ber_per_year", 0, "1", kUnknown, kUnknown, Grade::Assumption,
         "nothing that wears"},
        {"cable_fit", 10, "FIT", kUnknown, kUnknown, Grade::Assumption,
         "1e9 / mtbf"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
