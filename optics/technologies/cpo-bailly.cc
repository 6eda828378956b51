// SPDX-License-Identifier: BSD-3-Clause
//
// Co-packaged optics of the Broadcom Bailly class (Tomahawk 5, 51.2T, 100G lanes).

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kCpoBailly{
    {.name = "cpo-bailly",
     .description = "Co-packaged optics, Broadcom Bailly class (51.2T): 8 engines of 6.4T "
                    "on the switch package, 16 pluggable laser sources. A failed engine "
                    "takes the chassis. Switch end only: give the NIC end another "
                    "technology.",
     .switchEndOnly = true,
     .replaceableUnit = "laser: external source; engine: chassis",
     .laneRate = BitRate(100'000'000'000),
     .parts = {{"source", Scope::Source, Scope::Source},
               {"engine", Scope::Engine, Scope::Switch},
               {"connector", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 2.7, "W", kUnknown, 2.75, Grade::Assumption,
         "half the lanes of an 800G port"},
        {"power_800g", 5.4, "W", 5.4, 5.5, Grade::Secondary,
         "measured by Meta, ECOC 2025, at 40 C; Broadcom says 5.5"},
        {"cost_400g", 295, "USD", 278, 312.5, Grade::Assumption,
         "as cpo-quantum-x: half of 800G"},
        {"cost_800g", 590, "USD", 556, 625, Grade::Assumption,
         "as cpo-quantum-x: price to the buyer, 80-90k USD per 144 ports of a 115.2T switch "
         "(SemiAnalysis); cost to make 243-278"},
        {"laser_share", 0.222222, "1", kUnknown, kUnknown, Grade::Assumption,
         "NVIDIA's laser share of 2 in 9"},
        {"reach", 2000, "m", kUnknown, kUnknown, Grade::Secondary,
         "FR4 engines (Laser Focus World)"},
        {"host_serdes_energy", kUnknown, "pJ/bit", kUnknown, kUnknown, Grade::NotFound,
         "extra-short-reach host SerDes; no energy figure found"},
        {"added_latency", 10, "ns", 0, 10, Grade::Assumption,
         "no DSP; the upper figure, as lpo"},
        {"mtbf", 2600000.0, "h", 1300000.0, kUnknown, Grade::Estimate,
         "per 400G port in Meta's loopback test at 40 C, ECOC 2025 talk in the SemiAnalysis "
         "CPO book; low = 95 % bound if about 6 failures; assumed alike at other rates"},
        {"source_fit", 309.615, "FIT", kUnknown, kUnknown, Grade::Derived,
         "what 1e9 / mtbf leaves after the engine; a port's rate, so the source fails for "
         "all its ports at once"},
        {"engine_fit", 75, "FIT", 0, kUnknown, Grade::Derived,
         "Meta talk: 0.06 % unserviceable, taken as of the ports over 15M port-hours / 1920 "
         "ports; other reports say none"},
        {"engine_repair", 168, "h", 24, kUnknown, Grade::Assumption,
         "chassis swap and return; no repair time published"},
        {"source_repair", 24, "h", 1, 72, Grade::Assumption,
         "front-panel swap, as a module; no repair time published"},
        {"connector_fit", kUnknown, "FIT", kUnknown, kUnknown, Grade::NotFound,
         "fibre and connectors: no failure rate found"},
        {"ber_median", 3.4e-06, "1", kUnknown, 5.8e-06, Grade::Derived,
         "KP4 bins of Meta's 15 switches (75 % of ports below 7 of 15, one above 10, in 546 "
         "h), random errors"},
        {"ber_spread", 0.35, "1", kUnknown, kUnknown, Grade::Derived,
         "same two quantiles"},
        {"lanes_per_source", 32, "1", kUnknown, kUnknown, Grade::Derived,
         "240 sources in 15 systems of 128 x 400G (Meta, ECOC 2025)"},
        {"lanes_per_engine", 64, "1", kUnknown, kUnknown, Grade::Secondary,
         "6.4T per engine, 100G lanes (Laser Focus World)"},
        {"engines_per_switch", 8, "1", kUnknown, kUnknown, Grade::Secondary,
         "Laser Focus World on Bailly"},
        {"sources_per_switch", 16, "1", kUnknown, kUnknown, Grade::Secondary,
         "240 sources in 15 systems (Meta, ECOC 2025)"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
