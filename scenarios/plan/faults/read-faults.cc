// SPDX-License-Identifier: GPL-2.0-only
#include "plan/faults/faults.h"

#include "loader/choice.h"
#include "long-run/wiring.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace heddle
{

namespace
{

constexpr Tick kSecond = 1000 * kMillisecond;
/// A switch's critical failures, 0.051 % a month (Alibaba HPN, SIGCOMM 2024).
constexpr double kSwitchFit = 700;

std::vector<uint32_t>
ReadLinks(const ScenarioNode& fault, const Topology& topology)
{
    const std::string name = fault.RequiredText("link");
    return fault.At("link", [&] { return FindLinks(topology, name); });
}

LaneLoss
ReadLaneLoss(const ScenarioNode& node, std::set<std::string>& assumed)
{
    if (!node.Has("lane_loss"))
    {
        assumed.insert("faults.lane_loss");
    }
    static const std::vector<std::string> kNames = {"down", "half-rate", "drop-lanes"};
    const std::string name = node.Text("lane_loss", "drop-lanes");
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end())
    {
        node.Fail("lane_loss", "unknown reaction '" + name + "'." + DidYouMean(name, kNames));
    }
    return static_cast<LaneLoss>(found - kNames.begin());
}

/// Names the fields that are left to their defaults.
void
NoteDefaults(const ScenarioNode& node,
             const std::string& where,
             const std::vector<std::string>& fields,
             std::set<std::string>& assumed)
{
    for (const std::string& field : fields)
    {
        if (!node.Has(field))
        {
            std::string name = where;
            assumed.insert(name.append(".").append(field));
        }
    }
}

void
RefuseWhenSettled(const ScenarioNode& node,
                  const Fault& fault,
                  const std::vector<std::string>& fields)
{
    for (const std::string& field : fields)
    {
        if (fault.settled && node.Has(field))
        {
            node.Fail(field, "without `at` it was so before the run, and stays so.");
        }
    }
}

/// The links all go together, from `at` until `until`.
Fault
ReadSpan(const ScenarioNode& node, const std::string& kind, const std::string& what)
{
    Fault fault;
    fault.kind = kind;
    fault.what = what;
    fault.settled = !node.Has("at");
    fault.at = node.Time("at", 0);
    fault.until = node.Time("until", kForever);
    if (fault.until <= fault.at)
    {
        node.Fail("until", "is not after `at`.");
    }
    RefuseWhenSettled(node, fault, {"until"});
    return fault;
}

/// Lanes of a link: its technology's, else the usual ones.
uint32_t
LanesOf(const Topology::Link& link, const std::vector<TierPlan>& tiers)
{
    const auto& technology = tiers[link.tier].technology;
    if (technology)
    {
        return technology->Lanes(link.rate);
    }
    const char* const usual = "dsp-pluggable";
    return FindLinkTechnology(link.technology.empty() ? usual : link.technology).Lanes(link.rate);
}

double
ShareWithout(const ScenarioNode& node, const Topology::Link& link, uint32_t lanes, LaneLoss policy)
{
    const auto lost = static_cast<uint32_t>(node.RequiredCount("lost_lanes"));
    if (lost > lanes)
    {
        node.Fail("lost_lanes",
                  "the link has " + std::to_string(lanes) + " lanes of " +
                      FormatRate(BitRate(link.rate.bps() / lanes)) + ".");
    }
    const BitRate left = DegradedRate(link.rate, lanes, lost, policy);
    return static_cast<double>(left.bps()) / static_cast<double>(link.rate.bps());
}

void
ReadDegraded(const ScenarioNode& node, const std::vector<TierPlan>& tiers, FabricPlan& plan)
{
    Fault fault = ReadSpan(node, "degraded", node.RequiredText("link"));
    const bool byLanes = node.Has("lost_lanes");
    const LaneLoss policy = byLanes ? ReadLaneLoss(node, plan.faultsAssumed) : LaneLoss::DropLanes;
    node.NotUsedBecause("lane_loss", "lost_lanes is not given");
    const double factor = byLanes ? 0 : node.RequiredRatio("rate_factor");
    node.NotUsedBecause("rate_factor", "lost_lanes says what is left");
    for (uint32_t l : ReadLinks(node, plan.topology))
    {
        Topology::Link& link = plan.topology.links[l];
        const double share =
            byLanes ? ShareWithout(node, link, LanesOf(link, tiers), policy) : factor;
        fault.links.push_back({l, share});
    }
    plan.faults.push_back(std::move(fault));
}

void
ReadDown(const ScenarioNode& node, FabricPlan& plan)
{
    Fault fault = ReadSpan(node, "down", node.RequiredText("link"));
    RefuseWhenSettled(node, fault, {"detection"});
    fault.detection = node.Time("detection", 0);
    for (uint32_t link : ReadLinks(node, plan.topology))
    {
        fault.links.push_back({link, 0});
    }
    plan.faults.push_back(std::move(fault));
}

/// All links of the name flap together. The n-th flap of every fabric lasts equally long.
void
ReadFlap(const ScenarioNode& node, size_t index, uint64_t seed, FabricPlan& plan)
{
    Fault fault;
    fault.kind = "flap";
    fault.what = node.RequiredText("link");
    node.RequiredText("at");
    fault.at = node.Time("at", 0);
    const Tick mean = node.Time("mean_duration", 2 * kSecond);
    const Tick retrain = node.Time("retrain", kSecond);
    NoteDefaults(node, "faults.flap", {"mean_duration", "retrain"}, plan.faultsAssumed);
    fault.until = fault.at + DrawFlap("scheduled", index, mean, retrain, seed);
    for (uint32_t link : ReadLinks(node, plan.topology))
    {
        fault.links.push_back({link, 0});
    }
    plan.faults.push_back(std::move(fault));
}

void
ReadPart(const ScenarioNode& node, const PartList& parts, FabricPlan& plan)
{
    const std::string of = node.RequiredText("of");
    const std::string kind = node.RequiredText("part");
    std::vector<std::string> nodes;
    std::vector<std::string> kinds;
    const PartList::Group* found = nullptr;
    for (const PartList::Group& group : parts.groups())
    {
        if (nodes.empty() || nodes.back() != group.nodeName)
        {
            nodes.push_back(group.nodeName);
        }
        if (group.nodeName == of)
        {
            kinds.emplace_back(group.kind->name);
            found = group.kind->name == kind ? &group : found;
        }
    }
    if (kinds.empty())
    {
        node.Fail("of",
                  "no link technology has parts at '" + of + "'." + DidYouMean(of, nodes) +
                      (nodes.empty() ? " No tier names a technology." : ""));
    }
    if (found == nullptr)
    {
        node.Fail("part", "'" + of + "' has no part '" + kind + "'." + DidYouMean(kind, kinds));
    }
    const uint64_t index = node.Count("index", 0);
    if (index >= found->count)
    {
        node.Fail("index",
                  "'" + of + "' has " + std::to_string(found->count) + " of them, 0 to " +
                      std::to_string(found->count - 1) + ".");
    }
    Fault fault = ReadSpan(node, kind, of + " " + kind + " " + std::to_string(index));
    RefuseWhenSettled(node, fault, {"detection", "repair_at"});
    fault.detection = node.Time("detection", 0);
    std::set<std::string> assumed;
    const LaneLoss lanes = ReadLaneLoss(node, assumed);
    fault.links = parts.Without(*found, static_cast<uint32_t>(index), lanes);
    const bool partly = std::any_of(fault.links.begin(),
                                    fault.links.end(),
                                    [](const LinkShare& link) { return link.share > 0; });
    plan.faultsAssumed.merge(partly ? assumed : std::set<std::string>{});
    plan.faults.push_back(fault);
    if (node.Has("repair_at"))
    {
        fault.kind = "repair";
        fault.what += ", its repair";
        fault.at = node.Time("repair_at", 0);
        fault.detection = 0;
        fault.links = parts.DownForRepair(*found, static_cast<uint32_t>(index));
        if (fault.until == kForever)
        {
            node.Fail("repair_at", "needs `until`, when the repair is done.");
        }
        if (fault.at < plan.faults.back().at || fault.at >= fault.until)
        {
            node.Fail("repair_at", "is not between `at` and `until`.");
        }
        plan.faults.push_back(std::move(fault));
    }
}

void
ReadSampled(const ScenarioNode& node, const PartList& parts, uint64_t seed, FabricPlan& plan)
{
    SampledFaults ask;
    ask.multiplier = node.RequiredRatio("rate_multiplier");
    node.RequiredText("window");
    ask.window = node.Time("window", 0);
    ask.repair = node.Time("repair", kForever);
    ask.detection = node.Time("detection", 0);
    ask.laneLoss = ReadLaneLoss(node, plan.faultsAssumed);
    ask.switchFit = node.Ratio("switch_fit", kSwitchFit);
    if (node.Has("flaps"))
    {
        const ScenarioNode flaps = node.Child("flaps");
        ask.flapsPerLinkDay = flaps.RequiredRatio("per_link_day");
        ask.flapMean = flaps.Time("mean_duration", 2 * kSecond);
        ask.retrain = flaps.Time("retrain", kSecond);
        NoteDefaults(flaps,
                     "faults.sampled.flaps",
                     {"mean_duration", "retrain"},
                     plan.faultsAssumed);
    }
    for (const PartList::Group& group : parts.groups())
    {
        const std::string figure = std::string(group.kind->name) + "_fit";
        const Grade grade = group.technology->Get(figure).grade;
        if (grade == Grade::Assumption || grade == Grade::LowQuality)
        {
            plan.faultsAssumed.insert(group.technology->name + "." + figure);
        }
    }
    std::vector<Fault> drawn =
        node.At("rate_multiplier", [&] { return DrawFaults(ask, plan.topology, parts, seed); });
    for (Fault& fault : drawn)
    {
        plan.faults.push_back(std::move(fault));
    }
}

/// Links that are slow or down since before the run are part of the topology.
std::vector<double>
Settle(FabricPlan& plan)
{
    std::vector<double> base(plan.topology.links.size(), 1);
    for (const Fault& fault : plan.faults)
    {
        for (const LinkShare& link : fault.links)
        {
            if (fault.settled)
            {
                base[link.link] = std::min(base[link.link], link.share);
            }
        }
    }
    for (size_t i = 0; i < base.size(); ++i)
    {
        Topology::Link& link = plan.topology.links[i];
        link.up = link.up && base[i] > 0;
        const double left = static_cast<double>(link.rate.bps()) * base[i];
        link.whole = base[i] == 1 ? BitRate() : link.rate;
        link.rate = base[i] == 1 || base[i] == 0
                        ? link.rate
                        : BitRate(static_cast<uint64_t>(std::llround(left)));
    }
    return base;
}

/// A job cannot start without some of its accelerators.
void
CheckReach(const ScenarioNode& fabric, const FabricPlan& plan, const std::vector<double>& base)
{
    FabricState down;
    for (uint32_t link = 0; link < base.size(); ++link)
    {
        if (base[link] == 0)
        {
            down.links.push_back({link, 0});
        }
    }
    const uint32_t cutOff = down.links.empty() ? 0 : Wiring(plan.pristine, 1, true).CutOff(down);
    if (cutOff > 0)
    {
        fabric.Fail("faults",
                    "what is down before the run (no `at`) cuts " + std::to_string(cutOff) +
                        (cutOff == 1 ? " NIC" : " NICs") + " off: the job cannot start.");
    }
}

} // namespace

void
ReadFaults(const ScenarioNode& fabric,
           const std::vector<TierPlan>& tiers,
           uint64_t seed,
           FabricPlan& plan)
{
    const ScenarioNode faults = fabric.Child("faults");
    for (const ScenarioNode& node : faults.Children("degraded"))
    {
        ReadDegraded(node, tiers, plan);
    }
    for (const ScenarioNode& node : faults.Children("down"))
    {
        ReadDown(node, plan);
    }
    size_t index = 0;
    for (const ScenarioNode& node : faults.Children("flap"))
    {
        ReadFlap(node, index++, seed, plan);
    }
    const std::vector<ScenarioNode> failures = faults.Children("part");
    if (!failures.empty() || faults.Has("sampled"))
    {
        const PartList parts(plan.topology, tiers);
        for (const ScenarioNode& node : failures)
        {
            ReadPart(node, parts, plan);
        }
        if (faults.Has("sampled"))
        {
            ReadSampled(faults.Child("sampled"), parts, seed, plan);
        }
    }
    const std::vector<double> base = Settle(plan);
    CheckReach(fabric, plan, base);
    plan.events = MergeFaults(plan.faults, base);
    const bool goesDown = std::any_of(plan.events.begin(),
                                      plan.events.end(),
                                      [](const LinkEvent& e) { return e.share == 0; });
    const ScenarioNode node = fabric.Child("switch");
    if (goesDown)
    {
        plan.topology.rerouteDelay = node.Time("reroute_delay", 10 * kMillisecond);
    }
    node.NotUsedBecause("reroute_delay", "no link goes down");
}

} // namespace heddle
