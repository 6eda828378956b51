// SPDX-License-Identifier: GPL-2.0-only
//
// Oracle: the same scenario on one thread. Random scenarios over every topology, load balancer,
// congestion control and reliability, with losses, failing links, PFC and the ideal fabric.
#include "report/files/json.h"
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "heddle-result.pb.h"
#include "ns3/base-random.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace heddle
{
namespace
{

constexpr uint32_t kScenarios = 14;
constexpr uint32_t kTopologyCount = 7;

/// Draws one of some texts; the same for the same scenario and purpose.
class Draw
{
  public:
    explicit Draw(uint32_t scenario) : m_random(13, "threads-test", scenario)
    {
    }

    std::string Of(const std::vector<std::string>& texts)
    {
        return texts[m_random.Below(m_draws++, static_cast<uint32_t>(texts.size()))];
    }

  private:
    RandomStream m_random;
    uint64_t m_draws = 0;
};

/// A handful of faults within 100 us.
const char* const kSampled = R"(sampled { rate_multiplier: "1.5e13" window: "100us" repair: "30us"
  flaps { per_link_day: "3e-6" mean_duration: "10us" retrain: "5us" } } )";

std::string
ScenarioText(uint32_t index)
{
    // In turn, so that none is left out; the rest is drawn.
    static const char* const kTopologies[][2] = {
        {R"(name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "2" })", "leaf0-spine0"},
        {R"(name: "fat-tree-3" parameters { name: "k" value: "4" })", ""},
        {R"(name: "rail-optimised" parameters { name: "hosts_per_group" value: "4" })", ""},
        {R"(name: "rail-only")", ""},
        {R"(name: "single-switch")", ""},
        {R"(name: "dual-tor" parameters { name: "hosts_per_group" value: "4" })",
         "nic3.1-leaf0-rail3b"},
        {R"(name: "multi-plane" parameters { name: "planes" value: "4" }
            parameters { name: "hosts_per_leaf" value: "2" })",
         "plane2-leaf1"}};
    Draw draw(index);
    const uint32_t which = index % kTopologyCount;
    const auto& topology = kTopologies[which];
    const bool severalPorts = which >= 5;
    const bool tree = which < 3 || severalPorts;
    const bool lossy = index % 2 == 1;
    std::string text = "cluster { hosts: 8 accelerators_per_host: ";
    text += which == 1 ? "2" : "4";
    text += R"( nic { rate: "400Gbps" }
scale_up { rate: "3.6Tbps" latency: "830ns" } jitter { kernel_sigma: "2%" } }
fabric { name: "f" topology { )";
    text += std::string(topology[0]) + " }";
    text += "nic_leaf { propagation: \"" + draw.Of({"20ns", "300ns"}) + "\" " +
            (lossy ? "loss_probability: \"0.1%\"" : "") + " } ";
    text += "switch { forwarding_latency: \"" + draw.Of({"300ns", "600ns"}) + "\" forwarding: \"" +
            draw.Of({"cut-through", "store-and-forward"}) + "\" ";
    const bool pfc = draw.Of({"yes", "no"}) == "yes";
    text += pfc ? R"(pfc: true buffer: "2MB" headroom: "50kB" )" : R"(pfc: false buffer: "1MB" )";
    text +=
        tree ? "load_balancer { name: \"" + draw.Of({"ecmp", "spray", "adaptive"}) + "\" } " : "";
    const std::string control = draw.Of({"none", "dcqcn", "dcqcn-paper"});
    text += control == "none" ? "" : R"(ecn { kmin: "20kB" kmax: "80kB" pmax: "20%" } )";
    text += topology[1][0] != 0 ? "reroute_delay: \"10us\" " : "";
    text += "} transport { retransmission_timeout: \"200us\" reliability: \"" +
            draw.Of({"go-back-n", "selective-repeat"}) + "\" congestion_control { name: \"" +
            control + "\" } ";
    text += severalPorts ? "port_choice: \"" + draw.Of({"spray", "hash", "round-robin"}) + "\" } "
                         : "} ";
    if (topology[1][0] != 0)
    {
        text += std::string("faults { down { link: \"") + topology[1] +
                "\" at: \"15us\" until: \"60us\" " +
                (index >= kTopologyCount ? "detection: \"5us\" " : "") + "} " +
                (index >= kTopologyCount ? kSampled : "") + "} ";
    }
    text += R"(collectives { software { name: "nccl-h100" } } } )";
    text += "workload { collective { kind: \"" + draw.Of({"all-to-all", "all-reduce"}) +
            "\" bytes: \"1MiB\" repeat: 2 compute_time: \"20us\" } } ";
    text += index < 3 ? "run { what_if: \"ideal-fabric\" }" : "run { what_if: \"none\" }";
    return text;
}

class RandomScenarios : public ::testing::TestWithParam<uint32_t>
{
  protected:
    static v1::Result Run(const std::string& text, unsigned threads, Engine engine = Engine::Fabric)
    {
        RunnerOptions options;
        options.engine = engine;
        options.threadsPerWorld = threads;
        return RunPlan(PlanOf(text), options);
    }

    static std::string Json(v1::Result result)
    {
        result.mutable_manifest()->clear_timing();
        return ToJson(result);
    }
};

TEST_P(RandomScenarios, AreTheSameOnAnyNumberOfThreads)
{
    const std::string text = ScenarioText(GetParam());
    SCOPED_TRACE(text);
    const std::string alone = Json(Run(text, 1));
    for (const unsigned threads : {2U, 3U, 8U})
    {
        const v1::Result result = Run(text, threads);
        for (const v1::WorldTiming& world : result.manifest().timing().worlds())
        {
            EXPECT_GT(world.partitions(), 1U) << world.why_one_partition();
            EXPECT_EQ(world.threads(), std::min(threads, world.partitions()));
        }
        EXPECT_EQ(Json(result), alone) << threads << " threads";
    }
}

INSTANTIATE_TEST_SUITE_P(All, RandomScenarios, ::testing::Range(0U, kScenarios));

TEST_F(RandomScenarios, TogetherExerciseWhatCrossesPartitions)
{
    uint64_t pauses = 0;
    uint64_t marks = 0;
    uint64_t lost = 0;
    uint64_t lostOnLinks = 0;
    uint64_t moves = 0;
    int drawn = 0;
    for (uint32_t i = 0; i < kScenarios; ++i)
    {
        const v1::Result result = Run(ScenarioText(i), 1);
        const v1::Counters& c = result.fabrics(0).counters();
        moves += c.port_moves();
        drawn += std::max(0, result.fabrics(0).faults_size() - 1);
        pauses += c.pause_frames();
        marks += c.ecn_marks();
        lost += c.dropped_random_loss();
        lostOnLinks += c.dropped_link_down();
    }
    EXPECT_GT(pauses, 0U);
    EXPECT_GT(marks, 0U);
    EXPECT_GT(lost, 0U);
    EXPECT_GT(lostOnLinks, 0U);
    EXPECT_GT(moves, 0U);
    EXPECT_GT(drawn, 3);
}

TEST_F(RandomScenarios, UnderNs3sOwnSimulatorToo)
{
    const std::string text = ScenarioText(0);
    EXPECT_EQ(Json(Run(text, 2, Engine::Default)), Json(Run(text, 1)));
}

} // namespace
} // namespace heddle
