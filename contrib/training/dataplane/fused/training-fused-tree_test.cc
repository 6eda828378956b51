// SPDX-License-Identifier: GPL-2.0-only
//
// Chunks in trees by hand. α: step and latency of a hop, w: a message.
#include "ns3/training-fused-tree.h"

#include <gtest/gtest.h>

namespace heddle::training
{
namespace
{

constexpr double kStep = 1e6;
constexpr double kLatency = 2e6;
constexpr double kAlpha = kStep + kLatency;
constexpr double kMessage = 10e6;
constexpr double kAck = 3e6;
constexpr double kGrant = 4e6;

/// Each rank has a port; parents by child.
double
TimeOf(const std::vector<std::pair<uint32_t, uint32_t>>& edges, uint64_t chunks, bool whole = false)
{
    TreePipeline trees;
    for (const auto& [child, parent] : edges)
    {
        trees.Add({0,
                   child,
                   parent,
                   chunks,
                   {child, {{parent, 1}}, kStep, kLatency, kAck, kMessage, whole, kGrant},
                   {parent, {{child, 1}}, kStep, kLatency, kAck, kMessage, whole, kGrant}});
    }
    EXPECT_NEAR(trees.Time(true) - trees.Time(false), kAck, 1);
    return trees.Time(false);
}

TEST(TreePipeline, OneEdge)
{
    EXPECT_NEAR(TimeOf({{1, 0}}, 1), 2 * (kAlpha + kMessage), 2);
    EXPECT_NEAR(TimeOf({{1, 0}}, 8), 2 * kAlpha + 9 * kMessage, 2) << "up and down at once";
}

/// Both children's messages meet at the root's port, and leave it in turns.
TEST(TreePipeline, TwoChildren)
{
    EXPECT_NEAR(TimeOf({{1, 0}, {2, 0}}, 1), 2 * kAlpha + 4 * kMessage, 2);
    EXPECT_NEAR(TimeOf({{1, 0}, {2, 0}}, 8), 2 * kAlpha + 18 * kMessage, 2);
}

/// Message after message: the first child has its after one, and sends no less.
TEST(TreePipeline, WholeMessages)
{
    EXPECT_NEAR(TimeOf({{1, 0}, {2, 0}}, 1, true), 2 * kAlpha + 4 * kMessage, 2);
    EXPECT_NEAR(TimeOf({{1, 0}, {2, 0}, {3, 1}, {4, 1}}, 1, true), 4 * kAlpha + 6 * kMessage, 2)
        << "rank 2 comes before rank 1, and is served behind it";
}

/// Two edges over one port between switches, half as fast.
TEST(TreePipeline, ASharedPort)
{
    TreePipeline trees;
    for (const uint32_t tree : {0U, 1U})
    {
        const uint32_t child = 1 + 2 * tree;
        const uint32_t parent = 2 * tree;
        trees.Add({tree,
                   child,
                   parent,
                   1,
                   {child, {{9, 2}, {parent, 1}}, kStep, kLatency, kAck, kMessage, false, kGrant},
                   {parent, {{child, 1}}, kStep, kLatency, kAck, kMessage, false, kGrant}});
    }
    EXPECT_NEAR(trees.BusiestTime(), 4 * kMessage, 2);
    EXPECT_NEAR(trees.Time(false), 2 * kAlpha + 5 * kMessage, 2);
}

/// One slot: a message, its latency and the grant before the next.
TEST(TreePipeline, Slots)
{
    TreePipeline trees;
    trees.Add({0,
               1,
               0,
               8,
               {1, {{0, 1}}, kStep, kLatency, kAck, kMessage, false, kGrant},
               {0, {{1, 1}}, kStep, kLatency, kAck, kMessage, false, kGrant}});
    trees.SetSlots(1);
    EXPECT_NEAR(trees.Time(false),
                kStep + 8 * (kMessage + kLatency) + 7 * kGrant + kAlpha + kMessage,
                2);
    trees.SetSlots(8);
    EXPECT_NEAR(trees.Time(false), 2 * kAlpha + 9 * kMessage, 2);
}

/// A chain passes chunks on as they come.
TEST(TreePipeline, Chain)
{
    EXPECT_NEAR(TimeOf({{1, 0}, {2, 1}}, 1), 4 * (kAlpha + kMessage), 2);
    TreePipeline trees;
    EXPECT_TRUE(trees.empty());
    EXPECT_EQ(trees.Time(false), 0);
}

/// What is not played out follows at the pace of the busiest port.
TEST(TreePipeline, ManyChunks)
{
    constexpr uint64_t kChunks = 1'000'000;
    EXPECT_NEAR(TimeOf({{1, 0}}, kChunks), 2 * kAlpha + (kChunks + 1) * kMessage, 1e3);
}

} // namespace
} // namespace heddle::training
