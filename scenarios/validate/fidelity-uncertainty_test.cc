// SPDX-License-Identifier: GPL-2.0-only
//
// Which family's error a result of a flow level carries.
#include "loader/scenario-source.h"
#include "plan/plan.h"
#include "validate/fidelity-cases.h"
#include "validate/fidelity-uncertainty.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace heddle
{
namespace
{

/// Every case of the set is nearest to its own family, and every family has been measured.
TEST(Uncertainty, CasesFindTheirOwnFamily)
{
    for (const FidelityFamily& family : FidelitySet(false))
    {
        for (const FidelityCase& c : family.cases)
        {
            ScenarioSource source(c.name, c.scenario, {"run.fidelity=" + family.level});
            const Plan plan = MakePlan(source);
            const MeasuredError* found = NearestFamily(plan, plan.fabrics[0]);
            ASSERT_NE(found, nullptr) << family.Name();
            EXPECT_EQ(found->Name(), family.Name());
            v1::FabricResult result;
            FillUncertainty(plan, plan.fabrics[0], &result);
            EXPECT_EQ(result.uncertainty().family(), family.Name());
            EXPECT_GE(result.uncertainty().message_mean_error(), found->mean);
            EXPECT_GE(result.uncertainty().message_p99_error(), found->p99);
            EXPECT_GE(result.uncertainty().step_error(), std::abs(found->step));
        }
    }
    EXPECT_EQ(MeasuredErrors().size(), FidelitySet(false).size());
}

/// By another way: all families of the workload, asked for one by one by name.
TEST(Uncertainty, CoversTheFamiliesAround)
{
    std::map<std::string, double> stepOf;
    for (const MeasuredError& family : MeasuredErrors())
    {
        stepOf[family.Name()] = std::abs(family.step);
    }
    const auto find = [](const std::string& name)
    {
        const auto& all = MeasuredErrors();
        return *std::find_if(all.begin(),
                             all.end(),
                             [&](const MeasuredError& family) { return family.Name() == name; });
    };
    const std::string slice = "flow, MoE step slice, ";
    double most = 0;
    for (const char* around :
         {"none, 1:1", "none, 2:1", "none, 4:1", "dcqcn, 1:1", "dcqcn, 2:1", "dcqcn, 4:1"})
    {
        most = std::max(most, stepOf.at(slice + "ecmp, " + around));
    }
    EXPECT_DOUBLE_EQ(WorstAround(find(slice + "ecmp, none, 1:1")).step, most);
    most = std::max(stepOf.at(slice + "ecmp, none, link down"),
                    stepOf.at(slice + "ecmp, dcqcn, link down"));
    EXPECT_DOUBLE_EQ(WorstAround(find(slice + "ecmp, dcqcn, " + kLinkDown)).step, most);
}

struct Special
{
    const char* topology;
    const char* more; ///< of the fabric
    const char* condition;
};

/// Fabrics of a kind that has families of its own carry these, and nothing where they differ from
/// what was measured.
TEST(Uncertainty, SeveralPortsAndRailsHaveTheirOwn)
{
    const char* const dualTor =
        R"(name: "dual-tor" parameters { name: "hosts_per_group" value: "2" })";
    const char* const tight = R"(name: "dual-tor" parameters { name: "hosts_per_group" value: "4" }
                                 parameters { name: "oversubscription" value: "2" })";
    const char* const planes = R"(name: "multi-plane" parameters { name: "planes" value: "4" }
                                  parameters { name: "hosts_per_leaf" value: "2" })";
    const char* const rails =
        R"(name: "rail-optimised" parameters { name: "hosts_per_group" value: "2" })";
    const char* const pinned = R"(transport { port_choice: "hash" })";
    const char* const port = R"(faults { down { link: "nic1.1" at: "30us" } })";
    const char* const lost = R"(faults { down { link: "nic1.1" } })";
    const char* const uplink =
        R"(faults { down { link: "plane0-leaf0-plane0-spine0" at: "30us" } })";
    const char* const straight = "collectives { pxn: false }";
    const Special cases[] = {{dualTor, "", kDualTor},
                             {dualTor, port, kDualTorPortDown},
                             {dualTor, lost, kDualTorPortDown},
                             {dualTor, pinned, ""},
                             {tight, "", ""},
                             {planes, "", kPlanes},
                             {planes, port, kPlanesPortDown},
                             {planes, uplink, ""},
                             {rails, "", kRails},
                             {rails, straight, "1:1"}};
    for (const Special& special : cases)
    {
        for (const char* level : {"flow", "flow-messages"})
        {
            const std::string text =
                "cluster { hosts: 8 accelerators_per_host: 4 nic { rate: \"400Gbps\" } } "
                "fabric { name: \"f\" topology { " +
                std::string(special.topology) + " } switch { load_balancer { name: \"ecmp\" } } " +
                special.more +
                " } workload { collective { kind: \"all-to-all\" bytes: \"64MiB\" } }";
            ScenarioSource source("f", text, {std::string("run.fidelity=") + level});
            const Plan plan = MakePlan(source);
            const MeasuredError* found = NearestFamily(plan, plan.fabrics[0]);
            EXPECT_EQ(std::string(found == nullptr ? "" : found->condition), special.condition)
                << special.topology << ", " << special.more << ", " << level;
        }
    }
}

/// Steps without receive slots fill switches, and those pause senders: no such step was measured.
TEST(Uncertainty, StepsThatFillSwitchesAreNotMeasured)
{
    struct Case
    {
        const char* more; ///< of the fabric
        bool measured;
    };

    for (const Case& c : {Case{"", false},
                          Case{R"(switch { buffer: "0" })", true},
                          Case{R"(collectives { software { name: "nccl-h100" } })", true}})
    {
        for (const char* level : {"flow", "flow-messages"})
        {
            const std::string text =
                "cluster { hosts: 8 accelerators_per_host: 4 nic { rate: \"400Gbps\" } } "
                "fabric { name: \"f\" topology { name: \"fat-tree-2\" "
                "parameters { name: \"hosts_per_leaf\" value: \"2\" } } " +
                std::string(c.more) +
                " } workload { training_step { model: \"qwen3-235b-a22b\" sequence: 512 "
                "expert_parallel: 32 slice { layers: 1 head: false } } }";
            ScenarioSource source("f", text, {std::string("run.fidelity=") + level});
            const Plan plan = MakePlan(source);
            EXPECT_EQ(NearestFamily(plan, plan.fabrics[0]) != nullptr, c.measured)
                << c.more << ", " << level;
        }
    }
}

TEST(Uncertainty, PacketLevelHasNoneAndUnknownTrafficSaysSo)
{
    const std::string text = R"(
cluster { hosts: 4 accelerators_per_host: 1 nic { rate: "400Gbps" } }
fabric { name: "f" topology { name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "2" } }
         transport { congestion_control { name: "dcqcn-paper" } } }
workload { traffic { permutation { bytes: "1MiB" shift: 2 } } }
)";
    ScenarioSource packet("p", text, {});
    const Plan packets = MakePlan(packet);
    v1::FabricResult result;
    FillUncertainty(packets, packets.fabrics[0], &result);
    EXPECT_FALSE(result.has_uncertainty());
    ScenarioSource flow("f", text, {"run.fidelity=flow-messages"});
    const Plan flows = MakePlan(flow);
    FillUncertainty(flows, flows.fabrics[0], &result);
    EXPECT_TRUE(result.has_uncertainty());
    EXPECT_EQ(result.uncertainty().family(), "") << "dcqcn-paper has not been measured";
}

} // namespace
} // namespace heddle
