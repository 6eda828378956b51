// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/collectives-step-plan.h"

#include <algorithm>

namespace heddle
{

namespace
{

uint64_t
Share(uint64_t parameters, uint64_t parts)
{
    return (parameters + parts - 1) / parts;
}

uint64_t
BucketElements(const StepSpec& spec, uint32_t groupSize)
{
    return spec.bucketElements > 0 ? spec.bucketElements
                                   : std::max<uint64_t>(40'000'000, 1'000'000ULL * groupSize);
}

/// Cuts the blocks' parameters into buckets, last block first. Only the first pipeline stage cuts
/// (Megatron: the other stages' traffic is off the critical path).
std::vector<GradientBucket>
CutBuckets(const std::vector<Block>& blocks, uint64_t Block::*parameters, uint64_t limit)
{
    std::vector<GradientBucket> buckets;
    bool open = false;
    for (auto i = static_cast<uint32_t>(blocks.size()); i-- > 0;)
    {
        uint64_t elements = blocks[i].*parameters;
        if (elements == 0)
        {
            continue;
        }
        if (!open)
        {
            buckets.push_back({0, i, i});
        }
        buckets.back().elements += elements;
        buckets.back().firstBlock = i;
        open = buckets.back().elements < limit;
    }
    return buckets;
}

void
AppendLayer(const StepSpec& spec, uint32_t layer, std::vector<Block>& blocks)
{
    const ModelFacts& m = spec.model;
    blocks.push_back({BlockKind::Attention,
                      layer,
                      Share(m.AttentionWeights(), spec.tp) + m.SmallParameters(layer),
                      0});
    if (!m.IsMoe(layer))
    {
        blocks.push_back({BlockKind::DenseFfn, layer, Share(m.DenseFfnWeights(), spec.tp), 0});
        return;
    }
    blocks.push_back({BlockKind::MoeFfn,
                      layer,
                      m.RouterWeights() + Share(m.sharedExperts * m.ExpertWeights(), spec.tp),
                      m.experts / spec.ep * m.ExpertWeights()});
}

} // namespace

uint64_t
StagePlan::DenseParameters() const
{
    uint64_t sum = 0;
    for (const Block& block : blocks)
    {
        sum += block.denseParameters;
    }
    return sum;
}

uint64_t
StagePlan::ExpertParameters() const
{
    uint64_t sum = 0;
    for (const Block& block : blocks)
    {
        sum += block.expertParameters;
    }
    return sum;
}

uint32_t
SliceLayers(const StepSpec& spec)
{
    return spec.layers == 0 ? spec.model.layers : spec.layers;
}

uint32_t
FirstSliceLayer(const StepSpec& spec)
{
    return spec.model.layers - SliceLayers(spec);
}

uint32_t
SliceMicroBatches(const StepSpec& spec)
{
    return spec.simulatedMicroBatches == 0 ? spec.microBatches : spec.simulatedMicroBatches;
}

uint32_t
ExpertReplicas(const StepSpec& spec)
{
    return spec.tp * spec.dp / spec.ep;
}

StagePlan
PlanStage(const StepSpec& spec, uint32_t stage)
{
    StagePlan plan;
    const ModelFacts& m = spec.model;
    if (stage == 0 && spec.head)
    {
        plan.blocks.push_back(
            {BlockKind::Embedding, 0, Share(m.EmbeddingParameters(), spec.tp), 0});
    }
    uint32_t perStage = SliceLayers(spec) / spec.pp;
    uint32_t first = FirstSliceLayer(spec) + stage * perStage;
    for (uint32_t l = first; l < first + perStage; ++l)
    {
        AppendLayer(spec, l, plan.blocks);
    }
    if (stage + 1 == spec.pp && spec.head)
    {
        uint64_t norm = m.gptStyle ? m.HeadParameters() : m.hidden;
        uint64_t weights = m.HeadParameters() - norm;
        plan.blocks.push_back({BlockKind::Head, m.layers, Share(weights, spec.tp) + norm, 0});
    }
    const uint64_t unlimited = ~0ULL;
    plan.denseBuckets = CutBuckets(plan.blocks,
                                   &Block::denseParameters,
                                   stage == 0 ? BucketElements(spec, spec.dp) : unlimited);
    plan.expertBuckets =
        CutBuckets(plan.blocks,
                   &Block::expertParameters,
                   stage == 0 ? BucketElements(spec, ExpertReplicas(spec)) : unlimited);
    return plan;
}

std::vector<PipelineSlot>
OneForwardOneBackward(uint32_t stages, uint32_t stage, uint32_t microBatches)
{
    std::vector<PipelineSlot> slots;
    uint32_t warmUp = std::min(microBatches, stages - stage - 1);
    for (uint32_t i = 0; i < warmUp; ++i)
    {
        slots.push_back({true, i});
    }
    for (uint32_t i = warmUp; i < microBatches; ++i)
    {
        slots.push_back({true, i});
        slots.push_back({false, i - warmUp});
    }
    for (uint32_t i = microBatches - warmUp; i < microBatches; ++i)
    {
        slots.push_back({false, i});
    }
    return slots;
}

SliceInfo
MakeSliceInfo(const StepSpec& spec)
{
    const ModelFacts& m = spec.model;
    SliceInfo info;
    info.layersSimulated = SliceLayers(spec);
    info.layersTotal = m.layers;
    info.microBatchesSimulated = SliceMicroBatches(spec);
    info.microBatchesTotal = spec.microBatches;
    info.stages = spec.pp;
    info.head = spec.head;
    info.gradients = spec.gradients;
    info.optimizer = spec.optimizer;
    info.flopsTotal = m.TrainFlopsPerToken(spec.sequenceLength, spec.causal);
    info.flopsSimulated = spec.head ? 6.0 * static_cast<double>(m.HeadWeights()) : 0;
    double parameters =
        spec.head ? static_cast<double>(m.EmbeddingParameters() + m.HeadParameters()) : 0;
    for (uint32_t l = FirstSliceLayer(spec); l < m.layers; ++l)
    {
        info.flopsSimulated += 6.0 * static_cast<double>(m.LayerWeightsPerToken(l)) +
                               3.0 * m.CoreAttentionFlops(spec.sequenceLength, spec.causal);
        parameters += static_cast<double>(m.LayerParameters(l));
    }
    info.gradientBytesSimulated = spec.gradients ? parameters * spec.gradientBytes : 0;
    info.gradientBytesTotal = static_cast<double>(m.TotalParameters()) * spec.gradientBytes;
    info.tokensPerStep =
        spec.sequenceLength * spec.microBatch * spec.microBatches * uint64_t{spec.dp};
    return info;
}

} // namespace heddle
