// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-technology.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace heddle
{

namespace
{

constexpr const char* kCategory = "link-technology";

std::string
Number(double value)
{
    char text[32];
    std::snprintf(text, sizeof(text), "%.6g", value);
    return text;
}

std::string
RateSuffix(BitRate rate)
{
    return Number(static_cast<double>(rate.bps()) / 1e9) + "g";
}

/// Figures() for a constant technology and for one that is being configured.
template <class T, class F>
std::vector<std::pair<std::string, F*>>
Collect(T& technology)
{
    std::vector<std::pair<std::string, F*>> figures;
    for (auto& option : technology.options)
    {
        const std::string suffix = RateSuffix(option.rate);
        figures.emplace_back("power_" + suffix, &option.activePower);
        figures.emplace_back("idle_power_" + suffix, &option.idlePower);
        figures.emplace_back("external_laser_power_" + suffix, &option.externalLaserPower);
        figures.emplace_back("cost_" + suffix, &option.cost);
    }
    figures.emplace_back("added_latency", &technology.addedLatency);
    figures.emplace_back("host_fec_latency", &technology.hostFecLatency);
    figures.emplace_back("propagation", &technology.propagation);
    figures.emplace_back("reach", &technology.reach);
    figures.emplace_back("mtbf", &technology.mtbf);
    figures.emplace_back("pre_fec_ber", &technology.preFecBer);
    figures.emplace_back("host_serdes_energy", &technology.hostSerdesEnergy);
    return figures;
}

/// How a figure's unit is written in a scenario, and its size in the figure's own unit.
struct InputUnit
{
    Quantity quantity;
    const char* suffix;
    double perSi; ///< figure unit per SI unit
};

/// Null for units that scenarios cannot set as one quantity (ps/m, pJ/bit).
const InputUnit*
FindInputUnit(const std::string& unit)
{
    static const std::map<std::string, InputUnit> kUnits{{"W", {Quantity::Power, "W", 1}},
                                                         {"USD", {Quantity::Money, "USD", 1}},
                                                         {"ps", {Quantity::Time, "ps", 1e12}},
                                                         {"m", {Quantity::Length, "m", 1}},
                                                         {"h", {Quantity::Time, "h", 1.0 / 3600}},
                                                         {"1", {Quantity::Ratio, "", 1}}};
    auto it = kUnits.find(unit);
    return it == kUnits.end() ? nullptr : &it->second;
}

Parameter
MakeParameter(const std::string& name, const Figure& figure)
{
    const InputUnit* unit = FindInputUnit(figure.unit);
    const std::string source = std::string(GradeName(figure.grade)) + ": " + figure.source;
    if (!figure.known())
    {
        return {name, Quantity::Text, "unknown", "a quantity in " + figure.unit, source};
    }
    std::string help = "no range known";
    if (figure.low == figure.low || figure.high == figure.high)
    {
        help = "sources span " + Number(figure.lowOrValue()) + " to " +
               Number(figure.highOrValue()) + " " + figure.unit;
    }
    return {name, unit->quantity, Number(figure.value) + unit->suffix, help, source};
}

Choice
MakeChoice(const LinkTechnology& technology)
{
    Choice choice{kCategory, technology.name, technology.description, {}};
    for (const auto& [name, figure] : Figures(technology))
    {
        if (FindInputUnit(figure->unit) != nullptr)
        {
            choice.parameters.push_back(MakeParameter(name, *figure));
        }
    }
    return choice;
}

void
Override(Figure& figure, const std::string& name, const std::string& text)
{
    const InputUnit* unit = FindInputUnit(figure.unit);
    const double value = ParseQuantity(text, unit->quantity) * unit->perSi;
    if (!(value >= 0) || (figure.unit == "h" && value == 0))
    {
        throw InputError("'" + name + "' = " + text + ": must " +
                         (figure.unit == "h" ? "be positive" : "not be negative"));
    }
    figure.value = value;
    figure.low = kUnknown;
    figure.high = kUnknown;
    figure.grade = Grade::Scenario;
    figure.source = "scenario";
}

void
CheckComplete(const LinkTechnology& technology)
{
    HEDDLE_CHECK(!technology.options.empty(), technology.name + " has no rates");
    for (const auto& [name, figure] : Figures(technology))
    {
        HEDDLE_CHECK(!figure->source.empty(), technology.name + "." + name + " has no source");
        HEDDLE_CHECK(figure->known() == (figure->grade != Grade::NotFound),
                     technology.name + "." + name + " has a grade that does not fit");
    }
}

} // namespace

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
            reason + " (x " + Number(factor) + "), from: " + figure.source,
            Grade::Assumption};
}

Figure
IdleAsActive(const Figure& active)
{
    Figure idle = active;
    idle.source = "no idle figure published; links send idle symbols, so as active";
    idle.grade = active.known() ? Grade::Assumption : Grade::NotFound;
    return idle;
}

Figure
NoExternalLaser()
{
    return {0, "W", 0, 0, "by construction: no external laser source", Grade::Derived};
}

Figure
HostLongReachSerdes()
{
    return {6.5,
            "pJ/bit",
            5.6,
            7.5,
            "112G long-reach SerDes, optics research notes of Sept 2026; inside ASIC and NIC power",
            Grade::Secondary};
}

Figure
Kp4Latency()
{
    return {150e3,
            "ps",
            100e3,
            198e3,
            "Credo, IEEE 802.3cd ad hoc sun_030216: KP4 100-150 ns at 400/800G, 198 ns at 50GE; "
            "about 230 ns end to end at 200G/lane with the inner code",
            Grade::Primary};
}

Figure
FibrePropagation()
{
    return {4960,
            "ps/m",
            4500,
            5000,
            "group index of fibre, latency compilation",
            Grade::Secondary};
}

Figure
TwinaxPropagation()
{
    return {4600, "ps/m", 4500, 4600, "NVIDIA MCP4Y10 800G DAC specifications", Grade::Primary};
}

Figure
Kp4PreFecBer()
{
    return {2.4e-4,
            "1",
            2.2e-4,
            2.4e-4,
            "KP4 limit of IEEE 802.3bs, by clause, FEC notes",
            Grade::Secondary};
}

RateOption
LinkTechnology::At(BitRate rate) const
{
    if (rate.bps() == 0)
    {
        throw InputError("link technology '" + name + "': the port rate must be positive");
    }
    const double wanted = std::log(static_cast<double>(rate.bps()));
    const auto distance = [wanted](const RateOption& option)
    { return std::abs(std::log(static_cast<double>(option.rate.bps())) - wanted); };
    const RateOption* nearest = &options.front();
    for (const RateOption& option : options)
    {
        nearest = distance(option) < distance(*nearest) ? &option : nearest;
    }
    if (nearest->rate == rate)
    {
        return *nearest;
    }
    const double factor =
        static_cast<double>(rate.bps()) / static_cast<double>(nearest->rate.bps());
    const std::string reason = "scaled linearly from " + FormatRate(nearest->rate);
    return {rate,
            ScaledFigure(nearest->activePower, factor, reason),
            ScaledFigure(nearest->idlePower, factor, reason),
            ScaledFigure(nearest->externalLaserPower, factor, reason),
            ScaledFigure(nearest->cost, factor, reason)};
}

Tick
LinkTechnology::OneWayLatency(double metres) const
{
    HEDDLE_CHECK(metres >= 0, "negative length");
    return static_cast<Tick>(std::llround(addedLatency.value + hostFecLatency.value)) +
           static_cast<Tick>(std::llround(propagation.value * metres));
}

std::vector<std::pair<std::string, const Figure*>>
Figures(const LinkTechnology& technology)
{
    return Collect<const LinkTechnology, const Figure>(technology);
}

std::string
DescribeLinkTechnology(const LinkTechnology& technology)
{
    std::string text = technology.name + ": " + technology.description +
                       "\n  replaceable unit: " + technology.replaceableUnit + "\n";
    for (const auto& [name, figure] : Figures(technology))
    {
        const std::string value = figure->known() ? Number(figure->value) : "unknown";
        text += "  " + name + " = " + value + " " + figure->unit;
        if (figure->low == figure->low || figure->high == figure->high)
        {
            text +=
                " [" + Number(figure->lowOrValue()) + ", " + Number(figure->highOrValue()) + "]";
        }
        text += std::string("  ") + GradeName(figure->grade) + ": " + figure->source + "\n";
    }
    return text;
}

const LinkTechnology&
FindLinkTechnology(std::string_view name)
{
    return *FindFactory<const LinkTechnology*>(kCategory, name);
}

std::vector<const LinkTechnology*>
AllLinkTechnologies()
{
    std::vector<const LinkTechnology*> all;
    for (const std::string& name : RegistryIndex::Names(kCategory))
    {
        all.push_back(&FindLinkTechnology(name));
    }
    return all;
}

LinkTechnology
ConfigureLinkTechnology(std::string_view name, const std::map<std::string, std::string>& given)
{
    const Choice& choice = RegistryIndex::Find(kCategory, name);
    const ParameterValues checked(choice, given); // unknown names and bad units throw here
    LinkTechnology technology = FindLinkTechnology(name);
    for (const auto& [figureName, figure] : Collect<LinkTechnology, Figure>(technology))
    {
        const auto it = given.find(figureName);
        if (it != given.end() && it->second != "unknown")
        {
            Override(*figure, figureName, it->second);
        }
    }
    return technology;
}

void
CheckReach(const LinkTechnology& technology, double metres)
{
    if (!(metres >= 0))
    {
        throw InputError("link length must not be negative");
    }
    if (metres <= technology.reach.value)
    {
        return;
    }
    std::vector<const LinkTechnology*> others;
    for (const LinkTechnology* other : AllLinkTechnologies())
    {
        if (other->reach.value >= metres)
        {
            others.push_back(other);
        }
    }
    std::stable_sort(others.begin(),
                     others.end(),
                     [](const auto* a, const auto* b) { return a->reach.value < b->reach.value; });
    std::string text = "a " + Number(metres) + " m link is beyond the reach of '" +
                       technology.name + "' (" + Number(technology.reach.value) + " m).";
    for (size_t i = 0; i < others.size() && i < 3; ++i)
    {
        text += (i == 0 ? " These reach: '" : ", '") + others[i]->name + "' (" +
                Number(others[i]->reach.value) + " m)";
    }
    if (others.empty())
    {
        text += " No registered technology reaches that far at its default";
    }
    if (technology.reach.highOrValue() >= metres)
    {
        text += "; variants of '" + technology.name + "' reach " + Number(technology.reach.high) +
                " m: set its reach";
    }
    throw InputError(text + ".");
}

TechnologyRegistration::TechnologyRegistration(LinkTechnology technology)
    : m_technology(std::move(technology)), m_registration(MakeChoice(m_technology), &m_technology)
{
    CheckComplete(m_technology);
}

} // namespace heddle
