// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-fec.h"

#include "ns3/base-random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{
namespace
{

// The table of sourced figures: random errors, 84 B and 4178 B on the wire.
TEST(Fec, Kp4Table)
{
    struct Row
    {
        double ber;
        double codewordErrorRate;
        double frame64; ///< 0: not listed
        double frame4k;
    };
    for (const Row& row : {Row{2.4e-4, 8.15e-13, 9.22e-13, 6.12e-12},
                           Row{3e-4, 2.14e-11, 2.42e-11, 1.61e-10},
                           Row{3.8e-4, 6.3e-10, 7.13e-10, 0},
                           Row{5e-4, 2.79e-8, 3.16e-8, 2.10e-7},
                           Row{1e-3, 1.53e-4, 0, 0},
                           Row{1e-4, 1.36e-18, 0, 0},
                           Row{5e-5, 2.67e-23, 0, 0},
                           Row{1e-5, 2.1e-34, 0, 0}})
    {
        const double cer = CodewordErrorRate(kKp4, {row.ber});
        const double tolerance = row.ber == 1e-5 ? 0.03 : 0.01; // as many digits as it has
        EXPECT_NEAR(cer / row.codewordErrorRate, 1, tolerance) << "BER " << row.ber << ": " << cer;
        if (row.frame64 > 0)
        {
            const double loss = FrameLossRatio(kKp4, {row.ber}, 64);
            EXPECT_NEAR(loss / row.frame64, 1, 0.01) << "BER " << row.ber << ": " << loss;
        }
        if (row.frame4k > 0)
        {
            const double loss = FrameLossRatio(kKp4, {row.ber}, 4158);
            EXPECT_NEAR(loss / row.frame4k, 1, 0.01) << "BER " << row.ber << ": " << loss;
        }
    }
    const BitRate rate(800'000'000'000);
    EXPECT_NEAR(BadCodewordsPerHour(kKp4, {2.4e-4}, rate), 0.46, 0.005);
    EXPECT_NEAR(BadCodewordsPerHour(kKp4, {3e-4}, rate), 12, 0.1);
    EXPECT_NEAR(BadCodewordsPerHour(kKp4, {5e-4}, rate), 1.57e4, 100);
}

// IEEE's frame-loss target of 6.2e-11 is met at about 3.2e-4 with random errors.
TEST(Fec, TargetOfTheStandardIsMetNear3e4)
{
    const double cer = 6.2e-11 / (1 + 84 * 8 / 5140.0);
    EXPECT_NEAR(BerForCodewordErrorRate(kKp4, {}, cer), 3.2e-4, 0.05e-4);
}

// All 2^7 error patterns of a tiny code, weighed by the chain itself.
TEST(Fec, BurstsAgreeWithEnumeration)
{
    const ReedSolomon tiny{7, 5, 4};
    for (const uint32_t depth : {1U, 2U, 3U})
    {
        const ErrorModel errors{0.02, 0.4, depth};
        const double bad = SymbolErrorRate(tiny, errors.ber);
        const double enter = bad * (1 - errors.burst) / (1 - bad); // keeps `bad` stationary
        // From symbol to symbol of one codeword: `depth` steps of the line's chain.
        double stay = 1;
        double begin = 0;
        for (uint32_t step = 0; step < depth; ++step)
        {
            stay = stay * errors.burst + (1 - stay) * enter;
            begin = begin * errors.burst + (1 - begin) * enter;
        }
        double expected = 0;
        for (unsigned pattern = 0; pattern < 128; ++pattern)
        {
            double p = 1;
            for (unsigned i = 0; i < 7; ++i)
            {
                const bool now = (pattern >> i) & 1;
                const bool before = i > 0 && ((pattern >> (i - 1)) & 1);
                const double wrong = i == 0 ? bad : before ? stay : begin;
                p *= now ? wrong : 1 - wrong;
            }
            expected += __builtin_popcount(pattern) > 1 ? p : 0;
        }
        const double actual = CodewordErrorRate(tiny, errors);
        EXPECT_NEAR(actual / expected, 1, 1e-12) << "depth " << depth << ": " << actual;
    }
}

// A chain without memory is the binomial; more memory is worse, more interleaving heals it.
TEST(Fec, BurstsHurtAndInterleavingHeals)
{
    const double random = CodewordErrorRate(kKp4, {1e-4});
    EXPECT_NEAR(CodewordErrorRate(kKp4, {1e-4, 0.00100001}) / random, 1, 1e-3);
    double last = random;
    for (const double burst : {0.1, 0.3, 0.5, 0.7})
    {
        const double cer = CodewordErrorRate(kKp4, {1e-4, burst});
        EXPECT_GT(cer, 2 * last) << "burst " << burst;
        last = cer;
    }
    for (const uint32_t depth : {2U, 4U})
    {
        const double cer = CodewordErrorRate(kKp4, {1e-4, 0.7, depth});
        EXPECT_LT(cer, last / 10) << "depth " << depth;
        EXPECT_GT(cer, random) << "depth " << depth;
        last = cer;
    }
}

// A second implementation: drawn symbols.
TEST(Fec, BurstsAgreeWithDraws)
{
    const ErrorModel errors{2e-3, 0.3};
    const double bad = SymbolErrorRate(kKp4, errors.ber);
    const double enter = bad * (1 - errors.burst) / (1 - bad);
    const RandomStream random(1, "fec-test", 0);
    constexpr int kWords = 20'000;
    int lost = 0;
    uint64_t draw = 0;
    for (int word = 0; word < kWords; ++word)
    {
        bool wrong = random.Uniform(draw++) < bad;
        uint32_t count = wrong ? 1 : 0;
        for (uint32_t i = 1; i < kKp4.n; ++i)
        {
            wrong = random.Uniform(draw++) < (wrong ? errors.burst : enter);
            count += wrong ? 1 : 0;
        }
        lost += count > kKp4.t() ? 1 : 0;
    }
    const double expected = CodewordErrorRate(kKp4, errors);
    const double sigma = std::sqrt(expected * (1 - expected) / kWords);
    EXPECT_NEAR(static_cast<double>(lost) / kWords, expected, 3 * sigma);
}

TEST(Fec, InnerCodeByHand)
{
    // Two bits or more of 4 at p = 0.1, with one corrected: (2·6·0.81·0.01 + 3·4·0.9·0.001 +
    // 4·0.0001) / 4.
    EXPECT_NEAR(AfterInnerCode({4, 3, 1}, 0.1),
                (2 * 6 * 0.0081 + 3 * 4 * 0.0009 + 4 * 0.0001) / 4,
                1e-15);
    EXPECT_EQ(AfterInnerCode({}, 0.01), 0.01);
    EXPECT_LT(AfterInnerCode(kHamming128, 1e-4), 1e-4 / 50);
    EXPECT_LT(CodewordErrorRate(kKp4, {1e-3, 0, 1, kHamming128}),
              CodewordErrorRate(kKp4, {1e-3}) * 1e-6);
}

TEST(Fec, Edges)
{
    EXPECT_EQ(CodewordErrorRate(kKp4, {0}), 0);
    EXPECT_NEAR(CodewordErrorRate(kKp4, {0.5}), 1, 1e-9);
    EXPECT_NEAR(FrameLossRatio(kKp4, {0.5}, 64), 1, 1e-9);
    EXPECT_GT(FrameLossRatio(kKp4, {1e-6}, 64), 0);
}

} // namespace
} // namespace heddle
