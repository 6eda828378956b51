// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-pool.h
// -------------------
// Internal to the packet level: packets of one partition. A packet may be freed in another
// partition than it was taken from; pools then drift, which matters to nobody.

#ifndef HEDDLE_FABRIC_POOL_H
#define HEDDLE_FABRIC_POOL_H

#include "ns3/base-memory.h"
#include "ns3/fabric-packet.h"

#include <cstring>
#include <new>
#include <vector>

namespace heddle::fabric
{

class PacketPool
{
  public:
    Packet* Alloc()
    {
        if (!m_free)
        {
            Grow();
        }
        Packet* packet = m_free;
        m_free = packet->next;
        std::memset(static_cast<void*>(packet), 0, sizeof(Packet));
        packet->worstPort = kNone;
        return packet;
    }

    void Free(Packet* packet)
    {
        packet->next = m_free;
        m_free = packet;
    }

    PacketPool() = default;

    ~PacketPool()
    {
        for (const Chunk& chunk : m_chunks)
        {
            FreeArray(chunk.packets, chunk.count * sizeof(Packet));
        }
    }

    PacketPool(const PacketPool&) = delete;
    PacketPool& operator=(const PacketPool&) = delete;

  private:
    struct Chunk
    {
        Packet* packets;
        size_t count;
    };

    static constexpr size_t kSmall = 1024;
    static constexpr size_t kLarge = 32 * kSmall; ///< a huge page

    void Grow()
    {
        const size_t count = m_chunks.size() < 2 * kLarge / kSmall ? kSmall : kLarge;
        auto* packets = static_cast<Packet*>(AllocateArray(count * sizeof(Packet)));
        m_chunks.push_back({packets, count});
        for (size_t i = count; i-- > 0;)
        {
            Free(new (&packets[i]) Packet);
        }
    }

    Packet* m_free = nullptr;
    std::vector<Chunk> m_chunks;
};

} // namespace heddle::fabric

#endif
