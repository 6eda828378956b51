// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-event-core.h
// -----------------------
// The ns-3-free discrete-event core: typed 32-byte events in bucketed wheels,
// one wheel per partition of the fabric, one total order decided by content.
//
//   EventCore core({.seed = 7});
//   HandlerId onPing = core.AddHandler<Pinger, &Pinger::OnPing>(&pinger);
//   core.part(0).Schedule(delay, onPing, /*entity*/ 3, /*arg*/ 0, core.Key(3,
//   seq++)); core.RunUntil(kForever);
//
// Order. At equal times events run by ascending key. A key is a bijective hash
// (with the seed) of (creating entity, that entity's own sequence number), so
// it is unique, depends on what the event is and never on when it was inserted,
// and no port wins every tie of synchronised traffic. The creator is the entity
// *on whose behalf* the event is made; only its partition may count it.
//
// Partitions. A handler runs with its partition and may touch only state of
// that partition. Events for another partition go through Post() and must lie
// at least the distance of the two ahead (Config::lookahead). Handlers never
// see ns-3: everything here may run on worker threads.
//
// Windows. With several partitions RunUntil() goes in windows: each partition
// runs, on whichever thread, up to the earliest time at which anything could
// still reach it: min over q of (next event of q + distance of q), itself and
// back included. What it posts lies in a box per destination until the next
// window. As order is by content, neither partitions nor threads change what
// happens. What concerns everybody runs alone between windows: ScheduleAlone().
//
// Time is a signed 64-bit count of ticks (the fabric uses picoseconds).

#ifndef HEDDLE_BASE_EVENT_CORE_H
#define HEDDLE_BASE_EVENT_CORE_H

#include "ns3/base-errors.h"
#include "ns3/base-event-wheel.h"
#include "ns3/base-hash.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

namespace heddle
{

class EventCore;
class Partition;
class ThreadTeam;

/// What a handler is: a plain function on `self`. Made by
/// EventCore::AddHandler.
using HandlerFn = void (*)(void* self, Partition& part, const Event& event);

/**
 * One part of the simulated world with its own clock and wheel.
 */
class alignas(64) Partition
{
  public:
    Partition(EventCore& core, uint32_t index, unsigned bucketShift, unsigned bucketBits);

    /// Time of the event that runs (or ran last) here.
    Tick now() const
    {
        return m_now;
    }

    uint32_t index() const
    {
        return m_index;
    }

    EventCore& core() const
    {
        return m_core;
    }

    /// The partition whose handler runs on the calling thread; null outside of
    /// handlers.
    static const Partition* Current();

    /// Inserts an event of this partition. `event.time` must not lie before
    /// now().
    void Insert(const Event& event);

    /// Inserts an event at now() + delay. Ticks; delay ≥ 0.
    void Schedule(Tick delay,
                  HandlerId handler,
                  uint32_t entity,
                  uint64_t arg,
                  uint64_t key,
                  uint16_t aux = 0)
    {
        Insert({m_now + delay, key, arg, entity, handler, aux});
    }

    /// Inserts an event into partition `to`, this one included (then any delay ≥
    /// 0 is allowed).
    void Post(uint32_t to, const Event& event);

    uint64_t eventCount() const
    {
        return m_count;
    }

  private:
    friend class EventCore;

    /// Events for another partition. Filled in one window, emptied in the next, which fills the
    /// other of the two.
    struct Box
    {
        std::vector<Event> events;
        Tick earliest = kForever;

        void Add(const Event& event)
        {
            Event& slot = events.emplace_back();
            slot.time = event.time; // field by field: straight from registers
            slot.key = event.key;
            slot.arg = event.arg;
            slot.entity = event.entity;
            slot.handler = event.handler;
            slot.aux = event.aux;
            earliest = std::min(earliest, event.time);
        }
    };

    void Run(Tick end); ///< runs every event with time < end
    void Prepare();
    void PostOutsideWindow(uint32_t to, Event event);
    void Announce(Tick time) const;
    void Empty(Box& box); ///< into the wheel

    EventCore& m_core;
    Tick m_now = 0;
    uint64_t m_count = 0;
    uint32_t m_index;
    bool m_announces = true;   ///< inserted events: the core does not run
    bool m_leave = false;      ///< after the running event; with one partition only
    Box* m_outboxes = nullptr; ///< of the running window, by destination; null: none runs
    EventWheel m_wheel;
    Tick m_wheelNext = kForever;      ///< after a window: of the wheel
    uint64_t m_lastCount = 0;         ///< m_count at the start of the latest window
    std::exception_ptr m_error;       ///< what a handler threw in the latest window
    std::vector<Tick> m_distance;     ///< to each partition
    std::vector<Tick> m_distanceFrom; ///< from each partition
    std::vector<Box> m_boxes[2];      ///< by destination
    /// Of Prepare(), by handler: which events of the batch, and how many.
    static constexpr size_t kBatch = 64;
    std::vector<std::array<uint8_t, kBatch>> m_which;
    std::vector<uint8_t> m_whichCount;
};

/**
 * The partitions, the handler table and the window loop.
 */
class EventCore
{
  public:
    struct Config
    {
        uint64_t seed = 1;
        uint32_t partitions = 1;
        Tick lookahead = 0; ///< smallest delay between partitions; ticks, > 0 if partitions > 1
        unsigned bucketShift = 12; ///< a bucket is 2^bucketShift ticks (4 ns) times partitions
        unsigned bucketBits = 13;  ///< 2^bucketBits buckets (33.6 us horizon)
        uint32_t threads = 1;      ///< that run partitions, the caller included
        /// [from · partitions + to]: the smallest delay of what one partition does to another
        /// directly, kForever if nothing; replaces `lookahead`. Empty: that between any two.
        std::vector<Tick> lookaheads{};
        /// A window with fewer events than this (some 10 us) does not wake the other threads.
        uint64_t worthSharing = 200;
    };

    explicit EventCore(const Config& config);
    ~EventCore();
    EventCore(const EventCore&) = delete;
    EventCore& operator=(const EventCore&) = delete;

    /// Registers a member function `void T::Method(Partition&, const Event&)`.
    template <class T, void (T::*Method)(Partition&, const Event&)>
    HandlerId AddHandler(T* self)
    {
        return AddHandler([](void* s, Partition& p, const Event& e)
                          { (static_cast<T*>(s)->*Method)(p, e); },
                          self);
    }

    HandlerId AddHandler(HandlerFn function, void* self);

    /// Hints: calls `early`, then `late`, then `last` some events before an event of the handler
    /// runs, when what Event::arg points to has been fetched into the cache; never for some events.
    /// Each may fetch what it finds by what the one before has fetched, and must not change what
    /// the event will do. Null: none. Events are handed over many at once, handler by handler: so
    /// their misses overlap, and no call is a wrong guess of the branch predictor. They are
    /// `first[which[0]]` … `first[which[count - 1]]`.
    using PrepareFn = void (*)(void* self, const Event* first, const uint8_t* which, size_t count);
    void SetPrepare(HandlerId handler, PrepareFn early, PrepareFn late, PrepareFn last = nullptr);

    /// Some handler has hints: the world does not fit the nearer caches.
    bool prepares() const
    {
        return m_stages != 0;
    }

    /// Some handler has early ones.
    bool preparesEarly() const
    {
        return (m_stages & 1U) != 0;
    }

    /// The unique, seeded key of the `sequence`-th event that `entity` creates.
    uint64_t Key(uint32_t entity, uint32_t sequence) const
    {
        return Mix64(((uint64_t{entity} << 32) | sequence) ^ m_keySeed);
    }

    /// A fresh entity number for Key(); every module takes its own, so that
    /// numbers never clash.
    uint32_t NewEntities(uint32_t count = 1)
    {
        uint32_t first = m_entities;
        m_entities += count;
        return first;
    }

    Partition& part(uint32_t index)
    {
        return *m_parts[index];
    }

    uint32_t partitions() const
    {
        return static_cast<uint32_t>(m_parts.size());
    }

    uint64_t seed() const
    {
        return m_config.seed;
    }

    /// Memory for what lives no longer than the core.
    BlockArena& arena()
    {
        return m_arena;
    }

    /// Time of the earliest pending event; kForever when there is none. Between
    /// runs only.
    Tick NextTime() const;

    /// Runs every event with time < end; sets all clocks to the last event's
    /// time. Returns early after Stop(). Rethrows what a handler throws; the run
    /// cannot go on then.
    void RunUntil(Tick end);

    /// Runs `function` at `time` while no partition runs, before the events of that time, in the
    /// thread that runs the core: it may touch everything. Between runs, from such a function, or,
    /// with one partition, from a handler. By key among equal times. Not in eventCount().
    void ScheduleAlone(Tick time, uint64_t key, std::function<void()> function);

    /// True when state of every partition may be touched.
    bool alone() const
    {
        return m_parts.size() == 1 || !m_inWindow;
    }

    /// Moves all clocks forward to `time` (an ordinary ns-3 event runs then). No
    /// event may be earlier.
    void AdvanceTo(Tick time);

    /// Asks RunUntil() to return after the current event, with several
    /// partitions after the current window. Callable from handlers.
    void Stop()
    {
        m_stop.store(true, std::memory_order_relaxed);
        if (m_parts.size() == 1) // else other threads may be here as well
        {
            m_parts[0]->m_leave = true;
        }
    }

    bool stopped() const
    {
        return m_stop.load(std::memory_order_relaxed);
    }

    void ClearStop()
    {
        m_stop.store(false, std::memory_order_relaxed);
        m_parts[0]->m_leave = false;
    }

    bool running() const
    {
        return !m_parts[0]->m_announces;
    }

    uint64_t eventCount() const;

    /// Events of a handler that wait. Slow; between runs only.
    uint64_t Pending(HandlerId handler) const;

    /// Called when an event is inserted from outside RunUntil(), with its time:
    /// the wake-up driver under a foreign simulator needs to hear of it. Empty by
    /// default.
    std::function<void(Tick)> onOutsideInsert;

    /// Called first when the core is destroyed: whoever drives it lets go. Empty
    /// by default.
    std::function<void()> onDestruction;

  private:
    friend class Partition;

    static constexpr size_t kStages = 3; ///< early, late, last

    struct HandlerEntry
    {
        HandlerFn function;
        void* self;
        std::array<PrepareFn, kStages> prepare;
    };

    struct AloneEvent
    {
        Tick time;
        uint64_t key;
        std::function<void()> function;
    };

    /// Which window a partition was taken for last, so that one thread takes it.
    struct alignas(64) Claim
    {
        std::atomic<uint64_t> window{0};
    };

    class RunningScope;

    void FindDistances();
    Tick NextAlone() const;
    void RunAlone();
    void NoteNextTimes();
    Tick EarliestNoted() const;
    void RunWindow(Tick limit);
    void RunShare(unsigned member);
    void RunPartition(uint32_t index);
    void CloseWindow();
    void SortShares();
    void EmptyBoxes();

    Config m_config;
    uint64_t m_keySeed;
    uint32_t m_entities = 0;
    unsigned m_stages = 0; ///< of preparation: a bit for each that some handler has
    bool m_inWindow = false;
    std::atomic<bool> m_stop{false};
    std::vector<HandlerEntry> m_handlers;
    BlockArena m_arena;
    std::vector<std::unique_ptr<Partition>> m_parts;
    std::vector<AloneEvent> m_alone; ///< the next one last

    // With several partitions, for the current window:
    Tick m_limit = 0;
    uint64_t m_window = 0;
    uint64_t m_lastEvents = 0;      ///< run in the window before
    std::vector<Tick> m_next;       ///< by partition: next event, boxes included
    std::vector<Claim> m_claims;    ///< by partition
    std::vector<uint32_t> m_shares; ///< partitions in the order in which threads take them
    std::unique_ptr<ThreadTeam> m_team;
};

inline void
Partition::Insert(const Event& event)
{
    HEDDLE_CHECK(event.time >= m_now, "event in the past");
    m_wheel.Insert(event);
    if (__builtin_expect(m_announces, 0))
    {
        Announce(event.time);
    }
}

inline void
Partition::Post(uint32_t to, const Event& event)
{
    if (to == m_index)
    {
        Insert(event);
        return;
    }
    if (m_outboxes)
    {
        HEDDLE_CHECK(event.time - m_now >= m_distance[to], "post within the look-ahead");
        m_outboxes[to].Add(event);
        return;
    }
    PostOutsideWindow(to, event); // by value, so that the event need not be in memory till then
}

} // namespace heddle

#endif
