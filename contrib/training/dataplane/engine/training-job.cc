// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-job.h"

#include "ns3/base-errors.h"
#include "ns3/training-engine.h"
#include "ns3/training-result.h"
#include "ns3/training-stall.h"

namespace heddle
{

Job::Job(EventCore& core,
         const TaskGraph& graph,
         const Expander& expander,
         Transport* transport,
         const JobConfig& config)
{
    std::unique_ptr<ScaleOut> adapter;
    if (transport != nullptr)
    {
        adapter = std::make_unique<TransportScaleOut>(*transport);
    }
    ScaleOut* scaleOut = adapter.get();
    m_impl = std::make_unique<Impl>(core, graph, expander, std::move(adapter), scaleOut, config);
}

Job::Job(EventCore& core,
         const TaskGraph& graph,
         const Expander& expander,
         ScaleOut& scaleOut,
         const JobConfig& config)
    : m_impl(std::make_unique<Impl>(core, graph, expander, nullptr, &scaleOut, config))
{
}

Job::~Job() = default;

void
Job::Start()
{
    m_impl->Start();
}

bool
Job::finished() const
{
    return m_impl->TasksDone() == m_impl->graph().tasks().size();
}

double
Job::progress() const
{
    const size_t tasks = m_impl->graph().tasks().size();
    return tasks == 0 ? 1 : static_cast<double>(m_impl->TasksDone()) / static_cast<double>(tasks);
}

JobResult
Job::Result() const
{
    if (!finished())
    {
        const uint64_t done = m_impl->TasksDone();
        throw RunError("the job did not finish: " + std::to_string(done) + " of " +
                       std::to_string(m_impl->graph().tasks().size()) +
                       " tasks are done; who waits for whom:" + StallReport(*m_impl).Text(10));
    }
    return ResultBuilder(*m_impl).Build();
}

void
Job::SetObserver(Observer* observer)
{
    m_impl->m_observer = observer;
}

} // namespace heddle
