// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-pool.h
// -------------------
// Internal to the packet level: packets of one partition. A packet may be freed in another
// partition than it was taken from; pools then drift, which matters to nobody.

#ifndef HEDDLE_FABRIC_POOL_H
#define HEDDLE_FABRIC_POOL_H

#include "ns3/fabric-packet.h"

#include <cstring>
#include <memory>
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

  private:
    struct alignas(64) Line
    {
        Packet packet;
    };

    static constexpr size_t kChunk = 1024;

    void Grow()
    {
        m_chunks.push_back(std::make_unique<Line[]>(kChunk));
        for (size_t i = kChunk; i-- > 0;)
        {
            Free(&m_chunks.back()[i].packet);
        }
    }

    Packet* m_free = nullptr;
    std::vector<std::unique_ptr<Line[]>> m_chunks;
};

} // namespace heddle::fabric

#endif
