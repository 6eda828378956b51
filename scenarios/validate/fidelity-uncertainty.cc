// SPDX-License-Identifier: GPL-2.0-only
#include "validate/fidelity-uncertainty.h"

#include "ns3/fabric-load-balancer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string_view>

namespace heddle
{

namespace
{

/// Between the incasts that were measured, 8 and 31 to one.
constexpr size_t kManySenders = 16;

/// Most senders that one receiver has among plain messages.
size_t
Senders(const TaskGraph& graph)
{
    std::map<Rank, std::set<Rank>> sendersOf;
    for (const Task& task : graph.tasks())
    {
        if (task.kind == TaskKind::Send)
        {
            sendersOf[task.peer].insert(task.rank);
        }
    }
    size_t most = 0;
    for (const auto& [receiver, senders] : sendersOf)
    {
        most = std::max(most, senders.size());
    }
    return most;
}

/// Capacity of NICs over that of uplinks from which a leaf counts as oversubscribed.
constexpr double kOversubscribed = 1.5;

/// How the NICs of several ports used them that were measured.
constexpr const char* kMeasuredPortChoice = "spray";

/// Of the collectives that were measured whole.
constexpr size_t kMostMembers = 128;

bool
AnyLarger(const TaskGraph& graph)
{
    return std::any_of(graph.communicators().begin(),
                       graph.communicators().end(),
                       [](const Communicator& c) { return c.ranks.size() > kMostMembers; });
}

/// At level "flow"; empty: none.
std::string
NearestCollective(const Plan& plan, const FabricPlan& fabric)
{
    const WorkloadTraits traits = TraitsOf(plan.workload.graph, plan.cluster.acceleratorsPerHost);
    if (traits.sendRecv || AnyLarger(plan.workload.graph))
    {
        return {};
    }
    const auto uses = [&](CollectiveKind kind) { return traits.kinds[static_cast<size_t>(kind)]; };
    if (uses(CollectiveKind::AllToAll))
    {
        return traits.compute || traits.ring()            ? "MoE step slice"
               : fabric.algorithms.allToAll == "pairwise" ? "pairwise all-to-all"
                                                          : "all-to-all";
    }
    const std::string& algorithm = uses(CollectiveKind::AllReduce)   ? fabric.algorithms.allReduce
                                   : uses(CollectiveKind::AllGather) ? fabric.algorithms.allGather
                                   : uses(CollectiveKind::ReduceScatter)
                                       ? fabric.algorithms.reduceScatter
                                       : fabric.algorithms.broadcast;
    if (algorithm == "ring")
    {
        return plan.cluster.acceleratorsPerHost > 1 ? "ring all-reduce in hosts of 4"
                                                    : "ring all-reduce";
    }
    return algorithm == "double-tree" ? "tree all-reduce" : algorithm + " all-reduce";
}

std::string
NearestWorkload(const Plan& plan, const FabricPlan& fabric)
{
    const WorkloadTraits traits = TraitsOf(plan.workload.graph, plan.cluster.acceleratorsPerHost);
    if (traits.kinds[static_cast<size_t>(CollectiveKind::AllToAll)])
    {
        return traits.compute || traits.ring() ? "MoE step slice" : "all-to-all";
    }
    if (traits.ring())
    {
        return fabric.algorithms.allReduce == "double-tree" &&
                       traits.kinds[static_cast<size_t>(CollectiveKind::AllReduce)]
                   ? "tree all-reduce"
                   : "ring all-reduce";
    }
    const size_t senders = Senders(plan.workload.graph);
    return senders <= 1 ? "permutation" : senders <= kManySenders ? "incast 8" : "incast 31";
}

/// With several traffic classes; empty: none.
std::string
NearestOfClasses(const Plan& plan, const FabricPlan& fabric, bool whole)
{
    const WorkloadTraits traits = TraitsOf(plan.workload.graph, plan.cluster.acceleratorsPerHost);
    const bool collectives =
        traits.ring() || traits.kinds[static_cast<size_t>(CollectiveKind::AllToAll)];
    if (!collectives || fabric.topology.portsPerNic > 1 ||
        (whole && AnyLarger(plan.workload.graph)))
    {
        return {};
    }
    const bool strict = std::any_of(fabric.trafficClasses.begin(),
                                    fabric.trafficClasses.end(),
                                    [](const TrafficClassPlan& one) { return one.strict; });
    return strict ? kStrictClasses : kWeightedClasses;
}

/// The tightest leaf: capacity of its NICs over that of its uplinks.
double
Oversubscription(const Topology& topology)
{
    std::vector<double> down(topology.switches.size(), 0);
    std::vector<double> up(topology.switches.size(), 0);
    for (const Topology::Link& link : topology.links)
    {
        const auto rate = static_cast<double>(link.rate.bps());
        if (link.a.isSwitch && link.b.isSwitch)
        {
            up[link.a.index] += rate;
            up[link.b.index] += rate;
        }
        else
        {
            down[link.a.isSwitch ? link.a.index : link.b.index] += rate;
        }
    }
    double most = 1;
    for (size_t s = 0; s < down.size(); ++s)
    {
        most = down[s] > 0 && up[s] > 0 ? std::max(most, down[s] / up[s]) : most;
    }
    return most;
}

bool
IsDown(const FabricPlan& fabric, const std::function<bool(const Topology::Link&)>& which)
{
    const std::vector<Topology::Link>& links = fabric.topology.links;
    return std::any_of(fabric.events.begin(),
                       fabric.events.end(),
                       [&](const LinkEvent& event)
                       { return event.share == 0 && which(links[event.link]); });
}

/// Empty: none is near.
std::string
SeveralPorts(const FabricPlan& fabric)
{
    const Topology& topology = fabric.topology;
    const auto between = [](const Topology::Link& link)
    { return link.a.isSwitch && link.b.isSwitch; };
    const auto lost = [](const Topology::Link& link) { return !link.up; };
    const bool fabricLinkDown =
        IsDown(fabric, between) ||
        std::any_of(topology.links.begin(),
                    topology.links.end(),
                    [&](const Topology::Link& link) { return lost(link) && between(link); });
    if (fabricLinkDown || fabric.transport.portChoice != kMeasuredPortChoice ||
        Oversubscription(topology) >= kOversubscribed)
    {
        return {};
    }
    const bool portDown = IsDown(fabric, [](const Topology::Link&) { return true; }) ||
                          std::any_of(topology.links.begin(), topology.links.end(), lost);
    const bool planes = topology.name == "multi-plane";
    return planes ? (portDown ? kPlanesPortDown : kPlanes) : portDown ? kDualTorPortDown : kDualTor;
}

/// Empty: none is near.
std::string
NearestCondition(const FabricPlan& fabric, const WorkloadTraits& traits)
{
    if (fabric.topology.portsPerNic > 1)
    {
        return SeveralPorts(fabric);
    }
    const bool down = IsDown(fabric, [](const Topology::Link&) { return true; });
    const double ratio = Oversubscription(fabric.topology);
    // Rings and messages within a rail do not change it.
    if (fabric.topology.name == "rail-optimised" && fabric.software.pxn &&
        traits.kinds[static_cast<size_t>(CollectiveKind::AllToAll)])
    {
        return down || ratio >= kOversubscribed ? "" : kRails;
    }
    return down ? kLinkDown : ratio < kOversubscribed ? "1:1" : ratio < 3 ? "2:1" : "4:1";
}

/// Nothing but their memory bounds what a step's collectives, several at once, leave in switches:
/// pauses can cost such a step a third (128 accelerators, level "flow" 21 % too fast). The steps
/// that were measured have NCCL's receive slots.
bool
Fills(const FabricPlan& fabric)
{
    return fabric.software.slots == 0 && fabric.topology.switchConfig.bufferBytes > 0;
}

} // namespace

const MeasuredError*
NearestFamily(const Plan& plan, const FabricPlan& fabric)
{
    const WorkloadTraits traits = TraitsOf(plan.workload.graph, plan.cluster.acceleratorsPerHost);
    if (traits.compute && Fills(fabric))
    {
        return nullptr;
    }
    // Measured as a whole at level "flow", although by messages.
    const bool pairwise = fabric.algorithms.allToAll == "pairwise";
    const bool whole = plan.fidelity == kFlow && (fabric.byMessages.empty() || pairwise);
    const std::string level = whole ? kFlow : kFlowMessages;
    const std::string workload = !fabric.trafficClasses.empty()
                                     ? NearestOfClasses(plan, fabric, whole)
                                 : whole ? NearestCollective(plan, fabric)
                                         : NearestWorkload(plan, fabric);
    const std::string condition = NearestCondition(fabric, traits);
    const std::string& balancer = fabric.topology.switchConfig.loadBalancer;
    const std::string& control = fabric.transport.congestionControl;
    for (const MeasuredError& family : MeasuredErrors())
    {
        if (level == family.level && workload == family.workload && condition == family.condition &&
            balancer == family.loadBalancer && control == family.congestionControl)
        {
            return &family;
        }
    }
    return nullptr;
}

MeasuredError
WorstAround(const MeasuredError& family)
{
    MeasuredError worst = family;
    worst.step = std::abs(family.step);
    const auto is = [](const char* a, const char* b) { return std::string_view(a) == b; };
    const auto kindOf = [&](const MeasuredError& e)
    {
        const bool whole = is(e.condition, "2:1") || is(e.condition, "4:1");
        return std::string_view(whole ? "1:1" : e.condition);
    };
    for (const MeasuredError& other : MeasuredErrors())
    {
        if (is(other.level, family.level) && is(other.workload, family.workload) &&
            is(other.loadBalancer, family.loadBalancer) && kindOf(other) == kindOf(family))
        {
            worst.mean = std::max(worst.mean, other.mean);
            worst.p99 = std::max(worst.p99, other.p99);
            worst.step = std::max(worst.step, std::abs(other.step));
        }
    }
    return worst;
}

void
FillUncertainty(const Plan& plan, const FabricPlan& fabric, v1::FabricResult* result)
{
    if (plan.fidelity == "packet")
    {
        return;
    }
    v1::Uncertainty& out = *result->mutable_uncertainty();
    const bool measured = plan.fidelity == kFlowMessages || plan.fidelity == kFlow;
    const MeasuredError* family = measured ? NearestFamily(plan, fabric) : nullptr;
    if (family == nullptr)
    {
        return; // known to be unknown
    }
    const MeasuredError worst = WorstAround(*family);
    out.set_family(family->Name());
    out.set_step_error(worst.step);
    out.set_message_mean_error(worst.mean);
    out.set_message_p99_error(worst.p99);
    out.set_source(MeasuredBy());
}

} // namespace heddle
