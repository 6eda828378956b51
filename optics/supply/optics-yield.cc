// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-yield.h"

#include "ns3/optics-reliability.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

const char*
DefectModelName(DefectModel model)
{
    static const char* const kNames[] = {"Poisson", "Murphy", "Seeds", "negative binomial"};
    return kNames[static_cast<size_t>(model)];
}

double
DieYield(DefectModel model, double area, double density, double alpha)
{
    const double defects = area * density;
    if (defects <= 0)
    {
        return 1;
    }
    switch (model)
    {
    case DefectModel::Poisson:
        return std::exp(-defects);
    case DefectModel::Murphy:
        return std::pow(-std::expm1(-defects) / defects, 2);
    case DefectModel::Seeds:
        return 1 / (1 + defects);
    case DefectModel::NegativeBinomial:
        return std::pow(1 + defects / alpha, -alpha);
    }
    return 0;
}

double
DiesPerWafer(double area, double diameter)
{
    const double pi = std::acos(-1.0);
    const double radius = diameter / 2;
    return std::max(0.0, pi * radius * radius / area - pi * diameter / std::sqrt(2 * area));
}

double
StackYield(double layerYield, double layers)
{
    return std::pow(layerYield, layers);
}

double
EngineYield(const EngineProcess& p)
{
    return p.photonicYield * p.electronicYield * p.bondYield *
           KOfN(p.lanes, p.lanes + p.spareLanes, p.laneYield) * std::pow(p.fibreYield, p.fibres);
}

PackageYield
PackageOfEngines(double engineYield, double mountYield, uint32_t needed, uint32_t spare)
{
    const uint32_t mounted = needed + spare;
    PackageYield package;
    package.unscreened = KOfN(needed, mounted, engineYield * mountYield);
    package.screened = KOfN(needed, mounted, mountYield);
    package.enginesPerGoodUnscreened = mounted / package.unscreened;
    package.enginesPerGoodScreened = mounted / engineYield / package.screened;
    return package;
}

} // namespace heddle
