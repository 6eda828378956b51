// SPDX-License-Identifier: BSD-3-Clause
//
// From a technology's table to a registered technology: the names that a table may use, the common
// rules for what it leaves out, and the parameters that a scenario may replace.
#include "ns3/base-errors.h"
#include "ns3/optics-technology.h"

#include <algorithm>

namespace heddle
{

namespace
{

constexpr double kU = kUnknown;

/// What holds for every technology whose table says nothing else.
const std::vector<FigureRow>&
CommonRules()
{
    static const std::vector<FigureRow> kRows{
        {"idle_share",
         1,
         "1",
         kU,
         1,
         Grade::Assumption,
         "no idle power published; links send idle symbols, so as active"},
        {"down_share",
         0.1,
         "1",
         0,
         1,
         Grade::Assumption,
         "no figure; modules in low-power mode draw 1 to 2 W of 8 to 30"},
        {"laser_share", 0, "1", 0, 0, Grade::Derived, "by construction: no laser"},
        {"host_serdes_energy",
         6.5,
         "pJ/bit",
         5.6,
         7.5,
         Grade::Secondary,
         "112G long-reach SerDes, optics research notes of Sept 2026; inside ASIC and NIC power"},
        {"host_fec_latency",
         150,
         "ns",
         100,
         198,
         Grade::Primary,
         "Credo, IEEE 802.3cd ad hoc sun_030216: KP4 100-150 ns at 400/800G, 198 ns at 50GE"},
        {"host_fec_latency_200g_lanes",
         230,
         "ns",
         206,
         338,
         Grade::Primary,
         "IEEE 802.3dj patra_3dj_01b_2303: about 230 ns end to end with the inner code (56-140 ns "
         "of it)"},
        {"propagation",
         4.96,
         "ns/m",
         4.5,
         5,
         Grade::Secondary,
         "group index of fibre, latency compilation"},
        {"pre_fec_ber",
         2.4e-4,
         "1",
         2.2e-4,
         2.4e-4,
         Grade::Secondary,
         "KP4 limit of IEEE 802.3bs, by clause, FEC notes"},
        {"ber_median",
         2.4e-6,
         "1",
         kU,
         kU,
         Grade::Assumption,
         "no field distribution published; two decades below the limit"},
        {"ber_spread", 0.5, "1", kU, kU, Grade::Assumption, "no field distribution published"},
        {"ber_per_kelvin", 0.01, "1", kU, kU, Grade::Assumption, "no figure published"},
        {"ber_per_year", 0.05, "1", kU, kU, Grade::Assumption, "no figure published"},
        {"lanes_per_laser", kU, "1", kU, kU, Grade::NotFound, "inside the module or not published"},
        {"lasers_per_source",
         kU,
         "1",
         kU,
         kU,
         Grade::NotFound,
         "no external source, or not "
         "published"},
        {"lanes_per_source", kU, "1", kU, kU, Grade::NotFound, "no external source"},
        {"lanes_per_engine", kU, "1", kU, kU, Grade::NotFound, "no shared engine"},
        {"engines_per_switch", kU, "1", kU, kU, Grade::NotFound, "no shared engine"},
        {"sources_per_switch", kU, "1", kU, kU, Grade::NotFound, "no external source"},
        {"spare_engines_per_switch", 0, "1", kU, kU, Grade::Assumption, "none published"},
    };
    return kRows;
}

/// What holds for every part whose table says nothing else.
std::vector<FigureRow>
PartRules()
{
    return {{"fit", kU, "FIT", kU, kU, Grade::NotFound, "no failure rate found"},
            {"shape", 1, "1", kU, kU, Grade::Assumption, "constant hazard; no ageing data found"},
            {"repair",
             24,
             "h",
             1,
             72,
             Grade::Assumption,
             "days to replace an optical link (arXiv:2305.13792); 24 h is a placeholder"},
            {"price",
             kU,
             "USD",
             kU,
             kU,
             Grade::NotFound,
             "not published apart; where a repair swaps a whole end or cable, its cost is taken"}};
}

bool
Has(const LinkTechnology& technology, const std::string& name)
{
    return std::any_of(technology.figures.begin(),
                       technology.figures.end(),
                       [&](const NamedFigure& f) { return f.name == name; });
}

void
AddMissing(LinkTechnology& technology, const std::string& prefix, const FigureRow& row)
{
    const std::string name = prefix + row.name;
    if (!Has(technology, name))
    {
        technology.figures.push_back({name, MakeFigure(row)});
    }
}

/// The rate of "power_800g_4x200g", or the whole name.
std::string
Stem(const std::string& name)
{
    for (const char* stem : {"power", "cost"})
    {
        if (name.rfind(std::string(stem) + "_", 0) == 0)
        {
            return stem;
        }
    }
    return name;
}

const FigureKind*
KindOf(const std::string& name)
{
    for (const FigureKind& kind : FigureKinds())
    {
        if (Stem(name) == kind.name)
        {
            return &kind;
        }
    }
    return nullptr;
}

Choice
MakeChoice(const LinkTechnology& technology)
{
    Choice choice{"link-technology", technology.name, technology.description, {}};
    for (const NamedFigure& named : technology.figures)
    {
        const FigureKind* kind = KindOf(named.name);
        choice.parameters.push_back(
            MakeParameter(named, kind != nullptr ? kind->help : "of this part"));
    }
    if (technology.laneRate.bps() == 0)
    {
        choice.parameters.push_back({"lane_rate",
                                     Quantity::Rate,
                                     "0",
                                     "of one lane; 0: 100 Gb/s for ports up to 800 Gb/s, else 200",
                                     ""});
    }
    return choice;
}

/// The unit that a figure of this name must have; empty when no such name exists.
std::string
UnitOf(const LinkTechnology& technology, const std::string& name)
{
    if (const FigureKind* kind = KindOf(name))
    {
        return kind->unit;
    }
    for (const PartKind& part : technology.parts)
    {
        for (const FigureRow& row : PartRules())
        {
            if (name == std::string(part.name) + "_" + row.name)
            {
                return row.unit;
            }
        }
    }
    return "";
}

LinkTechnology
Complete(LinkTechnology technology, const std::vector<FigureRow>& table)
{
    for (const FigureRow& row : table)
    {
        HEDDLE_CHECK(!Has(technology, row.name), technology.name + ": " + row.name + " twice");
        technology.figures.push_back({row.name, MakeFigure(row)});
    }
    for (const FigureRow& row : CommonRules())
    {
        AddMissing(technology, "", row);
    }
    // Copies, not references: pushing back moves the figures.
    const Figure reach = technology.Get("reach");
    if (!Has(technology, "reach_200g_lanes"))
    {
        technology.figures.push_back(
            {"reach_200g_lanes", ScaledFigure(reach, 1, "as on 100G lanes")});
    }
    for (const PartKind& part : technology.parts)
    {
        for (const FigureRow& row : PartRules())
        {
            AddMissing(technology, std::string(part.name) + "_", row);
        }
    }
    for (const NamedFigure& named : technology.figures)
    {
        const std::string where = technology.name + "." + named.name;
        HEDDLE_CHECK(UnitOf(technology, named.name) == named.figure.unit, where + ": name or unit");
        HEDDLE_CHECK(!named.figure.source.empty(), where + " has no source");
        HEDDLE_CHECK(named.figure.known() == (named.figure.grade != Grade::NotFound),
                     where + " has a grade that does not fit");
    }
    return technology;
}

/// Keeps mtbf = 1e9 / sum of FIT, whichever of the two was given.
void
Reconcile(LinkTechnology& technology, double oldMtbf)
{
    const auto find = [&](const std::string& name) -> Figure&
    {
        return std::find_if(technology.figures.begin(),
                            technology.figures.end(),
                            [&](const NamedFigure& f) { return f.name == name; })
            ->figure;
    };
    Figure& mtbf = find("mtbf");
    double sum = 0;
    bool given = false;
    for (const PartKind& part : technology.parts)
    {
        const Figure& fit = find(std::string(part.name) + "_fit");
        given = given || fit.grade == Grade::Scenario;
        sum += fit.known() ? fit.value : 0;
    }
    const bool mtbfGiven = mtbf.grade == Grade::Scenario;
    if (given && mtbfGiven)
    {
        throw InputError("'mtbf' follows from the parts' FIT: give one of the two.");
    }
    if (given)
    {
        mtbf = {sum > 0 ? 1e9 / sum : 1e30, "h", kU, kU, "from the parts' FIT", Grade::Scenario};
    }
    else if (mtbfGiven && oldMtbf == oldMtbf)
    {
        for (const PartKind& part : technology.parts)
        {
            Figure& fit = find(std::string(part.name) + "_fit");
            fit = ScaledFigure(fit, oldMtbf / mtbf.value, "with the scenario's mtbf");
        }
    }
}

} // namespace

const std::vector<FigureKind>&
FigureKinds()
{
    static const std::vector<FigureKind> kKinds{
        {"power", "W", "per end and port, laser included, host SerDes excluded"},
        {"cost", "USD", "per end and port"},
        {"idle_share", "1", "of the power when the link is up without traffic"},
        {"down_share", "1", "of the power when the link is down"},
        {"laser_share", "1", "of the power in lasers"},
        {"host_serdes_energy", "pJ/bit", "per end, not in the power figures"},
        {"added_latency", "ns", "DSPs or retimers of both ends, one way"},
        {"host_fec_latency", "ns", "host FEC, one way, 100G lanes"},
        {"host_fec_latency_200g_lanes", "ns", "host FEC with inner code, one way, 200G lanes"},
        {"propagation", "ns/m", "of the medium"},
        {"reach", "m", "longest link, 100G lanes"},
        {"reach_200g_lanes", "m", "longest link, 200G lanes"},
        {"mtbf", "h", "per failure unit (cable, or end)"},
        {"pre_fec_ber", "1", "highest bit-error ratio before FEC that the link class allows"},
        {"ber_median", "1", "median bit-error ratio before FEC over links, new, at 40 C"},
        {"ber_spread", "1", "standard deviation over links, decades"},
        {"ber_per_kelvin", "1", "drift in decades per kelvin above 40 C"},
        {"ber_per_year", "1", "drift in decades per year of age"},
        {"lanes_per_laser", "1", "lanes that one laser feeds"},
        {"lasers_per_source", "1", "lasers in one external source"},
        {"lanes_per_source", "1", "lanes that one external source feeds"},
        {"lanes_per_engine", "1", "lanes of one optical engine"},
        {"engines_per_switch", "1", "optical engines that a switch needs"},
        {"sources_per_switch", "1", "external laser sources of a switch"},
        {"spare_engines_per_switch", "1", "engines beyond what a switch needs"},
    };
    return kKinds;
}

LinkTechnology
ConfigureLinkTechnology(std::string_view name, const std::map<std::string, std::string>& given)
{
    const Choice& choice = RegistryIndex::Find("link-technology", name);
    const ParameterValues checked(choice, given); // unknown names and bad units throw here
    LinkTechnology technology = FindLinkTechnology(name);
    const double oldMtbf = technology.Get("mtbf").value;
    for (NamedFigure& named : technology.figures)
    {
        const auto it = given.find(named.name);
        if (it != given.end())
        {
            OverrideFigure(named, it->second);
        }
    }
    if (given.count("lane_rate") > 0)
    {
        technology.laneRate = checked.Rate("lane_rate");
    }
    if (technology.Get("mtbf").value == 0)
    {
        throw InputError("'mtbf' must be positive");
    }
    Reconcile(technology, oldMtbf);
    return technology;
}

TechnologyRegistration::TechnologyRegistration(LinkTechnology identity,
                                               const std::vector<FigureRow>& table)
    : m_technology(Complete(std::move(identity), table)),
      m_registration(MakeChoice(m_technology), &m_technology)
{
}

} // namespace heddle
