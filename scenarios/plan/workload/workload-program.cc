// SPDX-License-Identifier: GPL-2.0-only
//
// A task graph written out in the scenario.
#include "plan/workload/workload.h"

#include "loader/scenario-source.h"

#include <cmath>
#include <map>

namespace heddle
{

namespace
{

class ProgramBuilder
{
  public:
    ProgramBuilder(const ScenarioNode& node, TaskGraph& graph)
        : m_graph(graph), m_named(graph.ranks())
    {
        for (const ScenarioNode& communicator : node.Children("communicator"))
        {
            AddCommunicator(communicator);
        }
        for (const ScenarioNode& task : node.Children("task"))
        {
            AddTask(task);
        }
    }

    uint32_t tasks() const
    {
        return m_tasks;
    }

  private:
    void AddCommunicator(const ScenarioNode& node)
    {
        const std::string name = node.RequiredText("name");
        std::vector<Rank> ranks;
        for (uint64_t rank : node.Counts("rank"))
        {
            CheckRank(node, "rank", rank, m_graph.ranks());
            ranks.push_back(static_cast<Rank>(rank));
        }
        if (ranks.empty())
        {
            node.Fail("rank", "is required and missing.");
        }
        const CommId id = node.At("rank", [&] { return m_graph.AddCommunicator(name, ranks); });
        if (!m_communicators.emplace(name, id).second)
        {
            node.Fail("name", "communicator '" + name + "' exists already.");
        }
    }

    void AddTask(const ScenarioNode& node)
    {
        const std::string name = node.RequiredText("name");
        const std::vector<uint64_t> ranks = node.Counts("rank");
        if (ranks.empty())
        {
            node.Fail("rank", "is required and missing.");
        }
        const std::vector<std::string> after = node.Texts("after");
        for (uint64_t rank : ranks)
        {
            CheckRank(node, "rank", rank, m_graph.ranks());
            const std::vector<TaskId> deps = Resolve(node, after, m_named[rank]);
            const TaskId id = AddOne(node, static_cast<Rank>(rank), name, deps);
            if (!m_named[rank].emplace(name, id).second)
            {
                node.Fail("name",
                          "rank " + std::to_string(rank) + " has a task '" + name + "' already.");
            }
            ++m_tasks;
        }
    }

    std::vector<TaskId> Resolve(const ScenarioNode& node,
                                const std::vector<std::string>& after,
                                const std::map<std::string, TaskId>& known) const
    {
        std::vector<TaskId> deps;
        for (const std::string& name : after)
        {
            auto it = known.find(name);
            if (it == known.end())
            {
                std::vector<std::string> names;
                names.reserve(known.size());
                for (const auto& [other, id] : known)
                {
                    names.push_back(other);
                }
                node.Fail("after",
                          "no earlier task '" + name + "' of this rank." + DidYouMean(name, names));
            }
            deps.push_back(it->second);
        }
        return deps;
    }

    TaskId AddOne(const ScenarioNode& node,
                  Rank rank,
                  const std::string& name,
                  const std::vector<TaskId>& deps)
    {
        const std::string kind = node.Which("kind");
        if (kind.empty())
        {
            node.Fail("compute",
                      "or collective, send or receive is required: the task does nothing.");
        }
        const ScenarioNode body = node.Child(kind);
        return node.At(kind,
                       [&]
                       {
                           if (kind == "compute")
                           {
                               return AddCompute(body, rank, name, deps);
                           }
                           if (kind == "collective")
                           {
                               return AddCollective(body, rank, name, deps);
                           }
                           return AddTransfer(kind == "send", body, rank, name, deps);
                       });
    }

    TaskId AddCompute(const ScenarioNode& node,
                      Rank rank,
                      const std::string& name,
                      const std::vector<TaskId>& deps)
    {
        ComputeSpec spec;
        spec.label = name;
        if (node.Has("time"))
        {
            spec.fixedSeconds = ToSeconds(node.Time("time", 0));
            node.NotUsedBecause("operations", "the task's time is given");
            node.NotUsedBecause("memory", "the task's time is given");
        }
        else
        {
            spec.flops = node.Ratio("operations", 0);
            spec.memoryBytes = static_cast<double>(node.Size("memory", 0));
            if (spec.flops <= 0 && spec.memoryBytes <= 0)
            {
                throw InputError("computes nothing: give time, operations or memory.");
            }
        }
        return m_graph.AddCompute(rank, spec, deps);
    }

    TaskId AddCollective(const ScenarioNode& node,
                         Rank rank,
                         const std::string& name,
                         const std::vector<TaskId>& deps)
    {
        const std::string communicator = node.RequiredText("communicator");
        auto it = m_communicators.find(communicator);
        if (it == m_communicators.end())
        {
            std::vector<std::string> names;
            for (const auto& [other, id] : m_communicators)
            {
                names.push_back(other);
            }
            throw InputError("unknown communicator '" + communicator + "'." +
                             DidYouMean(communicator, names));
        }
        CollectiveSpec spec;
        spec.label = name;
        spec.kind = ReadKind(node, "kind");
        spec.bytes = node.RequiredSize("bytes");
        if (spec.kind == CollectiveKind::Broadcast)
        {
            spec.root = static_cast<Rank>(
                node.Count("root", m_graph.communicators()[it->second].ranks.front()));
        }
        node.NotUsedBecause("root", "only a broadcast has a root");
        return m_graph.AddCollective(rank, it->second, spec, deps);
    }

    TaskId AddTransfer(bool send,
                       const ScenarioNode& node,
                       Rank rank,
                       const std::string& name,
                       const std::vector<TaskId>& deps)
    {
        const Rank peer = ReadRank(node, "peer", m_graph.ranks());
        const uint64_t bytes = node.RequiredSize("bytes");
        const auto tag = static_cast<uint32_t>(node.Count("tag", 0));
        return send ? m_graph.AddSend(rank, peer, bytes, tag, name, deps)
                    : m_graph.AddRecv(rank, peer, bytes, tag, name, deps);
    }

    TaskGraph& m_graph;
    std::map<std::string, CommId> m_communicators;
    std::vector<std::map<std::string, TaskId>> m_named; ///< by rank
    uint32_t m_tasks = 0;
};

} // namespace

WorkloadPlan
PlanProgram(const ScenarioNode& node, const ClusterPlan& cluster, uint64_t)
{
    WorkloadPlan plan{TaskGraph(cluster.ranks()), "", std::nullopt};
    const ProgramBuilder builder(node, plan.graph);
    if (builder.tasks() == 0)
    {
        node.Fail("task", "is required: the program is empty.");
    }
    for (const Communicator& communicator : plan.graph.communicators())
    {
        plan.trafficOf.push_back(communicator.name);
    }
    plan.description = "a program of " + std::to_string(builder.tasks()) + " tasks";
    return plan;
}

} // namespace heddle
