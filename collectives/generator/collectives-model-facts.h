// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-model-facts.h
// -------------------------------
// Public facts of transformer and mixture-of-experts models, and the arithmetic that follows from
// them: parameters, GEMM weights and floating-point operations per token.
//
//   const ModelFacts& m = FindModel("qwen3-235b-a22b");      // InputError with the nearest names
//   double f = m.TrainFlopsPerToken(4096, true);            // 1.4833e11
//
// One FLOP is one multiply or one add; a GEMM m·n·k counts 2mnk. Model FLOPs: the backward pass is
// twice the forward (a flash-attention kernel executes 2.5 times its forward); recomputation is not
// counted. "Causal" halves core attention ((s+1)/2s exactly; the usual convention is 1/2).
//
// Formulas. Attention h d (2 n_h + 2 n_kv); MLA h q + q n_h (d_n + d_r) + h (kv + d_r) +
// kv n_h (d_n + d_v) + n_h d_v h; SwiGLU 3 h f, GELU 2 h f; router h E; head V h.
// Core attention per token and layer, full: 2 s n_h (d_qk + d_v).

#ifndef HEDDLE_COLLECTIVES_MODEL_FACTS_H
#define HEDDLE_COLLECTIVES_MODEL_FACTS_H

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

struct ModelFacts
{
    std::string name;
    std::string title;
    std::string source;
    uint32_t layers;
    uint64_t hidden;
    uint64_t heads;
    uint64_t kvHeads;
    uint64_t headDim;
    uint64_t ffn;         ///< width of a dense feed-forward layer; 0 = none is dense
    uint32_t denseLayers; ///< leading layers with a dense feed-forward
    uint64_t experts;     ///< routed experts per MoE layer; 0 = dense model
    uint64_t topK;
    uint64_t sharedExperts;
    uint64_t expertWidth;
    uint64_t vocabulary;
    bool gated = true; ///< SwiGLU, else GELU
    bool qkNorm = false;
    bool routerBias = false;
    bool gptStyle = false;  ///< LayerNorm, biases, tied embedding
    uint64_t positions = 0; ///< learned position embeddings
    // Multi-head latent attention; 0 = ordinary attention.
    uint64_t queryLora = 0;
    uint64_t kvLora = 0;
    uint64_t ropeDim = 0;
    uint64_t valueDim = 0;

    bool IsMoe(uint32_t layer) const
    {
        return experts > 0 && layer >= denseLayers;
    }

    bool IsMla() const
    {
        return kvLora > 0;
    }

    uint64_t AttentionWeights() const;                   ///< GEMM weights of a layer's attention
    uint64_t DenseFfnWeights() const;                    ///< of a dense feed-forward layer
    uint64_t ExpertWeights() const;                      ///< of one expert
    uint64_t RouterWeights() const;                      ///< of one MoE layer
    uint64_t SmallParameters(uint32_t layer) const;      ///< norms, biases: no GEMMs
    uint64_t LayerWeightsPerToken(uint32_t layer) const; ///< GEMM weights a token meets in a layer
    uint64_t HeadWeights() const;

    uint64_t LayerParameters(uint32_t layer) const;
    uint64_t EmbeddingParameters() const; ///< token and position embeddings
    uint64_t HeadParameters() const;      ///< output head (none when tied) and final norm
    uint64_t TotalParameters() const;
    uint64_t ActiveParameters() const; ///< total with only topK routed experts per layer
    uint64_t WeightsPerToken() const;  ///< GEMM weights a token meets, head included

    /// Core attention of a token in one layer, forward, over `sequence` tokens.
    double CoreAttentionFlops(uint64_t sequence, bool causal) const;
    double TrainFlopsPerToken(uint64_t sequence, bool causal) const;
    uint64_t KvBytesPerToken(uint64_t elementBytes) const; ///< all layers
};

/// The table, sorted by name.
const std::vector<ModelFacts>& PublicModels();

/// Throws InputError with the nearest names.
const ModelFacts& FindModel(const std::string& name);

} // namespace heddle

#endif
