// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-algorithm.h
// -----------------------------
// How a collective algorithm registers itself, in category "collective-algorithm":
//
//   const CollectiveAlgorithm kPairwise{KindTable({{CollectiveKind::AllToAll, &ExpandPairwise}})};
//   const Registration<const CollectiveAlgorithm*> kEntry{{kAlgorithmCategory, "pairwise", "…",
//   {}},
//                                                         &kPairwise};
//
// Which kinds it can do is data: those with an expansion function.

#ifndef HEDDLE_COLLECTIVES_ALGORITHM_H
#define HEDDLE_COLLECTIVES_ALGORITHM_H

#include "ns3/base-registry.h"
#include "ns3/collectives-schedule.h"

#include <array>
#include <initializer_list>
#include <string>
#include <utility>

namespace heddle
{

inline constexpr const char* kAlgorithmCategory = "collective-algorithm";
inline constexpr size_t kCollectiveKinds = 5;

struct CollectiveAlgorithm
{
    std::array<ExpandFn, kCollectiveKinds> expand; ///< by CollectiveKind; null = cannot do it
    std::array<FuseFn, kCollectiveKinds> fuse{};   ///< null = no fused form
};

template <class Function = ExpandFn>
std::array<Function, kCollectiveKinds>
KindTable(std::initializer_list<std::pair<CollectiveKind, Function>> entries)
{
    std::array<Function, kCollectiveKinds> table{};
    for (const auto& [kind, function] : entries)
    {
        table[static_cast<size_t>(kind)] = function;
    }
    return table;
}

/// "all-reduce", "all-gather", … as scenarios write them.
const std::string& CollectiveName(CollectiveKind kind);

/// The registered algorithm; throws InputError with the nearest names.
const CollectiveAlgorithm& FindAlgorithm(const std::string& name);

/// Names of the algorithms that can do a kind, sorted.
std::vector<std::string> AlgorithmsFor(CollectiveKind kind);

} // namespace heddle

#endif
