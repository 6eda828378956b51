// SPDX-License-Identifier: GPL-2.0-only
#include "simai-program.h"

#include "ns3/base-errors.h"

namespace heddle
{

const char*
SimaiGroupName(SimaiGroup group)
{
    static const char* const kNames[] = {"tensor", "data", "expert", "data-expert", "all"};
    return kNames[static_cast<size_t>(group)];
}

uint32_t
SimaiGroupSize(const SimaiGroups& groups, SimaiGroup group)
{
    switch (group)
    {
    case SimaiGroup::Tensor:
        return groups.tensor;
    case SimaiGroup::Data:
        return groups.data;
    case SimaiGroup::Expert:
        return groups.expert;
    case SimaiGroup::DataExpert:
        return groups.dataExpert;
    case SimaiGroup::All:
        return groups.ranks / groups.stages;
    }
    return 1;
}

/// The ranks of `rank`'s group, in communicator order (see the header).
std::vector<Rank>
SimaiMembers(const SimaiGroups& groups, SimaiGroup group, Rank rank)
{
    const Rank block = groups.ranks / groups.stages;
    const Rank base = rank / block * block;
    const Rank inTensor = (rank - base) % groups.tensor;
    const Rank tensorGroup = (rank - base) / groups.tensor;
    Rank first = 0;
    Rank stride = 1;
    switch (group)
    {
    case SimaiGroup::Tensor:
        first = tensorGroup * groups.tensor;
        break;
    case SimaiGroup::Data:
        first = inTensor;
        stride = groups.tensor;
        break;
    case SimaiGroup::Expert:
        first = tensorGroup / groups.expert * groups.expert * groups.tensor + inTensor;
        stride = groups.tensor;
        break;
    case SimaiGroup::DataExpert:
        first = tensorGroup % groups.expert * groups.tensor + inTensor;
        stride = groups.tensor * groups.expert;
        break;
    case SimaiGroup::All:
        break;
    }
    std::vector<Rank> members;
    for (uint32_t i = 0; i < SimaiGroupSize(groups, group); ++i)
    {
        members.push_back(base + first + i * stride);
    }
    return members;
}

SimaiGroups
FormSimaiGroups(const SimaiWorkload& workload, const SimaiOptions& options)
{
    const SimaiHeader& header = workload.header;
    SimaiGroups groups;
    groups.ranks = options.ranks > 0 ? options.ranks : header.ranks.value_or(0);
    if (groups.ranks == 0)
    {
        throw InputError(SimaiHeaderPlace(workload) +
                         "the header has no all_gpus: give the number of ranks");
    }
    groups.stages =
        options.pipelineStages > 0 ? options.pipelineStages : header.pipelineStages.value_or(1);
    if (groups.ranks % groups.stages != 0)
    {
        throw InputError(SimaiHeaderPlace(workload) + std::to_string(groups.ranks) +
                         " ranks do not divide into " + std::to_string(groups.stages) +
                         " pipeline stages");
    }
    const Rank block = groups.ranks / groups.stages;
    const SimaiPolicy policy = header.policy;
    const bool hybrid = policy == SimaiPolicy::Transformer ||
                        policy == SimaiPolicy::TransformerFwdInBckwd ||
                        policy == SimaiPolicy::HybridDataModel;
    if (policy == SimaiPolicy::HybridDataModel && !header.tensorParallel)
    {
        throw InputError(SimaiHeaderPlace(workload) +
                         "HYBRID_DATA_MODEL needs model_parallel_NPU_group");
    }
    // Without a tensor group size all ranks are one, as in SimAI.
    groups.tensor = hybrid ? header.tensorParallel.value_or(0) : 1;
    groups.tensor = groups.tensor == 0 ? block : groups.tensor;
    groups.expert = header.expertParallel.value_or(1);
    if (block % groups.tensor != 0)
    {
        throw InputError(SimaiHeaderPlace(workload) + std::to_string(block) +
                         " ranks (per pipeline stage) do not divide into tensor groups of " +
                         std::to_string(groups.tensor) + " (model_parallel_NPU_group)");
    }
    groups.data = block / groups.tensor;
    if (groups.data % groups.expert != 0)
    {
        throw InputError(SimaiHeaderPlace(workload) + std::to_string(groups.data) +
                         " data-parallel ranks do not divide into expert groups of " +
                         std::to_string(groups.expert) + " (ep)");
    }
    groups.dataExpert = groups.data / groups.expert;
    return groups;
}

std::string
SimaiHeaderPlace(const SimaiWorkload& workload)
{
    return workload.path + ":" + std::to_string(workload.header.place.line) + ":" +
           std::to_string(workload.header.place.column) + ": ";
}

} // namespace heddle
