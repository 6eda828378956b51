// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-stall.h"

#include "ns3/collectives-algorithm.h"
#include "ns3/training-fused.h"

namespace heddle::training
{

namespace
{

std::string
KindName(const Task& task)
{
    switch (task.kind)
    {
    case TaskKind::Compute:
        return "compute";
    case TaskKind::Send:
        return "send";
    case TaskKind::Recv:
        return "receive";
    case TaskKind::Collective:
        break;
    }
    return CollectiveName(task.collective);
}

} // namespace

std::string
StallReport::Describe(TaskId id) const
{
    const Task& task = m_job.m_graph.tasks()[id];
    std::string text = "rank " + std::to_string(task.rank) + ": " + KindName(task) + " '" +
                       m_job.m_graph.labels()[task.label] + "'";
    if (task.kind == TaskKind::Collective)
    {
        text += " #" + std::to_string(task.sequence) + " on '" +
                m_job.m_graph.communicators()[task.comm].name + "'";
    }
    return text;
}

/// The first operations that could go on but for somebody else.
std::string
StallReport::Reason(const CommRun& run) const
{
    if (!run.begun)
    {
        return " has not begun";
    }
    for (const ChunkQueue& queue : run.queues)
    {
        const Connection& c = m_job.m_plan.connections()[queue.connection];
        const std::string peer = "rank " + std::to_string(queue.send ? c.to : c.from);
        const Meeting& meeting = m_job.m_plan.meetings()[m_job.m_plan.meetingOf(run.task)];
        const TaskId theirs =
            m_job.m_plan.meetingTasks(meeting)[queue.send ? c.toMember : c.fromMember];
        const TaskState& other = m_job.m_tasks[theirs];
        const std::string where = other.start < 0 ? ", which has not started it"
                                  : other.end < 0 ? ", which is in it too"
                                                  : ", which has finished it";
        for (uint32_t i = 0; i < queue.count; ++i)
        {
            const uint32_t op = run.order[queue.first + i];
            if (run.ops[op].done || (!run.ops[op].ready && run.ops[op].depsLeft > 0))
            {
                continue;
            }
            std::string text = !queue.send      ? " waits for data from "
                               : i < queue.next ? " waits for its data to reach "
                                                : " waits for a clear-to-send from ";
            text += peer;
            text += " (chunk " + std::to_string(i + 1);
            text += " of " + std::to_string(queue.count);
            text += ")";
            return text += where;
        }
    }
    return " waits";
}

std::string
StallReport::Text(size_t limit) const
{
    std::string text;
    size_t lines = 0;
    size_t more = 0;
    for (TaskId id = 0; id < m_job.m_tasks.size(); ++id)
    {
        const TaskState& state = m_job.m_tasks[id];
        if (state.start < 0 || state.end >= 0)
        {
            continue;
        }
        if (lines == limit)
        {
            ++more;
            continue;
        }
        ++lines;
        const bool fused = m_job.m_fused && m_job.m_graph.tasks()[id].kind != TaskKind::Compute;
        text += "\n  " + Describe(id) +
                (fused       ? m_job.m_fused->WhyWaits(id)
                 : state.run ? Reason(*state.run)
                             : " is running");
    }
    if (more > 0)
    {
        text += "\n  and " + std::to_string(more) + " more";
    }
    if (m_job.m_scaleOut != nullptr)
    {
        for (const std::string& line : m_job.m_scaleOut->Outstanding(limit))
        {
            text += "\n  in the network: " + line;
        }
    }
    return text;
}

} // namespace heddle::training
