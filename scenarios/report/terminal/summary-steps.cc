// SPDX-License-Identifier: GPL-2.0-only
//
// Repeated steps in the summary.
#include "report/terminal/conclusions.h"
#include "report/terminal/summary-rows.h"

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
        { return s.has_p99_s() ? Against(s.p99_s(), s.steady_s()) : std::string(); });
    row("  p99.9",
        [](const v1::Steps& s)
        { return s.has_p999_s() ? Against(s.p999_s(), s.steady_s()) : std::string(); });
    row("  max", [](const v1::Steps& s) { return Against(s.max_s(), s.steady_s()); });
    row("  jitter amplification",
        [](const v1::Steps& s) { return Print("%.2f", s.jitter_amplification()); });
    row("  most idle time is",
        [](const v1::Steps& s)
        { return s.root_places_size() > 0 ? HumanAccount(s.root_places(0).account()) : ""; });
    row("    at",
        [](const v1::Steps& s)
        { return s.root_places_size() > 0 ? s.root_places(0).place() : std::string(); });
}

} // namespace heddle
