// SPDX-License-Identifier: GPL-2.0-only
#include "report/terminal/table.h"
#include "validate/fidelity-run.h"

#include <cmath>

namespace heddle
{

namespace
{

std::string
Percent(double value, bool withSign = false)
{
    char text[32];
    std::snprintf(text, sizeof text, withSign ? "%+.2f" : "%.2f", 100 * value);
    return text;
}

} // namespace

void
PrintFidelity(const v1::FidelityReport& report, std::ostream& out)
{
    Table table({"errors in %", "messages", "mean", "p99", "worst", "bias", "step", ""});
    int within = 0;
    int chance = 0;
    double packet = 0;
    double flow = 0;
    for (const v1::FidelityFamily& family : report.families())
    {
        table.Add({family.name(),
                   std::to_string(family.messages()),
                   Percent(family.mean_error()),
                   Percent(family.p99_error()),
                   Percent(family.worst_error()),
                   Percent(family.bias(), true),
                   Percent(family.step_error(), true),
                   family.within_goal() ? "" : "over"});
        within += family.within_goal() ? 1 : 0;
        chance += family.repeats() ? 1 : 0;
        for (const v1::FidelityCase& c : family.cases())
        {
            packet += c.packet_cpu_s();
            flow += c.flow_cpu_s();
        }
    }
    table.Print(out);
    out << '\n'
        << within << " of " << report.families_size() << " families within mean "
        << Percent(kMeanGoal) << ", p99 " << Percent(kP99Goal) << ", step " << Percent(kStepGoal)
        << " %\n";
    if (chance > 0)
    {
        out << "of the others " << chance
            << " by chance: the packet level misses the same goals against itself, with other "
               "random draws\n";
    }
    char cost[96];
    std::snprintf(cost,
                  sizeof cost,
                  "CPU time: packet level %.1f s, flow level %.1f s\n",
                  packet,
                  flow);
    out << cost;
    for (const v1::FidelityFamily& family : report.families())
    {
        if (!family.within_goal())
        {
            out << "over: " << family.name() << ": " << family.reason() << '\n';
        }
        if (family.unpaired() > 0)
        {
            out << "over: " << family.name() << ": " << family.unpaired()
                << " messages exist at one level only\n";
        }
    }
}

} // namespace heddle
