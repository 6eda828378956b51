// SPDX-License-Identifier: GPL-2.0-only
#include "report/result/steps-result.h"

#include "report/result/fabric-result.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace heddle
{

namespace
{

/// Steps that must lie beyond a percentile for it to be told.
constexpr double kBeyond = 10;
constexpr size_t kPlacesShown = 16;

} // namespace

Tick
PercentileOf(const std::vector<Tick>& sorted, double p)
{
    const auto n = static_cast<double>(sorted.size());
    // 0.99 · 1000 is a little less than 990 in binary.
    const auto rank = static_cast<size_t>(std::max(1.0, std::ceil(p * n - 1e-9)));
    return sorted[std::min(rank, sorted.size()) - 1];
}

StepStatistics::StepStatistics(const Topology& topology, std::string fidelity)
    : m_topology(topology), m_fidelity(std::move(fidelity))
{
}

void
StepStatistics::Add(const JobResult& step)
{
    m_times.push_back(step.stepTime);
    m_accelerators = static_cast<double>(step.ranks.size());
    for (const RankLedger& rank : step.ranks)
    {
        const double jitter = ToSeconds(rank.busyJitter);
        m_jitterSquares += jitter * jitter;
        for (size_t account = 0; account < kRootAccounts; ++account)
        {
            m_root[account] += ToSeconds(rank.root[account]);
        }
        for (const Blame& blame : rank.rootPlaces)
        {
            if (blame.place != kNone)
            {
                m_places[{blame.account, blame.place}] += ToSeconds(blame.time);
            }
        }
    }
}

void
StepStatistics::AddSteady(const JobResult& step)
{
    m_steady = step.stepTime;
}

void
StepStatistics::Fill(v1::FabricResult* fabric) const
{
    if (m_times.empty())
    {
        return;
    }
    v1::Steps& out = *fabric->mutable_steps();
    std::vector<Tick> sorted = m_times;
    std::sort(sorted.begin(), sorted.end());
    const auto n = static_cast<double>(sorted.size());
    double sum = 0;
    for (Tick time : m_times)
    {
        sum += ToSeconds(time);
        out.add_step_time_s(ToSeconds(time));
    }
    const double mean = sum / n;
    double squares = 0;
    for (Tick time : m_times)
    {
        squares += (ToSeconds(time) - mean) * (ToSeconds(time) - mean);
    }
    out.set_count(static_cast<uint32_t>(sorted.size()));
    out.set_fidelity(m_fidelity);
    out.set_mean_s(mean);
    out.set_sd_s(std::sqrt(squares / n));
    out.set_min_s(ToSeconds(sorted.front()));
    out.set_p50_s(ToSeconds(PercentileOf(sorted, 0.5)));
    const auto percentile = [&](double p, void (v1::Steps::*set)(double))
    {
        if (n * (1 - p) >= kBeyond - 1e-6)
        {
            (out.*set)(ToSeconds(PercentileOf(sorted, p)));
        }
    };
    percentile(0.9, &v1::Steps::set_p90_s);
    percentile(0.99, &v1::Steps::set_p99_s);
    percentile(0.999, &v1::Steps::set_p999_s);
    out.set_max_s(ToSeconds(sorted.back()));
    out.set_steady_s(ToSeconds(m_steady));
    const double jitter = std::sqrt(m_jitterSquares / (n * std::max(1.0, m_accelerators)));
    out.set_accelerator_jitter_s(jitter);
    out.set_jitter_amplification(jitter > 0 ? (mean - out.steady_s()) / jitter : 0);
    const double whole = sum * m_accelerators;
    out.set_idle_share(std::accumulate(m_root.begin(), m_root.end(), 0.0) / whole);
    for (size_t account = 0; account < kRootAccounts; ++account)
    {
        v1::AccountTime& time = *out.add_root();
        time.set_account(RootAccountName(static_cast<RootAccount>(account)));
        time.set_time_s(m_root[account]);
        time.set_share(m_root[account] / whole);
    }
    std::vector<std::pair<double, std::pair<uint8_t, uint32_t>>> places;
    for (const auto& [place, time] : m_places)
    {
        places.emplace_back(-time, place);
    }
    std::sort(places.begin(), places.end());
    places.resize(std::min(places.size(), kPlacesShown));
    for (const auto& [time, where] : places)
    {
        v1::Place& place = *out.add_root_places();
        place.set_account(RootAccountName(static_cast<RootAccount>(where.first)));
        place.set_place(RootPlaceName(where.first, where.second, m_topology));
        place.set_time_s(-time);
        place.set_share(-time / whole);
    }
}

} // namespace heddle
