// SPDX-License-Identifier: GPL-2.0-only
//
// File: report.h
// --------------
// The benchmark's tables, its JSON (schema: README.md) and the comparison with an earlier JSON.

#ifndef HEDDLE_BENCH_REPORT_H
#define HEDDLE_BENCH_REPORT_H

#include "flows.h"
#include "measure.h"
#include "scaling.h"

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

inline constexpr const char* kSchema = "heddle-bench/1";
inline const std::string kDefaultEngine = "heddle";
inline const std::string kWindowedEngine = "heddle-w" + std::to_string(kCeilingWindow);
inline const std::string kCeilingEngine = "ceiling";

struct NamedSeries
{
    std::string engine;
    const Series& series;
};

/// In the order of the tables.
std::vector<NamedSeries> AllSeries(const Outcome& outcome);

/// std::snprintf into a string of at most 511 characters.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

/// Heddle's run-phase rate over the ceiling's, run by run.
Spread RatioToCeiling(const Series& heddle, const Series& ceiling);

/// Memory of the built world per link direction; bytes.
double BytesPerPort(const RunResult& probe);
/// Growth of the heap during the run per packet in flight at the peak; bytes.
double BytesPerPacket(const RunResult& probe);

std::string TableHeader();
std::string TableRows(const Outcome& outcome);

std::string ScalingHeader(uint32_t threads);
std::string ScalingRow(const Scaling& scaling);

/// Either list may be empty.
std::string ToJson(const std::vector<Outcome>& outcomes,
                   const std::vector<Scaling>& scalings,
                   uint32_t runs);

/// Ratios of medians, now over then, for what both hold. Throws InputError when `path` is no such
/// file.
std::string CompareWith(const std::string& path, const std::vector<Outcome>& outcomes);

} // namespace heddle::bench

#endif
