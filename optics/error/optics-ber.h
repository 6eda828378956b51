// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-ber.h
// ------------------
// The pre-FEC bit-error ratio over the links of a fleet: a lognormal distribution that drifts with
// temperature and age, and what it makes of a fleet's frame loss.
//
//   BerDistribution links = BerOf(FindLinkTechnology("cpo-bailly"));
//   links.Quantile(0.75, {40, 0});                      // 5.9e-6
//   links.ShareAbove(2.4e-4, {70, 5});                  // links out of specification
//   MeanFrameLoss(links, {40, 0}, kKp4, {}, 4158);      // over the fleet
//
// Formula. log10 BER = log10 median + spread · z + perKelvin · (T − 40 °C) + perYear · age, z
// standard normal per link, kept for the link's life. Averages integrate over z in ±8 (Simpson).
//
// Known limits. Only cpo-bailly's spread follows from measurements (two quantiles of KP4 bins);
// the others are assumptions. Drift is linear in decades; no published figure supports a slope.

#ifndef HEDDLE_OPTICS_BER_H
#define HEDDLE_OPTICS_BER_H

#include "ns3/optics-fec.h"
#include "ns3/optics-technology.h"

namespace heddle
{

struct LinkConditions
{
    double celsius = 40;
    double years = 0; ///< age
};

struct BerDistribution
{
    double median = 0;     ///< new, at 40 °C
    double spread = 0;     ///< decades, standard deviation over links
    double perKelvin = 0;  ///< decades
    double perYear = 0;    ///< decades
    double limit = 2.4e-4; ///< of the link class

    /// BER of the link at standard normal deviate `z`, at most 0.5.
    double At(double z, const LinkConditions& conditions) const;
    /// BER that a share 0 < q < 1 of the links does not exceed.
    double Quantile(double q, const LinkConditions& conditions) const;
    /// Share of the links whose BER is above `ber`.
    double ShareAbove(double ber, const LinkConditions& conditions) const;
    /// Decades between the median link and the limit.
    double Margin(const LinkConditions& conditions) const;
};

BerDistribution BerOf(const LinkTechnology& technology);

/// Expected frame loss over all links; `errors.ber` is not used.
double MeanFrameLoss(const BerDistribution& links,
                     const LinkConditions& conditions,
                     const ReedSolomon& code,
                     ErrorModel errors,
                     double bytes);

/// The standard normal's quantile and upper tail.
double NormalQuantile(double q);
double NormalTail(double z);

} // namespace heddle

#endif
