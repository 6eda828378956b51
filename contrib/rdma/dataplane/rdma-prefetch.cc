// SPDX-License-Identifier: GPL-2.0-only
//
// Hints to the cache, in large worlds: what the next events will touch.
#include "ns3/rdma-engine.h"

namespace heddle
{

namespace
{

/// Every cache line of an object.
template <class T>
void
Fetch(const T& object)
{
    constexpr size_t kLine = 64;
    const auto* start = reinterpret_cast<const char*>(&object);
    for (size_t at = 0; at < sizeof(T); at += kLine)
    {
        __builtin_prefetch(start + at, 1);
    }
}

} // namespace

void
TransportEngine::OnReceiveSoon(NicId nic, const Packet& packet, Notice notice) const
{
    if (notice == Notice::Second)
    {
        if (packet.type != PacketType::Data)
        {
            const SenderQp& qp = m_senders[packet.flow];
            qp.flight.Fetch(packet.sequence);
            __builtin_prefetch(qp.oldest, 1);
        }
        return;
    }
    Fetch(m_nics[nic]);
    if (packet.type == PacketType::Data)
    {
        Fetch(m_receivers[packet.flow]);
    }
    else
    {
        Fetch(m_senders[packet.flow]);
    }
}

void
TransportEngine::OnPortReadySoon(NicId nic, Notice notice) const
{
    if (notice == Notice::First)
    {
        Fetch(m_nics[nic]);
    }
    else if (const SenderQp* next = m_nics[nic].ring.head)
    {
        Fetch(*next);
    }
}

void
TransportEngine::AddPreparations()
{
    if (!m_core.prepares())
    {
        return;
    }
    const EventCore::PrepareFn first =
        [](void* self, const Event* events, const uint8_t* which, size_t count)
    {
        for (size_t i = 0; i < count; ++i)
        {
            Fetch(static_cast<TransportEngine*>(self)->m_senders[events[which[i]].entity]);
        }
    };
    const EventCore::PrepareFn second =
        [](void* self, const Event* events, const uint8_t* which, size_t count)
    {
        auto& engine = *static_cast<TransportEngine*>(self);
        for (size_t i = 0; i < count; ++i)
        {
            Fetch(engine.m_nics[engine.m_senders[events[which[i]].entity].lane]);
        }
    };
    const bool twice = m_core.preparesEarly();
    for (const HandlerId timer : {m_onSendTimer, m_onTimeout, m_onCongestionTimer})
    {
        m_core.SetPrepare(timer, twice ? first : nullptr, twice ? second : first);
    }
}

} // namespace heddle
