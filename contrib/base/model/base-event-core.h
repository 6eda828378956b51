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
// at least `lookahead` ahead. Handlers never see ns-3: everything here may run
// on worker threads.
//
// Time is a signed 64-bit count of ticks (the fabric uses picoseconds).

#ifndef HEDDLE_BASE_EVENT_CORE_H
#define HEDDLE_BASE_EVENT_CORE_H

#include "ns3/base-errors.h"
#include "ns3/base-event-wheel.h"
#include "ns3/base-hash.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace heddle
{

class EventCore;
class Partition;

/// What a handler is: a plain function on `self`. Made by
/// EventCore::AddHandler.
using HandlerFn = void (*)(void* self, Partition& part, const Event& event);

/**
 * One part of the simulated world with its own clock and wheel.
 */
class Partition
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

    size_t pending() const
    {
        return m_wheel.size();
    }

  private:
    friend class EventCore;

    Tick NextTime() const
    {
        return m_wheel.NextTime();
    }

    void Run(Tick end); ///< runs every event with time < end
    void Announce(const Event& event) const;

    EventCore& m_core;
    Tick m_now = 0;
    EventWheel m_wheel;
    uint64_t m_count = 0;
    uint32_t m_index;
    std::vector<std::vector<Event>> m_outbox; ///< per destination partition
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
        unsigned bucketShift = 11; ///< a bucket is 2^bucketShift ticks (2 ns)
        unsigned bucketBits = 13;  ///< 2^bucketBits buckets (16.8 us horizon)
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

    /// A hint: events of `handler` will touch the first cache line and the Event::aux-th one of
    /// element Event::entity of the array at `base`, and the line that Event::arg points to. They
    /// are fetched some events ahead. `base` is aligned to cache lines.
    void SetPrefetch(HandlerId handler, const void* base, size_t stride);

    /// A hint: calls `prepare(self, event)` once or not at all, a few events before `event` runs
    /// and after SetPrefetch()'s lines were asked for. It must not change what the event will do.
    using PrepareFn = void (*)(void* self, const Event& event);
    void SetPrepare(HandlerId handler, PrepareFn prepare);

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

    /// Time of the earliest pending event; kForever when there is none. Between
    /// runs only.
    Tick NextTime() const;

    /// Runs every event with time < end, in windows of the look-ahead; sets all
    /// clocks to the last event's time. Returns early after Stop().
    void RunUntil(Tick end);

    /// Moves all clocks forward to `time` (an ordinary ns-3 event runs then). No
    /// event may be earlier.
    void AdvanceTo(Tick time);

    /// Asks RunUntil() to return after the current window. Callable from
    /// handlers.
    void Stop()
    {
        m_stop = true;
    }

    bool stopped() const
    {
        return m_stop;
    }

    void ClearStop()
    {
        m_stop = false;
    }

    bool running() const
    {
        return m_running;
    }

    uint64_t eventCount() const;

    /// Called when an event is inserted from outside RunUntil(), with its time:
    /// the wake-up driver under a foreign simulator needs to hear of it. Empty by
    /// default.
    std::function<void(Tick)> onOutsideInsert;

    /// Called first when the core is destroyed: whoever drives it lets go. Empty
    /// by default.
    std::function<void()> onDestruction;

  private:
    friend class Partition;

    struct HandlerEntry
    {
        HandlerFn function;
        void* self;
        const char* base; ///< see SetPrefetch(); null: nothing
        size_t stride;
        PrepareFn prepare; ///< null: none
    };

    void DrainOutboxes();

    Config m_config;
    uint64_t m_keySeed;
    uint32_t m_entities = 0;
    bool m_running = false;
    bool m_stop = false;
    std::vector<HandlerEntry> m_handlers;
    std::vector<std::unique_ptr<Partition>> m_parts;
};

inline void
Partition::Insert(const Event& event)
{
    HEDDLE_CHECK(event.time >= m_now, "event in the past");
    m_wheel.Insert(event);
    if (!m_core.m_running)
    {
        Announce(event);
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
    HEDDLE_CHECK(event.time >= m_now + m_core.m_config.lookahead, "post within the look-ahead");
    m_outbox[to].push_back(event);
}

} // namespace heddle

#endif
