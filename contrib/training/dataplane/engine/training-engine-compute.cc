// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/base-errors.h"
#include "ns3/training-engine.h"

#include <algorithm>
#include <cmath>

namespace heddle::training
{

void
Engine::StartKernel(Partition& part, TaskId id, ActivityRef released)
{
    const Task& task = m_graph.tasks()[id];
    RankState& rank = m_ranks[task.rank];
    HEDDLE_CHECK(rank.running == kNone, "two kernels at once");
    // Communication that ends just as the kernel before does still separates two runs: it may have
    // waited for that kernel, as the last to reach a barrier does.
    if (rank.lastCompute == kNone || m_tasks[id].binding != rank.lastCompute)
    {
        rank.record = KernelActivity{0, part.now(), 0, 0, 0, released, task.rank};
    }
    const bool host = task.computeClass == ComputeClass::HostOverhead;
    double factor = 1;
    if (!m_config.ideal.noJitter && m_step < m_steps)
    {
        factor = m_config.jitter.Factor(m_config.seed,
                                        task.rank,
                                        m_expander.layout().places[task.rank].host,
                                        m_plan.programIndex(id),
                                        m_step);
    }
    rank.running = id;
    rank.nominal = host && m_config.ideal.noSoftware ? 0 : m_config.accelerator.NominalTime(task);
    rank.work = std::llround(static_cast<double>(rank.nominal) * factor);
    if (factor == 1)
    {
        rank.work = rank.nominal; // beyond 2^53 ps a double would round
    }
    rank.left = rank.work;
    rank.updated = part.now();
    // Host work does not slow down: it is not on the accelerator.
    rank.slowed = !host && rank.active > 0 && m_stretch > 1;
    ScheduleKernelEnd(part, task.rank);
}

void
Engine::ScheduleKernelEnd(Partition& part, Rank r)
{
    RankState& rank = m_ranks[r];
    Tick left = rank.left;
    if (rank.slowed)
    {
        left = static_cast<Tick>(std::ceil(static_cast<double>(left) * m_stretch));
    }
    part.Schedule(left, m_onKernelEnd, r, ++rank.generation, NextKey(r));
}

/// The number of communication tasks changes: a running kernel changes its pace.
void
Engine::ChangeActive(Partition& part, Rank r, int by)
{
    RankState& rank = m_ranks[r];
    const bool before = rank.active > 0;
    rank.active += static_cast<uint32_t>(by);
    const bool slow = rank.active > 0;
    if (slow == before || m_stretch == 1 || rank.running == kNone ||
        m_graph.tasks()[rank.running].computeClass == ComputeClass::HostOverhead)
    {
        return;
    }
    Tick progress = part.now() - rank.updated;
    if (rank.slowed)
    {
        progress = static_cast<Tick>(std::floor(static_cast<double>(progress) / m_stretch));
    }
    rank.left = std::max<Tick>(0, rank.left - progress);
    rank.updated = part.now();
    rank.slowed = slow;
    ScheduleKernelEnd(part, r);
}

void
Engine::OnKernelEnd(Partition& part, const Event& event)
{
    RankState& rank = m_ranks[event.entity];
    if (event.arg != rank.generation)
    {
        return; // its pace has changed since
    }
    const TaskId id = rank.running;
    const Tick duration = part.now() - m_tasks[id].start;
    const Tick jitter = rank.work - rank.nominal;
    const Tick interference = duration - rank.work;
    rank.record.end = part.now();
    rank.record.jitter += jitter;
    rank.record.interference += interference;
    if (m_graph.tasks()[id].computeClass == ComputeClass::HostOverhead)
    {
        rank.record.software += rank.nominal;
        rank.hostSoftware += rank.nominal + std::min<Tick>(0, jitter);
        rank.hostJitter += std::max<Tick>(0, jitter);
    }
    else
    {
        rank.busyNominal += rank.nominal;
        rank.busyJitter += jitter;
        rank.busyInterference += interference;
    }
    rank.running = kNone;
    rank.lastCompute = id;
    rank.lastComputeEnd = part.now();
    FinishTask(part, id, ContextOf(part).store->Add(rank.record));
    Drain(part);
}

} // namespace heddle::training
