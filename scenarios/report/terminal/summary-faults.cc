// SPDX-License-Identifier: GPL-2.0-only
#include "report/terminal/conclusions.h"
#include "report/terminal/summary-rows.h"

#include "ns3/base-units.h"

#include <algorithm>

namespace heddle
{

namespace
{

constexpr int kFaultsShown = 12;

bool
Lossy(const v1::FabricResult& fabric)
{
    return fabric.faults_size() > 0 || fabric.bit_errors_size() > 0;
}

/// In the world without failures and bit errors; 0 if it was not run.
double
TimeWithout(const v1::FabricResult& fabric)
{
    for (const v1::World& world : fabric.ladder())
    {
        if (world.world() == "no-failures")
        {
            return world.step_time_s();
        }
    }
    return 0;
}

/// Empty unless something could break in that fabric.
CellFn
CountOf(uint64_t (v1::Counters::*count)() const)
{
    return [count](const v1::FabricResult& f)
    {
        const bool packets = f.counters().packet_hops() > 0; // flows lose and resend none
        return Lossy(f) && packets ? std::to_string((f.counters().*count)()) : "";
    };
}

void
AddBitErrors(Table& table, const v1::Result& result)
{
    const auto worst = [](const v1::FabricResult& f)
    {
        return std::max_element(f.bit_errors().begin(),
                                f.bit_errors().end(),
                                [](const auto& a, const auto& b)
                                { return a.worst_ratio() < b.worst_ratio(); });
    };
    const auto row = [&](const char* label, const auto& text)
    {
        AddRow(table,
               result,
               label,
               [&](const auto& f) { return f.bit_errors_size() > 0 ? text(*worst(f)) : ""; });
    };
    row("pre-FEC BER, median", [](const auto& t) { return Print("%.2g", t.median_ratio()); });
    row("             worst", [](const auto& t) { return Print("%.2g", t.worst_ratio()); });
    row("             at", [](const auto& t) { return t.worst_link(); });
    row("links above the limit",
        [](const auto& t)
        { return std::to_string(t.links_above_limit()) + " of " + std::to_string(t.links()); });
    row("frame loss, worst link",
        [](const auto& t) { return Print("%.2g", t.worst_frame_loss()); });
    row("            mean", [](const auto& t) { return Print("%.2g", t.mean_frame_loss()); });
}

std::string
Line(const v1::FaultRecord& fault)
{
    std::string text = "    " + (fault.settled() ? "before" : HumanTime(fault.at_s())) + "  " +
                       fault.kind() + "  " + fault.what() + ": " + std::to_string(fault.links()) +
                       (fault.links() == 1 ? " link" : " links");
    text += fault.rate_share() == 0 ? " down" : Print(" at %.4g %%", 100 * fault.rate_share());
    if (fault.detection_s() > 0)
    {
        text += ", noticed after " + HumanTime(fault.detection_s());
    }
    text += fault.has_until_s() ? ", until " + HumanTime(fault.until_s()) : ", for the whole run";
    return text + (fault.sampled() ? " (drawn)" : "") +
           (fault.during_step() ? "" : " – after the end");
}

} // namespace

void
AddFaults(Table& table, const v1::Result& result)
{
    const bool any = std::any_of(result.fabrics().begin(),
                                 result.fabrics().end(),
                                 [](const auto& f) { return Lossy(f); });
    if (!any)
    {
        return;
    }
    table.AddGap();
    AddRow(table,
           result,
           "faults during the step",
           [](const auto& f)
           {
               const auto during = std::count_if(f.faults().begin(),
                                                 f.faults().end(),
                                                 [](const auto& r) { return r.during_step(); });
               return f.faults_size() > 0 ? std::to_string(during) : "";
           });
    AddRow(table,
           result,
           "step time without them",
           [](const auto& f)
           {
               const double clean = TimeWithout(f);
               return Lossy(f) && clean > 0 ? HumanTime(clean) : "";
           });
    AddRow(table,
           result,
           "  their share of the step",
           [](const auto& f)
           {
               const double clean = TimeWithout(f);
               return Lossy(f) && clean > 0 ? Percent(1 - clean / f.step_time_s()) : "";
           });
    AddBitErrors(table, result);
    AddRow(table, result, "packets lost to dead links", CountOf(&v1::Counters::dropped_link_down));
    AddRow(table,
           result,
           "             to bit errors",
           CountOf(&v1::Counters::dropped_random_loss));
    AddRow(table, result, "resent end to end", CountOf(&v1::Counters::retransmits));
    AddRow(table, result, "resent by links", CountOf(&v1::Counters::link_replays));
    AddRow(table, result, "time-outs", CountOf(&v1::Counters::timeouts));
    AddRow(table, result, "moves to other ports", CountOf(&v1::Counters::port_moves));
}

void
PrintFaults(const v1::Result& result, std::ostream& out)
{
    bool first = true;
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        if (fabric.faults_size() == 0)
        {
            continue;
        }
        out << (first ? "\nfaults\n" : "") << "  " << fabric.name() << '\n';
        first = false;
        for (int i = 0; i < std::min(fabric.faults_size(), kFaultsShown); ++i)
        {
            out << Line(fabric.faults(i)) << '\n';
        }
        if (fabric.faults_size() > kFaultsShown)
        {
            out << "    and " << fabric.faults_size() - kFaultsShown << " more, see result.json\n";
        }
    }
}

} // namespace heddle
