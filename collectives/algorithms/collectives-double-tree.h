// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-double-tree.h
// -------------------------------
// The shape of NCCL's two binary trees over n nodes (Sanders, Speck, Träff, Parallel Computing
// 2009; NCCL 2.30 graph/trees.cc). Tree 0: a node other than 0 with the lowest set bit b hangs on
// r - b + 2b, or on r - b where bit 2b is set in r or that node does not exist. Tree 1 is its
// mirror image for even n, shifted by one for odd n. So nearly every node is a leaf of one of them.

#ifndef HEDDLE_COLLECTIVES_DOUBLE_TREE_H
#define HEDDLE_COLLECTIVES_DOUBLE_TREE_H

#include <cstdint>
#include <vector>

namespace heddle
{

inline constexpr uint32_t kNoNode = ~0U;

/// The parent of `node` < `nodes` in tree 0 or 1; kNoNode for the root.
uint32_t TreeParent(uint32_t tree, uint32_t node, uint32_t nodes);

/// Its children, at most two, ascending.
std::vector<uint32_t> TreeChildren(uint32_t tree, uint32_t node, uint32_t nodes);

} // namespace heddle

#endif
