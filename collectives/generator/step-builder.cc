// SPDX-License-Identifier: BSD-3-Clause
//
// BuildStep: walks each rank through its pipeline slots and appends tasks.
#include "ns3/collectives-generator.h"
#include "ns3/collectives-layer-costs.h"
#include "ns3/collectives-moe-routing.h"
#include "ns3/collectives-step-plan.h"

#include <algorithm>
#include <memory>

namespace heddle
{

namespace
{

using Deps = std::vector<TaskId>;

/// The communicators of each rank.
struct Groups
{
    CommId world = 0;
    std::vector<CommId> tensor;  ///< by rank
    std::vector<CommId> expert;  ///< expert parallel
    std::vector<CommId> data;    ///< shares the dense parameters
    std::vector<CommId> replica; ///< shares the experts
    std::vector<uint32_t> expertGroup;
};

/// Adds the communicators of one kind: `key` tells ranks of different groups apart.
template <class Key>
std::vector<CommId>
AddGroups(TaskGraph& graph, const std::string& name, Key&& key)
{
    std::map<uint32_t, std::vector<Rank>> members;
    for (Rank rank = 0; rank < graph.ranks(); ++rank)
    {
        members[key(rank)].push_back(rank);
    }
    std::vector<CommId> comms(graph.ranks());
    uint32_t index = 0;
    for (auto& [k, ranks] : members)
    {
        CommId comm = graph.AddCommunicator(name + "-" + std::to_string(index++), ranks);
        for (Rank rank : ranks)
        {
            comms[rank] = comm;
        }
    }
    return comms;
}

Groups
MakeGroups(const StepSpec& spec, TaskGraph& graph)
{
    Groups groups;
    uint32_t plane = spec.tp * spec.dp;
    std::vector<Rank> all(graph.ranks());
    for (Rank rank = 0; rank < graph.ranks(); ++rank)
    {
        all[rank] = rank;
        groups.expertGroup.push_back(rank / spec.ep);
    }
    groups.world = graph.AddCommunicator("world", all);
    auto dataKey = [&](Rank r) { return r / plane * spec.tp + r % spec.tp; };
    auto replicaKey = [&](Rank r) { return r / plane * spec.ep + r % plane % spec.ep; };
    groups.tensor = AddGroups(graph, "tp", [&](Rank r) { return r / spec.tp; });
    groups.data = AddGroups(graph, "dp", dataKey);
    if (spec.model.experts > 0)
    {
        groups.expert = AddGroups(graph, "ep", [&](Rank r) { return r / spec.ep; });
        groups.replica = AddGroups(graph, "expert-dp", replicaKey);
    }
    return groups;
}

/// What all ranks share while the graph is built.
struct Shared
{
    Shared(const StepSpec& s, TaskGraph& g)
        : spec(s),
          graph(g),
          groups(MakeGroups(s, g)),
          routing(s),
          attention(AttentionCost(s)),
          denseFfn(DenseFfnCost(s)),
          router(RouterCost(s)),
          sharedExpert(SharedExpertCost(s)),
          unpermute(UnpermuteCost(s)),
          embedding(EmbeddingCost(s)),
          head(HeadCost(s))
    {
        auto tokens = static_cast<uint64_t>(TokensPerMicroBatch(s));
        activation = tokens * s.model.hidden * s.activationBytes;
        uint64_t h = s.model.hidden;
        dispatchBytes = s.fp8Dispatch ? h + 4 * ((h + 127) / 128) : h * s.activationBytes;
        combineBytes = h * s.activationBytes;
    }

    const StepSpec& spec;
    TaskGraph& graph;
    Groups groups;
    MoeRouting routing;
    BlockCost attention;
    BlockCost denseFfn;
    BlockCost router;
    BlockCost sharedExpert;
    Cost unpermute;
    BlockCost embedding;
    BlockCost head;
    uint64_t activation;    ///< A: bytes of a micro-batch's activations
    uint64_t dispatchBytes; ///< per (token, expert) pair
    uint64_t combineBytes;
};

/// Gradient reduce-scatter and parameter all-gather over one kind of group.
struct Exchange
{
    bool active = false;
    CommId comm = 0;
    const std::vector<GradientBucket>* buckets = nullptr;
    const char* scatterLabel = "";
    const char* gatherLabel = "";
    size_t gathersLeft = 0; ///< buckets not yet launched; the last bucket goes first
    TaskId gather = 0;      ///< the latest launched
};

/// The program of one rank.
class RankEmitter
{
  public:
    RankEmitter(Shared& shared, const StagePlan& plan, Rank rank)
        : m_shared(shared),
          m_spec(shared.spec),
          m_graph(shared.graph),
          m_plan(plan),
          m_rank(rank),
          m_plane(m_spec.tp * m_spec.dp),
          m_stage(rank / m_plane)
    {
        bool exchanged = m_spec.gradients;
        m_exchanges[0] = {exchanged && m_spec.dp > 1,
                          m_shared.groups.data[rank],
                          &plan.denseBuckets,
                          "gradient-reduce-scatter",
                          "parameter-all-gather"};
        if (m_spec.model.experts > 0)
        {
            m_exchanges[1] = {exchanged && ExpertReplicas(m_spec) > 1,
                              m_shared.groups.replica[rank],
                              &plan.expertBuckets,
                              "expert-gradient-reduce-scatter",
                              "expert-parameter-all-gather"};
        }
    }

    void Emit()
    {
        uint32_t microBatches = SliceMicroBatches(m_spec);
        if (m_spec.overlapParameterGather)
        {
            for (Exchange& exchange : m_exchanges)
            {
                exchange.gathersLeft = exchange.active ? exchange.buckets->size() : 0;
                LaunchGather(exchange, {});
            }
        }
        for (PipelineSlot slot : OneForwardOneBackward(m_spec.pp, m_stage, microBatches))
        {
            slot.forward ? Forward(slot.microBatch)
                         : Backward(slot.microBatch, slot.microBatch + 1 == microBatches);
        }
        Optimize();
    }

  private:
    // ---- building stones: each moves m_deps, what the next consumer has to wait for.

    TaskId Compute(const char* label,
                   const Cost& cost,
                   const Deps& deps,
                   ComputeClass computeClass = ComputeClass::Kernel)
    {
        ComputeSpec spec;
        spec.label = label;
        spec.flops = cost.flops;
        spec.memoryBytes = cost.bytes;
        spec.computeClass = computeClass;
        m_lastCompute = m_graph.AddCompute(m_rank, spec, deps);
        m_hasCompute = true;
        return m_lastCompute;
    }

    TaskId Collective(CommId comm,
                      const char* label,
                      CollectiveKind kind,
                      uint64_t bytes,
                      const Deps& deps)
    {
        CollectiveSpec spec;
        spec.label = label;
        spec.kind = kind;
        spec.bytes = bytes;
        return m_graph.AddCollective(m_rank, comm, spec, deps);
    }

    TaskId Tensor(const char* label, CollectiveKind kind, const Deps& deps)
    {
        return Collective(m_shared.groups.tensor[m_rank], label, kind, m_shared.activation, deps);
    }

    bool UsesTensor() const
    {
        return m_spec.tp > 1;
    }

    void Step(const char* label, const Cost& cost)
    {
        m_deps = {Compute(label, cost, m_deps)};
    }

    // ---- pipeline

    uint64_t PipelineBytes() const
    {
        return m_spec.sequenceParallel ? m_shared.activation / m_spec.tp : m_shared.activation;
    }

    void Receive(Rank from, uint32_t tag, const char* label)
    {
        m_deps = {m_graph.AddRecv(m_rank, from, PipelineBytes(), tag, label, {}, true)};
    }

    void Send(Rank to, uint32_t tag, const char* label)
    {
        m_graph.AddSend(m_rank, to, PipelineBytes(), tag, label, m_deps, true);
    }

    void Forward(uint32_t microBatch)
    {
        m_microBatch = microBatch;
        m_deps.clear();
        if (m_stage > 0)
        {
            Receive(m_rank - m_plane, 2 * microBatch, "pp-activation");
        }
        for (uint32_t b = 0; b < m_plan.blocks.size(); ++b)
        {
            for (Exchange& exchange : m_exchanges)
            {
                AwaitParameters(exchange, b);
            }
            ForwardBlock(m_plan.blocks[b]);
        }
        if (m_stage + 1 < m_spec.pp)
        {
            Send(m_rank + m_plane, 2 * microBatch, "pp-activation");
        }
    }

    void Backward(uint32_t microBatch, bool last)
    {
        m_microBatch = microBatch;
        if (m_stage + 1 < m_spec.pp) // else it goes on from this micro-batch's forward
        {
            Receive(m_rank + m_plane, 2 * microBatch + 1, "pp-gradient");
        }
        for (auto b = static_cast<uint32_t>(m_plan.blocks.size()); b-- > 0;)
        {
            BackwardBlock(m_plan.blocks[b]);
            for (Exchange& exchange : m_exchanges)
            {
                if (last)
                {
                    ScatterGradients(exchange, b);
                }
            }
        }
        if (m_stage > 0)
        {
            Send(m_rank - m_plane, 2 * microBatch + 1, "pp-gradient");
        }
    }

    // ---- blocks

    void ForwardBlock(const Block& block)
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

    void BackwardBlock(const Block& block)
    {
        switch (block.kind)
        {
        case BlockKind::Embedding:
            Step("embedding-backward", m_shared.embedding.Backward());
            break;
        case BlockKind::Attention:
            BackwardTensorBlock("attention-backward",
                                "attention-weight-gradient",
                                m_shared.attention);
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

    void ForwardTensorBlock(const char* label, const BlockCost& cost)
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

    void BackwardTensorBlock(const char* label, const char* weightLabel, const BlockCost& cost)
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

    /// Pairs from source member i to destination member j are X[i][j]; `transposed` for the way
    /// back.
    TaskId AllToAll(const char* label,
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
                spec.bytesPerPeer.push_back((transposed ? pairs[j][self] : pairs[self][j]) *
                                            pairBytes);
            }
        }
        return m_graph.AddCollective(m_rank, m_shared.groups.expert[m_rank], spec, deps);
    }

    const MoeRouting::Matrix& Pairs(uint32_t layer)
    {
        return m_shared.routing.Pairs(layer, m_microBatch, m_shared.groups.expertGroup[m_rank]);
    }

    BlockCost Experts(uint32_t layer)
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
        auto local = static_cast<double>(m_spec.model.experts / m_spec.ep);
        return ExpertCost(m_spec, pairs, local);
    }

    void ForwardMoe(uint32_t layer)
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
            Compute("moe-shared-expert",
                    m_shared.sharedExpert.forward,
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

    void BackwardMoe(uint32_t layer)
    {
        Deps gradient = m_deps;
        if (m_spec.ep > 1)
        {
            m_deps = {
                AllToAll("moe-combine-backward", layer, m_shared.dispatchBytes, false, m_deps)};
        }
        if (m_spec.model.sharedExperts > 0)
        {
            Compute("moe-shared-expert-backward", m_shared.sharedExpert.Backward(), gradient);
        }
        Step("moe-experts-backward", Experts(layer).Backward());
        if (m_spec.ep > 1)
        {
            m_deps = {
                AllToAll("moe-dispatch-backward", layer, m_shared.combineBytes, true, m_deps)};
        }
        Step("moe-router-backward", m_shared.router.Backward());
        RestoreTokens();
    }

    /// An MoE layer works on 1/tp of the tokens; without sequence parallelism all are needed next.
    void RestoreTokens()
    {
        if (UsesTensor() && !m_spec.sequenceParallel)
        {
            m_deps = {Tensor("tp-all-gather", CollectiveKind::AllGather, m_deps)};
        }
    }

    // ---- data parallelism

    void LaunchGather(Exchange& exchange, const Deps& deps)
    {
        if (exchange.gathersLeft > 0)
        {
            uint64_t elements = (*exchange.buckets)[--exchange.gathersLeft].elements;
            exchange.gather = Collective(exchange.comm,
                                         exchange.gatherLabel,
                                         CollectiveKind::AllGather,
                                         elements * m_spec.weightBytes,
                                         deps);
        }
    }

    /// The first block of a bucket waits for its parameters; the next bucket is then prefetched.
    void AwaitParameters(Exchange& exchange, uint32_t block)
    {
        if (!exchange.active || m_microBatch > 0 || !m_spec.overlapParameterGather)
        {
            return;
        }
        for (const GradientBucket& bucket : *exchange.buckets)
        {
            if (bucket.firstBlock == block)
            {
                m_deps.push_back(exchange.gather);
                Deps next{exchange.gather};
                if (m_hasCompute)
                {
                    next.push_back(m_lastCompute);
                }
                LaunchGather(exchange, next);
            }
        }
    }

    void ScatterGradients(Exchange& exchange, uint32_t block)
    {
        if (!exchange.active)
        {
            return;
        }
        for (const GradientBucket& bucket : *exchange.buckets)
        {
            if (bucket.firstBlock == block)
            {
                m_scattered.push_back(Collective(exchange.comm,
                                                 exchange.scatterLabel,
                                                 CollectiveKind::ReduceScatter,
                                                 bucket.elements * m_spec.gradientBytes,
                                                 {m_lastCompute}));
            }
        }
    }

    void Optimize()
    {
        Deps deps = m_scattered;
        deps.push_back(m_lastCompute);
        if (m_spec.optimizer)
        {
            if (m_graph.ranks() > 1)
            {
                deps = {Collective(m_shared.groups.world,
                                   "gradient-norm",
                                   CollectiveKind::AllReduce,
                                   4,
                                   deps)};
            }
            double owned = static_cast<double>(m_plan.DenseParameters()) / m_spec.dp +
                           static_cast<double>(m_plan.ExpertParameters()) / ExpertReplicas(m_spec);
            deps = {Compute("optimizer", OptimizerCost(owned), deps, ComputeClass::Optimizer)};
        }
        if (!m_spec.overlapParameterGather)
        {
            for (Exchange& exchange : m_exchanges)
            {
                exchange.gathersLeft = exchange.active ? exchange.buckets->size() : 0;
                while (exchange.gathersLeft > 0)
                {
                    LaunchGather(exchange, deps);
                }
            }
        }
    }

    Shared& m_shared;
    const StepSpec& m_spec;
    TaskGraph& m_graph;
    const StagePlan& m_plan;
    Rank m_rank;
    uint32_t m_plane;
    uint32_t m_stage;
    uint32_t m_microBatch = 0;
    bool m_hasCompute = false;
    TaskId m_lastCompute = 0;
    Deps m_deps;
    Deps m_scattered;
    Exchange m_exchanges[2]; ///< dense, experts
};

} // namespace

Step
BuildStep(const StepSpec& spec)
{
    CheckStepSpec(spec);
    Step step{TaskGraph(spec.tp * spec.dp * spec.pp), MakeSliceInfo(spec)};
    Shared shared(spec, step.graph);
    for (uint32_t stage = 0; stage < spec.pp; ++stage)
    {
        StagePlan plan = PlanStage(spec, stage);
        uint32_t plane = spec.tp * spec.dp;
        for (Rank rank = stage * plane; rank < (stage + 1) * plane; ++rank)
        {
            RankEmitter(shared, plan, rank).Emit();
        }
    }
    step.graph.Validate();
    return step;
}

} // namespace heddle
