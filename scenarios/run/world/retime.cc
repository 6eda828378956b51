// SPDX-License-Identifier: GPL-2.0-only
#include "run/world/retime.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

namespace heddle
{

namespace
{

/// Host overhead is not the accelerator's work.
bool
IsKernel(const Task& task)
{
    return task.kind == TaskKind::Compute && task.computeClass != ComputeClass::HostOverhead;
}

/// Nominal seconds of every kernel, zero for the rest.
std::vector<double>
NominalSeconds(const TaskGraph& graph, const AcceleratorModel& accelerator)
{
    std::vector<double> seconds(graph.tasks().size());
    for (TaskId id = 0; id < seconds.size(); ++id)
    {
        if (IsKernel(graph.tasks()[id]))
        {
            seconds[id] = ToSeconds(accelerator.NominalTime(graph.tasks()[id]));
        }
    }
    return seconds;
}

void
SetTimes(TaskGraph& graph, const std::vector<double>& seconds)
{
    for (TaskId id = 0; id < seconds.size(); ++id)
    {
        if (IsKernel(graph.tasks()[id]))
        {
            graph.SetComputeTime(id, seconds[id]);
        }
    }
}

/// What a rank does, without how long it takes.
std::vector<std::pair<TaskKind, uint32_t>>
Signature(const TaskGraph& graph, Rank rank)
{
    std::vector<std::pair<TaskKind, uint32_t>> signature;
    for (TaskId id : graph.program(rank))
    {
        signature.emplace_back(graph.tasks()[id].kind, graph.tasks()[id].label);
    }
    return signature;
}

void
AverageOver(const TaskGraph& graph, const std::vector<Rank>& ranks, std::vector<double>& seconds)
{
    for (size_t i = 0; i < graph.program(ranks[0]).size(); ++i)
    {
        double sum = 0;
        for (Rank rank : ranks)
        {
            sum += seconds[graph.program(rank)[i]];
        }
        for (Rank rank : ranks)
        {
            seconds[graph.program(rank)[i]] = sum / static_cast<double>(ranks.size());
        }
    }
}

} // namespace

TaskGraph
WithSpeed(TaskGraph graph, const AcceleratorModel& accelerator, double speed)
{
    std::vector<double> seconds = NominalSeconds(graph, accelerator);
    for (double& time : seconds)
    {
        time /= speed;
    }
    SetTimes(graph, seconds);
    return graph;
}

TaskGraph
WithBalancedWork(TaskGraph graph, const AcceleratorModel& accelerator)
{
    std::vector<double> seconds = NominalSeconds(graph, accelerator);
    std::map<std::vector<std::pair<TaskKind, uint32_t>>, std::vector<Rank>> alike;
    for (Rank rank = 0; rank < graph.ranks(); ++rank)
    {
        alike[Signature(graph, rank)].push_back(rank);
    }
    for (const auto& [signature, ranks] : alike)
    {
        AverageOver(graph, ranks, seconds);
    }
    std::vector<double> totals(graph.ranks(), 0);
    for (Rank rank = 0; rank < graph.ranks(); ++rank)
    {
        for (TaskId id : graph.program(rank))
        {
            totals[rank] += seconds[id];
        }
    }
    const auto idle = std::count(totals.begin(), totals.end(), 0.0);
    const double sum = std::accumulate(totals.begin(), totals.end(), 0.0);
    const double mean = sum / static_cast<double>(graph.ranks() - idle);
    for (Rank rank = 0; rank < graph.ranks(); ++rank)
    {
        for (TaskId id : graph.program(rank))
        {
            seconds[id] *= totals[rank] > 0 ? mean / totals[rank] : 1;
        }
    }
    SetTimes(graph, seconds);
    return graph;
}

} // namespace heddle
