// SPDX-License-Identifier: GPL-2.0-only
//
// ECN marks of fluid queues. A packet that leaves is marked by what stays behind it, as at packet
// level: with probability 0 up to kmin, rising to pmax at kmax, 1 above. Which packets leave
// follows from the rates of the output; of those that leave a queue of a flow within one look, the
// first that is marked is told: receivers answer one in microseconds.
#include "ns3/fabric-fifo-queues.h"

#include "ns3/base-hash.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

namespace
{

constexpr double kTicksPerSecond = 1e12;
/// About 12 full packets at 400 Gb/s; well below the time between two notifications.
constexpr Tick kLook = 1'000'000;
/// Further ahead than a run lasts; ps.
constexpr double kNeverAgain = 1e15;

} // namespace

void
FifoQueues::SetMarking(const Marking& marking)
{
    m_marking = marking;
}

/// When the backlog passes kmin, if nothing changes.
void
FifoQueues::PredictMarks(Partition& part, uint32_t id)
{
    Queue& queue = m_queues[id];
    const double kmin = m_marking->kmin * queue.ports;
    if (queue.inflow <= queue.capacity && queue.backlog <= kmin)
    {
        return;
    }
    const auto surplus = static_cast<double>(queue.inflow - queue.capacity);
    const double wait =
        queue.backlog >= kmin ? 0 : (kmin - queue.backlog) * kTicksPerSecond / surplus;
    if (wait > kNeverAgain)
    {
        return;
    }
    const Tick at = part.now() + std::llround(wait) + kLook;
    if (at < queue.lookAt)
    {
        queue.lookAt = at;
        Schedule(part, at, m_onLook, id, 0);
    }
}

void
FifoQueues::OnLook(Partition& part, const Event& event)
{
    const uint32_t id = event.entity;
    Queue& queue = m_queues[id];
    if (event.time != queue.lookAt)
    {
        return; // there was an earlier one
    }
    queue.lookAt = kForever;
    Update(queue, part.now());
    const double kmin = m_marking->kmin * queue.ports;
    const double kmax = m_marking->kmax * queue.ports;
    if (queue.backlog <= kmin)
    {
        PredictMarks(part, id);
        return;
    }
    const double probability =
        queue.backlog > kmax ? 1 : m_marking->pmax * (queue.backlog - kmin) / (kmax - kmin);
    const auto turn = static_cast<double>(kLook) / kTicksPerSecond / m_packet;
    for (const uint32_t use : queue.members)
    {
        Look(part, queue, use, probability, turn);
    }
    queue.lookAt = part.now() + kLook;
    Schedule(part, queue.lookAt, m_onLook, id, 0);
}

/// `turn`: packets that a flow of 1 bit/s sends between two looks.
void
FifoQueues::Look(Partition& part, const Queue& queue, uint32_t id, double probability, double turn)
{
    Use& use = m_uses[id];
    const double leaving = static_cast<double>(Part(Leaving(queue, use), use.share)) * turn;
    const double before = use.packets;
    const double whole = std::floor(before + leaving);
    use.packets = before + leaving - whole;
    if (whole < 1)
    {
        return;
    }
    double first = 1; // of the packets since the latest look
    if (probability < 1)
    {
        const auto look = static_cast<uint64_t>(part.now());
        const double draw = m_draws.Uniform(HashCombine(id + 1, look));
        first += std::floor(std::log(draw) / std::log1p(-probability));
    }
    if (first > whole)
    {
        return;
    }
    // It left when so much of the time between the looks had gone by.
    const double since = 1 - (first - before) / leaving;
    const Tick ago = std::llround(since * static_cast<double>(kLook));
    if (!use.last && !m_sharedPorts.empty())
    {
        SendMarked(part, id, ago);
        return;
    }
    m_client.OnMarked(part, use.flow, use.queue, use.latency, WaitsBehind(part, id) - ago);
}

/// In the queues behind this one, as they are; of ports of one class.
Tick
FifoQueues::WaitsBehind(const Partition& part, uint32_t id) const
{
    Tick waits = 0;
    while (!m_uses[id].last)
    {
        waits += Delay(part, m_uses[++id].queue);
    }
    return waits;
}

} // namespace heddle::fabric
