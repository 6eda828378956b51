// SPDX-License-Identifier: GPL-2.0-only
//
// heddle supply: what can be built. Every figure with its source and grade, then what follows.
#include "plan/supply.h"
#include "cli/command.h"
#include "loader/scenario-source.h"
#include "report/files/files.h"
#include "report/terminal/table.h"

#include "ns3/base-errors.h"
#include "ns3/base-registry.h"

#include "heddle-result.pb.h"

#include <iostream>
#include <set>

namespace heddle
{

namespace
{

namespace po = boost::program_options;

constexpr uint32_t kSchemaVersion = 1;

/// "75000 per month", a bare number for a share or a count.
std::string
WithUnit(double value, const std::string& unit)
{
    return FigureNumber(value) + (unit.empty() || unit == "1" ? "" : " " + unit);
}

std::string
Range(const Figure& figure)
{
    if (figure.low != figure.low && figure.high != figure.high)
    {
        return "";
    }
    return "[" + FigureNumber(figure.lowOrValue()) + ", " + FigureNumber(figure.highOrValue()) +
           "]";
}

/// Sources that were printed for an earlier model are not repeated.
void
PrintFigures(const FigureSet& set, std::set<std::string>& printed, std::ostream& out)
{
    size_t again = 0;
    Table table({"  figure", "value", "sources span", "grade"});
    for (const NamedFigure& named : set.figures)
    {
        const Figure& figure = named.figure;
        table.Add({"  " + named.name,
                   figure.known() ? WithUnit(figure.value, figure.unit) : "unknown",
                   Range(figure),
                   GradeName(figure.grade)});
    }
    table.Print(out);
    out << "\n  sources\n";
    for (const NamedFigure& named : set.figures)
    {
        const std::string line = named.name + ": " + named.figure.source;
        if (named.figure.grade != Grade::Scenario && printed.insert(set.name + "." + line).second)
        {
            out << "    " << line << '\n';
            continue;
        }
        ++again;
    }
    out << (again == set.figures.size() ? "    as above, or the scenario\n" : "");
}

void
PrintReport(const SupplyReport& report, std::set<std::string>& printed, std::ostream& out)
{
    out << report.name << ": " << RegistryIndex::Find("supply", report.name).description << "\n\n";
    PrintFigures(report.figures, printed, out);
    out << '\n';
    Table values({"  what follows", ""});
    for (const SupplyRow& row : report.rows)
    {
        values.Add({(row.what == report.headline ? "* " : "  ") + row.what,
                    WithUnit(row.value, row.unit)});
    }
    values.Print(out);
    out << "\n  Conclusion: " << report.conclusion << "\n";
    if (!report.spans.empty())
    {
        out << "\n  * '" << report.headline << "' with one figure at the ends of its span:\n";
        Table spans({"    figure", "at low", "at high"});
        for (const SupplySpan& span : report.spans)
        {
            spans.Add({"    " + span.figure, FigureNumber(span.atLow), FigureNumber(span.atHigh)});
        }
        spans.Print(out);
    }
    out << "\n  Assumed or weakly sourced:";
    const char* separator = " ";
    for (const std::string& name : report.assumed)
    {
        out << separator << name;
        separator = ", ";
    }
    out << (report.assumed.empty() ? " nothing.\n\n" : ".\n\n");
}

void
FillModel(const SupplyReport& report, v1::SupplyModel& model)
{
    model.set_model(report.name);
    model.set_description(RegistryIndex::Find("supply", report.name).description);
    for (const NamedFigure& named : report.figures.figures)
    {
        v1::SuppliedFigure& figure = *model.add_figures();
        figure.set_figure(named.name);
        const auto set = [&](double value, void (v1::SuppliedFigure::*to)(double))
        {
            if (value == value)
            {
                (figure.*to)(value);
            }
        };
        set(named.figure.value, &v1::SuppliedFigure::set_value);
        set(named.figure.low, &v1::SuppliedFigure::set_low);
        set(named.figure.high, &v1::SuppliedFigure::set_high);
        figure.set_unit(named.figure.unit);
        figure.set_grade(GradeName(named.figure.grade));
        figure.set_source(named.figure.source);
    }
    for (const SupplyRow& row : report.rows)
    {
        v1::SupplyValue& value = *model.add_values();
        value.set_what(row.what);
        value.set_value(row.value);
        value.set_unit(row.unit);
    }
    model.set_headline(report.headline);
    model.set_binding_line(report.binding);
    model.set_conclusion(report.conclusion);
    for (const SupplySpan& span : report.spans)
    {
        v1::HeadlineSpan& out = *model.add_spans();
        out.set_figure(span.figure);
        out.set_at_low(span.atLow);
        out.set_at_high(span.atHigh);
    }
    model.mutable_assumed()->Add(report.assumed.begin(), report.assumed.end());
}

v1::SupplyResult
MakeResult(const ScenarioSource& source, const std::vector<SupplyReport>& reports)
{
    v1::SupplyResult result;
    result.set_schema_version(kSchemaVersion);
    result.set_heddle_version(HEDDLE_VERSION);
    result.set_scenario_digest(source.Digest());
    result.set_title(source.scenario().title());
    *result.mutable_note() = source.scenario().note();
    for (const SupplyReport& report : reports)
    {
        FillModel(report, *result.add_models());
    }
    return result;
}

} // namespace

int
RunSupply(const Arguments& arguments)
{
    std::vector<std::string> overrides;
    std::vector<std::string> files;
    std::string directory;
    po::options_description options("Options");
    po::options_description_easy_init add = options.add_options();
    add("out",
        po::value(&directory)->value_name("DIR"),
        "also write result.json and result.pb there");
    add("set",
        po::value(&overrides)->composing()->value_name("FIELD=VALUE"),
        "replace a field, e.g. supply[0].parameters[0].value=35000");
    po::variables_map values;
    if (!ParseOptions(arguments, "supply SCENARIO [options]", options, values, files))
    {
        return kExitDone;
    }
    if (files.size() != 1)
    {
        throw InputError("supply: name one scenario file.");
    }
    ScenarioSource source(files.front(), overrides);
    const std::vector<SupplyReport> reports = PlanSupply(source);
    if (!directory.empty())
    {
        PrepareDirectory(directory);
        WriteResult(MakeResult(source, reports), directory);
    }
    if (source.scenario().has_title())
    {
        std::cout << source.scenario().title() << "\n\n";
    }
    std::set<std::string> printed;
    for (const SupplyReport& report : reports)
    {
        PrintReport(report, printed, std::cout);
    }
    return kExitDone;
}

} // namespace heddle
