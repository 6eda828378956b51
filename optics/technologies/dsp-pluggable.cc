// SPDX-License-Identifier: BSD-3-Clause
//
// Retimed pluggable optics (DR, FR): a DSP in both directions.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kDspPluggable{
    {.name = "dsp-pluggable",
     .description = "Retimed pluggable module (OSFP, QSFP-DD; DR4, DR8, 2xFR4): a DSP "
                    "retimes both directions. Today's default optics, and the reference for "
                    "the others.",
     .replaceableUnit = "module",
     .parts = {{"module", Scope::Port, Scope::Port}, {"connector", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 8, "W", kUnknown, 9, Grade::Primary,
         "NVIDIA MMA1Z00-NS400 400G SR4: 8 typical, 9 max (MMS4X00-NS400 DR4: 9 max)"},
        {"power_800g", 15, "W", 11, 20, Grade::Vendor,
         "Axiom, 800G LPO vs DSP: 14-18 common, 11 best claim, 20 worst retail; NVIDIA "
         "MMS4X00-NS 2xDR4: 16 typical, 17 max"},
        {"power_1600g", 30, "W", 25, 32, Grade::Primary,
         "1.6T DR4: NVIDIA 30 (10 laser, 20 DSP), Meta FBOSS TDP 32, Lambda 25"},
        {"power_800g_4x200g", 15, "W", 12.5, 16, Grade::Derived,
         "half of a 1.6T DR4 module: NVIDIA 30, Meta FBOSS TDP 32, Lambda 25"},
        {"cost_400g", 674.5, "USD", 549, 800, Grade::Estimate,
         "middle of LuxOptX cost analysis, 400G 549-800 USD"},
        {"cost_800g", 1000, "USD", 620, 1400, Grade::Estimate,
         "LuxOptX cost analysis: 620 average price of 2025, DR8 1000-1400 in volume"},
        {"cost_1600g", 1000, "USD", kUnknown, kUnknown, Grade::Estimate,
         "SemiAnalysis CPO book, Jan 2026: assumed there for a 1.6T DR8 module"},
        {"cost_800g_4x200g", 500, "USD", kUnknown, kUnknown, Grade::Derived,
         "half of a 1.6T module of 1000 USD (SemiAnalysis CPO book)"},
        {"laser_share", 0.333333, "1", kUnknown, kUnknown, Grade::Assumption,
         "NVIDIA's 10 of 30 W at 1.6T (primary), assumed at every rate"},
        {"added_latency", 200, "ns", kUnknown, kUnknown, Grade::LowQuality,
         "two DSPs of about 100 ns, vendor and committee notes; no measurement found"},
        {"reach", 500, "m", 100, 2000, Grade::Primary,
         "NVIDIA 800G: MMS4X00-NS 100 m, -NM 500 m, 2xFR4 2 km"},
        {"mtbf", 550000.0, "h", 500000.0, 1000000.0, Grade::Estimate,
         "per 400G 2xFR4 module, Meta fleet, ECOC 2025 talk in the SemiAnalysis CPO book; "
         "assumed alike at other rates"},
        {"module_fit", 1818.181818, "FIT", kUnknown, kUnknown, Grade::Derived,
         "1e9 / mtbf"},
        {"connector_fit", kUnknown, "FIT", kUnknown, kUnknown, Grade::NotFound,
         "fibre and connectors: no failure rate found"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
