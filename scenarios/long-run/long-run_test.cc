// SPDX-License-Identifier: GPL-2.0-only
//
// The long run: states from the wiring, slowdowns as measured, months of them, and flip points
// against a solution by hand.
#include "long-run/long-run-result.h"
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

namespace heddle
{
namespace
{

/// Two leaves of 4 NICs with 4 uplinks each to 2 spines; everybody sends to the other leaf.
std::string
Scenario(const std::string& optics, const std::string& rest = "")
{
    return R"(
cluster { hosts: 4 accelerators_per_host: 2 nic { rate: "800Gbps" } }
defaults { topology { name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "2" }
                      parameters { name: "spines" value: "2" } }
           switch { load_balancer { name: "adaptive" } } }
)" + optics +
           R"(workload { traffic { permutation { bytes: "64MiB" shift: 4 } } }
economics { name: "list-2026" parameters { name: "accelerator_cost" value: "40000USD" } }
reliability { name: "field-2025" parameters { name: "spare_accelerators" value: "4" } }
run { what_if: "none" fidelity: "flow" }
)" + rest;
}

const char* const kPluggable = R"(fabric { name: "pluggable"
    nic_leaf { technology { name: "dsp-pluggable" } }
    leaf_spine { technology { name: "dsp-pluggable" } } }
)";
const char* const kCoPackaged = R"(fabric { name: "co-packaged"
    nic_leaf { technology { name: "cpo-quantum-x" } lower_end { name: "dsp-pluggable" } }
    leaf_spine { technology { name: "cpo-quantum-x" } } }
)";

std::string
ErrorOf(const std::string& text)
{
    try
    {
        PlanOf(text);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "";
}

const LongRunPart&
PartOf(const LongRunPlan& plan, const std::string& name)
{
    for (const LongRunPart& part : plan.parts)
    {
        if (part.name == name)
        {
            return part;
        }
    }
    throw InputError("no part " + name);
}

TEST(LongRun, StatesFollowFromTheWiring)
{
    const Plan plan = PlanOf(Scenario(std::string(kPluggable) + kCoPackaged));
    const LongRunPlan& pluggable = *plan.fabrics[0].longRun;
    const LongRunPart& uplink = PartOf(pluggable, "leaf_spine dsp-pluggable module");
    EXPECT_EQ(uplink.count, 16U);
    EXPECT_EQ(pluggable.states[uplink.state].name, "leaf0: 1 of 4 uplinks down");
    EXPECT_EQ(uplink.accelerators, 0U);
    // A NIC has one port: its link down takes the host, a leaf takes two hosts.
    EXPECT_EQ(PartOf(pluggable, "nic_leaf dsp-pluggable module").state, kNoState);
    EXPECT_EQ(PartOf(pluggable, "nic_leaf dsp-pluggable module").accelerators, 2U);
    EXPECT_EQ(PartOf(pluggable, "leaf switches").accelerators, 4U);
    EXPECT_EQ(pluggable.states[PartOf(pluggable, "spine switches").state].name, "spine0 down");

    const LongRunPlan& cpo = *plan.fabrics[1].longRun;
    // A source feeds 8 ports: all 4 uplinks of a leaf, or all 4 ports of a spine.
    const LongRunPart& source = PartOf(cpo, "leaf_spine cpo-quantum-x source, lower ends");
    EXPECT_EQ(source.state, kNoState);
    EXPECT_EQ(source.accelerators, 4U);
    EXPECT_EQ(source.count, 1U);
    const LongRunPart& above = PartOf(cpo, "leaf_spine cpo-quantum-x source, upper ends");
    ASSERT_NE(above.state, kNoState);
    EXPECT_EQ(cpo.states[above.state].links.size(), 4U);
    // An engine's repair swaps the switch: a spine's slows the job, a leaf's stops it.
    EXPECT_EQ(PartOf(cpo, "leaf_spine cpo-quantum-x engine, lower ends").accelerators, 4U);
    EXPECT_EQ(PartOf(cpo, "leaf_spine cpo-quantum-x engine, upper ends").accelerators, 0U);
}

// A NIC of two ports on two leaves (dual-ToR) loses a port and goes on, unless failover is off.
TEST(LongRun, TwoPortsGoOn)
{
    const auto planned = [](const std::string& transport)
    {
        const std::string text = Scenario(
            "fabric { name: \"f\" topology { name: \"dual-tor\" } transport { " + transport +
            " } nic_leaf { technology { name: \"dsp-pluggable\" } }"
            " leaf_spine { technology { name: \"dsp-pluggable\" } } }\n");
        const size_t defaults = text.find("defaults");
        return PlanOf(text.substr(0, defaults) + text.substr(text.find("fabric {")));
    };
    const Plan two = planned("");
    const LongRunPlan& dual = *two.fabrics[0].longRun;
    const LongRunPart& module = PartOf(dual, "nic_leaf dsp-pluggable module");
    ASSERT_NE(module.state, kNoState);
    EXPECT_EQ(module.accelerators, 0U);
    EXPECT_NE(PartOf(dual, "leaf switches").state, kNoState);
    const v1::Result result = RunPlan(two, {});
    for (const v1::OutageState& state : result.fabrics(0).reliability().states())
    {
        if (state.state() == dual.states[module.state].name)
        {
            EXPECT_NEAR(state.slowdown(), 2, 0.05) << "half of a NIC's rate is gone";
        }
    }
    const Plan stuck = planned("port_choice: \"hash\" port_failover: false");
    EXPECT_EQ(PartOf(*stuck.fabrics[0].longRun, "nic_leaf dsp-pluggable module").state, kNoState);
}

struct Expected
{
    const char* state;
    double low;
    double high;
};

// Everybody sends 64 MiB across. A spine down halves the uplinks. With one of four uplinks down
// leaf1 still sends half of its traffic by spine0, which has one link left to leaf0. A slow uplink
// costs at least its share of the capacity, at most what an even spray over it costs.
constexpr Expected kExpected[] = {{"spine0 down", 1.97, 2.01},
                                  {"leaf0: 1 of 4 uplinks down", 1.95, 2.01},
                                  {"nic0-leaf0 on 7 of 8 lanes", 0.99 * 8 / 7, 1.005 * 8 / 7},
                                  {"leaf0-spine0 on 7 of 8 lanes", 32.0 / 31, 8.0 / 7}};

TEST(LongRun, SlowdownsAreMeasured)
{
    const v1::Result result = RunPlan(PlanOf(Scenario(kPluggable)), {});
    const v1::Reliability& r = result.fabrics(0).reliability();
    ASSERT_EQ(r.states_size(), 4);
    for (const v1::OutageState& state : r.states())
    {
        const auto expected =
            std::find_if(std::begin(kExpected),
                         std::end(kExpected),
                         [&](const Expected& e) { return state.state() == e.state; });
        ASSERT_NE(expected, std::end(kExpected)) << state.state();
        EXPECT_GE(state.slowdown(), expected->low) << state.state();
        EXPECT_LE(state.slowdown(), expected->high) << state.state();
        EXPECT_EQ(state.fidelity(), "flow");
    }
    EXPECT_LE(r.interruptions_per_month_low(), r.interruptions_per_month());
    EXPECT_GE(r.interruptions_per_month_high(), r.interruptions_per_month());
    EXPECT_LE(r.goodput_low(), r.goodput());
    EXPECT_GE(r.goodput_high(), r.goodput());
    EXPECT_LE(r.effective_training_time_ratio_low(), r.effective_training_time_ratio());
    EXPECT_GE(r.effective_training_time_ratio_high(), r.effective_training_time_ratio());
    EXPECT_LT(r.interruptions_per_month_at_low_rates(), r.interruptions_per_month());
    EXPECT_GT(r.interruptions_per_month_at_high_rates(), r.interruptions_per_month());
    EXPECT_GT(r.goodput_at_low_rates(), r.goodput_at_high_rates());
}

// The states at packet level, the truth: within four points of the flow level.
TEST(LongRun, FlowLevelAgreesWithPackets)
{
    const v1::Result flow = RunPlan(PlanOf(Scenario(kPluggable)), {});
    const v1::Result packet =
        RunPlan(PlanOf(Scenario(kPluggable, "long_run { fidelity: \"packet\" }")), {});
    const auto& states = packet.fabrics(0).reliability().states();
    ASSERT_EQ(states.size(), flow.fabrics(0).reliability().states_size());
    for (int i = 0; i < states.size(); ++i)
    {
        EXPECT_EQ(states[i].fidelity(), "packet");
        EXPECT_NEAR(states[i].slowdown(), flow.fabrics(0).reliability().states(i).slowdown(), 0.04)
            << states[i].state();
    }
}

// A message of 5 us among time-outs of milliseconds: links are down before the run and the routes
// know it, so that a state costs its capacity and nothing else, at every level.
TEST(LongRun, StatesAreSettled)
{
    std::string text = Scenario(kPluggable);
    text.replace(text.find("64MiB"), 5, "512KiB");
    for (const char* level : {"packet", "flow-messages", "flow"})
    {
        const v1::Result result =
            RunPlan(PlanOf(text + "long_run { fidelity: \"" + level + "\" }"), {});
        for (const v1::OutageState& state : result.fabrics(0).reliability().states())
        {
            const auto expected =
                std::find_if(std::begin(kExpected),
                             std::end(kExpected),
                             [&](const Expected& e) { return state.state() == e.state; });
            ASSERT_NE(expected, std::end(kExpected)) << state.state();
            std::printf("  %-13s %-30s %.4f of the undisturbed %.2f us, at most %.4f\n",
                        level,
                        state.state().c_str(),
                        state.slowdown(),
                        1e6 * state.step_time_s() / state.slowdown(),
                        expected->high);
            EXPECT_GT(state.slowdown(), 1 - 1e-9) << level << ", " << state.state();
            EXPECT_LE(state.slowdown(), expected->high) << level << ", " << state.state();
        }
    }
}

/// The step of a mixture of experts on 16 hosts: 4 leaves of 16 uplinks, 4 to each of 4 spines.
std::string
TrainingStep(const std::string& level)
{
    return R"(
cluster { hosts: 16 accelerators_per_host: 8 accelerator { preset: "b200-hgx" }
          nic { rate: "800Gbps" } }
fabric { name: "pluggable"
  topology { name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "2" }
             parameters { name: "spines" value: "4" }
             parameters { name: "switch_radix" value: "32" } }
  switch { load_balancer { name: "adaptive" } }
  collectives { software { name: "nccl-h100" } all_to_all: "direct" }
  leaf_spine { technology { name: "dsp-pluggable" } } }
workload { training_step { model: "qwen3-235b-a22b" sequence: 512 micro_batch: 1
  tensor_parallel: 4 data_parallel: 32 expert_parallel: 16 slice { layers: 1 head: false } } }
reliability { name: "field-2025" }
long_run { fidelity: ")" +
           level + "\" }\nrun { what_if: \"none\" fidelity: \"" + level + "\" }\n";
}

// A spine takes a quarter of the uplinks, one uplink of 16 a quarter of those from one spine:
// leaves spread evenly and do not know, so that both cost the same where traffic crosses leaves.
TEST(LongRun, OneOfParallelUplinksCostsAsMuchAsItsSpine)
{
    std::map<std::string, std::map<std::string, double>> slowdowns;
    for (const char* level : {"flow-messages", "flow"})
    {
        const v1::Result result = RunPlan(PlanOf(TrainingStep(level)), {});
        for (const v1::OutageState& state : result.fabrics(0).reliability().states())
        {
            slowdowns[state.state()][level] = state.slowdown();
        }
    }
    for (const auto& [state, of] : slowdowns)
    {
        std::printf("  %-30s messages %+.2f %%, flow %+.2f %%\n",
                    state.c_str(),
                    100 * (of.at("flow-messages") - 1),
                    100 * (of.at("flow") - 1));
        EXPECT_NEAR(of.at("flow"), of.at("flow-messages"), 0.02) << state;
    }
    for (const char* level : {"flow-messages", "flow"})
    {
        EXPECT_NEAR(slowdowns.at("leaf0: 1 of 16 uplinks down").at(level),
                    slowdowns.at("spine0 down").at(level),
                    0.01)
            << level;
    }
}

// A fault without a time was there before the run: as the state of the long run, at every level.
TEST(LongRun, AFaultBeforeTheRunIsThatState)
{
    const std::string down =
        R"(fabric { name: "pluggable" nic_leaf { technology { name: "dsp-pluggable" } }
             leaf_spine { technology { name: "dsp-pluggable" } }
             faults { down { link: "spine0" } } }
)";
    for (const char* level : {"packet", "flow-messages", "flow"})
    {
        const std::string run = std::string("long_run { fidelity: \"") + level + "\" }\n";
        std::string text = Scenario(down, run);
        text.replace(text.find("fidelity: \"flow\""),
                     16,
                     std::string("fidelity: \"") + level + "\"");
        const v1::FabricResult fabric = RunPlan(PlanOf(text), {}).fabrics(0);
        const auto& states = fabric.reliability().states();
        const auto state =
            std::find_if(states.begin(),
                         states.end(),
                         [](const v1::OutageState& s) { return s.state() == "spine0 down"; });
        ASSERT_NE(state, states.end());
        std::printf("  %-13s fault %.3f us, state %.3f us\n",
                    level,
                    1e6 * fabric.step_time_s(),
                    1e6 * state->step_time_s());
        EXPECT_DOUBLE_EQ(fabric.step_time_s(), state->step_time_s());
        EXPECT_EQ(fabric.counters().timeouts(), 0U);
        EXPECT_EQ(fabric.counters().dropped_link_down(), 0U);
        ASSERT_EQ(fabric.faults_size(), 1);
        EXPECT_TRUE(fabric.faults(0).settled());
    }
}

TEST(LongRun, ArithmeticWithoutRuns)
{
    const v1::Result result =
        RunPlan(PlanOf(Scenario(kPluggable, "long_run { fidelity: \"none\" }")), {});
    for (const v1::OutageState& state : result.fabrics(0).reliability().states())
    {
        EXPECT_EQ(state.fidelity(), "arithmetic");
        if (state.state() == "spine0 down")
        {
            // All of the time is exposed: half the capacity, twice the step.
            EXPECT_NEAR(state.slowdown(), 2, 0.02);
        }
    }
    EXPECT_EQ(result.manifest().timing().worlds_size(), 1);
}

// At the tie, the two bills per useful step are equal; both linear in the price, so by hand too.
TEST(FlipPoints, PriceByHand)
{
    const Plan plan =
        PlanOf(Scenario(std::string(kPluggable) + kCoPackaged,
                        R"(long_run { flip { fabric: "co-packaged" against: "pluggable"
        figure: "cpo-quantum-x.cost" and: "cpo-quantum-x.engine_repair" }
      flip { fabric: "co-packaged" against: "pluggable" criterion: "goodput"
        figure: "dsp-pluggable.mtbf" } })"));
    const v1::Result result = RunPlan(plan, {});
    ASSERT_EQ(result.flip_points_size(), 2);
    const v1::FlipResult& flip = result.flip_points(0);
    const v1::Economics& own = result.fabrics(1).economics();
    const v1::Economics& other = result.fabrics(0).economics();
    const double goodput = result.fabrics(1).reliability().goodput();
    // Of a step: repairs, and spare parts over the lifetime.
    const auto repairs = [&](int fabric)
    {
        const v1::Reliability& r = result.fabrics(fabric).reliability();
        return (r.repair_usd_per_month() / 720 + r.spare_parts_usd() / 35064) *
               result.fabrics(fabric).step_time_s() / 3600;
    };
    const double ownCost = own.cost_per_step_usd() + repairs(1);
    const double otherCost = other.cost_per_step_usd() + repairs(0);
    EXPECT_NEAR(flip.criterion_fabric() * goodput, ownCost, 1e-12);
    // 24 co-packaged ends (8 at the leaves' NIC ports, 16 between switches), over the lifetime.
    const double perDollar = 24 / 35064.0 * result.fabrics(1).step_time_s() / 3600 / goodput;
    const double tie =
        590 +
        (otherCost / result.fabrics(0).reliability().goodput() - ownCost / goodput) / perDollar;
    if (tie > flip.searched_low() && tie < flip.searched_high())
    {
        ASSERT_EQ(flip.ties_size(), 1) << flip.text();
        EXPECT_NEAR(flip.ties(0).value() / tie, 1, 1e-6) << flip.text();
        EXPECT_EQ(flip.better_at_low(), "co-packaged");
        EXPECT_EQ(flip.ties(0).better_above(), "pluggable");
    }
    else
    {
        EXPECT_EQ(flip.ties_size(), 0) << "by hand at " << tie << ": " << flip.text();
    }
    EXPECT_EQ(flip.unit(), "USD");
    EXPECT_EQ(flip.given(), 590);
    ASSERT_EQ(flip.frontier_size(), 5);
    EXPECT_NE(flip.text().find("cost-per-token"), std::string::npos) << flip.text();
}

TEST(FlipPoints, ErrorsNameThePlace)
{
    const auto with = [](const std::string& flip) {
        return ErrorOf(
            Scenario(std::string(kPluggable) + kCoPackaged, "long_run {\n" + flip + "}"));
    };
    EXPECT_NE(with("flip { fabric: \"copackaged\" }").find("long_run.flip[0].fabric: there is no"),
              std::string::npos);
    const std::string figure = with("flip { fabric: \"co-packaged\" against: \"pluggable\"\n"
                                    "figure: \"cpo-quantum-x.enginerepair\" }");
    EXPECT_NE(figure.find("flip[0].figure: 'enginerepair'"), std::string::npos) << figure;
    EXPECT_NE(figure.find("engine_repair"), std::string::npos) << figure;
    const std::string foreign = with("flip { fabric: \"pluggable\" against: \"co-packaged\"\n"
                                     "figure: \"cpo-quantum-x.cost\" }");
    EXPECT_NE(foreign.find("has no links of 'cpo-quantum-x'"), std::string::npos) << foreign;
    EXPECT_NE(with("flip { fabric: \"pluggable\" against: \"pluggable\" }").find("is the fabric"),
              std::string::npos);
    EXPECT_NE(with("fidelity: \"flows\"").find("long_run.fidelity"), std::string::npos);
    const std::string alone = ErrorOf("cluster { hosts: 2 accelerators_per_host: 1 nic { rate: "
                                      "\"400Gbps\" } } fabric { name: \"f\" topology { name: "
                                      "\"single-switch\" } } workload { traffic { permutation { "
                                      "bytes: \"1MiB\" } } }\nlong_run { fidelity: \"flow\" }");
    EXPECT_NE(alone.find("long_run: has no effect here: there is no `reliability`"),
              std::string::npos)
        << alone;
}

} // namespace
} // namespace heddle
