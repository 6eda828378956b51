// SPDX-License-Identifier: GPL-2.0-only
//
// The ends of messages, and marked packets, on their way through fluid queues: behind what was
// there when they came.
#include "ns3/fabric-fifo-queues.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

namespace
{

constexpr double kTicksPerSecond = 1e12;
constexpr uint32_t kNowhere = ~0U;

} // namespace

uint32_t
FifoQueues::TakeMarker(uint32_t flow)
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
    marker.cookie = 0;
    marker.ahead = 0;
    marker.travelled = 0;
    marker.delays.assign(m_flows[flow].count, 0);
    marker.marked = kNowhere;
    return id;
}

void
FifoQueues::Send(Partition& part, uint32_t flow, uint64_t cookie, double ahead)
{
    const uint32_t id = TakeMarker(flow);
    m_markers[id].cookie = cookie;
    m_markers[id].ahead = ahead;
    Pass(part, id);
}

/// A packet that has left queue `use` marked, so long ago: it waits in the queues behind as long as
/// those of several classes let it.
void
FifoQueues::SendMarked(Partition& part, uint32_t use, Tick ago)
{
    const uint32_t flow = m_uses[use].flow;
    const uint32_t id = TakeMarker(flow);
    m_markers[id].hop = use + 1 - m_flows[flow].first;
    m_markers[id].travelled = ago;
    m_markers[id].marked = use;
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
        if (queue.server != FifoRooms::kNone)
        {
            wait = PassShared(part, id);
            if (wait == kForever)
            {
                return; // OnDue() goes on
            }
            continue;
        }
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
    Finish(part, id);
}

/// It is through.
void
FifoQueues::Finish(Partition& part, uint32_t id)
{
    const Marker& marker = m_markers[id];
    if (marker.marked != kNowhere)
    {
        const Use& use = m_uses[marker.marked];
        const Tick travelled = marker.travelled;
        m_freeMarkers.push_back(id);
        m_client.OnMarked(part, use.flow, use.queue, use.latency, -travelled);
        return;
    }
    std::vector<double> delays; // the client may send others, which moves m_markers
    delays.swap(m_markers[id].delays);
    m_client.OnThrough(part, marker.flow, marker.cookie, marker.travelled, delays);
    m_markers[id].delays.swap(delays); // memory is kept
    m_freeMarkers.push_back(id);
}

void
FifoQueues::OnMarker(Partition& part, const Event& event)
{
    Pass(part, event.entity);
}

/// Fetches what OnMarker() will touch.
void
FifoQueues::ForeseeMarker(const Event& event) const
{
    __builtin_prefetch(&m_markers[event.entity], 1);
    asm volatile(""); // or GCC takes this function for one without effect and drops its calls
}

void
FifoQueues::ForeseePass(const Event& event) const
{
    const Marker& marker = m_markers[event.entity];
    const Flow& flow = m_flows[marker.flow];
    if (marker.hop < flow.count)
    {
        __builtin_prefetch(&m_queues[m_uses[flow.first + marker.hop].queue], 1);
    }
    if (marker.marked == kNowhere) // else it has no cookie
    {
        m_client.Foresee(marker.flow, marker.cookie);
    }
}

} // namespace heddle::fabric
