// SPDX-License-Identifier: BSD-3-Clause
//
// Co-packaged switches: what share of the packages is good, with and without known-good screening.
#include "ns3/base-errors.h"
#include "ns3/optics-supply.h"
#include "ns3/optics-yield.h"

#include <cmath>

namespace heddle
{

namespace
{

constexpr double kU = kUnknown;

void
Compute(const FigureSet& f, SupplyReport& report)
{
    EngineProcess process;
    process.laneYield = ShareFigure(f, "lane_yield");
    process.lanes = WholeFigure(f, "lanes_per_engine");
    process.spareLanes = WholeFigure(f, "spare_lanes_per_engine");
    process.fibreYield = ShareFigure(f, "fibre_yield");
    process.fibres = WholeFigure(f, "fibres_per_engine");
    process.photonicYield = ShareFigure(f, "photonic_yield");
    process.electronicYield = ShareFigure(f, "electronic_yield");
    process.bondYield = ShareFigure(f, "bond_yield");
    const uint32_t engines = WholeFigure(f, "engines_per_switch");
    if (process.lanes == 0 || engines == 0)
    {
        throw InputError("'lanes_per_engine' and 'engines_per_switch' must be positive.");
    }
    const double engine = EngineYield(process);
    const PackageYield package = PackageOfEngines(engine,
                                                  ShareFigure(f, "mount_yield"),
                                                  engines,
                                                  WholeFigure(f, "spare_engines_per_switch"));
    report.rows = {{"engine yield", engine, ""},
                   {"good packages, engines as they come", package.unscreened, ""},
                   {"good packages, known-good engines", package.screened, ""},
                   {"engines per good package, as they come", package.enginesPerGoodUnscreened, ""},
                   {"engines per good package, known-good", package.enginesPerGoodScreened, ""}};
    if (f.Get("engine_starts").known())
    {
        report.rows.push_back({"switches with known-good engines",
                               f.Value("engine_starts") / package.enginesPerGoodScreened,
                               "per month"});
    }
    report.headline = "engines per good package, known-good";
    const auto round = [](double count) { return FigureNumber(std::round(10 * count) / 10); };
    report.conclusion = "testing engines before they are mounted turns " +
                        round(package.enginesPerGoodUnscreened) + " engines per switch into " +
                        round(package.enginesPerGoodScreened) + ".";
}

// clang-format off
const SupplyRegistration kCpoSwitch{
    "cpo-switch",
    "Yield of a co-packaged switch from its engines' lanes, spares, fibre attach and bond. No engine yield is "
    "public; the structure is Quantum-X's (72 engines of 1.6T), most yields are assumptions.",
    {
        // figure, value, unit, low, high, grade, source, help
        {"lanes_per_engine", 8, "1", kU, kU, Grade::Secondary, "1.6T engine of 200G lanes", "needed"},
        {"spare_lanes_per_engine", 0, "1", kU, kU, Grade::Assumption, "none published", "beyond those needed"},
        {"lane_yield", 0.999, "1", kU, kU, Grade::Assumption, "no figure published", "of one lane"},
        {"photonic_yield", 0.99, "1", kU, kU, Grade::Assumption, "no figure published",
         "of the photonic die but for its lanes"},
        {"electronic_yield", 0.99, "1", kU, kU, Grade::Assumption, "no figure published", "of the electronic die"},
        {"bond_yield", 0.995, "1", kU, kU, Grade::Assumption, "no figure published", "of the die bond"},
        {"fibres_per_engine", 18, "1", kU, kU, Grade::Derived,
         "Quantum-X: 324 fibres per package of 18 engines", "attached"},
        {"fibre_yield", 0.99865, "1", kU, kU, Grade::Secondary, "OIF fibre attach", "per fibre"},
        {"engines_per_switch", 72, "1", kU, kU, Grade::Secondary, "Quantum-X Q3450", "needed"},
        {"spare_engines_per_switch", 0, "1", kU, kU, Grade::Assumption, "none published", "beyond those needed"},
        {"mount_yield", 0.999, "1", kU, kU, Grade::Assumption, "no figure published", "per engine mounted"},
        {"engine_starts", kU, "per month", kU, kU, Grade::NotFound, "no figure found", "engines begun"},
    },
    &Compute};
// clang-format on

} // namespace

} // namespace heddle
