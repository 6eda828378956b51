// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/event-engine-upcalls.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

Upcalls::Upcalls(const EventCore& core, Tick latency)
    : m_latency(latency), m_posted(core.partitions())
{
    HEDDLE_CHECK(latency >= 1, "the latency of upcalls is at least one tick");
}

bool
Upcalls::Later(const Call& a, const Call& b)
{
    return a.time > b.time || (a.time == b.time && a.key > b.key);
}

void
Upcalls::Post(const Partition& part, uint64_t key, Function function, void* self, uint64_t arg)
{
    m_posted[part.index()].push_back({part.now() + m_latency, key, function, self, arg});
}

void
Upcalls::Collect()
{
    for (auto& posted : m_posted)
    {
        for (const Call& call : posted)
        {
            m_heap.push_back(call);
            std::push_heap(m_heap.begin(), m_heap.end(), Later);
        }
        posted.clear();
    }
}

void
Upcalls::RunNext()
{
    HEDDLE_CHECK(!m_heap.empty(), "no upcall is due");
    std::pop_heap(m_heap.begin(), m_heap.end(), Later);
    const Call call = m_heap.back();
    m_heap.pop_back();
    call.function(call.self, call.arg);
}

} // namespace heddle
