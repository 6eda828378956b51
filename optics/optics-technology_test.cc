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

const std::vector<std::string>
    kShipped{"dac", "aec", "aoc", "dsp-pluggable", "lro", "lpo", "npo", "cpo"};

/// A ninth technology takes one registration and nothing else.
LinkTechnology
MakeFreeSpace()
{
    LinkTechnology t = FindLinkTechnology("dac");
    t.name = "test-free-space";
    t.reach.value = 3000;
    t.reach.high = 3000;
    return t;
}

std::string
ErrorOf(const LinkTechnology& technology, double metres)
{
    try
    {
        CheckReach(technology, metres);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "";
}

TEST(LinkTechnology, EveryFigureHasUnitSourceAndGrade)
{
    const std::set<std::string> units{"W", "USD", "ps", "ps/m", "m", "h", "pJ/bit", "1"};
    for (const std::string& name : kShipped)
    {
        const LinkTechnology& technology = FindLinkTechnology(name);
        EXPECT_FALSE(technology.description.empty()) << name;
        EXPECT_FALSE(technology.replaceableUnit.empty()) << name;
        ASSERT_GE(technology.options.size(), 2U) << name;
        EXPECT_EQ(technology.At(k400G).rate.bps(), k400G.bps()) << name;
        EXPECT_TRUE(technology.At(k800G).activePower.known()) << name;
        for (const auto& [label, figure] : Figures(technology))
        {
            const std::string where = name + "." + label;
            EXPECT_EQ(units.count(figure->unit), 1U) << where << " has unit " << figure->unit;
            EXPECT_GT(figure->source.size(), 10U) << where << ": " << figure->source;
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
                                {"cpo", 5.4, 10, 500, 2.6e6}};
    for (const Row& row : rows)
    {
        const LinkTechnology& technology = FindLinkTechnology(row.name);
        EXPECT_DOUBLE_EQ(technology.At(k800G).activePower.value, row.watts) << row.name;
        EXPECT_DOUBLE_EQ(technology.addedLatency.value, row.addedNanoseconds * 1000) << row.name;
        EXPECT_DOUBLE_EQ(technology.reach.value, row.metres) << row.name;
        EXPECT_EQ(technology.mtbf.known(), !std::isnan(row.mtbfHours)) << row.name;
        if (technology.mtbf.known())
        {
            EXPECT_DOUBLE_EQ(technology.mtbf.value, row.mtbfHours) << row.name;
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
    EXPECT_EQ(FindLinkTechnology("dsp-pluggable").OneWayLatency(100), 846 * kNanosecond);
    // 0 + 150 ns + 2 m × 4.6 ns.
    EXPECT_EQ(FindLinkTechnology("dac").OneWayLatency(2), 159'200);
}

TEST(LinkTechnology, RegistryListsThemWithParameters)
{
    const auto names = RegistryIndex::Names("link-technology");
    for (const std::string& name : kShipped)
    {
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
    }
    const Choice& choice = RegistryIndex::Find("link-technology", "cpo");
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
    EXPECT_NEAR(npo.mtbf.value, 1e6, 1e-3);
    EXPECT_DOUBLE_EQ(npo.reach.value, 2000);
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

    const std::string at1500 = ErrorOf(FindLinkTechnology("cpo"), 1500);
    EXPECT_NE(at1500.find("variants of 'cpo' reach 2000 m"), std::string::npos) << at1500;
    EXPECT_NE(ErrorOf(FindLinkTechnology("cpo"), -1), "");
    EXPECT_NE(ErrorOf(FindLinkTechnology("cpo"), NAN), "");
}

TEST(LinkTechnology, NewTechnologyIsOneRegistration)
{
    EXPECT_NE(ErrorOf(FindLinkTechnology("cpo"), 2500).find("No registered technology"),
              std::string::npos);
    static const TechnologyRegistration kFreeSpace{MakeFreeSpace()};
    EXPECT_DOUBLE_EQ(FindLinkTechnology("test-free-space").reach.value, 3000);
    const std::string error = ErrorOf(FindLinkTechnology("cpo"), 2500);
    EXPECT_NE(error.find("'test-free-space' (3000 m)"), std::string::npos) << error;
}

} // namespace
} // namespace heddle
