// SPDX-License-Identifier: GPL-2.0-only
//
// File: simai-importer.h
// ----------------------
// SimAI / ASTRA-sim 1.0 workload text (simai-workload.h) to a task graph:
//
//   SimaiOptions options;
//   options.ranks = 64;
//   TaskGraph graph = ImportSimai("gpt13b.txt", options); // or `--importer simai`
//
// Groups, as SimAI forms them (aliyun/SimAI cef83f9, Sys.cc, MockNccl groups), for N ranks, T =
// tensor-parallel, E = expert-parallel, D = N / T data-parallel ranks:
//   tensor       T consecutive ranks
//   data         ranks of equal index in their tensor group: r, r + T, …
//   expert       within E consecutive tensor groups, ranks of equal index
//   data-expert  ranks of equal index in every E-th tensor group; D / E members
// A collective without suffix goes to the tensor group in the forward and input-gradient columns
// and to the data group in the weight-gradient column; _EP and _DP_EP name their groups. DATA and
// MICRO (weight gradients), MODEL and DISTRIBUTED_INFERENCE use all ranks instead.
//
// Order, as SimAI executes (Workload.cc), one accelerator being one sequential program:
//   forward    layers 0 … L-1: compute, then the collective, waiting for it
//   backward   layers L-1 … 0: input gradient and its collective, waiting for it; weight gradient,
//              whose collective runs in the background until the same layer's next forward pass
//   HYBRID_DATA_MODEL, MODEL: the input-gradient collective runs under the weight-gradient compute;
//              none for layer 0
//   DATA       weight gradient before input gradient; only weight gradients are communicated
//   checkpoints: before the backward pass of an initiating layer, the layers from the nearest
//              checkpoint before it are computed (and communicated) again
// Times are fixed seconds. A collective's update time follows it.
//
// Deviations from SimAI
//   * The update time of a background collective is charged where it is awaited (next forward pass,
//     or the end), not while it is in flight: compute streams are in order. 100 ns each in
//     practice.
//   * No 1 ns per state change; zero compute times make no task.
//   * No LIFO/FIFO priorities between collectives: one communicator runs its calls in order,
//   different
//     ones overlap.
//   * Recomputation happens (SimAI's reader marks the initiating layers as checkpoints, so it never
//     does). An initiating layer's own checkpoint mark is not its start.
//   * BROADCAST runs, from the first rank of its group (SimAI: nothing).
//   * MICRO issues every layer's collective (SimAI: only the first layer's).
//   * A tensor group of one rank may have expert groups (SimAI: fails).
//   * Pipeline parallelism: the file is the program of one stage with micro-batches unrolled, and
//     has no stage-to-stage transfers. By default the stages are ignored and all ranks run the same
//     program, as in SimAI's packet mode (there pp is fixed to 1). With `pipelineStages` the ranks
//     are split into that many independent blocks with their own groups. pp_comm, vpp and ga have
//     no effect; a note says so.
//   * Collectives on one rank or of zero bytes make no task.
// Not supported: HYBRID_DLRM, HYBRID_DLRM_ENHANCED, HYBRID_MODEL_DATA, HYBRID_CUSTOMIZED.

#ifndef HEDDLE_SCENARIOS_SIMAI_IMPORTER_H
#define HEDDLE_SCENARIOS_SIMAI_IMPORTER_H

#include "simai-program.h"

#include "ns3/collectives-task-graph.h"

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

/// Throws InputError: file:line:column for the file's faults; options that do not fit; a graph of
/// more than kMaxSimaiTasks tasks.
TaskGraph ImportSimai(const std::string& path, const SimaiOptions& options);

/// About 150 B each: a 9216-rank, 1800-row file would need 100 million. Import fewer ranks.
inline constexpr uint64_t kMaxSimaiTasks = 20'000'000;

} // namespace heddle

#endif
