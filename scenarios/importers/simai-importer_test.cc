// SPDX-License-Identifier: GPL-2.0-only
#include "simai-importer.h"

#include "importer.h"

#include "ns3/base-errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace heddle
{
namespace
{

namespace fs = std::filesystem;

std::string
Example()
{
    return (fs::path(__FILE__).parent_path() / "testdata" / "simai-small.txt").string();
}

TaskGraph
Import(const std::string& path, Rank ranks, std::vector<std::string>* notes = nullptr)
{
    SimaiOptions options;
    options.ranks = ranks;
    options.notes = notes;
    return ImportSimai(path, options);
}

/// Calls and bytes of one rank by "kind group": the graph's side.
struct Traffic
{
    uint64_t calls = 0;
    uint64_t bytes = 0;

    bool operator==(const Traffic& other) const
    {
        return calls == other.calls && bytes == other.bytes;
    }
};

std::ostream&
operator<<(std::ostream& out, const Traffic& t)
{
    return out << t.calls << " calls, " << t.bytes << " bytes";
}

using TrafficTable = std::map<std::string, Traffic>;

TrafficTable
TrafficOf(const TaskGraph& graph, Rank rank)
{
    static const char* const kinds[] = {"ALLREDUCE",
                                        "ALLGATHER",
                                        "REDUCESCATTER",
                                        "ALLTOALL",
                                        "BROADCAST"};
    TrafficTable table;
    for (TaskId id : graph.program(rank))
    {
        const Task& task = graph.tasks()[id];
        if (task.kind == TaskKind::Collective)
        {
            std::string group = graph.communicators()[task.comm].name;
            group.erase(group.find_last_not_of("0123456789") + 1);
            Traffic& t = table[std::string(kinds[static_cast<int>(task.collective)]) + " " + group];
            ++t.calls;
            t.bytes += task.bytes;
        }
    }
    return table;
}

double
SecondsOf(const TaskGraph& graph, Rank rank, ComputeClass computeClass)
{
    double seconds = 0;
    for (TaskId id : graph.program(rank))
    {
        const Task& task = graph.tasks()[id];
        if (task.kind == TaskKind::Compute && task.computeClass == computeClass)
        {
            seconds += task.fixedSeconds;
        }
    }
    return seconds;
}

/// The file's own numbers, read with nothing but stream extraction.
struct FileNumbers
{
    TrafficTable traffic;
    double computeSeconds = 0;
};

FileNumbers
NumbersOf(const std::string& path, const std::map<std::string, uint32_t>& groupSizes)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    int layers = 0;
    file >> layers;
    FileNumbers numbers;
    for (int i = 0; i < layers; ++i)
    {
        std::string name;
        int dependency = 0;
        file >> name >> dependency;
        for (int column = 0; column < 3; ++column)
        {
            uint64_t compute = 0;
            std::string word;
            uint64_t bytes = 0;
            file >> compute >> word >> bytes;
            numbers.computeSeconds += static_cast<double>(compute) * 1e-9;
            std::string group = column == 2 ? "data" : "tensor";
            const size_t suffix = word.find('_');
            if (suffix != std::string::npos)
            {
                group = word.substr(suffix) == "_EP" ? "expert" : "data-expert";
                word.resize(suffix);
            }
            if (word != "NONE" && bytes > 0 && groupSizes.at(group) > 1)
            {
                ++numbers.traffic[word + " " + group].calls;
                numbers.traffic[word + " " + group].bytes += bytes;
            }
        }
        uint64_t update = 0;
        file >> update;
    }
    EXPECT_TRUE(file.good() || file.eof()) << path;
    return numbers;
}

void
ExpectFileNumbers(const std::string& path, Rank ranks)
{
    SimaiOptions options;
    options.ranks = ranks;
    const SimaiGroups groups = FormSimaiGroups(ReadSimai(path), options);
    const FileNumbers expected = NumbersOf(path,
                                           {{"tensor", groups.tensor},
                                            {"data", groups.data},
                                            {"expert", groups.expert},
                                            {"data-expert", groups.dataExpert}});
    const TaskGraph graph = Import(path, ranks);
    EXPECT_EQ(graph.ranks(), groups.ranks) << path;
    for (Rank rank : {Rank{0}, groups.ranks / 2, groups.ranks - 1})
    {
        EXPECT_EQ(TrafficOf(graph, rank), expected.traffic) << path << " rank " << rank;
        EXPECT_NEAR(SecondsOf(graph, rank, ComputeClass::Kernel),
                    expected.computeSeconds,
                    1e-9 * expected.computeSeconds)
            << path << " rank " << rank;
    }
    graph.Validate();
}

/// End of one rank's program when every collective lasts `collective` seconds: streams in order,
/// everything else by dependency. All ranks are alike, so partners arrive together.
double
Makespan(const TaskGraph& graph, Rank rank, double collective)
{
    std::map<TaskId, double> end;
    std::map<CommId, double> commFree;
    double computeFree = 0;
    double last = 0;
    for (TaskId id : graph.program(rank))
    {
        const Task& task = graph.tasks()[id];
        double start = task.kind == TaskKind::Compute ? computeFree : commFree[task.comm];
        for (const TaskId* dep = graph.depsBegin(task); dep != graph.depsEnd(task); ++dep)
        {
            start = std::max(start, end.at(*dep));
        }
        const bool compute = task.kind == TaskKind::Compute;
        end[id] = start + (compute ? task.fixedSeconds : collective);
        (compute ? computeFree : commFree[task.comm]) = end[id];
        last = std::max(last, end[id]);
    }
    return last;
}

/// Writes a workload to a temporary file and imports it.
TaskGraph
ImportText(const std::string& text, const SimaiOptions& options)
{
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    const fs::path path =
        fs::temp_directory_path() / (std::string("heddle-import-") + test->name() + ".txt");
    std::ofstream(path) << text;
    TaskGraph graph = ImportSimai(path.string(), options);
    fs::remove(path);
    graph.Validate();
    return graph;
}

std::vector<std::string>
LabelsOf(const TaskGraph& graph, Rank rank)
{
    std::vector<std::string> labels;
    for (TaskId id : graph.program(rank))
    {
        labels.push_back(graph.labels()[graph.tasks()[id].label]);
    }
    return labels;
}

TEST(SimaiImporter, ExampleByHand)
{
    std::vector<std::string> notes;
    const TaskGraph graph = Import(Example(), 0, &notes);
    EXPECT_EQ(graph.ranks(), 16U);
    graph.Validate();
    const TrafficTable expected{{"BROADCAST tensor", {1, 16384}},
                                {"ALLGATHER tensor", {1, 1000000}},
                                {"REDUCESCATTER tensor", {1, 1000000}},
                                {"ALLREDUCE tensor", {1, 500000}},
                                {"ALLTOALL expert", {2, 4000000}},
                                {"ALLREDUCE data-expert", {1, 3000000}},
                                {"REDUCESCATTER data", {1, 4000000}},
                                {"ALLGATHER data", {1, 4000000}}};
    for (Rank rank = 0; rank < 16; ++rank)
    {
        EXPECT_EQ(TrafficOf(graph, rank), expected) << "rank " << rank;
        // 100001 + 130002 + 130002 ns forward, input and weight gradient.
        EXPECT_NEAR(SecondsOf(graph, rank, ComputeClass::Kernel), 360005e-9, 1e-15);
        EXPECT_NEAR(SecondsOf(graph, rank, ComputeClass::Optimizer), 300e-9, 1e-15);
        EXPECT_NEAR(SecondsOf(graph, rank, ComputeClass::HostOverhead), 600e-9, 1e-15);
    }
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("simai-small.txt:1:1: 1 collectives of zero bytes"), std::string::npos)
        << notes[0];
    ExpectFileNumbers(Example(), 0);
    ExpectFileNumbers(Example(), 64);
}

TEST(SimaiImporter, GroupsAsSimaiFormsThem)
{
    // 16 ranks, tensor 2, expert 2: data 8, data-expert 4.
    const TaskGraph graph = Import(Example(), 16);
    std::map<std::string, std::vector<Rank>> comms;
    for (const Communicator& comm : graph.communicators())
    {
        comms[comm.name] = comm.ranks;
    }
    EXPECT_EQ(comms.size(), 8U + 2U + 8U + 4U);
    EXPECT_EQ(comms["tensor3"], (std::vector<Rank>{6, 7}));
    EXPECT_EQ(comms["data1"], (std::vector<Rank>{1, 3, 5, 7, 9, 11, 13, 15}));
    EXPECT_EQ(comms["expert0"], (std::vector<Rank>{0, 2}));
    EXPECT_EQ(comms["expert1"], (std::vector<Rank>{1, 3}));
    EXPECT_EQ(comms["expert2"], (std::vector<Rank>{4, 6}));
    EXPECT_EQ(comms["data-expert0"], (std::vector<Rank>{0, 4, 8, 12}));
    EXPECT_EQ(comms["data-expert3"], (std::vector<Rank>{3, 7, 11, 15}));
}

TEST(SimaiImporter, GroupsPartitionTheRanks)
{
    for (const SimaiGroups& groups : {SimaiGroups{96, 1, 4, 24, 6, 4},
                                      SimaiGroups{96, 3, 2, 16, 4, 4},
                                      SimaiGroups{30, 1, 1, 30, 5, 6}})
    {
        for (size_t g = 0; g < kSimaiGroups; ++g)
        {
            const auto group = static_cast<SimaiGroup>(g);
            std::set<std::vector<Rank>> distinct;
            for (Rank rank = 0; rank < groups.ranks; ++rank)
            {
                const auto members = SimaiMembers(groups, group, rank);
                EXPECT_EQ(std::count(members.begin(), members.end(), rank), 1)
                    << SimaiGroupName(group) << " of rank " << rank;
                EXPECT_TRUE(std::is_sorted(members.begin(), members.end()));
                EXPECT_LT(members.back(), groups.ranks);
                distinct.insert(members);
            }
            EXPECT_EQ(distinct.size() * SimaiGroupSize(groups, group), groups.ranks)
                << SimaiGroupName(group);
        }
    }
}

TEST(SimaiImporter, OrderOfExecution)
{
    SimaiOptions options;
    options.ranks = 4;
    const std::string rows = "2\n"
                             "a -1 1000 ALLREDUCE 8 2000 ALLREDUCE 8 3000 ALLREDUCE 8 100\n"
                             "b -1 4000 ALLREDUCE 8 5000 ALLREDUCE 8 6000 ALLREDUCE 8 200\n";
    const TaskGraph graph =
        ImportText("HYBRID_TRANSFORMER model_parallel_NPU_group: 2\n" + rows, options);
    EXPECT_EQ(LabelsOf(graph, 3),
              (std::vector<std::string>{"a fwd",
                                        "a fwd ALLREDUCE",
                                        "a fwd update",
                                        "b fwd",
                                        "b fwd ALLREDUCE",
                                        "b fwd update",
                                        "b igrad",
                                        "b igrad ALLREDUCE",
                                        "b igrad update",
                                        "b wgrad",
                                        "b wgrad ALLREDUCE",
                                        "a igrad",
                                        "a igrad ALLREDUCE",
                                        "a igrad update",
                                        "a wgrad",
                                        "a wgrad ALLREDUCE",
                                        "b update",
                                        "a update"}));
    // 21 us of kernels, four exposed tensor collectives with 600 ns of updates; b's gradients hide
    // under a's backward pass (10.1 us), a's do not, and two updates of 300 ns follow.
    EXPECT_NEAR(Makespan(graph, 0, 1e-6), 21e-6 + 4e-6 + 600e-9 + 1e-6 + 100e-9, 1e-12);
    // With 20 us each, b's gradients end 20 us after they start, and a's follow on the same
    // communicator 20 us later.
    EXPECT_NEAR(Makespan(graph, 0, 20e-6),
                1e-6 + 4e-6 + 5e-6 + 6e-6 + 3 * 20e-6 + 500e-9 // until b's gradients
                    + 2e-6 + 20e-6 + 100e-9 + 3e-6             // a's backward pass is the longer
                    + 20e-6 + 100e-9,
                1e-12);
    // Data parallelism: the weight gradient precedes the input gradient, and that of layer 0 is
    // not computed. 8 us after the forward pass: 6 (b wgrad) + 5 (b igrad) + 3 (a wgrad).
    const TaskGraph data = ImportText("DATA\n" + rows, options);
    EXPECT_EQ(LabelsOf(data, 0),
              (std::vector<std::string>{"a fwd",
                                        "b fwd",
                                        "b wgrad",
                                        "b wgrad ALLREDUCE",
                                        "b igrad",
                                        "a wgrad",
                                        "a wgrad ALLREDUCE",
                                        "b update",
                                        "a update"}));
    EXPECT_EQ(data.communicators().size(), 1U);
    EXPECT_EQ(data.communicators()[0].ranks.size(), 4U);
    // Hybrid data-model: b's input-gradient collective (1 us) hides under its weight gradient.
    const TaskGraph hybrid =
        ImportText("HYBRID_DATA_MODEL model_parallel_NPU_group: 2\n" + rows, options);
    EXPECT_NEAR(Makespan(hybrid, 0, 1e-6),
                21e-6 + 2e-6 + 300e-9 /* forward */ + 200e-9 /* b igrad update */ + 1e-6 + 100e-9,
                1e-12);
    // Inference: forward only, on all ranks. Micro: weight-gradient collectives only.
    const TaskGraph inference = ImportText("DISTRIBUTED_INFERENCE\n" + rows, options);
    EXPECT_EQ(inference.program(0).size(), 6U);
    EXPECT_NEAR(Makespan(inference, 0, 1e-6), 5e-6 + 2e-6 + 300e-9, 1e-12);
    const TaskGraph micro = ImportText("MICRO\n" + rows, options);
    EXPECT_EQ(TrafficOf(micro, 1), (TrafficTable{{"ALLREDUCE all", {2, 16}}}));
    EXPECT_NEAR(Makespan(micro, 0, 1e-6), 2e-6 + 200e-9, 1e-12);
}

TEST(SimaiImporter, CheckpointsRecompute)
{
    SimaiOptions options;
    options.ranks = 2;
    const TaskGraph graph =
        ImportText("HYBRID_TRANSFORMER_FWD_IN_BCKWD checkpoints: 2 0 1 checkpoint_initiates: 1 3\n"
                   "4\n"
                   "a -1 1 NONE 0 1 NONE 0 0 NONE 0 0\n"
                   "b -1 1 NONE 0 1 NONE 0 0 NONE 0 0\n"
                   "c -1 1 ALLREDUCE 64 1 NONE 0 0 NONE 0 0\n"
                   "d -1 1 NONE 0 1 NONE 0 0 NONE 0 0\n",
                   options);
    EXPECT_EQ(LabelsOf(graph, 1),
              (std::vector<std::string>{"a fwd",
                                        "b fwd",
                                        "c fwd",
                                        "c fwd ALLREDUCE",
                                        "d fwd",
                                        "b recompute",
                                        "c recompute",
                                        "c recompute ALLREDUCE",
                                        "d igrad",
                                        "c igrad",
                                        "b igrad",
                                        "a igrad"}));
}

TEST(SimaiImporter, PassesFollowEachOther)
{
    SimaiOptions options;
    options.ranks = 4;
    options.passes = 3;
    options.computeScale = 2;
    const TaskGraph graph =
        ImportText("DATA\n1\na -1 1000 NONE 0 0 NONE 0 2000 ALLREDUCE 8 100\n", options);
    // Per pass: 2 us + 4 us + the exposed collective + 200 ns; nothing overlaps with one layer.
    EXPECT_NEAR(Makespan(graph, 2, 5e-6), 3 * (6e-6 + 5e-6 + 200e-9), 1e-12);
}

TEST(SimaiImporter, PipelineStagesSplitTheRanks)
{
    SimaiOptions options;
    options.ranks = 16;
    options.pipelineStages = 0; // the header's
    std::vector<std::string> notes;
    options.notes = &notes;
    const std::string text =
        "HYBRID_TRANSFORMER model_parallel_NPU_group: 2 pp: 2 all_gpus: 16 pp_comm: 512\n1\n"
        "a -1 1000 NONE 0 0 NONE 0 2000 ALLREDUCE 8 100\n";
    const TaskGraph graph = ImportText(text, options);
    EXPECT_EQ(graph.communicators().size(), 4U);
    EXPECT_EQ(graph.communicators()[3].ranks, (std::vector<Rank>{9, 11, 13, 15}));
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("512 bytes per transfer between stages are not simulated"),
              std::string::npos)
        << notes[0];
    options.pipelineStages = 1;
    EXPECT_EQ(ImportText(text, options).communicators().size(), 2U);
    EXPECT_NE(notes[1].find("pp: 2 is not followed"), std::string::npos) << notes[1];
}

TEST(SimaiImporter, NumbersThatDoNotFit)
{
    const auto error = [](Rank ranks, uint32_t stages) -> std::string
    {
        SimaiOptions options;
        options.ranks = ranks;
        options.pipelineStages = stages;
        try
        {
            ImportSimai(Example(), options);
        }
        catch (const InputError& e)
        {
            return e.what();
        }
        return "";
    };
    EXPECT_EQ(error(8, 1), "");
    EXPECT_NE(error(9, 1).find("simai-small.txt:1:1: 9 ranks"), std::string::npos) << error(9, 1);
    EXPECT_NE(error(10, 1).find("expert groups of 2 (ep)"), std::string::npos) << error(10, 1);
    EXPECT_NE(error(16, 3).find("3 pipeline stages"), std::string::npos) << error(16, 3);
    EXPECT_NE(error(4000000, 1).find("import fewer ranks"), std::string::npos);
}

TEST(SimaiImporter, RegisteredByName)
{
    const Choice& choice = RegistryIndex::Find("importer", "simai");
    const auto factory = FindFactory<ImporterFactory>("importer", "simai");
    std::vector<std::string> notes;
    const TaskGraph graph = factory(Example(), ParameterValues(choice, {{"ranks", "32"}}), notes);
    EXPECT_EQ(graph.Digest(), Import(Example(), 32).Digest());
    EXPECT_NE(graph.Digest(), Import(Example(), 16).Digest());
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_NE(notes[0].find("written for 16 ranks, imported for 32"), std::string::npos);
    EXPECT_THROW(ParameterValues(choice, {{"rank", "32"}}), InputError);
    EXPECT_THROW(factory(Example(), ParameterValues(choice, {{"ranks", "1.5"}}), notes),
                 InputError);
    EXPECT_THROW(factory(Example(), ParameterValues(choice, {{"passes", "0"}}), notes), InputError);
}

TEST(SimaiImporter, PublishedFiles)
{
#ifdef HEDDLE_DATA_DIR
    const char* configured = HEDDLE_DATA_DIR;
#else
    const char* configured = "";
#endif
    const char* environment = std::getenv("HEDDLE_DATA");
    const fs::path folder = fs::path(environment != nullptr ? environment : configured) / "simai";
    if (!fs::is_directory(folder))
    {
        GTEST_SKIP() << "no SimAI files: set HEDDLE_DATA to a folder that holds simai/*.txt";
    }
    // Ranks that each file's groups divide; small, as all ranks run the same program.
    const std::map<std::string, Rank> ranks{{"workload_analytical.txt", 64},
                                            {"gpt13b_megatron_tp8_pp1_mbs1_A100.txt", 32},
                                            {"llama7b_megatron_tp2_pp1_mbs1_A100.txt", 16}};
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder))
    {
        if (entry.path().extension() == ".txt")
        {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    EXPECT_FALSE(files.empty()) << folder;
    for (const fs::path& file : files)
    {
        SCOPED_TRACE(file.string());
        const auto it = ranks.find(file.filename().string());
        ExpectFileNumbers(file.string(), it != ranks.end() ? it->second : 16);
    }
}

} // namespace
} // namespace heddle
