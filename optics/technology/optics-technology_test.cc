// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-technology.h"

#include "ns3/base-errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace heddle
{
namespace
{

constexpr BitRate k400G(400'000'000'000);
constexpr BitRate k800G(800'000'000'000);
constexpr BitRate k1600G(1'600'000'000'000);

const std::vector<std::string> kShipped{"dac",
                                        "acc",
                                        "aec",
                                        "aoc",
                                        "dsp-pluggable",
                                        "lro",
                                        "lpo",
                                        "npo",
                                        "cpo-bailly",
                                        "cpo-davisson",
                                        "cpo-quantum-x",
                                        "cpo-spectrum-x"};

std::string
ErrorOf(const LinkTechnology& technology, double metres)
{
    try
    {
        CheckReach(technology, metres, k800G);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "";
}

TEST(LinkTechnology, EveryFigureHasUnitSourceAndGrade)
{
    const std::set<std::string> units{"W", "USD", "ns", "ns/m", "m", "h", "FIT", "pJ/bit", "1"};
    for (const std::string& name : kShipped)
    {
        const LinkTechnology& technology = FindLinkTechnology(name);
        EXPECT_FALSE(technology.description.empty()) << name;
        EXPECT_FALSE(technology.replaceableUnit.empty()) << name;
        EXPECT_EQ(technology.At(k400G).rate.bps(), k400G.bps()) << name;
        EXPECT_TRUE(technology.At(k800G).activePower.known()) << name;
        for (const NamedFigure& named : technology.figures)
        {
            const Figure* figure = &named.figure;
            const std::string where = name + "." + named.name;
            EXPECT_EQ(units.count(figure->unit), 1U) << where << " has unit " << figure->unit;
            EXPECT_GT(figure->source.size(), 6U) << where << ": " << figure->source;
            EXPECT_NE(figure->grade, Grade::Scenario) << where;
            EXPECT_EQ(figure->known(), figure->grade != Grade::NotFound) << where;
            if (figure->known())
            {
                EXPECT_GE(figure->value, 0) << where;
                EXPECT_LE(figure->lowOrValue(), figure->value) << where;
                EXPECT_GE(figure->highOrValue(), figure->value) << where;
            }
        }
    }
}

TEST(LinkTechnology, SuggestedDefaultsAt800G)
{
    struct Row
    {
        const char* name;
        double watts;
        double addedNanoseconds;
        double metres;
        double mtbfHours; ///< NaN: not found
    };
    // The suggested defaults for one 800G end, from the table of sourced figures.
    const std::vector<Row> rows{{"dac", 0.1, 0, 2, 1e8},
                                {"aec", 5, 100, 5, 1e7},
                                {"aoc", 14, 200, 100, 5.5e5},
                                {"dsp-pluggable", 15, 200, 500, 5.5e5},
                                {"lro", 10.5, 100, 500, 5.5e5},
                                {"lpo", 8.5, 10, 500, 5.5e5},
                                {"npo", 6.5, 10, 500, kUnknown},
                                {"cpo-bailly", 5.4, 10, 2000, 2.6e6},
                                {"cpo-davisson", 3.5, 10, 500, 2.6e6},
                                {"cpo-quantum-x", 4.5, 10, 500, 2.6e6}};
    for (const Row& row : rows)
    {
        const LinkTechnology& technology = FindLinkTechnology(row.name);
        EXPECT_DOUBLE_EQ(technology.At(k800G).activePower.value, row.watts) << row.name;
        EXPECT_DOUBLE_EQ(technology.Get("added_latency").value, row.addedNanoseconds) << row.name;
        EXPECT_DOUBLE_EQ(technology.Get("reach").value, row.metres) << row.name;
        EXPECT_EQ(technology.Get("mtbf").known(), !std::isnan(row.mtbfHours)) << row.name;
        if (technology.Get("mtbf").known())
        {
            EXPECT_DOUBLE_EQ(technology.Get("mtbf").value, row.mtbfHours) << row.name;
        }
    }
}

TEST(LinkTechnology, ScaledFiguresSaySo)
{
    const LinkTechnology& aec = FindLinkTechnology("aec");
    const RateOption at200 = aec.At(BitRate(200'000'000'000)); // nearest listed rate is 400G
    EXPECT_DOUBLE_EQ(at200.activePower.value, 1.25);
    EXPECT_DOUBLE_EQ(at200.cost.value, 42.5);
    EXPECT_EQ(at200.activePower.grade, Grade::Assumption);
    EXPECT_NE(at200.activePower.source.find("scaled linearly from 400 Gb/s"), std::string::npos)
        << at200.activePower.source;
    // Listed rates stay as quoted: 8 W is no half of 15 W.
    const LinkTechnology& dsp = FindLinkTechnology("dsp-pluggable");
    EXPECT_DOUBLE_EQ(dsp.At(k400G).activePower.value, 8);
    EXPECT_EQ(dsp.At(k400G).activePower.grade, Grade::Primary);
    // Unknown stays unknown.
    EXPECT_FALSE(FindLinkTechnology("lro").At(k1600G).cost.known());
    EXPECT_THROW(aec.At(BitRate(0)), InputError);
}

TEST(LinkTechnology, OneWayLatencyAddsItsParts)
{
    // 200 ns of DSPs + 150 ns KP4 + 100 m × 4.96 ns.
    EXPECT_EQ(FindLinkTechnology("dsp-pluggable").OneWayLatency(100, k800G), 846 * kNanosecond);
    // 0 + 150 ns + 2 m × 4.6 ns.
    EXPECT_EQ(FindLinkTechnology("dac").OneWayLatency(2, k800G), 159'200);
}

TEST(LinkTechnology, LanesByRate)
{
    const LinkTechnology& dsp = FindLinkTechnology("dsp-pluggable");
    EXPECT_EQ(dsp.Lanes(k400G), 4U);
    EXPECT_EQ(dsp.Lanes(k800G), 8U);
    EXPECT_EQ(dsp.Lanes(k1600G), 8U); // 200 Gb/s each
    EXPECT_EQ(FindLinkTechnology("cpo-quantum-x").Lanes(k800G), 4U);
    const LinkTechnology fast =
        ConfigureLinkTechnology("dsp-pluggable", {{"lane_rate", "200Gbps"}});
    EXPECT_EQ(fast.Lanes(k800G), 4U);
    EXPECT_EQ(fast.At(k800G).cost.value, 500);
    EXPECT_EQ(fast.At(k800G).activePower.grade, Grade::Derived);
    // The inner code of 200 Gb/s lanes costs 80 ns more.
    EXPECT_EQ(fast.OneWayLatency(1, k800G) - dsp.OneWayLatency(1, k800G), 80 * kNanosecond);
    EXPECT_EQ(ConfigureLinkTechnology("dac", {{"lane_rate", "200Gbps"}}).Reach(k800G).grade,
              Grade::Estimate);
}

// What one failure takes down, from the structure: the table of sourced figures.
TEST(LinkTechnology, BlastRadius)
{
    const LinkTechnology& quantum = FindLinkTechnology("cpo-quantum-x");
    EXPECT_EQ(quantum.PortsOf(Scope::Laser, k800G), 1U);
    EXPECT_EQ(quantum.PortsOf(Scope::Source, k800G), 8U);
    EXPECT_EQ(quantum.PortsOf(Scope::Engine, k800G), 2U);
    EXPECT_EQ(quantum.PortsOf(Scope::Switch, k800G), 144U);
    const LinkTechnology& spectrum = FindLinkTechnology("cpo-spectrum-x");
    EXPECT_EQ(spectrum.PortsOf(Scope::Source, k800G), 8U);
    EXPECT_EQ(spectrum.PortsOf(Scope::Engine, k800G), 4U);
    EXPECT_EQ(spectrum.PortsOf(Scope::Switch, k800G), 128U);
    const LinkTechnology& bailly = FindLinkTechnology("cpo-bailly");
    EXPECT_EQ(bailly.PortsOf(Scope::Source, k400G), 8U);
    EXPECT_EQ(bailly.PortsOf(Scope::Source, k800G), 4U);
    EXPECT_EQ(bailly.PortsOf(Scope::Engine, k800G), 8U);
    EXPECT_EQ(bailly.PortsOf(Scope::Switch, k400G), 128U);
    EXPECT_EQ(FindLinkTechnology("cpo-davisson").PortsOf(Scope::Engine, k800G), 8U);
    EXPECT_EQ(FindLinkTechnology("dsp-pluggable").PortsOf(Scope::Port, k800G), 1U);
    for (const char* name : {"cpo-bailly", "cpo-davisson", "cpo-quantum-x", "cpo-spectrum-x"})
    {
        const LinkTechnology& t = FindLinkTechnology(name);
        EXPECT_EQ(t.Get("engines_per_switch").value * t.Get("lanes_per_engine").value,
                  t.Get("sources_per_switch").value * t.Get("lanes_per_source").value)
            << name;
    }
}

TEST(LinkTechnology, PartRatesAddUpToTheMtbf)
{
    const auto sum = [](const LinkTechnology& t)
    {
        double fit = 0;
        for (const PartKind& part : t.parts)
        {
            const Figure& figure = t.Get(std::string(part.name) + "_fit");
            fit += figure.known() ? figure.value : 0;
        }
        return fit;
    };
    for (const std::string& name : kShipped)
    {
        const LinkTechnology& t = FindLinkTechnology(name);
        if (t.Get("mtbf").known())
        {
            EXPECT_NEAR(sum(t) * t.Get("mtbf").value / 1e9, 1, 1e-5) << name << " " << sum(t);
        }
    }
    const LinkTechnology better = ConfigureLinkTechnology("cpo-quantum-x", {{"mtbf", "5200000h"}});
    EXPECT_NEAR(better.Get("laser_fit").value, 10, 1e-9);
    EXPECT_NEAR(sum(better), 1e9 / 5.2e6, 1e-3);
    const LinkTechnology worse = ConfigureLinkTechnology("cpo-bailly", {{"engine_fit", "690.385"}});
    EXPECT_NEAR(worse.Get("mtbf").value, 1e6, 1);
    EXPECT_THROW(ConfigureLinkTechnology("cpo-bailly", {{"engine_fit", "1"}, {"mtbf", "9h"}}),
                 InputError);
}

TEST(LinkTechnology, RegistryListsThemWithParameters)
{
    const auto names = RegistryIndex::Names("link-technology");
    for (const std::string& name : kShipped)
    {
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
    }
    const Choice& choice = RegistryIndex::Find("link-technology", "cpo-bailly");
    const auto power = std::find_if(choice.parameters.begin(),
                                    choice.parameters.end(),
                                    [](const Parameter& p) { return p.name == "power_800g"; });
    ASSERT_NE(power, choice.parameters.end());
    EXPECT_EQ(power->defaultValue, "5.4W");
    EXPECT_EQ(power->source.rfind("secondary: ", 0), 0U) << power->source;
    EXPECT_EQ(AllLinkTechnologies().size(), names.size());
    try
    {
        FindLinkTechnology("dsp-plugable");
        FAIL() << "expected an InputError";
    }
    catch (const InputError& error)
    {
        EXPECT_NE(std::string(error.what()).find("dsp-pluggable"), std::string::npos)
            << error.what();
    }
}

TEST(LinkTechnology, DescriptionShowsSourcesAndGaps)
{
    const std::string text = DescribeLinkTechnology(FindLinkTechnology("npo"));
    EXPECT_NE(text.find("power_800g = 6.5 W [5.4, 8.5]  assumption"), std::string::npos) << text;
    EXPECT_NE(text.find("mtbf = unknown h  not-found"), std::string::npos) << text;
}

TEST(LinkTechnology, ScenarioOverridesFigures)
{
    const LinkTechnology npo =
        ConfigureLinkTechnology("npo",
                                {{"power_800g", "7W"}, {"mtbf", "1000000h"}, {"reach", "2km"}});
    EXPECT_DOUBLE_EQ(npo.At(k800G).activePower.value, 7);
    EXPECT_EQ(npo.At(k800G).activePower.grade, Grade::Scenario);
    EXPECT_NEAR(npo.Get("mtbf").value, 1e6, 1e-3);
    EXPECT_DOUBLE_EQ(npo.Get("reach").value, 2000);
    // The registered technology is untouched.
    EXPECT_DOUBLE_EQ(FindLinkTechnology("npo").At(k800G).activePower.value, 6.5);
    EXPECT_THROW(ConfigureLinkTechnology("npo", {{"power_800", "7W"}}), InputError);
    EXPECT_THROW(ConfigureLinkTechnology("npo", {{"power_800g", "7"}}), InputError);
    EXPECT_THROW(ConfigureLinkTechnology("npo", {{"power_800g", "7m"}}), InputError);
    EXPECT_THROW(ConfigureLinkTechnology("npo", {{"mtbf", "0h"}}), InputError);
}

TEST(LinkTechnology, ReachNamesTheNearestThatReach)
{
    EXPECT_EQ(ErrorOf(FindLinkTechnology("dac"), 2), "");
    const std::string at3 = ErrorOf(FindLinkTechnology("dac"), 3);
    EXPECT_NE(at3.find("3 m link is beyond the reach of 'dac' (2 m)"), std::string::npos) << at3;
    const size_t aec = at3.find("'aec' (5 m)");
    const size_t aoc = at3.find("'aoc' (100 m)");
    EXPECT_TRUE(aec != std::string::npos && aoc != std::string::npos && aec < aoc) << at3;
    EXPECT_EQ(at3.find("'dac' (2 m), "), std::string::npos) << at3;

    const std::string at1500 = ErrorOf(FindLinkTechnology("cpo-davisson"), 1500);
    EXPECT_NE(at1500.find("variants of 'cpo-davisson' reach 2000 m"), std::string::npos) << at1500;
    EXPECT_NE(ErrorOf(FindLinkTechnology("cpo-davisson"), -1), "");
    EXPECT_NE(ErrorOf(FindLinkTechnology("cpo-davisson"), NAN), "");
}

TEST(LinkTechnology, NewTechnologyIsOneRegistration)
{
    EXPECT_NE(ErrorOf(FindLinkTechnology("cpo-davisson"), 2500).find("No registered technology"),
              std::string::npos);
    static const TechnologyRegistration kFreeSpace{
        {.name = "test-free-space",
         .description = "light through air",
         .replaceableUnit = "telescope"},
        {{"power_400g", 1, "W", kUnknown, kUnknown, Grade::Assumption, "a test"},
         {"cost_400g", 1, "USD", kUnknown, kUnknown, Grade::Assumption, "a test"},
         {"added_latency", 0, "ns", kUnknown, kUnknown, Grade::Assumption, "a test"},
         {"mtbf", 1, "h", kUnknown, kUnknown, Grade::Assumption, "a test"},
         {"reach", 3000, "m", kUnknown, kUnknown, Grade::Assumption, "a test"}}};
    EXPECT_DOUBLE_EQ(FindLinkTechnology("test-free-space").Get("reach").value, 3000);
    const std::string error = ErrorOf(FindLinkTechnology("cpo-davisson"), 2500);
    EXPECT_NE(error.find("'test-free-space' (3000 m)"), std::string::npos) << error;
}

} // namespace
} // namespace heddle
