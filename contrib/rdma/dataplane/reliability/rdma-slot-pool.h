// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-slot-pool.h
// ----------------------
// Memory for the flight tables of one partition: rings of 2^n slots, close together and, when they
// are many, in huge pages, because every packet and every ACK visits one at random.

#ifndef HEDDLE_RDMA_SLOT_POOL_H
#define HEDDLE_RDMA_SLOT_POOL_H

#include "ns3/base-event-core.h"
#include "ns3/base-memory.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace heddle
{

/// A packet in flight; `before` and `after` are low bits of its neighbours' sequence numbers in the
/// list of transmissions.
struct PacketSlot
{
    Tick sentAt;
    uint16_t before;
    uint16_t after;
    uint16_t payload;
    uint8_t flags; ///< slot_flag
};

static_assert(sizeof(PacketSlot) == 16);

class SlotPool
{
  public:
    /// `arena` outlives the pool.
    void SetArena(BlockArena* arena)
    {
        m_arena = arena;
    }

    /// 2^bits slots, all zero.
    PacketSlot* Take(unsigned bits)
    {
        PacketSlot* ring = Raw(bits);
        std::fill_n(ring, size_t{1} << bits, PacketSlot{});
        return ring;
    }

    void Give(PacketSlot* ring, unsigned bits)
    {
        m_free[bits].push_back(ring);
    }

  private:
    PacketSlot* Raw(unsigned bits)
    {
        if (!m_free[bits].empty())
        {
            PacketSlot* ring = m_free[bits].back();
            m_free[bits].pop_back();
            return ring;
        }
        const size_t slots = size_t{1} << bits;
        if (slots > kBlockSlots)
        {
            m_large.push_back(std::make_unique<PacketSlot[]>(slots));
            return m_large.back().get();
        }
        if (m_left < slots)
        {
            m_next = static_cast<PacketSlot*>(m_arena->Take());
            m_left = kBlockSlots;
        }
        PacketSlot* ring = m_next;
        m_next += slots;
        m_left -= slots;
        return ring;
    }

    static constexpr size_t kBlockSlots = BlockArena::kBlockBytes / sizeof(PacketSlot);
    BlockArena* m_arena = nullptr;
    PacketSlot* m_next = nullptr;                    ///< the rest of the latest block
    size_t m_left = 0;                               ///< … in slots
    std::array<std::vector<PacketSlot*>, 32> m_free; ///< by bits
    std::vector<std::unique_ptr<PacketSlot[]>> m_large;
};

} // namespace heddle

#endif
