// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/base-random.h"
#include "ns3/base-registry.h"
#include "ns3/base-units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace heddle
{
namespace
{

std::string
ErrorOf(const std::function<void()>& action)
{
    try
    {
        action();
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "no error";
}

TEST(Units, Parse)
{
    EXPECT_EQ(ParseRate("400Gbps").bps(), 400000000000ULL);
    EXPECT_EQ(ParseRate("1.6Tbps").bps(), 1600000000000ULL);
    EXPECT_EQ(ParseRate("50 GBps").bps(), 400000000000ULL);
    EXPECT_EQ(ParseTime("500ns"), 500 * kNanosecond);
    EXPECT_EQ(ParseTime("0"), 0);
    EXPECT_EQ(ParseSize("4KiB"), 4096U);
    EXPECT_DOUBLE_EQ(ParseQuantity("12%", Quantity::Ratio), 0.12);
    EXPECT_DOUBLE_EQ(ParseQuantity("989TFLOPS", Quantity::Flops), 989e12);
}

TEST(Units, SerialisationIsExact)
{
    EXPECT_EQ(BitRate(800000000000ULL).TransmitTime(64), 640) << "64 B at 800 Gb/s is 640 ps";
    EXPECT_EQ(BitRate(400000000000ULL).TransmitTime(4178), 83560);
    EXPECT_EQ(BitRate(3).TransmitTime(1), 2666666666667) << "rounds up";
}

TEST(Units, MistakesNameTheRemedy)
{
    EXPECT_NE(ErrorOf([] { ParseRate("400"); }).find("no unit; write one of bps"),
              std::string::npos);
    EXPECT_NE(ErrorOf([] { ParseTime("8usec"); }).find("unknown unit 'usec'"), std::string::npos);
    EXPECT_NE(ErrorOf([] { ParseTime("fast"); }).find("not a number"), std::string::npos);
    EXPECT_NE(ErrorOf([] { ParseTime("-1ns"); }).find("negative"), std::string::npos);
    EXPECT_NE(ErrorOf([] { ParseTime("900d"); }).find("106 days"), std::string::npos);
}

TEST(Units, Format)
{
    EXPECT_EQ(FormatRate(BitRate(400000000000ULL)), "400 Gb/s");
    EXPECT_EQ(FormatTime(1234567890), "1.235 ms");
    EXPECT_EQ(FormatBytes(268435456), "268.4 MB");
}

TEST(Errors, NearestName)
{
    EXPECT_EQ(DidYouMean("dcqnc", {"dcqcn", "none"}), " Did you mean 'dcqcn'?");
    EXPECT_EQ(DidYouMean("zzz", {"a", "b"}), " Known: a, b.");
}

using TestFactory = int (*)();

int
Seven()
{
    return 7;
}

const Registration<TestFactory> kSeven{
    {"test-category", "seven", "Gives 7.", {{"gain", Quantity::Ratio, "0.5", "a gain", "none"}}},
    &Seven};

TEST(Registry, FindsByNameAndExplainsMistakes)
{
    EXPECT_EQ(FindFactory<TestFactory>("test-category", "seven")(), 7);
    EXPECT_NE(ErrorOf([] { RegistryIndex::Find("test-category", "sevn"); }).find("'seven'?"),
              std::string::npos);
    const Choice& choice = RegistryIndex::Find("test-category", "seven");
    EXPECT_DOUBLE_EQ(ParameterValues(choice, {}).Number("gain"), 0.5);
    EXPECT_DOUBLE_EQ(ParameterValues(choice, {{"gain", "0.25"}}).Number("gain"), 0.25);
    EXPECT_NE(ErrorOf(
                  [&] {
                      ParameterValues(choice, {{"gian", "1"}});
                  })
                  .find("'gain'?"),
              std::string::npos);
    EXPECT_NE(ErrorOf(
                  [&] {
                      ParameterValues(choice, {{"gain", "x"}});
                  })
                  .find("'gain' of"),
              std::string::npos);
}

TEST(Random, MomentsMatchTheDistributions)
{
    // Expectation: sample means within 4 standard errors of the distribution's.
    const RandomStream stream(1, "moments", 0);
    const int n = 200000;
    double uniform = 0;
    double normal = 0;
    double normal2 = 0;
    double lognormal = 0;
    double lag = 0;
    for (int i = 0; i < n; ++i)
    {
        const double u = stream.Uniform(i);
        const double g = stream.Normal(i);
        uniform += u;
        normal += g;
        normal2 += g * g;
        lognormal += stream.LogNormalMean1(i, 0.1);
        lag += (u - 0.5) * (stream.Uniform(i + 1) - 0.5);
    }
    EXPECT_NEAR(uniform / n, 0.5, 4 * std::sqrt(1.0 / 12 / n));
    EXPECT_NEAR(normal / n, 0, 4 / std::sqrt(n));
    EXPECT_NEAR(normal2 / n, 1, 4 * std::sqrt(2.0 / n));
    EXPECT_NEAR(lognormal / n, 1, 4 * 0.1003 / std::sqrt(n));
    EXPECT_NEAR(lag / n, 0, 4.0 / 12 / std::sqrt(n)) << "neighbouring draws correlate";
}

TEST(Random, NormalQuantilesAndBuckets)
{
    // χ² of 256 buckets against uniform: mean 255, sd 22.6.
    const RandomStream stream(7, "chi2", 3);
    std::vector<int> count(256, 0);
    const int n = 256000;
    int above = 0;
    for (int i = 0; i < n; ++i)
    {
        ++count[stream.Below(i, 256)];
        above += stream.Normal(i) > 1.959963984540054 ? 1 : 0;
    }
    double chi2 = 0;
    for (int c : count)
    {
        chi2 += (c - 1000.0) * (c - 1000.0) / 1000.0;
    }
    EXPECT_NEAR(chi2, 255, 5 * 22.6);
    EXPECT_NEAR(above / static_cast<double>(n), 0.025, 4 * std::sqrt(0.025 * 0.975 / n));
    EXPECT_NE(RandomStream(7, "chi2", 3).Bits(0), RandomStream(7, "chi2", 4).Bits(0));
    EXPECT_NE(RandomStream(7, "chi2", 3).Bits(0), RandomStream(8, "chi2", 3).Bits(0));
}

} // namespace
} // namespace heddle
