// SPDX-License-Identifier: GPL-2.0-only
#include "plan/fabric/tiers.h"

#include "loader/choice.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace heddle
{

namespace
{

constexpr Tick kPlainDelayPerMetre = 5 * kNanosecond; ///< fibre 4.9, copper 4.6 ns/m, rounded up

std::optional<LinkTechnology>
ReadTechnology(const ScenarioNode& tier, const char* field)
{
    if (!tier.Has(field))
    {
        return std::nullopt;
    }
    const ChosenModel chosen = ReadChoice(tier, field, "link-technology", "");
    return tier.Child(field).At("name",
                                [&] { return ConfigureLinkTechnology(chosen.name, chosen.given); });
}

void
CheckEnds(const ScenarioNode& tier, size_t index, const TierPlan& plan)
{
    if (plan.lowerEnd && plan.lowerEnd->name != plan.technology->name &&
        (plan.lowerEnd->cable || plan.technology->cable))
    {
        tier.Fail("lower_end", "a cable has both ends alike.");
    }
    const LinkTechnology& lower = plan.lowerEnd ? *plan.lowerEnd : *plan.technology;
    if (index == 0 && lower.switchEndOnly)
    {
        tier.Fail(plan.lowerEnd ? "lower_end" : "technology",
                  "'" + lower.name + "' sits on a switch: name a technology for the NIC's end in " +
                      "lower_end.");
    }
}

BitErrorAsk
ReadBitErrors(const ScenarioNode& node, const ScenarioNode& tier, bool known)
{
    BitErrorAsk ask;
    if (node.Has("ratio"))
    {
        ask.ratio = node.RequiredRatio("ratio");
    }
    else
    {
        ask.conditions.celsius = node.Ratio("celsius", ask.conditions.celsius);
        ask.conditions.years = node.Ratio("years", 0);
        if (!known)
        {
            tier.Fail("bit_errors", "the tier names no technology whose links it could draw.");
        }
    }
    for (const char* field : {"celsius", "years"})
    {
        node.NotUsedBecause(field, "`ratio` says what every link has");
    }
    ask.model.burst = node.Ratio("burst", 0);
    ask.model.interleave = static_cast<uint32_t>(node.Count("interleave", 1));
    ask.model.inner = node.Flag("inner_code", false) ? kHamming128 : InnerCode{};
    return ask;
}

void
ReadErrors(const ScenarioNode& tier, bool floorPlan, TierPlan& plan)
{
    if (tier.Has("bit_errors"))
    {
        if (tier.Has("loss_probability"))
        {
            tier.Fail("loss_probability", "bit_errors says which frames are lost: give one.");
        }
        plan.bitErrors =
            ReadBitErrors(tier.Child("bit_errors"), tier, plan.technology.has_value() || floorPlan);
        plan.retry.on = tier.Flag("link_retry", false);
    }
    const double loss = tier.Ratio("loss_probability", 0);
    if (loss >= 1)
    {
        tier.Fail("loss_probability", "nothing would ever arrive: it must be less than 1.");
    }
    plan.loss = FrameLoss::FromProbability(loss);
    if (loss > 0 && !plan.bitErrors)
    {
        plan.retry.on = tier.Flag("link_retry", false);
    }
    tier.NotUsedBecause("link_retry", "the tier loses no frames");
    if (plan.retry.on)
    {
        plan.retry.turnaround = tier.Time("retry_turnaround", 1130 * kNanosecond);
    }
    tier.NotUsedBecause("retry_turnaround", "link_retry is off");
}

/// Where each switch stands: in the host rack whose hosts it serves alone, or in a network rack.
std::vector<uint32_t>
HostRacks(const FloorPlan& floor, const ClusterPlan& cluster, const Topology& topology)
{
    std::vector<std::set<uint32_t>> racks(topology.switches.size());
    const uint32_t portsPerHost = cluster.acceleratorsPerHost * topology.portsPerNic;
    for (NicId nic = 0; nic < topology.nics; ++nic)
    {
        racks[topology.leafOfNic[nic]].insert(nic / portsPerHost / floor.hostsPerRack);
    }
    std::vector<uint32_t> home;
    home.reserve(racks.size());
    for (const std::set<uint32_t>& served : racks)
    {
        home.push_back(served.size() == 1 ? *served.begin() : kNetworkRack);
    }
    return home;
}

/// Metres of every link.
std::vector<double>
Lengths(const ClusterPlan& cluster, const std::vector<TierPlan>& tiers, const Topology& topology)
{
    std::vector<double> lengths;
    if (!cluster.floorPlan)
    {
        for (const Topology::Link& link : topology.links)
        {
            lengths.push_back(tiers[link.tier].metres);
        }
        return lengths;
    }
    const FloorPlan& floor = *cluster.floorPlan;
    const RackLayout layout = LayOut(floor, cluster.hosts, HostRacks(floor, cluster, topology));
    const auto rack = [&](const Topology::Node& node)
    {
        return node.isSwitch ? layout.rackOfSwitch[node.index]
                             : layout.rackOfHost[node.index / topology.portsPerNic /
                                                 cluster.acceleratorsPerHost];
    };
    for (const Topology::Link& link : topology.links)
    {
        lengths.push_back(CableLength(floor, rack(link.a), rack(link.b)));
    }
    return lengths;
}

} // namespace

TierPlan
ReadTier(const ScenarioNode& fabric, size_t index, BitRate portRate, bool floorPlan)
{
    const ScenarioNode tier = fabric.Child(kTiers[index].field);
    TierPlan plan;
    plan.rate = portRate;
    if (index > 0)
    {
        plan.rate = tier.Rate("rate", portRate);
    }
    tier.NotUsedBecause("rate", "the rate of NIC links is cluster.nic.rate");
    if (!floorPlan)
    {
        plan.metres = tier.Length("length", kTiers[index].defaultMetres);
    }
    tier.NotUsedBecause("length", "cluster.floor_plan says how long each link is");
    plan.technology = ReadTechnology(tier, "technology");
    if (plan.technology)
    {
        plan.lowerEnd = ReadTechnology(tier, "lower_end");
        CheckEnds(tier, index, plan);
        if (!floorPlan)
        {
            tier.At(tier.Has("length") ? "length" : "technology",
                    [&]
                    {
                        CheckReach(*plan.technology, plan.metres, plan.rate);
                        CheckReach(plan.lowerEnd ? *plan.lowerEnd : *plan.technology,
                                   plan.metres,
                                   plan.rate);
                    });
        }
    }
    tier.NotUsedBecause("lower_end", "the tier names no technology");
    if (tier.Has("propagation"))
    {
        plan.delay = tier.Time("propagation", 0);
        const bool both = tier.Own().Has("length") && tier.Own().Has("propagation");
        if (both && !plan.technology)
        {
            tier.Fail("length", "contradicts propagation: give one of the two.");
        }
    }
    ReadErrors(tier, floorPlan, plan);
    return plan;
}

Tick
DelayOf(const TierPlan& tier, const std::optional<LinkTechnology>& technology, double metres)
{
    if (tier.delay)
    {
        return *tier.delay;
    }
    if (!technology)
    {
        return static_cast<Tick>(std::llround(metres * kPlainDelayPerMetre));
    }
    const Tick upper = technology->OneWayLatency(metres, tier.rate);
    // Each technology's latency counts both ends: of a mixed link, half of each.
    return tier.lowerEnd ? (upper + tier.lowerEnd->OneWayLatency(metres, tier.rate)) / 2 : upper;
}

void
LayCables(const ScenarioNode& fabric,
          const ClusterPlan& cluster,
          const std::vector<TierPlan>& tiers,
          FabricPlan& plan)
{
    const std::vector<double> lengths = Lengths(cluster, tiers, plan.topology);
    // By tier, rate and name, so that the account does not depend on the order of links.
    std::map<std::tuple<uint32_t, uint64_t, std::string>, LinkTier> accounts;
    for (uint32_t i = 0; i < plan.topology.links.size(); ++i)
    {
        Topology::Link& link = plan.topology.links[i];
        const TierPlan& tier = tiers[link.tier];
        const ScenarioNode node = fabric.Child(kTiers[link.tier].field);
        std::optional<LinkTechnology> technology = tier.technology;
        if (cluster.floorPlan && technology)
        {
            node.At("technology",
                    [&]
                    {
                        try
                        {
                            CheckReach(*technology, lengths[i], link.rate);
                            CheckReach(tier.lowerEnd ? *tier.lowerEnd : *technology,
                                       lengths[i],
                                       link.rate);
                        }
                        catch (const InputError& error)
                        {
                            throw InputError(LinkName(plan.topology, i) + ": " + error.what());
                        }
                    });
        }
        else if (cluster.floorPlan)
        {
            technology = fabric.At(kTiers[link.tier].field,
                                   [&] { return CheapestThatReaches(lengths[i], link.rate); });
        }
        link.delay = DelayOf(tier, technology, lengths[i]);
        if (technology)
        {
            link.technology = technology->name;
            LinkTier& account = accounts[{link.tier, link.rate.bps(), technology->name}];
            account.name = kTiers[link.tier].field;
            account.nearEnd = *technology;
            account.farEnd = tier.lowerEnd;
            account.rate = link.rate;
            account.longestMetres = std::max(account.longestMetres, lengths[i]);
            ++account.links;
        }
    }
    for (auto& [key, account] : accounts)
    {
        plan.optics.push_back(std::move(account));
    }
}

std::optional<FloorPlan>
ReadFloorPlan(const ScenarioNode& cluster)
{
    if (!cluster.Has("floor_plan"))
    {
        return std::nullopt;
    }
    const ChosenModel chosen = ReadChoice(cluster, "floor_plan", "floor-plan", "rows");
    return cluster.Child("floor_plan")
        .At("name",
            [&]
            { return MakeFloorPlan(ConfigureFigureSet("floor-plan", chosen.name, chosen.given)); });
}

} // namespace heddle
