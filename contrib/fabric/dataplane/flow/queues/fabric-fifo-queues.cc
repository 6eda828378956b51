// SPDX-License-Identifier: GPL-2.0-only
//
// What comes to fluid queues, and what waits there. What leaves: fabric-fifo-output.cc.
#include "ns3/fabric-fifo-queues.h"

#include "ns3/base-hash.h"
#include "ns3/base-prepare.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

namespace
{

constexpr double kTicksPerSecond = 1e12;
constexpr uint32_t kNowhere = ~0U;
/// Batches whose memory is kept for the next.
constexpr size_t kSpare = 256;
/// A backlog below this is rounding; bits.
constexpr double kNothing = 1;

} // namespace

FifoQueues::FifoQueues(EventCore& core, FifoClient& client)
    : m_core(core),
      m_client(client),
      m_draws(core.seed(), "flow-ecn", 0),
      m_entity(core.NewEntities()),
      m_onOutput(core.AddHandler<FifoQueues, &FifoQueues::OnOutput>(this)),
      m_onEmpty(core.AddHandler<FifoQueues, &FifoQueues::OnEmpty>(this)),
      m_onMarker(core.AddHandler<FifoQueues, &FifoQueues::OnMarker>(this)),
      m_onChanges(core.AddHandler<FifoQueues, &FifoQueues::OnChanges>(this)),
      m_onLook(core.AddHandler<FifoQueues, &FifoQueues::OnLook>(this)),
      m_onDue(core.AddHandler<FifoQueues, &FifoQueues::OnDue>(this)),
      m_onShares(core.AddHandler<FifoQueues, &FifoQueues::OnShares>(this))
{
    core.SetPrepare(m_onMarker,
                    &ForEachEvent<FifoQueues, &FifoQueues::ForeseeMarker>,
                    &ForEachEvent<FifoQueues, &FifoQueues::ForeseePass>);
}

uint32_t
FifoQueues::AddQueue(int64_t capacity, double ports)
{
    Queue queue{};
    queue.capacity = capacity;
    queue.ports = ports;
    m_queues.push_back(std::move(queue));
    return static_cast<uint32_t>(m_queues.size() - 1);
}

uint32_t
FifoQueues::AddFlow(const std::vector<Load>& path)
{
    m_flows.push_back({static_cast<uint32_t>(m_uses.size()), static_cast<uint32_t>(path.size())});
    for (size_t i = 0; i < path.size(); ++i)
    {
        Use use{};
        use.queue = path[i].queue;
        use.share = path[i].share;
        use.flow = static_cast<uint32_t>(m_flows.size() - 1);
        use.last = i + 1 == path.size();
        use.latency = path[i].latency;
        use.part = path[i].part;
        use.way = path[i].latency - (i > 0 ? path[i - 1].latency : 0);
        use.packets = m_draws.Uniform(HashCombine(m_uses.size(), 0));
        m_queues[use.queue].onward |= !use.last;
        m_uses.push_back(use);
    }
    return static_cast<uint32_t>(m_flows.size() - 1);
}

bool
FifoQueues::HasPath(uint32_t id, const std::vector<Load>& path) const
{
    const Flow& flow = m_flows[id];
    bool same = flow.count == path.size();
    for (uint32_t hop = 0; same && hop < flow.count; ++hop)
    {
        const Use& use = m_uses[flow.first + hop];
        same = use.queue == path[hop].queue && use.share == path[hop].share &&
               use.latency == path[hop].latency && use.part == path[hop].part;
    }
    return same;
}

int64_t
FifoQueues::Part(int64_t rate, uint32_t share)
{
    return share == kWhole ? rate : rate * share / kWhole;
}

void
FifoQueues::Schedule(Partition& part, Tick at, HandlerId handler, uint32_t entity, uint64_t arg)
{
    part.Insert({at, m_core.Key(m_entity, m_sequence++), arg, entity, handler, 0});
}

FifoQueues::Figures
FifoQueues::FiguresAt(const Queue& queue, Tick now)
{
    const auto span = static_cast<double>(now - queue.since);
    const auto surplus = static_cast<double>(queue.inflow - queue.capacity);
    const double before = queue.backlog;
    const double backlog = before + surplus * span / kTicksPerSecond;
    if (backlog >= kNothing)
    {
        return {backlog, queue.waited + span};
    }
    const double waited = before > 0 ? std::min(span, before * kTicksPerSecond / -surplus) : 0;
    return {0, queue.waited + waited};
}

void
FifoQueues::Update(Queue& queue, Tick now)
{
    const Figures figures = FiguresAt(queue, now);
    const auto span = static_cast<double>(now - queue.since);
    queue.arrived += static_cast<double>(queue.inflow) * span / kTicksPerSecond;
    queue.backlog = figures.backlog;
    queue.waited = figures.waited;
    queue.since = now;
}

double
FifoQueues::Backlog(const Partition& part, uint32_t id) const
{
    return FiguresAt(m_queues[id], part.now()).backlog;
}

double
FifoQueues::Pace(uint32_t id) const
{
    const Flow& flow = m_flows[id];
    double pace = 1;
    for (uint32_t hop = 0; hop < flow.count; ++hop)
    {
        const Queue& queue = m_queues[m_uses[flow.first + hop].queue];
        if (queue.inflow > queue.capacity)
        {
            const auto capacity = static_cast<double>(queue.capacity);
            pace = std::min(pace, capacity / static_cast<double>(queue.inflow));
        }
    }
    return pace;
}

Tick
FifoQueues::Waited(const Partition& part, uint32_t id) const
{
    return std::llround(FiguresAt(m_queues[id], part.now()).waited);
}

double
FifoQueues::Arrived(const Partition& part, uint32_t id) const
{
    const Queue& queue = m_queues[id];
    const auto span = static_cast<double>(part.now() - queue.since);
    return queue.arrived + static_cast<double>(queue.inflow) * span / kTicksPerSecond;
}

Tick
FifoQueues::Delay(const Partition& part, uint32_t queue) const
{
    const auto capacity = static_cast<double>(m_queues[queue].capacity);
    return std::llround(Backlog(part, queue) * kTicksPerSecond / capacity);
}

void
FifoQueues::SetInflow(Partition&, uint32_t flow, int64_t rate)
{
    if (m_flows[flow].count > 0)
    {
        Tell(m_flows[flow].first, rate);
    }
}

/// The flow will come to the queue at another rate.
void
FifoQueues::Tell(uint32_t id, int64_t rate)
{
    Use& use = m_uses[id];
    const auto same = std::find_if(m_open.begin(),
                                   m_open.end(),
                                   [&](uint32_t b) { return m_batches[b].way == use.way; });
    uint32_t batch = same == m_open.end() ? kNowhere : *same;
    if (batch == kNowhere)
    {
        if (m_freeBatches.empty())
        {
            m_freeBatches.push_back(static_cast<uint32_t>(m_batches.size()));
            m_batches.emplace_back();
        }
        batch = m_freeBatches.back();
        m_freeBatches.pop_back();
        m_batches[batch].way = use.way;
        m_open.push_back(batch);
    }
    m_batches[batch].entries.push_back({id, ++use.told, rate});
}

void
FifoQueues::Commit(Partition& part)
{
    for (const uint32_t batch : m_open)
    {
        Schedule(part, part.now() + m_batches[batch].way, m_onChanges, batch, 0);
    }
    m_open.clear();
}

void
FifoQueues::OnChanges(Partition& part, const Event& event)
{
    m_arriving.swap(m_batches[event.entity].entries);
    for (const Batch::Entry& entry : m_arriving)
    {
        Use& use = m_uses[entry.use];
        if (entry.number >
            use.heard) // else one of the same instant that was told later is in force
        {
            use.heard = entry.number;
            Change(part, entry.use, entry.rate);
        }
    }
    m_arriving.clear();
    if (m_freeBatches.size() >= kSpare)
    {
        m_arriving.shrink_to_fit();
    }
    m_arriving.swap(m_batches[event.entity].entries);
    m_freeBatches.push_back(event.entity);
}

void
FifoQueues::SetCapacity(Partition& part, uint32_t id, int64_t capacity)
{
    Queue& queue = m_queues[id];
    if (queue.server != kNowhere)
    {
        Port& port = m_sharedPorts[m_servers[queue.server].port];
        if (port.capacity != capacity)
        {
            port.capacity = capacity;
            Reshare(part, m_servers[queue.server].port);
        }
        return;
    }
    if (queue.capacity == capacity)
    {
        return;
    }
    Update(queue, part.now());
    queue.capacity = capacity;
    if (m_rooms != nullptr)
    {
        m_rooms->Resize(part, id);
    }
    OpenSegment(part, id).capacity = capacity;
    PredictEmpty(part, id);
}

/// The flow comes at another rate from now on.
void
FifoQueues::Change(Partition& part, uint32_t id, int64_t rate)
{
    Use& use = m_uses[id];
    if (use.in == rate)
    {
        return;
    }
    Queue& queue = m_queues[use.queue];
    Update(queue, part.now());
    const int64_t delta = Part(rate, use.share) - Part(use.in, use.share);
    queue.inflow += delta;
    use.in = rate;
    if (use.part != FifoRooms::kNone)
    {
        m_rooms->Arrive(part, use.part, delta);
    }
    if (queue.server != kNowhere)
    {
        Reshare(part, m_servers[queue.server].port);
    }
    if (queue.onward || m_marking)
    {
        OpenSegment(part, use.queue).changes.emplace_back(id, rate);
        PredictEmpty(part, use.queue);
    }
    if (m_marking)
    {
        PredictMarks(part, use.queue);
    }
}

} // namespace heddle::fabric
