// SPDX-License-Identifier: BSD-3-Clause
//
// Conservative windows (Chandy and Misra, CACM 1981; barriers as in Nicol, JACM 1993): see
// base-event-core.h. One barrier per window. Each thread starts with a share of its own, so that
// partitions stay in its cache, the longest first, and then helps the others.
#include "ns3/base-errors.h"
#include "ns3/base-event-core.h"
#include "ns3/base-thread-team.h"

#include <algorithm>

namespace heddle
{

namespace
{

/// Windows between two looks at which partitions take longest.
constexpr uint64_t kSortPeriod = 64;

/// a + b without overflow; both ≥ 0.
Tick
Plus(Tick a, Tick b)
{
    return a > kForever - b ? kForever : a + b;
}

} // namespace

/// Shortest paths over the look-aheads; to itself: there and back.
void
EventCore::FindDistances()
{
    const auto n = static_cast<uint32_t>(m_parts.size());
    const std::vector<Tick>& direct = m_config.lookaheads;
    HEDDLE_CHECK(direct.empty() || direct.size() == size_t{n} * n, "one look-ahead per pair");
    for (uint32_t from = 0; from < n; ++from)
    {
        std::vector<Tick>& row = m_parts[from]->m_distance;
        row.assign(n, m_config.lookahead);
        for (uint32_t to = 0; to < n && !direct.empty(); ++to)
        {
            row[to] = direct[size_t{from} * n + to];
        }
        row[from] = kForever;
        HEDDLE_CHECK(*std::min_element(row.begin(), row.end()) > 0, "partitions need a look-ahead");
    }
    for (uint32_t via = 0; via < n; ++via)
    {
        const std::vector<Tick>& second = m_parts[via]->m_distance;
        for (auto& part : m_parts)
        {
            const Tick first = part->m_distance[via];
            for (uint32_t to = 0; to < n; ++to)
            {
                part->m_distance[to] = std::min(part->m_distance[to], Plus(first, second[to]));
            }
        }
    }
    for (uint32_t to = 0; to < n; ++to)
    {
        for (const auto& part : m_parts)
        {
            m_parts[to]->m_distanceFrom.push_back(part->m_distance[to]);
        }
    }
}

void
EventCore::NoteNextTimes()
{
    for (const auto& part : m_parts)
    {
        m_next[part->m_index] = part->m_wheel.NextTime();
    }
}

Tick
EventCore::EarliestNoted() const
{
    return *std::min_element(m_next.begin(), m_next.end());
}

void
EventCore::RunWindow(Tick limit)
{
    if (m_parts.size() == 1) // nobody to wait for
    {
        m_parts[0]->Run(limit);
        m_parts[0]->m_leave = stopped();
        NoteNextTimes();
        return;
    }
    m_limit = limit;
    ++m_window;
    m_inWindow = true;
    if (m_config.threads > 1 && m_lastEvents >= m_config.worthSharing)
    {
        if (!m_team)
        {
            const auto most = static_cast<uint32_t>(m_parts.size());
            m_team = std::make_unique<ThreadTeam>(std::min(m_config.threads, most));
        }
        m_team->Run([](void* self, unsigned member)
                    { static_cast<EventCore*>(self)->RunShare(member); },
                    this);
    }
    else
    {
        for (uint32_t index = 0; index < m_parts.size(); ++index)
        {
            RunPartition(index);
        }
    }
    m_inWindow = false;
    CloseWindow();
}

void
EventCore::RunShare(unsigned member)
{
    const size_t count = m_shares.size();
    const size_t start = count * member / m_team->size();
    for (size_t i = 0; i < count; ++i)
    {
        const uint32_t index = m_shares[(start + i) % count];
        std::atomic<uint64_t>& claim = m_claims[index].window;
        // Looked at before it is taken: most of what others have is theirs already.
        if (claim.load(std::memory_order_relaxed) != m_window &&
            claim.exchange(m_window, std::memory_order_relaxed) != m_window)
        {
            RunPartition(index);
        }
    }
}

void
EventCore::RunPartition(uint32_t index)
{
    Partition& part = *m_parts[index];
    part.m_lastCount = part.m_count;
    try
    {
        const size_t filled = (m_window - 1) & 1U; // in the window before
        Tick end = m_limit;
        for (uint32_t from = 0; from < m_parts.size(); ++from)
        {
            part.Empty(m_parts[from]->m_boxes[filled][index]);
            end = std::min(end, Plus(m_next[from], part.m_distanceFrom[from]));
        }
        part.m_outboxes = part.m_boxes[m_window & 1U].data();
        part.Run(end);
        part.m_wheelNext = part.m_wheel.NextTime();
    }
    catch (...)
    {
        part.m_error = std::current_exception();
    }
    part.m_outboxes = nullptr;
}

void
Partition::Empty(Box& box)
{
    if (box.earliest == kForever)
    {
        return;
    }
    for (const Event& event : box.events)
    {
        Insert(event);
    }
    box.events.clear();
    box.earliest = kForever;
}

/// Notes when each partition goes on; rethrows the earliest error.
void
EventCore::CloseWindow()
{
    m_lastEvents = 0;
    const Partition* failed = nullptr;
    for (const auto& part : m_parts)
    {
        m_lastEvents += part->m_count - part->m_lastCount;
        m_next[part->m_index] = part->m_wheelNext;
        if (part->m_error && (failed == nullptr || part->m_now < failed->m_now))
        {
            failed = part.get();
        }
    }
    for (const auto& part : m_parts)
    {
        const std::vector<Partition::Box>& boxes = part->m_boxes[m_window & 1U];
        for (size_t to = 0; to < boxes.size(); ++to)
        {
            m_next[to] = std::min(m_next[to], boxes[to].earliest);
        }
    }
    if (failed != nullptr)
    {
        std::rethrow_exception(failed->m_error);
    }
    if (m_window % kSortPeriod == 0 && m_team)
    {
        SortShares();
    }
}

/// Within each share the longest first: what is left at the end of a window, for others to help
/// with, is short.
void
EventCore::SortShares()
{
    const auto longer = [this](uint32_t a, uint32_t b)
    {
        const Partition& first = *m_parts[a];
        const Partition& second = *m_parts[b];
        return first.m_count - first.m_lastCount > second.m_count - second.m_lastCount;
    };
    for (size_t member = 0; member < m_team->size(); ++member)
    {
        const auto start = static_cast<ptrdiff_t>(m_shares.size() * member / m_team->size());
        const auto end = static_cast<ptrdiff_t>(m_shares.size() * (member + 1) / m_team->size());
        std::stable_sort(m_shares.begin() + start, m_shares.begin() + end, longer);
    }
}

void
EventCore::EmptyBoxes()
{
    for (const auto& from : m_parts)
    {
        for (auto& boxes : from->m_boxes)
        {
            for (size_t to = 0; to < boxes.size(); ++to)
            {
                m_parts[to]->Empty(boxes[to]);
            }
        }
    }
}

} // namespace heddle
