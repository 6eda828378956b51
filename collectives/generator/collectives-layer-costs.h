// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-layer-costs.h
// -------------------------------
// FLOPs and HBM bytes of the blocks of a layer, per rank.
//
// GEMM m×k·k×n: 2mkn FLOP, e(mk + kn + mn) bytes; its input and weight gradients each cost the same
// again, the latter with an FP32 accumulation of 8 B per weight. Norm 4h, residual 6h, RoPE
// 4d(n_h + n_kv), SwiGLU 6f, permute 4hk bytes per token (BF16 figures, scaled by e/2); twice that
// backward. Core attention reads Q, K, V and writes the output once (flash).

#ifndef HEDDLE_COLLECTIVES_LAYER_COSTS_H
#define HEDDLE_COLLECTIVES_LAYER_COSTS_H

#include "ns3/collectives-generator.h"

namespace heddle
{

struct Cost
{
    double flops = 0;
    double bytes = 0;

    Cost& operator+=(const Cost& other)
    {
        flops += other.flops;
        bytes += other.bytes;
        return *this;
    }
};

/// Of one block and micro-batch.
struct BlockCost
{
    Cost forward;
    Cost inputGradient;
    Cost weightGradient;

    Cost Backward() const
    {
        Cost sum = inputGradient;
        return sum += weightGradient;
    }
};

BlockCost AttentionCost(const StepSpec& spec);
BlockCost DenseFfnCost(const StepSpec& spec);
BlockCost RouterCost(const StepSpec& spec);
BlockCost SharedExpertCost(const StepSpec& spec);

/// `pairs` (token, expert) pairs arrive at a rank with `localExperts` experts.
BlockCost ExpertCost(const StepSpec& spec, double pairs, double localExperts);

/// Bringing the experts' outputs together: memory only, forward.
Cost UnpermuteCost(const StepSpec& spec);

BlockCost EmbeddingCost(const StepSpec& spec);
BlockCost HeadCost(const StepSpec& spec);

/// `parameters` owned by this rank: gradient, master copy and two moments read (16 B), written back
/// with the BF16 copy (14 B).
Cost OptimizerCost(double parameters);

/// Tokens of a micro-batch, and those an MoE layer handles on one rank.
double TokensPerMicroBatch(const StepSpec& spec);
double MoeTokens(const StepSpec& spec);

} // namespace heddle

#endif
