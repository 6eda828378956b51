// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-fifo-rooms.h"

#include "ns3/fabric-fifo-queues.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

namespace
{

/// While no threshold is near.
constexpr Tick kRareLook = 50'000'000;
/// What waits above or below a threshold settles in this part of the time that fills the memory:
/// as quickly as a pause acts at least (about 2 us from cause to effect), and often enough; ps.
constexpr double kPartOfFilling = 0.25;
constexpr double kFastest = 4e6;
constexpr double kSlowest = 20e6;
/// Of a link's rate: smaller changes are not told.
constexpr double kTold = 0.02;
/// Of the memory at which the first pause is possible.
constexpr double kNear = 0.9;
/// Bits that do not count.
constexpr double kNothing = 1;

} // namespace

FifoRooms::FifoRooms(EventCore& core, const FifoQueues& queues, RoomClient& client)
    : m_core(core),
      m_fifo(queues),
      m_client(client),
      m_entity(core.NewEntities()),
      m_onLook(core.AddHandler<FifoRooms, &FifoRooms::OnLook>(this))
{
}

uint32_t
FifoRooms::AddRoom(const Memory& memory, double fill)
{
    Room room{};
    room.memory = memory;
    room.fill = fill;
    const double filling = memory.pool * 1e12 / fill;
    room.settling = std::clamp(kPartOfFilling * filling, kFastest, kSlowest);
    m_rooms.push_back(std::move(room));
    return static_cast<uint32_t>(m_rooms.size() - 1);
}

void
FifoRooms::AddQueue(uint32_t id, const std::vector<std::pair<uint32_t, double>>& shares)
{
    m_queues.resize(std::max<size_t>(m_queues.size(), id + 1));
    Queue& queue = m_queues[id];
    queue.rooms = shares;
    for (const auto& [room, share] : shares)
    {
        m_rooms[room].queues.emplace_back(id, share);
        queue.asleep |= m_rooms[room].asleep;
    }
}

uint32_t
FifoRooms::AddIngress(const std::vector<uint32_t>& rooms, int64_t rate)
{
    Ingress ingress{};
    ingress.rooms = rooms;
    ingress.rate = rate;
    m_rooms[rooms[0]].ingresses.push_back(static_cast<uint32_t>(m_ingresses.size()));
    m_ingresses.push_back(std::move(ingress));
    return static_cast<uint32_t>(m_ingresses.size() - 1);
}

uint32_t
FifoRooms::PartOf(uint32_t queue, uint32_t ingress)
{
    for (const uint32_t id : m_queues[queue].parts)
    {
        if (m_parts[id].ingress == ingress)
        {
            return id;
        }
    }
    const auto id = static_cast<uint32_t>(m_parts.size());
    Part part{};
    part.queue = queue;
    part.ingress = ingress;
    m_parts.push_back(part);
    m_queues[queue].parts.push_back(id);
    if (ingress != kNone)
    {
        m_ingresses[ingress].parts.push_back(id);
    }
    return id;
}

void
FifoRooms::Wake(Partition& part, uint32_t queue)
{
    m_queues[queue].asleep = false;
    for (const auto& [id, share] : m_queues[queue].rooms)
    {
        Room& room = m_rooms[id];
        if (!room.asleep)
        {
            continue;
        }
        room.asleep = false;
        part.Insert({part.now() + 1, m_core.Key(m_entity, m_sequence++), 0, id, m_onLook, 0});
    }
}

/// Which of its parts make up what waits there.
void
FifoRooms::LookAtQueue(const Partition& part, uint32_t id)
{
    Queue& queue = m_queues[id];
    if (queue.lookedAt == part.now())
    {
        return; // for another of its rooms
    }
    queue.lookedAt = part.now();
    queue.backlog = m_fifo.Backlog(part, id);
    Note now{0, {}};
    if (queue.backlog < kNothing)
    {
        queue.notes.clear();
    }
    for (const uint32_t p : queue.parts)
    {
        Settle(m_parts[p], part.now());
        m_parts[p].waiting = 0;
        now.total += m_parts[p].arrived;
        now.arrived.push_back(m_parts[p].arrived);
    }
    queue.notes.push_back(std::move(now));
    if (queue.backlog < kNothing)
    {
        return;
    }
    const double left = queue.notes.back().total - queue.backlog;
    while (queue.notes.size() > 2 && queue.notes[1].total <= left)
    {
        queue.notes.pop_front();
    }
    const Note& before = queue.notes.front();
    const Note& after = queue.notes[std::min<size_t>(1, queue.notes.size() - 1)];
    const double span = after.total - before.total;
    const double way = span > 0 ? std::clamp((left - before.total) / span, 0.0, 1.0) : 0;
    for (size_t n = 0; n < queue.parts.size(); ++n)
    {
        // A part that came later than a note had not arrived then.
        const double a = n < before.arrived.size() ? before.arrived[n] : 0;
        const double b = n < after.arrived.size() ? after.arrived[n] : 0;
        m_parts[queue.parts[n]].waiting = queue.notes.back().arrived[n] - a - way * (b - a);
    }
}

/// Bits that wait in the room.
double
FifoRooms::UsedOf(const Partition& part, uint32_t id)
{
    Room& room = m_rooms[id];
    if (room.lookedAt == part.now())
    {
        return room.used;
    }
    room.lookedAt = part.now();
    room.used = 0;
    for (const auto& [queue, share] : room.queues)
    {
        const Queue& q = m_queues[queue];
        room.used += share * (q.lookedAt == part.now() ? q.backlog : m_fifo.Backlog(part, queue));
    }
    return room.used;
}

void
FifoRooms::OnLook(Partition& part, const Event& event)
{
    Room& room = m_rooms[event.entity];
    for (const auto& [queue, share] : room.queues)
    {
        LookAtQueue(part, queue);
    }
    const double used = UsedOf(part, event.entity);
    bool holds = false;
    for (const uint32_t ingress : room.ingresses)
    {
        holds |= Hold(part, ingress);
    }
    const bool grows = std::any_of(room.queues.begin(),
                                   room.queues.end(),
                                   [this](const auto& queue) { return m_fifo.Grows(queue.first); });
    if (used < kNothing && !grows && !holds)
    {
        room.asleep = true;
        for (const auto& [queue, share] : room.queues)
        {
            m_queues[queue].asleep = true;
        }
        return;
    }
    // No link's part can be more than all.
    const double first = room.memory.pool * room.memory.alpha / (1 + room.memory.alpha);
    const double until = (kNear * first - used) * 1e12 / room.fill;
    const auto rest = static_cast<Tick>(std::min<double>(kRareLook, std::max(0.0, until)));
    const auto soon = static_cast<Tick>(room.settling / 2);
    part.Insert({part.now() + (holds ? soon : std::max(soon, rest)),
                 m_core.Key(m_entity, m_sequence++),
                 0,
                 event.entity,
                 m_onLook,
                 0});
}

/// Whether its sender is held back from now on.
bool
FifoRooms::Hold(Partition& part, uint32_t id)
{
    Ingress& ingress = m_ingresses[id];
    double arrived = 0;
    double waiting = 0;
    double most = -1;
    uint32_t culprit = kNone;
    for (const uint32_t p : ingress.parts)
    {
        const Part& each = m_parts[p];
        arrived += each.arrived + static_cast<double>(each.rate) *
                                      static_cast<double>(part.now() - each.since) * 1e-12;
        waiting += each.waiting;
        if (each.waiting > most)
        {
            most = each.waiting;
            culprit = each.queue;
        }
    }
    const double brought = arrived - ingress.arrived;
    const double grown = waiting - ingress.waiting;
    const auto span = static_cast<double>(part.now() - ingress.lookedAt);
    ingress.arrived = arrived;
    ingress.waiting = waiting;
    const bool anew = ingress.lookedAt < 0;
    ingress.lookedAt = part.now();
    if (anew || span <= 0)
    {
        return ingress.held != kFree;
    }
    double threshold = 0;
    for (const uint32_t room : ingress.rooms)
    {
        const Memory& memory = m_rooms[room].memory;
        threshold += memory.alpha * std::max(0.0, memory.pool - UsedOf(part, room));
    }
    const double drain = std::max(0.0, brought - grown) * 1e12 / span;
    const auto rate = static_cast<double>(ingress.rate);
    const double settling = m_rooms[ingress.rooms[0]].settling;
    const double room = (threshold - waiting) * 1e12 / settling;
    const double held = std::max(0.0, drain + room);
    const bool free = waiting < kNothing || held >= rate;
    const double before = ingress.held == kFree ? rate : static_cast<double>(ingress.held);
    if (free ? ingress.held != kFree : std::abs(held - before) > kTold * rate)
    {
        ingress.held = free ? kFree : static_cast<int64_t>(held);
        m_client.OnHeldBack(part, id, ingress.held, culprit);
    }
    return ingress.held != kFree;
}

} // namespace heddle::fabric
