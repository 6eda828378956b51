// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/collectives-rank-emitter.h"

#include <map>
#include <string>
#include <vector>

namespace heddle
{

namespace
{

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

StepGroups
MakeGroups(const StepSpec& spec, TaskGraph& graph)
{
    StepGroups groups;
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

} // namespace

StepContext::StepContext(const StepSpec& s, TaskGraph& g)
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

Step
BuildStep(const StepSpec& spec)
{
    CheckStepSpec(spec);
    Step step{TaskGraph(spec.tp * spec.dp * spec.pp), MakeSliceInfo(spec)};
    StepContext context(spec, step.graph);
    for (uint32_t stage = 0; stage < spec.pp; ++stage)
    {
        StagePlan plan = PlanStage(spec, stage);
        uint32_t plane = spec.tp * spec.dp;
        for (Rank rank = stage * plane; rank < (stage + 1) * plane; ++rank)
        {
            RankEmitter(context, plan, rank).Emit();
        }
    }
    step.graph.Validate();
    return step;
}

} // namespace heddle
