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
        if (++m_count == kBatch)
        {
            PutAside();
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
    }

  private:
    static constexpr uint32_t kBatch = PacketDepot::kBatch;
    static constexpr size_t kMostFull = 8; ///< more go to the depot

    void Refill()
    {
        if (!m_full.empty())
        {
            m_free = m_full.back();
            m_full.pop_back();
        }
        else
        {
            m_free = m_depot ? m_depot->Take() : nullptr;
        }
        m_count = kBatch;
        if (!m_free)
        {
            Grow();
        }
    }

    /// The list is full: never walked, because its packets have left the cache.
    void PutAside()
    {
        if (m_depot && m_full.size() == kMostFull)
        {
            m_depot->Put(m_full.front());
            m_full.erase(m_full.begin());
        }
        m_full.push_back(m_free);
        m_free = nullptr;
        m_count = 0;
    }

    void Grow()
    {
        static_assert(BlockArena::kBlockBytes / sizeof(Packet) == kBatch);
        auto* packets = static_cast<Packet*>(m_arena->Take());
        for (size_t i = kBatch; i-- > 0;)
        {
            auto* packet = new (&packets[i]) Packet;
            packet->next = m_free;
            m_free = packet;
        }
    }

    Packet* m_free = nullptr;
    uint32_t m_count = 0;        ///< in that list
    std::vector<Packet*> m_full; ///< lists of kBatch
    BlockArena* m_arena = nullptr;
    PacketDepot* m_depot = nullptr;
};

} // namespace heddle::fabric

#endif
