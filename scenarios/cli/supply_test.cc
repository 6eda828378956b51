// SPDX-License-Identifier: GPL-2.0-only
//
// heddle supply: its output to the letter, what it writes, how it refuses.
#include "loader/scenario-source.h"
#include "plan/supply.h"

#include "ns3/base-errors.h"

#include "heddle-result.pb.h"
#include "scratch-folder.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>

namespace heddle
{
namespace
{

namespace fs = std::filesystem;

struct Outcome
{
    int code;
    std::string text; ///< stdout and stderr
};

Outcome
Heddle(const std::string& arguments)
{
    FILE* pipe = popen((std::string(HEDDLE_APP " ") + arguments + " 2>&1").c_str(), "r");
    std::string text;
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    {
        text.append(buffer, n);
    }
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

std::string
Read(const fs::path& path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// The message of the InputError; "" when there is none.
std::string
ErrorOf(const std::string& scenario)
{
    try
    {
        ScenarioSource source("supply.textproto", scenario, {});
        PlanSupply(source);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "";
}

// To renew the golden file: heddle supply scenarios/catalogue/supply.textproto > the file; read it.
TEST(SupplyCommand, CatalogueIsGolden)
{
    const Outcome got = Heddle("supply " HEDDLE_SCENARIOS_DIR "/catalogue/supply.textproto");
    EXPECT_EQ(got.code, 0);
    EXPECT_EQ(got.text, Read(HEDDLE_SCENARIOS_DIR "/cli/testdata/supply.txt"));
}

TEST(SupplyCommand, ResultFileHoldsFiguresAndValues)
{
    const ScratchFolder scratch;
    const fs::path out = scratch.path() / "out";
    const Outcome got =
        Heddle("supply " HEDDLE_SCENARIOS_DIR "/catalogue/supply.textproto --out " + out.string() +
               " --set supply[1].parameters[0].name=packaging_yield" +
               " --set supply[1].parameters[0].value=0.9");
    ASSERT_EQ(got.code, 0) << got.text;
    v1::SupplyResult result;
    ASSERT_TRUE(result.ParseFromString(Read(out / "result.pb")));
    ASSERT_EQ(result.models_size(), 4);
    const v1::SupplyModel& model = result.models(1);
    double accelerators = 0;
    double sites = 0;
    for (const v1::SupplyValue& value : model.values())
    {
        accelerators = value.what() == model.headline() ? value.value() : accelerators;
        sites = value.what() == "package sites" ? value.value() : sites;
    }
    EXPECT_EQ(model.binding_line(), "packaging");
    EXPECT_NEAR(accelerators, sites * std::pow(0.995, 2 + 8) * 0.9 * 0.91, 1e-6 * sites);
    for (const v1::SuppliedFigure& figure : model.figures())
    {
        EXPECT_FALSE(figure.grade().empty()) << figure.figure();
        EXPECT_FALSE(figure.source().empty()) << figure.figure();
        EXPECT_EQ(figure.has_value(), figure.grade() != "not-found") << figure.figure();
        if (figure.figure() == "packaging_yield")
        {
            EXPECT_EQ(figure.grade(), "scenario");
        }
    }
    EXPECT_NE(Read(out / "result.json").find("\"headline\": \"accelerators\""), std::string::npos);
    fs::remove_all(out);
}

// The headline moves with its figures as by hand: packaging yield is a factor of it.
TEST(SupplyCommand, SpansAreTheModelAtTheEndsOfTheRange)
{
    const SupplyReport report = Supply("accelerators", {});
    const double now = report.Value("accelerators");
    for (const SupplySpan& span : report.spans)
    {
        if (span.figure == "packaging_yield")
        {
            EXPECT_NEAR(span.atLow, now * 0.65 / 0.8, 1e-6 * now);
            EXPECT_NEAR(span.atHigh, now * 0.98 / 0.8, 1e-6 * now);
        }
    }
    ASSERT_GE(report.spans.size(), 2U);
    EXPECT_EQ(report.spans[0].figure, "packages_per_wafer") << "29 or 9 in place of 16";
    // What fills the sites is exactly what makes the lines equal.
    char wafers[32];
    std::snprintf(wafers, sizeof wafers, "%.17g", report.Value("logic wafers that fill all sites"));
    const SupplyReport balanced = Supply("accelerators", {{"logic_wafers", wafers}});
    EXPECT_NEAR(balanced.Value("accelerators by logic") / now, 1, 1e-12);
}

TEST(SupplyCommand, ErrorsNameThePlace)
{
    EXPECT_EQ(ErrorOf("title: \"t\"\n"),
              "supply.textproto:1: supply: is required: name one model at least (`heddle "
              "list supply`).");
    EXPECT_EQ(ErrorOf("supply {\n  name: \"acelerators\"\n}\n")
                  .find("supply.textproto:2: supply[0].name: "),
              0U);
    EXPECT_EQ(ErrorOf("supply { name: \"accelerators\"\n  parameters { name: \"packaging_yeld\" "
                      "value: \"1\" }\n}\n")
                  .find("supply.textproto:2: supply[0].parameters[0].name: "),
              0U);
    const std::string share = ErrorOf("supply { name: \"accelerators\"\n"
                                      "  parameters {\n    name: \"packaging_yield\"\n"
                                      "    value: \"1.2\"\n  }\n}\n");
    EXPECT_EQ(share.find("supply.textproto:4: supply[0].parameters[0].value: "), 0U) << share;
    EXPECT_NE(share.find("'packaging_yield' must be a share"), std::string::npos) << share;
    const std::string idle = ErrorOf("supply { name: \"accelerators\" }\nrun {\n  seed: 2\n}\n");
    EXPECT_NE(idle.find(":2: run: has no effect here: `heddle supply` simulates nothing"),
              std::string::npos)
        << idle;
}

TEST(SupplyCommand, NothingIsWrittenForWrongInput)
{
    const ScratchFolder scratch;
    const fs::path out = scratch.path() / "out";
    const std::string scenario = scratch.Write("supply.textproto", "supply { name: \"none\" }");
    const Outcome got = Heddle("supply " + scenario + " --out " + out.string());
    EXPECT_EQ(got.code, 2) << got.text;
    EXPECT_FALSE(fs::exists(out));
    EXPECT_EQ(Heddle("run " HEDDLE_SCENARIOS_DIR "/catalogue/supply.textproto").code, 2);
}

} // namespace
} // namespace heddle
