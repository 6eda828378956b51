// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-event-wheel.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

namespace
{

constexpr size_t kSmallest = 1024; ///< events of the sorted array at first
constexpr size_t kSlack = 16;      ///< room there for events of the bucket being drained
constexpr unsigned kMaxBinBits = 10;
constexpr size_t kFew = 8;        ///< as many events are sorted by insertion alone
constexpr uint32_t kCrowded = 16; ///< as many events of one time bin are sorted by insertion

/// For std::push_heap: the earliest event on top.
bool
Later(const Event& a, const Event& b)
{
    return b < a;
}

/// A stable counting sort by `bin(event)` < 2^bits.
class Bins
{
  public:
    explicit Bins(unsigned bits) : m_bins(size_t{1} << bits)
    {
        std::fill_n(m_at, m_bins, 0);
    }

    void Count(uint64_t bin)
    {
        ++m_at[bin];
    }

    /// After counting; returns the largest size.
    uint32_t SizesToStarts()
    {
        uint32_t start = 0;
        uint32_t largest = 0;
        for (size_t bin = 0; bin < m_bins; ++bin)
        {
            const uint32_t size = m_at[bin];
            largest = std::max(largest, size);
            m_at[bin] = start;
            start += size;
        }
        return largest;
    }

    /// The next place of the bin.
    uint32_t Take(uint64_t bin)
    {
        return m_at[bin]++;
    }

    /// Of a bin all of whose places have been taken.
    uint32_t End(size_t bin) const
    {
        return m_at[bin];
    }

    size_t size() const
    {
        return m_bins;
    }

  private:
    size_t m_bins;
    uint32_t m_at[size_t{1} << kMaxBinBits];
};

/// One bin per event or two.
unsigned
BinBits(size_t count)
{
    return std::min(64U - static_cast<unsigned>(__builtin_clzll(count)), kMaxBinBits);
}

void
InsertionSort(Event* first, Event* last)
{
    for (Event* i = first + 1; i < last; ++i)
    {
        if (!(*i < i[-1]))
        {
            continue;
        }
        const Event moved = *i;
        Event* hole = i;
        do
        {
            *hole = hole[-1];
            --hole;
        } while (hole != first && moved < hole[-1]);
        *hole = moved;
    }
}

} // namespace

EventWheel::EventWheel(unsigned bucketShift, unsigned bucketBits, BlockArena& arena)
    : m_shift(bucketShift),
      m_mask((uint64_t{1} << bucketBits) - 1),
      m_buckets(new Slot*[size_t{1} << bucketBits]()),
      m_occupied((size_t{1} << bucketBits) / 64),
      m_arena(arena)
{
    Reserve(kSmallest);
    m_next = m_sorted.get();
    m_end = m_sorted.get();
    m_prepared = m_next;
}

void
EventWheel::Grow()
{
    void* memory = m_arena.Take();
    // Chunks start at multiples of their size; a line-aligned block may lose its ends.
    const auto start = reinterpret_cast<uintptr_t>(memory);
    auto* first = reinterpret_cast<Slot*>((start + kChunkBytes - 1) & ~(kChunkBytes - 1));
    const size_t slots = (start + BlockArena::kBlockBytes - reinterpret_cast<uintptr_t>(first)) /
                         kChunkBytes * kChunkEvents;
    for (Slot* chunk = first + slots; chunk != first;)
    {
        chunk -= kChunkEvents;
        m_free.push_back(chunk);
    }
}

void
EventWheel::NewChunk(int64_t bucket)
{
    if (m_free.empty())
    {
        Grow();
    }
    const uint64_t slot = static_cast<uint64_t>(bucket) & m_mask;
    Slot* chunk = m_free.back();
    m_free.pop_back();
    chunk->previous = m_buckets[slot];
    m_buckets[slot] = chunk + 1;
    ++m_chunks;
    m_occupied[slot >> 6] |= uint64_t{1} << (slot & 63);
}

void
EventWheel::InsertElsewhere(int64_t bucket, Event event)
{
    if (bucket > m_bucket)
    {
        m_far.push_back(event);
        std::push_heap(m_far.begin(), m_far.end(), Later);
        return;
    }
    // Behind the array's events only: the one that was taken last may still be in use.
    if (m_end != m_sorted.get() + m_capacity && (m_next == m_end || m_end[-1] < event))
    {
        *m_end++ = event;
    }
    else
    {
        m_late.push_back(event);
        std::push_heap(m_late.begin(), m_late.end(), Later);
    }
}

bool
EventWheel::AdvanceSlowly(Tick end)
{
    if (m_next == m_end && m_late.empty())
    {
        return Refill(end);
    }
    return NextTime() < end;
}

const Event&
EventWheel::TakeLate()
{
    if (m_next != m_end && *m_next < m_late.front())
    {
        return *m_next++;
    }
    std::pop_heap(m_late.begin(), m_late.end(), Later);
    m_takenLate = m_late.back();
    m_late.pop_back();
    return m_takenLate;
}

size_t
EventWheel::size() const
{
    size_t count = 0;
    ForEach([&count](const Event&) { ++count; });
    return count;
}

int64_t
EventWheel::NextBucket() const
{
    if (m_chunks == 0)
    {
        return -1;
    }
    auto bucket = static_cast<uint64_t>(m_bucket + 1);
    for (uint64_t scanned = 0; scanned <= m_mask + 64;)
    {
        const uint64_t slot = bucket & m_mask;
        const uint64_t bits = m_occupied[slot >> 6] >> (slot & 63);
        if (bits != 0)
        {
            return static_cast<int64_t>(bucket) + __builtin_ctzll(bits);
        }
        const uint64_t step = 64 - (slot & 63);
        bucket += step;
        scanned += step;
    }
    HEDDLE_CHECK(false, "wheel count and bitmap disagree");
    return -1;
}

Tick
EventWheel::NextTime() const
{
    Tick next = m_next != m_end ? m_next->time : kForever;
    if (!m_late.empty())
    {
        next = std::min(next, m_late.front().time);
    }
    if (next != kForever)
    {
        return next;
    }
    next = m_far.empty() ? kForever : m_far.front().time;
    if (const int64_t bucket = NextBucket(); bucket >= 0)
    {
        for (Slot* end = m_buckets[static_cast<uint64_t>(bucket) & m_mask]; end;)
        {
            Slot* chunk = ChunkOf(end);
            for (Slot* i = chunk + 1; i != end; ++i)
            {
                next = std::min(next, i->event.time);
            }
            end = chunk->previous;
        }
    }
    return next;
}

/// Makes the next bucket that holds events current, but none that begins at
/// `end` or later.
bool
EventWheel::Refill(Tick end)
{
    int64_t bucket = NextBucket();
    if (!m_far.empty())
    {
        const int64_t far = m_far.front().time >> m_shift;
        bucket = bucket < 0 ? far : std::min(bucket, far);
    }
    if (bucket < 0 || (bucket << m_shift) >= end)
    {
        return false;
    }
    while (!m_far.empty() &&
           static_cast<uint64_t>((m_far.front().time >> m_shift) - bucket) <= m_mask)
    {
        std::pop_heap(m_far.begin(), m_far.end(), Later);
        PutInBucket(m_far.back().time >> m_shift, m_far.back());
        m_far.pop_back();
    }
    const uint64_t slot = static_cast<uint64_t>(bucket) & m_mask;
    m_bucket = bucket;
    m_occupied[slot >> 6] &= ~(uint64_t{1} << (slot & 63));
    Load(m_buckets[slot]);
    m_ahead = m_buckets[(slot + 1) & m_mask];
    m_prepared = m_next;
    return m_next->time < end;
}

void
EventWheel::Reserve(size_t events)
{
    if (events > m_capacity)
    {
        m_capacity = std::max(events, 2 * m_capacity);
        m_sorted = std::make_unique<Event[]>(2 * m_capacity);
    }
}

/// Gives a chunk back; returns the end of the one before.
EventWheel::Slot*
EventWheel::Release(Slot* chunk)
{
    Slot* previous = chunk->previous;
    m_free.push_back(chunk);
    --m_chunks;
    return previous;
}

/// Moves a bucket into the sorted array.
void
EventWheel::Load(Slot*& bucket)
{
    size_t count = 0;
    for (Slot* end = bucket; end; end = ChunkOf(end)->previous)
    {
        constexpr size_t kSlotsPerLine = 64 / sizeof(Slot);
        for (size_t i = kSlotsPerLine; i < kChunkEvents; i += kSlotsPerLine)
        {
            __builtin_prefetch(ChunkOf(end) + i);
        }
        count += static_cast<size_t>(end - ChunkOf(end) - 1);
    }
    Reserve(count + kSlack);
    m_next = m_sorted.get();
    m_end = m_sorted.get() + count;
    if (count > kFew)
    {
        UnloadByTime(bucket, count);
    }
    else
    {
        Unload(bucket, m_sorted.get());
    }
    bucket = nullptr;
    InsertionSort(m_sorted.get(), m_end);
}

void
EventWheel::Unload(Slot* bucket, Event* to)
{
    for (Slot* end = bucket; end; end = Release(ChunkOf(end)))
    {
        for (const Slot* i = ChunkOf(end) + 1; i != end; ++i)
        {
            __builtin_prefetch(reinterpret_cast<const void*>(i->event.arg), 1);
            *to++ = i->event;
        }
    }
}

/// In order of time but for near-neighbours.
void
EventWheel::UnloadByTime(Slot* bucket, size_t count)
{
    const unsigned bits = std::min(BinBits(count), m_shift);
    const unsigned shift = m_shift - bits;
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    const auto bin = [=](const Event& event)
    { return (static_cast<uint64_t>(event.time) >> shift) & mask; };
    Bins bins(bits);
    for (const Slot* end = bucket; end; end = ChunkOf(end)->previous)
    {
        for (const Slot* i = ChunkOf(end) + 1; i != end; ++i)
        {
            __builtin_prefetch(reinterpret_cast<const void*>(i->event.arg), 1);
            bins.Count(bin(i->event));
        }
    }
    const uint32_t largest = bins.SizesToStarts();
    Event* sorted = m_sorted.get();
    for (Slot* end = bucket; end; end = Release(ChunkOf(end)))
    {
        for (const Slot* i = ChunkOf(end) + 1; i != end; ++i)
        {
            sorted[bins.Take(bin(i->event))] = i->event;
        }
    }
    for (size_t b = 0, first = 0; largest > kCrowded && b < bins.size(); first = bins.End(b++))
    {
        if (bins.End(b) - first > kCrowded)
        {
            SortCrowd(sorted + first, sorted + bins.End(b));
        }
    }
}

/// Many events of one bin, most likely of one time: in order of their keys but for near-neighbours.
void
EventWheel::SortCrowd(Event* first, Event* last)
{
    if (std::any_of(first, last, [first](const Event& e) { return e.time != first->time; }))
    {
        std::sort(first, last);
        return;
    }
    const unsigned bits = BinBits(static_cast<size_t>(last - first));
    Bins bins(bits);
    std::for_each(first, last, [&](const Event& e) { bins.Count(e.key >> (64 - bits)); });
    bins.SizesToStarts();
    Event* scratch = m_sorted.get() + m_capacity;
    std::for_each(first,
                  last,
                  [&](const Event& e) { scratch[bins.Take(e.key >> (64 - bits))] = e; });
    std::copy_n(scratch, last - first, first);
}

} // namespace heddle
