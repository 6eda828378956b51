// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/base-errors.h"
#include "ns3/base-random.h"
#include "ns3/training-job.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

constexpr double kQuarter = 1.5707963267948966; // of a circle

} // namespace

Tick
AcceleratorModel::NominalTime(const Task& task) const
{
    double seconds = task.fixedSeconds;
    if (seconds <= 0)
    {
        const double compute = task.flops > 0 ? task.flops / (peakFlops * flopsEfficiency) : 0;
        const double memory =
            task.memoryBytes > 0 ? task.memoryBytes / (memoryBandwidth * memoryEfficiency) : 0;
        seconds = std::max(compute, memory);
    }
    // FromSeconds' range is ±106 days; an unset rate gives infinity here.
    if (!(seconds < 9e6))
    {
        throw InputError("accelerator '" + name +
                         "': a kernel takes for ever; peak FLOP/s, memory bandwidth and their "
                         "efficiencies must be positive");
    }
    return std::max<Tick>(1, FromSeconds(seconds));
}

double
JitterModel::Factor(uint64_t seed, Rank rank, uint32_t host, uint32_t index, uint32_t step) const
{
    const auto draw = [this](const RandomStream& stream, uint64_t i, double sigma)
    {
        if (sigma <= 0)
        {
            return 1.0;
        }
        return shape == Shape::LogNormal ? stream.LogNormalMean1(i, sigma)
                                         : std::max(0.05, 1 + sigma * stream.Normal(i));
    };
    const RandomStream persistent(seed, "accelerator-jitter", rank);
    double factor = 1;
    if (driftSteps == 0 || step % driftSteps == 0)
    {
        factor = draw(persistent, driftSteps == 0 ? 0 : step / driftSteps, persistentSigma);
    }
    else if (persistentSigma > 0)
    {
        // On a quarter circle between two independent draws the variance stays one.
        const uint32_t knot = step / driftSteps;
        const double angle = kQuarter * (step % driftSteps) / driftSteps;
        const double normal = std::cos(angle) * persistent.Normal(knot) +
                              std::sin(angle) * persistent.Normal(knot + 1);
        const double s = persistentSigma;
        factor = shape == Shape::LogNormal ? std::exp(s * normal - s * s / 2)
                                           : std::max(0.05, 1 + s * normal);
    }
    factor *= draw(RandomStream(seed, "kernel-jitter", rank),
                   index + (uint64_t{step} << 32),
                   kernelSigma);
    if (slowHostShare > 0 && RandomStream(seed, "slow-host", host).Uniform(0) < slowHostShare)
    {
        factor *= slowHostFactor;
    }
    const auto explicitFactor = slowdown.find(rank);
    return explicitFactor == slowdown.end() ? factor : factor * explicitFactor->second;
}

} // namespace heddle
