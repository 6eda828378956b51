// SPDX-License-Identifier: GPL-2.0-only
//
// Messages whose path changes while they leave: what waits in the queues of the older path arrives
// when those have drained, and the message is through when all of it is.
#include "ns3/fabric-flow-network.h"

#include <algorithm>

namespace heddle
{

/// A message that goes on over another path is not through before what it sent over this one is.
void
FlowNetwork::SendStraggler(Partition& part, uint32_t id, const Lane& lane)
{
    FlowDetails& d = m_details[id];
    if (!m_flows[id].active || m_flows[id].down || m_flows[id].left + d.rest >= d.message)
    {
        return;
    }
    const uint32_t cookie = NewTransit();
    m_inTransit[cookie].straggler = true;
    m_inTransit[cookie].lanes = 1;
    ++d.stragglers;
    m_fifo->Send(part, lane.stream, cookie, 0);
}

void
FlowNetwork::OnStraggler(Partition& part, uint32_t id, Tick travelled)
{
    FlowDetails& d = m_details[id];
    if (--d.stragglers > 0)
    {
        return;
    }
    for (size_t n = 0; n < d.behind.size(); ++n)
    {
        FlowWaits& waits = d.behind[n];
        const auto wait = static_cast<double>(part.now() - d.behindSince[n]);
        waits.lost[FlowWaits::Fabric] += wait;
        waits.late -= std::min(wait, waits.late);
        waits.resent -= std::min(wait, waits.resent);
        waits.travelled = travelled;
        m_client->OnThrough(part, id, waits);
    }
    d.behind.clear();
    d.behindSince.clear();
}

/// The last of a message is through.
void
FlowNetwork::PassMessage(Partition& part, uint32_t id, bool onLatestPath, const FlowWaits& waits)
{
    FlowDetails& d = m_details[id];
    if (d.stragglers == 0 || !onLatestPath)
    {
        m_client->OnThrough(part, id, waits);
        return;
    }
    d.behind.push_back(waits);
    d.behindSince.push_back(part.now());
}

} // namespace heddle
