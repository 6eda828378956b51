// SPDX-License-Identifier: GPL-2.0-only
//
// The summary's part on months of the job.
#include "report/terminal/summary-rows.h"

#include <algorithm>

namespace heddle
{

namespace
{

/// "16 (15.6–16.4)"
std::string
WithInterval(double value, double low, double high, double scale, const char* format)
{
    return Print(format, scale * value) + " (" + Print(format, scale * low) + "–" +
           Print(format, scale * high) + ")";
}

/// One row per state of any fabric: how much longer a step takes in it.
void
AddStates(Table& table, const v1::Result& result)
{
    std::vector<std::string> names;
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        for (const v1::OutageState& state : fabric.reliability().states())
        {
            if (std::find(names.begin(), names.end(), state.state()) == names.end())
            {
                names.push_back(state.state());
            }
        }
    }
    for (const std::string& name : names)
    {
        AddRow(table,
               result,
               "  step with " + name,
               [&](const v1::FabricResult& fabric)
               {
                   for (const v1::OutageState& state : fabric.reliability().states())
                   {
                       if (state.state() == name)
                       {
                           return Print("%+.2f %%", 100 * (state.slowdown() - 1));
                       }
                   }
                   return std::string();
               });
    }
}

/// Pairs of the two figures at which both fabrics are equal.
void
PrintFrontier(const v1::FlipResult& flip, std::ostream& out)
{
    std::string before = "  " + flip.figure() + " and " + flip.and_figure() + " tie at ";
    bool any = false;
    for (const v1::FlipFrontier& point : flip.frontier())
    {
        if (point.has_tie())
        {
            out << before << Print("%.4g", point.at()) << ' ' << flip.unit() << " and "
                << Print("%.4g", point.tie()) << ' ' << flip.and_unit();
            before = "; ";
            any = true;
        }
    }
    out << (any ? ".\n" : "");
}

} // namespace

void
AddLongRun(Table& table, const v1::Result& result)
{
    const auto row = [&](const char* label, std::string (*cell)(const v1::Reliability&))
    {
        AddRow(table,
               result,
               label,
               [=](const auto& f) { return f.has_reliability() ? cell(f.reliability()) : ""; });
    };
    table.AddGap();
    AddStates(table, result);
    row("job interruptions per month",
        [](const v1::Reliability& r)
        {
            return WithInterval(r.interruptions_per_month(),
                                r.interruptions_per_month_low(),
                                r.interruptions_per_month_high(),
                                1,
                                "%.3g");
        });
    row("  at the figures' low and high rates",
        [](const v1::Reliability& r)
        {
            return Print("%.3g", r.interruptions_per_month_at_low_rates()) + " to " +
                   Print("%.3g", r.interruptions_per_month_at_high_rates());
        });
    row("  by the network",
        [](const v1::Reliability& r)
        {
            return WithInterval(r.network_interruptions_per_month(),
                                r.network_interruptions_per_month_low(),
                                r.network_interruptions_per_month_high(),
                                1,
                                "%.3g");
        });
    row("repairs per month",
        [](const v1::Reliability& r)
        {
            return WithInterval(r.repairs_per_month(),
                                r.repairs_per_month_low(),
                                r.repairs_per_month_high(),
                                1,
                                "%.3g");
        });
    row("  their bill per month",
        [](const v1::Reliability& r)
        {
            return WithInterval(r.repair_usd_per_month(),
                                r.repair_usd_per_month_low(),
                                r.repair_usd_per_month_high(),
                                1,
                                "%.0f") +
                   " USD";
        });
    row("spare parts to hold", [](const v1::Reliability& r) { return std::to_string(r.spares()); });
    row("  worth, without accelerators",
        [](const v1::Reliability& r) { return Print("%.0f USD", r.spare_parts_usd()); });
    row("checkpoint every",
        [](const v1::Reliability& r) { return Print("%.3g min", r.checkpoint_interval_s() / 60); });
    row("effective training time",
        [](const v1::Reliability& r)
        {
            return WithInterval(r.effective_training_time_ratio(),
                                r.effective_training_time_ratio_low(),
                                r.effective_training_time_ratio_high(),
                                100,
                                "%.2f") +
                   " %";
        });
    row("expected goodput",
        [](const v1::Reliability& r) {
            return WithInterval(r.goodput(), r.goodput_low(), r.goodput_high(), 100, "%.2f") + " %";
        });
    row("  at the figures' low and high rates",
        [](const v1::Reliability& r)
        {
            return Print("%.2f", 100 * r.goodput_at_low_rates()) + " to " +
                   Print("%.2f %%", 100 * r.goodput_at_high_rates());
        });
}

void
PrintLongRun(const v1::Result& result, std::ostream& out)
{
    const auto has = [](const v1::FabricResult& f) { return f.has_reliability(); };
    if (!std::any_of(result.fabrics().begin(), result.fabrics().end(), has))
    {
        return;
    }
    out << "Long run: closed form (95 % interval of the Monte Carlo's mean). 'At low and high "
           "rates': "
           "every failure rate at the end of what its sources span.\n";
    for (const v1::FlipResult& flip : result.flip_points())
    {
        out << "Flip point. " << flip.text() << '\n';
        PrintFrontier(flip, out);
    }
}

} // namespace heddle
