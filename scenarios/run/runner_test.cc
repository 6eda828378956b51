// SPDX-License-Identifier: GPL-2.0-only
//
// Whole runs by the library: determinism, taxes, ledger, engines.
#include "report/files/json.h"
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "ns3/base-errors.h"

#include "heddle-result.pb.h"

#include <cmath>
#include <gtest/gtest.h>

namespace heddle
{
namespace
{

class Runner : public ::testing::Test
{
  protected:
    v1::Result Run(const std::string& text,
                   const std::vector<std::string>& overrides = {},
                   Engine engine = Engine::Fabric)
    {
        RunnerOptions options;
        options.engine = engine;
        return RunPlan(PlanOf(text, overrides), options);
    }

    /// As written, less the one part that may differ between identical runs.
    static std::string Json(v1::Result result)
    {
        result.mutable_manifest()->clear_timing();
        return ToJson(result);
    }
};

/// Two hosts of two accelerators with jitter, computing and reducing over two fabrics.
const char* const kSmall = R"(
title: "small"
cluster {
  hosts: 4 accelerators_per_host: 2 nic { rate: "400Gbps" }
  jitter { persistent_sigma: "2%" kernel_sigma: "1%" }
}
defaults { collectives { software { name: "nccl-h100" } } }
fabric { name: "tree" topology { name: "fat-tree-2"
         parameters { name: "hosts_per_leaf" value: "2" } } }
fabric { name: "switch" topology { name: "single-switch" } }
workload { collective { kind: "all-to-all" bytes: "4MiB" repeat: 3 compute_time: "100us" } }
)";

TEST_F(Runner, SameSeedSameResultOtherSeedOther)
{
    const std::string first = Json(Run(kSmall));
    EXPECT_EQ(first, Json(Run(kSmall)));
    const v1::Result one = Run(kSmall);
    const v1::Result two = Run(kSmall, {"run.seed=2"});
    EXPECT_NE(one.fabrics(0).step_time_ps(), two.fabrics(0).step_time_ps());
}

TEST_F(Runner, TheEngineDoesNotMatter)
{
    EXPECT_EQ(Json(Run(kSmall, {}, Engine::Fabric)), Json(Run(kSmall, {}, Engine::Default)));
}

/// Flow levels on the same scenario: near packet level, on any engine the same.
TEST_F(Runner, FlowLevelsAreNearPacketLevel)
{
    const v1::Result packets = Run(kSmall);
    for (const std::string level : {"flow", "flow-messages"})
    {
        const std::vector<std::string> flow{"run.fidelity=" + level};
        const v1::Result flows = Run(kSmall, flow);
        EXPECT_EQ(flows.manifest().fidelity(), level);
        EXPECT_EQ(flows.manifest().packet_hops(), 0U);
        for (int f = 0; f < packets.fabrics_size(); ++f)
        {
            const v1::FabricResult& expected = packets.fabrics(f);
            const v1::FabricResult& actual = flows.fabrics(f);
            EXPECT_NEAR(actual.step_time_s(), expected.step_time_s(), 0.02 * expected.step_time_s())
                << level << ", " << expected.name();
            EXPECT_EQ(actual.messages().count(), expected.messages().count()) << expected.name();
            EXPECT_EQ(actual.messages().scale_out_bytes(), expected.messages().scale_out_bytes());
            EXPECT_EQ(actual.messages().scale_up_bytes(), expected.messages().scale_up_bytes());
        }
        EXPECT_EQ(Json(flows), Json(Run(kSmall, flow, Engine::Default))) << level;
    }
}

TEST_F(Runner, ManySteps)
{
    const std::vector<std::string> many{"run.fidelity=flow",
                                        "run.steps=100",
                                        "cluster.jitter.drift_steps=1"}; // new draws each step
    const v1::Result one = Run(kSmall, {"run.fidelity=flow"});
    const v1::Result result = Run(kSmall, many);
    for (int f = 0; f < result.fabrics_size(); ++f)
    {
        const v1::FabricResult& fabric = result.fabrics(f);
        const v1::Steps& steps = fabric.steps();
        EXPECT_EQ(fabric.step_time_ps(), one.fabrics(f).step_time_ps()) << "the first step's";
        EXPECT_FALSE(one.fabrics(f).has_steps());
        EXPECT_EQ(steps.count(), 100U);
        ASSERT_EQ(steps.step_time_s_size(), 100);
        EXPECT_EQ(steps.step_time_s(0), fabric.step_time_s());
        EXPECT_LE(steps.min_s(), steps.p50_s());
        EXPECT_LE(steps.p50_s(), steps.p90_s());
        EXPECT_LE(steps.p90_s(), steps.max_s());
        EXPECT_FALSE(steps.has_p99_s()) << "one step of a hundred is no percentile";
        // Three times the latest of 8 accelerators is waited for: 1.4 deviations each on average.
        EXPECT_GT(steps.jitter_amplification(), 1);
        EXPECT_LT(steps.jitter_amplification(), 3);
        double sum = 0;
        for (const v1::AccountTime& account : steps.root())
        {
            sum += account.share();
        }
        EXPECT_NEAR(sum, steps.idle_share(), 1e-12);
        EXPECT_GT(steps.root_places_size(), 0);
    }
    EXPECT_EQ(Json(result), Json(Run(kSmall, many, Engine::Default)));
    EXPECT_THROW(Run(kSmall, {"run.steps=2"}), InputError) << "not at packet level";
    EXPECT_THROW(Run(kSmall, {"run.fidelity=flow", "run.steps=0"}), InputError);
}

TEST_F(Runner, FlowLevelSaysWhatOnlyPacketsNotice)
{
    const std::vector<std::string> knobs{"fabric[0].switch.buffer=32MB",
                                         "fabric[0].switch.pfc=true",
                                         "run.fidelity=flow"};
    EXPECT_EQ(Run(kSmall, {knobs[0], knobs[1]}).note_size(), 0);
    const v1::Result flow = Run(kSmall, knobs);
    ASSERT_EQ(flow.note_size(), 1);
    EXPECT_NE(flow.note(0).find("switch.buffer"), std::string::npos) << flow.note(0);
    EXPECT_NE(flow.note(0).find("switch.pfc"), std::string::npos) << flow.note(0);
    // A window is of queue pairs, which messages have and whole collectives have not.
    const std::string window = "fabric[0].transport.window_packets=64";
    EXPECT_EQ(Run(kSmall, {window, "run.fidelity=flow"}).note_size(), 1);
    EXPECT_EQ(Run(kSmall, {window, "run.fidelity=flow-messages"}).note_size(), 0);
    // A retry limit makes "flow" go by messages, and says so.
    const v1::Result retries =
        Run(kSmall, {"fabric[0].transport.retry_limit=7", window, "run.fidelity=flow"});
    ASSERT_EQ(retries.note_size(), 1);
    EXPECT_NE(retries.note(0).find("is run at level \"flow-messages\""), std::string::npos);
}

TEST_F(Runner, LedgerSumsAreExactInTheResult)
{
    const v1::Result result = Run(kSmall);
    ASSERT_EQ(result.fabrics_size(), 2);
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        ASSERT_EQ(fabric.ranks_size(), 8);
        for (const v1::RankLedger& rank : fabric.ranks())
        {
            const int64_t busy =
                rank.busy_nominal_ps() + rank.busy_jitter_ps() + rank.busy_interference_ps();
            EXPECT_EQ(busy + rank.idle_ps(), fabric.step_time_ps());
            int64_t root = 0;
            int64_t proximate = 0;
            for (const v1::AccountTime& a : rank.root())
            {
                root += a.time_ps();
            }
            for (const v1::AccountTime& a : rank.proximate())
            {
                proximate += a.time_ps();
            }
            EXPECT_EQ(root, rank.idle_ps()) << "rank " << rank.rank();
            EXPECT_EQ(proximate, rank.idle_ps()) << "rank " << rank.rank();
        }
        const v1::Counters& c = fabric.counters();
        EXPECT_EQ(c.packets_injected(),
                  c.packets_delivered() + c.packets_in_flight() + c.dropped_buffer_full() +
                      c.dropped_link_down() + c.dropped_random_loss() + c.dropped_no_route());
    }
}

TEST_F(Runner, TaxesFollowFromTheLadder)
{
    const v1::FabricResult fabric = Run(kSmall).fabrics(0);
    ASSERT_EQ(fabric.ladder_size(), 4);
    EXPECT_EQ(fabric.ladder(0).step_time_ps(), fabric.step_time_ps());
    const double t0 = fabric.ladder(0).step_time_s();
    EXPECT_DOUBLE_EQ(fabric.taxes().fabric_tax(), 1 - fabric.ladder(1).step_time_s() / t0);
    EXPECT_DOUBLE_EQ(fabric.taxes().scale_out_tax_s(), t0 - fabric.ladder(2).step_time_s());
    EXPECT_DOUBLE_EQ(fabric.taxes().communication_tax_s(), t0 - fabric.ladder(3).step_time_s());
    // Without any communication what is left is three kernels on the slowest accelerator.
    EXPECT_GT(fabric.ladder(3).step_time_s(), 300e-6);
    EXPECT_LT(fabric.ladder(3).step_time_s(), 330e-6);
}

/// What a world takes away must be all that differs: no tie may fall another way.
TEST_F(Runner, WorldsWithoutScaleOutTrafficAreEqual)
{
    const v1::Result result = Run(R"(
cluster { hosts: 1 nic { rate: "400Gbps" } jitter { kernel_sigma: "1%" } }
fabric { name: "f" topology { name: "single-switch" }
         collectives { software { name: "nccl-h100" } } }
workload { collective { kind: "all-reduce" bytes: "16MiB" compute_time: "50us" } }
run { what_if: ["ideal-fabric", "infinite-scale-out"] }
)");
    const v1::FabricResult& fabric = result.fabrics(0);
    ASSERT_EQ(fabric.ladder_size(), 3);
    EXPECT_EQ(fabric.ladder(1).step_time_ps(), fabric.step_time_ps());
    EXPECT_EQ(fabric.ladder(2).step_time_ps(), fabric.step_time_ps());
    EXPECT_EQ(fabric.counters().packets_injected(), 0u);
}

TEST_F(Runner, RingAllReduceTakesItsClosedForm)
{
    const v1::Result result = Run(R"(
cluster { hosts: 8 accelerators_per_host: 1 nic { rate: "400Gbps" } }
fabric { name: "f" topology { name: "single-switch" }
         nic_leaf { propagation: "500ns" }
         switch { forwarding: "store-and-forward" forwarding_latency: "500ns" }
         transport { reliability: "go-back-n" ack_every_packets: 256
                     send_latency: "0" receive_latency: "0" } }
workload { collective { kind: "all-reduce" bytes: "64MiB" } }
run { what_if: "none" }
)");
    const double bytes = 64.0 * 1024 * 1024;
    const double goodput = 50e9 * 4096 / 4178;
    const double expected = 2 * 7 / 8.0 * bytes / goodput + 14 * 1.5e-6;
    EXPECT_NEAR(result.fabrics(0).step_time_s() / expected, 1, 0.005)
        << "expected " << expected << " s, actual " << result.fabrics(0).step_time_s() << " s";
    EXPECT_FALSE(result.fabrics(0).has_taxes());
}

TEST_F(Runner, LossIsCountedAndNothingHangs)
{
    const v1::Result result = Run(R"(
cluster { hosts: 4 accelerators_per_host: 1 nic { rate: "400Gbps" } }
fabric { name: "f" topology { name: "single-switch" } nic_leaf { loss_probability: "1%" }
         transport { retransmission_timeout: "100us" } }
workload { collective { kind: "all-to-all" bytes: "4MiB" } }
run { what_if: "ideal-fabric" }
)");
    const v1::Counters& c = result.fabrics(0).counters();
    EXPECT_GT(c.dropped_random_loss(), 0u);
    EXPECT_GT(c.retransmits(), 0u);
    EXPECT_GT(result.fabrics(0).taxes().fabric_tax(), 0);
}

} // namespace
} // namespace heddle
