// SPDX-License-Identifier: GPL-2.0-only
#include "long-run/long-run-result.h"
#include "long-run/wiring.h"

#include "ns3/optics-fleet.h"
#include "ns3/optics-reliability.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

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
Arithmetic(const FabricPlan& fabric, const FabricState& state, double exposed)
{
    const double lost = LostCapacity(fabric.pristine, state);
    return lost < 1 ? 1 + exposed * lost / (1 - lost) : kStops;
}

double
WholeStep(const Plan& plan, double simulated)
{
    return plan.workload.slice ? plan.workload.slice->wholeStepTime(simulated) : simulated;
}

/// Fills the states; returns their slowdowns.
std::vector<double>
FillStates(const Plan& plan,
           const FabricPlan& fabric,
           const std::vector<double>& steps,
           const v1::FabricResult& result,
           v1::Reliability& out)
{
    const LongRunPlan& longRun = *fabric.longRun;
    const bool measured = !longRun.worlds.empty();
    std::vector<double> slowdowns;
    for (size_t i = 0; i < longRun.states.size(); ++i)
    {
        const FabricState& state = longRun.states[i];
        v1::OutageState& line = *out.add_states();
        line.set_state(state.name);
        line.set_links(static_cast<uint32_t>(state.links.size()));
        line.set_rate_share(state.links.front().share);
        line.set_fidelity(measured ? longRun.fidelity : "arithmetic");
        double slowdown = Arithmetic(fabric, state, ExposedShare(result));
        double undisturbed = result.has_extrapolation() ? result.extrapolation().step_time_s()
                                                        : result.step_time_s();
        if (measured)
        {
            undisturbed = WholeStep(plan, steps[0]);
            slowdown = WholeStep(plan, steps[i + 1]) / undisturbed;
        }
        line.set_slowdown(slowdown);
        line.set_step_time_s(slowdown * undisturbed);
        slowdowns.push_back(slowdown);
    }
    return slowdowns;
}

void
FillRepairs(const Plan& plan,
            const FabricPlan& fabric,
            const FleetFigures& closed,
            const FleetSample& drawn,
            v1::Reliability& out)
{
    const Situation situation{plan.economics ? *plan.economics : FigureSet{},
                              *plan.reliability,
                              fabric.optics};
    const RepairBill bill = RepairBillOf(plan, fabric, *fabric.longRun, situation, closed, &drawn);
    out.set_repair_labour_usd_per_month(bill.labour);
    out.set_repair_parts_usd_per_month(bill.parts);
    out.set_repair_usd_per_month(bill.PerMonth());
    out.set_repair_usd_per_month_low(bill.PerMonth() - bill.halfWidth);
    out.set_repair_usd_per_month_high(bill.PerMonth() + bill.halfWidth);
    out.set_spare_parts_usd(bill.stock);
    out.mutable_missing()->Add(bill.missing.begin(), bill.missing.end());
    out.mutable_assumed()->Add(bill.assumed.begin(), bill.assumed.end());
}

void
FillOutages(const LongRunPlan& longRun,
            const std::vector<OutageGroup>& groups,
            const FleetFigures& closed,
            const FleetSample& drawn,
            v1::Reliability& out)
{
    for (size_t i = 0; i < groups.size(); ++i)
    {
        const LongRunPart& part = longRun.parts[i];
        v1::Outage& outage = *out.add_outages();
        outage.set_part(groups[i].name);
        outage.set_count(groups[i].count);
        outage.set_failures_per_month(closed.groups[i].failuresPerMonth);
        const Estimate& failures = drawn.failuresPerMonth[i];
        outage.set_failures_per_month_low(failures.mean - failures.halfWidth);
        outage.set_failures_per_month_high(failures.mean + failures.halfWidth);
        outage.set_repair_h(groups[i].repairHours);
        outage.set_ports(groups[i].ports);
        outage.set_accelerators(groups[i].accelerators);
        outage.set_stops_job(groups[i].slowdown == kStops);
        if (groups[i].slowdown < kStops)
        {
            outage.set_slowdown(groups[i].slowdown);
            outage.set_state(longRun.states[part.state].name);
        }
        outage.set_spares(closed.groups[i].spares);
        outage.set_fit(part.fit);
        outage.set_grade(GradeName(part.grade));
        if (part.price.known())
        {
            outage.set_price_usd(part.price.value);
            outage.set_price_grade(GradeName(part.price.grade));
        }
    }
}

/// The groups with every rate at the low or the high end of its sources.
std::vector<OutageGroup>
AtRates(const LongRunPlan& longRun, std::vector<OutageGroup> groups, bool high)
{
    for (size_t i = 0; i < groups.size(); ++i)
    {
        groups[i].fit = high ? longRun.parts[i].fitHigh : longRun.parts[i].fitLow;
    }
    return groups;
}

/// Interruptions by network parts alone, and their interval: failures of independent groups.
void
FillNetworkInterruptions(const LongRunPlan& longRun,
                         const std::vector<OutageGroup>& groups,
                         const FleetFigures& closed,
                         const FleetSample& drawn,
                         v1::Reliability& out)
{
    double stopping = 0;
    double network = 0;
    double squares = 0;
    for (size_t i = 0; i < groups.size(); ++i)
    {
        const bool stops = groups[i].slowdown == kStops;
        const bool counts = stops && longRun.parts[i].network;
        stopping += stops ? closed.groups[i].failuresPerMonth : 0;
        network += counts ? closed.groups[i].failuresPerMonth : 0;
        squares += counts ? std::pow(drawn.failuresPerMonth[i].halfWidth, 2) : 0;
    }
    // Of the failures that stop a job, those that meet a running one.
    const double share = stopping > 0 ? closed.interruptionsPerMonth / stopping : 0;
    out.set_network_interruptions_per_month(network * share);
    out.set_network_interruptions_per_month_low((network - std::sqrt(squares)) * share);
    out.set_network_interruptions_per_month_high((network + std::sqrt(squares)) * share);
}

} // namespace

std::vector<OutageGroup>
GroupsOf(const LongRunPlan& longRun, const std::vector<double>& slowdowns)
{
    std::vector<OutageGroup> groups;
    for (const LongRunPart& part : longRun.parts)
    {
        groups.push_back(part);
        groups.back().slowdown =
            part.state == kNoState ? kStops : std::max(1.0, slowdowns[part.state]);
    }
    return groups;
}

JobPolicy
PolicyOf(const FigureSet& figures)
{
    JobPolicy policy;
    policy.checkpointHours = figures.Value("checkpoint") / 3600;
    policy.restartHours = figures.Value("restart") / 60;
    policy.spareHours = figures.Value("spare_lead");
    if (figures.Get("checkpoint_interval").known())
    {
        policy.intervalHours = figures.Value("checkpoint_interval");
    }
    if (figures.Get("spare_accelerators").known())
    {
        policy.spareAccelerators = figures.Value("spare_accelerators");
    }
    return policy;
}

void
FillReliability(const Plan& plan,
                const FabricPlan& fabric,
                const std::vector<double>& steps,
                v1::FabricResult* out)
{
    if (!fabric.longRun || steps.size() < fabric.longRun->worlds.size())
    {
        return;
    }
    const LongRunPlan& longRun = *fabric.longRun;
    const FigureSet& figures = *plan.reliability;
    v1::Reliability& r = *out->mutable_reliability();
    const std::vector<OutageGroup> groups =
        GroupsOf(longRun, FillStates(plan, fabric, steps, *out, r));
    const JobPolicy policy = PolicyOf(figures);
    const FleetFigures closed = FleetClosedForm(groups, policy);
    const FleetSample drawn = FleetMonteCarlo(groups,
                                              policy,
                                              figures.Value("horizon"),
                                              static_cast<uint32_t>(figures.Value("replications")),
                                              plan.seed);
    using Set = void (v1::Reliability::*)(double);
    const auto interval = [&r](const Estimate& estimate, Set low, Set high)
    {
        (r.*low)(estimate.mean - estimate.halfWidth);
        (r.*high)(estimate.mean + estimate.halfWidth);
    };
    using R = v1::Reliability;
    r.set_interruptions_per_month(closed.interruptionsPerMonth);
    interval(drawn.interruptionsPerMonth,
             &R::set_interruptions_per_month_low,
             &R::set_interruptions_per_month_high);
    FillNetworkInterruptions(longRun, groups, closed, drawn, r);
    r.set_repairs_per_month(closed.incidentsPerMonth);
    interval(drawn.incidentsPerMonth,
             &R::set_repairs_per_month_low,
             &R::set_repairs_per_month_high);
    r.set_checkpoint_s(policy.checkpointHours * 3600);
    r.set_restart_s(policy.restartHours * 3600);
    r.set_checkpoint_interval_s(closed.intervalHours * 3600);
    r.set_enough_accelerators(closed.running);
    r.set_effective_training_time_ratio(closed.running * closed.usefulShare);
    interval(drawn.effectiveTime,
             &R::set_effective_training_time_ratio_low,
             &R::set_effective_training_time_ratio_high);
    r.set_mean_speed(closed.meanSpeed);
    interval(drawn.meanSpeed, &R::set_mean_speed_low, &R::set_mean_speed_high);
    r.set_goodput(closed.goodput);
    interval(drawn.goodput, &R::set_goodput_low, &R::set_goodput_high);
    r.set_undisturbed(closed.undisturbed);
    interval(drawn.undisturbed, &R::set_undisturbed_low, &R::set_undisturbed_high);
    r.set_spares(closed.spares);
    r.set_spares_suffice(closed.sparesSuffice);
    interval(drawn.sparesSuffice, &R::set_spares_suffice_low, &R::set_spares_suffice_high);
    const FleetFigures few = FleetClosedForm(AtRates(longRun, groups, false), policy);
    const FleetFigures many = FleetClosedForm(AtRates(longRun, groups, true), policy);
    r.set_interruptions_per_month_at_low_rates(few.interruptionsPerMonth);
    r.set_interruptions_per_month_at_high_rates(many.interruptionsPerMonth);
    r.set_goodput_at_low_rates(few.goodput);
    r.set_goodput_at_high_rates(many.goodput);
    FillOutages(longRun, groups, closed, drawn, r);
    r.mutable_missing()->Add(longRun.missing.begin(), longRun.missing.end());
    r.mutable_assumed()->Add(longRun.assumed.begin(), longRun.assumed.end());
    FillRepairs(plan, fabric, closed, drawn, r);
}

} // namespace heddle
