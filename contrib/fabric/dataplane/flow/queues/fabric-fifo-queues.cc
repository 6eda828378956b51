// SPDX-License-Identifier: GPL-2.0-only
//
// Changes of one instant are applied to the input at once, and to the output one picosecond after
// the last bit that came before them has left: by then all of that instant have been seen, whatever
// the order of their events.
#include "ns3/fabric-fifo-queues.h"

#include "ns3/base-hash.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

namespace
{

constexpr double kTicksPerSecond = 1e12;
constexpr uint32_t kNowhere = ~0U;
/// Inflow a few bits/s below what the port carries: rounding, it does not empty; ps.
constexpr double kNeverAgain = 1e15;
/// Lists of changes whose memory is kept for the next.
constexpr size_t kSpare = 256;
/// A backlog below this is rounding; bits.
constexpr double kNothing = 1;

__extension__ using Wide = __int128; // not ISO C++, which ns-3 asks for

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
      m_onLook(core.AddHandler<FifoQueues, &FifoQueues::OnLook>(this))
{
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

void
FifoQueues::Update(Queue& queue, Tick now) const
{
    const auto span = static_cast<double>(now - queue.since);
    const auto surplus = static_cast<double>(queue.inflow - queue.capacity);
    queue.since = now;
    queue.arrived += static_cast<double>(queue.inflow) * span / kTicksPerSecond;
    const double before = queue.backlog;
    queue.backlog = before + surplus * span / kTicksPerSecond;
    if (queue.backlog >= kNothing)
    {
        queue.waited += span;
        return;
    }
    queue.backlog = 0;
    queue.waited += before > 0 ? std::min(span, before * kTicksPerSecond / -surplus) : 0;
}

/// Without its flows.
FifoQueues::Queue
FifoQueues::FiguresNow(const Partition& part, uint32_t id) const
{
    Queue copy{};
    const Queue& queue = m_queues[id];
    copy.capacity = queue.capacity;
    copy.inflow = queue.inflow;
    copy.backlog = queue.backlog;
    copy.since = queue.since;
    copy.waited = queue.waited;
    Update(copy, part.now());
    return copy;
}

double
FifoQueues::Backlog(const Partition& part, uint32_t id) const
{
    return FiguresNow(part, id).backlog;
}

double
FifoQueues::Pace(uint32_t id) const
{
    const Flow& flow = m_flows[id];
    double pace = 1;
    for (uint32_t hop = 0; hop < flow.count; ++hop)
    {
        const Queue& queue = m_queues[m_uses[flow.first + hop].queue];
        const auto capacity = static_cast<double>(queue.capacity);
        pace = std::min(pace, capacity / std::max(1.0, static_cast<double>(queue.inflow)));
    }
    return pace;
}

Tick
FifoQueues::Waited(const Partition& part, uint32_t id) const
{
    return std::llround(FiguresNow(part, id).waited);
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

/// What is different from now on; leaves behind everything that is there.
FifoQueues::Segment&
FifoQueues::OpenSegment(Partition& part, uint32_t id)
{
    Queue& queue = m_queues[id];
    if (queue.segments.empty() || queue.segments.back().at != part.now())
    {
        queue.segments.push_back({part.now(), queue.backlog > 0, queue.capacity, {}});
        if (!m_spareChanges.empty())
        {
            queue.segments.back().changes.swap(m_spareChanges.back());
            m_spareChanges.pop_back();
        }
        const double wait = queue.backlog * kTicksPerSecond / static_cast<double>(queue.capacity);
        Schedule(part, part.now() + std::llround(wait) + 1, m_onOutput, id, 0);
    }
    return queue.segments.back();
}

void
FifoQueues::PredictEmpty(Partition& part, uint32_t id)
{
    Queue& queue = m_queues[id];
    queue.emptyAt = kForever;
    if (queue.backlog > 0 && queue.inflow < queue.capacity)
    {
        const double wait =
            queue.backlog * kTicksPerSecond / static_cast<double>(queue.capacity - queue.inflow);
        if (wait < kNeverAgain)
        {
            // After the segments that came before.
            queue.emptyAt = part.now() + std::llround(wait) + 2;
            ArmEmpty(part, id);
        }
    }
}

void
FifoQueues::ArmEmpty(Partition& part, uint32_t id)
{
    Queue& queue = m_queues[id];
    if (queue.emptyAt < queue.armed)
    {
        queue.armed = queue.emptyAt;
        Schedule(part, queue.armed, m_onEmpty, id, 0);
    }
}

void
FifoQueues::Apply(Queue& queue, uint32_t id, int64_t rate)
{
    Use& use = m_uses[id];
    queue.outInflow += Part(rate, use.share) - Part(use.out, use.share);
    use.out = rate;
    if (rate > 0 && use.position == kNowhere)
    {
        use.position = static_cast<uint32_t>(queue.members.size());
        queue.members.push_back(id);
    }
    else if (rate == 0 && use.position != kNowhere)
    {
        queue.members[use.position] = queue.members.back();
        m_uses[queue.members.back()].position = use.position;
        queue.members.pop_back();
        use.position = kNowhere;
    }
}

int64_t
FifoQueues::Leaving(const Queue& queue, const Use& use) const
{
    if (!queue.full || queue.outInflow == 0)
    {
        return use.out;
    }
    return static_cast<int64_t>(Wide{use.out} * queue.outCapacity / queue.outInflow);
}

void
FifoQueues::OnOutput(Partition& part, const Event& event)
{
    Queue& queue = m_queues[event.entity];
    Segment segment = std::move(queue.segments.front());
    queue.segments.pop_front();
    queue.outCapacity = segment.capacity;
    for (const auto& [use, rate] : segment.changes)
    {
        Apply(queue, use, rate);
    }
    const bool wasFull = queue.full;
    queue.full = segment.backlogged || queue.outInflow > queue.outCapacity;
    for (const auto& [use, rate] : segment.changes)
    {
        if (queue.onward)
        {
            PassOn(queue, use);
        }
    }
    if (queue.onward && (wasFull || queue.full))
    {
        PassOn(queue);
    }
    if (m_spareChanges.size() < kSpare)
    {
        segment.changes.clear();
        m_spareChanges.push_back(std::move(segment.changes));
    }
    Commit(part);
}

void
FifoQueues::OnEmpty(Partition& part, const Event& event)
{
    Queue& queue = m_queues[event.entity];
    if (event.time != queue.armed)
    {
        return; // there was an earlier one
    }
    queue.armed = kForever;
    if (queue.emptyAt > part.now())
    {
        ArmEmpty(part, event.entity);
        return;
    }
    if (queue.segments.empty() && queue.full)
    {
        queue.full = false;
        PassOn(queue);
        Commit(part);
    }
}

/// New rates for the queues behind.
void
FifoQueues::PassOn(const Queue& queue)
{
    for (const uint32_t use : queue.members)
    {
        PassOn(queue, use);
    }
}

void
FifoQueues::PassOn(const Queue& queue, uint32_t id)
{
    Use& use = m_uses[id];
    const int64_t rate = Leaving(queue, use);
    if (!use.last && rate != use.passed)
    {
        use.passed = rate;
        Tell(id + 1, rate);
    }
}

void
FifoQueues::Send(Partition& part, uint32_t flow, uint64_t cookie, double ahead)
{
    if (m_freeMarkers.empty())
    {
        m_freeMarkers.push_back(static_cast<uint32_t>(m_markers.size()));
        m_markers.emplace_back();
    }
    const uint32_t id = m_freeMarkers.back();
    m_freeMarkers.pop_back();
    Marker& marker = m_markers[id];
    marker.flow = flow;
    marker.hop = 0;
    marker.there = false;
    marker.cookie = cookie;
    marker.ahead = ahead;
    marker.travelled = 0;
    marker.delays.assign(m_flows[flow].count, 0);
    Pass(part, id);
}

/// Onwards, through queues that are empty and ways of no length at once.
void
FifoQueues::Pass(Partition& part, uint32_t id)
{
    Marker& marker = m_markers[id];
    const Flow& flow = m_flows[marker.flow];
    Tick wait = 0;
    while (marker.hop < flow.count && wait == 0)
    {
        const Use& use = m_uses[flow.first + marker.hop];
        if (!marker.there)
        {
            marker.there = true;
            wait = use.way;
            marker.travelled += use.way;
            continue;
        }
        const Queue& queue = m_queues[use.queue];
        const auto capacity = static_cast<double>(queue.capacity);
        // As many links bring packets of others at full rate as their rates make up.
        const auto others = static_cast<double>(queue.inflow - Part(use.in, use.share));
        const double behind = marker.ahead * m_packet * std::max(0.0, others / capacity);
        const double before = std::max(0.0, Backlog(part, use.queue) - behind);
        const double delay = before * kTicksPerSecond / capacity;
        wait = std::llround(delay);
        marker.delays[marker.hop++] = delay;
        marker.there = false;
    }
    if (wait > 0)
    {
        Schedule(part, part.now() + wait, m_onMarker, id, 0);
        return;
    }
    std::vector<double> delays; // the client may send others, which moves m_markers
    delays.swap(marker.delays);
    m_client.OnThrough(part, marker.flow, marker.cookie, marker.travelled, delays);
    m_markers[id].delays.swap(delays); // memory is kept
    m_freeMarkers.push_back(id);
}

void
FifoQueues::OnMarker(Partition& part, const Event& event)
{
    Pass(part, event.entity);
}

} // namespace heddle::fabric
