// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-figure-set.h
// -------------------------
// A named set of figures that a scenario may choose and amend, registered under a category: the
// figures of economics, reliability, supply.
//
//   FigureSet figures = ConfigureFigureSet("economics", "list-2026", {{"pue", "1.3"}});
//   figures.Value("pue");                                // 1.3
//   figures.Assumed();                                   // names that rest on assumptions
//
// Units that scenarios write: W, USD, ns, s, min, h, m as quantities with that unit; a compound
// unit ("USD/kWh", "W per Tb/s") as its first part ("0.08USD", "8.8W"); any other as a plain
// number.

#ifndef HEDDLE_OPTICS_FIGURE_SET_H
#define HEDDLE_OPTICS_FIGURE_SET_H

#include "ns3/base-registry.h"
#include "ns3/optics-figure.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heddle
{

/// One row of a table of figures.
struct FigureRow
{
    const char* name;
    double value;
    const char* unit;
    double low;
    double high;
    Grade grade;
    const char* source;
    const char* help = "";
};

struct NamedFigure
{
    std::string name;
    Figure figure;
};

struct FigureSet
{
    std::string name;
    std::vector<NamedFigure> figures;

    const Figure& Get(std::string_view figure) const; ///< it must exist
    double Value(std::string_view figure) const;      ///< NaN when nobody published it
    /// Names of the figures that rest on assumptions or weak sources.
    std::vector<std::string> Assumed() const;
};

Figure MakeFigure(const FigureRow& row);

/// As `heddle list` prints it and a scenario sets it.
Parameter MakeParameter(const NamedFigure& named, const std::string& help);

/// Replaces the value by a scenario's text; grade Scenario. Throws InputError on negative values.
void OverrideFigure(NamedFigure& named, const std::string& text);

/// A registered set with the scenario's figures. Throws InputError on a wrong name or value.
FigureSet ConfigureFigureSet(std::string_view category,
                             std::string_view name,
                             const std::map<std::string, std::string>& given);

class FigureSetRegistration
{
  public:
    FigureSetRegistration(const std::string& category,
                          const std::string& name,
                          const std::string& description,
                          const std::vector<FigureRow>& table);

  private:
    FigureSet m_set;
    Registration<const FigureSet*> m_registration;
};

} // namespace heddle

#endif
