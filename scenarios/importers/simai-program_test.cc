// SPDX-License-Identifier: GPL-2.0-only
#include "scratch-folder.h"
#include "simai-importer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace heddle
{
namespace
{

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
    const ScratchFolder scratch;
    TaskGraph graph = ImportSimai(scratch.Write("workload.txt", text), options);
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

TEST(SimaiProgram, OrderOfExecution)
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
    // not computed.
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
    EXPECT_EQ(LabelsOf(micro, 1),
              (std::vector<std::string>{"a wgrad ALLREDUCE",
                                        "b wgrad ALLREDUCE",
                                        "a update",
                                        "b update"}));
    EXPECT_NEAR(Makespan(micro, 0, 1e-6), 2e-6 + 200e-9, 1e-12);
}

TEST(SimaiProgram, CheckpointsRecompute)
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

TEST(SimaiProgram, PassesFollowEachOther)
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

TEST(SimaiProgram, PipelineStagesSplitTheRanks)
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

} // namespace
} // namespace heddle
