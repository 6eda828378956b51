// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-class-shares.h
// ---------------------------
// What each traffic class gets of a port, as fluid: strict ones first, higher before lower; what
// they leave goes to the others by weight, as far as they want it (deficit round robin, Shreedhar
// and Varghese, SIGCOMM 1995, for small packets).
//
//   ShareByTurn(400, {{6, 1}, {0, 3}, {0, 1}}, {100, kWantsAll, 50}, shares);   // 100, 250, 50

#ifndef HEDDLE_FABRIC_CLASS_SHARES_H
#define HEDDLE_FABRIC_CLASS_SHARES_H

#include <cstdint>
#include <vector>

namespace heddle::fabric
{

/// When a class is served.
struct ClassTurn
{
    uint8_t level;   ///< higher ones first, each once; 0: all those by weight
    uint32_t weight; ///< > 0
};

/// As much as there is.
inline constexpr int64_t kWantsAll = INT64_MAX;

/// Rates, ≥ 0, by class; at most 32 classes. Whole numbers: weighted shares are rounded down.
void ShareByTurn(int64_t capacity,
                 const std::vector<ClassTurn>& turns,
                 const std::vector<int64_t>& wanted,
                 std::vector<int64_t>& shares);

} // namespace heddle::fabric

#endif
