// SPDX-License-Identifier: GPL-2.0-only
#include "long-run/states.h"

#include "plan/fabric/tiers.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace heddle
{

namespace
{

/// The end of a link that is nearer to the accelerators, or the other.
const Topology::Node&
EndOf(const Topology& topology, const Topology::Link& link, bool lower)
{
    const auto height = [&](const Topology::Node& node)
    { return node.isSwitch ? 1 + topology.switches[node.index].tier : 0; };
    const bool aIsLower = height(link.a) <= height(link.b);
    return aIsLower == lower ? link.a : link.b;
}

/// NIC ports that can reach each other, by the smallest of them.
std::vector<uint32_t>
Islands(const Topology& topology, const std::set<uint32_t>& down)
{
    std::vector<uint32_t> parent(topology.nics + topology.switches.size());
    std::iota(parent.begin(), parent.end(), 0);
    const auto root = [&](uint32_t node)
    {
        while (parent[node] != node)
        {
            parent[node] = parent[parent[node]];
            node = parent[node];
        }
        return node;
    };
    const auto id = [&](const Topology::Node& node)
    { return node.isSwitch ? topology.nics + node.index : node.index; };
    for (uint32_t i = 0; i < topology.links.size(); ++i)
    {
        const uint32_t a = root(id(topology.links[i].a));
        const uint32_t b = root(id(topology.links[i].b));
        if (topology.links[i].up && down.count(i) == 0)
        {
            parent[std::max(a, b)] = std::min(a, b);
        }
    }
    std::vector<uint32_t> islands;
    for (uint32_t nic = 0; nic < topology.nics; ++nic)
    {
        islands.push_back(root(nic));
    }
    return islands;
}

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
          m_failover(failover),
          m_whole(Islands(topology, {}))
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
            part.count = switches.size();
            part.repairHours = m_figures.Value("switch_repair");
            SetRate("switch_fit", part);
            LeadTo(SwitchDown(switches.front()), part, plan);
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
            const Topology::Node node = Representative(index, lower);
            LeadTo(outage.wholeSwitch && node.isSwitch
                       ? SwitchDown(node.index)
                       : PortsDown(index, lower, node, outage.ports),
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
            const Topology::Node node = Representative(index, true);
            const uint32_t link = LinksOf(index, true, node).front();
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

    std::vector<uint32_t> LinksOf(uint32_t tier, bool lower, const Topology::Node& node) const
    {
        std::vector<uint32_t> links;
        for (uint32_t i = 0; i < m_topology.links.size(); ++i)
        {
            const Topology::Link& link = m_topology.links[i];
            const Topology::Node& end = EndOf(m_topology, link, lower);
            if (link.tier == tier && end.isSwitch == node.isSwitch && end.index == node.index)
            {
                links.push_back(i);
            }
        }
        return links;
    }

    /// At one end of a tier's links, the node with the fewest of them; of equals the first.
    Topology::Node Representative(uint32_t tier, bool lower) const
    {
        std::map<std::pair<bool, uint32_t>, uint32_t> counts;
        for (const Topology::Link& link : m_topology.links)
        {
            if (link.tier == tier)
            {
                const Topology::Node& end = EndOf(m_topology, link, lower);
                ++counts[{end.isSwitch, end.index}];
            }
        }
        const auto fewest =
            std::min_element(counts.begin(),
                             counts.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        return {fewest->first.first, fewest->first.second};
    }

    FabricState SwitchDown(uint32_t index) const
    {
        FabricState state{m_topology.switches[index].name + " down", {}};
        for (uint32_t i = 0; i < m_topology.links.size(); ++i)
        {
            const Topology::Link& link = m_topology.links[i];
            if ((link.a.isSwitch && link.a.index == index) ||
                (link.b.isSwitch && link.b.index == index))
            {
                state.links.push_back({i, 0});
            }
        }
        return state;
    }

    FabricState PortsDown(uint32_t tier,
                          bool lower,
                          const Topology::Node& node,
                          uint32_t ports) const
    {
        const std::vector<uint32_t> links = LinksOf(tier, lower, node);
        const size_t lost = std::min<size_t>(ports, links.size());
        FabricState state{NodeName(m_topology, node) + ": " + std::to_string(lost) + " of " +
                              std::to_string(links.size()) + (lower ? " uplinks" : " lower ports") +
                              " down",
                          {}};
        for (size_t i = 0; i < lost; ++i)
        {
            state.links.push_back({links[i], 0});
        }
        return state;
    }

    /// Accelerators whose hosts are cut off from what they reached before.
    uint32_t CutOff(const FabricState& state) const
    {
        std::set<uint32_t> down;
        for (const LinkState& link : state.links)
        {
            down.insert(link.link);
        }
        const std::vector<uint32_t> islands = Islands(m_topology, down);
        // Of each island there was, the largest piece goes on.
        std::map<uint32_t, std::map<uint32_t, uint32_t>> pieces;
        for (uint32_t port = 0; port < m_topology.nics; ++port)
        {
            ++pieces[m_whole[port]][islands[port]];
        }
        const auto works = [&](uint32_t port)
        {
            const auto& rest = pieces[m_whole[port]];
            const auto largest =
                std::max_element(rest.begin(),
                                 rest.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; });
            return islands[port] == largest->first;
        };
        std::set<uint32_t> hosts;
        const uint32_t ports = m_topology.portsPerNic;
        for (uint32_t nic = 0; nic < m_topology.nics / ports; ++nic)
        {
            uint32_t working = 0;
            for (uint32_t i = 0; i < ports; ++i)
            {
                working += works(nic * ports + i) ? 1 : 0;
            }
            if (working < (m_failover ? 1 : ports))
            {
                hosts.insert(nic / m_cluster.acceleratorsPerHost);
            }
        }
        return static_cast<uint32_t>(hosts.size()) * m_cluster.acceleratorsPerHost;
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
        part.accelerators = CutOff(state);
        if (part.accelerators == 0)
        {
            part.state = AddState(std::move(state), plan);
        }
    }

    const FigureSet& m_figures;
    const ClusterPlan& m_cluster;
    const Topology& m_topology;
    bool m_failover;
    std::vector<uint32_t> m_whole;
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
            ++next;
        }
    }
    HEDDLE_CHECK(next == plan.parts.size(), "fewer parts than were planned");
}

double
LostCapacity(const Topology& topology, const FabricState& state)
{
    // Upwards, per NIC or switch: rate in all, rate lost.
    std::map<std::pair<bool, uint32_t>, std::pair<double, double>> sums;
    std::map<uint32_t, double> lost;
    for (const LinkState& link : state.links)
    {
        lost[link.link] = 1 - link.share;
    }
    for (uint32_t i = 0; i < topology.links.size(); ++i)
    {
        const Topology::Link& link = topology.links[i];
        const Topology::Node& lower = EndOf(topology, link, true);
        const double rate = static_cast<double>(link.rate.bps());
        const auto it = lost.find(i);
        const uint32_t node = lower.isSwitch ? lower.index : lower.index / topology.portsPerNic;
        auto& sum = sums[{lower.isSwitch, node}];
        sum.first += rate;
        sum.second += it != lost.end() ? rate * it->second : 0;
    }
    double most = 0;
    for (const auto& [node, sum] : sums)
    {
        most = std::max(most, sum.second / sum.first);
    }
    return most;
}

} // namespace heddle
