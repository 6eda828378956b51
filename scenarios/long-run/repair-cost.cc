// SPDX-License-Identifier: GPL-2.0-only
//
// Which price a repair of each part of a long run is billed.
#include "long-run/long-run-result.h"

namespace heddle
{

namespace
{

/// Tb/s of all ports in use of one switch of a tier, on average.
double
SwitchTbps(const Topology& topology, const LongRunPart& part)
{
    double rate = 0;
    for (const Topology::Link& link : topology.links)
    {
        for (const Topology::Node& end : {link.a, link.b})
        {
            const bool counts = end.isSwitch && topology.switches[end.index].tier == part.tier;
            rate += counts ? static_cast<double>(link.rate.bps()) : 0;
        }
    }
    return rate / 1e12 / static_cast<double>(part.count);
}

void
SetPrice(const Plan& plan,
         const FabricPlan& fabric,
         const LongRunPart& part,
         const FigureSet& economics,
         RepairItem& item)
{
    const bool hasEconomics = !economics.figures.empty();
    if (!part.network)
    {
        item.priceName = "accelerator_cost";
        item.price = plan.cluster.acceleratorCost;
        if (hasEconomics && economics.Get("accelerator_cost").known())
        {
            item.price = economics.Get("accelerator_cost");
        }
        return;
    }
    if (!part.isSwitch)
    {
        item.priceName = part.priceName;
        item.price = part.price;
        return;
    }
    item.priceName = "economics.switch_cost";
    if (hasEconomics)
    {
        item.price = economics.Get("switch_cost");
        item.price.value *= SwitchTbps(fabric.pristine, part);
    }
}

} // namespace

RepairBill
RepairBillOf(const Plan& plan,
             const FabricPlan& fabric,
             const LongRunPlan& longRun,
             const Situation& situation,
             const FleetFigures& closed,
             const FleetSample* drawn)
{
    const FigureSet& figures = situation.reliability;
    std::vector<RepairItem> items;
    for (size_t i = 0; i < longRun.parts.size(); ++i)
    {
        const LongRunPart& part = longRun.parts[i];
        RepairItem item;
        SetPrice(plan, fabric, part, situation.economics, item);
        item.failuresPerMonth = closed.groups[i].failuresPerMonth;
        item.halfWidth = drawn ? drawn->failuresPerMonth[i].halfWidth : 0;
        // Accelerators that stand by are a line of the bill of their own.
        item.spares = part.network ? closed.groups[i].spares : 0;
        item.share = figures.Value(part.network ? "replaced_share" : "accelerator_replaced_share");
        items.push_back(std::move(item));
    }
    return MakeRepairBill(items, figures.Value("truck_roll"));
}

} // namespace heddle
