// SPDX-License-Identifier: GPL-2.0-only
//
// Chance and causes from made-up runs with known answers.
#include "validate/fidelity-run.h"
#include "validate/verdict/fidelity-reason.h"

#include "ns3/rdma-transport.h"

#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace heddle
{
namespace
{

constexpr size_t kBehind = kMessageStates; ///< in the maps below

/// A message of 1,000 ps without the parts.
void
Add(v1::FidelityRun& run, uint32_t index, const std::map<size_t, int64_t>& parts)
{
    const auto part = [&](size_t p) { return parts.count(p) ? parts.at(p) : int64_t{0}; };
    run.add_from(0);
    run.add_to(1);
    run.add_channel(0);
    run.add_index(index);
    run.add_bytes(1);
    int64_t time = 1000 + part(kBehind);
    run.add_part_ps(part(kBehind));
    run.add_part_ps(1000); // ideal
    for (size_t state = 1; state < kMessageStates; ++state)
    {
        run.add_part_ps(part(state));
        time += part(state);
    }
    run.add_time_ps(time);
    run.set_step_ps(std::max(run.step_ps(), time));
}

constexpr size_t
Of(MessageState state)
{
    return static_cast<size_t>(state);
}

const FidelityFamily kFamily{"flow-messages", "w", "spray", "none", "1:1", {{"case", "", {}}}};

/// By chance only where packets miss the goal against themselves and one of their draws by as much.
TEST(FidelityReason, ChanceIsWhatPacketsDoNotRepeat)
{
    const auto run = [](int64_t wait)
    {
        v1::FidelityRun r;
        Add(r, 0, {{Of(MessageState::FabricQueue), wait}});
        return std::vector<v1::FidelityRun>{r};
    };
    struct Example
    {
        std::vector<int64_t> draws;
        double mean;
        double most;
        bool chance;
    };
    const std::vector<Example> examples{
        {{1000, 1000}, 0, 0, false},
        {{1150, 800}, 0.0875, 0.1, true}, // the flow level is 0.095 off
        {{1150, 820}, 0.0825, 0.09, false},
        {{1000, 1010, 990, 1200}, 0.0275, 0.1, false}, // packets keep to the goal on average
    };
    const std::vector<v1::FidelityRun> packet = run(1000); // 2,000 ps
    for (const Example& example : examples)
    {
        v1::FidelityFamily out = CompareFamily(kFamily, packet, run(1190));
        ASSERT_FALSE(out.within_goal());
        out.set_step_error(0); // of a step within its goal
        std::vector<std::vector<v1::FidelityRun>> draws;
        for (const int64_t wait : example.draws)
        {
            draws.push_back(run(wait));
        }
        CompareWithItself(kFamily, packet, draws, out);
        EXPECT_EQ(out.chance().draws(), example.draws.size());
        EXPECT_NEAR(out.chance().mean(), example.mean, 1e-9);
        EXPECT_NEAR(out.chance().most_mean(), example.most, 1e-9);
        EXPECT_NEAR(out.chance().step(), example.mean, 1e-9);
        EXPECT_EQ(out.repeats(), example.chance) << example.mean << ' ' << example.most;
    }
}

/// Shares add up to the whole error, also where parts cancel; pauses count as congestion.
TEST(FidelityReason, PartsAddUpToTheError)
{
    v1::FidelityRun packet;
    Add(packet, 0, {{Of(MessageState::Paused), 500}, {Of(MessageState::FabricQueue), 500}});
    Add(packet, 1, {{Of(MessageState::LossRecovery), 1000}});
    Add(packet, 2, {{Of(MessageState::LastHop), 1000}});
    v1::FidelityRun flow;
    Add(flow, 0, {{Of(MessageState::FabricQueue), 600}}); // 1,600 of 2,000: -20 %
    Add(flow, 1, {{kBehind, 1200}});                      // 2,200: +10 %, -50 and +60
    Add(flow, 2, {{Of(MessageState::LastHop), 1000}});
    packet.set_pause_frames(7);
    const v1::FidelityFamily out = CompareFamily(kFamily, {packet}, {flow});
    EXPECT_NEAR(out.mean_error(), 0.1, 1e-9);
    EXPECT_EQ(out.examined(), 3u);
    std::map<std::string, v1::FidelityCause> causes;
    double sum = 0;
    for (const v1::FidelityCause& cause : out.causes())
    {
        causes[cause.cause()] = cause;
        sum += cause.share();
    }
    EXPECT_NEAR(sum, 1, 1e-9);
    EXPECT_NEAR(causes["turns on a queue pair"].share(), 2, 1e-9); // 0.6 of 0.3
    EXPECT_NEAR(causes["pauses"].share(), 2.0 / 3, 1e-9);
    EXPECT_NEAR(causes["lost packets"].share(), -5.0 / 3, 1e-9);
    EXPECT_NEAR(causes["turns at NIC ports"].share(), 0, 1e-9);
    EXPECT_EQ(out.causes(0).cause(), "turns on a queue pair");
    EXPECT_NEAR(causes["pauses"].packet_s(), 1000e-12 / 3, 1e-18);
    EXPECT_NEAR(causes["pauses"].flow_s(), 600e-12 / 3, 1e-18);
    EXPECT_NEAR(causes["pauses"].apart_s(), 400e-12 / 3, 1e-18);
    EXPECT_EQ(causes["pauses"].messages(), 1u);
}

/// Where only the 99th percentile is missed, the messages beyond it say why.
TEST(FidelityReason, LooksAtTheMessagesThatAreFarOff)
{
    v1::FidelityRun packet;
    v1::FidelityRun flow;
    for (uint32_t i = 0; i < 20; ++i)
    {
        Add(packet, i, {{Of(MessageState::LastHop), 100}});
        Add(flow, i, {{Of(MessageState::LastHop), 90}});
    }
    Add(packet, 20, {{Of(MessageState::LossRecovery), 400}});
    Add(flow, 20, {});
    packet.set_retransmits(3);
    packet.set_timeouts(1);
    const v1::FidelityFamily out = CompareFamily(kFamily, {packet}, {flow});
    EXPECT_LT(out.mean_error(), kMeanGoal);
    EXPECT_EQ(out.examined(), 1u);
    EXPECT_EQ(out.causes(0).cause(), "lost packets");
    EXPECT_NEAR(out.causes(0).share(), 1, 1e-9);
    EXPECT_NE(out.reason().find("3 packets resent, 1 time-outs"), std::string::npos)
        << out.reason();
}

/// A step alone: what lies on the critical path, of the case that is farthest off.
TEST(FidelityReason, StepsByTheirCriticalPath)
{
    const FidelityFamily family{"flow",
                                "w",
                                "ecmp",
                                "none",
                                "link down",
                                {{"a", "", {}}, {"b", "", {}}}};
    const auto run = [](int64_t step, int64_t loss)
    {
        v1::FidelityRun r;
        r.set_step_ps(step);
        v1::AccountTime& entry = *r.add_critical_path();
        entry.set_account("scale_out_loss_recovery");
        entry.set_time_ps(loss);
        v1::AccountTime& other = *r.add_critical_path();
        other.set_account("scale_out_congestion");
        other.set_time_ps(step / 10);
        return r;
    };
    const v1::FidelityFamily out =
        CompareFamily(family, {run(1000, 0), run(2000, 900)}, {run(990, 0), run(1100, 0)});
    EXPECT_EQ(out.causes(0).cause(), "lost packets");
    EXPECT_NEAR(out.causes(0).packet_s(), 900e-12, 1e-18);
    EXPECT_EQ(out.examined(), 0u);
    EXPECT_EQ(out.reason().substr(0, 2), "b:") << out.reason();
    std::ostringstream text;
    v1::FidelityReport report;
    *report.add_families() = out;
    PrintFidelity(report, text);
    EXPECT_NE(text.str().find("1 beyond"), std::string::npos) << text.str();
    std::istringstream lines(text.str());
    for (std::string line; std::getline(lines, line);)
    {
        EXPECT_LE(line.size(), 100u) << line;
    }
}

} // namespace
} // namespace heddle
