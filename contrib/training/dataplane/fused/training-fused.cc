// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-fused.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace heddle::training
{

namespace
{

/// The largest channel in use.
struct ChannelCount : FusedSink
{
    void OnEdge(const FusedEdge& edge) override
    {
        channels = std::max(channels, edge.channel + 1U);
    }

    uint32_t channels = 1;
};

} // namespace

FusedComms::FusedComms(Engine& engine, FlowRoutes* routes)
    : m_engine(engine),
      m_network(engine.m_core,
                routes != nullptr ? routes->networkConfig() : CoflowNetwork::Config{}),
      m_routes(routes),
      m_states(engine.m_plan.meetings().size()),
      m_entity(engine.m_core.NewEntities()),
      m_onBegin(engine.m_core.AddHandler<FusedComms, &FusedComms::OnBegin>(this)),
      m_onEnd(engine.m_core.AddHandler<FusedComms, &FusedComms::OnEnd>(this))
{
    m_network.SetClient(this);
    if (routes != nullptr)
    {
        routes->AddPorts(m_network);
        routes->SetListener([this](Partition& part) { OnRoutes(part); });
        routes->SetFailureListener([this](Partition& part, uint32_t link)
                                   { OnFailure(part, link); });
    }
    const JobConfig& config = engine.m_config;
    const auto firstScaleUpPort = static_cast<uint32_t>(m_network.ports());
    if (!config.ideal.infiniteScaleUp && config.scaleUp.portRate.bps() > 0)
    {
        for (Rank rank = 0; rank < 2 * engine.m_graph.ranks(); ++rank)
        {
            m_network.AddPort(static_cast<int64_t>(config.scaleUp.portRate.bps()),
                              CoflowNetwork::PortKind::ScaleUp);
        }
    }
    const FusedWorld world{&engine.m_expander,
                           routes,
                           config.scaleUp,
                           config.ideal.infiniteScaleUp,
                           firstScaleUpPort,
                           engine.m_stepUp,
                           engine.m_stepOut,
                           engine.m_slots,
                           routes != nullptr && routes->pinned() ? CountChannels() : 1};
    m_shaper = std::make_unique<FusedShaper>(world, engine.m_graph.ranks());
}

/// As many as Plan::ConnectQueuePairs() finds, so that queue pairs have the same numbers.
uint32_t
FusedComms::CountChannels()
{
    ChannelCount count;
    std::map<Key, bool> seen;
    for (const Meeting& meeting : m_engine.m_plan.meetings())
    {
        const Task& task = m_engine.m_graph.tasks()[m_engine.m_plan.meetingTasks(meeting)[0]];
        if (meeting.comm == kNone)
        {
            m_engine.m_expander.FuseSendRecv(task.rank, task.peer, task.bytes, count);
            continue;
        }
        const Key
            key{m_engine.m_plan.GroupOf(task), task.collective, task.bytes, task.peer, 0, 0, 0};
        if (!meeting.rows.empty() || seen.emplace(key, true).second)
        {
            m_engine.m_expander.Fuse(m_engine.m_plan.CallOf(task, meeting), count);
        }
    }
    return count.channels;
}

const FusedShape&
FusedComms::MakeShape(uint32_t index)
{
    const Meeting& meeting = m_engine.m_plan.meetings()[index];
    const Task& task = m_engine.m_graph.tasks()[m_engine.m_plan.meetingTasks(meeting)[0]];
    const uint32_t group = m_engine.m_plan.GroupOf(task);
    return meeting.comm == kNone ? m_shaper->ShapeSendRecv(task.rank, task.peer, task.bytes, group)
                                 : m_shaper->Shape(m_engine.m_plan.CallOf(task, meeting), group);
}

uint32_t
FusedComms::ShapeOf(uint32_t index)
{
    const Meeting& meeting = m_engine.m_plan.meetings()[index];
    const TaskId first = m_engine.m_plan.meetingTasks(meeting)[0];
    const Task& task = m_engine.m_graph.tasks()[first];
    const uint8_t trafficClass = m_engine.m_plan.ClassOf(first);
    const Key key{m_engine.m_plan.GroupOf(task),
                  task.collective,
                  task.bytes,
                  task.peer,
                  meeting.comm == kNone ? task.rank : 0,
                  meeting.rows.empty() ? kNone : index,
                  trafficClass};
    const auto [entry, isNew] = m_byKey.try_emplace(key, static_cast<uint32_t>(m_shapes.size()));
    if (!isNew && !m_shapes[entry->second].stale)
    {
        return entry->second;
    }
    const FusedShape& shape = MakeShape(index);
    if (isNew)
    {
        m_shapes.emplace_back().trafficClass = trafficClass;
    }
    Load(m_shapes[entry->second], entry->second, shape);
    return entry->second;
}

/// Phases of a shape that was kept already differ in their loads alone.
void
FusedComms::Load(Known& known, uint32_t index, const FusedShape& shape)
{
    known.stale = false;
    known.messages = shape.messages;
    known.scaleOutBytes = shape.scaleOutBytes;
    known.scaleUpBytes = shape.scaleUpBytes;
    known.scaleOut = shape.scaleOut;
    known.phases.resize(shape.phases.size());
    for (size_t p = 0; p < shape.phases.size(); ++p)
    {
        const FusedPhase& from = shape.phases[p];
        Phase& phase = known.phases[p];
        phase.head = from.head;
        phase.tail = from.tail;
        phase.scaleOut = from.scaleOut;
        if (from.loads.empty())
        {
            continue;
        }
        if (phase.coflow == kNone)
        {
            phase.coflow = m_network.Add(from.loads, from.weight, from.message, from.loop);
            m_shapeOf.push_back(index);
            if (known.trafficClass != kConfiguredClass)
            {
                m_network.SetClass(phase.coflow, known.trafficClass);
            }
        }
        else
        {
            m_network.Reload(m_engine.m_core.part(0), phase.coflow, from.loads);
        }
        const CoflowAlone alone = m_network.Alone(phase.coflow);
        phase.pace = from.Pace(alone);
        // Acknowledgements of the phase before may take longer than all of this one.
        const FusedTime own = phase.head + phase.pace + phase.tail;
        const FusedTime left =
            p == 0 ? FusedTime{}
                   : shape.phases[p - 1].acknowledged + -1.0 * known.phases[p - 1].tail;
        const double most = std::max(own.total(),
                                     phase.head.total() + phase.tail.total() +
                                         std::max(alone.scaleUp, alone.others));
        if (p + 1 == shape.phases.size() && left.total() > most)
        {
            phase.tail.scaleOut += left.total() - most;
        }
    }
}

void
FusedComms::Schedule(Partition& part, double delay, HandlerId handler, uint32_t meeting)
{
    part.Schedule(std::llround(delay),
                  handler,
                  meeting,
                  0,
                  m_engine.m_core.Key(m_entity, m_sequence++));
}

void
FusedComms::Arrive(Partition& part, TaskId task, ActivityRef ref)
{
    const uint32_t index = m_engine.m_plan.meetingOf(task);
    const Meeting& meeting = m_engine.m_plan.meetings()[index];
    State& state = m_states[index];
    ++state.arrived;
    if (state.done.kind() != ActivityKind::None)
    {
        Complete(part, task, ref); // what it receives has come before
        return;
    }
    const bool alone = meeting.comm == kNone && m_engine.m_slots == 0;
    const bool sends = m_engine.m_graph.tasks()[task].kind == TaskKind::Send;
    if (alone ? sends : state.arrived == meeting.members)
    {
        Launch(part, index, ref);
    }
}

void
FusedComms::Launch(Partition& part, uint32_t index, ActivityRef ref)
{
    State& state = m_states[index];
    state.shape = ShapeOf(index);
    state.start = part.now();
    state.last = ref;
    state.parts = {};
    state.congestion = 0;
    state.phase = 0;
    Known& shape = m_shapes[state.shape];
    shape.meeting = index;
    auto& context = m_engine.ContextOf(part);
    context.scaleOutMessages += shape.messages;
    context.scaleOutBytes += shape.scaleOutBytes;
    context.scaleUpBytes += shape.scaleUpBytes;
    StartPhase(part, index);
}

/// The meeting's next phase; ends it when there is none.
void
FusedComms::StartPhase(Partition& part, uint32_t index)
{
    State& state = m_states[index];
    state.began = part.now();
    state.received = 0;
    const std::vector<Phase>& phases = m_shapes[state.shape].phases;
    if (state.phase == phases.size())
    {
        Finish(part, index);
        return;
    }
    Schedule(part, phases[state.phase].head.total(), m_onBegin, index);
}

void
FusedComms::OnBegin(Partition& part, const Event& event)
{
    State& state = m_states[event.entity];
    const Phase& phase = m_shapes[state.shape].phases[state.phase];
    if (phase.coflow == kNone)
    {
        Book(state, phase, {});
        Schedule(part, phase.tail.total(), m_onEnd, event.entity);
        return;
    }
    m_network.Start(part, phase.coflow, phase.pace.total());
}

void
FusedComms::OnDrained(Partition& part, uint32_t coflow, const CoflowTimes& times)
{
    const Known& shape = m_shapes[m_shapeOf[coflow]];
    State& state = m_states[shape.meeting];
    const Phase& phase = shape.phases[state.phase];
    Book(state, phase, times);
    if (phase.scaleOut)
    {
        state.drained = {state.phase, state.began, part.now()};
        for (Outage& outage : m_outages)
        {
            LoseTail(part, shape.meeting, outage, false);
        }
    }
    Schedule(part, phase.tail.total(), m_onEnd, shape.meeting);
}

void
FusedComms::Book(State& state, const Phase& phase, const CoflowTimes& times)
{
    const auto& time = times.time;
    FusedTime latency = phase.head + phase.tail;
    if (time[CoflowTimes::Pace] > 0)
    {
        latency += time[CoflowTimes::Pace] / phase.pace.total() * phase.pace;
    }
    auto& parts = state.parts;
    parts[FusedActivity::Software] += latency.software;
    parts[FusedActivity::ScaleUpLatency] += latency.scaleUp;
    parts[FusedActivity::ScaleOutLatency] += latency.scaleOut;
    parts[FusedActivity::ScaleUpEndpoint] += time[CoflowTimes::ScaleUp];
    parts[FusedActivity::ScaleOutEndpoint] += time[CoflowTimes::ScaleOut];
    parts[FusedActivity::Failure] += time[CoflowTimes::Down];
    parts[FusedActivity::LossRecovery] += time[CoflowTimes::Recovery];
    parts[FusedActivity::Congestion] += time[CoflowTimes::Fabric];
    if (time[CoflowTimes::Fabric] > state.congestion || state.phase == 0)
    {
        state.congestion = time[CoflowTimes::Fabric];
        state.culprit = times.culprit;
    }
}

void
FusedComms::OnEnd(Partition& part, const Event& event)
{
    State& state = m_states[event.entity];
    const bool last = state.phase + 1 == m_shapes[state.shape].phases.size();
    const Tick from = std::max(state.received, last ? state.acknowledged : 0);
    if (from > part.now()) // its senders' timers
    {
        const auto wait = static_cast<double>(from - part.now());
        state.parts[FusedActivity::LossRecovery] += wait;
        Schedule(part, wait, m_onEnd, event.entity);
        return;
    }
    ++state.phase;
    StartPhase(part, event.entity);
    m_engine.Drain(part);
}

/// Everybody who is there is done.
void
FusedComms::Finish(Partition& part, uint32_t index)
{
    const Meeting& meeting = m_engine.m_plan.meetings()[index];
    State& state = m_states[index];
    const Known& shape = m_shapes[state.shape];
    state.done = m_engine.ContextOf(part).store->Add(Describe(state, part.now()));
    const TaskId* tasks = m_engine.m_plan.meetingTasks(meeting);
    auto& activity = m_engine.ContextOf(part).store->fused[state.done.index()];
    activity.pipeline = m_engine.IsPipeline(tasks[0]);
    for (uint32_t m = 0; m < meeting.members; ++m)
    {
        m_engine.m_tasks[tasks[m]].scaleOut = shape.scaleOut;
        const bool receives = m_engine.m_graph.tasks()[tasks[m]].kind == TaskKind::Recv;
        if (!receives || state.arrived == meeting.members)
        {
            Complete(part, tasks[m], state.done);
        }
    }
}

void
FusedComms::Complete(Partition& part, TaskId task, ActivityRef ref)
{
    m_engine.ChangeActive(part, m_engine.m_graph.tasks()[task].rank, -1);
    m_engine.FinishTask(part, task, ref);
}

/// Parts that fill the time from the last arrival to `end`.
FusedActivity
FusedComms::Describe(const State& state, Tick end)
{
    FusedActivity activity{};
    activity.start = state.start;
    activity.end = end;
    activity.pred = state.last;
    activity.culprit = state.culprit;
    Tick left = end - state.start;
    for (size_t part = 0; part < state.parts.size(); ++part)
    {
        activity.parts[part] = std::clamp<Tick>(std::llround(state.parts[part]), 0, left);
        left -= activity.parts[part];
    }
    *std::max_element(activity.parts.begin(), activity.parts.end()) += left; // rounding
    return activity;
}

std::string
FusedComms::WhyWaits(TaskId id) const
{
    const uint32_t index = m_engine.m_plan.meetingOf(id);
    const Meeting& meeting = m_engine.m_plan.meetings()[index];
    if (m_states[index].shape != kNone)
    {
        return " is in the network";
    }
    const TaskId* tasks = m_engine.m_plan.meetingTasks(meeting);
    std::string text;
    uint32_t more = 0;
    for (uint32_t m = 0; m < meeting.members; ++m)
    {
        if (m_engine.m_tasks[tasks[m]].start >= 0)
        {
            continue;
        }
        const Rank rank = m_engine.m_graph.tasks()[tasks[m]].rank;
        text += text.empty() ? " waits for rank " + std::to_string(rank) : "";
        ++more;
    }
    text += more > 1 ? " and " + std::to_string(more - 1) + " more" : "";
    return text.empty() ? " is about to begin" : text + ", not there yet";
}

} // namespace heddle::training
