// SPDX-License-Identifier: GPL-2.0-only
//
// File: report.h
// --------------
// The benchmark's table, its JSON (schema: README.md) and the comparison with an earlier JSON.

#ifndef HEDDLE_BENCH_REPORT_H
#define HEDDLE_BENCH_REPORT_H

#include "measure.h"

#include <optional>
#include <string>
#include <vector>

namespace heddle::bench
{

/// What was measured of one workload.
struct Outcome
{
    std::string workload;
    std::string description;
    Series heddle;
    std::optional<Series> windowed; ///< Heddle with the ceiling's window: like for like
    std::optional<Series> ceiling;  ///< same flows, same number of runs
};

/// Heddle's run-phase rate over the ceiling's, run by run.
Spread RatioToCeiling(const Series& heddle, const Series& ceiling);

/// Memory of the built world per link direction; bytes.
double BytesPerPort(const RunResult& probe);
/// Growth of the heap during the run per packet in flight at the peak; bytes.
double BytesPerPacket(const RunResult& probe);

std::string TableHeader();
std::string TableRows(const Outcome& outcome);

std::string ToJson(const std::vector<Outcome>& outcomes, uint32_t runs);

/// Ratios of medians, now over then, for what both hold. Throws InputError when `path` is no such
/// file.
std::string CompareWith(const std::string& path, const std::vector<Outcome>& outcomes);

} // namespace heddle::bench

#endif
