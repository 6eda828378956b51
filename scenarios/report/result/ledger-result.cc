// SPDX-License-Identifier: GPL-2.0-only
//
// The idle ledger in the result: totals over accelerators, places worst first, every rank.
#include "report/result/fabric-result.h"

#include <algorithm>
#include <map>

namespace heddle
{

namespace
{

constexpr size_t kPlacesShown = 16;

bool
IsPort(RootAccount account)
{
    switch (account)
    {
    case RootAccount::ScaleOutLatency:
    case RootAccount::ScaleOutEndpoint:
    case RootAccount::ScaleOutCongestion:
    case RootAccount::ScaleOutFailure:
    case RootAccount::ScaleOutLossRecovery:
        return true;
    default:
        return false;
    }
}

const char*
RootName(size_t account)
{
    return RootAccountName(static_cast<RootAccount>(account));
}

const char*
ProximateName(size_t account)
{
    return ProximateAccountName(static_cast<ProximateAccount>(account));
}

void
SetAccount(v1::AccountTime* out, const char* name, Tick time, double whole)
{
    out->set_account(name);
    out->set_time_s(ToSeconds(time));
    out->set_time_ps(time);
    out->set_share(whole > 0 ? ToSeconds(time) / whole : 0);
}

/// Blames of all ranks joined by (account, place), worst first.
std::vector<Blame>
Join(const std::vector<RankLedger>& ranks, std::vector<Blame> RankLedger::*column)
{
    std::map<std::pair<uint8_t, uint32_t>, Tick> sums;
    for (const RankLedger& rank : ranks)
    {
        for (const Blame& blame : rank.*column)
        {
            if (blame.place != kNone)
            {
                sums[{blame.account, blame.place}] += blame.time;
            }
        }
    }
    std::vector<Blame> joined;
    joined.reserve(sums.size());
    for (const auto& [key, time] : sums)
    {
        joined.push_back({key.first, key.second, time});
    }
    std::stable_sort(joined.begin(),
                     joined.end(),
                     [](const Blame& a, const Blame& b) { return a.time > b.time; });
    joined.resize(std::min(joined.size(), kPlacesShown));
    return joined;
}

template <size_t N, class Name>
void
AddColumn(const std::array<Tick, N>& column,
          Name name,
          double whole,
          google::protobuf::RepeatedPtrField<v1::AccountTime>* out,
          bool zeros)
{
    for (size_t i = 0; i < N; ++i)
    {
        if (zeros || column[i] != 0)
        {
            SetAccount(out->Add(), name(i), column[i], whole);
        }
    }
}

void
AddPlaces(const std::vector<Blame>& blames,
          bool root,
          const Topology& topology,
          double whole,
          google::protobuf::RepeatedPtrField<v1::Place>* out)
{
    for (const Blame& blame : blames)
    {
        v1::Place& place = *out->Add();
        place.set_account(root ? RootName(blame.account) : ProximateName(blame.account));
        place.set_place(root ? RootPlaceName(blame.account, blame.place, topology)
                             : "rank " + std::to_string(blame.place));
        place.set_time_s(ToSeconds(blame.time));
        place.set_share(whole > 0 ? ToSeconds(blame.time) / whole : 0);
    }
}

} // namespace

std::string
RootPlaceName(uint8_t account, uint32_t place, const Topology& topology)
{
    return IsPort(static_cast<RootAccount>(account)) ? PortName(topology, place)
                                                     : "rank " + std::to_string(place);
}

void
FillLedger(const JobResult& job, const Topology& topology, v1::FabricResult* out)
{
    RankLedger total;
    const double step = ToSeconds(job.stepTime);
    for (Rank r = 0; r < job.ranks.size(); ++r)
    {
        const RankLedger& from = job.ranks[r];
        HEDDLE_CHECK(from.busy() + from.idle == job.stepTime,
                     "busy and idle of rank " + std::to_string(r) + " are not the step");
        total.busyNominal += from.busyNominal;
        total.busyJitter += from.busyJitter;
        total.busyInterference += from.busyInterference;
        total.idle += from.idle;
        for (size_t i = 0; i < kRootAccounts; ++i)
        {
            total.root[i] += from.root[i];
        }
        for (size_t i = 0; i < kProximateAccounts; ++i)
        {
            total.proximate[i] += from.proximate[i];
        }
        v1::RankLedger& rank = *out->add_ranks();
        rank.set_rank(r);
        rank.set_busy_nominal_ps(from.busyNominal);
        rank.set_busy_jitter_ps(from.busyJitter);
        rank.set_busy_interference_ps(from.busyInterference);
        rank.set_idle_ps(from.idle);
        AddColumn(from.root, RootName, step, rank.mutable_root(), false);
        AddColumn(from.proximate, ProximateName, step, rank.mutable_proximate(), false);
    }
    const double whole = step * static_cast<double>(job.ranks.size());
    v1::Ledger& ledger = *out->mutable_ledger();
    ledger.set_busy_s(ToSeconds(total.busy()));
    ledger.set_busy_nominal_s(ToSeconds(total.busyNominal));
    ledger.set_busy_jitter_s(ToSeconds(total.busyJitter));
    ledger.set_busy_interference_s(ToSeconds(total.busyInterference));
    ledger.set_idle_s(ToSeconds(total.idle));
    ledger.set_idle_share(whole > 0 ? ToSeconds(total.idle) / whole : 0);
    AddColumn(total.root, RootName, whole, ledger.mutable_root(), true);
    AddColumn(total.proximate, ProximateName, whole, ledger.mutable_proximate(), true);
    AddPlaces(Join(job.ranks, &RankLedger::rootPlaces),
              true,
              topology,
              whole,
              ledger.mutable_root_places());
    AddPlaces(Join(job.ranks, &RankLedger::proximatePlaces),
              false,
              topology,
              whole,
              ledger.mutable_proximate_places());
}

void
FillCriticalPath(const JobResult& job, v1::FabricResult* out)
{
    const double step = ToSeconds(job.stepTime);
    AddColumn(job.criticalPath, RootName, step, out->mutable_critical_path(), true);
}

} // namespace heddle
