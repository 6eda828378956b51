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
        const RandomStream random(seed, "fleet-" + group.name, replication);
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
            m_pendingTime += work;
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
                m_doneTime += m_pendingTime;
                m_pending = 0;
                m_pendingTime = 0;
                m_written = 0;
            }
        }
    }

    void Interrupt()
    {
        m_pending = 0;
        m_pendingTime = 0;
        m_written = 0;
        m_restart = m_policy.restartHours;
    }

    /// Hours of work at the horizon: what the next checkpoint will save counts too, or every run
    /// would end with a loss that has no cause.
    double done() const
    {
        return m_done + m_pending;
    }

    /// Hours that it took.
    double doneTime() const
    {
        return m_doneTime + m_pendingTime;
    }

  private:
    JobPolicy m_policy;
    double m_interval;
    double m_restart = 0;
    double m_pending = 0; ///< hours of work since the last checkpoint
    double m_written = 0; ///< hours of the checkpoint under way
    double m_done = 0;    ///< hours of work that no failure can take
    double m_pendingTime = 0;
    double m_doneTime = 0;
};

struct Run
{
    double interruptions = 0;
    double incidents = 0;
    double speedTime = 0;
    double quietTime = 0;
    double runningTime = 0;
    double done = 0;
    double doneTime = 0;
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
    uint64_t lost = 0; // accelerators
    const auto waits = [&] { return static_cast<double>(lost) > policy.spareAccelerators; };
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
        if (!waits())
        {
            job.Run(hours, 1 / slowdown);
            run.runningTime += hours;
        }
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
            lost -= groups[repairs.top().second].accelerators;
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
        if (groups[incident.group].slowdown == kStops && !waits())
        {
            run.interruptions += 1;
            job.Interrupt();
        }
        lost += groups[incident.group].accelerators;
    }
    repairUntil(horizon);
    advance(horizon);
    run.done = job.done();
    run.doneTime = job.doneTime();
    return run;
}

/// Share of the replenishment times in which no group asks for more spares than it holds; 1 when
/// the horizon is shorter than one.
double
Sufficing(const FleetFigures& closed,
          const std::vector<Incident>& incidents,
          const JobPolicy& policy,
          double horizon)
{
    const size_t windows = static_cast<size_t>(horizon / policy.spareHours);
    const size_t groups = closed.groups.size();
    std::vector<uint32_t> demand(windows * groups);
    std::vector<char> missing(windows);
    for (const Incident& incident : incidents)
    {
        const size_t window = static_cast<size_t>(incident.at / policy.spareHours);
        if (window < windows &&
            ++demand[window * groups + incident.group] > closed.groups[incident.group].spares)
        {
            missing[window] = 1;
        }
    }
    return windows == 0 ? 1
                        : 1 - static_cast<double>(std::count(missing.begin(), missing.end(), 1)) /
                                  static_cast<double>(windows);
}

/// Mean and spread over replications.
class Sampler
{
  public:
    void Add(double value)
    {
        m_values.push_back(value);
    }

    operator Estimate() const
    {
        const double n = static_cast<double>(m_values.size());
        double sum = 0;
        for (double value : m_values)
        {
            sum += value;
        }
        const double mean = sum / n;
        double squares = 0;
        for (double value : m_values)
        {
            squares += (value - mean) * (value - mean);
        }
        return {mean, 1.96 * std::sqrt(squares / (n - 1) / n)};
    }

  private:
    std::vector<double> m_values;
};

} // namespace

FleetSample
FleetMonteCarlo(const std::vector<OutageGroup>& groups,
                const JobPolicy& policy,
                double horizonHours,
                uint32_t replications,
                uint64_t seed)
{
    HEDDLE_CHECK(replications >= 2 && horizonHours > 0, "an interval needs two runs");
    const FleetFigures closed = FleetClosedForm(groups, policy);
    const double months = horizonHours / kHoursPerMonth;
    Sampler interruptions;
    Sampler incidents;
    Sampler running;
    Sampler effective;
    Sampler speed;
    Sampler goodput;
    Sampler quiet;
    Sampler spares;
    std::vector<Sampler> failures(groups.size());
    for (uint32_t r = 0; r < replications; ++r)
    {
        const std::vector<Incident> drawn = DrawIncidents(groups, horizonHours, seed, r);
        const Run run = Walk(groups, drawn, policy, closed.intervalHours, horizonHours);
        interruptions.Add(run.interruptions / months);
        incidents.Add(run.incidents / months);
        running.Add(run.runningTime / horizonHours);
        effective.Add(run.doneTime / horizonHours);
        speed.Add(run.speedTime / horizonHours);
        goodput.Add(run.done / horizonHours);
        quiet.Add(run.quietTime / horizonHours);
        spares.Add(Sufficing(closed, drawn, policy, horizonHours));
        std::vector<double> counts(groups.size());
        for (const Incident& incident : drawn)
        {
            counts[incident.group] += 1;
        }
        for (size_t g = 0; g < groups.size(); ++g)
        {
            failures[g].Add(counts[g] / months);
        }
    }
    return {interruptions,
            incidents,
            running,
            effective,
            speed,
            goodput,
            quiet,
            spares,
            {failures.begin(), failures.end()}};
}

} // namespace heddle
