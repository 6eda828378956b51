// SPDX-License-Identifier: BSD-3-Clause
//
// Accelerators per month: the least of packaging, logic wafers and memory stacks.
#include "ns3/base-errors.h"
#include "ns3/optics-supply.h"
#include "ns3/optics-yield.h"

#include <cmath>

namespace heddle
{

namespace
{

constexpr double kU = kUnknown;

/// Packages that a line's good parts allow; infinite where nobody told how many there are.
struct Line
{
    const char* name;
    double packages;
};

void
Compute(const FigureSet& f, SupplyReport& report)
{
    const uint32_t dies = WholeFigure(f, "dies_per_package");
    const uint32_t stacks = WholeFigure(f, "stacks_per_package");
    if (dies == 0 || f.Value("die_area") <= 0 || f.Value("defect_alpha") <= 0)
    {
        throw InputError("'dies_per_package', 'die_area' and 'defect_alpha' must be positive.");
    }
    const double sites = f.Value("packaging_wafers") * f.Value("packages_per_wafer");
    const double good = std::pow(ShareFigure(f, "die_escape_yield"), dies) *
                        std::pow(ShareFigure(f, "stack_escape_yield"), stacks) *
                        ShareFigure(f, "packaging_yield") * ShareFigure(f, "test_yield");
    const double gross = DiesPerWafer(f.Value("die_area"), f.Value("wafer_diameter"));
    report.rows = {{"package sites", sites, "per month"},
                   {"good share of packages", good, ""},
                   {"gross dies per wafer", gross, ""}};
    double dieYield = 0;
    for (const DefectModel model : {DefectModel::Poisson,
                                    DefectModel::Murphy,
                                    DefectModel::Seeds,
                                    DefectModel::NegativeBinomial})
    {
        dieYield = DieYield(model,
                            f.Value("die_area") / 100,
                            f.Value("defect_density"),
                            f.Value("defect_alpha"));
        report.rows.push_back({std::string("die yield, ") + DefectModelName(model), dieYield, ""});
    }
    // The negative binomial carries on; it lies between the others.
    const double sellable = dieYield + (1 - dieYield) * f.Value("harvest");
    const double stackYield = StackYield(ShareFigure(f, "layer_yield"), f.Value("stack_layers"));
    report.rows.push_back({"dies sold per wafer", gross * sellable, ""});
    report.rows.push_back({"stack yield", stackYield, ""});
    // What the other two lines must give so that packaging is what limits.
    report.rows.push_back(
        {"logic wafers that fill all sites", sites * dies / (gross * sellable), "per month"});
    report.rows.push_back(
        {"stack starts that fill all sites", sites * stacks / stackYield, "per month"});
    std::vector<Line> lines{{"packaging", sites}};
    if (f.Get("logic_wafers").known())
    {
        lines.push_back({"logic", f.Value("logic_wafers") * gross * sellable / dies});
    }
    if (f.Get("stack_starts").known() && stacks > 0)
    {
        lines.push_back({"memory", f.Value("stack_starts") * stackYield / stacks});
    }
    const Line* least = &lines.front();
    for (const Line& line : lines)
    {
        report.rows.push_back(
            {std::string("accelerators by ") + line.name, line.packages * good, "per month"});
        least = line.packages < least->packages ? &line : least;
    }
    report.rows.push_back({"accelerators", least->packages * good, "per month"});
    report.headline = "accelerators";
    report.binding = least->name;
    report.conclusion =
        report.binding + " limits" +
        (lines.size() < 3 ? "; lines without a capacity are taken as unlimited" : "") + ".";
}

// clang-format off
const SupplyRegistration kAccelerators{
    "accelerators",
    "Known-good packaged accelerators per month: the least of packaging sites, logic wafers and memory "
    "stacks, for all customers, as if all capacity were one product (B200 class, 2025).",
    {
        // figure, value, unit, low, high, grade, source, help
        {"packaging_wafers", 75000, "per month", 35000, 80000, Grade::Estimate,
         "CoWoS 2025: 75-80 thousand; 30-35 in 2024; 120-140 target for 2026", "interposer wafers"},
        {"packages_per_wafer", 16, "1", 9, 29, Grade::Estimate,
         "29 of H100 size, 16 of B200 size, 9 at 5.5 reticles", "sites"},
        {"dies_per_package", 2, "1", kU, kU, Grade::Secondary, "B200", "logic dies"},
        {"stacks_per_package", 8, "1", kU, kU, Grade::Secondary, "B200", "memory stacks"},
        {"die_escape_yield", 0.995, "1", 0.99, 0.999, Grade::Assumption,
         "known-good dies are placed: only test escapes", "per die placed"},
        {"stack_escape_yield", 0.995, "1", 0.99, 0.999, Grade::Assumption,
         "known-good stacks are placed: only test escapes", "per stack placed"},
        {"packaging_yield", 0.8, "1", 0.65, 0.98, Grade::Estimate,
         "Epoch AI: CoWoS-L 0.80 central; vendors say 0.98", "assembly"},
        {"test_yield", 0.91, "1", kU, kU, Grade::Secondary,
         "back end: assembly 97-99, FT 95-98, burn-in 99-99.8, SLT 98-99.5 %", "cumulative back end"},
        {"logic_wafers", kU, "per month", kU, kU, Grade::NotFound, "no figure found",
         "wafer starts for the die; unknown: unlimited"},
        {"die_area", 814, "mm2", kU, kU, Grade::Secondary, "H100 class, semiconductor course notes", "of one die"},
        {"wafer_diameter", 300, "mm", kU, kU, Grade::Secondary, "standard", "of a wafer"},
        {"defect_density", 0.105, "1/cm2", 0.09, 0.11, Grade::Secondary,
         "N5 0.10-0.11 in Aug 2020 (AnandTech); N7 0.09", "of the logic process"},
        {"defect_alpha", 2, "1", 1, 3, Grade::Assumption, "1 to 3, 2 common", "clustering"},
        {"harvest", 0.5, "1", kU, kU, Grade::Derived,
         "78 % of 63 dies sold (course notes) at 0.50 without defect: (0.78 - 0.50) / 0.50, rounded down",
         "share of defective dies sold with parts switched off"},
        {"stack_starts", kU, "per month", kU, kU, Grade::NotFound, "no figure found",
         "memory stacks begun; unknown: unlimited"},
        {"stack_layers", 12, "1", 8, 16, Grade::Secondary, "HBM3E 8 or 12 high", "of a stack"},
        {"layer_yield", 0.99, "1", 0.98, 0.995, Grade::Assumption,
         "gives 0.886 for 12 layers; SK hynix said about 0.8", "per layer bonded"},
    },
    &Compute};
// clang-format on

} // namespace

} // namespace heddle
