// SPDX-License-Identifier: GPL-2.0-only
#include "scaling.h"

#include "measure.h"

#include <cstdio>
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

void
CompareThreads(const std::vector<Workload>& workloads, uint32_t threads, uint32_t runs)
{
    std::printf("Run phase. Apart: %u processes at once, summed.\n"
                "%-14s %10s %20s %20s %24s %24s\n",
                threads,
                "workload",
                "partitions",
                "threads Mhops/s",
                "apart Mhops/s",
                "threads/apart",
                "CPU apart/threads");
    for (const Workload& workload : workloads)
    {
        std::vector<double> together;
        std::vector<double> apart;
        std::vector<double> ratio;
        std::vector<double> cpu;
        uint32_t partitions = 1;
        for (uint32_t i = 0; i < runs; ++i)
        {
            std::cerr << "heddle-bench: " << workload.name << ": run " << i + 1 << "\n";
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
            partitions = one.run.partitions;
            together.push_back(HopsPerSecond(one.run) / 1e6);
            apart.push_back(sum / 1e6);
            ratio.push_back(together.back() / apart.back());
            cpu.push_back(cpuApart / one.run.runCpu);
        }
        const auto text = [](const std::vector<double>& values)
        {
            const Spread s = SpreadOf(values);
            char line[64];
            std::snprintf(line, sizeof line, "%.3f (%.3f-%.3f)", s.median, s.min, s.max);
            return std::string(line);
        };
        std::printf("%-14s %10u %20s %20s %24s %24s\n",
                    workload.name.c_str(),
                    partitions,
                    text(together).c_str(),
                    text(apart).c_str(),
                    text(ratio).c_str(),
                    text(cpu).c_str());
        std::fflush(stdout);
    }
}

} // namespace heddle::bench
