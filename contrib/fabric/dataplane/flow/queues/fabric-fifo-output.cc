// SPDX-License-Identifier: GPL-2.0-only
//
// What leaves fluid queues. Changes of one instant are applied to the input at once, and to the
// output one picosecond after the last bit that came before them has left: by then all of that
// instant have been seen, whatever the order of their events.
#include "ns3/fabric-fifo-queues.h"

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

__extension__ using Wide = __int128; // not ISO C++, which ns-3 asks for

} // namespace

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
        if (queue.server != kNowhere)
        {
            Await(part, id, queue.arrived, kNowhere);
            return queue.segments.back();
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
    Output(part, event.entity);
}

void
FifoQueues::Output(Partition& part, uint32_t id)
{
    Queue& queue = m_queues[id];
    Segment segment = std::move(queue.segments.front());
    queue.segments.pop_front();
    queue.outCapacity = segment.capacity;
    for (const auto& [use, rate] : segment.changes)
    {
        Apply(queue, use, rate);
    }
    const bool wasFull = queue.full;
    queue.full = segment.backlogged || queue.outInflow > queue.outCapacity;
    if (queue.server != kNowhere)
    {
        queue.outCapacity = queue.capacity;
        queue.full = queue.backlog > 0 || queue.inflow > queue.capacity;
    }
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
    if (queue.server != kNowhere)
    {
        Reshare(part, m_servers[queue.server].port);
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

} // namespace heddle::fabric
