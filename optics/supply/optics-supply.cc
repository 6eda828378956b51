// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-supply.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

std::map<std::string, SupplyFn>&
Functions()
{
    static std::map<std::string, SupplyFn> functions;
    return functions;
}

/// The headline with `figure` at `value`.
double
HeadlineWith(const FigureSet& figures, SupplyFn compute, size_t figure, double value)
{
    FigureSet changed = figures;
    changed.figures[figure].figure.value = value;
    SupplyReport report;
    compute(changed, report);
    return report.Value(report.headline);
}

std::vector<SupplySpan>
Spans(const FigureSet& figures, SupplyFn compute)
{
    std::vector<SupplySpan> spans;
    for (size_t i = 0; i < figures.figures.size(); ++i)
    {
        const Figure& figure = figures.figures[i].figure;
        if (!figure.known() || (figure.low != figure.low && figure.high != figure.high))
        {
            continue;
        }
        const SupplySpan span{figures.figures[i].name,
                              HeadlineWith(figures, compute, i, figure.lowOrValue()),
                              HeadlineWith(figures, compute, i, figure.highOrValue())};
        if (span.atLow != span.atHigh)
        {
            spans.push_back(span);
        }
    }
    std::stable_sort(spans.begin(),
                     spans.end(),
                     [](const SupplySpan& a, const SupplySpan& b)
                     { return std::abs(a.atHigh - a.atLow) > std::abs(b.atHigh - b.atLow); });
    return spans;
}

} // namespace

double
SupplyReport::Value(const std::string& what) const
{
    const auto it = std::find_if(rows.begin(),
                                 rows.end(),
                                 [&](const SupplyRow& row) { return row.what == what; });
    HEDDLE_CHECK(it != rows.end(), "no row '" + what + "'");
    return it->value;
}

SupplyReport
Supply(const std::string& name, const std::map<std::string, std::string>& given)
{
    const FigureSet figures = ConfigureFigureSet("supply", name, given);
    const SupplyFn compute = Functions().at(name);
    SupplyReport report;
    report.name = name;
    report.figures = figures;
    report.assumed = figures.Assumed();
    compute(figures, report);
    report.spans = Spans(figures, compute);
    return report;
}

SupplyRegistration::SupplyRegistration(const std::string& name,
                                       const std::string& description,
                                       const std::vector<FigureRow>& table,
                                       SupplyFn compute)
    : m_figures("supply", name, description, table)
{
    Functions()[name] = compute;
}

uint32_t
WholeFigure(const FigureSet& figures, const char* name)
{
    const double value = figures.Value(name);
    if (!(value >= 0) || value > 1e9 || value != std::floor(value))
    {
        throw InputError(std::string("'") + name + "' must be a whole number.");
    }
    return static_cast<uint32_t>(value);
}

double
ShareFigure(const FigureSet& figures, const char* name)
{
    const double value = figures.Value(name);
    if (!(value > 0 && value <= 1))
    {
        throw InputError(std::string("'") + name + "' must be a share above 0, at most 1.");
    }
    return value;
}

} // namespace heddle
