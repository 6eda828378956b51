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
#include <string>
#include <vector>

namespace heddle::bench
{

/// Run by run; hops per second of wall time of the run phase.
struct Scaling
{
    std::string workload;
    uint32_t threads = 0;
    uint32_t partitions = 0;
    std::vector<double> together; ///< of one simulation
    std::vector<double> apart;    ///< summed over as many simulations as threads
    std::vector<double> ratio;    ///< together / apart
    std::vector<double> cpuRatio; ///< CPU seconds per simulation, apart / together
};

/// Throws RunError when threads change what happens.
Scaling CompareThreads(const Workload& workload, uint32_t threads, uint32_t runs);

} // namespace heddle::bench

#endif
