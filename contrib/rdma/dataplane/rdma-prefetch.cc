// SPDX-License-Identifier: GPL-2.0-only
//
// Hints to the cache, in large worlds: what the next events will touch.
#include "ns3/rdma-engine.h"

namespace heddle
{

namespace
{

constexpr size_t kLine = 64;

/// The first cache lines of an object, by default all.
template <class T>
void
Fetch(const T& object, size_t lines = sizeof(T) / kLine)
{
    const auto* start = reinterpret_cast<const char*>(&object);
    for (size_t i = 0; i < lines; ++i)
    {
        __builtin_prefetch(start + i * kLine, 1);
    }
}

/// What sending a packet touches.
void
FetchToSend(const SenderQp& qp)
{
    Fetch(qp, 5);
    __builtin_prefetch(&qp.congestion, 1);
}

/// … and an ACK.
void
FetchToAcknowledge(const SenderQp& qp)
{
    Fetch(qp, 7);
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
        FetchToAcknowledge(m_senders[packet.flow]);
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
        FetchToSend(*next);
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
            FetchToSend(static_cast<TransportEngine*>(self)->m_senders[events[which[i]].entity]);
        }
    };
    const EventCore::PrepareFn second =
        [](void* self, const Event* events, const uint8_t* which, size_t count)
    {
        auto& engine = *static_cast<TransportEngine*>(self);
        for (size_t i = 0; i < count; ++i)
        {
            const SenderQp& qp = engine.m_senders[events[which[i]].entity];
            Fetch(engine.m_nics[qp.lane]);
            qp.flight.Fetch(qp.next);
        }
    };
    const bool twice = m_core.preparesEarly();
    for (const HandlerId timer : {m_onSendTimer, m_onTimeout, m_onCongestionTimer})
    {
        m_core.SetPrepare(timer, twice ? first : nullptr, twice ? second : first);
    }
}

} // namespace heddle
