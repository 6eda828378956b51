// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-event-core.h"

#include "ns3/base-errors.h"
#include "ns3/base-thread-team.h"

#include <algorithm>

namespace heddle
{

namespace
{

thread_local const Partition* t_current = nullptr;

/// Names the running partition, also when a handler throws.
class CurrentScope
{
  public:
    explicit CurrentScope(const Partition* part)
    {
        t_current = part;
    }

    ~CurrentScope()
    {
        t_current = nullptr;
    }

    CurrentScope(const CurrentScope&) = delete;
    CurrentScope& operator=(const CurrentScope&) = delete;
};

} // namespace

// ----------------------------------------------------------------------------
// Partition

Partition::Partition(EventCore& core, uint32_t index, unsigned bucketShift, unsigned bucketBits)
    : m_core(core), m_index(index), m_wheel(bucketShift, bucketBits, core.arena())
{
}

const Partition*
Partition::Current()
{
    return t_current;
}

void
Partition::Announce(Tick time) const
{
    if (m_core.onOutsideInsert)
    {
        m_core.onOutsideInsert(time);
    }
}

void
Partition::PostOutsideWindow(uint32_t to, Event event)
{
    m_core.part(to).Insert(event);
}

/// Hands the next events to those who want to prepare for them.
void
Partition::Prepare()
{
    const auto& handlers = m_core.m_handlers;
    m_which.resize(handlers.size());
    m_whichCount.assign(handlers.size(), 0);
    const Event* first = m_wheel.next();
    const size_t count = m_wheel.TakeUnprepared(kBatch);
    for (size_t i = 0; i < count; ++i)
    {
        const HandlerId handler = first[i].handler;
        m_which[handler][m_whichCount[handler]++] = static_cast<uint8_t>(i);
    }
    for (unsigned stages = m_core.m_stages; stages != 0; stages &= stages - 1)
    {
        const auto stage = static_cast<unsigned>(__builtin_ctz(stages));
        for (size_t h = 0; h < handlers.size(); ++h)
        {
            if (m_whichCount[h] != 0 && handlers[h].prepare[stage])
            {
                handlers[h].prepare[stage](handlers[h].self,
                                           first,
                                           m_which[h].data(),
                                           m_whichCount[h]);
            }
        }
    }
}

void
Partition::Run(Tick end)
{
    constexpr uint64_t kFetchPeriod = 4; ///< a call fetches the chunk that the next one follows
    const CurrentScope scope(this);
    const auto* handlers = m_core.m_handlers.data();
    const bool prepares = m_core.prepares();
    while (!m_leave && m_wheel.Advance(end))
    {
        if (prepares)
        {
            if (m_wheel.unprepared())
            {
                Prepare();
            }
            if (m_count % kFetchPeriod == 0)
            {
                m_wheel.FetchAhead();
            }
        }
        const Event& event = m_wheel.Take();
        m_now = event.time;
        ++m_count;
        const auto& handler = handlers[event.handler];
        handler.function(handler.self, *this, event);
    }
}

// ----------------------------------------------------------------------------
// EventCore

EventCore::EventCore(const Config& config)
    : m_config(config),
      m_keySeed(Mix64(config.seed ^ 0x68656464'6c65ULL)),
      m_next(config.partitions),
      m_claims(config.partitions)
{
    HEDDLE_CHECK(config.partitions >= 1, "at least one partition");
    HEDDLE_CHECK(config.threads >= 1, "at least one thread");
    HEDDLE_CHECK(config.bucketBits >= 6 && config.bucketBits <= 20, "bucketBits in 6 … 20");
    // Each partition has its share of the events only: wider buckets hold as many as before, and
    // what is known of the next ones is worth fetching ahead.
    unsigned wider = 0;
    while (config.partitions >> (wider + 1) != 0 && config.bucketBits - wider > 6)
    {
        ++wider;
    }
    for (uint32_t i = 0; i < config.partitions; ++i)
    {
        m_parts.push_back(std::make_unique<Partition>(*this,
                                                      i,
                                                      config.bucketShift + wider,
                                                      config.bucketBits - wider));
        m_parts.back()->m_boxes[0].resize(config.partitions);
        m_parts.back()->m_boxes[1].resize(config.partitions);
        m_shares.push_back(i);
    }
    if (config.partitions > 1)
    {
        FindDistances();
    }
}

EventCore::~EventCore()
{
    if (const auto callback = onDestruction)
    {
        callback();
    }
}

HandlerId
EventCore::AddHandler(HandlerFn function, void* self)
{
    m_handlers.push_back({function, self, {}});
    HEDDLE_CHECK(m_handlers.size() <= 0xffff, "too many handlers");
    return static_cast<HandlerId>(m_handlers.size() - 1);
}

void
EventCore::SetPrepare(HandlerId handler, PrepareFn early, PrepareFn late, PrepareFn last)
{
    m_handlers[handler].prepare = {early, late, last};
    for (unsigned stage = 0; stage < kStages; ++stage)
    {
        m_stages |= m_handlers[handler].prepare[stage] ? 1U << stage : 0U;
    }
}

Tick
EventCore::NextTime() const
{
    Tick next = NextAlone();
    for (const auto& part : m_parts)
    {
        next = std::min(next, part->m_wheel.NextTime());
    }
    return next;
}

/// True while a run lasts, also when a handler throws.
class EventCore::RunningScope
{
  public:
    explicit RunningScope(EventCore& core) : m_core(core)
    {
        Set(true);
    }

    ~RunningScope()
    {
        Set(false);
    }

    RunningScope(const RunningScope&) = delete;
    RunningScope& operator=(const RunningScope&) = delete;

  private:
    void Set(bool running)
    {
        for (auto& part : m_core.m_parts)
        {
            part->m_announces = !running;
        }
    }

    EventCore& m_core;
};

void
EventCore::RunUntil(Tick end)
{
    HEDDLE_CHECK(!running(), "RunUntil is not re-entrant");
    const RunningScope scope(*this);
    NoteNextTimes();
    while (!stopped())
    {
        const Tick next = EarliestNoted();
        const Tick alone = NextAlone();
        if (std::min(next, alone) >= end)
        {
            break;
        }
        if (alone <= next)
        {
            RunAlone();
        }
        else
        {
            RunWindow(std::min(end, alone));
        }
    }
    EmptyBoxes();
    Tick latest = 0;
    for (const auto& part : m_parts)
    {
        latest = std::max(latest, part->m_now);
    }
    if (!stopped())
    {
        AdvanceTo(latest);
    }
}

void
EventCore::AdvanceTo(Tick time)
{
    for (auto& part : m_parts)
    {
        HEDDLE_CHECK(part->m_wheel.NextTime() >= time, "an event lies before the new time");
        part->m_now = std::max(part->m_now, time);
    }
}

// ----------------------------------------------------------------------------
// Alone

void
EventCore::ScheduleAlone(Tick time, uint64_t key, std::function<void()> function)
{
    HEDDLE_CHECK(alone(), "a handler of one partition schedules for all");
    for (const auto& part : m_parts)
    {
        HEDDLE_CHECK(time >= part->m_now, "event in the past");
    }
    const auto later = [](const AloneEvent& a, const AloneEvent& b)
    { return a.time > b.time || (a.time == b.time && a.key > b.key); };
    AloneEvent event{time, key, std::move(function)};
    const auto place = std::upper_bound(m_alone.begin(), m_alone.end(), event, later);
    m_alone.insert(place, std::move(event));
    m_parts[0]->m_leave = m_parts.size() == 1; // the running window may be too long now
    if (!running() && onOutsideInsert)
    {
        onOutsideInsert(time);
    }
}

Tick
EventCore::NextAlone() const
{
    return m_alone.empty() ? kForever : m_alone.back().time;
}

void
EventCore::RunAlone()
{
    const AloneEvent event = std::move(m_alone.back());
    m_alone.pop_back();
    EmptyBoxes();
    AdvanceTo(event.time);
    const CurrentScope scope(m_parts[0].get());
    event.function();
    m_parts[0]->m_leave = false;
    NoteNextTimes();
}

uint64_t
EventCore::eventCount() const
{
    uint64_t count = 0;
    for (const auto& part : m_parts)
    {
        count += part->m_count;
    }
    return count;
}

uint64_t
EventCore::Pending(HandlerId handler) const
{
    uint64_t count = 0;
    const auto look = [&](const Event& event) { count += event.handler == handler ? 1 : 0; };
    for (const auto& part : m_parts)
    {
        part->m_wheel.ForEach(look);
    }
    return count;
}

} // namespace heddle
