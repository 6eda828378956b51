// SPDX-License-Identifier: GPL-2.0-only
//
// File: scaling.h
// ---------------
// One simulation on N threads against N simulations on one thread each, at the same time: what the
// machine could do at most. Both share caches and memory, so the comparison is fair.

#ifndef HEDDLE_BENCH_SCALING_H
#define HEDDLE_BENCH_SCALING_H

#include "workloads.h"

#include <cstdint>
#include <vector>

namespace heddle::bench
{

/// Prints a line per workload to stdout. Throws RunError when threads change what happens.
void CompareThreads(const std::vector<Workload>& workloads, uint32_t threads, uint32_t runs);

} // namespace heddle::bench

#endif
