// SPDX-License-Identifier: BSD-3-Clause
//
// Parameter and FLOP totals against published model sizes and hand arithmetic.
#include "ns3/base-errors.h"
#include "ns3/collectives-model-facts.h"

#include <gtest/gtest.h>

namespace heddle
{

namespace
{

struct Row
{
    const char* name;
    uint64_t sequence;
    uint64_t total;
    uint64_t active;
    uint64_t weights; ///< GEMM weights per token
    double core;      ///< core attention, full, all layers
    double trainFull; ///< 5 digits
    double trainCausal;
    uint64_t kvBytes; ///< BF16
};

const Row kRows[] = {
    {"gpt3-175b",
     2048,
     174604259328,
     174604259328,
     174563733504,
     9.6637e9,
     1.0764e12,
     1.0619e12,
     4718592},
    {"llama3-8b", 8192, 8030261248, 8030261248, 7504658432, 4.2950e9, 5.7913e10, 5.1470e10, 131072},
    {"llama3-70b",
     8192,
     70553706496,
     70553706496,
     69501714432,
     2.1475e10,
     4.8143e11,
     4.4922e11,
     327680},
    {"llama3-405b",
     8192,
     405853388800,
     405853388800,
     403747897344,
     6.7646e10,
     2.6254e12,
     2.5240e12,
     516096},
    {"mixtral-8x7b",
     4096,
     46702792704,
     12879925248,
     12748587008,
     2.1475e9,
     8.2934e10,
     7.9713e10,
     131072},
    {"mixtral-8x22b",
     4096,
     140620634112,
     39152031744,
     38954729472,
     5.6371e9,
     2.5064e11,
     2.4218e11,
     229376},
    {"deepseek-v3",
     4096,
     671026419200,
     37552297472,
     36624596992,
     2.0468e10,
     2.8115e11,
     2.5045e11,
     70272},
    {"qwen3-235b-a22b",
     4096,
     235093634560,
     22190763520,
     21567635456,
     1.2616e10,
     1.6726e11,
     1.4833e11,
     192512},
    {"qwen3-30b-a3b",
     4096,
     30532122624,
     3353032704,
     3041656832,
     3.2212e9,
     2.7914e10,
     2.3082e10,
     98304},
};

TEST(ModelFacts, Totals)
{
    EXPECT_EQ(PublicModels().size(), std::size(kRows));
    for (const Row& row : kRows)
    {
        const ModelFacts& m = FindModel(row.name);
        EXPECT_EQ(m.TotalParameters(), row.total) << row.name << " parameters";
        EXPECT_EQ(m.ActiveParameters(), row.active) << row.name << " active parameters";
        EXPECT_EQ(m.WeightsPerToken(), row.weights) << row.name << " GEMM weights per token";
        EXPECT_EQ(m.KvBytesPerToken(2), row.kvBytes) << row.name << " KV bytes per token";
        // The published figures have five digits.
        double core = m.layers * m.CoreAttentionFlops(row.sequence, false);
        EXPECT_NEAR(core / row.core, 1, 5e-5) << row.name << " core attention";
        EXPECT_NEAR(m.TrainFlopsPerToken(row.sequence, false) / row.trainFull, 1, 5e-5) << row.name;
        EXPECT_NEAR(m.TrainFlopsPerToken(row.sequence, true) / row.trainCausal, 1, 5e-5)
            << row.name;
    }
    EXPECT_EQ(FindModel("deepseek-v3").AttentionWeights(), 187105280U);
}

TEST(ModelFacts, WrongNameIsAnsweredWithTheNearest)
{
    try
    {
        FindModel("lama3-8b");
        FAIL() << "expected an InputError";
    }
    catch (const InputError& error)
    {
        EXPECT_NE(std::string(error.what()).find("llama3-8b"), std::string::npos) << error.what();
    }
}

} // namespace

} // namespace heddle
