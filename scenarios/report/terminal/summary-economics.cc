// SPDX-License-Identifier: GPL-2.0-only
//
// The summary's part on watts, joules, dollars and the long run.
#include "report/terminal/summary-rows.h"

#include <set>

namespace heddle
{

namespace
{

using Value = double (*)(const v1::FabricResult&);

void
AddPower(Table& table, const v1::Result& result)
{
    const auto row = [&](const char* label, const char* format, Value value)
    {
        AddRow(table,
               result,
               label,
               [=](const auto& f) { return f.has_economics() ? Print(format, value(f)) : ""; });
    };
    row("power, cooling included",
        "%.4g kW",
        [](const auto& f) { return f.economics().facility_power_w() / 1e3; });
    std::set<std::string> names;
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        for (const v1::BillItem& item : fabric.economics().items())
        {
            if (item.power_w() > 0 && names.insert(item.item()).second)
            {
                AddRow(table,
                       result,
                       "  " + item.item(),
                       [&](const auto& f)
                       {
                           for (const v1::BillItem& own : f.economics().items())
                           {
                               if (own.item() == item.item())
                               {
                                   return Print("%.4g kW", own.power_w() / 1e3);
                               }
                           }
                           return std::string();
                       });
            }
        }
    }
    row("energy per step",
        "%.4g J",
        [](const auto& f) { return f.economics().energy_per_step_j(); });
    const auto share = [&](const char* label, Value value)
    {
        AddRow(table,
               result,
               label,
               [=](const auto& f) {
                   return f.has_economics() ? Percent(value(f) / f.economics().energy_per_step_j())
                                            : "";
               });
    };
    share("  computing", [](const auto& f) { return f.economics().compute_energy_per_step_j(); });
    share("  idle accelerators",
          [](const auto& f) { return f.economics().idle_energy_per_step_j(); });
    share("  network", [](const auto& f) { return f.economics().network_energy_per_step_j(); });
    share("    optics", [](const auto& f) { return f.economics().optics_energy_per_step_j(); });
    share("      lasers", [](const auto& f) { return f.economics().laser_energy_per_step_j(); });
    share("  hosts", [](const auto& f) { return f.economics().host_energy_per_step_j(); });
    share("  cooling", [](const auto& f) { return f.economics().cooling_energy_per_step_j(); });
}

void
AddMoney(Table& table, const v1::Result& result)
{
    const auto row = [&](const char* label, const char* format, Value value)
    {
        AddRow(table,
               result,
               label,
               [=](const auto& f) { return f.has_economics() ? Print(format, value(f)) : ""; });
    };
    row("capital per accelerator",
        "%.0f USD",
        [](const auto& f) { return f.economics().capital_per_accelerator_usd(); });
    row("network capital per port",
        "%.0f USD",
        [](const auto& f) { return f.economics().network_capital_per_port_usd(); });
    row("cost per step",
        "%.4g USD",
        [](const auto& f) { return f.economics().cost_per_step_usd(); });
    const auto perToken = [&](const char* label, const char* format, Value value)
    {
        AddRow(table,
               result,
               label,
               [=](const auto& f)
               { return f.economics().has_tokens_per_step() ? Print(format, value(f)) : ""; });
    };
    perToken("energy per token",
             "%.4g J",
             [](const auto& f) { return f.economics().energy_per_token_j(); });
    perToken("cost per million tokens",
             "%.4g USD",
             [](const auto& f) { return 1e6 * f.economics().cost_per_token_usd(); });
    AddRow(table,
           result,
           "  failures included",
           [](const auto& f)
           {
               return f.economics().has_cost_per_useful_token_usd()
                          ? Print("%.4g USD", 1e6 * f.economics().cost_per_useful_token_usd())
                          : "";
           });
}

void
PrintNames(const char* what, const std::set<std::string>& names, std::ostream& out)
{
    if (names.empty())
    {
        return;
    }
    out << what;
    const char* separator = " ";
    for (const std::string& name : names)
    {
        out << separator << name;
        separator = ", ";
    }
    out << ".\n";
}

} // namespace

void
AddEconomics(Table& table, const v1::Result& result)
{
    table.AddGap();
    AddPower(table, result);
    AddMoney(table, result);
    AddLongRun(table, result);
}

void
PrintAssumptions(const v1::Result& result, std::ostream& out)
{
    std::set<std::string> assumed;
    std::set<std::string> missing;
    const auto take = [](std::set<std::string>& names, const auto& more, bool money)
    {
        for (const std::string& name : more)
        {
            const bool price = name.size() > 5 && name.compare(name.size() - 5, 5, ".cost") == 0;
            if (money || !price)
            {
                names.insert(name);
            }
        }
    };
    for (const v1::FabricResult& f : result.fabrics())
    {
        const bool money = f.has_economics() || f.has_reliability();
        for (const auto* names : {&f.economics().assumed(),
                                  &f.reliability().assumed(),
                                  &f.optics().assumed(),
                                  &f.faults_assumed()})
        {
            take(assumed, *names, money);
        }
        for (const v1::BitErrorTier& tier : f.bit_errors())
        {
            take(assumed, tier.assumed(), money);
        }
        for (const auto* names :
             {&f.economics().missing(), &f.reliability().missing(), &f.optics().missing()})
        {
            take(missing, *names, money);
        }
    }
    PrintNames("Assumed or weakly sourced:", assumed, out);
    PrintNames("Not published by anyone, left out of the sums:", missing, out);
}

} // namespace heddle
