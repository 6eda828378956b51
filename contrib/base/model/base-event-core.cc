// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-event-core.h"

#include "ns3/base-errors.h"

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
    : m_core(core), m_wheel(bucketShift, bucketBits), m_index(index)
{
}

const Partition*
Partition::Current()
{
    return t_current;
}

void
Partition::Announce(const Event& event) const
{
    if (m_core.onOutsideInsert)
    {
        m_core.onOutsideInsert(event.time);
    }
}

void
Partition::Run(Tick end)
{
    constexpr ptrdiff_t kPrefetchDistance = 8;
    constexpr ptrdiff_t kPrepareDistance = 3;
    constexpr size_t kLine = 64;
    const CurrentScope scope(this);
    const auto* handlers = m_core.m_handlers.data();
    while (!m_core.m_stop && m_wheel.Advance(end))
    {
        const Event event = m_wheel.Take();
        if (const Event* far = m_wheel.Ahead(kPrefetchDistance))
        {
            const auto& soon = handlers[far->handler];
            if (soon.base)
            {
                const char* element = soon.base + soon.stride * far->entity;
                __builtin_prefetch(element, 1);
                __builtin_prefetch(element + kLine * far->aux, 1);
                __builtin_prefetch(reinterpret_cast<const void*>(far->arg), 1);
            }
        }
        if (const Event* near = m_wheel.Ahead(kPrepareDistance))
        {
            const auto& soon = handlers[near->handler];
            if (soon.prepare)
            {
                soon.prepare(soon.self, *near);
            }
        }
        m_now = event.time;
        ++m_count;
        const auto& handler = handlers[event.handler];
        handler.function(handler.self, *this, event);
    }
}

// ----------------------------------------------------------------------------
// EventCore

EventCore::EventCore(const Config& config)
    : m_config(config), m_keySeed(Mix64(config.seed ^ 0x68656464'6c65ULL))
{
    HEDDLE_CHECK(config.partitions >= 1, "at least one partition");
    HEDDLE_CHECK(config.partitions == 1 || config.lookahead > 0, "partitions need a look-ahead");
    HEDDLE_CHECK(config.bucketBits >= 6 && config.bucketBits <= 20, "bucketBits in 6 … 20");
    for (uint32_t i = 0; i < config.partitions; ++i)
    {
        m_parts.push_back(
            std::make_unique<Partition>(*this, i, config.bucketShift, config.bucketBits));
        m_parts.back()->m_outbox.resize(config.partitions);
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
    m_handlers.push_back({function, self, nullptr, 0, nullptr});
    HEDDLE_CHECK(m_handlers.size() <= 0xffff, "too many handlers");
    return static_cast<HandlerId>(m_handlers.size() - 1);
}

void
EventCore::SetPrefetch(HandlerId handler, const void* base, size_t stride)
{
    m_handlers[handler].base = static_cast<const char*>(base);
    m_handlers[handler].stride = stride;
}

void
EventCore::SetPrepare(HandlerId handler, PrepareFn prepare)
{
    m_handlers[handler].prepare = prepare;
}

Tick
EventCore::NextTime() const
{
    Tick next = kForever;
    for (const auto& part : m_parts)
    {
        next = std::min(next, part->NextTime());
    }
    return next;
}

void
EventCore::RunUntil(Tick end)
{
    HEDDLE_CHECK(!m_running, "RunUntil is not re-entrant");
    m_running = true;
    while (!m_stop)
    {
        const Tick next = NextTime();
        if (next >= end)
        {
            break;
        }
        // One partition needs no windows.
        Tick window = end;
        if (m_parts.size() > 1 && next <= kForever - m_config.lookahead)
        {
            window = std::min(end, next + m_config.lookahead);
        }
        for (auto& part : m_parts)
        {
            part->Run(window);
        }
        DrainOutboxes();
    }
    m_running = false;
    Tick latest = 0;
    for (const auto& part : m_parts)
    {
        latest = std::max(latest, part->m_now);
    }
    if (!m_stop)
    {
        AdvanceTo(latest);
    }
}

void
EventCore::AdvanceTo(Tick time)
{
    for (auto& part : m_parts)
    {
        HEDDLE_CHECK(part->NextTime() >= time, "an event lies before the new time");
        part->m_now = std::max(part->m_now, time);
    }
}

void
EventCore::DrainOutboxes()
{
    for (auto& from : m_parts)
    {
        for (size_t to = 0; to < from->m_outbox.size(); ++to)
        {
            for (const Event& event : from->m_outbox[to])
            {
                m_parts[to]->Insert(event);
            }
            from->m_outbox[to].clear();
        }
    }
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

} // namespace heddle
