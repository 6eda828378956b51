// SPDX-License-Identifier: BSD-3-Clause
//
// The generator against closed forms: FLOPs per token, message sizes, bucket bytes, the pipeline's
// bubble, routing conservation.
#include "ns3/base-errors.h"
#include "ns3/collectives-generator.h"
#include "ns3/collectives-layer-costs.h"
#include "ns3/collectives-moe-routing.h"
#include "ns3/collectives-step-plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

namespace heddle
{

namespace
{

StepSpec
Spec(const char* model)
{
    StepSpec spec;
    spec.model = FindModel(model);
    return spec;
}

double
SumFlops(const TaskGraph& graph)
{
    double sum = 0;
    for (const Task& task : graph.tasks())
    {
        sum += task.flops;
    }
    return sum;
}

/// Tasks of a rank with a label.
std::vector<Task>
Labelled(const TaskGraph& graph, Rank rank, const std::string& label)
{
    std::vector<Task> found;
    for (TaskId id : graph.program(rank))
    {
        const Task& task = graph.tasks()[id];
        if (graph.labels()[task.label] == label)
        {
            found.push_back(task);
        }
    }
    return found;
}

uint64_t
LabelledBytes(const TaskGraph& graph, Rank rank, const std::string& label)
{
    uint64_t sum = 0;
    for (const Task& task : Labelled(graph, rank, label))
    {
        sum += task.bytes;
    }
    return sum;
}

TEST(Generator, FlopsPerTokenOfEveryModel)
{
    for (const ModelFacts& model : PublicModels())
    {
        for (bool causal : {false, true})
        {
            StepSpec spec;
            spec.model = model;
            spec.sequenceLength = 2048;
            spec.microBatches = 2;
            spec.causal = causal;
            double expected = model.TrainFlopsPerToken(2048, causal) * 2048 * 2;
            EXPECT_NEAR(SumFlops(BuildStep(spec).graph) / expected, 1, 1e-12) << model.name;
            // Split over ranks, the work is the same; each replica has its own tokens.
            spec.tp = 4;
            spec.dp = 2;
            spec.ep = model.experts > 0 ? 8 : 1;
            spec.sequenceParallel = causal;
            EXPECT_NEAR(SumFlops(BuildStep(spec).graph) / (2 * expected), 1, 1e-12) << model.name;
        }
    }
}

TEST(Generator, ExpertDispatchBytes)
{
    struct Row
    {
        const char* model;
        uint32_t ep;
        uint64_t bytes;
    };

    const Row rows[] = {
        {"mixtral-8x7b", 8, 67108864},
        {"mixtral-8x22b", 8, 100663296},
        {"qwen3-235b-a22b", 32, 268435456},
        {"qwen3-30b-a3b", 8, 134217728},
        {"deepseek-v3", 64, 469762048},
    };
    for (const Row& row : rows)
    {
        StepSpec spec = Spec(row.model);
        spec.layers = 1;
        spec.ep = spec.dp = row.ep;
        TaskGraph graph = BuildStep(spec).graph;
        for (const char* label :
             {"moe-dispatch", "moe-combine", "moe-dispatch-backward", "moe-combine-backward"})
        {
            EXPECT_EQ(Labelled(graph, 3, label).size(), 1U) << row.model << " " << label;
            EXPECT_EQ(LabelledBytes(graph, 3, label), row.bytes) << row.model << " " << label;
        }
    }
    // DeepEP's low-latency sizes: 128 tokens, FP8 with one FP32 scale per 128 elements.
    StepSpec spec = Spec("deepseek-v3");
    spec.sequenceLength = 128;
    spec.layers = 1;
    spec.ep = spec.dp = 8;
    spec.fp8Dispatch = true;
    TaskGraph graph = BuildStep(spec).graph;
    EXPECT_EQ(LabelledBytes(graph, 0, "moe-dispatch"), 7569408U);
    EXPECT_EQ(LabelledBytes(graph, 0, "moe-combine"), 14680064U);
}

TEST(Generator, TensorAndPipelineMessages)
{
    StepSpec spec = Spec("llama3-405b");
    spec.sequenceLength = 8192;
    spec.tp = 8;
    spec.pp = 2;
    spec.layers = 6;
    const uint64_t activation = 268435456;
    {
        TaskGraph graph = BuildStep(spec).graph;
        for (const Task& task : Labelled(graph, 8, "tp-all-reduce"))
        {
            EXPECT_EQ(task.bytes, activation);
        }
        EXPECT_EQ(Labelled(graph, 8, "tp-all-reduce").size(), 3U * 4) << "2 forward, 2 backward";
        EXPECT_EQ(LabelledBytes(graph, 8, "pp-activation"), activation);
        EXPECT_EQ(LabelledBytes(graph, 0, "pp-gradient"), activation);
    }
    spec.sequenceParallel = true;
    TaskGraph graph = BuildStep(spec).graph;
    EXPECT_EQ(Labelled(graph, 8, "tp-all-reduce").size(), 0U);
    EXPECT_EQ(LabelledBytes(graph, 8, "tp-all-gather"), 3 * 6 * activation);
    EXPECT_EQ(LabelledBytes(graph, 8, "tp-reduce-scatter"), 3 * 4 * activation);
    EXPECT_EQ(LabelledBytes(graph, 8, "pp-activation"), 33554432U) << "A / tp";
    EXPECT_EQ(Labelled(graph, 8, "pp-activation")[0].peer, 0U) << "same tensor-parallel index";
}

TEST(Generator, GradientBuckets)
{
    StepSpec spec = Spec("llama3-8b");
    spec.dp = 4;
    TaskGraph graph = BuildStep(spec).graph;
    const uint64_t parameters = 8030261248;
    auto scatters = Labelled(graph, 2, "gradient-reduce-scatter");
    auto gathers = Labelled(graph, 2, "parameter-all-gather");
    EXPECT_EQ(LabelledBytes(graph, 2, "gradient-reduce-scatter"), 4 * parameters);
    EXPECT_EQ(LabelledBytes(graph, 2, "parameter-all-gather"), 2 * parameters);
    ASSERT_EQ(scatters.size(), gathers.size());
    // A Llama 8B block exceeds 40e6 elements, so every block with parameters is a bucket.
    EXPECT_EQ(scatters.size(), 1U + 64 + 1);
    for (size_t i = 0; i < scatters.size(); ++i)
    {
        EXPECT_GE(scatters[i].bytes, 4 * 40'000'000ULL) << "bucket " << i;
        EXPECT_EQ(scatters[i].bytes, 2 * gathers[gathers.size() - 1 - i].bytes)
            << "parameters are gathered in the opposite order";
    }
    spec.bucketElements = ~0ULL;
    EXPECT_EQ(Labelled(BuildStep(spec).graph, 2, "gradient-reduce-scatter").size(), 1U);

    // Experts are reduced among their replicas only.
    StepSpec moe = Spec("qwen3-30b-a3b");
    moe.dp = 16;
    moe.ep = 8;
    TaskGraph experts = BuildStep(moe).graph;
    const ModelFacts& m = moe.model;
    uint64_t expertParameters = uint64_t{48} * 16 * m.ExpertWeights();
    uint64_t denseParameters = m.TotalParameters() - uint64_t{48} * 128 * m.ExpertWeights();
    EXPECT_EQ(LabelledBytes(experts, 5, "expert-gradient-reduce-scatter"), 4 * expertParameters);
    EXPECT_EQ(LabelledBytes(experts, 5, "gradient-reduce-scatter"), 4 * denseParameters);
    CommId replicas = Labelled(experts, 5, "expert-gradient-reduce-scatter")[0].comm;
    EXPECT_EQ(experts.communicators()[replicas].ranks, (std::vector<Rank>{5, 13}));
    double owned = Labelled(experts, 5, "optimizer")[0].memoryBytes / 30;
    EXPECT_DOUBLE_EQ(owned,
                     static_cast<double>(expertParameters) / 2 +
                         static_cast<double>(denseParameters) / 16);
}

/// 405B, TP8 PP16 DP128: 3,137,863,680 parameters per GPU, 0.74 GB of optimizer traffic.
TEST(Generator, OptimizerTraffic)
{
    EXPECT_NEAR(OptimizerCost(3137863680.0 / 128).bytes, 0.735e9, 0.001e9);
}

TEST(Generator, OneForwardOneBackwardOrder)
{
    for (uint32_t p : {1U, 2U, 4U, 7U})
    {
        for (uint32_t m : {1U, 3U, 4U, 16U})
        {
            for (uint32_t r = 0; r < p; ++r)
            {
                auto slots = OneForwardOneBackward(p, r, m);
                ASSERT_EQ(slots.size(), 2 * m);
                uint32_t warmUp = 0;
                while (warmUp < slots.size() && slots[warmUp].forward)
                {
                    ++warmUp;
                }
                // The run of forwards before the first backward: warm-up and the steady state's
                // first.
                EXPECT_EQ(warmUp, std::min(m, p - r)) << "p " << p << " m " << m << " r " << r;
                uint32_t forwards = 0;
                uint32_t backwards = 0;
                for (const PipelineSlot& slot : slots)
                {
                    EXPECT_EQ(slot.microBatch, slot.forward ? forwards++ : backwards++);
                    EXPECT_LE(backwards, forwards);
                    EXPECT_LE(forwards - backwards, std::min(m, p - r))
                        << "micro-batches in flight";
                }
                EXPECT_EQ(forwards, m);
                EXPECT_EQ(backwards, m);
            }
        }
    }
}

/// End of the last task when computing takes `seconds(task)` and communication no time at all.
double
Makespan(const TaskGraph& graph, const std::function<double(const Task&)>& seconds)
{
    const auto& tasks = graph.tasks();
    std::vector<double> finish(tasks.size(), -1);
    std::map<std::tuple<Rank, Rank, uint32_t>, TaskId> sends;
    std::map<std::pair<CommId, uint32_t>, std::vector<TaskId>> calls;
    for (TaskId id = 0; id < tasks.size(); ++id)
    {
        const Task& t = tasks[id];
        if (t.kind == TaskKind::Send)
        {
            sends[{t.rank, t.peer, t.tag}] = id; // tags are unique per pair here
        }
        else if (t.kind == TaskKind::Collective)
        {
            calls[{t.comm, t.sequence}].push_back(id);
        }
    }
    auto ready = [&](TaskId id) { // time, or -1
        double time = 0;
        for (const TaskId* d = graph.depsBegin(tasks[id]); d != graph.depsEnd(tasks[id]); ++d)
        {
            time = finish[*d] < 0 ? -1 : std::max(time, finish[*d]);
            if (time < 0)
            {
                return -1.0;
            }
        }
        return time;
    };
    bool progress = true;
    while (progress)
    {
        progress = false;
        for (Rank rank = 0; rank < graph.ranks(); ++rank)
        {
            double free = 0;
            for (TaskId id : graph.program(rank))
            {
                const Task& t = tasks[id];
                double start = ready(id);
                if (t.kind == TaskKind::Compute)
                {
                    if (finish[id] < 0 && (start < 0 || free < 0))
                    {
                        free = -1;
                        continue;
                    }
                    if (finish[id] < 0)
                    {
                        finish[id] = std::max(start, free) + seconds(t);
                        progress = true;
                    }
                    free = finish[id];
                    continue;
                }
                if (finish[id] >= 0)
                {
                    continue;
                }
                double end = start;
                if (t.kind == TaskKind::Recv)
                {
                    end = finish[sends.at({t.peer, t.rank, t.tag})];
                }
                else if (t.kind == TaskKind::Collective)
                {
                    for (TaskId other : calls.at({t.comm, t.sequence}))
                    {
                        double joined = ready(other);
                        end = end < 0 || joined < 0 ? -1 : std::max(end, joined);
                    }
                }
                if (end >= 0)
                {
                    finish[id] = end;
                    progress = true;
                }
            }
        }
    }
    EXPECT_TRUE(std::all_of(finish.begin(), finish.end(), [](double f) { return f >= 0; }));
    return *std::max_element(finish.begin(), finish.end());
}

double
FlopTime(const Task& task)
{
    return task.flops * 1e-15;
}

/// 1F1B takes (m + p - 1)(F + B): the bubble is (p - 1)(F + B).
TEST(Generator, PipelineBubble)
{
    for (uint32_t p : {1U, 2U, 4U, 8U})
    {
        for (uint32_t m : {1U, 2U, 8U, 13U})
        {
            StepSpec spec = Spec("llama3-8b");
            spec.pp = p;
            spec.layers = 8;
            spec.microBatches = m;
            spec.head = false; // equal stages
            TaskGraph graph = BuildStep(spec).graph;
            double slot = SumFlops(graph) * 1e-15 / m / p;
            EXPECT_NEAR(Makespan(graph, FlopTime) / (slot * (m + p - 1)), 1, 1e-9)
                << p << " stages, " << m << " micro-batches";
        }
    }
}

TEST(Generator, EveryCombinationIsValid)
{
    int built = 0;
    for (const char* model : {"llama3-8b", "qwen3-30b-a3b", "deepseek-v3"})
    {
        for (uint32_t tp : {1U, 2U, 4U})
        {
            for (uint32_t dp : {1U, 2U, 3U, 8U})
            {
                for (uint32_t pp : {1U, 2U, 4U})
                {
                    for (uint32_t ep : {1U, 2U, 4U, 8U})
                    {
                        StepSpec spec = Spec(model);
                        bool moe = spec.model.experts > 0;
                        if (tp * dp % ep != 0 || (!moe && ep > 1))
                        {
                            continue;
                        }
                        spec.sequenceLength = 64;
                        spec.tp = tp;
                        spec.dp = dp;
                        spec.pp = pp;
                        spec.ep = ep;
                        spec.ranks = tp * dp * pp;
                        spec.layers = 4;
                        spec.microBatches = 3;
                        spec.sequenceParallel = tp > 1 && built % 2 == 0;
                        spec.zipf = moe && ep > 1 && built % 3 == 0 ? 0.3 : 0;
                        spec.drawExperts = moe && ep > 1 && built % 5 == 0;
                        spec.overlapParameterGather = built % 4 != 0;
                        EXPECT_NO_THROW({
                            Step step = BuildStep(spec);
                            EXPECT_EQ(step.graph.ranks(), tp * dp * pp);
                            Makespan(step.graph, FlopTime);
                        }) << model
                           << " tp " << tp << " dp " << dp << " pp " << pp << " ep " << ep;
                        ++built;
                    }
                }
            }
        }
    }
    EXPECT_GT(built, 150);
}

TEST(Generator, BackwardFollowsItsForward)
{
    // Without a head, the last stage's backward hangs on the forward's last collective.
    StepSpec spec = Spec("llama3-8b");
    spec.layers = 2;
    spec.tp = 2;
    spec.head = false;
    TaskGraph graph = BuildStep(spec).graph;
    Task first = Labelled(graph, 0, "mlp-backward")[0];
    ASSERT_EQ(first.depCount, 1U);
    const Task& dep = graph.tasks()[*graph.depsBegin(first)];
    EXPECT_EQ(graph.labels()[dep.label], "tp-all-reduce");
}

TEST(MoeRouting, PairsAreConserved)
{
    StepSpec spec = Spec("qwen3-30b-a3b");
    spec.sequenceLength = 512;
    spec.layers = 2;
    spec.ep = spec.dp = 8;
    for (double zipf : {0.0, 0.3, 0.6})
    {
        for (bool draw : {false, true})
        {
            spec.zipf = zipf;
            spec.drawExperts = draw;
            if (zipf == 0 && !draw)
            {
                continue;
            }
            MoeRouting routing(spec);
            for (const auto& row : routing.Pairs(47, 0, 0))
            {
                EXPECT_EQ(std::accumulate(row.begin(), row.end(), 0ULL), 512U * 8)
                    << "zipf " << zipf;
            }
            // What is dispatched comes back, and every pair is computed once.
            TaskGraph graph = BuildStep(spec).graph;
            double pairFlops = 2.0 * static_cast<double>(spec.model.ExpertWeights());
            for (Rank r = 0; r < 8; ++r)
            {
                Task dispatch = Labelled(graph, r, "moe-dispatch")[0];
                EXPECT_EQ(dispatch.bytes, 512U * 8 * 2048 * 2);
                for (Rank j = 0; j < 8; ++j)
                {
                    Task combine = Labelled(graph, j, "moe-combine")[0];
                    EXPECT_EQ(graph.sizeRows()[dispatch.sizes][j],
                              graph.sizeRows()[combine.sizes][r]);
                }
                double combined = static_cast<double>(Labelled(graph, r, "moe-combine")[0].bytes);
                EXPECT_NEAR(Labelled(graph, r, "moe-experts")[0].flops / pairFlops,
                            combined / 2048 / 2,
                            1e-6);
            }
        }
    }
}

double
Gini(std::vector<double> loads)
{
    std::sort(loads.begin(), loads.end());
    double weighted = 0;
    for (size_t i = 0; i < loads.size(); ++i)
    {
        weighted +=
            (2.0 * static_cast<double>(i + 1) - static_cast<double>(loads.size()) - 1) * loads[i];
    }
    return weighted / static_cast<double>(loads.size()) /
           std::accumulate(loads.begin(), loads.end(), 0.0);
}

/// Zipf exponents against the Gini coefficients and peaks they were calibrated to.
TEST(MoeRouting, ZipfMatchesGini)
{
    struct Row
    {
        double s, gini, peak;
    };

    StepSpec spec = Spec("qwen3-235b-a22b"); // 128 experts
    for (Row row : {Row{.201, .105, 2.14}, {.278, .15, 2.83}, {.421, .24, 4.65}, {.625, .38, 8.93}})
    {
        spec.zipf = row.s;
        std::vector<double> p = MoeRouting(spec).Popularity(7);
        EXPECT_NEAR(Gini(p), row.gini, 0.002) << "s " << row.s;
        EXPECT_NEAR(*std::max_element(p.begin(), p.end()) * 128, row.peak, 0.02) << "s " << row.s;
        EXPECT_NE(p, MoeRouting(spec).Popularity(8)) << "each layer has its own order";
    }
}

TEST(Slice, ExtrapolationIsExactForComputeOnly)
{
    StepSpec spec = Spec("deepseek-v3");
    spec.microBatches = 12;
    Step whole = BuildStep(spec);
    EXPECT_TRUE(whole.slice.IsWhole());
    EXPECT_DOUBLE_EQ(whole.slice.ExtrapolateStepTime(3.0), 3.0);
    double expected = Makespan(whole.graph, FlopTime);
    spec.layers = 4;
    spec.simulatedMicroBatches = 3;
    spec.head = false;
    Step slice = BuildStep(spec);
    EXPECT_FALSE(slice.slice.IsWhole());
    double measured = Makespan(slice.graph, FlopTime);
    EXPECT_NEAR(slice.slice.ExtrapolateStepTime(measured) / expected, 1, 1e-9);
    std::string text = slice.slice.Describe(measured);
    for (const char* part : {"4 of 61 layers", "3 of 12 micro-batches", "without embedding"})
    {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    EXPECT_EQ(slice.slice.tokensPerStep, 12U * 4096);
    // Pipeline slots: (3 + 3) of (12 + 3).
    spec.pp = 4;
    EXPECT_DOUBLE_EQ(BuildStep(spec).slice.SlotShare(), 6.0 / 15);
}

TEST(Generator, ContradictionsAreInputErrors)
{
    struct Row
    {
        const char* expected;
        std::function<void(StepSpec&)> change;
    };

    const Row rows[] = {
        {"tp × dp × pp = 1 × 2 × 1 = 2, but there are 3 ranks",
         [](StepSpec& s)
         {
             s.dp = 2;
             s.ranks = 3;
         }},
        {"ep = 3 must divide the 128 experts",
         [](StepSpec& s)
         {
             s.ep = 3;
             s.dp = 3;
         }},
        {"ep = 4 must divide the 2 ranks",
         [](StepSpec& s)
         {
             s.ep = 4;
             s.dp = 2;
         }},
        {"tp = 3 must divide the 32 attention heads", [](StepSpec& s) { s.tp = 3; }},
        {"tp = 8 must divide the 4 key-value heads", [](StepSpec& s) { s.tp = 8; }},
        {"pp = 5 must divide the 48 layers", [](StepSpec& s) { s.pp = 5; }},
        {"layers = 49", [](StepSpec& s) { s.layers = 49; }},
        {"dp must be at least 1", [](StepSpec& s) { s.dp = 0; }},
        {"sequence_parallel needs tp > 1", [](StepSpec& s) { s.sequenceParallel = true; }},
        {"fp8_dispatch needs ep > 1", [](StepSpec& s) { s.fp8Dispatch = true; }},
        {"zipf and draw_experts need ep > 1", [](StepSpec& s) { s.zipf = 0.3; }},
        {"zipf must be between",
         [](StepSpec& s)
         {
             s.ep = s.dp = 2;
             s.zipf = -1;
         }},
        {"simulated_micro_batches = 2 exceeds", [](StepSpec& s) { s.simulatedMicroBatches = 2; }},
        {"learned positions for 2048",
         [](StepSpec& s)
         {
             s.model = FindModel("gpt3-175b");
             s.sequenceLength = 4096;
         }},
        {"has no experts",
         [](StepSpec& s)
         {
             s.model = FindModel("llama3-8b");
             s.ep = s.dp = 2;
         }},
        {"the step has no model", [](StepSpec& s) { s.model = ModelFacts{}; }},
    };
    for (const Row& row : rows)
    {
        StepSpec spec = Spec("qwen3-30b-a3b");
        row.change(spec);
        try
        {
            BuildStep(spec);
            ADD_FAILURE() << "expected: " << row.expected;
        }
        catch (const InputError& error)
        {
            EXPECT_NE(std::string(error.what()).find(row.expected), std::string::npos)
                << "expected: " << row.expected << "\nactual:   " << error.what();
        }
    }
}

} // namespace

} // namespace heddle
