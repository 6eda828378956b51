// SPDX-License-Identifier: GPL-2.0-only
//
// Wrong scenarios end with exit code 2, one message that names file, line and field, and no output.
#include "scratch-folder.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <sys/wait.h>

namespace
{

namespace fs = std::filesystem;

struct Outcome
{
    int code;
    std::string text; ///< stdout and stderr
};

class WrongScenario : public ::testing::Test
{
  protected:
    Outcome Run(const std::string& command,
                const std::string& scenario,
                const std::string& rest = "")
    {
        m_scratch.Write("s.textproto", scenario);
        const std::string line = std::string("cd ") + m_scratch.path().string() +
                                 " && " HEDDLE_APP " " + command + " s.textproto " + rest + " 2>&1";
        FILE* pipe = popen(line.c_str(), "r");
        std::string text;
        char buffer[4096];
        for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        {
            text.append(buffer, n);
        }
        const int status = pclose(pipe);
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
    }

    /// `run` and `check` refuse the scenario alike, naming `place` and `hint`, in one line.
    void ExpectRefused(const std::string& scenario,
                       const std::string& place,
                       const std::string& hint,
                       const std::string& rest = "")
    {
        for (const char* command : {"run", "check"})
        {
            const Outcome outcome = Run(command, scenario, rest);
            EXPECT_EQ(outcome.code, 2) << command << ": " << outcome.text;
            EXPECT_NE(outcome.text.find(place), std::string::npos)
                << "expected place: " << place << "\nactual: " << outcome.text;
            EXPECT_NE(outcome.text.find(hint), std::string::npos)
                << "expected: " << hint << "\nactual: " << outcome.text;
            const size_t first = outcome.text.find("heddle: ");
            EXPECT_EQ(first, 0u) << outcome.text;
            EXPECT_EQ(outcome.text.find("heddle: ", first + 1), std::string::npos)
                << "one message only: " << outcome.text;
            EXPECT_FALSE(fs::exists(m_scratch.File("results")));
        }
    }

    heddle::ScratchFolder m_scratch;
};

/// A right scenario: two hosts of two accelerators, a permutation.
const char* const kCluster = "cluster {\n"
                             "  hosts: 2\n"
                             "  accelerators_per_host: 2\n"
                             "  nic { rate: \"400Gbps\" }\n"
                             "}\n";
const char* const kFabric = "fabric { name: \"f\" topology { name: \"single-switch\" } }\n";
const char* const kTraffic = "workload { traffic { permutation { bytes: \"1MiB\" shift: 2 } } }\n";

std::string
Right()
{
    return std::string(kCluster) + kFabric + kTraffic;
}

TEST_F(WrongScenario, TheRightOneRuns)
{
    const Outcome outcome = Run("run", Right());
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    EXPECT_TRUE(fs::exists(m_scratch.File("results/s/result.json")));
    EXPECT_TRUE(fs::exists(m_scratch.File("results/s/result.pb")));
}

TEST_F(WrongScenario, BadUnit)
{
    const std::string cluster = "cluster { hosts: 2\n nic { rate: \"400Gibps\" } }\n";
    ExpectRefused(cluster + kFabric + kTraffic,
                  "s.textproto:2: cluster.nic.rate: ",
                  "unknown unit 'Gibps' in '400Gibps'; accepted: bps, kbps, Mbps, Gbps, Tbps");
}

TEST_F(WrongScenario, BareNumberInQuotes)
{
    const std::string cluster = "cluster { hosts: 2\n nic { rate: \"400\" } }\n";
    ExpectRefused(cluster + kFabric + kTraffic, "s.textproto:2: cluster.nic.rate: ", "has no unit");
}

TEST_F(WrongScenario, BareNumber)
{
    const std::string cluster = "cluster { hosts: 2\n nic { rate: 400 } }\n";
    ExpectRefused(cluster + kFabric + kTraffic, "s.textproto:2: rate: ", "bps, kbps, Mbps");
}

TEST_F(WrongScenario, MisspeltField)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\"\n topolgy { name: \"single-switch\" } }\n" + kTraffic,
                  "s.textproto:7: topolgy: ",
                  "Did you mean 'topology'?");
}

TEST_F(WrongScenario, UnknownTopology)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\"\n topology { name: \"singel-switch\" } }\n" + kTraffic,
                  "s.textproto:7: fabric[0].topology.name: ",
                  "Did you mean 'single-switch'?");
}

TEST_F(WrongScenario, UnknownAlgorithm)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\" topology { name: \"single-switch\" }\n"
                      " collectives { all_reduce: \"rign\" } }\n"
                      "workload { collective { kind: \"all-reduce\" bytes: \"1MiB\" } }\n",
                  "s.textproto:7: fabric[0].collectives.all_reduce: ",
                  "Did you mean 'ring'");
}

TEST_F(WrongScenario, AlgorithmThatCannotDoTheKind)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\" topology { name: \"single-switch\" }\n"
                      " collectives { all_reduce: \"pairwise\" } }\n"
                      "workload { collective { kind: \"all-reduce\" bytes: \"1MiB\" } }\n",
                  "s.textproto:7: fabric[0].collectives.all_reduce: ",
                  "for all-reduce");
}

TEST_F(WrongScenario, UnknownCongestionControlParameter)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\" topology { name: \"single-switch\" }\n"
                      " transport { congestion_control { name: \"none\"\n"
                      "  parameters { name: \"g\" value: \"0.1\" } } } }\n" +
                      kTraffic,
                  "s.textproto:8: fabric[0].transport.congestion_control.parameters[0].name: ",
                  "has no parameter 'g'");
}

TEST_F(WrongScenario, TrafficClasses)
{
    const std::pair<const char*, std::pair<const char*, const char*>> cases[] = {
        {"traffic_class { of: \"incast\" }", {"[0].priority", "is required"}},
        {"traffic_class { priority: 8 of: \"incast\" }", {"[0].priority", "7"}},
        {"traffic_class { priority: 6 of: \"incast\" }", {"[0].priority", "acknowledgements"}},
        {"traffic_class { priority: 5 }", {"[0].of", "which traffic?"}},
        {"traffic_class { priority: 5 of: \"incats\" }", {"[0].of", "Did you mean 'incast'?"}},
        {"traffic_class { priority: 5 of: \"message\" }", {"[0].of", "never leaves a host"}},
        {"traffic_class { priority: 5 of: \"incast\" weight: 0 }", {"[0].weight", "0"}},
        {"traffic_class { priority: 5 of: \"incast\" weight: 101 }", {"[0].weight", "100"}},
        {"traffic_class { priority: 5 of: \"incast\" strict: true weight: 2 }",
         {"[0].weight", "strict"}},
        {"traffic_class { priority: 5 of: \"send-receive\" }", {"[0].priority", "in one class"}},
        {"traffic_class { priority: 3 strict: true }", {"[0].priority", "in one class"}},
        {"traffic_class { priority: 5 of: \"incast\" strict: true }\n"
         "traffic_class { priority: 3 weight: 2 }",
         {"[1].weight", "no other class is weighted"}},
        {"traffic_class { priority: 5 of: \"incast\" }\n"
         "traffic_class { priority: 5 of: \"permutation\" }",
         {"[1].priority", "already"}},
        {"traffic_class { priority: 5 of: \"incast\" }\n"
         "traffic_class { priority: 4 of: \"send-receive\" }",
         {"[1].of", "in the class of priority 5 already"}},
        {"traffic_class { priority: 5 of: \"incast\" }\n"
         "traffic_class { priority: 4 of: \"permutation\" }\n"
         "traffic_class { priority: 3 strict: true }",
         {"[2].priority", "in other classes"}}};
    for (const auto& [classes, expected] : cases)
    {
        const std::string text = std::string(classes);
        const auto line = 7 + std::count(text.begin(), text.end(), '\n');
        ExpectRefused(std::string(kCluster) +
                          "fabric { name: \"f\" topology { name: \"single-switch\" }\n" + text +
                          " }\n"
                          "workload { traffic { permutation { bytes: \"1MiB\" shift: 2 }\n"
                          " incast { to: 0 from: 2 bytes: \"1MiB\" }\n"
                          " message { from: 0 to: 1 bytes: \"1MiB\" } } }\n",
                      "s.textproto:" + std::to_string(line) + ": fabric[0].traffic_class" +
                          expected.first + ": ",
                      expected.second);
    }
}

TEST_F(WrongScenario, BufferWithoutRoomForTheHeadroomOfEveryClass)
{
    const std::string fabric = "fabric { name: \"f\" topology { name: \"single-switch\" }\n switch "
                               "{ buffer: \"700kB\" }\n";
    const std::string traffic = "workload { traffic { permutation { bytes: \"1MiB\" shift: 2 }\n"
                                " incast { to: 0 from: 2 bytes: \"1MiB\" } } }\n";
    EXPECT_EQ(Run("check", std::string(kCluster) + fabric + "}\n" + traffic).code, 0);
    ExpectRefused(std::string(kCluster) + fabric +
                      " traffic_class { priority: 5 of: \"incast\" } }\n" + traffic,
                  "s.textproto:7: fabric[0].switch.buffer: ",
                  "fewer lossless classes");
}

TEST_F(WrongScenario, UnusedKnobEcn)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\" topology { name: \"single-switch\" }\n"
                      " switch { ecn { kmin: \"100kB\" } } }\n" +
                      kTraffic,
                  "s.textproto:7: fabric[0].switch.ecn: ",
                  "has no effect here");
}

TEST_F(WrongScenario, UnusedKnobPxn)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\" topology { name: \"single-switch\" }\n"
                      " collectives { pxn: true } }\n"
                      "workload { collective { kind: \"all-reduce\" bytes: \"1MiB\" } }\n",
                  "s.textproto:7: fabric[0].collectives.pxn: ",
                  "no all-to-all");
}

TEST_F(WrongScenario, UnusedKnobInDefaults)
{
    ExpectRefused(std::string(kCluster) + "defaults {\n leaf_spine { length: \"50m\" } }\n" +
                      kFabric + kTraffic,
                  "s.textproto:7: defaults.leaf_spine: ",
                  "has no such links");
}

TEST_F(WrongScenario, UnusedKnobBySet)
{
    ExpectRefused(Right(),
                  "--set fabric[0].switch.load_balancer.name=spray: "
                  "fabric[0].switch.load_balancer",
                  "one path",
                  "--set fabric[0].switch.load_balancer.name=spray");
}

TEST_F(WrongScenario, UnreachableRank)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\"\n topology { name: \"rail-only\" }\n"
                      " collectives { pxn: false } }\n"
                      "workload { collective { kind: \"all-to-all\" bytes: \"1MiB\" } }\n",
                  "s.textproto:7: fabric[0].topology: ",
                  "no path between their NICs");
}

TEST_F(WrongScenario, CyclicGraph)
{
    // Each waits for the other's message before it sends its own.
    const std::string task = "bytes: \"1kB\" } }\n";
    ExpectRefused(std::string(kCluster) + kFabric +
                      "workload { program {\n"
                      " task { rank: 0 name: \"r\" receive { peer: 2 " +
                      task + " task { rank: 0 name: \"s\" after: \"r\" send { peer: 2 " + task +
                      " task { rank: 2 name: \"r\" receive { peer: 0 " + task +
                      " task { rank: 2 name: \"s\" after: \"r\" send { peer: 0 " + task + "} }\n",
                  "s.textproto:7: workload.program: ",
                  "cycl");
}

TEST_F(WrongScenario, ZeroSize)
{
    ExpectRefused(std::string(kCluster) + kFabric +
                      "workload { collective { kind: \"all-reduce\"\n bytes: \"0\" } }\n",
                  "s.textproto:8: workload.collective.bytes: ",
                  "more than zero");
}

TEST_F(WrongScenario, TruncatedFile)
{
    const std::string whole = Right();
    ExpectRefused(whole.substr(0, whole.size() - 25), "s.textproto:7: ", "truncated");
}

TEST_F(WrongScenario, MissingWorkload)
{
    ExpectRefused(std::string(kCluster) + kFabric, "s.textproto:1: workload: ", "required");
}

TEST_F(WrongScenario, AbsurdSize)
{
    ExpectRefused(std::string(kCluster) + kFabric +
                      "workload { collective { kind: \"all-reduce\"\n bytes: \"900TB\" } }\n",
                  "s.textproto:6: fabric[0].topology: ",
                  "absurdly large");
    ExpectRefused(std::string(kCluster) + kFabric +
                      "workload { collective { kind: \"all-reduce\"\n bytes: \"2000TB\" } }\n",
                  "s.textproto:8: workload.collective.bytes: ",
                  "absurdly large");
}

TEST_F(WrongScenario, ContradictoryParallelism)
{
    ExpectRefused(std::string(kCluster) + kFabric +
                      "workload { training_step { model: \"llama3-8b\"\n"
                      " tensor_parallel: 2\n data_parallel: 4 } }\n",
                  "s.textproto:9: workload.training_step.data_parallel: ",
                  "4 accelerators / (2 tensor · 1 pipeline) = 2, not 4");
}

TEST_F(WrongScenario, ContradictoryExperts)
{
    ExpectRefused(std::string(kCluster) + kFabric +
                      "workload { training_step { model: \"llama3-8b\"\n"
                      " expert_parallel: 2 } }\n",
                  "s.textproto:8: workload.training_step.expert_parallel: ",
                  "has no experts");
}

TEST_F(WrongScenario, UnknownModel)
{
    ExpectRefused(std::string(kCluster) + kFabric +
                      "workload { training_step {\n model: \"lama3-8b\" } }\n",
                  "s.textproto:8: workload.training_step.model: ",
                  "Did you mean 'llama3-8b'");
}

TEST_F(WrongScenario, UnknownLink)
{
    ExpectRefused(std::string(kCluster) +
                      "fabric { name: \"f\" topology { name: \"single-switch\" }\n"
                      " faults { degraded { link: \"nic9-leaf0\" rate_factor: \"50%\" } } }\n" +
                      kTraffic,
                  "s.textproto:7: fabric[0].faults.degraded[0].link: ",
                  "has no link 'nic9-leaf0'");
}

TEST_F(WrongScenario, UnknownCommandAndOption)
{
    EXPECT_EQ(Run("rnu", Right()).code, 2);
    EXPECT_NE(Run("rnu", Right()).text.find("Did you mean 'run'"), std::string::npos);
    EXPECT_EQ(Run("run --sed 3", Right()).code, 2);
    EXPECT_NE(Run("run --sed 3", Right()).text.find("--seed"), std::string::npos);
}

} // namespace
