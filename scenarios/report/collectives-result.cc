// SPDX-License-Identifier: GPL-2.0-only
//
// Collective calls in the result: summed by label, and the one that accelerators waited for most.
#include "report/fabric-result.h"

#include "ns3/collectives-algorithm.h"

#include <algorithm>
#include <map>

namespace heddle
{

namespace
{

/// Sums over the calls with one label.
struct LabelSum
{
    const CollectiveRecord* first = nullptr;
    uint32_t calls = 0;
    double bytes = 0;
    double time = 0;
    double maxTime = 0;
    double skew = 0;
    double busBytes = 0;
    double idle = 0;
};

std::string
KindName(const CollectiveRecord& record)
{
    return record.pointToPoint ? "send-recv" : CollectiveName(record.kind);
}

void
AddCall(const CollectiveRecord& record, LabelSum& sum)
{
    const double time = ToSeconds(record.finished - record.lastArrival);
    sum.first = sum.first ? sum.first : &record;
    ++sum.calls;
    sum.bytes += static_cast<double>(record.bytes);
    sum.time += time;
    sum.maxTime = std::max(sum.maxTime, time);
    sum.skew += ToSeconds(record.lastArrival - record.firstArrival);
    sum.busBytes += record.busBandwidth * time;
    sum.idle += ToSeconds(record.idle);
}

/// The place that most idle time goes back to: a cause that something could be done about, if any.
std::string
WhomToBlame(const v1::Ledger& ledger)
{
    for (const v1::Place& place : ledger.root_places())
    {
        if (place.account() != RootAccountName(RootAccount::ScaleOutLatency) &&
            place.account() != RootAccountName(RootAccount::ScaleOutEndpoint) &&
            place.account() != RootAccountName(RootAccount::ScaleUpEndpoint) &&
            place.account() != RootAccountName(RootAccount::ScaleUpLatency))
        {
            return place.account() + " at " + place.place();
        }
    }
    return ledger.root_places_size() > 0
               ? ledger.root_places(0).account() + " at " + ledger.root_places(0).place()
               : "";
}

} // namespace

void
FillCollectives(const TaskGraph& graph, const JobResult& job, v1::FabricResult* out)
{
    std::map<uint32_t, LabelSum> sums;
    const CollectiveRecord* worst = nullptr;
    for (const CollectiveRecord& record : job.collectives)
    {
        AddCall(record, sums[record.label]);
        if (!worst || record.idle > worst->idle)
        {
            worst = &record;
        }
    }
    for (const auto& [label, sum] : sums)
    {
        v1::CollectiveSummary& summary = *out->add_collectives();
        summary.set_label(graph.labels()[label]);
        summary.set_kind(KindName(*sum.first));
        summary.set_calls(sum.calls);
        summary.set_members(sum.first->members);
        summary.set_bytes_per_call(sum.bytes / sum.calls);
        summary.set_mean_time_s(sum.time / sum.calls);
        summary.set_max_time_s(sum.maxTime);
        summary.set_mean_skew_s(sum.skew / sum.calls);
        summary.set_bus_bandwidth_bytes_per_s(sum.time > 0 ? sum.busBytes / sum.time : 0);
        summary.set_idle_s(sum.idle);
    }
    if (worst)
    {
        v1::WorstCollective& w = *out->mutable_worst_collective();
        w.set_label(graph.labels()[worst->label]);
        w.set_communicator(worst->comm == kNone ? "" : graph.communicators()[worst->comm].name);
        w.set_call(worst->sequence);
        w.set_last_rank(worst->lastRank);
        w.set_idle_s(ToSeconds(worst->idle));
        w.set_time_s(ToSeconds(worst->finished - worst->lastArrival));
        w.set_blame(WhomToBlame(out->ledger()));
    }
}

} // namespace heddle
