// SPDX-License-Identifier: BSD-3-Clause
//
// Co-packaged optics of the Broadcom Davisson class (Tomahawk 6, 102.4T, 200G lanes).

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kCpoDavisson{
    {.name = "cpo-davisson",
     .description = "Co-packaged optics, Broadcom Davisson class (102.4T): 16 engines of "
                    "6.4T, field-replaceable laser sources. Switch end only: give the NIC "
                    "end another technology.",
     .switchEndOnly = true,
     .replaceableUnit = "laser: external source; engine: chassis",
     .laneRate = BitRate(200'000'000'000),
     .parts = {{"source", Scope::Source, Scope::Source},
               {"engine", Scope::Engine, Scope::Switch},
               {"connector", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_800g", 3.5, "W", kUnknown, kUnknown, Grade::Vendor,
         "Broadcom claim (cloudnews): 70 % below pluggables, 4.4 pJ/bit"},
        {"cost_800g", 590, "USD", 556, 625, Grade::Assumption,
         "as cpo-quantum-x: price to the buyer, 80-90k USD per 144 ports of a 115.2T switch "
         "(SemiAnalysis); cost to make 243-278"},
        {"laser_share", 0.222222, "1", kUnknown, kUnknown, Grade::Assumption,
         "NVIDIA's laser share of 2 in 9"},
        {"reach", 500, "m", 500, 2000, Grade::Derived,
         "DR class engines (StorageReview)"},
        {"host_serdes_energy", kUnknown, "pJ/bit", kUnknown, kUnknown, Grade::NotFound,
         "extra-short-reach host SerDes; no energy figure found"},
        {"added_latency", 10, "ns", 0, 10, Grade::Assumption,
         "no DSP; the upper figure, as lpo"},
        {"mtbf", 2600000.0, "h", 1300000.0, kUnknown, Grade::Assumption,
         "as cpo-bailly; no field figure"},
        {"source_fit", 309.615, "FIT", kUnknown, kUnknown, Grade::Assumption,
         "what 1e9 / mtbf leaves after the engine; a port's rate, so the source fails for "
         "all its ports at once"},
        {"engine_fit", 75, "FIT", 0, kUnknown, Grade::Assumption,
         "Meta talk: 0.06 % unserviceable, taken as of the ports over 15M port-hours / 1920 "
         "ports; other reports say none"},
        {"engine_repair", 168, "h", 24, kUnknown, Grade::Assumption,
         "chassis swap and return; no repair time published"},
        {"source_repair", 24, "h", 1, 72, Grade::Assumption,
         "front-panel swap, as a module; no repair time published"},
        {"connector_fit", kUnknown, "FIT", kUnknown, kUnknown, Grade::NotFound,
         "fibre and connectors: no failure rate found"},
        {"ber_median", 3.4e-06, "1", kUnknown, 5.8e-06, Grade::Assumption,
         "KP4 bins of Meta's 15 switches (75 % of ports below 7 of 15, one above 10, in 546 "
         "h), random errors"},
        {"ber_spread", 0.35, "1", kUnknown, kUnknown, Grade::Assumption,
         "same two quantiles"},
        {"lanes_per_source", 32, "1", kUnknown, kUnknown, Grade::Assumption,
         "source count not published; as cpo-bailly"},
        {"lanes_per_engine", 32, "1", kUnknown, kUnknown, Grade::Vendor,
         "6.4T per engine, 200G lanes (StorageReview)"},
        {"engines_per_switch", 16, "1", kUnknown, kUnknown, Grade::Vendor,
         "StorageReview on TH6-Davisson"},
        {"sources_per_switch", 16, "1", kUnknown, kUnknown, Grade::Assumption,
         "512 lanes at 32 per source"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
