// SPDX-License-Identifier: GPL-2.0-only
//
// Repeated steps in the summary.
#include "report/terminal/conclusions.h"
#include "report/terminal/summary-rows.h"

#include <algorithm>

namespace heddle
{

namespace
{

/// "20.1 ms (+3.2 %)": against the step without jitter.
std::string
Against(double time, double steady)
{
    return HumanTime(time) + Print(" (%+.2f %%)", 100 * (time / steady - 1));
}

std::string
LargestAccount(const v1::Steps& steps)
{
    const auto& root = steps.root();
    const auto largest =
        std::max_element(root.begin(),
                         root.end(),
                         [](const auto& a, const auto& b) { return a.share() < b.share(); });
    return largest == root.end()
               ? ""
               : HumanAccount(largest->account()) + Print("  %.1f %%", 100 * largest->share());
}

} // namespace

void
AddSteps(Table& table, const v1::Result& result)
{
    const auto row = [&](const char* label, auto cell)
    {
        AddRow(table,
               result,
               label,
               [&](const auto& f) { return f.has_steps() ? cell(f.steps()) : std::string(); });
    };
    row("steps run", [](const v1::Steps& s) { return std::to_string(s.count()); });
    row("  without jitter", [](const v1::Steps& s) { return HumanTime(s.steady_s()); });
    row("  mean", [](const v1::Steps& s) { return Against(s.mean_s(), s.steady_s()); });
    row("  p50", [](const v1::Steps& s) { return Against(s.p50_s(), s.steady_s()); });
    row("  p99",
        [](const v1::Steps& s)
        { return s.has_p99_s() ? Against(s.p99_s(), s.steady_s()) : "needs 1,000 steps"; });
    row("  p99.9",
        [](const v1::Steps& s)
        { return s.has_p999_s() ? Against(s.p999_s(), s.steady_s()) : "needs 10,000 steps"; });
    row("  max", [](const v1::Steps& s) { return Against(s.max_s(), s.steady_s()); });
    row("  jitter amplification",
        [](const v1::Steps& s) { return Print("%.2f", s.jitter_amplification()); });
    row("  idle, mostly", &LargestAccount);
    row("  most to blame at one place",
        [](const v1::Steps& s)
        { return s.root_places_size() > 0 ? HumanAccount(s.root_places(0).account()) : ""; });
    row("    at",
        [](const v1::Steps& s)
        {
            return s.root_places_size() > 0 ? s.root_places(0).place() +
                                                  Print("  %.2f %%", 100 * s.root_places(0).share())
                                            : std::string();
        });
}

void
PrintScales(const v1::Result& result, std::ostream& out)
{
    if (result.fabrics_size() == 0 || result.fabrics(0).scales_size() == 0)
    {
        return;
    }
    out << "\nJitter amplification against accelerators: how many times an accelerator's own "
           "jitter "
           "the mean step is late (of the step without jitter; idle)\n";
    std::vector<std::string> header{"accelerators"};
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        header.push_back(fabric.name());
    }
    Table table(header);
    for (int i = 0; i < result.fabrics(0).scales_size(); ++i)
    {
        AddRow(table,
               result,
               std::to_string(result.fabrics(0).scales(i).accelerators()),
               [i](const v1::FabricResult& f)
               {
                   if (i >= f.scales_size())
                   {
                       return std::string();
                   }
                   const v1::Steps& s = f.scales(i).steps();
                   return Print("%.2f", s.jitter_amplification()) +
                          Print("  (%+.2f %%,", 100 * (s.mean_s() / s.steady_s() - 1)) +
                          Print(" idle %.1f %%)", 100 * s.idle_share());
               });
    }
    table.Print(out);
}

} // namespace heddle
