// SPDX-License-Identifier: GPL-2.0-only
//
// The what-if ladder for the terminal: a waterfall, causes by order, sensitivity.
#include "report/terminal/conclusions.h"
#include "report/terminal/summary-rows.h"
#include "report/terminal/summary.h"

#include "ns3/base-units.h"

namespace heddle
{

namespace
{

/// A row of `cell` of the fabrics that have a ladder.
void
AddLadderRow(Table& table, const v1::Result& result, const std::string& label, const CellFn& cell)
{
    AddRow(table,
           result,
           label,
           [&](const v1::FabricResult& f) { return f.has_what_if() ? cell(f) : std::string(); });
}

std::string
TimeAndShare(double seconds, const v1::FabricResult& fabric)
{
    const double time = seconds + 0.0; // no negative zero
    return HumanTime(time) + Print("  %5.1f %%", 100 * time / fabric.step_time_s());
}

/// With a plus where an ideal makes the step longer.
std::string
Difference(double seconds, const v1::FabricResult& fabric)
{
    return (seconds > 0 ? "+" : "") + TimeAndShare(seconds, fabric);
}

void
AddWaterfall(Table& table, const v1::Result& result)
{
    const v1::FabricResult& first = result.fabrics(0);
    for (int i = 0; i < first.ladder_size(); ++i)
    {
        const std::string rung = first.ladder(i).rung();
        std::string label = rung + (rung.size() < 3 ? "  " : " ") + first.ladder(i).world();
        AddLadderRow(table,
                     result,
                     label,
                     [i](const v1::FabricResult& f) {
                         return i == 0 ? HumanTime(f.step_time_s())
                                       : Difference(-f.ladder(i).saved_s(), f);
                     });
    }
    AddLadderRow(table,
                 result,
                 "left: compute",
                 [](const auto& f)
                 { return TimeAndShare(ToSeconds(f.what_if().compute_ps()), f); });
    AddLadderRow(table,
                 result,
                 "left: pipeline bubble",
                 [](const auto& f) { return TimeAndShare(ToSeconds(f.what_if().bubble_ps()), f); });
}

void
AddCosts(Table& table, const v1::Result& result)
{
    const auto cost = [&](const char* label, auto usd, auto joules)
    {
        AddLadderRow(table,
                     result,
                     label,
                     [&](const v1::FabricResult& f)
                     {
                         return Print("%.4g USD/h", (f.taxes().*usd)()) +
                                Print("  %.4g J/step", (f.taxes().*joules)());
                     });
    };
    cost("fabric tax", &v1::Taxes::fabric_tax_usd_per_hour, &v1::Taxes::fabric_tax_j);
    cost("scale-out tax", &v1::Taxes::scale_out_tax_usd_per_hour, &v1::Taxes::scale_out_tax_j);
    cost("communication tax",
         &v1::Taxes::communication_tax_usd_per_hour,
         &v1::Taxes::communication_tax_j);
}

void
AddCauses(Table& table, const v1::Result& result)
{
    AddLadderRow(table,
                 result,
                 "step at this level",
                 [](const v1::FabricResult& f)
                 { return HumanTime(ToSeconds(f.what_if().step_time_ps())); });
    for (int i = 0; i < result.fabrics(0).what_if().causes_size(); ++i)
    {
        AddLadderRow(table,
                     result,
                     "without " + result.fabrics(0).what_if().causes(i).cause(),
                     [i](const v1::FabricResult& f)
                     {
                         const v1::CauseSaving& c = f.what_if().causes(i);
                         const auto step = static_cast<double>(f.what_if().step_time_ps());
                         return Print("%.1f", 100 * static_cast<double>(c.first_ps()) / step) +
                                " / " +
                                Print("%.1f", 100 * static_cast<double>(c.last_ps()) / step) +
                                " / " + Percent(c.shapley_share());
                     });
    }
}

void
AddSensitivity(Table& table, const v1::Result& result)
{
    for (int i = 0; i < result.fabrics(0).what_if().sensitivity_size(); ++i)
    {
        AddLadderRow(table,
                     result,
                     result.fabrics(0).what_if().sensitivity(i).change(),
                     [i](const v1::FabricResult& f)
                     {
                         const v1::Sensitivity& s = f.what_if().sensitivity(i);
                         return Print("%.1f", 100 * s.fabric_tax()) + " / " +
                                Print("%.1f", 100 * s.scale_out_tax()) + " / " +
                                Percent(s.communication_tax());
                     });
    }
}

/// A heading in place of the table's label column.
Table
NewTable(const std::string& heading, const v1::Result& result)
{
    std::vector<std::string> header{heading};
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        header.push_back(fabric.name());
    }
    return Table(header);
}

} // namespace

void
PrintWhatIf(const v1::Result& result, std::ostream& out)
{
    if (result.fabrics_size() == 0 || !result.fabrics(0).has_what_if())
    {
        return;
    }
    out << "\nWhat-if ladder, " << result.manifest().fidelity()
        << " level: what each ideal takes off the step, in this order\n";
    Table ladder = NewTable("", result);
    AddWaterfall(ladder, result);
    ladder.AddGap();
    AddCosts(ladder, result);
    ladder.Print(out);
    const std::string level = result.fabrics(0).what_if().fidelity();
    out << "\nRemoved first / last / on average over all orders (Shapley), of the step, " << level
        << " level\n";
    Table causes = NewTable("", result);
    AddCauses(causes, result);
    causes.Print(out);
    out << "\nFabric / scale-out / communication tax if the inputs were wrong, " << level
        << " level\n";
    Table sensitivity = NewTable("", result);
    AddSensitivity(sensitivity, result);
    sensitivity.Print(out);
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        for (const std::string& violation : fabric.what_if().violations())
        {
            out << "note: on " << fabric.name() << ' ' << violation << ".\n";
        }
    }
}

} // namespace heddle
