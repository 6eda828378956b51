// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-step-plan.h
// -----------------------------
// What a StepSpec means per pipeline stage, before any task exists: blocks with their parameters,
// gradient buckets, the 1F1B order, and who shares a group.

#ifndef HEDDLE_COLLECTIVES_STEP_PLAN_H
#define HEDDLE_COLLECTIVES_STEP_PLAN_H

#include "ns3/collectives-generator.h"

#include <cstdint>
#include <vector>

namespace heddle
{

enum class BlockKind : uint8_t
{
    Embedding,
    Attention,
    DenseFfn,
    MoeFfn,
    Head,
};

/// A block of a stage with the parameters that one rank holds of it.
struct Block
{
    BlockKind kind;
    uint32_t layer; ///< of the model
    uint64_t denseParameters;
    uint64_t expertParameters;
};

/// Consecutive blocks whose gradients travel together. Lists of buckets are in backward order.
struct GradientBucket
{
    uint64_t elements;
    uint32_t firstBlock; ///< lowest index: the last to get its gradient
    uint32_t lastBlock;
};

struct StagePlan
{
    std::vector<Block> blocks; ///< forward order
    std::vector<GradientBucket> denseBuckets;
    std::vector<GradientBucket> expertBuckets;

    uint64_t DenseParameters() const;
    uint64_t ExpertParameters() const;
};

/// Layers in the slice, and the first of them.
uint32_t SliceLayers(const StepSpec& spec);
uint32_t FirstSliceLayer(const StepSpec& spec);
uint32_t SliceMicroBatches(const StepSpec& spec);

/// Ranks that hold the same experts in a stage: tp·dp / ep.
uint32_t ExpertReplicas(const StepSpec& spec);

StagePlan PlanStage(const StepSpec& spec, uint32_t stage);

struct PipelineSlot
{
    bool forward;
    uint32_t microBatch;
};

/// 1F1B: min(m, p - r - 1) forwards to warm up, then alternating, then the rest backwards.
std::vector<PipelineSlot> OneForwardOneBackward(uint32_t stages,
                                                uint32_t stage,
                                                uint32_t microBatches);

SliceInfo MakeSliceInfo(const StepSpec& spec);

} // namespace heddle

#endif
