// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-event-wheel.h
// ------------------------
// The events of one partition in order of (time, key): a calendar built for the
// cache.
//
//   BlockArena arena;
//   EventWheel wheel(11, 13, arena);
//   wheel.Insert(event);
//   while (wheel.Advance(kForever))
//   {
//       const Event& event = wheel.Take();
//   }
//
// Near events lie unsorted in 2^bucketBits buckets of 2^bucketShift ticks. A
// bucket is a list of small chunks from a free list, so the lines that
// insertions write are few and stay in the cache, however many buckets the
// wheel has. When a bucket is reached it is copied once into a dense array and
// sorted on the way: by counting on the time within the bucket, then by insertion,
// which has only near-neighbours left to exchange (many events of one time are
// first sorted by key in the same manner). Meanwhile what the events' `arg` points
// to is fetched into the cache. Events that are made for the bucket being drained
// go to its end or, if they do not belong there, to a heap beside it. Events
// beyond the horizon wait in another.

#ifndef HEDDLE_BASE_EVENT_WHEEL_H
#define HEDDLE_BASE_EVENT_WHEEL_H

#include "ns3/base-memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace heddle
{

using Tick = int64_t;
inline constexpr Tick kForever = std::numeric_limits<Tick>::max();

using HandlerId = uint16_t;

struct Event
{
    Tick time;
    uint64_t key;    ///< unique; decides between equal times
    uint64_t arg;    ///< the handler's own (often a pointer)
    uint32_t entity; ///< the handler's own (often a dense index)
    HandlerId handler;
    uint16_t aux; ///< the handler's own
};

static_assert(sizeof(Event) == 32);

inline bool
operator<(const Event& a, const Event& b)
{
    return a.time < b.time || (a.time == b.time && a.key < b.key);
}

class EventWheel
{
  public:
    EventWheel(unsigned bucketShift, unsigned bucketBits, BlockArena& arena);
    EventWheel(const EventWheel&) = delete;
    EventWheel& operator=(const EventWheel&) = delete;

    /// `event.time` ≥ 0 and not before the latest event taken.
    void Insert(const Event& event)
    {
        const int64_t bucket = event.time >> m_shift;
        // One comparison for "after the current bucket and within the horizon".
        if (static_cast<uint64_t>(bucket - m_bucket - 1) < m_mask)
        {
            PutInBucket(bucket, event);
        }
        else
        {
            InsertElsewhere(bucket, event);
        }
    }

    /// True when there is an event earlier than `end`: Take() returns the first
    /// one.
    bool Advance(Tick end)
    {
        if (m_next != m_end && m_late.empty())
        {
            return m_next->time < end;
        }
        return AdvanceSlowly(end);
    }

    /// The first event, which leaves the wheel. Only after Advance(); valid until the next one.
    const Event& Take()
    {
        return m_late.empty() ? *m_next++ : TakeLate();
    }

    /// The event that Take() returns next, unless that was inserted of late; others follow it.
    const Event* next() const
    {
        return m_next;
    }

    /// TakeUnprepared() has not covered next().
    bool unprepared() const
    {
        return m_next == m_prepared && m_next != m_end;
    }

    /// When unprepared(): how many events from next() on lie ready; at most `most`.
    size_t TakeUnprepared(size_t most)
    {
        const size_t count = std::min(most, static_cast<size_t>(m_end - m_next));
        m_prepared = m_next + count;
        return count;
    }

    /// Fetches a chunk of the next bucket into the cache. Worth a call every few events, fewer than
    /// a chunk has, in worlds whose events do not fit there.
    void FetchAhead()
    {
        if (m_ahead)
        {
            const Slot* chunk = ChunkOf(m_ahead); // fetched by the call before
            m_ahead = chunk->previous;
            if (m_ahead)
            {
                FetchChunk(ChunkOf(m_ahead));
            }
        }
    }

    Tick NextTime() const; ///< kForever when empty

    /// All events in no particular order.
    template <class Function>
    void ForEach(Function&& function) const
    {
        for (uint64_t slot = 0; slot <= m_mask; ++slot)
        {
            for (const Slot* end = m_buckets[slot]; end; end = ChunkOf(end)->previous)
            {
                std::for_each(static_cast<const Slot*>(ChunkOf(end)) + 1,
                              end,
                              [&](const Slot& s) { function(s.event); });
            }
        }
        std::for_each(m_far.begin(), m_far.end(), function);
        std::for_each(m_late.begin(), m_late.end(), function);
        std::for_each(m_next, static_cast<const Event*>(m_end), function);
    }

    size_t size() const; ///< slow

  private:
    /// Slot 0 is the header: where the previous chunk of the bucket ends.
    static constexpr size_t kChunkEvents = 8;
    static constexpr uintptr_t kChunkBytes = kChunkEvents * sizeof(Event);

    union Slot
    {
        Event event;
        Slot* previous;
    };

    static_assert(sizeof(Slot) == sizeof(Event));

    static Slot* ChunkOf(const Slot* end)
    {
        return reinterpret_cast<Slot*>((reinterpret_cast<uintptr_t>(end) - 1) & ~(kChunkBytes - 1));
    }

    void PutInBucket(int64_t bucket, const Event& event)
    {
        Slot*& end = m_buckets[static_cast<uint64_t>(bucket) & m_mask];
        if ((reinterpret_cast<uintptr_t>(end) & (kChunkBytes - 1)) == 0)
        {
            NewChunk(bucket); // none yet, or the last one is full
        }
        Event& slot = end->event; // field by field: straight from registers
        slot.time = event.time;
        slot.key = event.key;
        slot.arg = event.arg;
        slot.entity = event.entity;
        slot.handler = event.handler;
        slot.aux = event.aux;
        ++end;
    }

    static void FetchChunk(const Slot* chunk)
    {
        constexpr size_t kSlotsPerLine = 64 / sizeof(Slot);
        for (size_t i = 0; i < kChunkEvents; i += kSlotsPerLine)
        {
            __builtin_prefetch(chunk + i);
        }
    }

    void NewChunk(int64_t bucket);
    void Grow();
    void InsertElsewhere(int64_t bucket, Event event); // by value: see Partition::Post()
    bool AdvanceSlowly(Tick end);
    const Event& TakeLate();
    int64_t NextBucket() const; ///< −1: none
    bool Refill(Tick end);
    void Load(Slot*& bucket);
    void Unload(Slot* bucket, Event* to);
    void UnloadByTime(Slot* bucket, size_t count);
    void SortCrowd(Event* first, Event* last);
    void Reserve(size_t events);
    Slot* Release(Slot* chunk);

    unsigned m_shift;
    uint64_t m_mask;
    int64_t m_bucket = -1;         ///< absolute number of the current bucket
    const Event* m_next = nullptr; ///< the current bucket, sorted: [m_next, m_end)
    Event* m_end = nullptr;
    const Event* m_prepared = nullptr; ///< end of what TakeUnprepared() has covered
    std::vector<Event> m_late;         ///< min-heap: made for the current bucket while it drains
    Event m_takenLate{};
    const Slot* m_ahead = nullptr;      ///< end of what FetchAhead() has fetched last
    std::vector<Slot*> m_free;          ///< chunks; their lines have often left the cache
    std::unique_ptr<Slot*[]> m_buckets; ///< behind the last event; null: empty
    size_t m_chunks = 0;                ///< in buckets
    std::unique_ptr<Event[]> m_sorted;  ///< where m_next points to; as much again to sort with
    size_t m_capacity = 0;
    std::vector<uint64_t> m_occupied; ///< bitmap over m_buckets
    std::vector<Event> m_far;         ///< min-heap beyond the horizon
    BlockArena& m_arena;              ///< of the chunks
};

} // namespace heddle

#endif
