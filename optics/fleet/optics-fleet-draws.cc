// SPDX-License-Identifier: BSD-3-Clause
//
// The Monte Carlo of optics-fleet.h: draws every part's failures, walks the job through them.
#include "ns3/base-errors.h"
#include "ns3/base-random.h"
#include "ns3/optics-fleet.h"
#include "ns3/optics-reliability.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace heddle
{

namespace
{

struct Incident
{
    double at;  ///< h
    double end; ///< h, repaired
    size_t group;
};

/// All failures before `horizon`, by time. A part fails again only after its repair.
std::vector<Incident>
DrawIncidents(const std::vector<OutageGroup>& groups,
              double horizon,
              uint64_t seed,
              uint32_t replication)
{
    std::vector<Incident> incidents;
    for (size_t g = 0; g < groups.size(); ++g)
    {
        const OutageGroup& group = groups[g];
        if (group.fit <= 0)
        {
            continue;
        }
        const double mean = 1e9 / group.fit;
        const double scale = mean / std::tgamma(1 + 1 / group.shape);
        const RandomStream random(seed, "fleet-" + std::to_string(g), replication);
        for (uint64_t part = 0; part < group.count; ++part)
        {
            double clock = 0;
            for (uint64_t life = 0; life < 4096; ++life)
            {
                const double draw = random.Exponential(part * 4096 + life);
                clock += group.shape == 1 ? scale * draw : scale * std::pow(draw, 1 / group.shape);
                if (clock >= horizon)
                {
                    break;
                }
                incidents.push_back({clock, clock + group.repairHours, g});
                clock += group.repairHours;
            }
        }
    }
    std::sort(incidents.begin(),
              incidents.end(),
              [](const Incident& a, const Incident& b)
              { return a.at < b.at || (a.at == b.at && a.group < b.group); });
    return incidents;
}

/// The job's clockwork: restart, then work and checkpoints in turn.
class Job
{
  public:
    Job(const JobPolicy& policy, double interval) : m_policy(policy), m_interval(interval)
    {
    }

    /// Lets time pass at constant speed.
    void Run(double hours, double speed)
    {
        const double restart = std::min(hours, m_restart);
        m_restart -= restart;
        hours -= restart;
        while (hours > 0)
        {
            // An interval is so many hours of undisturbed work, so a slow one takes longer.
            const double work = std::min(hours, (m_interval - m_pending) / speed);
            m_pending += work * speed;
            hours -= work;
            if (hours <= 0)
            {
                break;
            }
            const double writing = std::min(hours, m_policy.checkpointHours - m_written);
            m_written += writing;
            hours -= writing;
            if (m_written >= m_policy.checkpointHours * (1 - 1e-12))
            {
                m_done += m_pending;
                m_pending = 0;
                m_written = 0;
            }
        }
    }

    void Interrupt()
    {
        m_pending = 0;
        m_written = 0;
        m_restart = m_policy.restartHours;
    }

    /// Hours of work at the horizon: what the next checkpoint will save counts too, or every run
    /// would end with a loss that has no cause.
    double done() const
    {
        return m_done + m_pending;
    }

  private:
    JobPolicy m_policy;
    double m_interval;
    double m_restart = 0;
    double m_pending = 0; ///< hours of work since the last checkpoint
    double m_written = 0; ///< hours of the checkpoint under way
    double m_done = 0;    ///< hours of work that no failure can take
};

struct Run
{
    double interruptions = 0;
    double incidents = 0;
    double speedTime = 0;
    double quietTime = 0;
    double done = 0;
};

/// Goes from change to change: a failure or the end of a repair.
Run
Walk(const std::vector<OutageGroup>& groups,
     const std::vector<Incident>& incidents,
     const JobPolicy& policy,
     double interval,
     double horizon)
{
    using Repair = std::pair<double, size_t>;
    std::priority_queue<Repair, std::vector<Repair>, std::greater<>> repairs;
    std::vector<uint64_t> down(groups.size());
    Job job(policy, interval);
    Run run;
    double clock = 0;
    uint64_t open = 0;
    const auto advance = [&](double until)
    {
        double slowdown = 1;
        for (size_t g = 0; g < groups.size(); ++g)
        {
            if (down[g] > 0 && groups[g].slowdown < kStops)
            {
                slowdown = std::max(slowdown, groups[g].slowdown);
            }
        }
        const double hours = until - clock;
        job.Run(hours, 1 / slowdown);
        run.speedTime += hours / slowdown;
        run.quietTime += open == 0 ? hours : 0;
        clock = until;
    };
    const auto repairUntil = [&](double until)
    {
        while (!repairs.empty() && repairs.top().first <= until)
        {
            advance(repairs.top().first);
            --down[repairs.top().second];
            --open;
            repairs.pop();
        }
    };
    for (const Incident& incident : incidents)
    {
        repairUntil(incident.at);
        advance(incident.at);
        ++down[incident.group];
        ++open;
        repairs.emplace(incident.end, incident.group);
        run.incidents += 1;
        if (groups[incident.group].slowdown == kStops)
        {
            run.interruptions += 1;
            job.Interrupt();
        }
    }
    repairUntil(horizon);
    advance(horizon);
    run.done = job.done();
    return run;
}

Estimate
EstimateOf(const std::vector<double>& values)
{
    const double n = static_cast<double>(values.size());
    double sum = 0;
    for (double value : values)
    {
        sum += value;
    }
    const double mean = sum / n;
    double squares = 0;
    for (double value : values)
    {
        squares += (value - mean) * (value - mean);
    }
    return {mean, 1.96 * std::sqrt(squares / (n - 1) / n)};
}

} // namespace

FleetSample
FleetMonteCarlo(const std::vector<OutageGroup>& groups,
                const JobPolicy& policy,
                double horizonHours,
                uint32_t replications,
                uint64_t seed)
{
    HEDDLE_CHECK(replications >= 2 && horizonHours > 0, "an interval needs two runs");
    const double interval = FleetClosedForm(groups, policy).intervalHours;
    std::vector<double> interruptions;
    std::vector<double> incidents;
    std::vector<double> speed;
    std::vector<double> goodput;
    std::vector<double> quiet;
    for (uint32_t r = 0; r < replications; ++r)
    {
        const Run run = Walk(groups,
                             DrawIncidents(groups, horizonHours, seed, r),
                             policy,
                             interval,
                             horizonHours);
        const double months = horizonHours / kHoursPerMonth;
        interruptions.push_back(run.interruptions / months);
        incidents.push_back(run.incidents / months);
        speed.push_back(run.speedTime / horizonHours);
        goodput.push_back(run.done / horizonHours);
        quiet.push_back(run.quietTime / horizonHours);
    }
    return {EstimateOf(interruptions),
            EstimateOf(incidents),
            EstimateOf(speed),
            EstimateOf(goodput),
            EstimateOf(quiet)};
}

} // namespace heddle
