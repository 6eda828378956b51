// SPDX-License-Identifier: GPL-2.0-only
//
// Ports that serve several classes, a queue for each, as the packet level's scheduler does it:
// strict ones first, higher before lower; what they leave goes to the others by weight (deficit
// round robin), as far as they have something to send.
//
// So a queue's capacity changes while bits wait there. They leave by count: what came when so much
// had arrived leaves when so much has left.
//
// Packets are not interrupted: what finds its own queue empty waits for the rest of a packet of
// another class, or of the turn of a weighted one, drawn.
#include "ns3/base-hash.h"
#include "ns3/fabric-fifo-queues.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

namespace
{

constexpr double kTicksPerSecond = 1e12;
constexpr uint32_t kNowhere = ~0U;
/// Further ahead than a run lasts; ps.
constexpr double kNeverAgain = 1e15;
/// A difference below this is rounding; bits.
constexpr double kNothing = 1;

} // namespace

uint32_t
FifoQueues::AddQueues(int64_t capacity, double ports, const std::vector<ClassTurn>& turns)
{
    const auto first = static_cast<uint32_t>(m_queues.size());
    const auto port = static_cast<uint32_t>(m_sharedPorts.size());
    m_sharedPorts.push_back({capacity, static_cast<uint32_t>(m_servers.size()), turns, false});
    for (size_t c = 0; c < turns.size(); ++c)
    {
        Server server{};
        server.queue = AddQueue(0, ports);
        server.port = port;
        m_queues[server.queue].server = static_cast<uint32_t>(m_servers.size());
        m_servers.push_back(std::move(server));
    }
    return first;
}

/// Something has changed at one of the port's queues, which is up to date.
void
FifoQueues::Reshare(Partition& part, uint32_t id)
{
    Port& port = m_sharedPorts[id];
    m_wanted.clear();
    for (uint32_t n = 0; n < port.turns.size(); ++n)
    {
        Queue& queue = m_queues[m_servers[port.first + n].queue];
        Update(queue, part.now());
        m_wanted.push_back(queue.backlog > 0 ? kWantsAll : queue.inflow);
    }
    ShareByTurn(port.capacity, port.turns, m_wanted, m_shares);
    if (Adopt(part, port) && !port.telling)
    {
        port.telling = true;
        Schedule(part, part.now() + 1, m_onShares, id, 0);
    }
}

/// m_shares. Whether somebody behind the port has to hear of it.
bool
FifoQueues::Adopt(Partition& part, const Port& port)
{
    bool heard = false;
    for (uint32_t n = 0; n < port.turns.size(); ++n)
    {
        const uint32_t id = m_servers[port.first + n].queue;
        Queue& queue = m_queues[id];
        const bool changes = queue.capacity != m_shares[n];
        queue.capacity = m_shares[n];
        PredictEmpty(part, id);
        if (!changes)
        {
            continue;
        }
        heard |= queue.onward || m_marking.has_value();
        ArmServer(part, port.first + n);
        if (m_rooms != nullptr && Grows(id))
        {
            m_rooms->Resize(part, id);
        }
        if (m_marking)
        {
            PredictMarks(part, id);
        }
    }
    return heard;
}

/// All changes of the instant before are in.
void
FifoQueues::OnShares(Partition& part, const Event& event)
{
    Port& port = m_sharedPorts[event.entity];
    port.telling = false;
    for (uint32_t n = 0; n < port.turns.size(); ++n)
    {
        Queue& queue = m_queues[m_servers[port.first + n].queue];
        Update(queue, part.now());
        const bool wasFull = queue.full;
        queue.outCapacity = queue.capacity;
        queue.full = queue.backlog > 0 || Grows(m_servers[port.first + n].queue);
        if (queue.onward && (wasFull || queue.full))
        {
            PassOn(queue);
        }
    }
    Commit(part);
}

/// Bits that have to leave before so many have.
double
FifoQueues::Left(const Queue& queue, double target)
{
    return target - (queue.arrived - queue.backlog);
}

/// The queue is up to date.
void
FifoQueues::Await(Partition& part, uint32_t id, double target, uint32_t marker)
{
    const uint32_t server = m_queues[id].server;
    std::deque<Server::Item>& items = m_servers[server].items;
    auto at = items.end();
    while (at != items.begin() && (at - 1)->target > target)
    {
        --at;
    }
    const bool first = at == items.begin();
    items.insert(at, {target, part.now(), marker});
    if (first)
    {
        ArmServer(part, server);
    }
}

/// The queue is up to date.
void
FifoQueues::ArmServer(Partition& part, uint32_t id)
{
    Server& server = m_servers[id];
    Tick due = kForever;
    if (!server.items.empty())
    {
        const Server::Item& item = server.items.front();
        const Queue& queue = m_queues[server.queue];
        const double left = Left(queue, item.target);
        const double wait = left * kTicksPerSecond / static_cast<double>(queue.capacity);
        // Later, if not all has left yet: a bit of a fast port takes less than 1 ps.
        const double later = left < kNothing ? 0 : std::ceil(wait);
        // Segments after all changes of their instant, and after what came before them.
        const Tick after = item.marker == kNowhere ? 1 : 0;
        due = later < kNeverAgain ? part.now() + std::llround(later) + after : kForever;
    }
    if (due != server.due)
    {
        server.due = due;
        if (due != kForever)
        {
            Schedule(part, due, m_onDue, id, 0);
        }
    }
}

void
FifoQueues::OnDue(Partition& part, const Event& event)
{
    const uint32_t id = event.entity;
    if (event.time != m_servers[id].due)
    {
        return; // it is another time by now
    }
    m_servers[id].due = kForever;
    const uint32_t queue = m_servers[id].queue;
    Update(m_queues[queue], part.now());
    while (!m_servers[id].items.empty())
    {
        const Server::Item item = m_servers[id].items.front();
        const bool now = item.marker != kNowhere || item.since < part.now();
        if (!now || Left(m_queues[queue], item.target) >= kNothing)
        {
            break;
        }
        m_servers[id].items.pop_front();
        if (item.marker == kNowhere)
        {
            Output(part, queue);
            continue;
        }
        Marker& marker = m_markers[item.marker];
        marker.delays[marker.hop++] = static_cast<double>(part.now() - item.since);
        marker.there = false;
        Pass(part, item.marker);
    }
    ArmServer(part, id);
}

/// A marker at such a queue: for how long it waits, kForever: until OnDue().
Tick
FifoQueues::PassShared(Partition& part, uint32_t id)
{
    Marker& marker = m_markers[id];
    const uint32_t u = m_flows[marker.flow].first + marker.hop;
    const Use& use = m_uses[u];
    Queue& queue = m_queues[use.queue];
    Update(queue, part.now());
    const auto capacity = static_cast<double>(m_sharedPorts[m_servers[queue.server].port].capacity);
    const auto others = static_cast<double>(queue.inflow - Part(use.in, use.share));
    const double behind = marker.ahead * m_packet * std::max(0.0, others / capacity);
    const double target = queue.arrived - std::min(behind, queue.backlog);
    if (Left(queue, target) >= kNothing)
    {
        Await(part, use.queue, target, id);
        return kForever;
    }
    const double delay = queue.backlog > 0 ? 0 : Blocked(part, u);
    marker.delays[marker.hop++] = delay;
    marker.there = false;
    return std::llround(delay);
}

/// By packets of other classes that have begun, where nothing of its own waits; ps.
double
FifoQueues::Blocked(const Partition& part, uint32_t use) const
{
    const uint32_t own = m_queues[m_uses[use].queue].server;
    const Server& server = m_servers[own];
    const Port& port = m_sharedPorts[server.port];
    const auto capacity = static_cast<double>(port.capacity);
    double packets = 0;
    const ClassTurn& turn = port.turns[own - port.first];
    for (uint32_t n = 0; n < port.turns.size(); ++n)
    {
        if (port.first + n == own)
        {
            continue;
        }
        const ClassTurn& other = port.turns[n];
        const Queue& queue = m_queues[m_servers[port.first + n].queue];
        const uint32_t several = other.level == 0 && turn.level == 0 ? other.weight : 1;
        packets += queue.backlog > 0 ? several : static_cast<double>(queue.inflow) / capacity;
    }
    const double most = turn.level > 0 ? std::min(1.0, packets) : packets;
    const auto time = static_cast<uint64_t>(part.now());
    const double slot = m_packet * m_queues[server.queue].ports * kTicksPerSecond / capacity;
    return most > 0 ? most * slot * m_draws.Uniform(HashCombine(~uint64_t{use}, time)) : 0;
}

} // namespace heddle::fabric
