// SPDX-License-Identifier: GPL-2.0-only
#include "report/terminal/summary.h"

#include "report/terminal/conclusions.h"
#include "report/terminal/summary-rows.h"

#include "ns3/base-units.h"

#include <functional>
#include <map>
#include <set>

namespace heddle
{

namespace
{

/// Accounts smaller than this in every fabric are summed up in one line.
constexpr double kSmallShare = 0.002;
/// Smaller collectives measure latency; their bandwidth says nothing.
constexpr double kSmallCollective = 65536;

std::string
Tax(bool has, double share, double seconds)
{
    return has ? Percent(share) + "  " + HumanTime(seconds) : "";
}

void
AddTimes(Table& table, const v1::Result& result)
{
    const bool sliced = result.fabrics(0).has_extrapolation();
    AddRow(table,
           result,
           sliced ? "slice, simulated" : "step time",
           [](const auto& f) { return HumanTime(f.step_time_s()); });
    AddRow(table,
           result,
           result.manifest().fidelity() + " level's error",
           [&result](const auto& f)
           {
               if (!f.has_uncertainty())
               {
                   return std::string();
               }
               const v1::Uncertainty& u = f.uncertainty();
               return u.family().empty()
                          ? std::string("not measured")
                          : "±" + Percent(u.step_error()) +
                                (result.manifest().fidelity() == "flow" ? ", collectives ±"
                                                                        : ", messages ±") +
                                Percent(u.message_mean_error());
           });
    AddRow(table,
           result,
           "whole step, extrapolated",
           [](const auto& f)
           { return f.has_extrapolation() ? HumanTime(f.extrapolation().step_time_s()) : ""; });
    AddRow(table,
           result,
           "fabric tax",
           [](const auto& f) {
               return Tax(f.taxes().has_fabric_tax(),
                          f.taxes().fabric_tax(),
                          f.taxes().fabric_tax_s());
           });
    AddRow(table,
           result,
           "scale-out tax",
           [](const auto& f)
           {
               return Tax(f.taxes().has_scale_out_tax(),
                          f.taxes().scale_out_tax(),
                          f.taxes().scale_out_tax_s());
           });
    AddRow(table,
           result,
           "communication tax",
           [](const auto& f)
           {
               return Tax(f.taxes().has_communication_tax(),
                          f.taxes().communication_tax(),
                          f.taxes().communication_tax_s());
           });
}

double
ShareOf(const v1::FabricResult& fabric, const std::string& account)
{
    for (const v1::AccountTime& entry : fabric.ledger().root())
    {
        if (entry.account() == account)
        {
            return entry.share();
        }
    }
    return 0;
}

void
AddIdle(Table& table, const v1::Result& result)
{
    AddRow(table,
           result,
           "accelerators idle",
           [](const auto& f) { return Percent(f.ledger().idle_share()); });
    std::vector<std::string> small;
    for (const v1::AccountTime& entry : result.fabrics(0).ledger().root())
    {
        const std::string& account = entry.account();
        bool large = false;
        for (const v1::FabricResult& fabric : result.fabrics())
        {
            large |= std::abs(ShareOf(fabric, account)) >= kSmallShare;
        }
        if (!large)
        {
            small.push_back(account);
            continue;
        }
        AddRow(table,
               result,
               "  " + HumanAccount(account),
               [&](const auto& f) { return Percent(ShareOf(f, account)); });
    }
    AddRow(table,
           result,
           "  all other causes",
           [&](const auto& f)
           {
               double sum = 0;
               for (const std::string& account : small)
               {
                   sum += ShareOf(f, account);
               }
               return Percent(sum);
           });
}

/// Bytes over time of all collectives of a kind, between hosts or within; empty when none.
std::string
BusBandwidth(const v1::FabricResult& fabric, const std::string& kind, bool betweenHosts)
{
    double bytes = 0;
    double time = 0;
    for (const v1::CollectiveSummary& c : fabric.collectives())
    {
        if (c.kind() == kind && c.crosses_hosts() == betweenHosts &&
            c.bytes_per_call() >= kSmallCollective)
        {
            const double all = c.mean_time_s() * c.calls();
            bytes += c.bus_bandwidth_bytes_per_s() * all;
            time += all;
        }
    }
    return time > 0 ? Print("%.2f GB/s", bytes / time / 1e9) : "";
}

void
AddCollectives(Table& table, const v1::Result& result)
{
    AddRow(table,
           result,
           "worst collective",
           [](const auto& f) { return f.worst_collective().label(); });
    AddRow(table,
           result,
           "  to blame",
           [](const auto& f) { return HumanAccount(f.worst_collective().blame_account()); });
    AddRow(table, result, "  at", [](const auto& f) { return f.worst_collective().blame_place(); });
    for (const char* kind :
         {"all-to-all", "all-reduce", "all-gather", "reduce-scatter", "broadcast"})
    {
        for (const bool betweenHosts : {true, false})
        {
            AddRow(table,
                   result,
                   kind + std::string(betweenHosts ? " bus bandwidth" : " within hosts"),
                   [&](const auto& f) { return BusBandwidth(f, kind, betweenHosts); });
        }
    }
}

/// Where fabrics have traffic classes: a row for each, highest priority first.
void
AddTrafficClasses(Table& table, const v1::Result& result)
{
    std::set<uint32_t, std::greater<>> priorities;
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        for (const v1::TrafficClassResult& one : fabric.traffic_classes().classes())
        {
            priorities.insert(one.priority());
        }
    }
    for (const uint32_t priority : priorities)
    {
        AddRow(table,
               result,
               "     p99 in priority " + std::to_string(priority),
               [priority](const auto& f)
               {
                   for (const v1::TrafficClassResult& one : f.traffic_classes().classes())
                   {
                       if (one.priority() == priority && one.messages() > 0)
                       {
                           return HumanTime(one.p99_s());
                       }
                   }
                   return std::string();
               });
    }
}

void
AddNetwork(Table& table, const v1::Result& result)
{
    const auto messages = [&](const char* label, double (v1::MessageTimes::*value)() const)
    {
        AddRow(table,
               result,
               label,
               [&](const auto& f)
               { return f.messages().max_s() > 0 ? HumanTime((f.messages().*value)()) : ""; });
    };
    messages("message completion p50", &v1::MessageTimes::p50_s);
    messages("                   p99", &v1::MessageTimes::p99_s);
    messages("                   max", &v1::MessageTimes::max_s);
    AddTrafficClasses(table, result);
    AddRow(table,
           result,
           "optics power",
           [](const auto& f)
           { return f.has_optics() ? Print("%.0f W", f.optics().power_w()) : ""; });
    AddRow(table,
           result,
           "optics energy per step",
           [](const auto& f) {
               return f.has_optics() ? Print("%.3g J", f.optics().network_energy_per_step_j()) : "";
           });
    AddRow(table,
           result,
           "link failures per month",
           [](const auto& f)
           { return f.has_optics() ? Print("%.3g", f.optics().link_failures_per_month()) : ""; });
}

void
AddSpeed(Table& table, const v1::Result& result)
{
    AddRow(table,
           result,
           "packet-hops",
           [](const auto& f)
           {
               const auto hops = static_cast<double>(f.counters().packet_hops());
               return hops > 0 ? Print("%.2f M", hops / 1e6) : "";
           });
    AddRow(table,
           result,
           "simulated at",
           [&](const auto& f)
           {
               for (const v1::WorldTiming& world : result.manifest().timing().worlds())
               {
                   const bool actual = world.fabric() == f.name() && world.world() == "actual";
                   if (actual && world.packet_hops_per_s() > 0)
                   {
                       return Print("%.2f M hops/s", world.packet_hops_per_s() / 1e6);
                   }
               }
               return std::string();
           });
}

} // namespace

void
PrintSummary(const v1::Result& result, std::ostream& out)
{
    out << result.title() << '\n' << result.workload() << '\n';
    if (!result.complete())
    {
        out << "INTERRUPTED: not all worlds were run.\n";
    }
    if (result.fabrics_size() == 0)
    {
        return;
    }
    if (result.fabrics(0).has_extrapolation())
    {
        out << "A slice stands for the whole step: " << result.fabrics(0).extrapolation().slice()
            << ".\n";
    }
    out << '\n';
    std::vector<std::string> header{""};
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        header.push_back(fabric.name());
    }
    Table table(header);
    AddTimes(table, result);
    table.AddGap();
    AddIdle(table, result);
    table.AddGap();
    AddSteps(table, result);
    table.AddGap();
    AddCollectives(table, result);
    table.AddGap();
    AddNetwork(table, result);
    AddFaults(table, result);
    AddEconomics(table, result);
    table.AddGap();
    AddSpeed(table, result);
    table.Print(out);
    PrintScales(result, out);
    PrintLongRun(result, out);
    PrintFaults(result, out);
    PrintAssumptions(result, out);
    PrintWhatIf(result, out);
    out << '\n';
    for (const std::string& line : result.conclusions())
    {
        out << line << '\n';
    }
}

} // namespace heddle
