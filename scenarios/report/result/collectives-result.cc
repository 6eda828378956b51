// SPDX-License-Identifier: GPL-2.0-only
//
// Collective calls in the result: summed by label, and the one that accelerators waited for most.
#include "report/result/fabric-result.h"

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

/// What no fabric and no accelerator can be blamed for: bytes have to travel, software has to run.
bool
IsInevitable(const std::string& account)
{
    for (const RootAccount inevitable : {RootAccount::ScaleOutLatency,
                                         RootAccount::ScaleOutEndpoint,
                                         RootAccount::ScaleUpLatency,
                                         RootAccount::ScaleUpEndpoint,
                                         RootAccount::Software})
    {
        if (account == RootAccountName(inevitable))
        {
            return true;
        }
    }
    return false;
}

void
FillBlame(const v1::Ledger& ledger, v1::WorstCollective* out)
{
    for (const v1::Place& place : ledger.root_places())
    {
        if (!IsInevitable(place.account()))
        {
            out->set_blame_account(place.account());
            out->set_blame_place(place.place());
            return;
        }
    }
}

bool
CrossesHosts(const CollectiveRecord& record, const TaskGraph& graph, const RankLayout& layout)
{
    if (record.comm == kNone)
    {
        return true; // a send/recv tells no ranks; what stays in a host is told by its times
    }
    const std::vector<Rank>& ranks = graph.communicators()[record.comm].ranks;
    return std::any_of(ranks.begin(),
                       ranks.end(),
                       [&](Rank r)
                       { return layout.places[r].host != layout.places[ranks.front()].host; });
}

void
FillWorst(const TaskGraph& graph,
          const JobResult& job,
          uint32_t label,
          const LabelSum& sum,
          v1::FabricResult* out)
{
    const CollectiveRecord* worst = nullptr;
    for (const CollectiveRecord& record : job.collectives)
    {
        if (record.label == label && (!worst || record.idle > worst->idle))
        {
            worst = &record;
        }
    }
    v1::WorstCollective& w = *out->mutable_worst_collective();
    w.set_label(graph.labels()[label]);
    w.set_idle_s(sum.idle);
    w.set_communicator(worst->comm == kNone ? "" : graph.communicators()[worst->comm].name);
    w.set_call(worst->sequence);
    w.set_last_rank(worst->lastRank);
    w.set_time_s(ToSeconds(worst->finished - worst->lastArrival));
    FillBlame(out->ledger(), &w);
}

} // namespace

void
FillCollectives(const TaskGraph& graph,
                const RankLayout& layout,
                const JobResult& job,
                v1::FabricResult* out)
{
    std::map<uint32_t, LabelSum> sums;
    for (const CollectiveRecord& record : job.collectives)
    {
        AddCall(record, sums[record.label]);
    }
    const std::pair<const uint32_t, LabelSum>* worst = nullptr;
    for (const auto& entry : sums)
    {
        const LabelSum& sum = entry.second;
        worst = !worst || sum.idle > worst->second.idle ? &entry : worst;
        v1::CollectiveSummary& summary = *out->add_collectives();
        summary.set_label(graph.labels()[entry.first]);
        summary.set_kind(KindName(*sum.first));
        summary.set_calls(sum.calls);
        summary.set_members(sum.first->members);
        summary.set_bytes_per_call(sum.bytes / sum.calls);
        summary.set_mean_time_s(sum.time / sum.calls);
        summary.set_max_time_s(sum.maxTime);
        summary.set_mean_skew_s(sum.skew / sum.calls);
        summary.set_bus_bandwidth_bytes_per_s(sum.time > 0 ? sum.busBytes / sum.time : 0);
        summary.set_idle_s(sum.idle);
        summary.set_crosses_hosts(CrossesHosts(*sum.first, graph, layout));
    }
    if (worst)
    {
        FillWorst(graph, job, worst->first, worst->second, out);
    }
}

} // namespace heddle
