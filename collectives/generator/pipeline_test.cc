// SPDX-License-Identifier: BSD-3-Clause
//
// 1F1B order, the pipeline's bubble, valid graphs, extrapolation of slices.
#include "graph_for_test.h"

namespace heddle
{

namespace
{

using namespace graphtest;

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

} // namespace

} // namespace heddle
