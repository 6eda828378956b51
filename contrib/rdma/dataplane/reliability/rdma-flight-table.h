// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-flight-table.h
// -------------------------
// What selective repeat knows of a queue pair's packets in flight: a ring of slots by sequence
// number that grows to the window, and through it a list of transmissions in order of time.
//
//   flight.Cover(acked, next, pool);             // slots for [acked, next)
//   flight.Slot(sequence).sentAt = now;
//   flight.ListNewest(sequence);
//   flight.Unlist(sequence, acked);
//
// Links are the low 16 bits of sequence numbers: the span in flight is below 2^15.

#ifndef HEDDLE_RDMA_FLIGHT_TABLE_H
#define HEDDLE_RDMA_FLIGHT_TABLE_H

#include "ns3/rdma-slot-pool.h"

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

namespace slot_flag
{
inline constexpr uint8_t kAcked = 1;
inline constexpr uint8_t kListed = 2; ///< in the list of transmissions
inline constexpr uint8_t kLast = 4;   ///< last packet of its message
inline constexpr uint8_t kResent = 8;
} // namespace slot_flag

struct FlightTable
{
    std::vector<uint32_t> lost;  ///< to be resent, in order of detection
    PacketSlot* slots = nullptr; ///< of the pool; a power of two of them
    uint32_t mask = 0;           ///< one less than that; 0: none yet
    uint32_t oldest = 0;         ///< head of the list of transmissions (sequence number)
    uint32_t newest = 0;         ///< tail
    uint32_t listed = 0;         ///< its length
    size_t lostTaken = 0;
    Tick newestAcked = 0; ///< latest sentAt among acknowledged transmissions
    Tick roundTrip = 0;   ///< of that transmission
    Tick tolerance = 0;   ///< reordering that is not yet loss; ps

    PacketSlot& Slot(uint32_t sequence)
    {
        return slots[sequence & mask];
    }

    /// Into the cache.
    void Fetch(uint32_t sequence) const
    {
        __builtin_prefetch(slots + (sequence & mask), 1);
    }

    /// Makes slots for [acked, next), one more than there were at the last call.
    void Cover(uint32_t acked, uint32_t next, SlotPool& pool)
    {
        if (static_cast<uint32_t>(Ahead(next, acked)) > (mask == 0 ? 0 : mask + 1))
        {
            Grow(acked, next, pool);
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
    static constexpr unsigned kFirstBits = 4;
    static constexpr unsigned kMoreBits = 2; ///< four times as many: few rings are left behind

    /// The sequence number in flight whose low bits are `low`.
    static uint32_t Widen(uint16_t low, uint32_t acked)
    {
        return acked + static_cast<uint16_t>(low - static_cast<uint16_t>(acked));
    }

    void Grow(uint32_t acked, uint32_t next, SlotPool& pool)
    {
        const auto bits = static_cast<unsigned>(__builtin_popcount(mask));
        const unsigned more = std::max(kFirstBits, bits + kMoreBits);
        const uint32_t newMask = (1U << more) - 1;
        PacketSlot* bigger = pool.Take(more);
        if (slots != nullptr)
        {
            for (uint32_t s = acked; s != next; ++s)
            {
                bigger[s & newMask] = Slot(s);
            }
            pool.Give(slots, bits);
        }
        slots = bigger;
        mask = newMask;
    }
};

} // namespace heddle

#endif
