// SPDX-License-Identifier: GPL-2.0-only
#include "plan/workload/workload.h"

#include "loader/scenario-source.h"

#include "ns3/base-random.h"
#include "ns3/collectives-algorithm.h"

#include <map>
#include <numeric>

namespace heddle
{

namespace
{

using Builder = WorkloadPlan (*)(const ScenarioNode&, const ClusterPlan&, uint64_t);

struct Kind
{
    const char* field;
    Builder build;
};

constexpr Kind kKinds[] = {{"training_step", &PlanTrainingStep},
                           {"collective", &PlanCollective},
                           {"traffic", &PlanTraffic},
                           {"program", &PlanProgram},
                           {"import", &PlanImport}};

/// A message and its receipt; its own tag, so that they meet whatever else is sent.
void
AddTransfer(TaskGraph& graph,
            Rank from,
            Rank to,
            uint64_t bytes,
            uint32_t& tag,
            const std::string& label)
{
    graph.AddSend(from, to, bytes, tag, label);
    graph.AddRecv(to, from, bytes, tag, label);
    ++tag;
}

void
AddPermutation(TaskGraph& graph,
               const ScenarioNode& node,
               uint32_t ranks,
               uint64_t seed,
               uint32_t& tag)
{
    const uint64_t bytes = node.RequiredSize("bytes");
    std::vector<Rank> target(ranks);
    std::iota(target.begin(), target.end(), 0);
    if (node.Has("shift"))
    {
        const uint64_t shift = node.Count("shift", 1);
        if (shift % ranks == 0)
        {
            node.Fail("shift", "sends every rank its own bytes: it is a multiple of the ranks.");
        }
        for (Rank r = 0; r < ranks; ++r)
        {
            target[r] = static_cast<Rank>((r + shift) % ranks);
        }
    }
    else
    {
        // Sattolo's shuffle: one cycle over all, so nobody sends to itself.
        const RandomStream stream(seed, "permutation", tag);
        for (uint32_t i = ranks - 1; i > 0; --i)
        {
            std::swap(target[i], target[stream.Below(i, i)]);
        }
    }
    for (Rank r = 0; r < ranks; ++r)
    {
        AddTransfer(graph, r, target[r], bytes, tag, "permutation");
    }
}

void
AddIncast(TaskGraph& graph, const ScenarioNode& node, uint32_t ranks, uint32_t& tag)
{
    const Rank to = ReadRank(node, "to", ranks);
    const uint64_t bytes = node.RequiredSize("bytes");
    std::vector<uint64_t> senders = node.Counts("from");
    if (senders.empty())
    {
        senders.resize(ranks);
        std::iota(senders.begin(), senders.end(), 0);
        senders.erase(senders.begin() + to);
    }
    for (uint64_t from : senders)
    {
        CheckRank(node, "from", from, ranks);
        if (from == to)
        {
            node.Fail("from", "rank " + std::to_string(to) + " cannot send to itself.");
        }
        AddTransfer(graph, static_cast<Rank>(from), to, bytes, tag, "incast");
    }
}

} // namespace

void
CheckRank(const ScenarioNode& node, const std::string& field, uint64_t rank, uint32_t ranks)
{
    if (rank >= ranks)
    {
        node.Fail(field,
                  "there is no accelerator " + std::to_string(rank) + "; the last is " +
                      std::to_string(ranks - 1) + ".");
    }
}

Rank
ReadRank(const ScenarioNode& node, const std::string& field, uint32_t ranks)
{
    const uint64_t rank = node.RequiredCount(field);
    CheckRank(node, field, rank, ranks);
    return static_cast<Rank>(rank);
}

CollectiveKind
ReadKind(const ScenarioNode& node, const std::string& field)
{
    const std::string name = node.RequiredText(field);
    std::vector<std::string> known;
    for (size_t i = 0; i < kCollectiveKinds; ++i)
    {
        known.push_back(CollectiveName(static_cast<CollectiveKind>(i)));
        if (known.back() == name)
        {
            return static_cast<CollectiveKind>(i);
        }
    }
    node.Fail(field, "unknown collective '" + name + "'." + DidYouMean(name, known));
}

std::vector<std::string>
NameTraffic(const TaskGraph& graph, const std::map<std::string, std::string>& names)
{
    std::vector<std::string> traffic;
    for (const Communicator& communicator : graph.communicators())
    {
        const size_t end = communicator.name.find_last_not_of("0123456789-");
        const std::string stem = communicator.name.substr(0, end + 1);
        const auto named = names.find(stem);
        traffic.push_back(named == names.end() ? stem : named->second);
    }
    return traffic;
}

WorkloadPlan
PlanCollective(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t)
{
    CollectiveSpec spec;
    spec.kind = ReadKind(node, "kind");
    spec.label = CollectiveName(spec.kind);
    spec.bytes = node.RequiredSize("bytes");
    const uint64_t ranks = node.Count("ranks", cluster.ranks());
    if (ranks < 2 || ranks > cluster.ranks())
    {
        node.Fail("ranks",
                  "must be 2 to " + std::to_string(cluster.ranks()) + " (the accelerators).");
    }
    const uint64_t repeat = node.Count("repeat", 1);
    const Tick computeTime = node.Time("compute_time", 0);

    WorkloadPlan plan{TaskGraph(cluster.ranks()), "", std::nullopt};
    std::vector<Rank> members(ranks);
    std::iota(members.begin(), members.end(), 0);
    const CommId comm = plan.graph.AddCommunicator("world", members);
    for (uint64_t i = 0; i < repeat; ++i)
    {
        for (Rank rank : members)
        {
            std::vector<TaskId> after;
            if (computeTime > 0)
            {
                ComputeSpec kernel;
                kernel.label = "compute";
                kernel.fixedSeconds = ToSeconds(computeTime);
                after.push_back(plan.graph.AddCompute(rank, kernel));
            }
            plan.graph.AddCollective(rank, comm, spec, after);
        }
    }
    plan.description = (repeat > 1 ? std::to_string(repeat) + " times " : std::string()) +
                       spec.label + " of " + FormatBytes(static_cast<double>(spec.bytes)) +
                       " over " + std::to_string(ranks) + " accelerators";
    return plan;
}

WorkloadPlan
PlanTraffic(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t seed)
{
    WorkloadPlan plan{TaskGraph(cluster.ranks()), "", std::nullopt};
    if (cluster.ranks() < 2)
    {
        throw InputError(node.Where("") + "traffic needs two accelerators at least.");
    }
    uint32_t tag = 0;
    for (const ScenarioNode& permutation : node.Children("permutation"))
    {
        AddPermutation(plan.graph, permutation, cluster.ranks(), seed, tag);
    }
    for (const ScenarioNode& incast : node.Children("incast"))
    {
        AddIncast(plan.graph, incast, cluster.ranks(), tag);
    }
    for (const ScenarioNode& message : node.Children("message"))
    {
        const Rank from = ReadRank(message, "from", cluster.ranks());
        const Rank to = ReadRank(message, "to", cluster.ranks());
        if (from == to)
        {
            message.Fail("to", "is the sender itself.");
        }
        AddTransfer(plan.graph, from, to, message.RequiredSize("bytes"), tag, "message");
    }
    if (tag == 0)
    {
        node.Fail("permutation", "or incast or message is required: there is no traffic.");
    }
    plan.description = std::to_string(tag) + (tag == 1 ? " message" : " messages");
    plan.namedTransfers = true;
    return plan;
}

WorkloadPlan
PlanWorkload(const ScenarioNode& workload, const ClusterPlan& cluster, uint64_t seed)
{
    const std::string which = workload.Which("kind");
    std::vector<std::string> names;
    for (const Kind& kind : kKinds)
    {
        names.emplace_back(kind.field);
        if (which == kind.field)
        {
            WorkloadPlan plan = kind.build(workload.Child(which), cluster, seed);
            workload.At(which, [&] { plan.graph.Validate(); });
            return plan;
        }
    }
    std::string list;
    for (const std::string& name : names)
    {
        list += (list.empty() ? "" : ", ") + name;
    }
    workload.Fail("training_step", "is missing: a workload holds one of " + list + ".");
}

} // namespace heddle
