// SPDX-License-Identifier: GPL-2.0-only
//
// Silent tails by hand and against transmissions drawn one by one.
#include "ns3/fabric-silent-tail.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace heddle::fabric
{
namespace
{

TEST(SilentTail, ByHand)
{
    constexpr double kLoss = 0.25;
    EXPECT_DOUBLE_EQ(SilentTail(kLoss, 1, 0), 0) << "the routes know";
    EXPECT_DOUBLE_EQ(SilentTail(kLoss, 1, 1), kLoss);
    EXPECT_DOUBLE_EQ(SilentTail(kLoss, 1, 9), kLoss) << "it waits for its first time-out";
    // Of two, the second or both.
    EXPECT_DOUBLE_EQ(SilentTail(kLoss, 2, 1), kLoss);
    // … or the first alone, and then its copy.
    EXPECT_DOUBLE_EQ(SilentTail(kLoss, 2, 2), kLoss + 0.75 * kLoss * kLoss);
    EXPECT_DOUBLE_EQ(SilentTail(1, 7, 1), 1) << "the only path";
    EXPECT_DOUBLE_EQ(SilentTail(0, 7, 3), 0);
    EXPECT_LT(SilentTail(kLoss, 200, 1), 1e-20) << "something is resent behind the last";
}

/// One sender: transmissions in order, each lost or not; a lost one is sent again when a later one
/// has come through.
bool
TimesOut(std::mt19937& random, double loss, uint32_t packets, uint32_t rounds)
{
    std::bernoulli_distribution lost(loss);
    std::vector<uint32_t> round(packets, 0);
    for (uint32_t r = 0; !round.empty(); ++r)
    {
        std::vector<uint32_t> open;
        bool through = false; // something behind, seen from the end
        bool heard = false;
        for (auto p = round.rbegin(); p != round.rend(); ++p)
        {
            const bool gone = r < rounds && lost(random);
            heard = heard || (gone && through);
            through = through || !gone;
            if (gone)
            {
                open.push_back(*p);
            }
        }
        if (!open.empty() && !heard)
        {
            return true;
        }
        round = open;
    }
    return false;
}

TEST(SilentTail, AgainstDraws)
{
    std::mt19937 random(1);
    constexpr int kDraws = 200'000;
    for (const double loss : {0.125, 0.25, 0.5})
    {
        for (const uint32_t packets : {1U, 4U, 30U})
        {
            for (const uint32_t rounds : {1U, 3U})
            {
                int silent = 0;
                for (int draw = 0; draw < kDraws; ++draw)
                {
                    silent += TimesOut(random, loss, packets, rounds) ? 1 : 0;
                }
                EXPECT_NEAR(SilentTail(loss, packets, rounds), double(silent) / kDraws, 0.004)
                    << loss << ", " << packets << " packets, " << rounds << " rounds";
            }
        }
    }
}

} // namespace
} // namespace heddle::fabric
