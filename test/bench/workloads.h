// SPDX-License-Identifier: GPL-2.0-only
//
// File: workloads.h
// -----------------
// The fixed workloads. A figure is only comparable with figures of the same name: to change one,
// give it a new name.

#ifndef HEDDLE_BENCH_WORKLOADS_H
#define HEDDLE_BENCH_WORKLOADS_H

#include "flows.h"

#include <functional>
#include <string>
#include <vector>

namespace heddle::bench
{

struct Workload
{
    std::string name;
    std::string description;
    std::function<FlowSet()> flows; ///< empty: W5, which is a training step
};

const std::vector<Workload>& Workloads();

/// By name; throws InputError with the nearest names.
const Workload& FindWorkload(const std::string& name);

/// The flows of a .cm file.
Workload FileWorkload(const std::string& path);

} // namespace heddle::bench

#endif
