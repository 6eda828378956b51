// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-event-core.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

namespace
{

/// For std::push_heap: the earliest event on top.
bool
Later(const Event& a, const Event& b)
{
    return b < a;
}

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

// ---------------------------------------------------------------------------- Partition

Partition::Partition(EventCore& core, uint32_t index, unsigned bucketShift, unsigned bucketBits)
    : m_core(core),
      m_index(index),
      m_shift(bucketShift),
      m_mask((int64_t{1} << bucketBits) - 1),
      m_wheel(size_t{1} << bucketBits),
      m_occupied((size_t{1} << bucketBits) / 64)
{
}

const Partition*
Partition::Current()
{
    return t_current;
}

void
Partition::Insert(const Event& event)
{
    HEDDLE_CHECK(event.time >= m_now, "event in the past");
    const int64_t bucket = event.time >> m_shift;
    if (bucket <= m_bucket)
    {
        // The current bucket is sorted and being drained: keep it so. New events mostly come last.
        auto first = m_current.begin() + static_cast<std::ptrdiff_t>(m_position);
        m_current.insert(std::upper_bound(first, m_current.end(), event), event);
    }
    else if (bucket - std::max<int64_t>(m_bucket, 0) > m_mask)
    {
        m_far.push_back(event);
        std::push_heap(m_far.begin(), m_far.end(), Later);
    }
    else
    {
        PutInBucket(bucket, event);
    }
    if (!m_core.m_running && m_core.onOutsideInsert)
    {
        m_core.onOutsideInsert(event.time);
    }
}

void
Partition::PutInBucket(int64_t bucket, const Event& event)
{
    const auto slot = static_cast<size_t>(bucket & m_mask);
    m_wheel[slot].push_back(event);
    m_occupied[slot >> 6] |= uint64_t{1} << (slot & 63);
    ++m_inWheel;
}

void
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

int64_t
Partition::NextBucket() const
{
    if (m_inWheel == 0)
    {
        return -1;
    }
    int64_t bucket = std::max<int64_t>(m_bucket + 1, 0);
    for (int64_t scanned = 0; scanned <= m_mask + 64;)
    {
        const auto slot = static_cast<size_t>(bucket & m_mask);
        const uint64_t bits = m_occupied[slot >> 6] >> (slot & 63);
        if (bits != 0)
        {
            return bucket + __builtin_ctzll(bits);
        }
        const auto step = static_cast<int64_t>(64 - (slot & 63));
        bucket += step;
        scanned += step;
    }
    HEDDLE_CHECK(false, "wheel count and bitmap disagree");
    return -1;
}

bool
Partition::Refill()
{
    int64_t bucket = NextBucket();
    if (!m_far.empty())
    {
        const int64_t far = m_far.front().time >> m_shift;
        bucket = bucket < 0 ? far : std::min(bucket, far);
    }
    if (bucket < 0)
    {
        return false;
    }
    m_current.clear();
    m_position = 0;
    m_bucket = bucket;
    const auto slot = static_cast<size_t>(bucket & m_mask);
    m_current.swap(m_wheel[slot]);
    m_inWheel -= m_current.size();
    m_occupied[slot >> 6] &= ~(uint64_t{1} << (slot & 63));
    while (!m_far.empty() && (m_far.front().time >> m_shift) - bucket <= m_mask)
    {
        std::pop_heap(m_far.begin(), m_far.end(), Later);
        const Event event = m_far.back();
        m_far.pop_back();
        const int64_t b = event.time >> m_shift;
        if (b == bucket)
        {
            m_current.push_back(event);
        }
        else
        {
            PutInBucket(b, event);
        }
    }
    std::sort(m_current.begin(), m_current.end());
    return true;
}

Tick
Partition::NextTime() const
{
    if (m_position < m_current.size())
    {
        return m_current[m_position].time;
    }
    Tick next = m_far.empty() ? kForever : m_far.front().time;
    const int64_t bucket = NextBucket();
    if (bucket >= 0)
    {
        for (const Event& event : m_wheel[static_cast<size_t>(bucket & m_mask)])
        {
            next = std::min(next, event.time);
        }
    }
    return next;
}

void
Partition::Run(Tick end)
{
    const CurrentScope scope(this);
    const auto* handlers = m_core.m_handlers.data();
    for (;;)
    {
        while (m_position < m_current.size())
        {
            const Event event = m_current[m_position];
            if (event.time >= end)
            {
                return;
            }
            ++m_position;
            m_now = event.time;
            ++m_count;
            const auto& handler = handlers[event.handler];
            handler.function(handler.self, *this, event);
            if (m_core.m_stop)
            {
                return;
            }
        }
        // Refilling moves the wheel's position, so only do it for a bucket that holds due events;
        // with no end in sight that needs no look inside.
        if ((end != kForever && NextTime() >= end) || !Refill())
        {
            return;
        }
    }
}

// ---------------------------------------------------------------------------- EventCore

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
    m_handlers.push_back({function, self});
    HEDDLE_CHECK(m_handlers.size() <= 0xffff, "too many handlers");
    return static_cast<HandlerId>(m_handlers.size() - 1);
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
