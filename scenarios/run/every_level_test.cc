// SPDX-License-Identifier: GPL-2.0-only
//
// Every topology at every fidelity level, whole and with a link that is down from the start: the
// collective ends, and within a factor of two of packet level.
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "heddle-result.pb.h"

#include <cstdio>
#include <gtest/gtest.h>

namespace heddle
{
namespace
{

struct Case
{
    const char* topology;
    const char* lost; ///< a link
};

double
StepTime(const Case& which, bool lost, const std::string& level)
{
    const std::string faults =
        lost ? "faults { down { link: \"" + std::string(which.lost) + "\" } } " : "";
    const std::string text =
        "cluster { hosts: 4 accelerators_per_host: 4 nic { rate: \"400Gbps\" } "
        "scale_up { rate: \"3.6Tbps\" latency: \"830ns\" } } fabric { name: \"f\" topology { " +
        std::string(which.topology) + " } " + faults +
        "collectives { pxn: true } } "
        "workload { collective { kind: \"all-to-all\" bytes: \"4MiB\" } } "
        "run { what_if: \"none\" fidelity: \"" +
        level + "\" }";
    return RunPlan(PlanOf(text), {}).fabrics(0).step_time_s();
}

TEST(EveryLevel, RunsEveryTopology)
{
    const Case cases[] = {
        {R"(name: "single-switch")", ""},
        {R"(name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "2" })", "leaf0-spine0"},
        {R"(name: "fat-tree-3" parameters { name: "k" value: "8" })", ""},
        {R"(name: "rail-optimised" parameters { name: "hosts_per_group" value: "2" })", ""},
        {R"(name: "rail-only")", ""},
        {R"(name: "dual-tor" parameters { name: "hosts_per_group" value: "2" })", "nic0.1"},
        {R"(name: "multi-plane" parameters { name: "planes" value: "4" }
            parameters { name: "hosts_per_leaf" value: "2" })",
         "nic0.1"}};
    for (const Case& which : cases)
    {
        for (const bool lost : {false, true})
        {
            if (lost && which.lost[0] == 0)
            {
                continue;
            }
            const double packets = StepTime(which, lost, "packet");
            for (const char* level : {"flow-messages", "flow"})
            {
                const double flows = StepTime(which, lost, level);
                std::printf("  %.30s%s: packet %.1f us, %s %.1f us\n",
                            which.topology,
                            lost ? ", a link lost" : "",
                            1e6 * packets,
                            level,
                            1e6 * flows);
                EXPECT_GT(flows / packets, 0.5);
                EXPECT_LT(flows / packets, 2.0);
            }
        }
    }
}

} // namespace
} // namespace heddle
