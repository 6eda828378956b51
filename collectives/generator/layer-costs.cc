// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/collectives-layer-costs.h"

namespace heddle
{

namespace
{

/// Adds one GEMM of m×k·k×n to a block.
void
AddGemm(const StepSpec& spec, double m, double k, double n, BlockCost& block)
{
    Cost once{2 * m * k * n, spec.activationBytes * (m * k + m * n) + spec.weightBytes * k * n};
    block.forward += once;
    block.inputGradient += once;
    block.weightGradient += once;
    block.weightGradient += {0, 8 * k * n};
}

/// Adds `bytes` of BF16 element-wise traffic forward, twice that backward.
void
AddElementwise(const StepSpec& spec, double bytes, BlockCost& block)
{
    double scaled = bytes * spec.activationBytes / 2;
    block.forward += {0, scaled};
    block.inputGradient += {0, 2 * scaled};
}

/// A feed-forward of `weightSets` experts of width `f` over `rows` token rows.
BlockCost
FeedForward(const StepSpec& spec, double rows, double f, double weightSets)
{
    BlockCost block;
    auto h = static_cast<double>(spec.model.hidden);
    double up = spec.model.gated ? 2 : 1;
    // Rows spread over the weight sets: the activations count once, the weights per set.
    double each = weightSets > 0 ? rows / weightSets : 0;
    BlockCost one;
    AddGemm(spec, each, h, up * f, one);
    AddGemm(spec, each, f, h, one);
    for (auto member : {&BlockCost::forward, &BlockCost::inputGradient, &BlockCost::weightGradient})
    {
        block.*member += {(one.*member).flops * weightSets, (one.*member).bytes * weightSets};
    }
    AddElementwise(spec, 6 * f * rows, block);
    return block;
}

} // namespace

double
TokensPerMicroBatch(const StepSpec& spec)
{
    return static_cast<double>(spec.sequenceLength * spec.microBatch);
}

double
MoeTokens(const StepSpec& spec)
{
    return TokensPerMicroBatch(spec) / spec.tp;
}

BlockCost
AttentionCost(const StepSpec& spec)
{
    const ModelFacts& m = spec.model;
    double t = TokensPerMicroBatch(spec);
    double tp = spec.tp;
    auto h = static_cast<double>(m.hidden);
    double heads = static_cast<double>(m.heads) / tp;
    auto d = static_cast<double>(m.headDim);
    BlockCost block;
    double keys = static_cast<double>(m.kvHeads) / tp;
    double queryDim = d;
    double valueDim = d;
    if (m.IsMla())
    {
        auto rope = static_cast<double>(m.ropeDim);
        auto queryLora = static_cast<double>(m.queryLora);
        auto kvLora = static_cast<double>(m.kvLora);
        queryDim = d + rope;
        valueDim = static_cast<double>(m.valueDim);
        keys = heads;
        AddGemm(spec, t, h, queryLora / tp, block);
        AddGemm(spec, t, queryLora, heads * queryDim, block);
        AddGemm(spec, t, h, (kvLora + rope) / tp, block);
        AddGemm(spec, t, kvLora, heads * (d + valueDim), block);
        AddElementwise(spec, 4 * rope * (heads + 1) * t, block);
    }
    else
    {
        AddGemm(spec, t, h, (heads + 2 * keys) * d, block);
        AddElementwise(spec, 4 * d * (heads + keys) * t, block);
    }
    AddGemm(spec, t, heads * valueDim, h, block);
    AddElementwise(spec, (4 + 6) * h * t / (spec.sequenceParallel ? tp : 1), block);
    double core = m.CoreAttentionFlops(spec.sequenceLength, spec.causal) * t / tp;
    double coreBytes =
        spec.activationBytes * t * (heads * (queryDim + valueDim) + keys * (queryDim + valueDim));
    block.forward += {core, coreBytes};
    block.inputGradient += {2 * core, 2 * coreBytes};
    return block;
}

BlockCost
DenseFfnCost(const StepSpec& spec)
{
    double t = TokensPerMicroBatch(spec);
    BlockCost block = FeedForward(spec, t, static_cast<double>(spec.model.ffn) / spec.tp, 1);
    double share = spec.sequenceParallel ? spec.tp : 1;
    AddElementwise(spec, (4 + 6) * static_cast<double>(spec.model.hidden) * t / share, block);
    return block;
}

BlockCost
RouterCost(const StepSpec& spec)
{
    BlockCost block;
    double t = MoeTokens(spec);
    auto h = static_cast<double>(spec.model.hidden);
    AddGemm(spec, t, h, static_cast<double>(spec.model.experts), block);
    AddElementwise(spec, (4 * h + 4 * h * static_cast<double>(spec.model.topK)) * t, block);
    return block;
}

BlockCost
SharedExpertCost(const StepSpec& spec)
{
    auto width = static_cast<double>(spec.model.sharedExperts * spec.model.expertWidth);
    return FeedForward(spec, TokensPerMicroBatch(spec), width / spec.tp, 1);
}

BlockCost
ExpertCost(const StepSpec& spec, double pairs, double localExperts)
{
    return FeedForward(spec, pairs, static_cast<double>(spec.model.expertWidth), localExperts);
}

Cost
UnpermuteCost(const StepSpec& spec)
{
    auto h = static_cast<double>(spec.model.hidden);
    double perToken = 4 * h * static_cast<double>(spec.model.topK) + 6 * h;
    return {0, perToken * MoeTokens(spec) * spec.activationBytes / 2};
}

BlockCost
EmbeddingCost(const StepSpec& spec)
{
    BlockCost block;
    double row = static_cast<double>(spec.model.hidden) * TokensPerMicroBatch(spec);
    AddElementwise(spec, 4 * row, block);
    return block;
}

BlockCost
HeadCost(const StepSpec& spec)
{
    BlockCost block;
    double t = TokensPerMicroBatch(spec);
    double vocabulary = static_cast<double>(spec.model.vocabulary) / spec.tp;
    AddGemm(spec, t, static_cast<double>(spec.model.hidden), vocabulary, block);
    AddElementwise(spec, 10 * vocabulary * t, block); // norm and cross-entropy, 8-12 B per logit
    return block;
}

Cost
OptimizerCost(double parameters)
{
    return {0, 30 * parameters};
}

} // namespace heddle
