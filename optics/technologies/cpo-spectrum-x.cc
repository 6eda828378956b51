// SPDX-License-Identifier: BSD-3-Clause
//
// Co-packaged optics of the NVIDIA Spectrum-X Photonics class (SN6810, 102.4T).

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

const TechnologyRegistration kCpoSpectrumX{
    {.name = "cpo-spectrum-x",
     .description = "Co-packaged optics, NVIDIA Spectrum-X Photonics class (102.4T, 128 x "
                    "800G): 32 engines of 3.2T and 4 spares, 16 external sources of 8 "
                    "lasers. Switch end only: give the NIC end another technology.",
     .switchEndOnly = true,
     .replaceableUnit = "laser: external source; engine: chassis",
     .laneRate = BitRate(200'000'000'000),
     .parts = {{"laser", Scope::Laser, Scope::Source},
               {"source", Scope::Source, Scope::Source},
               {"engine", Scope::Engine, Scope::Switch},
               {"connector", Scope::Port, Scope::Port}}},
    {
        // figure, value, unit, low, high, grade, source
        // clang-format off
        {"power_400g", 2.25, "W", kUnknown, kUnknown, Grade::Assumption,
         "as cpo-quantum-x: a quarter of the 1.6T figure"},
        {"power_800g", 4.5, "W", 4, 5, Grade::Assumption,
         "as cpo-quantum-x: half of 9 W per 1.6T; SemiAnalysis says 4-5 W per 800G"},
        {"power_1600g", 9, "W", kUnknown, kUnknown, Grade::Assumption,
         "as cpo-quantum-x: NVIDIA CPO, 7 engine + 2 laser, SemiAnalysis CPO book, Jan 2026"},
        {"cost_400g", 295, "USD", 278, 312.5, Grade::Assumption,
         "as cpo-quantum-x: half of 800G"},
        {"cost_800g", 590, "USD", 556, 625, Grade::Assumption,
         "as cpo-quantum-x: price to the buyer, 80-90k USD per 144 ports of a 115.2T switch "
         "(SemiAnalysis); cost to make 243-278"},
        {"cost_1600g", 1180, "USD", 1111, 1250, Grade::Assumption,
         "as cpo-quantum-x: 80-90k USD per 72 ports of 1.6T (SemiAnalysis)"},
        {"laser_share", 0.222222, "1", kUnknown, kUnknown, Grade::Estimate,
         "NVIDIA CPO per 1.6T: 7 engine + 2 laser W, SemiAnalysis CPO book, Jan 2026"},
        {"reach", 500, "m", 500, 2000, Grade::Derived,
         "DR class"},
        {"host_serdes_energy", kUnknown, "pJ/bit", kUnknown, kUnknown, Grade::NotFound,
         "extra-short-reach host SerDes; no energy figure found"},
        {"added_latency", 10, "ns", 0, 10, Grade::Assumption,
         "no DSP; the upper figure, as lpo"},
        {"mtbf", 2600000.0, "h", 1300000.0, kUnknown, Grade::Assumption,
         "as cpo-bailly; no field figure"},
        {"laser_fit", 20, "FIT", kUnknown, kUnknown, Grade::Vendor,
         "bare 400 mW laser, Lumentum: 20 FIT; system boundary undisclosed"},
        {"source_fit", 289.615, "FIT", kUnknown, kUnknown, Grade::Assumption,
         "the rest of mtbf, so that port rates add up to 1e9 / mtbf"},
        {"engine_fit", 75, "FIT", 0, kUnknown, Grade::Assumption,
         "Meta talk: 0.06 % unserviceable, taken as of the ports over 15M port-hours / 1920 "
         "ports; other reports say none"},
        {"engine_repair", 168, "h", 24, kUnknown, Grade::Assumption,
         "chassis swap and return; no repair time published"},
        {"source_repair", 24, "h", 1, 72, Grade::Assumption,
         "front-panel swap, as a module; no repair time published"},
        {"laser_repair", 24, "h", 1, 72, Grade::Assumption,
         "swap of its source; no repair time published"},
        {"laser_price", 340, "USD", 280, 400, Grade::LowQuality,
         "its source's: a repair swaps that"},
        {"source_price", 340, "USD", 280, 400, Grade::LowQuality,
         "8 lasers of 35-50 USD (research notes, not re-checked), without housing and margin"},
        {"engine_price", 2360, "USD", 2224, 2500, Grade::Assumption,
         "as cpo-quantum-x: four ports' share of the optics; what a returned chassis is billed is not published"},
        {"connector_fit", kUnknown, "FIT", kUnknown, kUnknown, Grade::NotFound,
         "fibre and connectors: no failure rate found"},
        {"ber_median", 3.4e-06, "1", kUnknown, 5.8e-06, Grade::Assumption,
         "KP4 bins of Meta's 15 switches (75 % of ports below 7 of 15, one above 10, in 546 "
         "h), random errors"},
        {"ber_spread", 0.35, "1", kUnknown, kUnknown, Grade::Assumption,
         "same two quantiles"},
        {"lanes_per_laser", 4, "1", kUnknown, kUnknown, Grade::Secondary,
         "teardown notes of Quantum-X and Spectrum-X photonics (achoenix/optical_io)"},
        {"lasers_per_source", 8, "1", kUnknown, kUnknown, Grade::Secondary,
         "teardown notes of Quantum-X and Spectrum-X photonics (achoenix/optical_io)"},
        {"lanes_per_source", 32, "1", kUnknown, kUnknown, Grade::Secondary,
         "teardown notes of Quantum-X and Spectrum-X photonics (achoenix/optical_io)"},
        {"lanes_per_engine", 16, "1", kUnknown, kUnknown, Grade::Secondary,
         "3.2T per engine, teardown notes of Quantum-X and Spectrum-X photonics "
         "(achoenix/optical_io)"},
        {"engines_per_switch", 32, "1", kUnknown, kUnknown, Grade::Secondary,
         "teardown notes of Quantum-X and Spectrum-X photonics (achoenix/optical_io)"},
        {"sources_per_switch", 16, "1", kUnknown, kUnknown, Grade::Secondary,
         "teardown notes of Quantum-X and Spectrum-X photonics (achoenix/optical_io)"},
        {"spare_engines_per_switch", 4, "1", kUnknown, kUnknown, Grade::Estimate,
         "SemiAnalysis CPO book: 36 engines, 32 active; soldered, not replaceable"},
        // clang-format on
    }};

} // namespace

} // namespace heddle
