// SPDX-License-Identifier: GPL-2.0-only
//
// Traffic classes from the scenario down: the same oracles at every level of detail, accounts that
// sum, and nothing at all without them.
#include "report/files/json.h"
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "heddle-result.pb.h"

#include <gtest/gtest.h>

namespace heddle
{
namespace
{

/// Payload of 4096 B in 4194 B on the wire (selective repeat addresses every packet).
constexpr double kPacketTime = 4194 * 8 / 400e9;
constexpr double kBulkPackets = 16384;
constexpr double kSmallPackets = 64;

/// A bulk all-to-all of two NICs and, 100 us later, a small transfer of one of them to a third,
/// which then computes for `work`.
std::string
BulkAndSmall(const std::string& classes, const std::string& level, const std::string& work)
{
    return "cluster { hosts: 3 accelerators_per_host: 1 nic { rate: \"400Gbps\" } }\n"
           "fabric { name: \"f\" topology { name: \"single-switch\" }\n" +
           classes +
           " }\n"
           "workload { program {\n"
           "communicator { name: \"bulk\" rank: 0 rank: 1 }\n"
           "task { rank: 0 rank: 1 name: \"b\" collective { communicator: \"bulk\" kind: "
           "\"all-to-all\" bytes: \"128MiB\" } }\n"
           "task { rank: 0 name: \"k\" compute { time: \"100us\" } }\n"
           "task { rank: 0 name: \"s\" after: \"k\" send { peer: 2 bytes: \"256KiB\" } }\n"
           "task { rank: 2 name: \"r\" receive { peer: 0 bytes: \"256KiB\" } }\n"
           "task { rank: 2 name: \"work\" after: \"r\" compute { time: \"" +
           work +
           "\" } } } }\n"
           "run { what_if: \"none\" fidelity: \"" +
           level + "\" }\n";
}

v1::FabricResult
ResultOf(const std::string& text)
{
    return RunPlan(PlanOf(text), {}).fabrics(0);
}

const char* const kStrict = "traffic_class { priority: 5 of: \"send-receive\" strict: true }";
const char* const kLevels[] = {"packet", "flow-messages", "max-min", "flow"};

/// When the small transfer is there; s.
double
Received(const std::string& classes, const std::string& level)
{
    return ResultOf(BulkAndSmall(classes, level, "10ms")).step_time_s() - 10e-3;
}

TEST(TrafficClasses, AStrictSmallTransferIsAsIfAlone)
{
    // Post 700 ns, two links of 3 m at 5 ns/m, a switch of 700 ns, completion 600 ns.
    const double alone = 100e-6 + 2.03e-6 + kSmallPackets * kPacketTime;
    for (const char* level : kLevels)
    {
        const double received = Received(kStrict, level);
        const double without = Received("", level);
        std::printf("  %s: %.2f us alone, %.2f us strict, %.2f us without classes\n",
                    level,
                    alone * 1e6,
                    received * 1e6,
                    without * 1e6);
        EXPECT_GE(received, alone - 0.1e-6) << level;
        EXPECT_LE(received, alone + 2 * kPacketTime + 0.1e-6) << level;
        EXPECT_GT(without, alone + 0.9 * kSmallPackets * kPacketTime) << level;
    }
}

TEST(TrafficClasses, ALinkStaysFullAndWaitingIsBooked)
{
    for (const char* level : kLevels)
    {
        const v1::FabricResult result = ResultOf(BulkAndSmall(kStrict, level, "1us"));
        const double expected = (kBulkPackets + kSmallPackets) * kPacketTime + 2e-6;
        EXPECT_NEAR(result.step_time_s() / expected, 1, 0.005) << level;
        for (const v1::RankLedger& rank : result.ranks())
        {
            int64_t root = 0;
            for (const v1::AccountTime& account : rank.root())
            {
                root += account.time_ps();
            }
            EXPECT_EQ(root, rank.idle_ps()) << level << ", rank " << rank.rank();
        }
    }
}

TEST(TrafficClasses, WeightsShareAPort)
{
    // 64 MiB each, three to one: the heavier one ends after 4/3 of its time alone.
    const std::string text = "cluster { hosts: 3 accelerators_per_host: 1 nic { rate: "
                             "\"400Gbps\" } }\n"
                             "fabric { name: \"f\" topology { name: \"single-switch\" }\n"
                             "traffic_class { priority: 1 of: \"heavy\" weight: 3 } }\n"
                             "workload { program {\n"
                             "communicator { name: \"heavy\" rank: 0 rank: 1 }\n"
                             "communicator { name: \"light\" rank: 0 rank: 2 }\n"
                             "task { rank: 0 rank: 1 name: \"h\" collective { communicator: "
                             "\"heavy\" kind: \"all-to-all\" bytes: \"128MiB\" } }\n"
                             "task { rank: 0 rank: 2 name: \"l\" collective { communicator: "
                             "\"light\" kind: \"all-to-all\" bytes: \"128MiB\" } }\n"
                             "task { rank: 1 name: \"work\" after: \"h\" compute { time: "
                             "\"10ms\" } } } }\n"
                             "run { what_if: \"none\" fidelity: \"";
    const double alone = kBulkPackets * kPacketTime;
    for (const char* level : kLevels)
    {
        const double heavy = ResultOf(text + level + "\" }\n").step_time_s() - 10e-3;
        std::printf("  %s: %.4f of the time alone, expected 1.3333\n", level, heavy / alone);
        EXPECT_NEAR(heavy / alone, 4.0 / 3, 0.015) << level;
    }
}

/// 32 accelerators, experts over hosts, pipeline, gradients.
std::string
Step(const std::string& classes, const std::string& level)
{
    return "cluster { hosts: 8 accelerators_per_host: 4 nic { rate: \"400Gbps\" } }\n"
           "fabric { name: \"f\" topology { name: \"fat-tree-2\" parameters { name: "
           "\"hosts_per_leaf\" value: \"2\" } parameters { name: \"oversubscription\" value: "
           "\"2\" } }\n" +
           classes +
           " collectives { software { name: \"nccl-h100\" } } }\n"
           "workload { training_step { model: \"qwen3-30b-a3b\" sequence: 512 tensor_parallel: 2 "
           "pipeline_parallel: 2 expert_parallel: 8 micro_batches: 2 slice { layers: 2 head: false "
           "optimizer: false } } }\n"
           "run { what_if: \"none\" fidelity: \"" +
           level + "\" }\n";
}

const char* const kStepClasses = "traffic_class { priority: 5 of: \"data\" strict: true }\n"
                                 "traffic_class { priority: 1 of: \"pipeline\" weight: 2 }\n";

TEST(TrafficClasses, ATrainingStepKeepsItsAccountsAndItsBytes)
{
    double truth = 0;
    for (const char* level : {"packet", "flow-messages", "flow"})
    {
        const v1::FabricResult with = ResultOf(Step(kStepClasses, level));
        truth = truth > 0 ? truth : with.step_time_s();
        EXPECT_NEAR(with.step_time_s() / truth, 1, 0.02) << level;
        const v1::FabricResult without = ResultOf(Step("", level));
        std::printf("  %s: %.1f us, without classes %.1f us\n",
                    level,
                    with.step_time_s() * 1e6,
                    without.step_time_s() * 1e6);
        EXPECT_EQ(with.messages().scale_out_bytes(), without.messages().scale_out_bytes());
        EXPECT_GT(with.step_time_s(), 1.05 * without.step_time_s()) << "gradients go first";
        for (const v1::RankLedger& rank : with.ranks())
        {
            int64_t root = 0;
            for (const v1::AccountTime& account : rank.root())
            {
                root += account.time_ps();
            }
            EXPECT_EQ(root, rank.idle_ps()) << level << ", rank " << rank.rank();
            EXPECT_EQ(rank.busy_nominal_ps() + rank.busy_jitter_ps() + rank.busy_interference_ps() +
                          rank.idle_ps(),
                      with.step_time_ps())
                << level << ", rank " << rank.rank();
        }
        ASSERT_TRUE(with.has_traffic_classes());
        EXPECT_FALSE(without.has_traffic_classes());
        uint64_t messages = 0;
        for (const v1::TrafficClassResult& one : with.traffic_classes().classes())
        {
            messages += one.messages();
        }
        EXPECT_EQ(messages, level == std::string("flow") ? 0 : with.messages().count()) << level;
    }
}

/// Three permutations and an incast of 4 on 16 NICs, by class.
TEST(TrafficClasses, MessagesOfEveryClassTakeAsLongAsInPackets)
{
    for (const char* balancer : {"ecmp", "spray"})
    {
        for (const char* turn : {"strict: true", "weight: 4"})
        {
            const auto run = [&](const char* level)
            {
                return ResultOf(
                    std::string("cluster { hosts: 16 accelerators_per_host: 1 nic { rate: "
                                "\"400Gbps\" } }\n"
                                "fabric { name: \"f\" topology { name: \"fat-tree-2\" parameters { "
                                "name: \"hosts_per_leaf\" value: \"4\" } }\n"
                                "switch { load_balancer { name: \"") +
                    balancer + "\" } } traffic_class { priority: 5 of: \"incast\" " + turn +
                    " } }\n"
                    "workload { traffic { permutation { bytes: \"4MiB\" }\n"
                    "permutation { bytes: \"4MiB\" shift: 5 }\n"
                    "permutation { bytes: \"256KiB\" shift: 6 }\n"
                    "incast { to: 0 from: 2 from: 5 from: 9 from: 13 bytes: \"1MiB\" } } }\n"
                    "run { what_if: \"none\" fidelity: \"" +
                    level + "\" }\n");
            };
            const v1::FabricResult packets = run("packet");
            const v1::FabricResult flows = run("flow-messages");
            for (int c = 0; c < 2; ++c)
            {
                const auto& expected = packets.traffic_classes().classes(c);
                const auto& actual = flows.traffic_classes().classes(c);
                std::printf("  %s, %s, priority %u: packets %.1f us, flows %.1f us\n",
                            balancer,
                            turn,
                            expected.priority(),
                            expected.mean_s() * 1e6,
                            actual.mean_s() * 1e6);
                EXPECT_EQ(expected.messages(), actual.messages());
                EXPECT_NEAR(actual.mean_s() / expected.mean_s(), 1, 0.05);
            }
        }
    }
}

TEST(TrafficClasses, AreTheSameOnAnyNumberOfThreads)
{
    const auto json = [](unsigned threads)
    {
        RunnerOptions options;
        options.threadsPerWorld = threads;
        v1::Result result = RunPlan(PlanOf(Step(kStepClasses, "packet")), options);
        EXPECT_EQ(result.manifest().timing().worlds(0).threads(), threads);
        result.mutable_manifest()->clear_timing();
        return ToJson(result);
    };
    EXPECT_EQ(json(3), json(1));
}

/// Fabrics that differ in their classes alone do not share an ideal fabric: NICs still have
/// classes.
TEST(TrafficClasses, CountInIdealWorlds)
{
    std::string text = BulkAndSmall(kStrict, "packet", "10ms");
    text.insert(text.find("workload"),
                "fabric { name: \"one class\" topology { name: \"single-switch\" } }\n");
    const v1::Result result = RunPlan(PlanOf(text, {"run.what_if=ideal-fabric"}), {});
    const double with = result.fabrics(0).ladder(1).step_time_s();
    const double without = result.fabrics(1).ladder(1).step_time_s();
    EXPECT_NEAR(with, result.fabrics(0).step_time_s(), 1e-6);
    EXPECT_NEAR(without, result.fabrics(1).step_time_s(), 1e-6);
    EXPECT_GT(without - with, 0.9 * kSmallPackets * kPacketTime);
}

/// Strict priorities above that of acknowledgements are noted, where there are any.
TEST(TrafficClasses, GoingBeforeAcknowledgementsIsNoted)
{
    const auto notes = [](const std::string& priority, const char* turn, const char* level)
    {
        const std::string classes =
            "traffic_class { priority: " + priority + " of: \"send-receive\" " + turn + " }";
        const Plan plan = PlanOf(BulkAndSmall(classes, level, "1us"));
        EXPECT_EQ(plan.notes, plan.workload.notes);
        return plan.notes;
    };
    const std::vector<std::string> noted = notes("7", "strict: true", "packet");
    ASSERT_EQ(noted.size(), 1u);
    EXPECT_NE(noted[0].find("fabric 'f'"), std::string::npos) << noted[0];
    EXPECT_NE(noted[0].find("priority 7 goes before acknowledgements"), std::string::npos)
        << noted[0];
    EXPECT_TRUE(notes("5", "strict: true", "packet").empty());
    EXPECT_TRUE(notes("7", "weight: 2", "packet").empty()) << "strict ones go before weighted ones";
    EXPECT_TRUE(notes("7", "strict: true", "flow").empty()) << "no acknowledgements to wait";
    const v1::Result result = RunPlan(
        PlanOf(BulkAndSmall("traffic_class { priority: 7 of: \"send-receive\" strict: true }",
                            "packet",
                            "1us")),
        {});
    ASSERT_EQ(result.note_size(), 1);
    EXPECT_EQ(result.note(0), noted[0]);
}

} // namespace
} // namespace heddle
