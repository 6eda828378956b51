// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-figure-set.h"

#include "ns3/base-errors.h"

namespace heddle
{

namespace
{

/// How a figure's unit is written in a scenario, and its size in the figure's own unit.
struct InputUnit
{
    Quantity quantity;
    const char* suffix;
    double perSi; ///< figure unit per SI unit
};

InputUnit
FindInputUnit(const std::string& unit)
{
    static const std::map<std::string, InputUnit> kUnits{{"W", {Quantity::Power, "W", 1}},
                                                         {"USD", {Quantity::Money, "USD", 1}},
                                                         {"ns", {Quantity::Time, "ns", 1e9}},
                                                         {"s", {Quantity::Time, "s", 1}},
                                                         {"min", {Quantity::Time, "min", 1.0 / 60}},
                                                         {"h", {Quantity::Time, "h", 1.0 / 3600}},
                                                         {"m", {Quantity::Length, "m", 1}}};
    if (unit == "ns/m")
    {
        return {Quantity::Ratio, "", 1};
    }
    const auto it = kUnits.find(unit.substr(0, unit.find_first_of("/ ")));
    return it == kUnits.end() ? InputUnit{Quantity::Ratio, "", 1} : it->second;
}

Choice
MakeChoice(const std::string& category,
           const std::string& name,
           const std::string& description,
           const std::vector<FigureRow>& table)
{
    Choice choice{category, name, description, {}};
    for (const FigureRow& row : table)
    {
        choice.parameters.push_back(MakeParameter({row.name, MakeFigure(row)}, row.help));
    }
    return choice;
}

FigureSet
MakeSet(const std::string& name, const std::vector<FigureRow>& table)
{
    FigureSet set{name, {}};
    for (const FigureRow& row : table)
    {
        set.figures.push_back({row.name, MakeFigure(row)});
    }
    return set;
}

} // namespace

Figure
MakeFigure(const FigureRow& row)
{
    return {row.value, row.unit, row.low, row.high, row.source, row.grade};
}

Parameter
MakeParameter(const NamedFigure& named, const std::string& help)
{
    const Figure& figure = named.figure;
    const InputUnit unit = FindInputUnit(figure.unit);
    const std::string source = std::string(GradeName(figure.grade)) + ": " + figure.source;
    std::string text = help;
    if (figure.unit != "1" && figure.unit != unit.suffix)
    {
        text += ", in " + figure.unit;
    }
    if (!figure.known())
    {
        return {named.name, Quantity::Text, "unknown", text, source};
    }
    if (figure.low == figure.low || figure.high == figure.high)
    {
        text += "; sources span " + FigureNumber(figure.lowOrValue()) + " to " +
                FigureNumber(figure.highOrValue());
    }
    return {named.name, unit.quantity, FigureNumber(figure.value) + unit.suffix, text, source};
}

void
OverrideFigure(NamedFigure& named, const std::string& text)
{
    if (text == "unknown")
    {
        return;
    }
    const InputUnit unit = FindInputUnit(named.figure.unit);
    double value = 0;
    try
    {
        value = ParseQuantity(text, unit.quantity) * unit.perSi;
    }
    catch (const InputError& error)
    {
        throw InputError("'" + named.name + "': " + error.what());
    }
    if (!(value >= 0))
    {
        throw InputError("'" + named.name + "' = " + text + ": must not be negative");
    }
    named.figure = {value, named.figure.unit, kUnknown, kUnknown, "scenario", Grade::Scenario};
}

const Figure&
FigureSet::Get(std::string_view figure) const
{
    for (const NamedFigure& named : figures)
    {
        if (named.name == figure)
        {
            return named.figure;
        }
    }
    HEDDLE_CHECK(false, name + " has no figure '" + std::string(figure) + "'");
    return figures.front().figure;
}

double
FigureSet::Value(std::string_view figure) const
{
    return Get(figure).value;
}

std::vector<std::string>
FigureSet::Assumed() const
{
    std::vector<std::string> names;
    for (const NamedFigure& named : figures)
    {
        if (named.figure.grade == Grade::Assumption || named.figure.grade == Grade::LowQuality)
        {
            names.push_back(name + "." + named.name);
        }
    }
    return names;
}

FigureSet
ConfigureFigureSet(std::string_view category,
                   std::string_view name,
                   const std::map<std::string, std::string>& given)
{
    const ParameterValues checked(RegistryIndex::Find(category, name), given);
    FigureSet set = *FindFactory<const FigureSet*>(category, name);
    for (NamedFigure& named : set.figures)
    {
        const auto it = given.find(named.name);
        if (it != given.end())
        {
            OverrideFigure(named, it->second);
        }
    }
    return set;
}

FigureSetRegistration::FigureSetRegistration(const std::string& category,
                                             const std::string& name,
                                             const std::string& description,
                                             const std::vector<FigureRow>& table)
    : m_set(MakeSet(name, table)),
      m_registration(MakeChoice(category, name, description, table), &m_set)
{
}

} // namespace heddle
