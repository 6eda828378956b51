// SPDX-License-Identifier: GPL-2.0-only
//
// What events of the flow level will touch, fetched into the cache before they happen: queue pairs
// and messages are visited at random, and thousands of them fit no cache.
#include "ns3/base-prepare.h"
#include "ns3/rdma-flow-transport.h"

namespace heddle
{

void
FlowTransport::SetHints()
{
    using Self = FlowTransport;
    m_core.SetPrepare(m_onDoorbell, &ForEachEvent<Self, &Self::ForeseeQueuePair>, nullptr);
    m_core.SetPrepare(m_onDelivery,
                      &ForEachEvent<Self, &Self::ForeseeMessage>,
                      &ForEachEvent<Self, &Self::ForeseeDelivery>);
    m_core.SetPrepare(m_onAcknowledgement,
                      &ForEachEvent<Self, &Self::ForeseeMessage>,
                      &ForEachEvent<Self, &Self::ForeseeAcknowledgement>);
}

void
FlowTransport::ForeseeQueuePair(const Event& event) const
{
    FetchToWrite(&m_queuePairs[event.entity]);
}

/// Its first cache line has been fetched with the event.
void
FlowTransport::ForeseeMessage(const Event& event) const
{
    const auto* message = reinterpret_cast<const Message*>(event.arg);
    FetchToWrite(&m_queuePairs[event.entity]);
    FetchToWrite(message);
    if (m_foresight != nullptr)
    {
        m_foresight->Foresee(message->cookie);
    }
}

void
FlowTransport::ForeseeDelivery(const Event& event) const
{
    if (m_foresight != nullptr)
    {
        m_foresight->ForeseeDelivery(reinterpret_cast<const Message*>(event.arg)->cookie);
    }
}

void
FlowTransport::ForeseeAcknowledgement(const Event& event) const
{
    if (m_foresight != nullptr)
    {
        m_foresight->ForeseeAcknowledgement(reinterpret_cast<const Message*>(event.arg)->cookie);
    }
}

/// The messages that leave and pass next.
void
FlowTransport::Foresee(uint32_t flow) const
{
    const QueuePair& qp = m_queuePairs[flow];
    if (qp.toPass != nullptr)
    {
        FetchToWrite(qp.toPass);
    }
    if (qp.current != nullptr)
    {
        FetchToWrite(qp.current);
        if (qp.current->next != nullptr)
        {
            FetchToWrite(qp.current->next);
        }
    }
}

} // namespace heddle
