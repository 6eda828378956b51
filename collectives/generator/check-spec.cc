// SPDX-License-Identifier: BSD-3-Clause
//
// CheckStepSpec: contradictions are answered with what would be right.
#include "ns3/base-errors.h"
#include "ns3/collectives-step-plan.h"

#include <cmath>

namespace heddle
{

namespace
{

std::string
Text(uint64_t value)
{
    return std::to_string(value);
}

void
Require(bool condition, const std::string& text)
{
    if (!condition)
    {
        throw InputError(text);
    }
}

void
RequireDivides(uint64_t part,
               uint64_t whole,
               const std::string& partName,
               const std::string& wholeName)
{
    Require(whole % part == 0,
            partName + " = " + Text(part) + " must divide the " + Text(whole) + " " + wholeName);
}

void
CheckSizes(const StepSpec& spec)
{
    Require(spec.model.layers > 0 && spec.model.hidden > 0, "the step has no model");
    const std::pair<const char*, uint64_t> counts[] = {
        {"sequence_length", spec.sequenceLength},
        {"micro_batch", spec.microBatch},
        {"micro_batches", spec.microBatches},
        {"tp", spec.tp},
        {"ep", spec.ep},
        {"dp", spec.dp},
        {"pp", spec.pp},
        {"activation_bytes", spec.activationBytes},
        {"weight_bytes", spec.weightBytes},
        {"gradient_bytes", spec.gradientBytes},
    };
    for (const auto& [name, value] : counts)
    {
        Require(value > 0, std::string(name) + " must be at least 1");
    }
    Require(spec.simulatedMicroBatches <= spec.microBatches,
            "simulated_micro_batches = " + Text(spec.simulatedMicroBatches) +
                " exceeds the step's " + Text(spec.microBatches) + " micro-batches");
    Require(spec.layers <= spec.model.layers,
            "layers = " + Text(spec.layers) + ", but " + spec.model.name + " has " +
                Text(spec.model.layers));
    Require(spec.model.positions == 0 || spec.sequenceLength <= spec.model.positions,
            spec.model.name + " has learned positions for " + Text(spec.model.positions) +
                " tokens, not for sequence_length = " + Text(spec.sequenceLength));
}

void
CheckParallelism(const StepSpec& spec)
{
    uint64_t product = uint64_t{spec.tp} * spec.dp * spec.pp;
    Require(product <= 1ULL << 24, "tp × dp × pp = " + Text(product) + " ranks are too many");
    Require(spec.ranks == 0 || spec.ranks == product,
            "tp × dp × pp = " + Text(spec.tp) + " × " + Text(spec.dp) + " × " + Text(spec.pp) +
                " = " + Text(product) + ", but there are " + Text(spec.ranks) + " ranks");
    const ModelFacts& m = spec.model;
    RequireDivides(spec.tp, m.heads, "tp", "attention heads of " + m.name);
    if (!m.IsMla())
    {
        // More tp than KV heads would need replicated KV heads, which are not modelled.
        RequireDivides(spec.tp, m.kvHeads, "tp", "key-value heads of " + m.name);
    }
    if (m.ffn > 0)
    {
        RequireDivides(spec.tp, m.ffn, "tp", "feed-forward width of " + m.name);
    }
    RequireDivides(spec.pp,
                   SliceLayers(spec),
                   "pp",
                   "layers in the slice (set layers to a multiple)");
    Require(!spec.sequenceParallel || spec.tp > 1, "sequence_parallel needs tp > 1");
    bool splitsTokens = spec.tp > 1 && (spec.sequenceParallel || m.experts > 0);
    if (splitsTokens)
    {
        RequireDivides(spec.tp,
                       spec.sequenceLength * spec.microBatch,
                       "tp",
                       "tokens of a micro-batch (sequence parallelism and experts split them)");
    }
}

void
CheckExperts(const StepSpec& spec)
{
    const ModelFacts& m = spec.model;
    bool skewed = spec.zipf != 0 || spec.drawExperts;
    if (m.experts == 0)
    {
        Require(spec.ep == 1, "ep = " + Text(spec.ep) + ", but " + m.name + " has no experts");
        Require(!skewed, "zipf and draw_experts need experts; " + m.name + " has none");
    }
    else
    {
        RequireDivides(spec.ep, m.experts, "ep", "experts of " + m.name);
        RequireDivides(spec.ep, uint64_t{spec.tp} * spec.dp, "ep", "ranks of a stage (tp × dp)");
    }
    Require(!spec.fp8Dispatch || spec.ep > 1, "fp8_dispatch needs ep > 1");
    Require(!skewed || spec.ep > 1, "zipf and draw_experts need ep > 1");
    Require(std::isfinite(spec.zipf) && spec.zipf >= 0 && spec.zipf <= 3,
            "zipf must be between 0 and 3 (measured loads correspond to 0.2 to 0.66)");
}

} // namespace

void
CheckStepSpec(const StepSpec& spec)
{
    CheckSizes(spec);
    CheckParallelism(spec);
    CheckExperts(spec);
}

} // namespace heddle
