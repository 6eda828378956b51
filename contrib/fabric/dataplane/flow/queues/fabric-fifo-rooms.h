// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-fifo-rooms.h
// -------------------------
// The memory of switches behind fluid queues (fabric-fifo-queues.h), and how it holds senders back:
// priority flow control of fluids.
//
//   FifoRooms rooms(core, queues, client);
//   uint32_t room = rooms.AddRoom(memory, fill);                  // a switch
//   rooms.AddQueue(queue, {{room, 1}});                           // one of its ports
//   uint32_t in = rooms.AddIngress({room}, rate);                 // a link into it
//   uint32_t part = rooms.PartOf(queue, in);                      // what came that way
//   rooms.Arrive(part, delta);                                    // its rate changes
//   → client.OnHeldBack(in, rate)
//
// A switch asks the sender at the other end of a link to pause when what came over that link and
// waits exceeds alpha · (pool − all that waits) (fabric-buffer.h), and to go on a little below. On
// average the sender then sends what leaves: here it is given that rate, with a correction that
// keeps what waits at the threshold,
//
//   drain + (threshold − waiting) / settling,
//
// as long as that is less than its link's rate. All that it sends over the link gets its part of
// that, to idle ports too: messages wait behind others' (head-of-line blocking).
//
// How much of a backlog came over which link: a queue is first come, first served, so that it holds
// the latest of what arrived. Arrivals are noted when a room is looked at: rarely, or half the
// settling time apart when a threshold is near.
//
// Deviations: the mean over pauses, not pauses; XOFF, XON and the headroom between them (tens of
// kilobytes) count as the threshold; NICs alone are held back, not ports between switches. Where
// nearly every port pauses, senders are held back by some 5 % more than packets are.

#ifndef HEDDLE_FABRIC_FIFO_ROOMS_H
#define HEDDLE_FABRIC_FIFO_ROOMS_H

#include "ns3/base-event-core.h"

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace heddle::fabric
{

class FifoQueues;

class RoomClient
{
  public:
    virtual ~RoomClient() = default;
    /// So many bits/s may leave for that link from now on; kFree: as many as it carries. Most of
    /// what came over it waits in `queue`.
    virtual void OnHeldBack(Partition& part, uint32_t ingress, int64_t rate, uint32_t queue) = 0;
};

class FifoRooms
{
  public:
    static constexpr int64_t kFree = INT64_MAX;
    static constexpr uint32_t kNone = ~0U;

    struct Memory
    {
        double pool; ///< bits, without headroom
        double alpha;
    };

    FifoRooms(EventCore& core, const FifoQueues& queues, RoomClient& client);
    FifoRooms(const FifoRooms&) = delete;
    FifoRooms& operator=(const FifoRooms&) = delete;

    /// `fill`: bits/s that its links bring together at most.
    uint32_t AddRoom(const Memory& memory, double fill);

    /// Of a queue of several switches' ports: the share of each.
    void AddQueue(uint32_t queue, const std::vector<std::pair<uint32_t, double>>& shares);

    /// Links that go together, by the room that each leads to; bits/s of all.
    uint32_t AddIngress(const std::vector<uint32_t>& rooms, int64_t rate);

    /// What comes to the queue over those links; kNone: over others.
    uint32_t PartOf(uint32_t queue, uint32_t ingress);

    /// … changes by so many bits/s.
    void Arrive(Partition& part, uint32_t id, int64_t delta)
    {
        Part& p = m_parts[id];
        Settle(p, part.now());
        p.rate += delta;
        if (delta > 0 && m_queues[p.queue].asleep)
        {
            Wake(part, p.queue);
        }
    }

    /// The queue carries more or less from now on.
    void Resize(Partition& part, uint32_t queue)
    {
        if (queue < m_queues.size() && m_queues[queue].asleep)
        {
            Wake(part, queue);
        }
    }

  private:
    struct Part
    {
        uint32_t queue;
        uint32_t ingress;
        int64_t rate = 0;
        double arrived = 0; ///< bits until `since`
        Tick since = 0;
        double waiting = 0; ///< bits, when last looked at
    };

    /// Arrivals of a queue's parts until some time.
    struct Note
    {
        double total;
        std::vector<double> arrived;
    };

    struct Queue
    {
        bool asleep = false; ///< some of its rooms are not looked at
        std::vector<std::pair<uint32_t, double>> rooms;
        std::vector<uint32_t> parts;
        std::deque<Note> notes; ///< back to the one before what leaves now
        double backlog = 0;     ///< bits, when last looked at
        Tick lookedAt = -1;
    };

    struct Room
    {
        Memory memory;
        double fill;
        double settling = 0; ///< time constant, ps
        bool asleep = true;
        double used = 0; ///< bits that wait in it
        Tick lookedAt = -1;
        std::vector<std::pair<uint32_t, double>> queues;
        std::vector<uint32_t> ingresses; ///< those of which it is the first room
    };

    struct Ingress
    {
        std::vector<uint32_t> rooms;
        int64_t rate;
        int64_t held = kFree;
        std::vector<uint32_t> parts;
        double arrived = 0; ///< bits, when last looked at
        double waiting = 0; ///< …
        Tick lookedAt = -1;
    };

    static void Settle(Part& part, Tick now)
    {
        const auto span = static_cast<double>(now - part.since);
        part.arrived += static_cast<double>(part.rate) * span * 1e-12;
        part.since = now;
    }

    void Wake(Partition& part, uint32_t queue);
    void OnLook(Partition& part, const Event& event);
    void LookAtQueue(const Partition& part, uint32_t queue);
    double UsedOf(const Partition& part, uint32_t room);
    bool Hold(Partition& part, uint32_t ingress);

    EventCore& m_core;
    const FifoQueues& m_fifo;
    RoomClient& m_client;
    std::vector<Room> m_rooms;
    std::vector<Queue> m_queues; ///< by queue of m_fifo
    std::vector<Ingress> m_ingresses;
    std::vector<Part> m_parts;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onLook;
};

} // namespace heddle::fabric

#endif
