// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-supply.h
// ---------------------
// What an industry can build in a month: each supply model is one file in supply/ that registers
// its figures (registry category "supply") and how to compute with them.
//
//   SupplyReport report = Supply("accelerators", {{"packaging_wafers", "35000"}});
//   report.rows.front();                       // what, value, unit
//   report.Value(report.headline);             // accelerators per month
//   report.spans;                              // what each figure's range does to it
//
// Figures are the present ceiling for all customers, graded; most are estimates.

#ifndef HEDDLE_OPTICS_SUPPLY_H
#define HEDDLE_OPTICS_SUPPLY_H

#include "ns3/optics-figure-set.h"

#include <map>
#include <string>
#include <vector>

namespace heddle
{

struct SupplyRow
{
    std::string what;
    double value;
    std::string unit;
};

/// The headline with one figure at either end of what its sources span, the others as given.
struct SupplySpan
{
    std::string figure;
    double atLow;
    double atHigh;
};

struct SupplyReport
{
    std::string name;
    FigureSet figures; ///< that it was computed from
    std::vector<SupplyRow> rows;
    std::string headline;             ///< the row that answers the model's question
    std::string binding;              ///< line that limits; empty where there are no lines
    std::string conclusion;           ///< what limits, in words
    std::vector<SupplySpan> spans;    ///< of figures that move it; widest first
    std::vector<std::string> assumed; ///< figures that rest on assumptions

    double Value(const std::string& what) const; ///< of a row; it must exist
};

/// Computes rows, headline and conclusion from a set of figures. Throws InputError.
using SupplyFn = void (*)(const FigureSet& figures, SupplyReport& report);

/// Runs a registered supply model with the scenario's figures. Throws InputError.
SupplyReport Supply(const std::string& name, const std::map<std::string, std::string>& given);

class SupplyRegistration
{
  public:
    SupplyRegistration(const std::string& name,
                       const std::string& description,
                       const std::vector<FigureRow>& table,
                       SupplyFn compute);

  private:
    FigureSetRegistration m_figures;
};

/// A figure that must be a whole number. Throws InputError.
uint32_t WholeFigure(const FigureSet& figures, const char* name);

/// A figure that must be a share in (0, 1]. Throws InputError.
double ShareFigure(const FigureSet& figures, const char* name);

} // namespace heddle

#endif
