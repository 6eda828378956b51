// SPDX-License-Identifier: GPL-2.0-only
//
// File: retime.h
// --------------
// A task graph with other kernel times, for worlds that change the work and nothing else.

#ifndef HEDDLE_SCENARIOS_RETIME_H
#define HEDDLE_SCENARIOS_RETIME_H

#include "ns3/collectives-task-graph.h"
#include "ns3/training-job.h"

namespace heddle
{

/// All kernels `speed` times as fast.
TaskGraph WithSpeed(TaskGraph graph, const AcceleratorModel& accelerator, double speed);

/// Equal nominal work: among ranks with the same program (task by task the same label) each kernel
/// takes the mean of theirs, so that no expert and no sequence is longer; then each rank's kernels
/// are scaled so that all ranks that have any have the mean total, so that no pipeline stage is
/// longer. The sum over all ranks stays, to a picosecond per kernel.
TaskGraph WithBalancedWork(TaskGraph graph, const AcceleratorModel& accelerator);

} // namespace heddle

#endif
