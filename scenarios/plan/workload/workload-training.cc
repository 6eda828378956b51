// SPDX-License-Identifier: GPL-2.0-only
//
// A training step from model facts and a parallelisation.
#include "plan/workload/workload.h"

#include "loader/scenario-source.h"

#include "ns3/collectives-generator.h"

#include <utility>

namespace heddle
{

namespace
{

/// The generator's short names and the schema's.
constexpr std::pair<const char*, const char*> kNames[] = {
    {"tp ", "tensor_parallel"},
    {"ep ", "expert_parallel"},
    {"dp ", "data_parallel"},
    {"pp ", "pipeline_parallel"},
    {"zipf", "expert_skew"},
    {"fp8_dispatch", "fp8_dispatch"},
    {"sequence_parallel", "sequence_parallel"},
    {"layers", "slice"},
    {"simulated_micro_batches", "slice"}};

/// The field that the generator complains about: the one its message begins with.
std::string
FieldOf(const std::string& complaint)
{
    for (const auto& [name, field] : kNames)
    {
        if (complaint.rfind(name, 0) == 0)
        {
            return field;
        }
    }
    return "model";
}

template <class T>
void
Replace(const ScenarioNode& facts, const char* field, T& value)
{
    value = static_cast<T>(facts.Count(field, value));
}

ModelFacts
ReadModel(const ScenarioNode& node)
{
    const std::string name = node.RequiredText("model");
    ModelFacts model = node.At("model", [&] { return FindModel(name); });
    const ScenarioNode facts = node.Child("facts");
    const bool allDense = model.denseLayers >= model.layers;
    Replace(facts, "layers", model.layers);
    model.denseLayers = allDense ? model.layers : model.denseLayers;
    Replace(facts, "hidden_size", model.hidden);
    Replace(facts, "heads", model.heads);
    Replace(facts, "kv_heads", model.kvHeads);
    Replace(facts, "head_dimension", model.headDim);
    Replace(facts, "vocabulary", model.vocabulary);
    if (model.ffn > 0)
    {
        Replace(facts, "ffn_size", model.ffn);
    }
    facts.NotUsedBecause("ffn_size", "no layer of " + name + " is dense");
    if (model.experts > 0)
    {
        Replace(facts, "experts", model.experts);
        Replace(facts, "experts_per_token", model.topK);
        Replace(facts, "expert_ffn_size", model.expertWidth);
    }
    for (const char* field : {"experts", "experts_per_token", "expert_ffn_size"})
    {
        facts.NotUsedBecause(field, name + " has no experts");
    }
    if (model.experts > 0 && model.topK > model.experts)
    {
        facts.Fail("experts_per_token", "is more than the model's experts.");
    }
    return model;
}

void
ReadSlice(const ScenarioNode& slice, StepSpec& spec)
{
    spec.layers = static_cast<uint32_t>(slice.Count("layers", 0));
    spec.simulatedMicroBatches = static_cast<uint32_t>(slice.Count("micro_batches", 0));
    spec.head = slice.Flag("head", true);
    spec.gradients = slice.Flag("gradients", true);
    spec.optimizer = slice.Flag("optimizer", true);
}

void
ReadParallelism(const ScenarioNode& node, uint32_t ranks, StepSpec& spec)
{
    spec.ranks = ranks;
    spec.tp = static_cast<uint32_t>(node.Count("tensor_parallel", 1));
    spec.ep = static_cast<uint32_t>(node.Count("expert_parallel", 1));
    spec.pp = static_cast<uint32_t>(node.Count("pipeline_parallel", 1));
    const uint64_t inner = uint64_t{spec.tp} * spec.pp;
    if (ranks % inner != 0)
    {
        node.Fail(node.Has("pipeline_parallel") && spec.tp == 1 ? "pipeline_parallel"
                                                                : "tensor_parallel",
                  "contradicts the cluster: tensor · pipeline = " + std::to_string(inner) +
                      " does not divide " + std::to_string(ranks) + " accelerators.");
    }
    spec.dp = static_cast<uint32_t>(node.Count("data_parallel", ranks / inner));
    if (spec.dp * inner != ranks)
    {
        node.Fail("data_parallel",
                  "contradicts the rest: " + std::to_string(ranks) + " accelerators / (" +
                      std::to_string(spec.tp) + " tensor · " + std::to_string(spec.pp) +
                      " pipeline) = " + std::to_string(ranks / inner) + ", not " +
                      std::to_string(spec.dp) + ".");
    }
}

void
ReadPrecision(const ScenarioNode& node, StepSpec& spec)
{
    spec.activationBytes = static_cast<uint32_t>(node.Count("activation_bytes", 2));
    spec.weightBytes = static_cast<uint32_t>(node.Count("weight_bytes", 2));
    const bool exchange = spec.gradients && spec.dp > 1;
    if (exchange)
    {
        spec.gradientBytes = static_cast<uint32_t>(node.Count("gradient_bytes", 4));
        spec.bucketElements = node.Count("gradient_bucket_elements", 0);
        spec.overlapParameterGather = node.Flag("overlap_parameter_gather", true);
    }
    for (const char* field :
         {"gradient_bytes", "gradient_bucket_elements", "overlap_parameter_gather"})
    {
        node.NotUsedBecause(field,
                            spec.gradients ? "there is one replica" : "the slice has no gradients");
    }
}

std::string
DescribeStep(const StepSpec& spec)
{
    std::string text = "a training step of " + spec.model.title + ", sequence " +
                       std::to_string(spec.sequenceLength) + ", " +
                       std::to_string(spec.microBatches) + " × " + std::to_string(spec.microBatch) +
                       " sequences per replica";
    const std::pair<const char*, uint32_t> degrees[] = {{"tensor", spec.tp},
                                                        {"expert", spec.ep},
                                                        {"pipeline", spec.pp},
                                                        {"data", spec.dp}};
    for (const auto& [name, degree] : degrees)
    {
        text += degree > 1 ? std::string(", ") + name + " parallel " + std::to_string(degree) : "";
    }
    return text;
}

SlicePlan
MakeSlice(const SliceInfo& slice)
{
    SlicePlan plan;
    plan.text = std::to_string(slice.layersSimulated) + " of " + std::to_string(slice.layersTotal) +
                " layers";
    if (slice.microBatchesSimulated < slice.microBatchesTotal)
    {
        plan.text += ", " + std::to_string(slice.microBatchesSimulated) + " of " +
                     std::to_string(slice.microBatchesTotal) + " micro-batches";
    }
    plan.text += slice.head ? "" : ", no embedding and head";
    plan.text += slice.gradients ? "" : ", no gradient exchange";
    plan.text += slice.optimizer ? "" : ", no optimizer";
    plan.wholeStepTime = [slice](double seconds) { return slice.ExtrapolateStepTime(seconds); };
    plan.explanation = [slice](double seconds) { return slice.Describe(seconds); };
    return plan;
}

} // namespace

WorkloadPlan
PlanTrainingStep(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t seed)
{
    StepSpec spec;
    spec.model = ReadModel(node);
    spec.seed = seed;
    spec.sequenceLength = node.Count("sequence", 4096);
    spec.microBatch = static_cast<uint32_t>(node.Count("micro_batch", 1));
    spec.microBatches = static_cast<uint32_t>(node.Count("micro_batches", 1));
    ReadSlice(node.Child("slice"), spec);
    ReadParallelism(node, cluster.ranks(), spec);
    ReadPrecision(node, spec);
    spec.sequenceParallel = node.Flag("sequence_parallel", false);
    spec.fp8Dispatch = node.Flag("fp8_dispatch", false);
    spec.zipf = node.Ratio("expert_skew", 0);
    spec.drawExperts = node.Flag("draw_experts", false);
    try
    {
        CheckStepSpec(spec);
    }
    catch (const InputError& error)
    {
        node.Fail(FieldOf(error.what()), error.what());
    }
    Step step = node.At("model", [&] { return BuildStep(spec); });
    WorkloadPlan plan{std::move(step.graph), DescribeStep(spec), std::nullopt};
    plan.trafficOf =
        NameTraffic(plan.graph,
                    {{"tp", "tensor"}, {"dp", "data"}, {"ep", "expert"}, {"expert-dp", "data"}});
    const uint32_t replicas = cluster.ranks() / (spec.tp * spec.pp);
    plan.tokens =
        static_cast<double>(spec.sequenceLength) * spec.microBatch * spec.microBatches * replicas;
    if (!step.slice.IsWhole())
    {
        plan.slice = MakeSlice(step.slice);
    }
    return plan;
}

} // namespace heddle
