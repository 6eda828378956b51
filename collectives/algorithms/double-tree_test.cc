// SPDX-License-Identifier: BSD-3-Clause
//
// The trees' shape against NCCL's parents, and what makes two of them worth it.
#include "ns3/collectives-double-tree.h"

#include <gtest/gtest.h>

namespace heddle
{

namespace
{

constexpr uint32_t kRoot = kNoNode;

TEST(DoubleTree, ParentsAsNccl)
{
    struct Row
    {
        uint32_t tree;
        std::vector<uint32_t> parents;
    };

    const Row rows[] = {
        {0, {kRoot, 2, 0, 2}},
        {1, {1, 3, 1, kRoot}},
        {0, {kRoot, 2, 4, 2, 0, 4}},
        {1, {1, 5, 3, 1, 3, kRoot}},
        {0, {kRoot, 2, 4, 2, 0, 6, 4}},
        {1, {5, kRoot, 3, 5, 3, 1, 0}},
        {0, {kRoot, 2, 4, 2, 0, 6, 4, 6}},
        {1, {1, 3, 1, 7, 5, 3, 5, kRoot}},
    };
    for (const Row& row : rows)
    {
        const auto nodes = static_cast<uint32_t>(row.parents.size());
        for (uint32_t node = 0; node < nodes; ++node)
        {
            EXPECT_EQ(TreeParent(row.tree, node, nodes), row.parents[node])
                << "tree " << row.tree << " of " << nodes << ", node " << node;
        }
    }
}

TEST(DoubleTree, ShapeForAllSizes)
{
    for (uint32_t nodes = 1; nodes <= 300; ++nodes)
    {
        uint32_t innerInBoth = 0;
        for (uint32_t node = 0; node < nodes; ++node)
        {
            bool innerEverywhere = true;
            for (uint32_t tree : {0U, 1U})
            {
                const std::vector<uint32_t> children = TreeChildren(tree, node, nodes);
                EXPECT_LE(children.size(), 2U) << nodes << " nodes, node " << node;
                for (uint32_t child : children)
                {
                    EXPECT_EQ(TreeParent(tree, child, nodes), node);
                }
                innerEverywhere = innerEverywhere && !children.empty();
                uint32_t depth = 0;
                for (uint32_t at = node; at != kNoNode && depth <= nodes; ++depth)
                {
                    at = TreeParent(tree, at, nodes);
                }
                uint32_t log = 0;
                while ((1U << (log + 1)) <= nodes)
                {
                    ++log;
                }
                EXPECT_LE(depth, log + 2) << nodes << " nodes, tree " << tree << ", node " << node;
            }
            innerInBoth += innerEverywhere ? 1 : 0;
        }
        const uint32_t expected = nodes > 1 && nodes % 2 == 1 ? 1 : 0;
        EXPECT_EQ(innerInBoth, expected) << nodes << " nodes: inner nodes of both trees";
    }
}

TEST(DoubleTree, EveryNodeHasAllItsChildren)
{
    for (uint32_t nodes : {2U, 3U, 5U, 6U, 13U, 16U, 100U, 127U})
    {
        for (uint32_t tree : {0U, 1U})
        {
            size_t edges = 0;
            for (uint32_t node = 0; node < nodes; ++node)
            {
                edges += TreeChildren(tree, node, nodes).size();
            }
            EXPECT_EQ(edges, nodes - 1) << nodes << " nodes, tree " << tree;
        }
    }
}

} // namespace

} // namespace heddle
