// SPDX-License-Identifier: GPL-2.0-only
//
// File: reach.h
// -------------
// Links between NICs on a fabric; an input error where a rank cannot reach whom it sends to.

#ifndef HEDDLE_SCENARIOS_REACH_H
#define HEDDLE_SCENARIOS_REACH_H

#include "plan/plan.h"

#include <unordered_map>
#include <vector>

namespace heddle
{

class Reach
{
  public:
    /// `fabric` must outlive it.
    explicit Reach(const FabricPlan& fabric);

    /// Links from the NIC of `relay` to that of `to`, for what `from` sends. Throws InputError.
    int Links(Rank from, Rank relay, Rank to);

  private:
    const std::vector<int>& From(uint32_t leaf);
    [[noreturn]] void Report(Rank from, Rank to) const;

    const FabricPlan& m_fabric;
    std::vector<std::vector<uint32_t>> m_neighbours;       ///< by switch
    std::unordered_map<uint32_t, std::vector<int>> m_from; ///< by leaf: links to every switch
};

} // namespace heddle

#endif
