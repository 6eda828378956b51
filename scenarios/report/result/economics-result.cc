// SPDX-License-Identifier: GPL-2.0-only
//
// Watts, joules and dollars of a fabric's step.
#include "long-run/long-run-result.h"
#include "report/result/fabric-result.h"

#include "ns3/optics-bill.h"

namespace heddle
{

namespace
{

/// What the bill needs to know of the step, the whole of it.
ClusterUse
UseOf(const Plan& plan,
      const FabricPlan& fabric,
      const Situation& situation,
      const v1::FabricResult& result)
{
    const ClusterPlan& cluster = plan.cluster;
    ClusterUse use;
    use.accelerators = cluster.ranks();
    if (plan.reliability && situation.reliability.Get("spare_accelerators").known())
    {
        use.spareAccelerators = situation.reliability.Value("spare_accelerators");
    }
    use.acceleratorPower =
        Figure{cluster.power, "W", kUnknown, kUnknown, "accelerator preset", Grade::Estimate};
    use.acceleratorCost = cluster.acceleratorCost;
    use.nicRate = cluster.nicRate;
    use.switches = static_cast<uint32_t>(fabric.topology.switches.size());
    use.ports = 2 * fabric.topology.links.size();
    for (const Topology::Link& link : fabric.pristine.links)
    {
        const int ends = (link.a.isSwitch ? 1 : 0) + (link.b.isSwitch ? 1 : 0);
        use.switchPortRate += ends * static_cast<double>(link.rate.bps());
    }
    const OpticsAccount account = Account(situation.optics);
    use.opticsPower = account.total.power;
    use.lasers = account.total.laser;
    use.opticsCost = account.total.cost;
    const bool sliced = result.has_extrapolation();
    use.stepSeconds = sliced ? result.extrapolation().step_time_s() : result.step_time_s();
    // A slice stands for the whole: the same share of the time is busy.
    use.busySeconds = result.ledger().busy_s() * (sliced ? result.extrapolation().factor() : 1);
    use.tokens = plan.workload.tokens;
    return use;
}

/// Failures included: repairs and spare parts are paid for, lost time makes no tokens.
void
FillUsefulToken(const Bill& bill, double lifetime, const v1::Reliability& r, v1::Economics& e)
{
    const auto cost = [&](double repairsPerMonth, double goodput)
    {
        RepairBill repairs;
        repairs.parts = repairsPerMonth;
        repairs.stock = r.spare_parts_usd();
        return bill.DollarsPerStep(repairs.PerHour(lifetime)) / bill.tokens / goodput;
    };
    e.set_cost_per_useful_token_usd(cost(r.repair_usd_per_month(), r.goodput()));
    e.set_cost_per_useful_token_usd_low(cost(r.repair_usd_per_month_low(), r.goodput_high()));
    e.set_cost_per_useful_token_usd_high(cost(r.repair_usd_per_month_high(), r.goodput_low()));
}

} // namespace

Bill
BillOf(const Plan& plan,
       const FabricPlan& fabric,
       const Situation& situation,
       const v1::FabricResult& result)
{
    return MakeBill(UseOf(plan, fabric, situation, result), situation.economics);
}

void
FillEconomics(const Plan& plan, const FabricPlan& fabric, v1::FabricResult* out)
{
    if (!plan.economics || out->step_time_s() <= 0)
    {
        return;
    }
    const Situation situation{*plan.economics,
                              plan.reliability ? *plan.reliability : FigureSet{},
                              fabric.optics};
    const ClusterUse use = UseOf(plan, fabric, situation, *out);
    const Bill bill = MakeBill(use, *plan.economics);
    v1::Economics& e = *out->mutable_economics();
    for (const BillLine& line : bill.lines)
    {
        v1::BillItem& item = *e.add_items();
        item.set_item(line.name);
        item.set_power_w(line.power);
        item.set_capital_usd(line.capital);
    }
    e.set_it_power_w(bill.itPower);
    e.set_facility_power_w(bill.facilityPower);
    e.set_energy_per_step_j(bill.StepEnergy());
    e.set_compute_energy_per_step_j(bill.computeEnergy);
    e.set_idle_energy_per_step_j(bill.idleEnergy);
    e.set_network_energy_per_step_j(bill.networkEnergy);
    e.set_host_energy_per_step_j(bill.hostEnergy);
    e.set_cooling_energy_per_step_j(bill.coolingEnergy);
    const double lasers = bill.Line("lasers").power * bill.stepSeconds;
    const double optics = bill.Line("optics without lasers").power * bill.stepSeconds + lasers;
    const double cooled = bill.facilityPower / bill.itPower;
    e.set_optics_energy_per_step_j(optics);
    e.set_laser_energy_per_step_j(lasers);
    e.set_optics_share(optics * cooled / bill.StepEnergy());
    e.set_laser_share(lasers * cooled / bill.StepEnergy());
    e.set_capital_usd(bill.capital);
    e.set_capital_per_accelerator_usd(bill.capital / use.accelerators);
    e.set_network_capital_per_port_usd(bill.NetworkCapital() / static_cast<double>(use.ports));
    e.set_capital_usd_per_hour(bill.capitalPerHour);
    e.set_energy_usd_per_hour(bill.energyPerHour);
    e.set_cost_per_step_usd(bill.DollarsPerStep());
    if (bill.tokens > 0)
    {
        e.set_tokens_per_step(bill.tokens);
        e.set_energy_per_token_j(bill.JoulesPerToken());
        e.set_cost_per_token_usd(bill.DollarsPerToken());
        if (out->has_reliability())
        {
            FillUsefulToken(bill, plan.economics->Value("lifetime"), out->reliability(), e);
        }
    }
    e.mutable_missing()->Add(bill.missing.begin(), bill.missing.end());
    e.mutable_assumed()->Add(bill.assumed.begin(), bill.assumed.end());
}

} // namespace heddle
