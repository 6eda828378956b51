// SPDX-License-Identifier: GPL-2.0-only
//
// Pairing and errors from made-up runs with known answers; the set itself; the command.
#include "cli/command.h"
#include "loader/scenario-source.h"
#include "plan/plan.h"
#include "validate/fidelity-run.h"
#include "validate/fidelity-uncertainty.h"

#include "ns3/base-errors.h"
#include "ns3/rdma-transport.h"
#include "scratch-folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

namespace heddle
{
namespace
{

void
Add(v1::FidelityRun& run, uint32_t from, uint32_t index, uint64_t bytes, int64_t time)
{
    run.add_from(from);
    run.add_to(9);
    run.add_channel(0);
    run.add_index(index);
    run.add_bytes(bytes);
    run.add_time_ps(time);
    run.add_part_ps(0);
    run.add_part_ps(time);
    for (size_t state = 1; state < kMessageStates; ++state)
    {
        run.add_part_ps(0);
    }
}

TEST(Fidelity, PairsByIdentityNotByOrder)
{
    v1::FidelityRun packet;
    Add(packet, 0, 0, 100, 1000);
    Add(packet, 0, 1, 100, 2000);
    Add(packet, 1, 0, 100, 4000);
    packet.set_step_ps(4000);
    v1::FidelityRun flow; // another order of completions
    Add(flow, 1, 0, 100, 3000);
    Add(flow, 0, 0, 100, 1100);
    Add(flow, 0, 1, 100, 2000);
    flow.set_step_ps(4040);
    FidelityFamily family{kFlowMessages, "w", "ecmp", "none", "1:1", {{"one", "", {}}}};
    const v1::FidelityFamily errors = CompareFamily(family, {packet}, {flow});
    EXPECT_EQ(errors.messages(), 3u);
    EXPECT_EQ(errors.unpaired(), 0u);
    EXPECT_NEAR(errors.mean_error(), (0.1 + 0 + 0.25) / 3, 1e-12);
    EXPECT_NEAR(errors.bias(), (0.1 - 0.25) / 3, 1e-12);
    EXPECT_NEAR(errors.p99_error(), 0.25, 1e-12);
    EXPECT_NEAR(errors.worst_error(), 0.25, 1e-12);
    EXPECT_NEAR(errors.step_error(), 0.01, 1e-12);
    EXPECT_FALSE(errors.within_goal());
}

TEST(Fidelity, CountsMessagesThatOneLevelLacks)
{
    v1::FidelityRun packet;
    Add(packet, 0, 0, 100, 1000);
    Add(packet, 0, 1, 200, 1000);
    v1::FidelityRun flow;
    Add(flow, 0, 0, 100, 1000);
    Add(flow, 0, 1, 100, 1000); // other bytes: another message
    packet.set_step_ps(1000);
    flow.set_step_ps(1000);
    FidelityFamily family{kFlowMessages, "w", "ecmp", "none", "1:1", {{"one", "", {}}}};
    const v1::FidelityFamily errors = CompareFamily(family, {packet}, {flow});
    EXPECT_EQ(errors.messages(), 1u);
    EXPECT_EQ(errors.unpaired(), 2u);
    EXPECT_FALSE(errors.within_goal());
}

TEST(Fidelity, WholeCollectivesCountByCase)
{
    v1::FidelityRun packet[2];
    v1::FidelityRun flow[2];
    packet[0].set_step_ps(1000);
    flow[0].set_step_ps(1020);
    packet[1].set_step_ps(2000);
    flow[1].set_step_ps(1900);
    const FidelityFamily family{kFlow,
                                "w",
                                "ecmp",
                                "none",
                                "1:1",
                                {{"one", "", {}}, {"two", "", {}}}};
    const v1::FidelityFamily errors =
        CompareFamily(family, {packet[0], packet[1]}, {flow[0], flow[1]});
    EXPECT_EQ(errors.name(), "flow, w, ecmp, none, 1:1");
    EXPECT_EQ(errors.level(), "flow");
    EXPECT_EQ(errors.messages(), 2u);
    EXPECT_NEAR(errors.mean_error(), 0.035, 1e-12);
    EXPECT_NEAR(errors.worst_error(), 0.05, 1e-12);
    EXPECT_NEAR(errors.bias(), -0.015, 1e-12);
    EXPECT_NEAR(errors.step_error(), -0.05, 1e-12);
}

/// Rows that were run replace those of the table, the others stay.
TEST(Fidelity, TheTableKeepsWhatWasNotRun)
{
    v1::FidelityReport report;
    v1::FidelityFamily& f = *report.add_families();
    const FidelityFamily first = FidelitySet(false).front();
    f.set_name(first.Name());
    f.set_level(first.level);
    f.set_workload(first.workload);
    f.set_load_balancer(first.loadBalancer);
    f.set_congestion_control(first.congestionControl);
    f.set_condition(first.condition);
    f.set_mean_error(0.4321);
    const std::string before = MeasuredTable({});
    const std::string after = MeasuredTable(report);
    EXPECT_EQ(std::count(before.begin(), before.end(), '\n'),
              std::count(after.begin(), after.end(), '\n'));
    EXPECT_NE(after.find("\"1:1\", 0.4321, 0.0000, 0.0000},\n"), std::string::npos);
    EXPECT_EQ(std::count(after.begin(), after.end(), '\n'),
              static_cast<long>(MeasuredErrors().size()) + 3);
}

TEST(Fidelity, EveryCaseIsARightScenario)
{
    for (const bool quick : {true, false})
    {
        std::set<std::string> names;
        for (const FidelityFamily& family : FidelitySet(quick))
        {
            EXPECT_TRUE(names.insert(family.Name()).second) << family.Name() << " twice";
            for (const FidelityCase& c : family.cases)
            {
                ScenarioSource source(family.Name() + ", " + c.name, c.scenario, {});
                EXPECT_NO_THROW(MakePlan(source)) << c.scenario;
                std::set<std::string> draws{c.scenario};
                for (const std::string& text : c.otherDraws)
                {
                    EXPECT_TRUE(draws.insert(text).second) << text << " twice";
                }
                EXPECT_EQ(draws.size(), 1u + kOtherDraws);
                ScenarioSource other(family.Name() + ", other draws", c.otherDraws.back(), {});
                EXPECT_NO_THROW(MakePlan(other)) << c.otherDraws.back();
            }
        }
        EXPECT_GE(names.size(), quick ? 90u : 430u);
    }
}

/// The quick set is less work, family by family.
TEST(Fidelity, QuickIsSmaller)
{
    const auto hops = [](bool quick)
    {
        double sum = 0;
        for (const FidelityFamily& family : FidelitySet(quick))
        {
            for (const FidelityCase& c : family.cases)
            {
                ScenarioSource source(c.name, c.scenario, {});
                sum += MakePlan(source).fabrics[0].estimate.packetHops;
            }
        }
        return sum;
    };
    const double all = hops(false);
    const double quick = hops(true);
    EXPECT_LT(quick, all / 10) << "packet-hops: all " << all << ", quick " << quick;
}

TEST(Validate, ARingHasNoErrorAndTheFileIsWhole)
{
    const ScratchFolder scratch;
    const std::string file = scratch.File("fidelity.json");
    EXPECT_EQ(RunCommandLine({"validate",
                              "fidelity",
                              "--quick",
                              "--filter",
                              "ring all-reduce, ecmp, none, 1:1",
                              "--json",
                              file}),
              kExitDone);
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    EXPECT_NE(text.str().find("\"within_goal\": true"), std::string::npos) << text.str();
    EXPECT_NE(text.str().find("\"messages\": 480"), std::string::npos) << text.str();
}

TEST(Validate, WrongInputEndsWithTwoAndWritesNothing)
{
    const ScratchFolder scratch;
    const std::string file = scratch.File("none.json");
    const std::vector<Arguments> wrong{
        {"validate"},
        {"validate", "fidelty"},
        {"validate", "fidelity", "fidelity"},
        {"validate", "fidelity", "--filter", "nothing is called so", "--json", file},
        {"validate", "fidelity", "--threads", "0"},
        {"validate", "fidelity", "--repeat"},
        {"validate", "fidelity", "--repeat", "0"},
        {"validate", "fidelity", "--repeat", "9"},
        {"validate", "fidelity", "--json", "/nowhere/at/all.json"},
        {"validate", "fidelity", "--quick", "--table", file},
        {"validate", "fidelity", "--quik"}};
    for (const Arguments& arguments : wrong)
    {
        EXPECT_EQ(RunCommandLine(arguments), kExitWrongInput) << arguments.back();
    }
    EXPECT_FALSE(std::filesystem::exists(file));
}

} // namespace
} // namespace heddle
