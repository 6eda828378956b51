// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-technology.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace heddle
{

namespace
{

constexpr uint64_t k100G = 100'000'000'000;
constexpr uint64_t k800G = 800'000'000'000;

BitRate
UsualLaneRate(BitRate rate)
{
    return BitRate(rate.bps() <= k800G ? k100G : 2 * k100G);
}

/// "power_800g_4x200g" → rate and lane rate; false for other figures.
bool
ParseRateName(const std::string& name, BitRate& rate, BitRate& lane)
{
    if (name.rfind("power_", 0) != 0)
    {
        return false;
    }
    char* end = nullptr;
    rate = BitRate(std::strtoull(name.c_str() + 6, &end, 10) * 1'000'000'000);
    const size_t times = name.find('x');
    lane = times == std::string::npos
               ? UsualLaneRate(rate)
               : BitRate(std::strtoull(name.c_str() + times + 1, &end, 10) * 1'000'000'000);
    return true;
}

std::string
Metres(double value)
{
    return FigureNumber(value) + " m";
}

} // namespace

const char*
ScopeName(Scope scope)
{
    static const char* const kNames[] = {"port", "laser", "source", "engine", "switch"};
    return kNames[static_cast<size_t>(scope)];
}

const Figure&
LinkTechnology::Get(std::string_view figure) const
{
    for (const NamedFigure& named : figures)
    {
        if (named.name == figure)
        {
            return named.figure;
        }
    }
    HEDDLE_CHECK(false, name + " has no figure '" + std::string(figure) + "'");
    return figures.front().figure;
}

BitRate
LinkTechnology::LaneRate(BitRate rate) const
{
    return laneRate.bps() > 0 ? laneRate : UsualLaneRate(rate);
}

uint32_t
LinkTechnology::Lanes(BitRate rate) const
{
    const uint64_t lane = LaneRate(rate).bps();
    return static_cast<uint32_t>(std::max<uint64_t>(1, (rate.bps() + lane - 1) / lane));
}

RateOption
LinkTechnology::At(BitRate rate) const
{
    if (rate.bps() == 0)
    {
        throw InputError("link technology '" + name + "': the port rate must be positive");
    }
    const BitRate lane = LaneRate(rate);
    const std::string* nearest = nullptr;
    BitRate nearestRate;
    BitRate nearestLane;
    double least = 0;
    for (const NamedFigure& named : figures)
    {
        BitRate listed;
        BitRate listedLane;
        if (!ParseRateName(named.name, listed, listedLane))
        {
            continue;
        }
        // The rate decides; among equals the lane rate.
        const double distance = std::abs(std::log(static_cast<double>(listed.bps()) /
                                                  static_cast<double>(rate.bps()))) +
                                (listedLane == lane ? 0 : 1e-3);
        if (nearest == nullptr || distance < least)
        {
            nearest = &named.name;
            nearestRate = listed;
            nearestLane = listedLane;
            least = distance;
        }
    }
    HEDDLE_CHECK(nearest != nullptr, name + " has no rates");
    Figure power = Get(*nearest);
    Figure cost = Get("cost" + nearest->substr(5));
    if (!(nearestRate == rate))
    {
        const double factor =
            static_cast<double>(rate.bps()) / static_cast<double>(nearestRate.bps());
        const std::string reason = "scaled linearly from " + FormatRate(nearestRate);
        power = ScaledFigure(power, factor, reason);
        cost = ScaledFigure(cost, factor, reason);
    }
    else if (!(nearestLane == lane))
    {
        const std::string reason = "as on lanes of " + FormatRate(nearestLane);
        power = ScaledFigure(power, 1, reason);
        cost = ScaledFigure(cost, 1, reason);
    }
    const auto share = [&](const char* figure)
    {
        const Figure& part = Get(figure);
        Figure watts = part.known() ? ScaledFigure(power, part.value, part.source)
                                    : NotFoundFigure("W", part.source);
        watts.grade = std::max(power.grade, part.grade); // the less certain of the two
        return watts;
    };
    return {rate, power, share("idle_share"), share("down_share"), share("laser_share"), cost};
}

const Figure&
LinkTechnology::Reach(BitRate rate) const
{
    return Get(LaneRate(rate).bps() > k100G ? "reach_200g_lanes" : "reach");
}

const Figure&
LinkTechnology::HostFecLatency(BitRate rate) const
{
    return Get(LaneRate(rate).bps() > k100G ? "host_fec_latency_200g_lanes" : "host_fec_latency");
}

uint32_t
LinkTechnology::PortsOf(Scope scope, BitRate rate) const
{
    double lanes = Lanes(rate);
    switch (scope)
    {
    case Scope::Port:
        return 1;
    case Scope::Laser:
        lanes = Get("lanes_per_laser").value;
        break;
    case Scope::Source:
        lanes = Get("lanes_per_source").value;
        break;
    case Scope::Engine:
        lanes = Get("lanes_per_engine").value;
        break;
    case Scope::Switch:
        lanes = Get("lanes_per_engine").value * Get("engines_per_switch").value;
        break;
    }
    HEDDLE_CHECK(lanes > 0, name + ": no lanes known for scope " + ScopeName(scope));
    return static_cast<uint32_t>(std::max(1.0, lanes / Lanes(rate)));
}

Figure
LinkTechnology::RepairPrice(const PartKind& part, BitRate rate) const
{
    const Figure& own = Get(std::string(part.name) + "_price");
    if (own.known() || part.repairTakes != Scope::Port)
    {
        return own;
    }
    Figure cost = At(rate).cost;
    const double ends = cable ? 2 : 1;
    cost.value *= ends;
    cost.low *= ends;
    cost.high *= ends;
    return cost.known() ? cost : own;
}

Tick
LinkTechnology::OneWayLatency(double metres, BitRate rate) const
{
    HEDDLE_CHECK(metres >= 0, "negative length");
    return static_cast<Tick>(
               std::llround((Get("added_latency").value + HostFecLatency(rate).value) * 1e3)) +
           static_cast<Tick>(std::llround(Get("propagation").value * metres * 1e3));
}

std::string
DescribeLinkTechnology(const LinkTechnology& technology)
{
    std::string text = technology.name + ": " + technology.description +
                       "\n  replaceable unit: " + technology.replaceableUnit + "\n";
    for (const PartKind& part : technology.parts)
    {
        text += std::string("  part ") + part.name + ": its failure takes down one " +
                ScopeName(part.fails) + ", its repair one " + ScopeName(part.repairTakes) + "\n";
    }
    for (const NamedFigure& named : technology.figures)
    {
        text += "  " + named.name + " = " + FormatFigure(named.figure) + "\n";
    }
    return text;
}

const LinkTechnology&
FindLinkTechnology(std::string_view name)
{
    return *FindFactory<const LinkTechnology*>("link-technology", name);
}

std::vector<const LinkTechnology*>
AllLinkTechnologies()
{
    std::vector<const LinkTechnology*> all;
    for (const std::string& name : RegistryIndex::Names("link-technology"))
    {
        all.push_back(&FindLinkTechnology(name));
    }
    return all;
}

void
CheckReach(const LinkTechnology& technology, double metres, BitRate rate)
{
    if (!(metres >= 0))
    {
        throw InputError("link length must not be negative");
    }
    const Figure& reach = technology.Reach(rate);
    if (metres <= reach.value)
    {
        return;
    }
    const auto reachOf = [&](const LinkTechnology* t) { return t->Reach(rate).value; };
    std::vector<const LinkTechnology*> others;
    for (const LinkTechnology* other : AllLinkTechnologies())
    {
        if (reachOf(other) >= metres)
        {
            others.push_back(other);
        }
    }
    std::stable_sort(others.begin(),
                     others.end(),
                     [&](const auto* a, const auto* b) { return reachOf(a) < reachOf(b); });
    std::string text = "a " + Metres(metres) + " link is beyond the reach of '" + technology.name +
                       "' (" + Metres(reach.value) + ").";
    for (size_t i = 0; i < others.size() && i < 3; ++i)
    {
        text += (i == 0 ? " These reach: '" : ", '") + others[i]->name + "' (" +
                Metres(reachOf(others[i])) + ")";
    }
    if (others.empty())
    {
        text += " No registered technology reaches that far at its default";
    }
    if (reach.highOrValue() >= metres)
    {
        text += "; variants of '" + technology.name + "' reach " + Metres(reach.high) +
                ": set its reach";
    }
    throw InputError(text + ".");
}

std::vector<std::string>
Assumptions(const LinkTechnology& technology, BitRate rate)
{
    const RateOption option = technology.At(rate);
    std::vector<std::string> names;
    const auto note = [&](const Figure& figure, const std::string& what)
    {
        if (figure.grade == Grade::Assumption || figure.grade == Grade::LowQuality)
        {
            names.push_back(technology.name + "." + what);
        }
    };
    note(option.activePower, "power");
    note(option.cost, "cost");
    note(technology.Get("added_latency"), "added_latency");
    note(technology.Reach(rate), "reach");
    note(technology.Get("mtbf"), "mtbf");
    return names;
}

} // namespace heddle
