// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-job.h"

#include "ns3/base-errors.h"
#include "ns3/training-engine.h"
#include "ns3/training-result.h"
#include "ns3/training-stall.h"

namespace heddle
{

class Job::Impl
{
  public:
    Impl(EventCore& core,
         const TaskGraph& graph,
         const Expander& expander,
         std::unique_ptr<ScaleOut> adapter,
         ScaleOut* scaleOut,
         const JobConfig& config)
        : m_adapter(std::move(adapter)), engine(core, graph, expander, scaleOut, config)
    {
    }

    Impl(EventCore& core,
         const TaskGraph& graph,
         const Expander& expander,
         FlowRoutes* routes,
         const JobConfig& config)
        : engine(core, graph, expander, routes, config)
    {
    }

  private:
    std::unique_ptr<ScaleOut> m_adapter;

  public:
    training::Engine engine;
};

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

Job::Job(EventCore& core,
         const TaskGraph& graph,
         const Expander& expander,
         FlowRoutes* routes,
         const JobConfig& config)
    : m_impl(std::make_unique<Impl>(core, graph, expander, routes, config))
{
}

Job::~Job() = default;

void
Job::Repeat(uint32_t steps, StepFn onStep)
{
    m_impl->engine.Repeat(steps, std::move(onStep));
}

CoflowNetwork*
Job::coflows() const
{
    return m_impl->engine.coflows();
}

void
Job::Start()
{
    m_impl->engine.Start();
}

bool
Job::finished() const
{
    return m_impl->engine.TasksDone() == m_impl->engine.graph().tasks().size();
}

double
Job::progress() const
{
    const size_t tasks = m_impl->engine.graph().tasks().size();
    const uint64_t done = m_impl->engine.TasksDone();
    const double ofStep = tasks == 0 ? 1 : static_cast<double>(done) / static_cast<double>(tasks);
    return m_impl->engine.Progress(ofStep);
}

JobResult
Job::Result() const
{
    const training::Engine& engine = m_impl->engine;
    if (!finished())
    {
        throw RunError(
            "the job did not finish: " + std::to_string(engine.TasksDone()) + " of " +
            std::to_string(engine.graph().tasks().size()) +
            " tasks are done; who waits for whom:" + training::StallReport(engine).Text(10));
    }
    return training::ResultBuilder(engine).Build();
}

void
Job::SetObserver(Observer* observer)
{
    m_impl->engine.m_observer = observer;
}

} // namespace heddle
