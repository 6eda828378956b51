// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-memory.h"

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

} // namespace heddle
