// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-engine.h"

#include "ns3/base-errors.h"
#include "ns3/training-fused.h"

namespace heddle::training
{

Engine::Engine(EventCore& core,
               const TaskGraph& graph,
               const Expander& expander,
               ScaleOut* scaleOut,
               const JobConfig& config)
    : Engine(core, graph, expander, scaleOut, config, false)
{
}

Engine::Engine(EventCore& core,
               const TaskGraph& graph,
               const Expander& expander,
               FlowRoutes* routes,
               const JobConfig& config)
    : Engine(core, graph, expander, nullptr, config, true)
{
    if (routes == nullptr && !config.ideal.infiniteScaleOut)
    {
        throw InputError("there is no scale-out network");
    }
    m_fused = std::make_unique<FusedComms>(*this, config.ideal.infiniteScaleOut ? nullptr : routes);
}

Engine::~Engine() = default;

CoflowNetwork*
Engine::coflows() const
{
    return m_fused ? &m_fused->network() : nullptr;
}

Engine::Engine(EventCore& core,
               const TaskGraph& graph,
               const Expander& expander,
               ScaleOut* scaleOut,
               const JobConfig& config,
               bool fused)
    : m_core(core),
      m_graph(graph),
      m_expander(expander),
      m_scaleOut(config.ideal.infiniteScaleOut ? nullptr : scaleOut),
      m_config(config),
      m_plan(graph, expander, m_scaleOut, config, core.partitions(), !fused),
      m_contexts(core.partitions()),
      m_ranks(graph.ranks()),
      m_tasks(graph.tasks().size()),
      m_senders(m_plan.connections().size()),
      m_receivers(m_plan.connections().size()),
      m_egressFree(graph.ranks(), 0),
      m_ingressFree(graph.ranks(), 0),
      m_lastOnQp(m_plan.queuePairs(), nullptr)
{
    const SoftwareModel& software = expander.software();
    const bool none = config.ideal.noSoftware;
    m_base = none ? 0 : software.baseLatency;
    m_stepUp = none ? 0 : software.stepLatencyScaleUp;
    m_stepOut = none ? 0 : software.stepLatencyScaleOut;
    m_slots = none ? 0 : software.slots;
    m_stretch = none ? 1 : 1 + software.computeSlowdown;
    if (m_slots > 0xffff || m_stretch < 1)
    {
        throw InputError("software model '" + software.name +
                         "': slots must be below 65536 and the compute slowdown not negative");
    }
    CheckInput();
    if (!config.ideal.infiniteScaleUp && config.scaleUp.portRate.bps() == 0)
    {
        for (const Connection& c : m_plan.connections())
        {
            if (c.scaleUp || c.relay != c.from)
            {
                throw InputError("the scale-up domain is used, but its port rate is 0");
            }
        }
    }
    for (uint32_t p = 0; p < core.partitions(); ++p)
    {
        m_stores.push_back(std::make_unique<ActivityStore>(p));
        m_contexts[p].store = m_stores.back().get();
    }
    const uint32_t firstEntity = core.NewEntities(graph.ranks());
    for (Rank r = 0; r < graph.ranks(); ++r)
    {
        m_ranks[r].entity = firstEntity + r;
    }
    m_onStepEnd = core.AddHandler<Engine, &Engine::OnStepEnd>(this);
    m_onStart = core.AddHandler<Engine, &Engine::OnStart>(this);
    m_onKernelEnd = core.AddHandler<Engine, &Engine::OnKernelEnd>(this);
    m_onBaseLatency = core.AddHandler<Engine, &Engine::OnBaseLatency>(this);
    m_onStepLatency = core.AddHandler<Engine, &Engine::OnStepLatency>(this);
    m_onGrant = core.AddHandler<Engine, &Engine::OnGrant>(this);
    m_onEgress = core.AddHandler<Engine, &Engine::OnEgress>(this);
    m_onTransferDone = core.AddHandler<Engine, &Engine::OnTransferDone>(this);
    if (m_scaleOut != nullptr)
    {
        m_scaleOut->SetClient(this);
        SetHints();
    }
    for (TaskId t = 0; t < m_tasks.size(); ++t)
    {
        m_tasks[t].waiting = m_plan.prerequisites(t);
    }
}

/// What would otherwise throw in the middle of the run.
void
Engine::CheckInput() const
{
    const JitterModel& jitter = m_config.jitter;
    bool positive = jitter.slowHostFactor > 0;
    for (const auto& [rank, factor] : jitter.slowdown)
    {
        positive = positive && factor > 0 && rank < m_graph.ranks();
    }
    if (!positive || jitter.persistentSigma < 0 || jitter.kernelSigma < 0)
    {
        throw InputError("jitter: factors must be positive, sigmas not negative, ranks those of "
                         "the job (it has " +
                         std::to_string(m_graph.ranks()) + ")");
    }
    for (const Task& task : m_graph.tasks())
    {
        if (task.kind == TaskKind::Compute)
        {
            m_config.accelerator.NominalTime(task);
        }
    }
}

uint64_t
Engine::NextKey(Rank rank)
{
    return m_core.Key(m_ranks[rank].entity, m_ranks[rank].sequence++);
}

void
Engine::Start()
{
    for (Rank r = 0; r < m_graph.ranks(); ++r)
    {
        Partition& part = m_core.part(m_plan.PartitionOf(r));
        m_start = part.now();
        m_ranks[r].lastComputeEnd = m_start;
        part.Schedule(0, m_onStart, r, 0, NextKey(r));
    }
}

void
Engine::OnStart(Partition& part, const Event& event)
{
    Context& context = ContextOf(part);
    // Collected first: a start may complete others at once.
    for (TaskId t : m_graph.program(event.entity))
    {
        if (m_plan.prerequisites(t) == 0)
        {
            context.starting.push_back({t, ActivityRef{}, kNone});
        }
    }
    Drain(part);
}

void
Engine::Launch(Partition& part, TaskId id, ActivityRef released, TaskId binding)
{
    const Task& task = m_graph.tasks()[id];
    TaskState& state = m_tasks[id];
    state.start = part.now();
    state.released = released;
    state.binding = binding;
    if (task.kind == TaskKind::Compute)
    {
        StartKernel(part, id, released);
    }
    else
    {
        StartCommunication(part, id, released);
    }
}

/// Starts what became ready. Every handler ends with it; nothing starts recursively.
void
Engine::Drain(Partition& part)
{
    Context& context = ContextOf(part);
    for (size_t next = 0; next < context.starting.size();) // launching may add to it
    {
        const Starting s = context.starting[next++];
        Launch(part, s.task, s.released, s.binding);
    }
    context.starting.clear();
    if (m_onStep && !m_ending && context.tasksDone == m_tasks.size())
    {
        m_ending = true;
        part.Schedule(0, m_onStepEnd, 0, 0, NextKey(0));
    }
}

void
Engine::FinishTask(Partition& part, TaskId id, ActivityRef finish)
{
    Context& context = ContextOf(part);
    const Task& task = m_graph.tasks()[id];
    TaskState& state = m_tasks[id];
    state.end = part.now();
    state.finish = finish;
    ++context.tasksDone;
    if (m_observer != nullptr)
    {
        if (task.kind == TaskKind::Compute)
        {
            m_observer->OnCompute(task.rank, task.label, state.start, state.end);
        }
        else
        {
            m_observer->OnCollective(task.rank, task.label, state.start, state.end);
        }
    }
    for (const TaskId* s = m_plan.successorsBegin(id); s != m_plan.successorsEnd(id); ++s)
    {
        if (--m_tasks[*s].waiting == 0)
        {
            context.starting.push_back({*s, finish, id});
        }
    }
}

ActivityRef
Engine::AddSoftware(Partition& part, Rank rank, Tick length, ActivityRef pred)
{
    return ContextOf(part).store->Add(SpanActivity{part.now(),
                                                   part.now() + length,
                                                   length,
                                                   pred,
                                                   rank,
                                                   RootAccount::Software,
                                                   RootAccount::Software,
                                                   false});
}

uint64_t
Engine::TasksDone() const
{
    uint64_t done = 0;
    for (const Context& c : m_contexts)
    {
        done += c.tasksDone;
    }
    return done;
}

} // namespace heddle::training
