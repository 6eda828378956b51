// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-memory.h
// -------------------
// Memory for large arrays that are visited at random: from 2 MiB on it lies in huge pages where the
// system grants them (Linux, transparent huge pages "madvise" or "always"), which saves most TLB
// misses. Smaller requests are ordinary ones, aligned to cache lines.
//
//   std::vector<Port, HugeAllocator<Port>> ports;

#ifndef HEDDLE_BASE_MEMORY_H
#define HEDDLE_BASE_MEMORY_H

#include <cstddef>

namespace heddle
{

/// Uninitialised; throws std::bad_alloc.
void* AllocateArray(size_t bytes);
/// `bytes` as it was allocated.
void FreeArray(void* array, size_t bytes);

template <class T>
struct HugeAllocator
{
    using value_type = T;

    HugeAllocator() = default;

    template <class U>
    HugeAllocator(const HugeAllocator<U>&)
    {
    }

    T* allocate(size_t n)
    {
        return static_cast<T*>(AllocateArray(n * sizeof(T)));
    }

    void deallocate(T* array, size_t n)
    {
        FreeArray(array, n * sizeof(T));
    }

    friend bool operator==(const HugeAllocator&, const HugeAllocator&)
    {
        return true;
    }

    friend bool operator!=(const HugeAllocator&, const HugeAllocator&)
    {
        return false;
    }
};

} // namespace heddle

#endif
