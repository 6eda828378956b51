// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-rank-emitter.h
// --------------------------------
// Appends one rank's program of a training step to a task graph (BuildStep's inside).

#ifndef HEDDLE_COLLECTIVES_RANK_EMITTER_H
#define HEDDLE_COLLECTIVES_RANK_EMITTER_H

#include "ns3/collectives-layer-costs.h"
#include "ns3/collectives-moe-routing.h"
#include "ns3/collectives-step-plan.h"

#include <vector>

namespace heddle
{

/// The communicators of each rank.
struct StepGroups
{
    CommId world = 0;
    std::vector<CommId> tensor;  ///< by rank
    std::vector<CommId> expert;  ///< expert parallel
    std::vector<CommId> data;    ///< shares the dense parameters
    std::vector<CommId> replica; ///< shares the experts
    std::vector<uint32_t> expertGroup;
};

/// What all ranks share while the graph is built.
struct StepContext
{
    StepContext(const StepSpec& spec, TaskGraph& graph);

    const StepSpec& spec;
    TaskGraph& graph;
    StepGroups groups;
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
struct ParameterExchange
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
    RankEmitter(StepContext& shared, const StagePlan& plan, Rank rank);
    void Emit();

  private:
    // ---- building stones: each moves m_deps, what the next consumer has to wait for.

    TaskId Compute(const char* label,
                   const Cost& cost,
                   const std::vector<TaskId>& deps,
                   ComputeClass computeClass = ComputeClass::Kernel);
    TaskId Collective(CommId comm,
                      const char* label,
                      CollectiveKind kind,
                      uint64_t bytes,
                      const std::vector<TaskId>& deps);
    TaskId Tensor(const char* label, CollectiveKind kind, const std::vector<TaskId>& deps);
    bool UsesTensor() const;
    void Step(const char* label, const Cost& cost);

    // ---- pipeline

    uint64_t PipelineBytes() const;
    void Receive(Rank from, uint32_t tag, const char* label);
    void Send(Rank to, uint32_t tag, const char* label);
    void Forward(uint32_t microBatch);
    void Backward(uint32_t microBatch, bool last);

    // ---- blocks

    void ForwardBlock(const Block& block);
    void BackwardBlock(const Block& block);
    void ForwardTensorBlock(const char* label, const BlockCost& cost);
    void BackwardTensorBlock(const char* label, const char* weightLabel, const BlockCost& cost);

    /// Pairs from source member i to destination member j are X[i][j]; `transposed` for the way
    /// back.
    TaskId AllToAll(const char* label,
                    uint32_t layer,
                    uint64_t pairBytes,
                    bool transposed,
                    const std::vector<TaskId>& deps);
    const MoeRouting::Matrix& Pairs(uint32_t layer);
    BlockCost Experts(uint32_t layer);
    void ForwardMoe(uint32_t layer);
    void BackwardMoe(uint32_t layer);

    /// An MoE layer works on 1/tp of the tokens; without sequence parallelism all are needed next.
    void RestoreTokens();

    // ---- data parallelism

    void LaunchGather(ParameterExchange& exchange, const std::vector<TaskId>& deps);

    /// The first block of a bucket waits for its parameters; the next bucket is then prefetched.
    void AwaitParameters(ParameterExchange& exchange, uint32_t block);
    void ScatterGradients(ParameterExchange& exchange, uint32_t block);
    void Optimize();

    StepContext& m_shared;
    const StepSpec& m_spec;
    TaskGraph& m_graph;
    const StagePlan& m_plan;
    Rank m_rank;
    uint32_t m_plane;
    uint32_t m_stage;
    uint32_t m_microBatch = 0;
    bool m_hasCompute = false;
    TaskId m_lastCompute = 0;
    std::vector<TaskId> m_deps;
    std::vector<TaskId> m_scattered;
    ParameterExchange m_exchanges[2]; ///< dense, experts
};

} // namespace heddle

#endif
