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
#include <mutex>
#include <vector>

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

/// Blocks of 64 KiB for things that are many and small, kept until the arena goes. The first ones
/// are allocated singly, later ones lie in huge pages, whoever asks for them. Any thread.
class BlockArena
{
  public:
    static constexpr size_t kBlockBytes = size_t{64} << 10;

    BlockArena() = default;
    ~BlockArena();
    BlockArena(const BlockArena&) = delete;
    BlockArena& operator=(const BlockArena&) = delete;

    /// Uninitialised, aligned to cache lines; throws std::bad_alloc.
    void* Take();

    /// Much will be taken: huge pages from the first block on. Before Take().
    void ExpectMany()
    {
        m_singles = 0;
    }

  private:
    static constexpr size_t kSmallSlabs = 64; ///< of one block each: 4 MiB

    struct Slab
    {
        void* memory;
        size_t bytes;
    };

    std::mutex m_mutex; ///< guards all
    std::vector<Slab> m_slabs;
    size_t m_bytes = 0;             ///< in slabs
    size_t m_left = 0;              ///< at the end of the last slab
    size_t m_singles = kSmallSlabs; ///< slabs of one block at first
};

} // namespace heddle

#endif
