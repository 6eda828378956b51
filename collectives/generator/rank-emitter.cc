// SPDX-License-Identifier: BSD-3-Clause
//
// A rank's program: pipeline slots, parameter exchange, optimizer.
#include "ns3/collectives-rank-emitter.h"

namespace heddle
{

namespace
{

using Deps = std::vector<TaskId>;

} // namespace

RankEmitter::RankEmitter(StepContext& shared, const StagePlan& plan, Rank rank)
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

void
RankEmitter::Emit()
{
    uint32_t microBatches = SliceMicroBatches(m_spec);
    if (m_spec.overlapParameterGather)
    {
        for (ParameterExchange& exchange : m_exchanges)
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

TaskId
RankEmitter::Compute(const char* label,
                     const Cost& cost,
                     const Deps& deps,
                     ComputeClass computeClass)
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

TaskId
RankEmitter::Collective(CommId comm,
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

void
RankEmitter::Step(const char* label, const Cost& cost)
{
    m_deps = {Compute(label, cost, m_deps)};
}

uint64_t
RankEmitter::PipelineBytes() const
{
    return m_spec.sequenceParallel ? m_shared.activation / m_spec.tp : m_shared.activation;
}

void
RankEmitter::Receive(Rank from, uint32_t tag, const char* label)
{
    m_deps = {m_graph.AddRecv(m_rank, from, PipelineBytes(), tag, label, {}, true)};
}

void
RankEmitter::Send(Rank to, uint32_t tag, const char* label)
{
    m_graph.AddSend(m_rank, to, PipelineBytes(), tag, label, m_deps, true);
}

void
RankEmitter::Forward(uint32_t microBatch)
{
    m_microBatch = microBatch;
    m_deps.clear();
    if (m_stage > 0)
    {
        Receive(m_rank - m_plane, 2 * microBatch, "pp-activation");
    }
    for (uint32_t b = 0; b < m_plan.blocks.size(); ++b)
    {
        for (ParameterExchange& exchange : m_exchanges)
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

void
RankEmitter::Backward(uint32_t microBatch, bool last)
{
    m_microBatch = microBatch;
    if (m_stage + 1 < m_spec.pp) // else it goes on from this micro-batch's forward
    {
        Receive(m_rank + m_plane, 2 * microBatch + 1, "pp-gradient");
    }
    for (auto b = static_cast<uint32_t>(m_plan.blocks.size()); b-- > 0;)
    {
        BackwardBlock(m_plan.blocks[b]);
        for (ParameterExchange& exchange : m_exchanges)
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

void
RankEmitter::LaunchGather(ParameterExchange& exchange, const Deps& deps)
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

void
RankEmitter::AwaitParameters(ParameterExchange& exchange, uint32_t block)
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

void
RankEmitter::ScatterGradients(ParameterExchange& exchange, uint32_t block)
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

void
RankEmitter::Optimize()
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
        for (ParameterExchange& exchange : m_exchanges)
        {
            exchange.gathersLeft = exchange.active ? exchange.buckets->size() : 0;
            while (exchange.gathersLeft > 0)
            {
                LaunchGather(exchange, deps);
            }
        }
    }
}

} // namespace heddle
