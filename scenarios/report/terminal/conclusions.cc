// SPDX-License-Identifier: GPL-2.0-only
#include "report/terminal/conclusions.h"

#include "ns3/base-units.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace heddle
{

namespace
{

std::string
Percent(double share)
{
    char text[32];
    std::snprintf(text, sizeof text, share < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * share);
    return text;
}

/// "12 % longer", "14 times as long".
std::string
Longer(double slowdown)
{
    if (slowdown < 1)
    {
        return Percent(slowdown) + " longer";
    }
    char text[48];
    std::snprintf(text, sizeof text, "%.3g times as long", 1 + slowdown);
    return text;
}

const v1::FabricResult&
Fastest(const v1::Result& result)
{
    return *std::min_element(result.fabrics().begin(),
                             result.fabrics().end(),
                             [](const auto& a, const auto& b)
                             { return a.step_time_ps() < b.step_time_ps(); });
}

const v1::FabricResult&
Slowest(const v1::Result& result)
{
    return *std::max_element(result.fabrics().begin(),
                             result.fabrics().end(),
                             [](const auto& a, const auto& b)
                             { return a.step_time_ps() < b.step_time_ps(); });
}

double
Slowdown(const v1::FabricResult& fabric, const v1::FabricResult& fastest)
{
    return fabric.step_time_s() / fastest.step_time_s() - 1;
}

double
TimeOf(const v1::FabricResult& fabric, const std::string& account)
{
    for (const v1::AccountTime& entry : fabric.ledger().root())
    {
        if (entry.account() == account)
        {
            return entry.time_s();
        }
    }
    return 0;
}

std::string
PlaceOf(const v1::FabricResult& fabric, const std::string& account)
{
    for (const v1::Place& place : fabric.ledger().root_places())
    {
        if (place.account() == account)
        {
            return place.place();
        }
    }
    return "";
}

/// Every packet crosses its leaf switch only: two links.
bool
StaysUnderLeaves(const v1::FabricResult& fabric)
{
    const v1::Counters& c = fabric.counters();
    const double packets = static_cast<double>(c.data_packets() + c.retransmits());
    return fabric.switches() > 1 && packets > 0 &&
           static_cast<double>(c.packet_hops()) < 2.0001 * packets;
}

std::string
CompareTimes(const v1::Result& result)
{
    const v1::FabricResult& fastest = Fastest(result);
    if (Slowdown(Slowest(result), fastest) < kNoise)
    {
        return "All " + std::to_string(result.fabrics_size()) +
               " fabrics take the same time within " + Percent(kNoise) + ".";
    }
    std::string same;
    std::string slower;
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        const double slowdown = Slowdown(fabric, fastest);
        if (slowdown < kNoise)
        {
            same += (same.empty() ? "" : " and ") + fabric.name();
        }
        else
        {
            slower += (slower.empty() ? "" : "; ") + fabric.name() + " takes " + Longer(slowdown);
        }
    }
    return same + (same == fastest.name() ? " is fastest; " : " are fastest; ") + slower + ".";
}

/// Where the slowest fabric's extra idle time comes from.
std::string
ExplainSlowest(const v1::Result& result)
{
    const v1::FabricResult& fastest = Fastest(result);
    const v1::FabricResult& slowest = Slowest(result);
    if (Slowdown(slowest, fastest) < kNoise)
    {
        return "";
    }
    const double extra = slowest.ledger().idle_s() - fastest.ledger().idle_s();
    std::string worst;
    double most = 0;
    for (const v1::AccountTime& entry : slowest.ledger().root())
    {
        const double more = entry.time_s() - TimeOf(fastest, entry.account());
        if (more > most)
        {
            most = more;
            worst = entry.account();
        }
    }
    if (extra <= 0 || worst.empty())
    {
        return "";
    }
    const std::string place = PlaceOf(slowest, worst);
    const double share = std::min(1.0, most / extra);
    return (share > 0.995 ? std::string("All") : Percent(share)) + " of the idle time that " +
           slowest.name() + " adds over " + fastest.name() + " is " + HumanAccount(worst) +
           (place.empty() ? "" : ", most of it at " + place) + ".";
}

/// What an ideal world would save of the step.
std::string
Saving(double tax)
{
    if (std::abs(tax) < kNoise)
    {
        return "not shorten it";
    }
    return tax > 0 ? "shorten it by " + Percent(tax)
                   : "lengthen it by " + Percent(-tax) + " (an effect of order)";
}

std::string
ExplainTax(const v1::FabricResult& fabric)
{
    const bool computes = fabric.ledger().busy_s() > 0;
    std::string text =
        "On " + fabric.name() +
        (computes ? " accelerators idle " + Percent(fabric.ledger().idle_share()) + " of the step"
                  : std::string(" the step is communication alone"));
    if (fabric.taxes().has_fabric_tax())
    {
        text += "; a perfect fabric would " + Saving(fabric.taxes().fabric_tax());
    }
    if (computes && fabric.taxes().has_scale_out_tax())
    {
        text += ", an infinitely fast scale-out network would " +
                Saving(fabric.taxes().scale_out_tax());
    }
    return text + ".";
}

std::string
ExplainSameLeaves(const v1::Result& result)
{
    std::string names;
    int count = 0;
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        if (StaysUnderLeaves(fabric))
        {
            names += (names.empty() ? "" : " and ") + fabric.name();
            ++count;
        }
    }
    return count < 2 ? ""
                     : "On " + names +
                           " every packet stays under one leaf switch, so what is above the leaves "
                           "makes no difference.";
}

void
AddUnlessEmpty(std::vector<std::string>& lines, const std::string& line)
{
    if (!line.empty())
    {
        lines.push_back(line);
    }
}

std::string
ExplainLoss(const v1::FabricResult& fabric)
{
    const v1::Counters& c = fabric.counters();
    const uint64_t dropped = c.dropped_buffer_full() + c.dropped_link_down() +
                             c.dropped_random_loss() + c.dropped_no_route();
    return dropped == 0 ? ""
                        : "On " + fabric.name() + " " + std::to_string(dropped) +
                              " packets were dropped and " + std::to_string(c.retransmits()) +
                              " sent again, after " + std::to_string(c.timeouts()) + " timeouts.";
}

} // namespace

std::string
HumanAccount(const std::string& account)
{
    std::string text = account;
    for (const char* prefix : {"scale_out", "scale_up"})
    {
        if (text.rfind(prefix, 0) == 0)
        {
            text[5] = '-';
        }
    }
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

std::string
HumanTime(double seconds)
{
    return FormatTime(FromSeconds(seconds));
}

std::vector<std::string>
Conclude(const v1::Result& result)
{
    std::vector<std::string> lines;
    if (result.fabrics_size() == 0 || Fastest(result).step_time_ps() == 0)
    {
        return lines;
    }
    if (result.fabrics_size() > 1)
    {
        lines.push_back(CompareTimes(result));
        AddUnlessEmpty(lines, ExplainSlowest(result));
        AddUnlessEmpty(lines, ExplainSameLeaves(result));
    }
    lines.push_back(ExplainTax(Fastest(result)));
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        AddUnlessEmpty(lines, ExplainLoss(fabric));
    }
    return lines;
}

} // namespace heddle
