// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-flight-table.h
// -------------------------
// What selective repeat knows of a queue pair's packets in flight: a ring of slots by sequence
// number that grows to the window, and through it a list of transmissions in order of time.
//
//   flight.Cover(acked, next);               // slots for [acked, next)
//   flight.Slot(sequence).sentAt = now;
//   flight.ListNewest(sequence);
//   flight.Unlist(sequence, acked);
//
// Links are the low 16 bits of sequence numbers: the span in flight is below 2^15.

#ifndef HEDDLE_RDMA_FLIGHT_TABLE_H
#define HEDDLE_RDMA_FLIGHT_TABLE_H

#include "ns3/base-event-core.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle
{

/// a − b as a signed distance of wrapping sequence numbers.
inline int32_t
Ahead(uint32_t a, uint32_t b)
{
    return static_cast<int32_t>(a - b);
}

/// A packet in flight; `before` and `after` are low bits of its neighbours' sequence numbers in the
/// list of transmissions.
struct PacketSlot
{
    Tick sentAt;
    uint16_t before;
    uint16_t after;
    uint16_t payload;
    uint8_t flags; ///< slot_flag
};

static_assert(sizeof(PacketSlot) == 16);

namespace slot_flag
{
inline constexpr uint8_t kAcked = 1;
inline constexpr uint8_t kListed = 2; ///< in the list of transmissions
inline constexpr uint8_t kLast = 4;   ///< last packet of its message
inline constexpr uint8_t kResent = 8;
} // namespace slot_flag

struct FlightTable
{
    std::vector<PacketSlot> slots; ///< power of two
    uint32_t oldest = 0;           ///< head of the list of transmissions (sequence number)
    uint32_t newest = 0;           ///< tail
    uint32_t listed = 0;           ///< its length
    std::vector<uint32_t> lost;    ///< to be resent, in order of detection
    size_t lostTaken = 0;
    Tick newestAcked = 0; ///< latest sentAt among acknowledged transmissions
    Tick roundTrip = 0;   ///< of that transmission
    Tick tolerance = 0;   ///< reordering that is not yet loss; ps

    PacketSlot& Slot(uint32_t sequence)
    {
        return slots[sequence & (slots.size() - 1)];
    }

    /// Into the cache.
    void Fetch(uint32_t sequence) const
    {
        __builtin_prefetch(slots.data() + (sequence & (slots.size() - 1)), 1);
    }

    /// Makes slots for [acked, next), one more than there were at the last call.
    void Cover(uint32_t acked, uint32_t next)
    {
        if (static_cast<size_t>(Ahead(next, acked)) > slots.size())
        {
            Grow(acked, next);
        }
    }

    void ListNewest(uint32_t sequence)
    {
        PacketSlot& slot = Slot(sequence);
        slot.flags |= slot_flag::kListed;
        if (listed++ == 0)
        {
            oldest = sequence;
        }
        else
        {
            Slot(newest).after = static_cast<uint16_t>(sequence);
            slot.before = static_cast<uint16_t>(newest);
        }
        newest = sequence;
    }

    /// `acked`: the first sequence number in flight.
    void Unlist(uint32_t sequence, uint32_t acked)
    {
        PacketSlot& slot = Slot(sequence);
        slot.flags &= static_cast<uint8_t>(~slot_flag::kListed);
        --listed;
        const bool isOldest = sequence == oldest;
        const bool isNewest = sequence == newest;
        if (isOldest && isNewest)
        {
            return;
        }
        if (isOldest)
        {
            oldest = Widen(slot.after, acked);
        }
        else if (isNewest)
        {
            newest = Widen(slot.before, acked);
        }
        else
        {
            Slot(slot.before).after = slot.after;
            Slot(slot.after).before = slot.before;
        }
    }

  private:
    static constexpr size_t kFirstSlots = 64;

    /// The sequence number in flight whose low bits are `low`.
    static uint32_t Widen(uint16_t low, uint32_t acked)
    {
        return acked + static_cast<uint16_t>(low - static_cast<uint16_t>(acked));
    }

    void Grow(uint32_t acked, uint32_t next)
    {
        std::vector<PacketSlot> bigger(std::max(kFirstSlots, slots.size() * 2));
        if (!slots.empty())
        {
            for (uint32_t s = acked; s != next; ++s)
            {
                bigger[s & (bigger.size() - 1)] = Slot(s);
            }
        }
        slots.swap(bigger);
    }
};

} // namespace heddle

#endif
