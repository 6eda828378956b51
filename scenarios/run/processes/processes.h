// SPDX-License-Identifier: GPL-2.0-only
//
// File: processes.h
// -----------------
// Runs independent jobs in processes of their own, a few at a time. Each job returns text (a
// serialised message) and reports its progress on the way.
//
//   ProcessPool pool(2);
//   pool.Add("ring / actual", 10.0, [](const ProgressFn& progress) { … return
//   part.SerializeAsString(); }); pool.Run(onProgress);       // false when interrupted (SIGINT,
//   SIGTERM) pool.output(0);             // empty when the job did not come to its end
//
// Children die with their parent, and are killed when it is interrupted. A child that crashes ends
// the run with a RunError.

#ifndef HEDDLE_SCENARIOS_PROCESSES_H
#define HEDDLE_SCENARIOS_PROCESSES_H

#include "run/world/world.h"

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace heddle
{

class ProcessPool
{
  public:
    using Work = std::function<std::string(const ProgressFn&)>;
    /// Share of all work done, weighted; and which jobs run.
    using PoolProgressFn = std::function<void(double, const std::vector<std::string>&)>;

    explicit ProcessPool(unsigned atOnce);
    ProcessPool(const ProcessPool&) = delete;
    ProcessPool& operator=(const ProcessPool&) = delete;
    ~ProcessPool();

    /// Heavier jobs start first. Returns the job's index. Weight > 0.
    size_t Add(const std::string& name, double weight, Work work);

    /// Runs all; false when interrupted. `isFailure` looks at an output and stops the pool early.
    bool Run(const PoolProgressFn& onProgress,
             const std::function<bool(const std::string&)>& isFailure);

    const std::string& output(size_t job) const
    {
        return m_jobs[job].output;
    }

    size_t size() const
    {
        return m_jobs.size();
    }

  private:
    struct JobState
    {
        std::string name;
        double weight;
        Work work;
        pid_t pid = 0;
        int progressPipe = -1;
        int resultFile = -1; ///< unlinked temporary file, written by the child
        double done = 0;
        bool ended = false;
        bool judged = false; ///< its output has been looked at
        std::string output;
    };

    void Start(JobState& job);
    void Wait(const PoolProgressFn& onProgress);
    void ReadProgress(JobState& job);
    void Collect(JobState& job);
    void KillAll();
    void Report(const PoolProgressFn& onProgress) const;

    unsigned m_atOnce;
    std::vector<JobState> m_jobs;
};

} // namespace heddle

#endif
