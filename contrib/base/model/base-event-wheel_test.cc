// SPDX-License-Identifier: BSD-3-Clause
// Oracle: a std::priority_queue over (time, key) must hand out the very same events.
#include "ns3/base-event-wheel.h"
#include "ns3/base-random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>

namespace heddle
{
namespace
{

struct After
{
    bool operator()(const Event& a, const Event& b) const
    {
        return b < a;
    }
};

/// Hold model: take one event, insert one or two, with delays drawn from `scales`.
struct Hold
{
    unsigned bucketShift;
    unsigned bucketBits;
    uint32_t pending;
    std::vector<Tick> scales;

    void Run(uint64_t seed) const
    {
        BlockArena arena;
        EventWheel wheel(bucketShift, bucketBits, arena);
        std::priority_queue<Event, std::vector<Event>, After> reference;
        const RandomStream draws(seed, "hold", 0);
        uint64_t draw = 0;
        auto insert = [&](Tick now)
        {
            const Tick scale = scales[draws.Below(draw++, static_cast<uint32_t>(scales.size()))];
            const Tick delay = scale * draws.Below(draw++, 16) / 4;
            const Event event{now + delay, draws.Bits(draw++), draw, 7, 3, 9};
            wheel.Insert(event);
            reference.push(event);
        };
        for (uint32_t i = 0; i < pending; ++i)
        {
            insert(0);
        }
        for (uint32_t i = 0; i < 20 * pending && !reference.empty(); ++i)
        {
            const Event want = reference.top();
            reference.pop();
            EXPECT_EQ(wheel.NextTime(), want.time);
            EXPECT_FALSE(wheel.Advance(want.time)) << "nothing is earlier than " << want.time;
            ASSERT_TRUE(wheel.Advance(want.time + 1));
            const Event got = wheel.Take();
            ASSERT_EQ(got.time, want.time);
            ASSERT_EQ(got.key, want.key);
            ASSERT_EQ(got.arg, want.arg);
            const uint32_t births = i < 19 * pending ? draws.Below(draw++, 3) : 0;
            for (uint32_t b = 0; b < births; ++b)
            {
                insert(want.time);
            }
            ASSERT_EQ(wheel.size(), reference.size());
        }
    }
};

TEST(EventWheel, HandsOutWhatAPriorityQueueWould)
{
    Hold{11, 13, 3000, {0, 1, 500, 9000, 1'000'000, 60'000'000}}.Run(1);
}

TEST(EventWheel, SparseEventsBeyondTheHorizon)
{
    Hold{8, 6, 5, {1'000'000'000, 3'000'000}}.Run(2);
}

TEST(EventWheel, CrowdedBucketsOfEqualTimes)
{
    Hold{11, 6, 4000, {1'000}}.Run(3); // sixteen distinct delays: thousands of ties
}

TEST(EventWheel, WideBucketsFilledWhileTheyDrain)
{
    Hold{20, 6, 2000, {0, 3, 40'000}}.Run(4);
}

TEST(EventWheel, BucketsNarrowerThanTheBins)
{
    Hold{0, 10, 500, {1, 4}}.Run(5);
}

} // namespace
} // namespace heddle
