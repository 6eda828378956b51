// SPDX-License-Identifier: GPL-2.0-only
#include "scaling.h"

#include "measure.h"

#include <iostream>

namespace heddle::bench
{

namespace
{

RunResult
RunOn(const Workload& workload, uint32_t threads)
{
    return workload.flows ? RunFlows(workload.flows(), {Observe::Nothing, 0, threads})
                          : RunMoeStep(Observe::Nothing, threads);
}

double
HopsPerSecond(const RunResult& run)
{
    return static_cast<double>(run.dataHops) / run.runWall;
}

} // namespace

Scaling
CompareThreads(const Workload& workload, uint32_t threads, uint32_t runs)
{
    Scaling scaling{workload.name, threads, 1, {}, {}, {}, {}};
    for (uint32_t i = 0; i < runs; ++i)
    {
        std::cerr << "heddle-bench: " << workload.name << ": run " << i + 1 << " of " << runs
                  << "\n";
        const Sample one = RunInChild([&] { return RunOn(workload, threads); });
        const auto several = RunInChildren([&] { return RunOn(workload, 1); }, threads);
        double sum = 0;
        double cpuApart = 0;
        for (const Sample& sample : several)
        {
            CheckSame(one.run, sample.run);
            sum += HopsPerSecond(sample.run);
            cpuApart += sample.run.runCpu / threads;
        }
        scaling.partitions = one.run.partitions;
        scaling.together.push_back(HopsPerSecond(one.run));
        scaling.apart.push_back(sum);
        scaling.ratio.push_back(HopsPerSecond(one.run) / sum);
        scaling.cpuRatio.push_back(cpuApart / one.run.runCpu);
    }
    return scaling;
}

} // namespace heddle::bench
