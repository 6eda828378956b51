// SPDX-License-Identifier: BSD-3-Clause
//
// Distribution of bit-error ratios, link-layer retry, lost lanes.
#include "ns3/base-random.h"
#include "ns3/optics-ber.h"
#include "ns3/optics-retry.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{
namespace
{

TEST(BerDistribution, QuantilesAndTailsAreInverse)
{
    EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-9);
    EXPECT_NEAR(NormalQuantile(1e-20), -9.262340089798408, 1e-6);
    const BerDistribution links{1e-6, 0.5, 0.01, 0.05};
    const LinkConditions hot{60, 2};
    EXPECT_NEAR(links.Quantile(0.5, hot), 1e-6 * std::pow(10, 0.2 + 0.1), 1e-15);
    EXPECT_NEAR(links.ShareAbove(links.Quantile(0.9, hot), hot), 0.1, 1e-9);
    EXPECT_NEAR(links.Margin({40, 0}) - links.Margin(hot), 0.3, 1e-12);
    EXPECT_NEAR(links.Margin({40, 0}), std::log10(240), 1e-12);
}

// Meta's first report on 15 Bailly switches: 1,049,000 port-hours on 1920 ports of 400G; 75 % of
// the ports never saw 7 errors in a codeword, one saw more than 10. Each bin boundary gives a BER
// (random errors): the bin was reached once in the codewords of 546 h.
TEST(BerDistribution, BaillyFollowsFromMetasBins)
{
    const double hours = 1.049e6 / 1920;
    const double words = hours * 3600 * 400e9 / 5140;
    const auto berOfBin = [&](uint32_t errors)
    {
        double low = 1e-8;
        double high = 1e-3;
        for (int i = 0; i < 100; ++i)
        {
            const double middle = std::sqrt(low * high);
            (ProbabilityOfMoreErrors(kKp4, {middle}, errors - 1) * words < 1 ? low : high) = middle;
        }
        return low;
    };
    const double upperQuartile = berOfBin(7);
    const double worst = berOfBin(11);
    const double decades = std::log10(worst / upperQuartile);
    const double spread = decades / (NormalQuantile(1 - 1.0 / 1920) - NormalQuantile(0.75));
    const double median = upperQuartile / std::pow(10, spread * NormalQuantile(0.75));
    const BerDistribution table = BerOf(FindLinkTechnology("cpo-bailly"));
    EXPECT_NEAR(table.median / median, 1, 0.05) << "median " << median;
    EXPECT_NEAR(table.spread / spread, 1, 0.05) << "spread " << spread;
}

TEST(BerDistribution, MeanLossOfEqualLinksIsTheLossOfOne)
{
    const BerDistribution equal{3e-4, 0, 0, 0};
    const double one = FrameLossRatio(kKp4, {3e-4}, 64);
    EXPECT_NEAR(MeanFrameLoss(equal, {}, kKp4, {}, 64) / one, 1, 1e-9);
    // The few bad links decide: the mean lies far above the median link's loss.
    const BerDistribution spread{3e-5, 0.5, 0, 0};
    const double mean = MeanFrameLoss(spread, {}, kKp4, {}, 64);
    EXPECT_GT(mean, 1e6 * FrameLossRatio(kKp4, {3e-5}, 64));
    // Drawn links: a second way to the same mean.
    const RandomStream random(1, "ber-test", 0);
    constexpr int kLinks = 100'000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kLinks; ++i)
    {
        const double loss = FrameLossRatio(kKp4, {spread.At(random.Normal(i), {})}, 64);
        sum += loss;
        squares += loss * loss;
    }
    const double drawn = sum / kLinks;
    const double sigma = std::sqrt((squares / kLinks - drawn * drawn) / kLinks);
    EXPECT_NEAR(drawn, mean, 3 * sigma);
}

// Go-back-N drawn frame by frame.
TEST(LinkLayerRetry, AgreesWithDraws)
{
    const RetryLink link{BitRate(800'000'000'000), 500, 4158};
    const double frameNs = 4178 * 8 / 800.0;
    const double loss = 0.02;
    const auto window = static_cast<int>(1 + std::ceil(500 / frameNs));
    const RandomStream random(1, "retry-test", 0);
    constexpr int kFrames = 200'000;
    int64_t slots = 0;
    uint64_t draw = 0;
    double delayed = 0;
    for (int frame = 0; frame < kFrames; ++frame)
    {
        while (random.Uniform(draw++) < loss)
        {
            slots += window; // the frame and all that followed it
            delayed += window * frameNs;
        }
        ++slots;
    }
    const RetryCost cost = LinkLayerRetry(link, loss);
    EXPECT_NEAR(static_cast<double>(kFrames) / static_cast<double>(slots), cost.goodput, 0.01);
    EXPECT_NEAR(delayed / kFrames / cost.meanDelayNs, 1, 0.05);
    EXPECT_DOUBLE_EQ(cost.residualLoss, 0.02 * 0.02 * 0.02 * 0.02);
    EXPECT_EQ(LinkLayerRetry(link, 0).goodput, 1);
}

TEST(LaneLoss, RatesByHand)
{
    const BitRate rate(800'000'000'000);
    const auto left = [&](uint32_t lost, LaneLoss policy)
    { return DegradedRate(rate, 8, lost, policy).bps() / 1'000'000'000; };
    EXPECT_EQ(left(0, LaneLoss::Down), 800U);
    EXPECT_EQ(left(1, LaneLoss::Down), 0U);
    EXPECT_EQ(left(1, LaneLoss::DropLanes), 700U);
    EXPECT_EQ(left(1, LaneLoss::HalfRate), 400U);
    EXPECT_EQ(left(5, LaneLoss::HalfRate), 200U);
    EXPECT_EQ(left(8, LaneLoss::DropLanes), 0U);
}

} // namespace
} // namespace heddle
