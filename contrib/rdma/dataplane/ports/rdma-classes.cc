// SPDX-License-Identifier: GPL-2.0-only
//
// Queue pairs of several traffic classes at one NIC: which class a port serves. As at a switch's
// port (SwitchConfig::classes): strict ones first, higher before lower; the others in turn, so that
// bytes are shared by weight. A class that PFC has paused has no turn. Acknowledgements go before
// them all.
//
// Deviation: a class pays for a packet after it has left (its size is not known before), so it may
// overdraw its turn by a packet; it starts the next one with that debt (surplus round robin).
#include "ns3/rdma-engine.h"

#include "ns3/base-errors.h"

#include <string>

namespace heddle
{

void
TransportEngine::AddClass(uint8_t trafficClass)
{
    if (trafficClass >= kClasses || trafficClass == m_config.controlClass)
    {
        throw InputError("transport: traffic class " + std::to_string(trafficClass) +
                         ": queue pairs may have 0 to 7, but not that of acknowledgements, " +
                         std::to_string(m_config.controlClass));
    }
    if ((m_dataClasses >> trafficClass & 1U) != 0)
    {
        return;
    }
    HEDDLE_CHECK(m_dataClasses == 0 || !m_core.running(),
                 "queue pairs of another traffic class are connected before the run");
    m_firstClass = m_dataClasses == 0 ? trafficClass : m_firstClass;
    m_dataClasses |= 1U << trafficClass;
    const ClassConfig& config = m_network.topology().switchConfig.classes[trafficClass];
    m_strict |= config.strict ? 1U << trafficClass : 0U;
    if (SeveralClasses())
    {
        m_classRings.resize(m_nics.size() * kClasses);
        m_turn.resize(m_nics.size());
    }
}

/// A bit for each class of which some queue pair may leave by `port`, pauses aside.
unsigned
TransportEngine::WaitingClasses(NicId port) const
{
    const NicId ringOf = RingOf(port);
    unsigned waiting = 0;
    for (unsigned left = m_dataClasses; left != 0; left &= left - 1)
    {
        const auto c = static_cast<unsigned>(__builtin_ctz(left));
        const QpRing& ring = RingAt(ringOf, static_cast<uint8_t>(c));
        const SenderQp* first = m_anyPort ? FirstFor(port, ring) : ring.head;
        waiting |= first != nullptr ? 1U << c : 0U;
    }
    return waiting;
}

bool
TransportEngine::SendByClass(Partition& part, NicId port)
{
    const unsigned waiting = WaitingClasses(port);
    unsigned eligible = 0;
    for (unsigned left = waiting; left != 0; left &= left - 1)
    {
        const auto c = static_cast<unsigned>(__builtin_ctz(left));
        eligible |= m_network.CanSend(part, port, c) ? 1U << c : 0U;
    }
    if (eligible == 0)
    {
        if (waiting != 0)
        {
            NoteBlocked(part, port);
        }
        return false;
    }
    for (unsigned idle = m_dataClasses & ~waiting; idle != 0; idle &= idle - 1)
    {
        m_classRings[port * kClasses + static_cast<unsigned>(__builtin_ctz(idle))].deficit = 0;
    }
    const unsigned c = PickClass(port, eligible);
    QpRing& ring = RingAt(RingOf(port), static_cast<uint8_t>(c));
    SenderQp* qp = ring.head;
    if (m_anyPort)
    {
        qp = TakeFor(port, ring);
    }
    else
    {
        ring.head = qp->ringNext;
        qp->ringNext = nullptr;
        qp->inRing = false;
    }
    m_classRings[port * kClasses + c].deficit -= SendNow(part, port, *qp);
    return true;
}

/// The class to serve of those in `eligible`, which is not 0.
unsigned
TransportEngine::PickClass(NicId port, unsigned eligible)
{
    if (const unsigned strict = eligible & m_strict)
    {
        return 31U - static_cast<unsigned>(__builtin_clz(strict));
    }
    const auto& classes = m_network.topology().switchConfig.classes;
    ClassRing* const rings = &m_classRings[port * kClasses];
    unsigned c = m_turn[port];
    while ((eligible >> c & 1U) == 0 || rings[c].deficit <= 0)
    {
        do
        {
            c = (c + 1) % kClasses;
        } while ((eligible >> c & 1U) == 0);
        rings[c].deficit += int64_t{classes[c].weight} * fullWireBytes();
    }
    m_turn[port] = static_cast<uint8_t>(c);
    return c;
}

} // namespace heddle
