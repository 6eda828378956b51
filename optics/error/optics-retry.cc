// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-retry.h"

#include "ns3/base-errors.h"

#include <cmath>

namespace heddle
{

RetryCost
LinkLayerRetry(const RetryLink& link, double loss)
{
    HEDDLE_CHECK(loss >= 0 && loss < 1, "a loss lies in [0, 1)");
    constexpr double kPreambleAndGap = 20;
    const double frameNs =
        (link.frameBytes + kPreambleAndGap) * 8e9 / static_cast<double>(link.rate.bps());
    // Frames on their way when the gap is reported, the lost one included.
    const double inFlight = 1 + std::ceil(link.roundTripNs / frameNs);
    RetryCost cost;
    cost.goodput = (1 - loss) / (1 + loss * (inFlight - 1));
    cost.delayPerRetryNs = inFlight * frameNs;
    cost.meanDelayNs = loss / (1 - loss) * cost.delayPerRetryNs;
    cost.residualLoss = std::pow(loss, link.retries + 1);
    return cost;
}

BitRate
DegradedRate(BitRate rate, uint32_t lanes, uint32_t lost, LaneLoss policy)
{
    HEDDLE_CHECK(lanes > 0, "a port has lanes");
    if (lost == 0)
    {
        return rate;
    }
    if (lost >= lanes || policy == LaneLoss::Down)
    {
        return BitRate(0);
    }
    uint32_t left = lanes - lost;
    if (policy == LaneLoss::HalfRate)
    {
        uint32_t half = lanes;
        while (half > left)
        {
            half /= 2;
        }
        left = half;
    }
    return BitRate(rate.bps() / lanes * left);
}

} // namespace heddle
