// SPDX-License-Identifier: GPL-2.0-only
//
// File: kernel-times.h
// --------------------
// How long kernels really take, from a profile:
//   * .json: PyTorch profiler (Kineto). Events of category "kernel" but NCCL's; the work of a
//   matrix
//     product follows from the "Input Dims" of the aten::mm, addmm or bmm with the same
//     "External id" (record_shapes=True);
//   * .csv: a header line "name,duration_us" and optionally "flops" and "bytes", a kernel per line.
//
//   const KernelTable table = ReadKernels("trace.json", text, peakFlops, memoryBandwidth);
//
// Source of the JSON format: pytorch/kineto libkineto/src/output_json.cpp. Errors are InputErrors
// "file:line: …".

#ifndef HEDDLE_SCENARIOS_KERNEL_TIMES_H
#define HEDDLE_SCENARIOS_KERNEL_TIMES_H

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

/// All runs of one kernel (name and work).
struct KernelTimes
{
    std::string name;
    uint64_t count = 0;
    double meanSeconds = 0;
    double variation = 0;  ///< standard deviation / mean
    double flops = 0;      ///< of one run; 0 = unknown
    double bytes = 0;      ///< of one run; 0 = unknown
    double efficiency = 0; ///< of the peak that limits it; 0 = unknown
    bool memoryBound = false;
};

struct KernelTable
{
    std::vector<KernelTimes> kernels; ///< most time first
    double flopsEfficiency = 0;       ///< over all kernels bound by FLOPs; 0 = none
    double memoryEfficiency = 0;      ///< over all kernels bound by memory; 0 = none
    double variation = 0;             ///< time-weighted, of kernels with 10 runs or more; 0 = none
};

KernelTable ReadKernels(const std::string& file,
                        const std::string& text,
                        double peakFlops,
                        double memoryBandwidth);

} // namespace heddle

#endif
