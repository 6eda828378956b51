// SPDX-License-Identifier: GPL-2.0-only
#include "simai-program.h"

#include <algorithm>
#include <utility>

namespace heddle
{

namespace
{

/// Writes the program of one rank. `m_cursor` holds what the next operation has to wait for.
class Planner
{
  public:
    Planner(const SimaiWorkload& workload, const SimaiGroups& groups, const SimaiOptions& options)
        : m_workload(workload),
          m_groups(groups),
          m_options(options),
          m_pending(workload.layers.size(), kNothing)
    {
    }

    SimaiProgram Plan()
    {
        for (uint32_t pass = 0; pass < m_options.passes; ++pass)
        {
            Pass();
        }
        AwaitRest();
        return std::move(m_program);
    }

  private:
    static constexpr uint32_t kNothing = ~0U;

    size_t Layers() const
    {
        return m_workload.layers.size();
    }

    bool Is(SimaiPolicy policy) const
    {
        return m_workload.header.policy == policy;
    }

    /// The collectives still in flight, in the order of their issue.
    void AwaitRest()
    {
        std::vector<std::pair<uint32_t, size_t>> rest;
        for (size_t i = 0; i < Layers(); ++i)
        {
            if (m_pending[i] != kNothing)
            {
                rest.emplace_back(m_pending[i], i);
            }
        }
        std::sort(rest.begin(), rest.end());
        for (const auto& [op, layer] : rest)
        {
            AwaitWeightGrad(layer);
        }
    }

    void Pass()
    {
        if (Is(SimaiPolicy::MicroBenchmark))
        {
            for (size_t i = 0; i < Layers(); ++i)
            {
                Ignore(m_workload.layers[i].forward);
                Ignore(m_workload.layers[i].inputGrad);
                AwaitWeightGrad(i);
                IssueWeightGrad(i);
            }
            return;
        }
        for (size_t i = 0; i < Layers(); ++i)
        {
            AwaitWeightGrad(i);
            Forward(i, " fwd");
        }
        for (size_t i = Layers(); i-- > 0;)
        {
            Backward(i);
        }
    }

    void Forward(size_t i, const std::string& phase)
    {
        const SimaiLayer& layer = m_workload.layers[i];
        Compute(layer.name + phase, layer.forward.computeNs);
        if (Is(SimaiPolicy::Data))
        {
            Ignore(layer.forward);
            return;
        }
        Await(layer, Issue(layer, layer.forward, phase, ColumnGroup()), phase);
    }

    void Backward(size_t i)
    {
        const SimaiLayer& layer = m_workload.layers[i];
        if (Is(SimaiPolicy::DistributedInference))
        {
            Ignore(layer.inputGrad);
            Ignore(layer.weightGrad);
            return;
        }
        if (Is(SimaiPolicy::Data))
        {
            Compute(layer.name + " wgrad", layer.weightGrad.computeNs);
            IssueWeightGrad(i);
            Ignore(layer.inputGrad);
            if (i > 0)
            {
                Compute(layer.name + " igrad", layer.inputGrad.computeNs);
            }
            return;
        }
        const bool overlapped = Is(SimaiPolicy::HybridDataModel) || Is(SimaiPolicy::Model);
        Recompute(i);
        Compute(layer.name + " igrad", layer.inputGrad.computeNs);
        uint32_t inputGrad = kNothing;
        if (!overlapped || i > 0)
        {
            inputGrad = Issue(layer, layer.inputGrad, " igrad", ColumnGroup());
        }
        else
        {
            Ignore(layer.inputGrad);
        }
        if (!overlapped)
        {
            Await(layer, inputGrad, " igrad");
        }
        Compute(layer.name + " wgrad", layer.weightGrad.computeNs);
        if (Is(SimaiPolicy::Model))
        {
            Ignore(layer.weightGrad);
        }
        else
        {
            IssueWeightGrad(i);
        }
        if (overlapped)
        {
            Await(layer, inputGrad, " igrad");
        }
    }

    /// Forward again from the nearest checkpoint before an initiating layer.
    void Recompute(size_t i)
    {
        const SimaiHeader& header = m_workload.header;
        if (std::count(header.initiators.begin(), header.initiators.end(), i) == 0)
        {
            return;
        }
        size_t from = 0;
        for (uint32_t checkpoint : header.checkpoints)
        {
            from = checkpoint < i ? std::max<size_t>(from, checkpoint) : from;
        }
        for (size_t k = from; k < i; ++k)
        {
            Forward(k, " recompute");
        }
    }

    /// The group of a collective without suffix in the forward and input-gradient columns.
    SimaiGroup ColumnGroup() const
    {
        return Is(SimaiPolicy::Model) || Is(SimaiPolicy::DistributedInference) ? SimaiGroup::All
                                                                               : SimaiGroup::Tensor;
    }

    void IssueWeightGrad(size_t i)
    {
        const SimaiLayer& layer = m_workload.layers[i];
        const bool all = Is(SimaiPolicy::Data) || Is(SimaiPolicy::MicroBenchmark);
        m_pending[i] =
            Issue(layer, layer.weightGrad, " wgrad", all ? SimaiGroup::All : SimaiGroup::Data);
    }

    void AwaitWeightGrad(size_t i)
    {
        const uint32_t op = m_pending[i];
        m_pending[i] = kNothing;
        if (op != kNothing)
        {
            const SimaiLayer& layer = m_workload.layers[i];
            m_cursor.push_back(op);
            Compute(layer.name + " update", layer.updateNs, ComputeClass::Optimizer);
        }
    }

    void Ignore(const SimaiPhase& phase)
    {
        m_program.ignoredCollectives += phase.collective && phase.collective->bytes > 0 ? 1 : 0;
    }

    void Compute(const std::string& label,
                 uint64_t nanoseconds,
                 ComputeClass computeClass = ComputeClass::Kernel)
    {
        if (nanoseconds == 0)
        {
            return;
        }
        SimaiOp op;
        op.label = label;
        op.compute = true;
        op.seconds = static_cast<double>(nanoseconds) * 1e-9 * m_options.computeScale;
        op.computeClass = computeClass;
        op.deps = std::move(m_cursor);
        m_cursor = {Push(std::move(op))};
    }

    /// Adds a phase's collective behind the cursor, without waiting for it.
    uint32_t Issue(const SimaiLayer& layer,
                   const SimaiPhase& phase,
                   const std::string& phaseName,
                   SimaiGroup columnGroup)
    {
        if (!phase.collective)
        {
            return kNothing;
        }
        const SimaiCollective& collective = *phase.collective;
        const SimaiGroup group = collective.suffix == SimaiSuffix::Expert ? SimaiGroup::Expert
                                 : collective.suffix == SimaiSuffix::DataExpert
                                     ? SimaiGroup::DataExpert
                                     : columnGroup;
        if (collective.bytes == 0)
        {
            ++m_program.zeroByteCollectives;
            return kNothing;
        }
        if (SimaiGroupSize(m_groups, group) == 1)
        {
            ++m_program.loneCollectives;
            return kNothing;
        }
        SimaiOp op;
        op.label = layer.name + phaseName + " " + collective.word;
        op.kind = collective.kind;
        op.bytes = collective.bytes;
        op.group = group;
        op.deps = m_cursor;
        return Push(std::move(op));
    }

    /// Lets the program wait for a collective, then for its update time.
    void Await(const SimaiLayer& layer, uint32_t op, const std::string& phase)
    {
        if (op == kNothing)
        {
            return;
        }
        m_cursor.erase(std::remove_if(m_cursor.begin(),
                                      m_cursor.end(),
                                      [&](uint32_t dep) { return Implied(dep, op); }),
                       m_cursor.end());
        m_cursor.push_back(op);
        Compute(layer.name + phase + " update", layer.updateNs, ComputeClass::HostOverhead);
    }

    /// True when waiting for `op` already means waiting for `dep`.
    bool Implied(uint32_t dep, uint32_t op) const
    {
        const auto& deps = m_program.ops[op].deps;
        return std::find(deps.begin(), deps.end(), dep) != deps.end();
    }

    uint32_t Push(SimaiOp op)
    {
        m_program.ops.push_back(std::move(op));
        return static_cast<uint32_t>(m_program.ops.size() - 1);
    }

    const SimaiWorkload& m_workload;
    const SimaiGroups& m_groups;
    const SimaiOptions& m_options;
    SimaiProgram m_program;
    std::vector<uint32_t> m_cursor;
    std::vector<uint32_t> m_pending; ///< by layer: its weight-gradient collective in flight
};

} // namespace

SimaiProgram
PlanSimai(const SimaiWorkload& workload, const SimaiGroups& groups, const SimaiOptions& options)
{
    return Planner(workload, groups, options).Plan();
}

} // namespace heddle
