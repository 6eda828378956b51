// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-generator.h
// -----------------------------
// Makes the task graph of one training step from public model facts and a parallelisation.
//
//   StepSpec spec;
//   spec.model = FindModel("qwen3-235b-a22b");
//   spec.sequenceLength = 4096;
//   spec.ep = spec.dp = 32;
//   spec.layers = 2;                                 // a slice; 0 = all layers
//   Step step = BuildStep(spec);                     // InputError on contradictions
//   … run step.graph …
//   std::cout << step.slice.Describe(stepSeconds);
//
// Ranks: tensor parallel fastest, then data parallel, pipeline stage slowest. Expert-parallel
// groups are `ep` consecutive ranks of a stage's tp·dp plane (experts are not split over tp:
// Megatron's expert tensor parallelism 1); a rank's experts are reduced over the plane's other
// groups only.
//
// A step, per rank: (parameter all-gather, prefetched one bucket ahead) → 1F1B over the
// micro-batches → gradient reduce-scatter per bucket, overlapped with the last micro-batch's
// backward → gradient norm → optimizer. Per layer forward: attention, MLP or router → dispatch →
// experts → combine; the backward mirrors it at twice the FLOPs. Tensor parallel: 2 all-reduces of
// A = tokens·hidden·bytes forward and 2 backward per dense layer (weight gradients overlap with
// them), or with sequence parallelism 2 all-gathers + 2 reduce-scatters forward, and 2 more
// all-gathers backward. An MoE layer with tp > 1 splits its tokens over tp; without sequence
// parallelism an all-gather of A restores them, once forward and once backward.
//
// Sources: the formulas of arXiv 2205.05198, Megatron-LM (core/distributed, core/pipeline_parallel,
// core/tensor_parallel), DeepSeek-V3 (arXiv 2412.19437); model facts in collectives-model-facts.h.
//
// Known deviations: no vocabulary-parallel collectives at embedding and loss, no tied-embedding
// all-reduce between first and last stage, no recomputation, no context parallelism, no interleaved
// schedules; MLA's down-projections are split over tp; gradients are bucketed by block, not by
// parameter; the flash-attention backward counts 2, not 2.5 forwards.

#ifndef HEDDLE_COLLECTIVES_GENERATOR_H
#define HEDDLE_COLLECTIVES_GENERATOR_H

#include "ns3/collectives-model-facts.h"
#include "ns3/collectives-task-graph.h"

#include <cstdint>
#include <string>

namespace heddle
{

/// What to simulate. Counts are ≥ 1 unless said.
struct StepSpec
{
    ModelFacts model{};
    uint64_t sequenceLength = 4096;
    uint32_t microBatch = 1;            ///< sequences per micro-batch and replica
    uint32_t microBatches = 1;          ///< per step and replica
    uint32_t simulatedMicroBatches = 0; ///< 0 = all
    Rank ranks = 0;                     ///< 0 = tp·dp·pp; otherwise must equal it
    uint32_t tp = 1;
    uint32_t ep = 1; ///< divides tp·dp and the number of experts
    uint32_t dp = 1;
    uint32_t pp = 1;
    uint32_t layers = 0;   ///< the last so many layers of the model; 0 = all
    bool head = true;      ///< embedding and output head are in the slice
    bool gradients = true; ///< data-parallel gradients and parameters are exchanged
    bool optimizer = true;
    bool sequenceParallel = false;      ///< needs tp > 1
    bool causal = true;                 ///< core attention counted half
    bool overlapParameterGather = true; ///< at the start, prefetched; else after the optimizer
    uint32_t activationBytes = 2;
    uint32_t weightBytes = 2;
    uint32_t gradientBytes = 4;
    bool fp8Dispatch = false;    ///< dispatch 1 B + 4 B scale per 128 elements; MoE, ep > 1
    bool countExchange = true;   ///< all-gather of token counts before dispatch; MoE, ep > 1
    double zipf = 0;             ///< exponent of expert popularity; 0 = balanced; MoE
    bool drawExperts = false;    ///< tokens draw their experts, instead of expected counts; MoE
    uint64_t seed = 1;           ///< of popularity orders and draws
    uint64_t bucketElements = 0; ///< gradient bucket; 0 = max(40e6, 1e6 × group size)
};

/// What share of the full step a slice stands for.
struct SliceInfo
{
    uint32_t layersSimulated = 0;
    uint32_t layersTotal = 0;
    uint32_t microBatchesSimulated = 0;
    uint32_t microBatchesTotal = 0;
    uint32_t stages = 1;
    double flopsSimulated = 0; ///< model FLOPs per token, training, in the slice
    double flopsTotal = 0;
    double gradientBytesSimulated = 0; ///< of one model replica
    double gradientBytesTotal = 0;
    uint64_t tokensPerStep = 0; ///< of the full step, all replicas
    bool head = true;
    bool gradients = true;
    bool optimizer = true;

    bool IsWhole() const;

    /// Share of the layers' work, by FLOPs; ≤ 1.
    double LayerShare() const;

    /// Share of the pipeline's slots, (m' + p - 1) / (m + p - 1); ≤ 1.
    double SlotShare() const;

    /// Step time of the full step if time goes with FLOPs and pipeline slots, seconds.
    double ExtrapolateStepTime(double sliceSeconds) const;

    /// The extrapolation in words: what was simulated, the factor, what is not covered.
    std::string Describe(double sliceSeconds) const;
};

struct Step
{
    TaskGraph graph;
    SliceInfo slice;
};

/// Throws InputError when the spec contradicts itself or the model (says what would be right).
void CheckStepSpec(const StepSpec& spec);

/// The graph of all ranks; checked and valid.
Step BuildStep(const StepSpec& spec);

} // namespace heddle

#endif
