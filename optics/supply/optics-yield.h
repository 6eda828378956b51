// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-yield.h
// --------------------
// Yield: dies on a wafer, dies without defect, stacks of memory, optical engines, packages.
//
//   DiesPerWafer(814, 300);                       // 63.5
//   DieYield(DefectModel::NegativeBinomial, 8, 0.1, 2);   // 0.510
//   EngineYield({0.999, 64, 2, 0.99865, 36});     // 0.95
//
// Formulae, with A the die's area and D the defect density: Poisson exp(−AD); Murphy
// ((1 − exp(−AD))/AD)²; Seeds 1/(1 + AD); negative binomial (1 + AD/α)^−α. Gross dies
// π(d/2)²/a − πd/√(2a). A stack of n layers y^n. An engine: photonic × electronic × bond × k-of-n
// lanes × fibre^F. A package of N engines that needs k: sum of the binomial.
//
// Sources: standard (Stapper 1983 for the negative binomial); fibre yield from OIF notes. Known
// limits: no edge exclusion beyond the formula's, no partial dies, independent defects.

#ifndef HEDDLE_OPTICS_YIELD_H
#define HEDDLE_OPTICS_YIELD_H

#include <cstdint>

namespace heddle
{

enum class DefectModel : uint8_t
{
    Poisson,
    Murphy,
    Seeds,
    NegativeBinomial,
};

const char* DefectModelName(DefectModel model);

/// `area` cm², `density` 1/cm², `alpha` of the negative binomial only.
double DieYield(DefectModel model, double area, double density, double alpha);

/// Gross dies; `area` mm², `diameter` mm. Not rounded, at least 0.
double DiesPerWafer(double area, double diameter);

/// Stack of `layers` bonded one on another.
double StackYield(double layerYield, double layers);

struct EngineProcess
{
    double laneYield = 1;
    uint32_t lanes = 1; ///< needed
    uint32_t spareLanes = 0;
    double fibreYield = 1;
    uint32_t fibres = 0;
    double photonicYield = 1; ///< of the photonic die but for its lanes
    double electronicYield = 1;
    double bondYield = 1;
};

double EngineYield(const EngineProcess& process);

/// Engines that start per good package, and the share of packages that are good.
struct PackageYield
{
    double unscreened = 0; ///< engines mounted as they come
    double screened = 0;   ///< only known-good engines are mounted
    double enginesPerGoodUnscreened = 0;
    double enginesPerGoodScreened = 0;
};

/// A package of `needed` + `spare` engines, each mounted with `mountYield`.
PackageYield PackageOfEngines(double engineYield,
                              double mountYield,
                              uint32_t needed,
                              uint32_t spare);

} // namespace heddle

#endif
