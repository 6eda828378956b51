// SPDX-License-Identifier: GPL-2.0-only
//
// File: summary-rows.h
// --------------------
// What the parts of the summary share: a row per quantity, a column per fabric.

#ifndef HEDDLE_SCENARIOS_SUMMARY_ROWS_H
#define HEDDLE_SCENARIOS_SUMMARY_ROWS_H

#include "report/terminal/table.h"

#include "heddle-result.pb.h"

#include <functional>
#include <ostream>

namespace heddle
{

using CellFn = std::function<std::string(const v1::FabricResult&)>;

/// A row of `cell` of every fabric; none when all are empty.
void AddRow(Table& table, const v1::Result& result, const std::string& label, const CellFn& cell);

std::string Print(const char* format, double value);
std::string Percent(double share);

/// The spread of repeated steps.
void AddSteps(Table& table, const v1::Result& result);
/// How it grows with the cluster, for scenarios with `run.scales`.
void PrintScales(const v1::Result& result, std::ostream& out);

/// Watts, joules, dollars and failures, for scenarios that ask for them.
void AddEconomics(Table& table, const v1::Result& result);

/// Months of the job: failures, what they cost, intervals.
void AddLongRun(Table& table, const v1::Result& result);
/// What the intervals and rows of the long run mean, and the flip points.
void PrintLongRun(const v1::Result& result, std::ostream& out);
/// What broke in the run and how the transport took it, for scenarios in which something did.
void AddFaults(Table& table, const v1::Result& result);
/// Each fault with its times.
void PrintFaults(const v1::Result& result, std::ostream& out);

/// The figures that rest on assumptions, and those that nobody published.
void PrintAssumptions(const v1::Result& result, std::ostream& out);

} // namespace heddle

#endif
