// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-pool.h
// -------------------
// Internal to the packet level: packets of one partition. A packet may be freed in another
// partition than it was taken from. What so piles up goes through a depot to the pools that run
// out.

#ifndef HEDDLE_FABRIC_POOL_H
#define HEDDLE_FABRIC_POOL_H

#include "ns3/base-memory.h"
#include "ns3/fabric-packet.h"

#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <vector>

namespace heddle::fabric
{

/// Lists of free packets, given away by pools that have too many. Any thread.
class PacketDepot
{
  public:
    static constexpr uint32_t kBatch = 1024; ///< packets in a list

    void Put(Packet* list)
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        m_lists.push_back(list);
    }

    /// Null when there is none.
    Packet* Take()
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        if (m_lists.empty())
        {
            return nullptr;
        }
        Packet* list = m_lists.back();
        m_lists.pop_back();
        return list;
    }

  private:
    std::mutex m_mutex; ///< guards m_lists
    std::vector<Packet*> m_lists;
};

class PacketPool
{
  public:
    Packet* Alloc()
    {
        if (!m_free)
        {
            Refill();
        }
        Packet* packet = m_free;
        m_free = packet->next;
        --m_count;
        std::memset(static_cast<void*>(packet), 0, sizeof(Packet));
        packet->worstPort = kNone;
        return packet;
    }

    void Free(Packet* packet)
    {
        packet->next = m_free;
        m_free = packet;
        if (++m_count >= m_most)
        {
            GiveAway();
        }
    }

    /// Whence the packets come; first of all calls.
    void SetArena(BlockArena* arena)
    {
        m_arena = arena;
    }

    /// Without a depot it keeps everything.
    void SetDepot(PacketDepot* depot)
    {
        m_depot = depot;
        m_most = 8 * PacketDepot::kBatch;
    }

  private:
    void Refill()
    {
        m_free = m_depot ? m_depot->Take() : nullptr;
        if (m_free)
        {
            m_count = PacketDepot::kBatch;
            return;
        }
        Grow();
    }

    void GiveAway()
    {
        Packet* list = m_free;
        Packet* last = list;
        for (uint32_t i = 1; i < PacketDepot::kBatch; ++i)
        {
            last = last->next;
        }
        m_free = last->next;
        last->next = nullptr;
        m_count -= PacketDepot::kBatch;
        m_depot->Put(list);
    }

    void Grow()
    {
        constexpr size_t count = BlockArena::kBlockBytes / sizeof(Packet);
        auto* packets = static_cast<Packet*>(m_arena->Take());
        for (size_t i = count; i-- > 0;)
        {
            auto* packet = new (&packets[i]) Packet;
            packet->next = m_free;
            m_free = packet;
        }
        m_count += count;
    }

    Packet* m_free = nullptr;
    size_t m_count = 0; ///< of free ones
    size_t m_most = std::numeric_limits<size_t>::max();
    BlockArena* m_arena = nullptr;
    PacketDepot* m_depot = nullptr;
};

} // namespace heddle::fabric

#endif
