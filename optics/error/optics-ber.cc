// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-ber.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

constexpr double kReferenceCelsius = 40;

double
Drift(const BerDistribution& links, const LinkConditions& conditions)
{
    return links.perKelvin * (conditions.celsius - kReferenceCelsius) +
           links.perYear * conditions.years;
}

} // namespace

double
NormalTail(double z)
{
    return std::erfc(z / std::sqrt(2.0)) / 2;
}

double
NormalQuantile(double q)
{
    HEDDLE_CHECK(q > 0 && q < 1, "a quantile lies between 0 and 1");
    double low = -40;
    double high = 40;
    for (int i = 0; i < 200; ++i)
    {
        const double middle = (low + high) / 2;
        // The tail that is small keeps its digits.
        const bool below = q < 0.5 ? NormalTail(-middle) < q : NormalTail(middle) > 1 - q;
        (below ? low : high) = middle;
    }
    return (low + high) / 2;
}

double
BerDistribution::At(double z, const LinkConditions& conditions) const
{
    return std::min(0.5, median * std::pow(10, spread * z + Drift(*this, conditions)));
}

double
BerDistribution::Quantile(double q, const LinkConditions& conditions) const
{
    return At(NormalQuantile(q), conditions);
}

double
BerDistribution::ShareAbove(double ber, const LinkConditions& conditions) const
{
    const double decades = std::log10(ber / median) - Drift(*this, conditions);
    if (spread == 0)
    {
        return decades < 0 ? 1 : 0;
    }
    return NormalTail(decades / spread);
}

double
BerDistribution::Margin(const LinkConditions& conditions) const
{
    return std::log10(limit / median) - Drift(*this, conditions);
}

BerDistribution
BerOf(const LinkTechnology& technology)
{
    return {technology.Get("ber_median").value,
            technology.Get("ber_spread").value,
            technology.Get("ber_per_kelvin").value,
            technology.Get("ber_per_year").value,
            technology.Get("pre_fec_ber").value};
}

double
MeanFrameLoss(const BerDistribution& links,
              const LinkConditions& conditions,
              const ReedSolomon& code,
              ErrorModel errors,
              double bytes)
{
    constexpr int kSteps = 320;
    constexpr double kRange = 8;
    const double width = 2 * kRange / kSteps;
    double sum = 0;
    for (int i = 0; i <= kSteps; ++i)
    {
        const double z = -kRange + i * width;
        errors.ber = links.At(z, conditions);
        const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
        sum += weight * std::exp(-z * z / 2) * FrameLossRatio(code, errors, bytes);
    }
    return sum * width / 3 / std::sqrt(2 * std::acos(-1.0));
}

} // namespace heddle
