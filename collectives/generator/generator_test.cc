// SPDX-License-Identifier: BSD-3-Clause
//
// The generator against closed forms: FLOPs per token, message sizes, bucket bytes.
#include "graph_for_test.h"

namespace heddle
{

namespace
{

using namespace graphtest;

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
