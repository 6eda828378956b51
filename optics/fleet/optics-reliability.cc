// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-reliability.h"

#include "ns3/base-errors.h"

#include <cmath>

namespace heddle
{

namespace
{

/// The mean at which Poisson ≤ `most` has this probability.
double
MeanWith(uint32_t most, double probability)
{
    double low = 0;
    double high = most + 10 - 10 * std::log(probability) + 10 * std::sqrt(most + 1.0);
    for (int i = 0; i < 200; ++i)
    {
        const double middle = (low + high) / 2;
        (PoissonAtMost(middle, most) > probability ? low : high) = middle;
    }
    return low;
}

} // namespace

double
PoissonAtMost(double mean, uint32_t most)
{
    if (mean <= 0)
    {
        return 1;
    }
    double sum = 0;
    for (uint32_t i = 0; i <= most; ++i)
    {
        sum += std::exp(i * std::log(mean) - mean - std::lgamma(i + 1.0));
    }
    return sum;
}

MeanInterval
PoissonInterval(uint32_t count, double confidence)
{
    const double tail = (1 - confidence) / 2;
    return {count == 0 ? 0 : MeanWith(count - 1, 1 - tail), MeanWith(count, tail)};
}

double
Availability(double mtbf, double repair)
{
    return mtbf / (mtbf + repair);
}

double
KOfN(uint32_t k, uint32_t n, double p)
{
    HEDDLE_CHECK(p >= 0 && p <= 1, "a probability");
    if (p == 0 || p == 1)
    {
        return p == 1 || k == 0 ? 1 : 0;
    }
    double sum = 0;
    for (uint32_t i = k; i <= n; ++i)
    {
        sum += std::exp(std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0) +
                        i * std::log(p) + (n - i) * std::log1p(-p));
    }
    return sum;
}

double
AnnualFailureRate(double mtbf)
{
    return -std::expm1(-8760 / mtbf);
}

double
MtbfLowerBound(double hours, uint32_t failures, double confidence)
{
    // chi2(c, 2r + 2) / 2 is the mean at which Poisson ≤ r has probability 1 − c.
    return hours / MeanWith(failures, 1 - confidence);
}

double
ArrheniusFactor(double activationEnergy, double cold, double hot)
{
    constexpr double kBoltzmann = 8.617333262e-5; // eV/K
    constexpr double kZero = 273.15;
    return std::exp(activationEnergy / kBoltzmann * (1 / (cold + kZero) - 1 / (hot + kZero)));
}

double
CheckpointInterval(double checkpoint, double mtbf)
{
    if (checkpoint >= 2 * mtbf)
    {
        return mtbf;
    }
    const double ratio = checkpoint / (2 * mtbf);
    return std::sqrt(2 * checkpoint * mtbf) * (1 + std::sqrt(ratio) / 3 + ratio / 9) - checkpoint;
}

double
UsefulShare(double interval, double checkpoint, double restart, double mtbf)
{
    return interval /
           (mtbf * std::exp(restart / mtbf) * std::expm1((interval + checkpoint) / mtbf));
}

uint32_t
Spares(double mean, double confidence)
{
    if (mean <= 0)
    {
        return 0;
    }
    uint32_t spares = 0;
    while (PoissonAtMost(mean, spares) < confidence && spares < 1'000'000)
    {
        ++spares;
    }
    return spares;
}

} // namespace heddle
