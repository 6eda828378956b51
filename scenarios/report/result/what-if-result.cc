// SPDX-License-Identifier: GPL-2.0-only
#include "report/result/what-if-result.h"

#include "report/terminal/conclusions.h"

#include <algorithm>
#include <map>

namespace heddle
{

namespace
{

/// Savings below this share of the step contradict no bound: rounding and ties.
constexpr double kViolationNoise = 0.001;

/// The account times on the critical path that removing each of kCauses can touch. A slow link is
/// booked as congestion at it, so failures and contention share their accounts.
const std::array<std::vector<const char*>, kCauses.size()> kCauseAccounts{
    {{"scale_out_failure", "scale_out_loss_recovery", "scale_out_congestion"},
     {"scale_out_failure", "scale_out_loss_recovery", "scale_out_congestion"},
     {"scale_out_latency"},
     {"jitter"}}};

/// Step times of a fabric's worlds by name.
using Times = std::map<std::string, Tick>;

double
Factorial(size_t n)
{
    return n < 2 ? 1 : static_cast<double>(n) * Factorial(n - 1);
}

void
FillWorlds(const Plan& plan,
           const std::vector<const v1::WorldPart*>& worlds,
           v1::FabricResult& fabric)
{
    fabric.clear_ladder();
    for (size_t i = 0; i < worlds.size(); ++i)
    {
        if (plan.rungs[i].role != WorldRole::Ladder || worlds[i]->fabric().ladder_size() == 0)
        {
            continue;
        }
        v1::World& world = *fabric.add_ladder();
        world = worlds[i]->fabric().ladder(0);
        // A world that several rungs share was run under the first one's name.
        world.set_world(plan.rungs[i].world);
        world.set_rung(plan.rungs[i].rung);
        if (fabric.ladder_size() > 1)
        {
            const v1::World& above = fabric.ladder(fabric.ladder_size() - 2);
            world.set_saved_ps(above.step_time_ps() - world.step_time_ps());
            world.set_saved_s(ToSeconds(world.saved_ps()));
            world.set_saved_share(fabric.step_time_s() > 0 ? world.saved_s() / fabric.step_time_s()
                                                           : 0);
        }
    }
}

struct Tax
{
    double share;
    double seconds;
    double usdPerHour;
    double joules;
};

void
FillTaxes(const ClusterPlan& cluster, v1::FabricResult& fabric)
{
    if (fabric.ladder_size() < 2)
    {
        return;
    }
    v1::Taxes& taxes = *fabric.mutable_taxes();
    const double actual = fabric.step_time_s();
    for (const v1::World& world : fabric.ladder())
    {
        const double seconds = actual - world.step_time_s();
        const double share = 1 - world.step_time_s() / actual;
        const Tax tax{share,
                      seconds,
                      share * cluster.ranks() * cluster.pricePerHour,
                      seconds * cluster.ranks() * cluster.power};
        if (world.rung() == "R4")
        {
            taxes.set_fabric_tax(tax.share);
            taxes.set_fabric_tax_s(tax.seconds);
            taxes.set_fabric_tax_usd_per_hour(tax.usdPerHour);
            taxes.set_fabric_tax_j(tax.joules);
        }
        else if (world.rung() == "R6")
        {
            taxes.set_scale_out_tax(tax.share);
            taxes.set_scale_out_tax_s(tax.seconds);
            taxes.set_scale_out_tax_usd_per_hour(tax.usdPerHour);
            taxes.set_scale_out_tax_j(tax.joules);
        }
        else if (world.rung() == "R8")
        {
            taxes.set_communication_tax(tax.share);
            taxes.set_communication_tax_s(tax.seconds);
            taxes.set_communication_tax_usd_per_hour(tax.usdPerHour);
            taxes.set_communication_tax_j(tax.joules);
        }
    }
}

Tick
OnCriticalPath(const v1::FabricResult& actual, size_t cause)
{
    Tick sum = 0;
    for (const v1::AccountTime& entry : actual.critical_path())
    {
        const auto& accounts = kCauseAccounts[cause];
        if (std::find(accounts.begin(), accounts.end(), entry.account()) != accounts.end())
        {
            sum += entry.time_ps();
        }
    }
    return sum;
}

/// Mean over all orders of what removing `cause` saves, s.
double
Shapley(const std::array<Tick, kCauseSets>& times, size_t cause)
{
    const size_t n = kCauses.size();
    double sum = 0;
    for (unsigned removed = 0; removed < kCauseSets; ++removed)
    {
        if ((removed >> cause & 1U) == 0)
        {
            const auto before = static_cast<size_t>(__builtin_popcount(removed));
            const double weight = Factorial(before) * Factorial(n - before - 1) / Factorial(n);
            sum += weight * ToSeconds(times[removed] - times[removed | 1U << cause]);
        }
    }
    return sum;
}

/// `actual`: the world with all causes, at the level of those without.
void
FillCauses(const Times& times, const v1::FabricResult& actual, v1::WhatIf& whatIf)
{
    std::array<Tick, kCauseSets> bySet{};
    for (unsigned removed = 0; removed < kCauseSets; ++removed)
    {
        bySet[removed] = times.at(CauseWorld(removed).world);
    }
    whatIf.set_step_time_ps(bySet[0]);
    for (size_t i = 0; i < kCauses.size(); ++i)
    {
        const unsigned all = kCauseSets - 1;
        v1::CauseSaving& cause = *whatIf.add_causes();
        cause.set_cause(kCauses[i]);
        cause.set_first_ps(bySet[0] - bySet[1U << i]);
        cause.set_last_ps(bySet[all & ~(1U << i)] - bySet[all]);
        cause.set_shapley_s(Shapley(bySet, i));
        cause.set_shapley_share(cause.shapley_s() / ToSeconds(bySet[0]));
        cause.set_critical_path_ps(OnCriticalPath(actual, i));
        const double excess = ToSeconds(cause.first_ps() - cause.critical_path_ps());
        if (excess > kViolationNoise * ToSeconds(bySet[0]))
        {
            whatIf.add_violations("removing " + cause.cause() + " first saves " +
                                  HumanTime(ToSeconds(cause.first_ps())) + ", more than its " +
                                  HumanTime(ToSeconds(cause.critical_path_ps())) +
                                  " on the critical path");
        }
    }
}

void
FillSensitivity(const Times& times, v1::WhatIf& whatIf)
{
    for (const Change& change : kChanges)
    {
        std::map<std::string, double> byRung;
        for (const RungPlan& rung : AllRungs())
        {
            const auto it = times.find(SensitivityWorld(change, rung).world);
            if (it != times.end())
            {
                byRung[rung.rung] = ToSeconds(it->second);
            }
        }
        v1::Sensitivity& out = *whatIf.add_sensitivity();
        out.set_change(change.name);
        out.set_step_time_s(byRung.at("R0"));
        out.set_fabric_tax(1 - byRung.at("R4") / byRung.at("R0"));
        out.set_scale_out_tax(1 - byRung.at("R6") / byRung.at("R0"));
        out.set_communication_tax(1 - byRung.at("R8") / byRung.at("R0"));
    }
}

} // namespace

void
FillLadder(const Plan& plan,
           const std::vector<const v1::WorldPart*>& worlds,
           v1::FabricResult& fabric)
{
    FillWorlds(plan, worlds, fabric);
    FillTaxes(plan.cluster, fabric);
    Times times;
    const v1::FabricResult* described = nullptr;
    for (size_t i = 0; i < worlds.size(); ++i)
    {
        if (plan.rungs[i].world == CauseWorld(0).world)
        {
            described = &worlds[i]->fabric();
        }
        if (worlds[i]->fabric().ladder_size() > 0)
        {
            times[plan.rungs[i].world] = worlds[i]->fabric().ladder(0).step_time_ps();
        }
    }
    const bool everything = plan.rungs.back().role != WorldRole::Ladder;
    if (!everything || times.size() != plan.rungs.size())
    {
        return;
    }
    v1::WhatIf& whatIf = *fabric.mutable_what_if();
    const v1::World& last = fabric.ladder(fabric.ladder_size() - 1);
    whatIf.set_compute_ps(last.mean_busy_ps());
    whatIf.set_bubble_ps(last.step_time_ps() - last.mean_busy_ps());
    whatIf.set_fidelity(plan.rungs.back().fidelity);
    FillCauses(times, *described, whatIf);
    FillSensitivity(times, whatIf);
}

} // namespace heddle
