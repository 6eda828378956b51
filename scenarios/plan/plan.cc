// SPDX-License-Identifier: GPL-2.0-only
#include "plan/plan.h"
#include "loader/choice.h"
#include "plan/fabric/traffic-classes.h"
#include "plan/packet-knobs.h"

#include "loader/scenario-source.h"

#include "ns3/fabric-buffer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

namespace heddle
{

namespace
{

constexpr uint64_t kMostSteps = 1'000'000;

std::string
BaseName(const std::string& path)
{
    const size_t slash = path.rfind('/');
    std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    return name.substr(0, name.find('.'));
}

std::string
ReadFidelity(const ScenarioNode& run)
{
    std::string fidelity = run.Text("fidelity", "packet");
    CheckName(run, "fidelity", "fidelity", fidelity);
    return fidelity;
}

/// A figure set of the category that the field is named after; nothing when it is absent.
std::optional<FigureSet>
ReadFigures(const ScenarioNode& root, const char* field)
{
    if (!root.Has(field))
    {
        return std::nullopt;
    }
    const ChosenModel chosen = ReadChoice(root, field, field, "");
    return root.Child(field).At("name",
                                [&]
                                { return ConfigureFigureSet(field, chosen.name, chosen.given); });
}

/// What whole collectives cannot be told; nothing when they can be.
std::string
WhyByMessages(const FabricPlan& fabric, const WorkloadTraits& traits)
{
    if (fabric.topology.portsPerNic > 1)
    {
        return "its NICs have several ports";
    }
    if (std::any_of(fabric.events.begin(),
                    fabric.events.end(),
                    [](const LinkEvent& event) { return event.silent; }))
    {
        return "links fail unnoticed";
    }
    if (fabric.transport.retryLimit > 0)
    {
        return "queue pairs give up (transport.retry_limit)";
    }
    const Expander expander(fabric.algorithms, fabric.layout, fabric.software);
    for (size_t kind = 0; kind < std::size(traits.kinds); ++kind)
    {
        if (traits.kinds[kind] && !expander.CanFuse(static_cast<CollectiveKind>(kind)))
        {
            return "a collective algorithm has no fused form";
        }
    }
    return {};
}

/// Every switch's memory holds its headrooms, of all lossless classes.
void
CheckBuffers(const ScenarioNode& node, const Topology& topology)
{
    std::vector<std::vector<fabric::SharedBuffer::Ingress>> inputs(topology.switches.size());
    for (const Topology::Link& link : topology.links)
    {
        for (const auto& end : {link.a, link.b})
        {
            if (end.isSwitch)
            {
                inputs[end.index].push_back({link.rate, link.delay});
            }
        }
    }
    for (size_t s = 0; s < inputs.size(); ++s)
    {
        node.At(
            "buffer",
            [&]
            { fabric::SharedBuffer(topology.switchConfig, inputs[s], topology.switches[s].name); });
    }
}

void
PlanFabrics(const ScenarioNode& root, const WorkloadTraits& traits, double budget, Plan& plan)
{
    const ScenarioNode defaults = root.Child("defaults");
    const std::vector<ScenarioNode> fabrics = root.Children("fabric");
    if (fabrics.empty())
    {
        root.Fail("fabric", "is required: name one fabric at least.");
    }
    if (defaults.Has("name"))
    {
        defaults.Fail("name", "belongs to a fabric: defaults have no name.");
    }
    std::set<std::string> names;
    for (const ScenarioNode& own : fabrics)
    {
        FabricPlan fabric =
            PlanFabric(own.Over(defaults), plan.cluster, plan.workload, traits, plan.seed);
        if (!names.insert(fabric.name).second)
        {
            own.Fail("name", "there is a fabric '" + fabric.name + "' already.");
        }
        if (plan.fidelity == kPacket)
        {
            CheckBuffers(own.Over(defaults).Child("switch"), fabric.topology);
            const std::string outranked = OutrankedControl(fabric);
            if (!outranked.empty())
            {
                plan.notes.push_back("fabric '" + fabric.name + "': " + outranked);
                plan.workload.notes.push_back(plan.notes.back());
            }
        }
        fabric.byMessages = WhyByMessages(fabric, traits);
        const bool fused = plan.fidelity == kFlow && fabric.byMessages.empty();
        if (plan.fidelity == kFlow && !fused)
        {
            plan.notes.push_back(
                "fabric '" + fabric.name +
                "' is run at level \"flow-messages\" instead of \"flow\": " + fabric.byMessages);
            plan.workload.notes.push_back(plan.notes.back());
        }
        fabric.estimate =
            own.At("topology",
                   [&]
                   {
                       return fused ? EstimateFusedTraffic(plan.workload.graph, fabric)
                                    : EstimateTraffic(plan.workload.graph, fabric, budget);
                   });
        plan.fabrics.push_back(std::move(fabric));
    }
}

/// Every knob is consumed: the flow level has no frames to lose.
void
CheckFrameLoss(const ScenarioNode& run, const Plan& plan)
{
    if (plan.fidelity == "packet")
    {
        return;
    }
    for (const FabricPlan& fabric : plan.fabrics)
    {
        for (const Topology::Link& link : fabric.topology.links)
        {
            if (link.loss.perFrame > 0 || link.loss.perByte > 0)
            {
                run.Fail("fidelity",
                         "the " + plan.fidelity + " level loses no frames, but fabric '" +
                             fabric.name +
                             "' has a loss_probability or bit_errors: use \"packet\", or leave "
                             "them out.");
            }
        }
    }
}

void
PlanLongRuns(const ScenarioNode& root, Plan& plan)
{
    root.NotUsedBecause("long_run", "there is no `reliability`");
    if (!plan.reliability)
    {
        return;
    }
    const ScenarioNode node = root.Child("long_run");
    const std::string fidelity = node.Text("fidelity", "flow");
    if (fidelity != "none")
    {
        CheckName(node, "fidelity", "fidelity", fidelity);
    }
    for (FabricPlan& fabric : plan.fabrics)
    {
        fabric.longRun = PlanLongRun(*plan.reliability,
                                     plan.cluster,
                                     fabric.pristine,
                                     fabric.optics,
                                     fabric.transport.portFailover,
                                     fidelity);
    }
    plan.flips = ReadFlips(node, plan);
}

} // namespace

std::string
LevelOn(const FabricPlan& fabric, const RungPlan& rung)
{
    if (rung.fidelity != kFlow || fabric.byMessages.empty())
    {
        return rung.fidelity;
    }
    return rung.rung == "R3" ? kMaxMin : kFlowMessages;
}

Plan
MakePlan(ScenarioSource& source)
{
    const ScenarioNode root = source.Root();
    const ScenarioNode run = root.Child("run");
    const uint64_t seed = run.Count("seed", 1);
    const std::string fidelity = ReadFidelity(run);
    double budget = std::numeric_limits<double>::infinity();
    if (fidelity == "packet")
    {
        budget = run.Ratio("packet_hop_budget", 2e9);
    }
    run.NotUsedBecause("packet_hop_budget", "there are no packets at this fidelity");
    uint32_t steps = 1;
    if (fidelity == kFlow)
    {
        const uint64_t wanted = run.Count("steps", 1);
        if (wanted < 1 || wanted > kMostSteps)
        {
            run.Fail("steps", "must be 1 to " + std::to_string(kMostSteps) + ".");
        }
        steps = static_cast<uint32_t>(wanted);
    }
    run.NotUsedBecause("steps", "repeated steps need fidelity \"flow\"");
    if (!root.Has("cluster"))
    {
        root.Fail("cluster",
                  root.Has("supply")
                      ? "is required and missing (with a supply section alone: `heddle supply`)."
                      : "is required and missing.");
    }
    if (!root.Has("workload"))
    {
        root.Fail("workload", "is required and missing.");
    }
    ClusterPlan cluster = PlanCluster(root.Child("cluster"));
    WorkloadPlan workload = PlanWorkload(root.Child("workload"), cluster, seed);
    const WorkloadTraits traits = TraitsOf(workload.graph, cluster.acceleratorsPerHost);
    std::vector<RungPlan> worlds = ReadWorlds(run, fidelity);
    const bool priced = worlds.size() > 1 || root.Has("economics");
    PlanCompute(root.Child("cluster"), traits, priced, steps > 1, cluster);

    Plan plan{source.path(),
              root.Text("title", BaseName(source.path())),
              root.Texts("note"),
              source.Digest(),
              seed,
              fidelity,
              steps,
              std::move(cluster),
              std::move(workload),
              {},
              std::move(worlds),
              ReadFigures(root, "economics"),
              ReadFigures(root, "reliability"),
              {},
              {}};
    PlanFabrics(root, traits, budget, plan);
    PlanLongRuns(root, plan);
    root.NotUsedBecause("supply", "`heddle supply` reads it");
    for (const FabricPlan& fabric : plan.fabrics)
    {
        if (plan.steps > 1 && !fabric.byMessages.empty())
        {
            run.Fail("steps",
                     "fabric '" + fabric.name + "' is run by messages (" + fabric.byMessages +
                         "): one step only.");
        }
    }
    CheckFrameLoss(run, plan);
    const std::string unused = fidelity == "packet" ? "" : PacketKnobsGiven(root, plan);
    if (!unused.empty())
    {
        plan.notes.push_back(unused);
        plan.workload.notes.push_back(unused);
    }
    plan.scales = PlanScales(source, plan);
    source.RequireAllUsed();
    return plan;
}

std::string
Describe(const Plan& plan)
{
    const ClusterPlan& cluster = plan.cluster;
    std::string text = plan.title + "\n";
    text += "  cluster   " + std::to_string(cluster.ranks()) + " accelerators (" +
            std::to_string(cluster.hosts) + " hosts × " +
            std::to_string(cluster.acceleratorsPerHost) +
            (cluster.accelerator.name.empty() ? "" : ", " + cluster.accelerator.name) + "), a " +
            FormatRate(cluster.nicRate) + " NIC each\n";
    text += "  workload  " + plan.workload.description + "\n";
    if (plan.workload.slice)
    {
        text += "  slice     " + plan.workload.slice->text + "\n";
    }
    for (const FabricPlan& fabric : plan.fabrics)
    {
        char hops[96];
        std::snprintf(hops, sizeof hops, "%.3g messages", fabric.estimate.messages);
        if (fabric.estimate.packetHops > 0)
        {
            std::snprintf(hops + std::strlen(hops),
                          sizeof hops - std::strlen(hops),
                          ", %.3g M packet-hops",
                          fabric.estimate.packetHops / 1e6);
        }
        text += "  fabric    " + fabric.name + ": " + fabric.topology.name + ", " +
                std::to_string(fabric.topology.switches.size()) + " switches, " +
                std::to_string(fabric.topology.links.size()) + " links, " + hops + "\n";
        const std::string classes = Describe(fabric.trafficClasses);
        text += classes.empty() ? "" : "            traffic classes " + classes + "\n";
    }
    text += "  worlds    " + std::to_string(plan.rungs.size()) + " per fabric:";
    for (const RungPlan& rung : plan.rungs)
    {
        text += rung.role == WorldRole::Ladder ? " " + rung.world : "";
    }
    if (plan.rungs.back().role != WorldRole::Ladder)
    {
        text += ", causes and sensitivity";
    }
    text += "\n";
    for (const FabricPlan& fabric : plan.fabrics)
    {
        if (fabric.longRun && !fabric.longRun->worlds.empty())
        {
            text += "  long run  " + fabric.name + ": " +
                    std::to_string(fabric.longRun->states.size()) + " states at " +
                    fabric.longRun->fidelity + " level\n";
        }
    }
    return text;
}

} // namespace heddle
