// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-uneven-ports.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

namespace
{

/// x with Φ(x) = probability, ≥ 0.5.
double
NormalQuantile(double probability)
{
    double low = 0;
    double high = 9;
    for (int i = 0; i < 48; ++i)
    {
        const double middle = (low + high) / 2;
        const double upper = std::erfc(middle / std::sqrt(2.0)) / 2;
        (upper > 1 - probability ? low : high) = middle;
    }
    return low;
}

} // namespace

double
MostOfNormal(double count)
{
    return NormalQuantile(std::pow(0.5, 1 / std::max(1.0, count)));
}

double
LongestQueue(double packets, double spread, double load, double count)
{
    const double ports = std::max(1.0, count);
    const double each = std::pow(0.5, 1 / ports); // P(one is no longer)
    const double few = std::sqrt(packets * spread) * NormalQuantile((1 + each) / 2);
    if (load >= 1)
    {
        return few;
    }
    const double decay = 2 * (1 - load) / (load * spread);
    const double many = std::max(0.0, std::log(load / (1 - each))) / decay;
    return std::min(few, many);
}

} // namespace heddle::fabric
