// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-memory.h"

#include <algorithm>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace heddle
{

namespace
{

constexpr size_t kLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMostHugePages = 8; ///< in a slab

std::align_val_t
AlignmentOf(size_t bytes)
{
    return std::align_val_t(bytes >= kHugePage ? kHugePage : kLine);
}

} // namespace

void*
AllocateArray(size_t bytes)
{
    void* array = ::operator new(bytes, AlignmentOf(bytes));
#ifdef MADV_HUGEPAGE
    if (bytes >= kHugePage)
    {
        // A hint; that it is refused changes nothing. Whole pages only: the rest is not ours.
        madvise(array, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
    }
#endif
    return array;
}

void
FreeArray(void* array, size_t bytes)
{
    ::operator delete(array, AlignmentOf(bytes));
}

BlockArena::~BlockArena()
{
    for (const Slab& slab : m_slabs)
    {
        FreeArray(slab.memory, slab.bytes);
    }
}

void*
BlockArena::Take()
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    if (m_left == 0)
    {
        const size_t quarter = m_bytes / 4 / kHugePage * kHugePage;
        const size_t bytes = m_slabs.size() < m_singles
                                 ? kBlockBytes
                                 : std::clamp(quarter, kHugePage, kMostHugePages * kHugePage);
        m_slabs.push_back({AllocateArray(bytes), bytes});
        m_bytes += bytes;
        m_left = bytes;
    }
    const Slab& slab = m_slabs.back();
    void* block = static_cast<char*>(slab.memory) + (slab.bytes - m_left);
    m_left -= kBlockBytes;
    return block;
}

} // namespace heddle
