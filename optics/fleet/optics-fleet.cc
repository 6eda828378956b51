// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-fleet.h"

#include "ns3/base-errors.h"
#include "ns3/optics-reliability.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

/// Long-run failures per hour: a part under repair cannot fail.
double
FailuresPerHour(const OutageGroup& group)
{
    return group.fit > 0 ? static_cast<double>(group.count) / (1e9 / group.fit + group.repairHours)
                         : 0;
}

double
NoneDown(const OutageGroup& group)
{
    if (group.fit <= 0)
    {
        return 1;
    }
    return std::pow(Availability(1e9 / group.fit, group.repairHours),
                    static_cast<double>(group.count));
}

/// E[1 / worst slowdown] over the slowing groups.
double
MeanSpeed(const std::vector<OutageGroup>& groups)
{
    std::vector<const OutageGroup*> slow;
    for (const OutageGroup& group : groups)
    {
        HEDDLE_CHECK(group.slowdown >= 1, group.name + ": a slowdown is at least 1");
        if (group.slowdown < kStops)
        {
            slow.push_back(&group);
        }
    }
    std::stable_sort(slow.begin(),
                     slow.end(),
                     [](const auto* a, const auto* b) { return a->slowdown > b->slowdown; });
    double speed = 0;
    double noneWorse = 1;
    for (const OutageGroup* group : slow)
    {
        speed += noneWorse * (1 - NoneDown(*group)) / group->slowdown;
        noneWorse *= NoneDown(*group);
    }
    return speed + noneWorse;
}

/// P(accelerators down ≤ spare): the groups' binomials, convolved.
double
Running(const std::vector<OutageGroup>& groups, double spare)
{
    if (spare >= 1e9)
    {
        return 1;
    }
    std::vector<double> down(static_cast<size_t>(spare) + 1);
    down[0] = 1;
    for (const OutageGroup& group : groups)
    {
        if (group.accelerators == 0 || group.fit <= 0 || group.repairHours <= 0)
        {
            continue;
        }
        const double out = 1 - Availability(1e9 / group.fit, group.repairHours);
        const double n = static_cast<double>(group.count);
        std::vector<double> next(down.size());
        double share = std::exp(n * std::log1p(-out));
        for (uint64_t k = 0; k <= group.count && k * group.accelerators < down.size(); ++k)
        {
            const size_t lost = k * group.accelerators;
            for (size_t i = lost; i < down.size(); ++i)
            {
                next[i] += down[i - lost] * share;
            }
            const double i = static_cast<double>(k);
            share *= (n - i) / (i + 1) * out / (1 - out);
            if (i > n * out && share < 1e-20)
            {
                break;
            }
        }
        down.swap(next);
    }
    double sum = 0;
    for (double share : down)
    {
        sum += share;
    }
    return std::min(1.0, sum);
}

/// Failures per hour that meet a running job. A part that fails was up, so the others decide
/// whether the job runs.
double
StopsPerHour(const std::vector<OutageGroup>& groups, double spare, double running)
{
    double stops = 0;
    std::vector<OutageGroup> others = groups;
    for (size_t i = 0; i < groups.size(); ++i)
    {
        if (groups[i].slowdown < kStops || groups[i].count == 0)
        {
            continue;
        }
        double meets = running;
        if (groups[i].accelerators > 0)
        {
            others[i].count -= 1;
            meets = Running(others, spare);
            others[i].count += 1;
        }
        stops += FailuresPerHour(groups[i]) * meets;
    }
    return stops;
}

/// What the sources of a part's rate span; where its own figure says nothing, the MTBF's range.
void
SetSpan(const LinkTechnology& technology, const Figure& fit, PartOutage& part)
{
    const Figure& mtbf = technology.Get("mtbf");
    const bool own = fit.low == fit.low || fit.high == fit.high || !mtbf.known();
    part.fitLow = own ? fit.lowOrValue() : fit.value * mtbf.value / mtbf.highOrValue();
    part.fitHigh = own ? fit.highOrValue() : fit.value * mtbf.value / mtbf.lowOrValue();
}

void
AddParts(const LinkTier& tier,
         const LinkTechnology& technology,
         double units,
         LinkEnd end,
         std::vector<PartOutage>& groups,
         std::vector<std::string>& missing)
{
    for (const PartKind& part : technology.parts)
    {
        const std::string prefix = part.name;
        const Figure& fit = technology.Get(prefix + "_fit");
        if (!fit.known())
        {
            missing.push_back(technology.name + "." + prefix + "_fit");
            continue;
        }
        const uint32_t shared = technology.PortsOf(part.fails, tier.rate);
        PartOutage group;
        group.name = tier.name + " " + technology.name + " " + prefix;
        group.count = static_cast<uint64_t>(std::ceil(units / shared));
        group.fit = fit.value;
        group.shape = technology.Get(prefix + "_shape").value;
        group.repairHours = technology.Get(prefix + "_repair").value;
        group.ports = technology.PortsOf(part.repairTakes, tier.rate);
        group.wholeSwitch = part.repairTakes == Scope::Switch;
        group.grade = fit.grade;
        group.price = technology.RepairPrice(part, tier.rate);
        group.priceName = technology.name + "." + prefix + "_price";
        SetSpan(technology, fit, group);
        const bool endMatters = group.ports > 1 || group.wholeSwitch;
        if (end == LinkEnd::Either && endMatters)
        {
            // Alike at both ends, but what it takes down differs.
            group.count = static_cast<uint64_t>(std::ceil(units / 2 / shared));
            group.end = LinkEnd::Lower;
            groups.push_back(group);
            groups.back().name += ", lower ends";
            group.end = LinkEnd::Upper;
            group.name += ", upper ends";
        }
        else if (endMatters)
        {
            group.end = end;
        }
        groups.push_back(group);
    }
}

} // namespace

FleetFigures
FleetClosedForm(const std::vector<OutageGroup>& groups, const JobPolicy& policy)
{
    HEDDLE_CHECK(policy.checkpointHours > 0, "a checkpoint takes time");
    FleetFigures f;
    for (const OutageGroup& group : groups)
    {
        const double perHour = FailuresPerHour(group);
        f.incidentsPerMonth += perHour * kHoursPerMonth;
        f.undisturbed *= NoneDown(group);
        const double demand = perHour * policy.spareHours;
        f.groups.push_back({perHour * kHoursPerMonth, Spares(demand, policy.spareConfidence)});
        f.spares += f.groups.back().spares;
        f.sparesSuffice *= PoissonAtMost(demand, f.groups.back().spares);
    }
    f.running = Running(groups, policy.spareAccelerators);
    const double stops = StopsPerHour(groups, policy.spareAccelerators, f.running);
    f.interruptionsPerMonth = stops * kHoursPerMonth;
    f.meanSpeed = MeanSpeed(groups);
    const double mtbf = stops > 0 ? f.running / stops : 1e12; // h of running
    f.intervalHours = policy.intervalHours > 0 ? policy.intervalHours
                                               : CheckpointInterval(policy.checkpointHours, mtbf);
    f.usefulShare = UsefulShare(f.intervalHours, policy.checkpointHours, policy.restartHours, mtbf);
    f.goodput = f.running * f.usefulShare * f.meanSpeed;
    return f;
}

std::vector<PartOutage>
OutageGroups(const LinkTier& tier, std::vector<std::string>& missing)
{
    std::vector<PartOutage> groups;
    const double links = static_cast<double>(tier.links);
    const LinkTechnology& far = tier.farEnd ? *tier.farEnd : tier.nearEnd;
    if (far.name == tier.nearEnd.name)
    {
        AddParts(tier, far, links * far.failureUnits, LinkEnd::Either, groups, missing);
        return groups;
    }
    AddParts(tier, tier.nearEnd, links, LinkEnd::Upper, groups, missing);
    AddParts(tier, far, links, LinkEnd::Lower, groups, missing);
    return groups;
}

} // namespace heddle
