// SPDX-License-Identifier: GPL-2.0-only
#include "long-run/states.h"

#include "long-run/wiring.h"

#include "plan/fabric/tiers.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <map>
#include <set>

namespace heddle
{

namespace
{

class Planner
{
  public:
    Planner(const FigureSet& figures,
            const ClusterPlan& cluster,
            const Topology& topology,
            bool failover)
        : m_figures(figures),
          m_cluster(cluster),
          m_topology(topology),
          m_wiring(topology, cluster.acceleratorsPerHost, failover)
    {
    }

    void AddAccelerators(LongRunPlan& plan) const
    {
        LongRunPart part;
        part.name = "accelerators and hosts";
        part.count = m_cluster.ranks();
        part.repairHours = m_figures.Value("accelerator_repair");
        part.accelerators = m_cluster.acceleratorsPerHost;
        part.network = false;
        SetRate("accelerator_fit", part);
        plan.parts.push_back(part);
    }

    void AddSwitches(LongRunPlan& plan) const
    {
        static const char* const kNames[] = {"leaf", "spine", "core"};
        std::map<uint32_t, std::vector<uint32_t>> byTier;
        for (uint32_t i = 0; i < m_topology.switches.size(); ++i)
        {
            byTier[m_topology.switches[i].tier].push_back(i);
        }
        for (const auto& [tier, switches] : byTier)
        {
            LongRunPart part;
            part.name = std::string(kNames[std::min(tier, 2U)]) + " switches";
            part.isSwitch = true;
            part.tier = tier;
            part.count = switches.size();
            part.repairHours = m_figures.Value("switch_repair");
            SetRate("switch_fit", part);
            LeadTo(m_wiring.SwitchDown(switches.front()), part, plan);
            plan.parts.push_back(part);
        }
    }

    void AddLinks(const LinkTier& tier, LongRunPlan& plan) const
    {
        const uint32_t index = IndexOf(tier.name);
        for (const PartOutage& outage : OutageGroups(tier, plan.missing))
        {
            LongRunPart part;
            static_cast<PartOutage&>(part) = outage;
            const bool lower = outage.end != LinkEnd::Upper;
            const Topology::Node node = m_wiring.Representative(index, lower);
            LeadTo(outage.wholeSwitch && node.isSwitch
                       ? m_wiring.SwitchDown(node.index)
                       : m_wiring.PortsDown(index, lower, node, outage.ports),
                   part,
                   plan);
            const auto same = [&](const LongRunPart& other) { return other.name == part.name; };
            if (std::any_of(plan.parts.begin(), plan.parts.end(), same))
            {
                part.name += ", " + FormatRate(tier.rate); // names key the draws
            }
            plan.parts.push_back(part);
        }
        const uint32_t lanes = tier.nearEnd.Lanes(tier.rate);
        if (lanes > 1)
        {
            const Topology::Node node = m_wiring.Representative(index, true);
            const uint32_t link = m_wiring.LinksOf(index, true, node).front();
            AddState({LinkName(m_topology, link) + " on " + std::to_string(lanes - 1) + " of " +
                          std::to_string(lanes) + " lanes",
                      {{link, (lanes - 1.0) / lanes}}},
                     plan);
        }
    }

  private:
    void SetRate(const char* name, LongRunPart& part) const
    {
        const Figure& fit = m_figures.Get(name);
        part.fit = fit.value;
        part.fitLow = fit.lowOrValue();
        part.fitHigh = fit.highOrValue();
        part.grade = fit.grade;
    }

    static uint32_t IndexOf(const std::string& tier)
    {
        uint32_t index = 0;
        while (tier != kTiers[index].field)
        {
            ++index;
        }
        return index;
    }

    static size_t AddState(FabricState state, LongRunPlan& plan)
    {
        const auto same = [&](const FabricState& other)
        {
            return std::equal(state.links.begin(),
                              state.links.end(),
                              other.links.begin(),
                              other.links.end(),
                              [](const LinkState& a, const LinkState& b)
                              { return a.link == b.link && a.share == b.share; });
        };
        const auto it = std::find_if(plan.states.begin(), plan.states.end(), same);
        if (it != plan.states.end())
        {
            return static_cast<size_t>(it - plan.states.begin());
        }
        plan.states.push_back(std::move(state));
        return plan.states.size() - 1;
    }

    void LeadTo(FabricState state, LongRunPart& part, LongRunPlan& plan) const
    {
        part.accelerators = m_wiring.CutOff(state);
        if (part.accelerators == 0)
        {
            part.state = AddState(std::move(state), plan);
        }
    }

    const FigureSet& m_figures;
    const ClusterPlan& m_cluster;
    const Topology& m_topology;
    Wiring m_wiring;
};

void
NoteAssumptions(const FigureSet& reliability,
                const std::vector<LinkTier>& optics,
                LongRunPlan& plan)
{
    std::set<std::string> names;
    for (const std::string& name : reliability.Assumed())
    {
        names.insert(name);
    }
    for (const LinkTier& tier : optics)
    {
        for (const LinkTechnology* end : {&tier.nearEnd, tier.farEnd ? &*tier.farEnd : nullptr})
        {
            for (size_t i = 0; end && i < end->parts.size(); ++i)
            {
                for (const char* figure : {"_fit", "_repair"})
                {
                    const std::string name = end->parts[i].name + std::string(figure);
                    const Grade grade = end->Get(name).grade;
                    if (end->Get(end->parts[i].name + std::string("_fit")).known() &&
                        (grade == Grade::Assumption || grade == Grade::LowQuality))
                    {
                        names.insert(end->name + "." + name);
                    }
                }
            }
        }
    }
    plan.assumed.assign(names.begin(), names.end());
    const std::set<std::string> missing(plan.missing.begin(), plan.missing.end());
    plan.missing.assign(missing.begin(), missing.end());
}

RungPlan
WorldOf(const FabricState* state, const std::string& fidelity)
{
    RungPlan world;
    world.world = state ? state->name : "undisturbed";
    world.role = WorldRole::LongRun;
    world.noFailures = true;
    world.fidelity = fidelity;
    if (state)
    {
        world.states = state->links;
    }
    return world;
}

} // namespace

LongRunPlan
PlanLongRun(const FigureSet& reliability,
            const ClusterPlan& cluster,
            const Topology& topology,
            const std::vector<LinkTier>& optics,
            bool portFailover,
            const std::string& fidelity)
{
    LongRunPlan plan;
    plan.fidelity = fidelity;
    const Planner planner(reliability, cluster, topology, portFailover);
    planner.AddAccelerators(plan);
    planner.AddSwitches(plan);
    for (const LinkTier& tier : optics)
    {
        planner.AddLinks(tier, plan);
    }
    if (!optics.empty())
    {
        // Their states are measured, but they are in no sum.
        plan.missing.emplace_back("how often lanes are lost");
        plan.missing.emplace_back("how often links flap");
    }
    NoteAssumptions(reliability, optics, plan);
    if (fidelity != "none")
    {
        plan.worlds.push_back(WorldOf(nullptr, fidelity));
        for (const FabricState& state : plan.states)
        {
            plan.worlds.push_back(WorldOf(&state, fidelity));
        }
    }
    return plan;
}

void
UpdateRates(const FigureSet& reliability, const std::vector<LinkTier>& optics, LongRunPlan& plan)
{
    const auto take = [&](LongRunPart& part, const char* fit, const char* repair)
    {
        part.fit = reliability.Value(fit);
        part.repairHours = reliability.Value(repair);
    };
    // In the order of PlanLongRun().
    size_t next = 0;
    take(plan.parts[next++], "accelerator_fit", "accelerator_repair");
    while (next < plan.parts.size() && plan.parts[next].isSwitch)
    {
        take(plan.parts[next++], "switch_fit", "switch_repair");
    }
    std::vector<std::string> ignored;
    for (const LinkTier& tier : optics)
    {
        for (const PartOutage& outage : OutageGroups(tier, ignored))
        {
            HEDDLE_CHECK(next < plan.parts.size(), "other parts than were planned");
            plan.parts[next].fit = outage.fit;
            plan.parts[next].repairHours = outage.repairHours;
            plan.parts[next].price = outage.price;
            ++next;
        }
    }
    HEDDLE_CHECK(next == plan.parts.size(), "fewer parts than were planned");
}

} // namespace heddle
