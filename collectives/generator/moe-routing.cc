// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-random.h"
#include "ns3/collectives-layer-costs.h"
#include "ns3/collectives-moe-routing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace heddle
{

MoeRouting::MoeRouting(const StepSpec& spec)
    : m_spec(spec),
      m_balanced(spec.zipf == 0 && !spec.drawExperts),
      m_tokens(static_cast<uint64_t>(MoeTokens(spec)))
{
}

std::vector<double>
MoeRouting::Popularity(uint32_t layer) const
{
    size_t experts = m_spec.model.experts;
    std::vector<double> popularity(experts);
    double sum = 0;
    for (size_t i = 0; i < experts; ++i)
    {
        popularity[i] = std::pow(static_cast<double>(i + 1), -m_spec.zipf);
        sum += popularity[i];
    }
    RandomStream order(m_spec.seed, "expert-popularity", layer);
    for (size_t i = experts; i > 1; --i)
    {
        std::swap(popularity[i - 1], popularity[order.Below(i, static_cast<uint32_t>(i))]);
    }
    for (double& p : popularity)
    {
        p /= sum;
    }
    return popularity;
}

MoeRouting::Matrix
MoeRouting::Expected(uint32_t layer) const
{
    std::vector<double> popularity = Popularity(layer);
    uint64_t pairs = m_tokens * m_spec.model.topK;
    size_t perRank = m_spec.model.experts / m_spec.ep;
    std::vector<uint64_t> row(m_spec.ep, 0);
    double sum = 0;
    uint64_t before = 0;
    for (size_t e = 0; e < popularity.size(); ++e)
    {
        sum += popularity[e];
        uint64_t upTo = e + 1 == popularity.size()
                            ? pairs
                            : static_cast<uint64_t>(std::floor(sum * static_cast<double>(pairs)));
        upTo = std::clamp(upTo, before, pairs);
        row[e / perRank] += upTo - before;
        before = upTo;
    }
    return Matrix(m_spec.ep, row);
}

MoeRouting::Matrix
MoeRouting::Drawn(uint32_t layer, uint32_t microBatch, uint32_t group) const
{
    std::vector<double> cumulative = Popularity(layer);
    std::partial_sum(cumulative.begin(), cumulative.end(), cumulative.begin());
    size_t perRank = m_spec.model.experts / m_spec.ep;
    Matrix matrix(m_spec.ep, std::vector<uint64_t>(m_spec.ep, 0));
    std::vector<size_t> chosen;
    for (uint32_t source = 0; source < m_spec.ep; ++source)
    {
        uint64_t entity =
            HashCombine(HashCombine(layer, microBatch), uint64_t{group} * m_spec.ep + source);
        RandomStream draws(m_spec.seed, "expert-draw", entity);
        uint64_t index = 0;
        for (uint64_t token = 0; token < m_tokens; ++token)
        {
            chosen.clear();
            while (chosen.size() < m_spec.model.topK)
            {
                double u = draws.Uniform(index++) * cumulative.back();
                auto at = std::upper_bound(cumulative.begin(), cumulative.end(), u);
                auto expert = std::min<size_t>(static_cast<size_t>(at - cumulative.begin()),
                                               cumulative.size() - 1);
                if (std::find(chosen.begin(), chosen.end(), expert) == chosen.end())
                {
                    chosen.push_back(expert);
                    ++matrix[source][expert / perRank];
                }
            }
        }
    }
    return matrix;
}

const MoeRouting::Matrix&
MoeRouting::Pairs(uint32_t layer, uint32_t microBatch, uint32_t group)
{
    std::tuple<uint32_t, uint32_t, uint32_t> key{layer, microBatch, group};
    if (!m_spec.drawExperts)
    {
        key = {layer, 0, 0}; // the same for all
    }
    auto it = m_cache.find(key);
    if (it == m_cache.end())
    {
        it = m_cache
                 .emplace(key,
                          m_spec.drawExperts ? Drawn(layer, microBatch, group) : Expected(layer))
                 .first;
    }
    return it->second;
}

} // namespace heddle
