// SPDX-License-Identifier: BSD-3-Clause
//
// Test only: looking into generated graphs.

#ifndef HEDDLE_COLLECTIVES_GRAPH_FOR_TEST_H
#define HEDDLE_COLLECTIVES_GRAPH_FOR_TEST_H

#include "ns3/base-errors.h"
#include "ns3/collectives-generator.h"
#include "ns3/collectives-layer-costs.h"
#include "ns3/collectives-moe-routing.h"
#include "ns3/collectives-step-plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

namespace heddle
{

namespace graphtest
{

inline StepSpec
Spec(const char* model)
{
    StepSpec spec;
    spec.model = FindModel(model);
    return spec;
}

inline double
SumFlops(const TaskGraph& graph)
{
    double sum = 0;
    for (const Task& task : graph.tasks())
    {
        sum += task.flops;
    }
    return sum;
}

/// Tasks of a rank with a label.
inline std::vector<Task>
Labelled(const TaskGraph& graph, Rank rank, const std::string& label)
{
    std::vector<Task> found;
    for (TaskId id : graph.program(rank))
    {
        const Task& task = graph.tasks()[id];
        if (graph.labels()[task.label] == label)
        {
            found.push_back(task);
        }
    }
    return found;
}

inline uint64_t
LabelledBytes(const TaskGraph& graph, Rank rank, const std::string& label)
{
    uint64_t sum = 0;
    for (const Task& task : Labelled(graph, rank, label))
    {
        sum += task.bytes;
    }
    return sum;
}

/// End of the last task when computing takes `seconds(task)` and communication no time at all.
inline double
Makespan(const TaskGraph& graph, const std::function<double(const Task&)>& seconds)
{
    const auto& tasks = graph.tasks();
    std::vector<double> finish(tasks.size(), -1);
    std::map<std::tuple<Rank, Rank, uint32_t>, TaskId> sends;
    std::map<std::pair<CommId, uint32_t>, std::vector<TaskId>> calls;
    for (TaskId id = 0; id < tasks.size(); ++id)
    {
        const Task& t = tasks[id];
        if (t.kind == TaskKind::Send)
        {
            sends[{t.rank, t.peer, t.tag}] = id; // tags are unique per pair here
        }
        else if (t.kind == TaskKind::Collective)
        {
            calls[{t.comm, t.sequence}].push_back(id);
        }
    }
    auto ready = [&](TaskId id) { // time, or -1
        double time = 0;
        for (const TaskId* d = graph.depsBegin(tasks[id]); d != graph.depsEnd(tasks[id]); ++d)
        {
            time = finish[*d] < 0 ? -1 : std::max(time, finish[*d]);
            if (time < 0)
            {
                return -1.0;
            }
        }
        return time;
    };
    bool progress = true;
    while (progress)
    {
        progress = false;
        for (Rank rank = 0; rank < graph.ranks(); ++rank)
        {
            double free = 0;
            for (TaskId id : graph.program(rank))
            {
                const Task& t = tasks[id];
                double start = ready(id);
                if (t.kind == TaskKind::Compute)
                {
                    if (finish[id] < 0 && (start < 0 || free < 0))
                    {
                        free = -1;
                        continue;
                    }
                    if (finish[id] < 0)
                    {
                        finish[id] = std::max(start, free) + seconds(t);
                        progress = true;
                    }
                    free = finish[id];
                    continue;
                }
                if (finish[id] >= 0)
                {
                    continue;
                }
                double end = start;
                if (t.kind == TaskKind::Recv)
                {
                    end = finish[sends.at({t.peer, t.rank, t.tag})];
                }
                else if (t.kind == TaskKind::Collective)
                {
                    for (TaskId other : calls.at({t.comm, t.sequence}))
                    {
                        double joined = ready(other);
                        end = end < 0 || joined < 0 ? -1 : std::max(end, joined);
                    }
                }
                if (end >= 0)
                {
                    finish[id] = end;
                    progress = true;
                }
            }
        }
    }
    EXPECT_TRUE(std::all_of(finish.begin(), finish.end(), [](double f) { return f >= 0; }));
    return *std::max_element(finish.begin(), finish.end());
}

inline double
FlopTime(const Task& task)
{
    return task.flops * 1e-15;
}

} // namespace graphtest

} // namespace heddle

#endif
