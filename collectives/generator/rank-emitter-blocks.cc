// SPDX-License-Identifier: BSD-3-Clause
//
// The blocks of a layer: tensor parallelism and mixture of experts.
#include "ns3/collectives-rank-emitter.h"

namespace heddle
{

namespace
{

using Deps = std::vector<TaskId>;

} // namespace

TaskId
RankEmitter::Tensor(const char* label, CollectiveKind kind, const Deps& deps)
{
    return Collective(m_shared.groups.tensor[m_rank], label, kind, m_shared.activation, deps);
}

bool
RankEmitter::UsesTensor() const
{
    return m_spec.tp > 1;
}

void
RankEmitter::ForwardBlock(const Block& block)
{
    switch (block.kind)
    {
    case BlockKind::Embedding:
        Step("embedding", m_shared.embedding.forward);
        break;
    case BlockKind::Attention:
        ForwardTensorBlock("attention", m_shared.attention);
        break;
    case BlockKind::DenseFfn:
        ForwardTensorBlock("mlp", m_shared.denseFfn);
        break;
    case BlockKind::MoeFfn:
        ForwardMoe(block.layer);
        break;
    case BlockKind::Head:
        Step("head", m_shared.head.forward);
        break;
    }
}

void
RankEmitter::BackwardBlock(const Block& block)
{
    switch (block.kind)
    {
    case BlockKind::Embedding:
        Step("embedding-backward", m_shared.embedding.Backward());
        break;
    case BlockKind::Attention:
        BackwardTensorBlock("attention-backward", "attention-weight-gradient", m_shared.attention);
        break;
    case BlockKind::DenseFfn:
        BackwardTensorBlock("mlp-backward", "mlp-weight-gradient", m_shared.denseFfn);
        break;
    case BlockKind::MoeFfn:
        BackwardMoe(block.layer);
        break;
    case BlockKind::Head:
        Step("head-backward", m_shared.head.Backward());
        break;
    }
}

void
RankEmitter::ForwardTensorBlock(const char* label, const BlockCost& cost)
{
    if (m_spec.sequenceParallel)
    {
        m_deps = {Tensor("tp-all-gather", CollectiveKind::AllGather, m_deps)};
    }
    Step(label, cost.forward);
    if (m_spec.sequenceParallel)
    {
        m_deps = {Tensor("tp-reduce-scatter", CollectiveKind::ReduceScatter, m_deps)};
    }
    else if (UsesTensor())
    {
        m_deps = {Tensor("tp-all-reduce", CollectiveKind::AllReduce, m_deps)};
    }
}

void
RankEmitter::BackwardTensorBlock(const char* label, const char* weightLabel, const BlockCost& cost)
{
    if (!UsesTensor())
    {
        Step(label, cost.Backward());
        return;
    }
    Deps weightDeps;
    if (m_spec.sequenceParallel)
    {
        // The output's gradient, and again the input, which the weight gradient needs.
        TaskId gradient = Tensor("tp-all-gather", CollectiveKind::AllGather, m_deps);
        weightDeps = {Tensor("tp-all-gather", CollectiveKind::AllGather, m_deps)};
        m_deps = {gradient};
    }
    Step(label, cost.inputGradient);
    // The reduction runs under the weight gradient.
    m_deps = {m_spec.sequenceParallel
                  ? Tensor("tp-reduce-scatter", CollectiveKind::ReduceScatter, m_deps)
                  : Tensor("tp-all-reduce", CollectiveKind::AllReduce, m_deps)};
    Compute(weightLabel, cost.weightGradient, weightDeps);
}

TaskId
RankEmitter::AllToAll(const char* label,
                      uint32_t layer,
                      uint64_t pairBytes,
                      bool transposed,
                      const Deps& deps)
{
    CollectiveSpec spec;
    spec.label = label;
    spec.kind = CollectiveKind::AllToAll;
    if (m_shared.routing.balanced())
    {
        spec.bytes = static_cast<uint64_t>(MoeTokens(m_spec)) * m_spec.model.topK * pairBytes;
    }
    else
    {
        const MoeRouting::Matrix& pairs = Pairs(layer);
        uint32_t self = m_rank % m_spec.ep;
        for (uint32_t j = 0; j < m_spec.ep; ++j)
        {
            spec.bytesPerPeer.push_back((transposed ? pairs[j][self] : pairs[self][j]) * pairBytes);
        }
    }
    return m_graph.AddCollective(m_rank, m_shared.groups.expert[m_rank], spec, deps);
}

const MoeRouting::Matrix&
RankEmitter::Pairs(uint32_t layer)
{
    return m_shared.routing.Pairs(layer, m_microBatch, m_shared.groups.expertGroup[m_rank]);
}

BlockCost
RankEmitter::Experts(uint32_t layer)
{
    double pairs = MoeTokens(m_spec) * static_cast<double>(m_spec.model.topK);
    if (!m_shared.routing.balanced())
    {
        uint64_t received = 0;
        for (const auto& row : Pairs(layer))
        {
            received += row[m_rank % m_spec.ep];
        }
        pairs = static_cast<double>(received);
    }
    const auto local = m_spec.model.experts / m_spec.ep; // divides
    return ExpertCost(m_spec, pairs, static_cast<double>(local));
}

void
RankEmitter::ForwardMoe(uint32_t layer)
{
    Step("moe-router", m_shared.router.forward);
    Deps routed = m_deps;
    if (m_spec.ep > 1)
    {
        if (m_spec.countExchange)
        {
            uint64_t bytes = uint64_t{m_spec.ep} * m_spec.model.experts * 4;
            CommId comm = m_shared.groups.expert[m_rank];
            m_deps = {Collective(comm, "moe-counts", CollectiveKind::AllGather, bytes, m_deps)};
        }
        m_deps = {AllToAll("moe-dispatch", layer, m_shared.dispatchBytes, false, m_deps)};
    }
    if (m_spec.model.sharedExperts > 0)
    {
        Compute("moe-shared-expert", m_shared.sharedExpert.forward,
                routed); // under the dispatch
    }
    Step("moe-experts", Experts(layer).forward);
    if (m_spec.ep > 1)
    {
        m_deps = {AllToAll("moe-combine", layer, m_shared.combineBytes, true, m_deps)};
    }
    Step("moe-unpermute", m_shared.unpermute);
    RestoreTokens();
}

void
RankEmitter::BackwardMoe(uint32_t layer)
{
    Deps gradient = m_deps;
    if (m_spec.ep > 1)
    {
        m_deps = {AllToAll("moe-combine-backward", layer, m_shared.dispatchBytes, false, m_deps)};
    }
    if (m_spec.model.sharedExperts > 0)
    {
        Compute("moe-shared-expert-backward", m_shared.sharedExpert.Backward(), gradient);
    }
    Step("moe-experts-backward", Experts(layer).Backward());
    if (m_spec.ep > 1)
    {
        m_deps = {AllToAll("moe-dispatch-backward", layer, m_shared.combineBytes, true, m_deps)};
    }
    Step("moe-router-backward", m_shared.router.Backward());
    RestoreTokens();
}

void
RankEmitter::RestoreTokens()
{
    if (UsesTensor() && !m_spec.sequenceParallel)
    {
        m_deps = {Tensor("tp-all-gather", CollectiveKind::AllGather, m_deps)};
    }
}

} // namespace heddle
