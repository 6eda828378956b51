// SPDX-License-Identifier: GPL-2.0-only
//
// `heddle describe`: fields of the schema with their defaults, and where those come from.
#include "cli/listing.h"

#include "ns3/optics-figure-set.h"
#include "ns3/optics-technology.h"

#include <cstdio>
#include <gtest/gtest.h>
#include <regex>

namespace heddle
{
namespace
{

/// What describing a field prints; "" when there is none of the name.
std::string
Described(const std::string& name)
{
    ::testing::internal::CaptureStdout();
    const bool found = PrintSchemaField(name);
    const std::string text = ::testing::internal::GetCapturedStdout();
    return found ? text : "";
}

TEST(Describe, AFieldWithItsDefaultAndSource)
{
    const std::string retrain = Described("faults.flap.retrain");
    EXPECT_NE(retrain.find("retrain (time)"), std::string::npos) << retrain;
    EXPECT_NE(retrain.find("Default 1 s [assumption;"), std::string::npos) << retrain;
    const std::string flap = Described("flap");
    EXPECT_NE(flap.find("mean_duration (time)"), std::string::npos) << flap;
    EXPECT_NE(Described("cluster.nic.rate").find("Required"), std::string::npos);
    EXPECT_EQ(Described("faults.nic.rate"), "");
    EXPECT_EQ(Described("flop"), "");
    EXPECT_EQ(Described(""), "");
}

/// A default with a unit is a claim about the world: its comment grades it.
TEST(Describe, EveryPhysicalDefaultHasAGrade)
{
    const std::regex physical(
        "Default:? [1-9][0-9.]* ?(ps|ns|us|ms|s|min|h|m|B|KiB|MB|W|Gb/s|%)\\b");
    const std::regex graded("\\[(assumption|read in the source|from memory|derived|[SVAMD][,;])");
    int claims = 0;
    for (const std::string& name : AllFieldNames())
    {
        std::string text = Described(name);
        text = std::regex_replace(text, std::regex("\\n +"), " ");
        if (std::regex_search(text, physical))
        {
            ++claims;
            EXPECT_TRUE(std::regex_search(text, graded)) << text;
        }
    }
    std::printf("  %d fields with physical defaults, all graded\n", claims);
    EXPECT_GT(claims, 15);
}

/// So do the figures of technologies, bills and reliability: value, unit, grade, source.
TEST(Describe, EveryFigureHasASourceAndAGrade)
{
    int figures = 0;
    const std::regex graded("\\((primary|secondary|vendor|estimate|low-quality|derived|assumption|"
                            "not-found): .");
    for (const Choice* choice : RegistryIndex::All())
    {
        const bool rests = choice->category == "link-technology" ||
                           choice->category == "economics" || choice->category == "reliability" ||
                           choice->category == "supply";
        for (const Parameter& parameter : choice->parameters)
        {
            if (rests && parameter.name != "lane_rate") // a choice, not a figure
            {
                ++figures;
                EXPECT_TRUE(std::regex_search("(" + parameter.source, graded))
                    << choice->name << '.' << parameter.name << ": " << parameter.source;
            }
        }
    }
    std::printf("  %d figures\n", figures);
    EXPECT_GT(figures, 400);
}

} // namespace
} // namespace heddle
