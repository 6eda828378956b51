// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-figure.h
// ---------------------
// A number that says where it comes from: value, unit, range, source, grade.
//
//   Figure power{15, "W", 11, 20, "Axiom, 800G LPO vs DSP …", Grade::Vendor};
//   ScaledFigure(power, 0.5, "half the lanes");          // 7.5 W, graded Assumption
//
// An unknown figure is NaN with grade NotFound; it is never taken as zero. The range is what the
// sources span, not a confidence interval.

#ifndef HEDDLE_OPTICS_FIGURE_H
#define HEDDLE_OPTICS_FIGURE_H

#include <cstdint>
#include <limits>
#include <string>

namespace heddle
{

/// How far a figure may be trusted.
enum class Grade : uint8_t
{
    Primary,    ///< the primary document was opened
    Secondary,  ///< the primary is named, the number was read second-hand
    Vendor,     ///< vendor claim
    Estimate,   ///< analyst or retail estimate
    LowQuality, ///< weak source
    Derived,    ///< computed from sourced figures
    Assumption, ///< no source supports the value
    Scenario,   ///< given by the user
    NotFound,   ///< no figure: the value is NaN
};

const char* GradeName(Grade grade);

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct Figure
{
    double value = kUnknown;
    std::string unit;      ///< "W", "USD", "ns", "ns/m", "m", "h", "FIT", "pJ/bit", "1"
    double low = kUnknown; ///< NaN: no lower bound known
    double high = kUnknown;
    std::string source;
    Grade grade = Grade::NotFound;

    bool known() const
    {
        return value == value;
    }

    double lowOrValue() const
    {
        return low == low ? low : value;
    }

    double highOrValue() const
    {
        return high == high ? high : value;
    }
};

/// A figure that nobody published; `where` says what was searched or why there is none.
Figure NotFoundFigure(const std::string& unit, const std::string& where);

/// `figure` × `factor`, graded Assumption; the source tells factor, reason and origin.
Figure ScaledFigure(const Figure& figure, double factor, const std::string& reason);

/// "%.6g"
std::string FigureNumber(double value);

/// "15 W [11, 20]  vendor: Axiom, 800G LPO vs DSP …"
std::string FormatFigure(const Figure& figure);

} // namespace heddle

#endif
