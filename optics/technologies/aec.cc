// SPDX-License-Identifier: BSD-3-Clause
//
// Active electrical cable: twinax with a retimer in each plug.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kAec{
    {.name = "aec",
     .description = "Active electrical cable: copper with a retimer in each plug; thinner "
                    "and longer than passive copper, at a third of the power of retimed "
                    "optics.",
     .cable = true,
     .failureUnits = 1,
     .replaceableUnit = "cable",
     .parts = {{"cable", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 2.5, "W", 2.5, 8.5, Grade::Assumption,
         "half the lanes of 800G; retail maxima at 400G 4.5-8.5 W per end"},
        {"power_800g", 5, "W", 5, 12, Grade::Primary,
         "half of Credo 800G AEC product brief (Sept 2025), 10 W per cable typical; retail "
         "maxima 9-12 W per end"},
        {"power_1600g", 10, "W", kUnknown, 20, Grade::Assumption,
         "twice 800G; OSFP-XD below 20 W per end, optics research notes of Sept 2026"},
        {"cost_400g", 85, "USD", kUnknown, kUnknown, Grade::Estimate,
         "half of a channel estimate for a large buyer (CRDO equity note), 170 USD per 400G "
         "cable"},
        {"cost_800g", 160, "USD", 160, 1252, Grade::Estimate,
         "half of a channel estimate for a large buyer (CRDO equity note), 320 USD per 800G "
         "cable; FS retail 1664-2504 USD"},
        {"cost_1600g", kUnknown, "USD", kUnknown, kUnknown, Grade::NotFound,
         "no price found at 1.6T"},
        {"added_latency", 100, "ns", 6, 200, Grade::Vendor,
         "two retimers of about 50 ns (3 analog, 40-60 DSP, 100 unverified), vendors, "
         "latency compilation"},
        {"propagation", 4.6, "ns/m", 4.5, 4.6, Grade::Primary,
         "NVIDIA MCP4Y10 800G DAC specifications"},
        {"reach", 5, "m", 2.5, 7, Grade::Primary,
         "Credo 800G AEC product brief, Sept 2025"},
        {"mtbf", 10000000.0, "h", kUnknown, 100000000.0, Grade::Assumption,
         "per cable; a tenth of Credo's claim of 1e8 h, which names no method"},
        {"pre_fec_ber", 1e-06, "1", kUnknown, kUnknown, Grade::Secondary,
         "CEI-112G very short reach (host to retimer), optics research notes of Sept 2026"},
        {"ber_median", 1e-08, "1", kUnknown, kUnknown, Grade::Assumption,
         "no field distribution published; two decades below the limit"},
        {"cable_fit", 100, "FIT", 10, kUnknown, Grade::Assumption,
         "1e9 / mtbf"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
