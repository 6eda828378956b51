// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/collectives-presets.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace heddle
{

namespace
{

TEST(Presets, EveryFigureIsSetAndSourced)
{
    std::vector<std::string> fields = SoftwareFields();
    for (const SoftwarePreset& preset : SoftwarePresets())
    {
        EXPECT_EQ(FindPreset(preset.name).name, preset.name);
        std::string table = FormatPreset(preset.name);
        for (const PresetFigure& figure : preset.figures)
        {
            EXPECT_NE(std::find(fields.begin(), fields.end(), figure.field), fields.end())
                << figure.field;
            EXPECT_FALSE(figure.source.empty()) << preset.name << " " << figure.field;
            EXPECT_NO_THROW(ParseQuantity(figure.value, figure.quantity)) << figure.field;
            EXPECT_NE(table.find(figure.field + " = " + figure.value), std::string::npos) << table;
        }
        if (preset.name != "none")
        {
            EXPECT_EQ(preset.figures.size(), fields.size()) << preset.name << " sets every field";
        }
    }
}

/// Two rings per 400G NIC, 4 MiB in 8 slots, 18.9 % interference.
TEST(Presets, H100)
{
    SoftwareModel m = FindPreset("nccl-h100");
    EXPECT_EQ(m.channels, 16U);
    EXPECT_EQ(m.channels / 8, m.ringsPerNic);
    EXPECT_EQ(m.slots * 512U * 1024, 4U << 20);
    EXPECT_EQ(m.p2pChunkBytes, 128U * 1024);
    EXPECT_EQ(m.ringChunkBytes, 1U << 20);
    EXPECT_EQ(m.stepLatencyScaleUp, 1900 * kNanosecond - 830 * kNanosecond);
    EXPECT_EQ(m.stepLatencyScaleOut, 4000 * kNanosecond - 2500 * kNanosecond);
    EXPECT_DOUBLE_EQ(m.computeSlowdown, 0.189);
}

TEST(Presets, NoneIsTheTextbook)
{
    SoftwareModel none = FindPreset("none");
    SoftwareModel blank;
    EXPECT_EQ(none.channels, blank.channels);
    EXPECT_EQ(none.baseLatency, 0);
    EXPECT_EQ(none.slots, 0U);
    EXPECT_EQ(none.ringChunkBytes, 0U);
    EXPECT_EQ(none.p2pChunkBytes, 0U);
}

TEST(Presets, Mistakes)
{
    auto message = [](auto&& call) -> std::string
    {
        try
        {
            call();
        }
        catch (const InputError& error)
        {
            return error.what();
        }
        return "no error";
    };
    SoftwareModel m;
    EXPECT_NE(message([] { FindPreset("nccl-h10"); }).find("'nccl-h100'"), std::string::npos);
    EXPECT_NE(message([&] { SetSoftwareField(m, "chanels", "3"); }).find("'channels'"),
              std::string::npos);
    EXPECT_NE(message([&] { SetSoftwareField(m, "channels", "1.5"); }).find("whole number"),
              std::string::npos);
    EXPECT_NE(message([&] { SetSoftwareField(m, "base_latency", "3"); }), "no error");
    EXPECT_NE(message([&] { SetSoftwareField(m, "pxn", "2"); }), "no error");
}

} // namespace

} // namespace heddle
