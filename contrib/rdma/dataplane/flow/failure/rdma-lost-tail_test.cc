// SPDX-License-Identifier: GPL-2.0-only
//
// Lost ends of messages by hand, and against the probability of a silent one.
#include "ns3/fabric-silent-tail.h"
#include "ns3/rdma-lost-tail.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{
namespace
{

constexpr double kRepair = 20e6;

/// The link is dead from 0 to 50 us.
TailOutage
Outage(double data, double answers, Tick crossing)
{
    TailOutage outage;
    outage.data = data;
    outage.answers = answers;
    outage.until = 50 * kMicrosecond;
    outage.packets = 4;
    outage.spacing = 83e3;
    outage.crossing = crossing;
    outage.answering = crossing + 2 * kMicrosecond;
    outage.trip = 4e6;
    outage.repair = kRepair;
    outage.timeout = 4 * kMillisecond;
    return outage;
}

LostTail
Draw(const TailOutage& outage, uint64_t entity = 0)
{
    return DrawLostTail(outage, RandomStream(1, "test", entity));
}

TEST(LostTail, TheOnlyPath)
{
    const LostTail data = Draw(Outage(1, 0, 30 * kMicrosecond));
    EXPECT_NEAR(data.received, 4e9, 1e6);
    EXPECT_NEAR(data.answered, 4e9, 1e6);
    const LostTail answers = Draw(Outage(0, 1, 30 * kMicrosecond));
    EXPECT_EQ(answers.received, 0) << "all of it arrives";
    EXPECT_NEAR(answers.answered, 4e9, 1e6);
    const LostTail late = Draw(Outage(1, 0, 60 * kMicrosecond));
    EXPECT_EQ(late.answered, 0) << "the routes know";
    EXPECT_EQ(Draw(Outage(0, 1, 49 * kMicrosecond)).answered, 0) << "the last of them";
    TailOutage half = Outage(1, 0, 100 * kNanosecond);
    EXPECT_NEAR(Draw(half).received, 4e9, 1e6) << "the last two";
    half.crossing = -1 * kMicrosecond;
    EXPECT_EQ(Draw(half).received, 0) << "past the link when it dies";
}

/// A dead link that nobody hears of for 10 ms: time-outs of 4 ms, then 8, or 4 again.
TEST(LostTail, TimeOutsUntilTheRoutesKnow)
{
    TailOutage outage = Outage(1, 0, 30 * kMicrosecond);
    outage.packets = 1;
    outage.until = 10 * kMillisecond;
    EXPECT_EQ(Draw(outage).received, 12e9);
    outage.doubles = true;
    EXPECT_EQ(Draw(outage).received, 12e9) << "4 + 8";
    outage.until = 13 * kMillisecond;
    EXPECT_EQ(Draw(outage).received, 28e9) << "4 + 8 + 16";
}

/// Time-outs are as likely as SilentTail() says. Of many packets more so: there what is found lost
/// is sent once more together, here what nothing followed comes behind the others' copies.
TEST(LostTail, AsLikelyAsSilentTails)
{
    constexpr int kDraws = 20'000;
    for (const double loss : {0.125, 0.25})
    {
        for (const uint32_t packets : {1U, 2U, 16U})
        {
            TailOutage outage = Outage(loss, 0, 1 * kMicrosecond);
            outage.packets = packets;
            outage.spacing = 1;
            constexpr uint32_t kRounds = 3; // at 1, 21 and 41 us
            int silent = 0;
            for (int draw = 0; draw < kDraws; ++draw)
            {
                silent += Draw(outage, draw).received >= 3.9e9 ? 1 : 0;
            }
            const double expected = fabric::SilentTail(loss, packets, kRounds);
            const double actual = double(silent) / kDraws;
            const double chance = 3 * std::sqrt(expected / kDraws);
            EXPECT_NEAR(actual, expected, packets < 3 ? chance : expected)
                << loss << ", " << packets << " packets";
            EXPECT_GE(actual, expected - chance) << loss << ", " << packets << " packets";
        }
    }
}

/// For the sender an acknowledgement that gets lost is as a packet that is, for the receiver it is
/// nothing. Where packets overtake the last one, theirs name it, too.
TEST(LostTail, LostAcknowledgements)
{
    constexpr int kDraws = 20'000;
    int deaf = 0;
    int missing = 0;
    TailOutage both = Outage(0.25, 0.125, 30 * kMicrosecond);
    both.packets = 1;
    for (int draw = 0; draw < kDraws; ++draw)
    {
        const LostTail tail = Draw(both, draw);
        deaf += tail.answered >= 3.9e9 ? 1 : 0;
        missing += tail.received >= 3.9e9 ? 1 : 0;
    }
    EXPECT_NEAR(double(missing) / kDraws, 0.25, 0.01);
    EXPECT_NEAR(double(deaf) / kDraws, 1 - 0.75 * 0.875, 0.01);
    TailOutage answers = Outage(0, 0.125, 30 * kMicrosecond);
    answers.packets = 2;
    answers.until = 45 * kMicrosecond; // one round
    int inOrder = 0;
    for (int draw = 0; draw < kDraws; ++draw)
    {
        inOrder += Draw(answers, draw).answered >= 3.9e9 ? 1 : 0;
    }
    EXPECT_NEAR(double(inOrder) / kDraws, 0.125, 0.01);
    // Either may come first: deaf where the answer of the last to come is lost, if that is the
    // last; else where both are.
    answers.wait = 1e6;
    answers.spacing = 1;
    int deafToLast = 0;
    for (int draw = 0; draw < kDraws; ++draw)
    {
        deafToLast += Draw(answers, draw).answered >= 3.9e9 ? 1 : 0;
    }
    EXPECT_NEAR(double(deafToLast) / kDraws, 0.5 * 0.125 + 0.5 * 0.125 * 0.125, 0.01);
}

/// Of two packets the first lost, or its copies: so many repairs, in the mean.
TEST(LostTail, RepairsOneByOne)
{
    constexpr double kLoss = 0.25;
    constexpr int kDraws = 20'000;
    TailOutage outage = Outage(kLoss, 0, 1 * kMicrosecond);
    outage.packets = 2;
    outage.spacing = 1;
    int once = 0;
    for (int draw = 0; draw < kDraws; ++draw)
    {
        once += std::abs(Draw(outage, draw).received - kRepair) < 10 ? 1 : 0;
    }
    EXPECT_NEAR(double(once) / kDraws, kLoss * (1 - kLoss) * (1 - kLoss), 0.01);
}

} // namespace
} // namespace heddle
