// SPDX-License-Identifier: GPL-2.0-only
#include "measure.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::bench
{

namespace
{

using Clock = std::chrono::steady_clock;

double
Seconds(const timeval& t)
{
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

[[noreturn]] void
Child(const std::function<RunResult()>& work, int to)
{
    int status = 1;
    try
    {
        const RunResult result = work();
        if (write(to, &result, sizeof result) == static_cast<ssize_t>(sizeof result))
        {
            status = 0;
        }
    }
    catch (const std::exception& error)
    {
        std::fprintf(stderr, "%s\n", error.what());
    }
    _exit(status);
}

struct Running
{
    pid_t child;
    int from; ///< where its result comes out
    Clock::time_point start;
};

Running
StartChild(const std::function<RunResult()>& work)
{
    int ends[2];
    if (pipe(ends) != 0)
    {
        throw RunError("cannot make a pipe");
    }
    std::fflush(nullptr); // or the child prints it again
    const Running running{fork(), ends[0], Clock::now()};
    if (running.child < 0)
    {
        throw RunError("cannot start a process");
    }
    if (running.child == 0)
    {
        close(ends[0]);
        Child(work, ends[1]);
    }
    close(ends[1]);
    return running;
}

Sample
Collect(const Running& running)
{
    Sample sample;
    const ssize_t got = read(running.from, &sample.run, sizeof sample.run); // less than a pipe's
    close(running.from);                                                    // buffer
    int status = 0;
    rusage usage{};
    while (wait4(running.child, &status, 0, &usage) < 0 && errno == EINTR)
    {
    }
    if (got != static_cast<ssize_t>(sizeof sample.run) || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0)
    {
        throw RunError(WIFSIGNALED(status)
                           ? "the run ended by signal " + std::to_string(WTERMSIG(status))
                           : "the run failed");
    }
    sample.wallSeconds = std::chrono::duration<double>(Clock::now() - running.start).count();
    sample.userSeconds = Seconds(usage.ru_utime);
    sample.systemSeconds = Seconds(usage.ru_stime);
    sample.peakRssBytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
    return sample;
}

} // namespace

std::vector<Sample>
RunInChildren(const std::function<RunResult()>& work, unsigned count)
{
    std::vector<Running> running;
    running.reserve(count);
    for (unsigned i = 0; i < count; ++i)
    {
        running.push_back(StartChild(work));
    }
    std::vector<Sample> samples;
    samples.reserve(count);
    for (const Running& child : running)
    {
        samples.push_back(Collect(child));
    }
    return samples;
}

Sample
RunInChild(const std::function<RunResult()>& work)
{
    return RunInChildren(work, 1)[0];
}

Spread
SpreadOf(std::vector<double> values)
{
    HEDDLE_CHECK(!values.empty(), "no values");
    std::sort(values.begin(), values.end());
    const size_t half = values.size() / 2;
    const double median =
        values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    return {median, values.front(), values.back()};
}

Spread
Series::Of(const std::function<double(const Sample&)>& figure) const
{
    std::vector<double> values;
    for (const Sample& sample : samples)
    {
        values.push_back(figure(sample));
    }
    return SpreadOf(std::move(values));
}

double
WholeRate(const Sample& sample)
{
    return static_cast<double>(sample.run.dataHops) / sample.userSeconds;
}

double
RunRate(const Sample& sample)
{
    return static_cast<double>(sample.run.dataHops) / sample.run.runCpu;
}

double
UserSeconds(const Sample& s)
{
    return s.userSeconds;
}

double
CpuOf(const Sample& s)
{
    return s.cpuSeconds();
}

double
RunCpu(const Sample& s)
{
    return s.run.runCpu;
}

double
Wall(const Sample& s)
{
    return s.wallSeconds;
}

double
PeakRss(const Sample& s)
{
    return static_cast<double>(s.peakRssBytes);
}

double
EventRate(const Sample& sample)
{
    return static_cast<double>(sample.run.events) / sample.run.runCpu;
}

void
CheckSame(const RunResult& a, const RunResult& b)
{
    const auto differs = [](const char* what, uint64_t x, uint64_t y)
    {
        if (x != y)
        {
            throw RunError(std::string("two runs of the same workload differ in ") + what + ": " +
                           std::to_string(x) + " and " + std::to_string(y));
        }
    };
    differs("data hops", a.dataHops, b.dataHops);
    differs("resent hops", a.extraHops, b.extraHops);
    differs("flows", a.flows, b.flows);
    differs("events", a.events, b.events);
    differs("simulated time",
            static_cast<uint64_t>(a.simulated),
            static_cast<uint64_t>(b.simulated));
    differs("ECN marks", a.ecnMarks, b.ecnMarks);
    differs("pause frames", a.pauseFrames, b.pauseFrames);
}

} // namespace heddle::bench
