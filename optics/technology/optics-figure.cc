// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-figure.h"

#include <cstdio>

namespace heddle
{

const char*
GradeName(Grade grade)
{
    static const char* const kNames[] = {"primary",
                                         "secondary",
                                         "vendor",
                                         "estimate",
                                         "low-quality",
                                         "derived",
                                         "assumption",
                                         "scenario",
                                         "not-found"};
    return kNames[static_cast<size_t>(grade)];
}

Figure
NotFoundFigure(const std::string& unit, const std::string& where)
{
    return {kUnknown, unit, kUnknown, kUnknown, where, Grade::NotFound};
}

Figure
ScaledFigure(const Figure& figure, double factor, const std::string& reason)
{
    if (!figure.known())
    {
        return figure;
    }
    return {figure.value * factor,
            figure.unit,
            figure.low * factor,
            figure.high * factor,
            reason + " (x " + FigureNumber(factor) + "), from: " + figure.source,
            Grade::Assumption};
}

std::string
FigureNumber(double value)
{
    char text[32];
    std::snprintf(text, sizeof(text), "%.6g", value);
    return text;
}

std::string
FormatFigure(const Figure& figure)
{
    std::string text =
        (figure.known() ? FigureNumber(figure.value) : "unknown") + " " + figure.unit;
    if (figure.low == figure.low || figure.high == figure.high)
    {
        text += " [" + FigureNumber(figure.lowOrValue()) + ", " +
                FigureNumber(figure.highOrValue()) + "]";
    }
    return text + "  " + GradeName(figure.grade) + ": " + figure.source;
}

} // namespace heddle
