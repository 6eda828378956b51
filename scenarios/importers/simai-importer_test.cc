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
    return HEDDLE_SCENARIOS_DIR "/importers/testdata/simai-small.txt";
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
