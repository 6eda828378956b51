// SPDX-License-Identifier: GPL-2.0-only
//
// What failures do to a job on a fabric in the long run.
//
// A NIC link that is down stops the job (a NIC has one port), and so does a leaf. Of the links
// between switches, losing u of a switch's m uplinks stretches the exposed communication to
// m / (m - u) (capacity arithmetic; ideal rerouting): slowdown = 1 + e (u / (m - u)), with e the
// share of the step that accelerators waited for the scale-out network in the packet run. All ports
// of a shared part are taken to be uplinks of one switch: the worst case.
#include "report/fabric-result.h"

#include "ns3/optics-fleet.h"
#include "ns3/optics-reliability.h"

#include <algorithm>

namespace heddle
{

namespace
{

/// Fewest uplinks of a switch that has any, in tier `tier` of links.
uint32_t
FewestUplinks(const Topology& topology, uint32_t tier)
{
    std::vector<uint32_t> uplinks(topology.switches.size());
    for (const Topology::Link& link : topology.links)
    {
        if (link.tier == tier && link.a.isSwitch && link.b.isSwitch)
        {
            const bool lower =
                topology.switches[link.a.index].tier <= topology.switches[link.b.index].tier;
            ++uplinks[lower ? link.a.index : link.b.index];
        }
    }
    uint32_t fewest = 0;
    for (uint32_t count : uplinks)
    {
        fewest = count > 0 && (fewest == 0 || count < fewest) ? count : fewest;
    }
    return fewest;
}

/// Share of the accelerators' time spent waiting for the scale-out network.
double
ExposedShare(const v1::FabricResult& result)
{
    double share = 0;
    for (const v1::AccountTime& account : result.ledger().root())
    {
        share += account.account().rfind("scale_out", 0) == 0 ? account.share() : 0;
    }
    return share;
}

double
Slowdown(const Topology& topology, uint32_t tier, uint32_t ports, double exposed)
{
    const uint32_t uplinks = FewestUplinks(topology, tier);
    if (tier == 0 || ports >= uplinks)
    {
        return kStops;
    }
    return 1 + exposed * ports / (uplinks - ports);
}

uint32_t
TierIndex(const std::string& name)
{
    return name == "nic_leaf" ? 0 : name == "leaf_spine" ? 1 : 2;
}

std::vector<OutageGroup>
GroupsOf(const Plan& plan,
         const FabricPlan& fabric,
         double exposed,
         std::vector<std::string>& missing)
{
    const FigureSet& f = *plan.reliability;
    std::vector<OutageGroup> groups{{"accelerators and hosts",
                                     plan.cluster.ranks(),
                                     f.Value("accelerator_fit"),
                                     1,
                                     f.Value("accelerator_repair")}};
    for (uint32_t tier = 0; tier < 3; ++tier)
    {
        const auto count = std::count_if(fabric.topology.switches.begin(),
                                         fabric.topology.switches.end(),
                                         [&](const auto& s) { return s.tier == tier; });
        if (count > 0)
        {
            OutageGroup group{"switches of tier " + std::to_string(tier),
                              static_cast<uint64_t>(count),
                              f.Value("switch_fit"),
                              1,
                              f.Value("switch_repair")};
            // A leaf's uplinks are spread over all spines.
            const uint32_t lost =
                std::max(1U, FewestUplinks(fabric.topology, tier) / static_cast<uint32_t>(count));
            group.slowdown = Slowdown(fabric.topology, tier, lost, exposed);
            groups.push_back(group);
        }
    }
    for (const LinkTier& tier : fabric.optics)
    {
        for (OutageGroup& group : OutageGroups(tier, missing))
        {
            group.slowdown = Slowdown(fabric.topology, TierIndex(tier.name), group.ports, exposed);
            groups.push_back(std::move(group));
        }
    }
    return groups;
}

} // namespace

void
FillReliability(const Plan& plan, const FabricPlan& fabric, v1::FabricResult* out)
{
    if (!plan.reliability)
    {
        return;
    }
    const FigureSet& figures = *plan.reliability;
    v1::Reliability& r = *out->mutable_reliability();
    std::vector<std::string> missing;
    const std::vector<OutageGroup> groups = GroupsOf(plan, fabric, ExposedShare(*out), missing);
    JobPolicy policy;
    policy.checkpointHours = figures.Value("checkpoint") / 3600;
    policy.restartHours = figures.Value("restart") / 60;
    policy.spareHours = figures.Value("spare_lead");
    const FleetFigures closed = FleetClosedForm(groups, policy);
    const FleetSample drawn = FleetMonteCarlo(groups,
                                              policy,
                                              figures.Value("horizon"),
                                              static_cast<uint32_t>(figures.Value("replications")),
                                              plan.seed);
    r.set_interruptions_per_month(closed.interruptionsPerMonth);
    const Estimate& stops = drawn.interruptionsPerMonth;
    r.set_interruptions_per_month_low(stops.mean - stops.halfWidth);
    r.set_interruptions_per_month_high(stops.mean + stops.halfWidth);
    r.set_repairs_per_month(closed.incidentsPerMonth);
    r.set_checkpoint_interval_s(closed.intervalHours * 3600);
    r.set_effective_training_time_ratio(closed.usefulShare);
    r.set_mean_speed(closed.meanSpeed);
    r.set_goodput(closed.goodput);
    r.set_goodput_low(drawn.goodput.mean - drawn.goodput.halfWidth);
    r.set_goodput_high(drawn.goodput.mean + drawn.goodput.halfWidth);
    r.set_undisturbed(closed.undisturbed);
    for (size_t i = 0; i < groups.size(); ++i)
    {
        v1::Outage& outage = *r.add_outages();
        outage.set_part(groups[i].name);
        outage.set_count(groups[i].count);
        outage.set_failures_per_month(closed.groups[i].failuresPerMonth);
        outage.set_repair_h(groups[i].repairHours);
        outage.set_ports(groups[i].ports);
        outage.set_stops_job(groups[i].slowdown == kStops);
        if (groups[i].slowdown < kStops)
        {
            outage.set_slowdown(groups[i].slowdown);
        }
        outage.set_spares(closed.groups[i].spares);
    }
    r.mutable_missing()->Add(missing.begin(), missing.end());
    const std::vector<std::string> assumed = figures.Assumed();
    r.mutable_assumed()->Add(assumed.begin(), assumed.end());
}

} // namespace heddle
