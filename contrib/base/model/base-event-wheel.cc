// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-event-wheel.h"

#include "ns3/base-errors.h"
#include "ns3/base-memory.h"

#include <algorithm>

namespace heddle
{

namespace
{

constexpr size_t kSmallBlock = size_t{64} << 10; ///< bytes
constexpr size_t kLargeBlock = size_t{2} << 20;
constexpr size_t kSmallest = 1024; ///< events of the sorted array at first
constexpr unsigned kMaxBinBits = 10;
constexpr size_t kFew = 8;        ///< as many events are sorted by insertion alone
constexpr uint32_t kCrowded = 16; ///< as many events of one time bin are sorted by insertion

/// For std::push_heap: the earliest event on top.
bool
Later(const Event& a, const Event& b)
{
    return b < a;
}

/// Sizes, then starts, at last ends of the bins of a counting sort.
class Bins
{
  public:
    explicit Bins(size_t bins) : m_bins(bins)
    {
        std::fill_n(m_at, bins, 0);
    }

    void Count(size_t bin)
    {
        ++m_at[bin];
    }

    /// Returns the largest size.
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
    uint32_t Take(size_t bin)
    {
        return m_at[bin]++;
    }

    /// function(first, last) of each bin. All places have been taken.
    template <class Function>
    void ForEach(Function&& function) const
    {
        for (size_t bin = 0, first = 0; bin < m_bins; first = m_at[bin++])
        {
            function(static_cast<uint32_t>(first), m_at[bin]);
        }
    }

  private:
    size_t m_bins;
    uint32_t m_at[size_t{1} << kMaxBinBits];
};

/// Many events of one bin: with equal times they are (nearly) in order of their keys already.
void
SortCrowd(Event* first, Event* last)
{
    const auto differs = [first](const Event& event) { return event.time != first->time; };
    if (last - first > static_cast<ptrdiff_t>(kCrowded) && std::any_of(first, last, differs))
    {
        std::sort(first, last);
    }
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

EventWheel::EventWheel(unsigned bucketShift, unsigned bucketBits)
    : m_shift(bucketShift),
      m_mask((uint64_t{1} << bucketBits) - 1),
      m_buckets(new Slot*[size_t{1} << bucketBits]()),
      m_occupied((size_t{1} << bucketBits) / 64)
{
    Reserve(kSmallest);
    m_next = m_sorted.get();
    m_end = m_sorted.get();
}

EventWheel::~EventWheel()
{
    for (const Block& block : m_blocks)
    {
        FreeArray(block.memory, block.bytes);
    }
}

void
EventWheel::Grow()
{
    // Small at first, and never more than a third of what there is.
    constexpr size_t kManySmall = 2 * kLargeBlock / kSmallBlock;
    const size_t bytes = m_blocks.size() < kManySmall ? kSmallBlock : kLargeBlock;
    void* memory = AllocateArray(bytes);
    m_blocks.push_back({memory, bytes});
    // Chunks start at multiples of their size; a line-aligned block may lose its ends.
    const auto start = reinterpret_cast<uintptr_t>(memory);
    auto* first = reinterpret_cast<Slot*>((start + kChunkBytes - 1) & ~(kChunkBytes - 1));
    const size_t slots =
        (start + bytes - reinterpret_cast<uintptr_t>(first)) / kChunkBytes * kChunkEvents;
    for (Slot* chunk = first + slots; chunk != first;)
    {
        chunk -= kChunkEvents;
        chunk->previous = m_free;
        m_free = chunk;
    }
}

void
EventWheel::NewChunk(int64_t bucket)
{
    if (!m_free)
    {
        Grow();
    }
    const uint64_t slot = static_cast<uint64_t>(bucket) & m_mask;
    Slot* chunk = m_free;
    m_free = chunk->previous;
    chunk->previous = m_buckets[slot];
    m_buckets[slot] = chunk + 1;
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
    if (m_next == m_end)
    {
        m_next = m_sorted.get();
        m_end = m_sorted.get();
        *m_end++ = event;
    }
    else if (m_end != m_sorted.get() + m_capacity && m_end[-1] < event)
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

Event
EventWheel::TakeLate()
{
    if (m_next != m_end && *m_next < m_late.front())
    {
        return *m_next++;
    }
    std::pop_heap(m_late.begin(), m_late.end(), Later);
    const Event event = m_late.back();
    m_late.pop_back();
    return event;
}

int64_t
EventWheel::NextBucket() const
{
    if (m_inBuckets == 0)
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
    chunk->previous = m_free;
    m_free = chunk;
    return previous;
}

/// Copies a bucket into the sorted array and empties it.
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
    Reserve(count);
    m_inBuckets -= count;
    m_next = m_sorted.get();
    m_end = m_sorted.get() + count;
    if (count > kFew)
    {
        SortByBins(bucket, count);
    }
    else
    {
        Unload(bucket);
    }
    InsertionSort(m_sorted.get(), m_end);
    bucket = nullptr;
}

void
EventWheel::Unload(Slot* bucket)
{
    Event* to = m_sorted.get();
    for (Slot* end = bucket; end; end = Release(ChunkOf(end)))
    {
        for (Slot* i = ChunkOf(end) + 1; i != end; ++i)
        {
            *to++ = i->event;
        }
    }
}

/// Counting sort by the key's first bits, then (stable) by time within the bucket, with about one
/// bin per event each: what is left to do is exchanging near-neighbours, even where many events
/// have the same time.
void
EventWheel::SortByBins(Slot* bucket, size_t count)
{
    const unsigned bits =
        std::min(64U - static_cast<unsigned>(__builtin_clzll(count)), kMaxBinBits);
    const unsigned timeBits = std::min(bits, m_shift);
    const unsigned timeShift = m_shift - timeBits;
    const uint64_t timeMask = (uint64_t{1} << timeBits) - 1;
    const auto keyBin = [bits](const Event& event) { return event.key >> (64 - bits); };
    const auto timeBin = [=](const Event& event)
    { return (static_cast<uint64_t>(event.time) >> timeShift) & timeMask; };
    Bins keys(size_t{1} << bits);
    Bins times(timeMask + 1);
    for (Slot* end = bucket; end; end = ChunkOf(end)->previous)
    {
        for (Slot* i = ChunkOf(end) + 1; i != end; ++i)
        {
            keys.Count(keyBin(i->event));
            times.Count(timeBin(i->event));
        }
    }
    keys.SizesToStarts();
    const uint32_t largest = times.SizesToStarts();
    Event* sorted = m_sorted.get();
    Event* byKey = sorted + m_capacity;
    for (Slot* end = bucket; end; end = Release(ChunkOf(end)))
    {
        for (Slot* i = ChunkOf(end) + 1; i != end; ++i)
        {
            byKey[keys.Take(keyBin(i->event))] = i->event;
        }
    }
    for (const Event* i = byKey; i != byKey + count; ++i)
    {
        sorted[times.Take(timeBin(*i))] = *i;
    }
    if (largest > kCrowded)
    {
        times.ForEach([sorted](uint32_t first, uint32_t last)
                      { SortCrowd(sorted + first, sorted + last); });
    }
}

} // namespace heddle
