// SPDX-License-Identifier: GPL-2.0-only
#include "report/terminal/summary-rows.h"
#include "validate/fidelity-run.h"
#include "validate/verdict/fidelity-reason.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

namespace heddle
{

namespace
{

constexpr size_t kColumns = 100;

std::string
InPercent(double value)
{
    return Print(value < 1 ? "%.2f" : "%.0f", 100 * value);
}

std::string
Short(double value)
{
    return Print("%.3g", 100 * value);
}

bool
Beyond(const v1::FidelityFamily& family)
{
    return !family.within_goal() && !family.repeats();
}

/// Rows under a heading per level and workload.
void
PrintErrors(const v1::FidelityReport& report, bool chance, std::ostream& out)
{
    std::vector<std::string> header{"errors in %", "messages", "mean", "p99", "worst", "step"};
    if (chance)
    {
        header.insert(header.end(), {"chance", "p99", "step"});
    }
    header.emplace_back();
    Table table(header);
    std::string last;
    for (const v1::FidelityFamily& family : report.families())
    {
        const std::string own =
            family.load_balancer() + ", " + family.congestion_control() + ", " + family.condition();
        const std::string heading =
            family.name().substr(0, family.name().size() - own.size() - 2); // less ", "
        if (heading != last)
        {
            table.AddGap();
            table.Add({heading});
            last = heading;
        }
        std::vector<std::string> row{"  " + own,
                                     std::to_string(family.messages()),
                                     InPercent(family.mean_error()),
                                     InPercent(family.p99_error()),
                                     InPercent(family.worst_error()),
                                     Print("%+.2f", 100 * family.step_error())};
        if (chance)
        {
            const v1::FidelityChance& drawn = family.chance();
            for (const double figure : {drawn.mean(), drawn.p99(), drawn.step()})
            {
                row.push_back(family.has_chance() ? InPercent(figure) : "");
            }
        }
        row.emplace_back(family.within_goal() ? "" : family.repeats() ? "chance" : "over");
        table.Add(std::move(row));
    }
    table.Print(out);
}

/// Breaks between words.
void
PrintWrapped(const std::string& text, const std::string& indent, std::ostream& out)
{
    std::istringstream words(text);
    std::string line = indent;
    for (std::string word; words >> word;)
    {
        if (line.size() + 1 + word.size() > kColumns)
        {
            out << line << '\n';
            line = indent;
        }
        line += (line.size() == indent.size() ? "" : " ") + word;
    }
    out << line << '\n';
}

/// "p99 21.3 % (goal 10, chance 8.9)".
std::string
Missed(const v1::FidelityFamily& family)
{
    std::string text;
    for (const FidelityMiss& miss : Misses(family))
    {
        text += (text.empty() ? "" : ", ") + std::string(miss.figure) + " " + Short(miss.error) +
                " % (goal " + Short(miss.goal) +
                (family.has_chance()
                     ? ", chance " + Short(miss.chance) + ", at most " + Short(miss.most)
                     : "") +
                ")";
    }
    if (family.unpaired() > 0)
    {
        text += (text.empty() ? "" : ", ") + std::to_string(family.unpaired()) +
                " messages exist at one level only";
    }
    return text;
}

using ByCause = std::vector<std::pair<std::string, std::vector<const v1::FidelityFamily*>>>;

/// Families beyond goals and chance by what makes up most of their error, the most frequent first.
ByCause
Group(const v1::FidelityReport& report)
{
    std::map<std::string, std::vector<const v1::FidelityFamily*>> groups;
    for (const v1::FidelityFamily& family : report.families())
    {
        if (Beyond(family))
        {
            groups[family.causes_size() > 0 ? family.causes(0).cause() : "unpaired"].push_back(
                &family);
        }
    }
    ByCause sorted(groups.begin(), groups.end());
    std::stable_sort(sorted.begin(),
                     sorted.end(),
                     [](const auto& a, const auto& b)
                     { return a.second.size() > b.second.size(); });
    return sorted;
}

} // namespace

void
PrintFidelity(const v1::FidelityReport& report, std::ostream& out)
{
    int within = 0;
    int chance = 0;
    uint32_t draws = 0;
    double packet = 0;
    double flow = 0;
    for (const v1::FidelityFamily& family : report.families())
    {
        within += family.within_goal() ? 1 : 0;
        chance += family.repeats() ? 1 : 0;
        draws = std::max(draws, family.chance().draws());
        for (const v1::FidelityCase& c : family.cases())
        {
            packet += c.packet_cpu_s();
            flow += c.flow_cpu_s();
        }
    }
    const int beyond = report.families_size() - within - chance;
    PrintErrors(report, draws > 0, out);
    const ByCause groups = Group(report);
    if (beyond > 0)
    {
        out << "\nWhat makes up the errors\n";
    }
    for (const auto& [cause, families] : groups)
    {
        out << '\n' << cause << ":\n";
        for (const v1::FidelityFamily* family : families)
        {
            PrintWrapped(family->name() + ": " + Missed(*family), "  ", out);
            PrintWrapped(family->reason(), "      ", out);
        }
    }
    out << '\n'
        << within << " of " << report.families_size() << " families within mean "
        << Short(kMeanGoal) << ", p99 " << Short(kP99Goal) << ", step " << Short(kStepGoal)
        << " %\n";
    if (draws > 0)
    {
        out << chance << " more within chance: with " << draws
            << " other draws packets miss the same goals against the first ones\n";
    }
    out << beyond << " beyond" << (beyond > 0 ? ", most of the error made up of\n" : "\n");
    for (const auto& [cause, families] : groups)
    {
        out << Print("%6.0f  ", static_cast<double>(families.size())) << cause << '\n';
    }
    out << Print("CPU time: packet level %.1f s", packet) << Print(", flow level %.1f s", flow)
        << (draws > 0 ? ", and other draws" : "") << '\n';
}

} // namespace heddle
