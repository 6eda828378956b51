// SPDX-License-Identifier: GPL-2.0-only
//
// Faults and bit errors in whole runs: what the result says of them, stalls and aborts, measured
// loss against the formula.
#include "report/files/json.h"
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "heddle-result.pb.h"
#include "ns3/base-errors.h"
#include "ns3/optics-fec.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>

namespace heddle
{
namespace
{

v1::FabricResult
RunText(const std::string& text, const std::vector<std::string>& overrides = {})
{
    return RunPlan(PlanOf(text, overrides), {}).fabrics(0);
}

std::string
WhyItFailed(const std::string& text, const std::vector<std::string>& overrides = {})
{
    try
    {
        RunText(text, overrides);
    }
    catch (const RunError& error)
    {
        return error.what();
    }
    return "";
}

double
Share(const v1::FabricResult& fabric, const std::string& account)
{
    double share = 0;
    for (const v1::AccountTime& entry : fabric.ledger().root())
    {
        share += entry.account().find(account) != std::string::npos ? entry.share() : 0;
    }
    return share;
}

/// Two hosts of one NIC of two ports, one message of 0.8 ms; the first port's link dies at 0.1 ms.
std::string
TwoPorts(const std::string& outage, const std::string& transport)
{
    return R"(
cluster { hosts: 2 accelerators_per_host: 1 nic { rate: "400Gbps" } }
fabric { name: "f"
  topology { name: "dual-tor" parameters { name: "hosts_per_group" value: "1" } }
  switch { reroute_delay: "10ms" }
  transport { port_choice: "round-robin" retry_limit: 7 retransmission_timeout: "4.295s" )" +
           transport + R"( }
  faults { down { link: "nic0.0" at: "100us" until: ")" +
           outage + R"(" } } }
workload { traffic { message { from: 0 to: 1 bytes: "20MB" } } }
run { what_if: "none" }
)";
}

/// A link down for 0.1, 1, 10, 40 s: without failover the run stalls for as long, or aborts; with
/// it it takes the other port after 10 ms. The same at flow level.
TEST(FaultsRun, StalledOrAborted)
{
    for (const char* fidelity : {"packet", "flow"})
    {
        const std::vector<std::string> level{std::string("run.fidelity=") + fidelity};
        for (const char* outage : {"0.1s", "1s", "10s"})
        {
            const double seconds = std::strtod(outage, nullptr);
            const v1::FabricResult stuck = RunText(TwoPorts(outage, "port_failover: false"), level);
            EXPECT_GE(stuck.step_time_s(), seconds) << fidelity;
            EXPECT_LE(stuck.step_time_s(), std::ceil(seconds / 4.295) * 4.295 + 0.1) << fidelity;
            EXPECT_GT(Share(stuck, "failure") + Share(stuck, "loss_recovery"), 0.9)
                << fidelity << ", " << outage;
            const v1::FabricResult moved = RunText(TwoPorts(outage, ""), level);
            EXPECT_LT(moved.step_time_s(), 4.4) << fidelity << ", " << outage;
        }
        EXPECT_NE(WhyItFailed(TwoPorts("40s", "port_failover: false"), level).find("checkpoint"),
                  std::string::npos)
            << fidelity;
        EXPECT_EQ(WhyItFailed(TwoPorts("40s", ""), level), "") << fidelity;
    }
}

/// Last packets and their acknowledgements on a link that dies, before and after they leave:
/// whether a collective waits for a time-out, at level flow as with packets.
TEST(FaultsRun, LastPacketsOfACollective)
{
    struct Row
    {
        const char* balancer;
        unsigned hosts;
        const char* collective;
        bool timesOut;
    };

    const Row rows[] = {
        {"ecmp", 8, "kind: \"all-to-all\" bytes: \"1MiB\"", true}, // in flight when it dies
        {"spray", 8, "kind: \"all-to-all\" bytes: \"1MiB\"", true},
        {"adaptive", 8, "kind: \"all-to-all\" bytes: \"1MiB\"", true},
        {"spray", 16, "kind: \"all-to-all\" bytes: \"1MiB\"", true}, // while it is dead
        {"spray", 8, "kind: \"all-to-all\" bytes: \"4MiB\"", false}, // the routes know before
        {"spray", 8, "kind: \"all-reduce\" bytes: \"1MiB\"", false}, // others follow
    };
    for (const Row& row : rows)
    {
        const std::string text = "cluster { hosts: " + std::to_string(row.hosts) +
                                 " accelerators_per_host: 1 nic { rate: \"400Gbps\" } }\n"
                                 "fabric { name: \"f\" topology { name: \"fat-tree-2\"\n"
                                 "  parameters { name: \"hosts_per_leaf\" value: \"4\" } }\n"
                                 "  switch { load_balancer { name: \"" +
                                 row.balancer +
                                 "\" } reroute_delay: \"50us\" }\n"
                                 "  transport { congestion_control { name: \"none\" } }\n"
                                 "  faults { down { link: \"leaf0-spine0\" at: \"20us\" } } }\n"
                                 "workload { collective { " +
                                 row.collective + " } }\nrun { what_if: \"none\" }\n";
        const std::string where = std::string(row.balancer) + ", " + row.collective;
        const v1::FabricResult packet = RunText(text, {"run.fidelity=packet"});
        const v1::FabricResult flow = RunText(text, {"run.fidelity=flow"});
        std::printf("  %-50s packets %8.1f us, %3d time-outs; flow %8.1f us\n",
                    where.c_str(),
                    packet.step_time_s() * 1e6,
                    static_cast<int>(packet.counters().timeouts()),
                    flow.step_time_s() * 1e6);
        EXPECT_EQ(packet.counters().timeouts() > 0, row.timesOut) << where;
        EXPECT_EQ(flow.step_time_s() > 4e-3, row.timesOut) << where;
        EXPECT_NEAR(flow.step_time_s() / packet.step_time_s(), 1, 0.04) << where;
        EXPECT_EQ(Share(flow, "loss_recovery") > 0.9, row.timesOut) << where;
    }
}

/// Every fault is listed with its times, drawn or not.
TEST(FaultsRun, TheResultListsThem)
{
    const std::string text = R"(
cluster { hosts: 8 accelerators_per_host: 2 nic { rate: "400Gbps" } }
fabric { name: "f" topology { name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "2" } }
  leaf_spine { technology { name: "dsp-pluggable" } }
  switch { load_balancer { name: "adaptive" } reroute_delay: "20us" }
  transport { retransmission_timeout: "100us" }
  faults {
    degraded { link: "leaf1-spine1" at: "5us" lost_lanes: 1 }
    down { link: "leaf0-spine0" at: "10us" until: "90us" detection: "8us" }
    flap { link: "leaf1-spine0" at: "20us" mean_duration: "10us" retrain: "5us" }
    part { of: "leaf2" part: "module" index: 3 at: "30us" until: "80us" }
    sampled { rate_multiplier: "3e12" window: "60us" repair: "20us" switch_fit: "0" }
  } }
workload { collective { kind: "all-to-all" bytes: "4MiB" } }
run { what_if: "no-failures" }
)";
    const v1::FabricResult fabric = RunText(text);
    int sampled = 0;
    std::vector<std::string> kinds;
    double last = 0;
    for (const v1::FaultRecord& fault : fabric.faults())
    {
        EXPECT_GE(fault.at_s(), last);
        last = fault.at_s();
        sampled += fault.sampled();
        if (!fault.sampled())
        {
            kinds.push_back(fault.kind() + " " + fault.what());
        }
        EXPECT_EQ(fault.links(), 1u);
    }
    const std::vector<std::string> expected{"degraded leaf1-spine1",
                                            "down leaf0-spine0",
                                            "flap leaf1-spine0",
                                            "module leaf2 module 3"};
    EXPECT_EQ(kinds, expected);
    EXPECT_GT(sampled, 0);
    EXPECT_GT(fabric.counters().dropped_link_down(), 0u);
    EXPECT_DOUBLE_EQ(fabric.faults(1).detection_s(), 8e-6);
    // 20us + a draw + 5us.
    EXPECT_GT(fabric.faults(2).until_s(), 25e-6);
    ASSERT_EQ(fabric.ladder_size(), 2);
    EXPECT_LT(fabric.ladder(1).step_time_s(), fabric.step_time_s());
    const v1::FabricResult again = RunText(text, {"run.seed=2"});
    EXPECT_NE(again.faults(2).until_s(), fabric.faults(2).until_s());
}

/// KP4 at a bit-error ratio at which some frames are lost: as many as the formula says.
TEST(FaultsRun, MeasuredLossIsTheFormulas)
{
    const double ratio = 1.1e-3;
    const v1::FabricResult fabric = RunText(R"(
cluster { hosts: 4 accelerators_per_host: 1 nic { rate: "400Gbps" } }
fabric { name: "f" topology { name: "single-switch" }
  nic_leaf { bit_errors { ratio: "1.1e-3" } }
  transport { retransmission_timeout: "200us" } }
workload { traffic { permutation { bytes: "400MB" shift: 1 } } }
run { what_if: "none" }
)");
    const v1::Counters& c = fabric.counters();
    const double data = FrameLossRatio(kKp4, {ratio}, 4194 - 20);
    const double ack = FrameLossRatio(kKp4, {ratio}, 86 - 20);
    const auto frames = static_cast<double>(c.data_packets() + c.retransmits());
    const auto acks = static_cast<double>(c.acks());
    const double expected = frames * data * (2 - data) + acks * ack * (2 - ack); // two links each
    const auto measured = static_cast<double>(c.dropped_random_loss());
    std::printf("  %.0f frames, P(lost) %.3g: expected %.1f lost, measured %.0f\n",
                frames,
                data,
                expected,
                measured);
    EXPECT_GT(expected, 100);
    EXPECT_NEAR(measured, expected, 3 * std::sqrt(expected));
    ASSERT_EQ(fabric.bit_errors_size(), 1);
    EXPECT_NEAR(fabric.bit_errors(0).worst_frame_loss() / data, 1, 1e-9);
}

/// 64 hosts on one switch, everybody to everybody: frames lost against p per link.
void
ExpectLoss(const std::string& bytes, double p)
{
    char ratio[32];
    std::snprintf(ratio, sizeof ratio, "%g", p);
    const v1::FabricResult fabric = RunText(R"(
cluster { hosts: 64 accelerators_per_host: 1 nic { rate: "400Gbps" } }
fabric { name: "f" topology { name: "single-switch" }
  nic_leaf { loss_probability: ")" + std::string(ratio) +
                                            R"(" }
  transport { reliability: "selective-repeat" retransmission_timeout: "500us" } }
workload { collective { kind: "all-to-all" bytes: ")" +
                                            bytes + R"(" } }
run { what_if: "none" }
)");
    const v1::Counters& c = fabric.counters();
    const double eitherLink = p * (2 - p);
    const auto all = static_cast<double>(c.packets_injected());
    const auto data = static_cast<double>(c.data_packets() + c.retransmits());
    const auto lost = static_cast<double>(c.dropped_random_loss());
    const auto resent = static_cast<double>(c.retransmits());
    std::printf("  %.4g data frames of %.4g: %.0f lost, %.1f ± %.1f expected; %.0f data frames "
                "resent, %.1f ± %.1f expected\n",
                data,
                all,
                lost,
                all * eitherLink,
                std::sqrt(all * eitherLink),
                resent,
                data * eitherLink,
                std::sqrt(data * eitherLink));
    EXPECT_NEAR(lost, all * eitherLink, 3 * std::sqrt(all * eitherLink));
    EXPECT_NEAR(resent, data * eitherLink, 3 * std::sqrt(data * eitherLink));
}

TEST(FaultsRun, LossOverAMillionPackets)
{
    ExpectLoss("64MiB", 1e-4);
}

/// `./heddle test --all`: about a minute of a core.
TEST(Slow, LossOverAHundredMillionPackets)
{
    if (std::getenv("HEDDLE_SLOW") == nullptr)
    {
        GTEST_SKIP() << "set HEDDLE_SLOW=1";
    }
    ExpectLoss("6GiB", 1e-5);
}

} // namespace
} // namespace heddle
