// SPDX-License-Identifier: GPL-2.0-only
//
// Which links hang on which part. Deviation: lanes are numbered port by port in the order of the
// topology's links; real boards may interleave them.
#include "plan/faults/faults.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace heddle
{

namespace
{

/// Lanes that share one part of a scope; 0: those of one port, whatever their number.
uint32_t
LanesOf(const LinkTechnology& technology, Scope scope)
{
    const auto lanes = [&](const char* figure)
    { return static_cast<uint32_t>(technology.Get(figure).value); };
    switch (scope)
    {
    case Scope::Port:
        return 0;
    case Scope::Laser:
        return lanes("lanes_per_laser");
    case Scope::Source:
        return lanes("lanes_per_source");
    case Scope::Engine:
        return lanes("lanes_per_engine");
    case Scope::Switch:
        break;
    }
    return lanes("lanes_per_engine") * lanes("engines_per_switch");
}

} // namespace

PartList::PartList(const Topology& topology, const std::vector<TierPlan>& tiers)
    : m_topology(topology), m_tiers(tiers)
{
    std::vector<std::vector<uint32_t>> ofSwitch(topology.switches.size());
    std::vector<std::vector<uint32_t>> ofNic(topology.nics);
    for (uint32_t i = 0; i < topology.links.size(); ++i)
    {
        for (const Topology::Node* end : {&topology.links[i].a, &topology.links[i].b})
        {
            (end->isSwitch ? ofSwitch : ofNic)[end->index].push_back(i);
        }
    }
    for (SwitchId s = 0; s < topology.switches.size(); ++s)
    {
        AddNode({true, s}, ofSwitch[s]);
    }
    for (NicId nic = 0; nic < topology.nics; ++nic)
    {
        AddNode({false, nic}, ofNic[nic]);
    }
}

void
PartList::AddNode(const Topology::Node& node, const std::vector<uint32_t>& links)
{
    // By technology; a configured one is its tier's own.
    std::map<std::string, std::pair<const LinkTechnology*, Group>> found;
    for (uint32_t i : links)
    {
        const Topology::Link& link = m_topology.links[i];
        const bool lower = link.a.isSwitch == node.isSwitch && link.a.index == node.index;
        if (link.technology.empty())
        {
            continue;
        }
        const TierPlan& tier = m_tiers[link.tier];
        const LinkTechnology* technology = tier.technology ? &*tier.technology : nullptr;
        technology = lower && tier.lowerEnd ? &*tier.lowerEnd : technology;
        if (technology == nullptr) // chosen by length
        {
            technology = &FindLinkTechnology(link.technology);
        }
        if (technology->cable && !lower)
        {
            continue; // one assembly, counted at its lower end
        }
        auto& [chosen, group] = found[technology->name];
        chosen = technology;
        group.links.push_back(i);
    }
    for (auto& [name, entry] : found)
    {
        const LinkTechnology* technology = entry.first;
        for (const PartKind& kind : technology->parts)
        {
            Group group = entry.second;
            group.node = node;
            group.nodeName = NodeName(m_topology, node);
            group.technology = technology;
            group.kind = &kind;
            group.lanesPerPart = LanesOf(*technology, kind.fails);
            uint32_t lanes = 0;
            for (uint32_t link : group.links)
            {
                lanes += technology->Lanes(m_topology.links[link].rate);
            }
            const auto ports = static_cast<uint32_t>(group.links.size());
            group.count = group.lanesPerPart == 0
                              ? ports
                              : (lanes + group.lanesPerPart - 1) / group.lanesPerPart;
            group.fit = technology->Get(std::string(kind.name) + "_fit").value;
            m_groups.push_back(std::move(group));
        }
    }
}

std::vector<std::pair<uint32_t, uint32_t>>
PartList::OnLanes(const Group& group, uint32_t first, uint32_t last) const
{
    std::vector<std::pair<uint32_t, uint32_t>> found;
    uint32_t lane = 0;
    for (uint32_t link : group.links)
    {
        const uint32_t lanes = group.technology->Lanes(m_topology.links[link].rate);
        const uint32_t from = std::max(first, lane);
        const uint32_t to = std::min(last, lane + lanes);
        if (from < to)
        {
            found.emplace_back(link, to - from);
        }
        lane += lanes;
    }
    return found;
}

std::vector<LinkShare>
PartList::Without(const Group& group, uint32_t part, LaneLoss policy) const
{
    HEDDLE_CHECK(part < group.count, "no such part");
    if (group.lanesPerPart == 0)
    {
        return {{group.links[part], 0}};
    }
    const uint32_t first = part * group.lanesPerPart;
    std::vector<LinkShare> shares;
    for (const auto& [link, lost] : OnLanes(group, first, first + group.lanesPerPart))
    {
        const BitRate rate = m_topology.links[link].rate;
        const uint32_t lanes = group.technology->Lanes(rate);
        const BitRate left = DegradedRate(rate, lanes, lost, policy);
        shares.push_back({link, static_cast<double>(left.bps()) / static_cast<double>(rate.bps())});
    }
    return shares;
}

std::vector<LinkShare>
PartList::DownForRepair(const Group& group, uint32_t part) const
{
    HEDDLE_CHECK(part < group.count, "no such part");
    std::vector<LinkShare> down;
    if (group.kind->repairTakes == Scope::Switch)
    {
        for (uint32_t i = 0; i < m_topology.links.size(); ++i)
        {
            const Topology::Link& link = m_topology.links[i];
            for (const Topology::Node& end : {link.a, link.b})
            {
                if (end.isSwitch == group.node.isSwitch && end.index == group.node.index)
                {
                    down.push_back({i, 0});
                }
            }
        }
        return down;
    }
    const uint32_t taken = LanesOf(*group.technology, group.kind->repairTakes);
    if (group.lanesPerPart == 0 || taken == 0)
    {
        for (const LinkShare& link : Without(group, part, LaneLoss::Down))
        {
            down.push_back({link.link, 0});
        }
        return down;
    }
    const uint32_t first = part * group.lanesPerPart / taken * taken;
    for (const auto& [link, lanes] : OnLanes(group, first, first + taken))
    {
        down.push_back({link, 0});
    }
    return down;
}

} // namespace heddle
