// SPDX-License-Identifier: GPL-2.0-only
//
// Validation A14 in whole runs: what one of 16 ports costs, lost before the run. Alibaba HPN lost
// 6.25 % = 1/16 of a job's speed by it. Work that may use all ports of a host pays that; work that
// is bound to a rail, as NCCL's rings are, pays half of the rail.
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "heddle-result.pb.h"

#include <cstdio>
#include <gtest/gtest.h>
#include <utility>

namespace heddle
{
namespace
{

/// The same workload on a whole fabric and on one without a NIC port.
v1::Result
RunBoth(const std::string& cluster,
        const std::string& topology,
        const std::string& lost,
        const std::string& workload,
        const std::string& level)
{
    const std::string text = "cluster { " + cluster + " }\ndefaults { topology { " + topology +
                             " } switch { load_balancer { name: \"adaptive\" } } }\n"
                             "fabric { name: \"whole\" }\n"
                             "fabric { name: \"lost\" faults { down { link: \"" +
                             lost + "\" } } }\nworkload { " + workload +
                             " }\nrun { what_if: \"none\" fidelity: \"" + level + "\" }\n";
    return RunPlan(PlanOf(text), {});
}

const char* const kSixteenPorts = "name: \"multi-plane\" parameters { name: \"planes\" value: "
                                  "\"16\" } parameters { name: \"hosts_per_leaf\" value: \"4\" }";

void
ExpectNothingLost(const v1::FabricResult& fabric)
{
    EXPECT_EQ(fabric.counters().timeouts(), 0u);
    EXPECT_EQ(fabric.counters().dropped_link_down(), 0u);
}

/// Bytes at 15/16 of the rate, latency as it was: of a permutation, and of an all-to-all, in which
/// every NIC meets the one that has lost its port.
TEST(LostPort, OneOfSixteenOfANic)
{
    constexpr double kWire = 256.0 * 1024 * 1024 * 4194 / 4096 * 8 / 3.2e12;
    const std::pair<const char*, double> workloads[] = {
        {"traffic { permutation { bytes: \"256MiB\" shift: 4 } }", kWire},
        {"collective { kind: \"all-to-all\" bytes: \"256MiB\" }", kWire * 7 / 8}};
    for (const auto& [workload, wire] : workloads)
    {
        for (const char* level : {"flow-messages", "packet"})
        {
            const v1::Result result =
                RunBoth("hosts: 8 accelerators_per_host: 1 nic { rate: \"3200Gbps\" }",
                        kSixteenPorts,
                        "nic0.3",
                        workload,
                        level);
            const double whole = result.fabrics(0).step_time_s();
            const double lost = result.fabrics(1).step_time_s();
            const double expected = whole + wire / 15;
            std::printf("  %-13s whole %.2f us, 15 of 16 ports %.2f us, expected %.2f us: speed "
                        "-%.2f %% (6.25 without latency)\n",
                        level,
                        1e6 * whole,
                        1e6 * lost,
                        1e6 * expected,
                        100 * (1 - whole / lost));
            EXPECT_NEAR(lost / expected, 1, 0.005) << level;
            ExpectNothingLost(result.fabrics(1));
        }
    }
}

/// A training step pays in proportion to what it waits for its NICs.
TEST(LostPort, ATrainingStepPaysItsExposedShare)
{
    const v1::Result result =
        RunBoth("hosts: 8 accelerators_per_host: 1 accelerator { preset: \"h100-sxm\" } "
                "nic { rate: \"400Gbps\" }",
                kSixteenPorts,
                "nic0.3",
                "training_step { model: \"llama3-8b\" sequence: 4096 micro_batch: 1 "
                "data_parallel: 8 slice { layers: 1 head: false } }",
                "flow-messages");
    double exposed = 0;
    for (const v1::AccountTime& entry : result.fabrics(0).ledger().root())
    {
        exposed += entry.account().rfind("scale_out", 0) == 0 ? entry.share() : 0;
    }
    const double slowdown = result.fabrics(1).step_time_s() / result.fabrics(0).step_time_s() - 1;
    std::printf("  exposed %.3f of the step: slower by %.4f, between %.4f and %.4f\n",
                exposed,
                slowdown,
                exposed / 15,
                1.0 / 15);
    EXPECT_GT(exposed, 0.5);
    EXPECT_GT(slowdown, 0.99 * exposed / 15);
    EXPECT_LT(slowdown, 1.0 / 15);
}

/// HPN's host: 8 NICs of two ports. What is bound to the rail takes twice as long, the rest does
/// not notice: on average over the NICs, 15/16 of the host's bytes per time.
TEST(LostPort, OneOfSixteenOfAHost)
{
    for (const char* level : {"flow-messages", "packet"})
    {
        const v1::Result result =
            RunBoth("hosts: 2 accelerators_per_host: 8 nic { rate: \"400Gbps\" }",
                    "name: \"dual-tor\" parameters { name: \"hosts_per_group\" value: \"2\" }",
                    "nic3.1",
                    "traffic { permutation { bytes: \"32MiB\" shift: 8 } }",
                    level);
        const double whole = result.fabrics(0).step_time_s();
        const double rail = result.fabrics(1).step_time_s();
        std::printf("  %-13s whole %.1f us, the rail %.1f us: %.4f (2 without latency)\n",
                    level,
                    1e6 * whole,
                    1e6 * rail,
                    rail / whole);
        EXPECT_GT(rail / whole, 1.95);
        EXPECT_LT(rail / whole, 2.01);
        const double median = result.fabrics(1).messages().p50_s();
        EXPECT_NEAR(median / result.fabrics(0).messages().p50_s(), 1, 0.01) << "the other rails";
        ExpectNothingLost(result.fabrics(1));
    }
}

} // namespace
} // namespace heddle
