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

void
AddEnd(const LinkTier& tier,
       const LinkTechnology& technology,
       double ends,
       std::vector<OutageGroup>& groups,
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
        OutageGroup group;
        group.name = tier.name + " " + technology.name + " " + prefix;
        group.count = static_cast<uint64_t>(std::ceil(ends / shared));
        group.fit = fit.value;
        group.shape = technology.Get(prefix + "_shape").value;
        group.repairHours = technology.Get(prefix + "_repair").value;
        group.ports = technology.PortsOf(part.repairTakes, tier.rate);
        groups.push_back(group);
    }
}

} // namespace

FleetFigures
FleetClosedForm(const std::vector<OutageGroup>& groups, const JobPolicy& policy)
{
    HEDDLE_CHECK(policy.checkpointHours > 0, "a checkpoint takes time");
    FleetFigures f;
    double stops = 0;
    for (const OutageGroup& group : groups)
    {
        const double perHour = FailuresPerHour(group);
        stops += group.slowdown == kStops ? perHour : 0;
        f.incidentsPerMonth += perHour * kHoursPerMonth;
        f.undisturbed *= NoneDown(group);
        f.groups.push_back({perHour * kHoursPerMonth,
                            Spares(perHour * policy.spareHours, policy.spareConfidence)});
    }
    f.interruptionsPerMonth = stops * kHoursPerMonth;
    f.meanSpeed = MeanSpeed(groups);
    const double mtbf = stops > 0 ? 1 / stops : 1e12;
    f.intervalHours = policy.intervalHours > 0 ? policy.intervalHours
                                               : CheckpointInterval(policy.checkpointHours, mtbf);
    f.usefulShare = UsefulShare(f.intervalHours, policy.checkpointHours, policy.restartHours, mtbf);
    f.goodput = f.usefulShare * f.meanSpeed;
    return f;
}

std::vector<OutageGroup>
OutageGroups(const LinkTier& tier, std::vector<std::string>& missing)
{
    std::vector<OutageGroup> groups;
    const double links = static_cast<double>(tier.links);
    const LinkTechnology& far = tier.farEnd ? *tier.farEnd : tier.nearEnd;
    if (far.name == tier.nearEnd.name)
    {
        AddEnd(tier, far, links * far.failureUnits, groups, missing);
        return groups;
    }
    AddEnd(tier, tier.nearEnd, links, groups, missing);
    AddEnd(tier, far, links, groups, missing);
    return groups;
}

} // namespace heddle
