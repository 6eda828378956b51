// SPDX-License-Identifier: GPL-2.0-only
//
// File: measure.h
// ---------------
// Runs a workload in a child process, so that memory and CPU time are its own, and puts several
// runs together.

#ifndef HEDDLE_BENCH_MEASURE_H
#define HEDDLE_BENCH_MEASURE_H

#include "world.h"

#include <functional>
#include <vector>

namespace heddle::bench
{

/// A run and what the operating system says of its process. The child is forked, not started: the
/// few milliseconds of loading libraries are not in it.
struct Sample
{
    RunResult run;
    double userSeconds = 0;
    double systemSeconds = 0;
    double wallSeconds = 0;
    uint64_t peakRssBytes = 0;

    double cpuSeconds() const
    {
        return userSeconds + systemSeconds;
    }
};

/// Runs `work` in a child. Throws RunError when it does not end well; its message is on stderr.
Sample RunInChild(const std::function<RunResult()>& work);

/// The same in several children at once.
std::vector<Sample> RunInChildren(const std::function<RunResult()>& work, unsigned count);

/// Median, smallest and largest.
struct Spread
{
    double median = 0;
    double min = 0;
    double max = 0;
};

/// Of at least one value; the median of an even number is the mean of the middle two.
Spread SpreadOf(std::vector<double> values);

/// One engine on one workload.
struct Series
{
    std::vector<Sample> samples; ///< timed, not empty
    RunResult probe;             ///< the warm-up, with memory figures; zeros for the ceiling

    const RunResult& first() const
    {
        return samples.front().run;
    }

    Spread Of(const std::function<double(const Sample&)>& figure) const;
};

// Figures of a sample.
double WholeRate(const Sample& sample); ///< data hops / user CPU second of the whole process
double RunRate(const Sample& sample);   ///< data hops / CPU second of the run phase
double EventRate(const Sample& sample); ///< events / CPU second of the run phase
double UserSeconds(const Sample& sample);
double CpuOf(const Sample& sample);  ///< user and system seconds
double RunCpu(const Sample& sample); ///< of the run phase
double Wall(const Sample& sample);
double PeakRss(const Sample& sample); ///< bytes

/// Throws RunError when two runs of the same work did not do the same.
void CheckSame(const RunResult& a, const RunResult& b);

} // namespace heddle::bench

#endif
