// SPDX-License-Identifier: GPL-2.0-only
//
// Traffic classes of a fabric: which part of the workload's traffic is in which, and who goes
// first. Classes that change nothing are refused.
#include "plan/fabric/traffic-classes.h"

#include "ns3/collectives-algorithm.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace heddle
{

namespace
{

/// Operations that no class can tell apart: one kind of collective on a communicator, or transfers
/// with one label.
struct TrafficKind
{
    std::vector<std::string> names; ///< by which a class may ask for it
    bool leavesHost = false;
    std::vector<TaskId> tasks{};
    uint8_t trafficClass = 0;
    bool given = false;
};

class Traffic
{
  public:
    Traffic(const WorkloadPlan& workload, uint32_t acceleratorsPerHost)
        : m_workload(workload), m_perHost(acceleratorsPerHost)
    {
        const std::vector<Task>& tasks = workload.graph.tasks();
        for (TaskId id = 0; id < tasks.size(); ++id)
        {
            if (tasks[id].kind != TaskKind::Compute)
            {
                KindOf(tasks[id]).tasks.push_back(id);
            }
        }
    }

    std::map<std::array<uint32_t, 3>, TrafficKind>& kinds()
    {
        return m_kinds;
    }

    std::vector<std::string> Names() const
    {
        std::set<std::string> names;
        for (const auto& [key, kind] : m_kinds)
        {
            names.insert(kind.names.begin(), kind.names.end());
        }
        return {names.begin(), names.end()};
    }

  private:
    TrafficKind& KindOf(const Task& task)
    {
        const TaskGraph& graph = m_workload.graph;
        const auto host = [this](Rank rank) { return rank / m_perHost; };
        if (task.kind != TaskKind::Collective)
        {
            // In a program the two ends have names of their own.
            const bool labelled = m_workload.namedTransfers && !task.pipeline;
            TrafficKind& kind =
                m_kinds[{kNone, task.pipeline ? 1U : 0U, labelled ? task.label : kNone}];
            if (kind.names.empty())
            {
                kind.names = {"send-receive"};
                if (task.pipeline || labelled)
                {
                    kind.names.push_back(task.pipeline ? "pipeline" : graph.labels()[task.label]);
                }
            }
            kind.leavesHost = kind.leavesHost || host(task.rank) != host(task.peer);
            return kind;
        }
        TrafficKind& kind = m_kinds[{task.comm, static_cast<uint32_t>(task.collective), 0}];
        if (kind.names.empty())
        {
            kind.names = {CollectiveName(task.collective)};
            if (!m_workload.trafficOf.empty())
            {
                kind.names.push_back(m_workload.trafficOf[task.comm]);
            }
            const std::vector<Rank>& ranks = graph.communicators()[task.comm].ranks;
            kind.leavesHost = std::any_of(ranks.begin(),
                                          ranks.end(),
                                          [&](Rank r) { return host(r) != host(ranks[0]); });
        }
        return kind;
    }

    const WorkloadPlan& m_workload;
    uint32_t m_perHost;
    std::map<std::array<uint32_t, 3>, TrafficKind> m_kinds;
};

TrafficClassPlan
ReadClass(const ScenarioNode& node, const TransportConfig& transport, unsigned& known)
{
    TrafficClassPlan plan;
    const uint64_t priority = node.RequiredCount("priority");
    if (priority >= kClasses)
    {
        node.Fail("priority", "must be 0 to 7.");
    }
    if (priority == transport.controlClass)
    {
        node.Fail("priority", std::to_string(priority) + " is that of acknowledgements and CNPs.");
    }
    if ((known >> priority & 1U) != 0)
    {
        node.Fail("priority",
                  "there is a class of priority " + std::to_string(priority) + " already.");
    }
    known |= 1U << priority;
    plan.priority = static_cast<uint8_t>(priority);
    plan.strict = node.Flag("strict", false);
    if (!plan.strict)
    {
        plan.weight = static_cast<uint32_t>(node.Count("weight", 1));
    }
    node.NotUsedBecause("weight", "the class is strict");
    plan.of = node.Texts("of");
    if (plan.of.empty() && priority != transport.dataClass)
    {
        node.Fail("of", "is required: which traffic?");
    }
    return plan;
}

/// Gives the class to what the name means.
void
Assign(const ScenarioNode& node, const TrafficClassPlan& plan, const std::string& name, Traffic& to)
{
    bool found = false;
    bool leaves = false;
    for (auto& [key, kind] : to.kinds())
    {
        if (std::find(kind.names.begin(), kind.names.end(), name) == kind.names.end())
        {
            continue;
        }
        if (kind.given && kind.trafficClass != plan.priority)
        {
            node.Fail("of",
                      "'" + name + "' is (in part) in the class of priority " +
                          std::to_string(kind.trafficClass) + " already.");
        }
        found = true;
        leaves = leaves || kind.leavesHost;
        kind.given = true;
        kind.trafficClass = plan.priority;
    }
    if (!found)
    {
        node.Fail("of", "the workload has no '" + name + "'." + DidYouMean(name, to.Names()));
    }
    if (!leaves)
    {
        node.Fail("of", "'" + name + "' never leaves a host, so it needs no class.");
    }
}

/// The classes of what leaves hosts.
unsigned
UsedClasses(Traffic& traffic)
{
    unsigned used = 0;
    for (const auto& [key, kind] : traffic.kinds())
    {
        used |= kind.leavesHost ? 1U << kind.trafficClass : 0U;
    }
    return used;
}

/// Every knob is consumed.
void
CheckEffect(const std::vector<ScenarioNode>& nodes,
            const std::vector<TrafficClassPlan>& plans,
            unsigned used)
{
    unsigned strict = 0;
    for (size_t i = 0; i < plans.size(); ++i)
    {
        const TrafficClassPlan& plan = plans[i];
        strict |= plan.strict ? 1U << plan.priority : 0U;
        if ((used >> plan.priority & 1U) == 0)
        {
            nodes[i].Fail("priority", "all traffic that leaves hosts is in other classes.");
        }
    }
    if ((used & (used - 1)) == 0)
    {
        nodes[0].Fail("priority", "all traffic that leaves hosts is in one class: leave it out.");
    }
    const unsigned weighted = used & ~strict;
    for (size_t i = 0; i < plans.size(); ++i)
    {
        if ((weighted & (weighted - 1)) == 0 && !plans[i].strict && nodes[i].Has("weight"))
        {
            nodes[i].Fail("weight", "has no effect: no other class is weighted.");
        }
    }
}

} // namespace

std::string
Describe(const std::vector<TrafficClassPlan>& classes)
{
    std::string text;
    for (const TrafficClassPlan& plan : classes)
    {
        text += (text.empty() ? "" : "; ") + std::to_string(plan.priority) + " (" +
                (plan.strict ? "strict" : "weight " + std::to_string(plan.weight)) + "):";
        for (const std::string& name : plan.of)
        {
            text += " " + name;
        }
        text += plan.of.empty() ? " the rest" : "";
    }
    return text;
}

void
ReadTrafficClasses(const ScenarioNode& fabric,
                   const WorkloadPlan& workload,
                   uint32_t acceleratorsPerHost,
                   SwitchConfig& config,
                   FabricPlan& plan)
{
    const std::vector<ScenarioNode> nodes = fabric.Children("traffic_class");
    if (nodes.empty())
    {
        return;
    }
    Traffic traffic(workload, acceleratorsPerHost);
    for (auto& [key, kind] : traffic.kinds())
    {
        kind.trafficClass = plan.transport.dataClass;
    }
    unsigned known = 0;
    for (const ScenarioNode& node : nodes)
    {
        const TrafficClassPlan one = ReadClass(node, plan.transport, known);
        for (const std::string& name : one.of)
        {
            Assign(node, one, name, traffic);
        }
        ClassConfig& here = config.classes[one.priority];
        here = config.classes[plan.transport.dataClass];
        here.strict = one.strict;
        here.weight = one.weight;
        plan.trafficClasses.push_back(one);
    }
    CheckEffect(nodes, plan.trafficClasses, UsedClasses(traffic));
    plan.classOfTask.assign(workload.graph.tasks().size(), plan.transport.dataClass);
    for (const auto& [key, kind] : traffic.kinds())
    {
        for (const TaskId task : kind.tasks)
        {
            plan.classOfTask[task] = kind.trafficClass;
        }
    }
}

std::string
OutrankedControl(const FabricPlan& plan)
{
    const unsigned control = plan.transport.controlClass;
    for (const TrafficClassPlan& one : plan.trafficClasses)
    {
        if (one.strict && one.priority > control)
        {
            return "the strict class of priority " + std::to_string(one.priority) +
                   " goes before acknowledgements and CNPs (priority " + std::to_string(control) +
                   "): at a switch port that it fills, those of all traffic wait until it ends. "
                   "Priorities below " +
                   std::to_string(control) + " do not.";
        }
    }
    return "";
}

} // namespace heddle
