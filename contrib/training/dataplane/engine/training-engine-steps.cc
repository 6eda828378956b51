// SPDX-License-Identifier: GPL-2.0-only
//
// The same step again and again, each with its own jitter, in one run.
#include "ns3/base-errors.h"
#include "ns3/training-engine.h"
#include "ns3/training-fused.h"
#include "ns3/training-result.h"

#include <utility>

namespace heddle::training
{

void
Engine::Repeat(uint32_t steps, Job::StepFn onStep)
{
    HEDDLE_CHECK(m_fused && steps > 0, "jobs by coupled flows repeat their step");
    m_steps = steps;
    m_onStep = std::move(onStep);
}

double
Engine::Progress(double ofStep) const
{
    return m_onStep ? (m_step + ofStep) / (m_steps + 1.0) : ofStep;
}

void
Engine::OnStepEnd(Partition& part, const Event&)
{
    m_onStep(m_step, ResultBuilder(*this).Build());
    if (m_step == m_steps)
    {
        return;
    }
    ++m_step;
    Reset(part);
    Start();
}

/// As before the first step, but for what numbers events.
void
Engine::Reset(Partition& part)
{
    Context& context = ContextOf(part);
    context.store->Clear();
    context.tasksDone = 0;
    context.scaleOutMessages = context.scaleOutBytes = context.scaleUpBytes = 0;
    for (RankState& rank : m_ranks)
    {
        const RankState before = rank;
        rank = {};
        rank.entity = before.entity;
        rank.sequence = before.sequence;
        rank.generation = before.generation;
    }
    for (TaskId task = 0; task < m_tasks.size(); ++task)
    {
        m_tasks[task] = {};
        m_tasks[task].waiting = m_plan.prerequisites(task);
    }
    m_fused->Reset();
    m_ending = false;
}

} // namespace heddle::training
