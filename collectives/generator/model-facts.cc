// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/collectives-model-facts.h"

#include <algorithm>

namespace heddle
{

namespace
{

ModelFacts
Dense(const char* name,
      const char* title,
      const char* source,
      uint32_t layers,
      uint64_t hidden,
      uint64_t heads,
      uint64_t kvHeads,
      uint64_t ffn,
      uint64_t vocabulary)
{
    ModelFacts m{};
    m.name = name;
    m.title = title;
    m.source = source;
    m.layers = layers;
    m.hidden = hidden;
    m.heads = heads;
    m.kvHeads = kvHeads;
    m.headDim = 128;
    m.ffn = ffn;
    m.denseLayers = layers;
    m.vocabulary = vocabulary;
    m.gated = true;
    return m;
}

ModelFacts
Moe(ModelFacts m, uint64_t topK, uint64_t experts, uint64_t expertWidth)
{
    m.denseLayers = 0;
    m.topK = topK;
    m.experts = experts;
    m.expertWidth = expertWidth;
    return m;
}

ModelFacts
Gpt3()
{
    ModelFacts m = Dense("gpt3-175b",
                         "GPT-3 175B",
                         "arXiv 2005.14165 Table 2.1",
                         96,
                         12288,
                         96,
                         96,
                         49152,
                         50257);
    m.gated = false;
    m.gptStyle = true;
    m.positions = 2048;
    return m;
}

ModelFacts
Qwen3(const char* name,
      const char* title,
      uint32_t layers,
      uint64_t hidden,
      uint64_t heads,
      uint64_t width)
{
    ModelFacts m = Moe(Dense(name,
                             title,
                             "pytorch/torchtitan models/qwen3, Megatron-LM modelopt/conf/Qwen",
                             layers,
                             hidden,
                             heads,
                             4,
                             0,
                             151936),
                       8,
                       128,
                       width);
    m.qkNorm = true;
    return m;
}

ModelFacts
DeepSeekV3()
{
    ModelFacts m = Moe(Dense("deepseek-v3",
                             "DeepSeek-V3 (without its MTP module)",
                             "deepseek-ai/DeepSeek-V3 inference/configs/config_671B.json, README",
                             61,
                             7168,
                             128,
                             128,
                             18432,
                             129280),
                       8,
                       256,
                       2048);
    m.denseLayers = 3;
    m.sharedExperts = 1;
    m.routerBias = true;
    m.queryLora = 1536;
    m.kvLora = 512;
    m.ropeDim = 64;
    m.valueDim = 128;
    return m;
}

std::vector<ModelFacts>
MakeModels()
{
    const char* llama = "pytorch/torchtitan models/llama3, arXiv 2407.21783 Table 3";
    const char* mixtral = "NVIDIA/Megatron-LM examples/mixtral, mistralai configuration files";
    std::vector<ModelFacts> models = {
        Gpt3(),
        Dense("llama3-8b", "Llama 3 8B", llama, 32, 4096, 32, 8, 14336, 128256),
        Dense("llama3-70b", "Llama 3 70B", llama, 80, 8192, 64, 8, 28672, 128256),
        Dense("llama3-405b", "Llama 3 405B", llama, 126, 16384, 128, 8, 53248, 128256),
        Moe(Dense("mixtral-8x7b", "Mixtral 8x7B", mixtral, 32, 4096, 32, 8, 0, 32000), 2, 8, 14336),
        Moe(Dense("mixtral-8x22b", "Mixtral 8x22B", mixtral, 56, 6144, 48, 8, 0, 32000),
            2,
            8,
            16384),
        DeepSeekV3(),
        Qwen3("qwen3-235b-a22b", "Qwen3-235B-A22B", 94, 4096, 64, 1536),
        Qwen3("qwen3-30b-a3b", "Qwen3-30B-A3B", 48, 2048, 32, 768),
    };
    std::sort(models.begin(),
              models.end(),
              [](const ModelFacts& a, const ModelFacts& b) { return a.name < b.name; });
    return models;
}

} // namespace

uint64_t
ModelFacts::AttentionWeights() const
{
    if (!IsMla())
    {
        return hidden * headDim * (2 * heads + 2 * kvHeads);
    }
    return hidden * queryLora + queryLora * heads * (headDim + ropeDim) +
           hidden * (kvLora + ropeDim) + kvLora * heads * (headDim + valueDim) +
           heads * valueDim * hidden;
}

uint64_t
ModelFacts::DenseFfnWeights() const
{
    return (gated ? 3 : 2) * hidden * ffn;
}

uint64_t
ModelFacts::ExpertWeights() const
{
    return (gated ? 3 : 2) * hidden * expertWidth;
}

uint64_t
ModelFacts::RouterWeights() const
{
    return hidden * experts;
}

uint64_t
ModelFacts::SmallParameters(uint32_t layer) const
{
    if (gptStyle)
    {
        // Two LayerNorms (4h), biases of QKV (3h), projection (h) and the two GEMMs (f + h).
        return 9 * hidden + ffn;
    }
    uint64_t norms = 2 * hidden + (qkNorm ? 2 * headDim : 0) + queryLora + kvLora;
    return norms + (routerBias && IsMoe(layer) ? experts : 0);
}

uint64_t
ModelFacts::LayerWeightsPerToken(uint32_t layer) const
{
    if (!IsMoe(layer))
    {
        return AttentionWeights() + DenseFfnWeights();
    }
    return AttentionWeights() + RouterWeights() + (topK + sharedExperts) * ExpertWeights();
}

uint64_t
ModelFacts::HeadWeights() const
{
    return vocabulary * hidden;
}

uint64_t
ModelFacts::LayerParameters(uint32_t layer) const
{
    uint64_t idle = IsMoe(layer) ? (experts - topK) * ExpertWeights() : 0;
    return LayerWeightsPerToken(layer) + idle + SmallParameters(layer);
}

uint64_t
ModelFacts::EmbeddingParameters() const
{
    return (vocabulary + positions) * hidden;
}

uint64_t
ModelFacts::HeadParameters() const
{
    return gptStyle ? 2 * hidden : HeadWeights() + hidden;
}

uint64_t
ModelFacts::TotalParameters() const
{
    uint64_t sum = EmbeddingParameters() + HeadParameters();
    for (uint32_t l = 0; l < layers; ++l)
    {
        sum += LayerParameters(l);
    }
    return sum;
}

uint64_t
ModelFacts::ActiveParameters() const
{
    uint64_t sum = TotalParameters();
    for (uint32_t l = 0; l < layers; ++l)
    {
        sum -= IsMoe(l) ? (experts - topK) * ExpertWeights() : 0;
    }
    return sum;
}

uint64_t
ModelFacts::WeightsPerToken() const
{
    uint64_t sum = HeadWeights();
    for (uint32_t l = 0; l < layers; ++l)
    {
        sum += LayerWeightsPerToken(l);
    }
    return sum;
}

double
ModelFacts::CoreAttentionFlops(uint64_t sequence, bool causal) const
{
    uint64_t width = IsMla() ? headDim + ropeDim + valueDim : 2 * headDim;
    double full = 2.0 * static_cast<double>(sequence) * static_cast<double>(heads * width);
    return causal ? full / 2 : full;
}

double
ModelFacts::TrainFlopsPerToken(uint64_t sequence, bool causal) const
{
    return 6.0 * static_cast<double>(WeightsPerToken()) +
           3.0 * layers * CoreAttentionFlops(sequence, causal);
}

uint64_t
ModelFacts::KvBytesPerToken(uint64_t elementBytes) const
{
    uint64_t perLayer = IsMla() ? kvLora + ropeDim : 2 * kvHeads * headDim;
    return layers * perLayer * elementBytes;
}

const std::vector<ModelFacts>&
PublicModels()
{
    static const std::vector<ModelFacts> models = MakeModels();
    return models;
}

const ModelFacts&
FindModel(const std::string& name)
{
    std::vector<std::string> names;
    for (const ModelFacts& model : PublicModels())
    {
        if (model.name == name)
        {
            return model;
        }
        names.push_back(model.name);
    }
    throw InputError("unknown model '" + name + "'." + DidYouMean(name, names));
}

} // namespace heddle
