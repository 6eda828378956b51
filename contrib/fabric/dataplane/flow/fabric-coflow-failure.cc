// SPDX-License-Identifier: GPL-2.0-only
//
// Coflows whose links fail or come back: they stand still, and go on after their senders' timers.
#include "ns3/fabric-coflow-network.h"

#include <algorithm>

namespace heddle
{

namespace
{

constexpr unsigned kMostDoublings = 5;

} // namespace

void
CoflowNetwork::SetCapacity(Partition& part, uint32_t port, int64_t rate)
{
    const uint32_t id = m_portOf[port];
    if (rate == 0 && m_config.spread && m_resources[id].kind == PortKind::Fabric)
    {
        return;
    }
    m_resources[id].rate = rate;
    const std::vector<uint32_t> members = m_maxMin.members(id);
    if (rate > 0)
    {
        m_maxMin.SetCapacity(id, rate);
        if (!members.empty())
        {
            m_touched.push_back(id);
        }
        for (uint32_t coflow : members)
        {
            FindEndpointRate(m_coflows[coflow], coflow);
        }
        RequestSolve(part);
        return;
    }
    for (uint32_t coflow : members)
    {
        Suspend(part, coflow);
    }
}

void
CoflowNetwork::Suspend(Partition& part, uint32_t id)
{
    Coflow& coflow = m_coflows[id];
    Settle(id, part.now());
    Withdraw(part, id);
    coflow.down = true;
    coflow.downSince = part.now();
}

void
CoflowNetwork::Reload(Partition& part, uint32_t id, const std::vector<Load>& loads)
{
    Coflow& coflow = m_coflows[id];
    if (coflow.active)
    {
        Settle(id, part.now());
    }
    Flush(id);
    const double open = coflow.left / coflow.bits;
    if (coflow.active && !coflow.down)
    {
        Withdraw(part, id);
    }
    if (!loads.empty())
    {
        SetLoads(id, loads);
        coflow.left = open * coflow.bits;
    }
    if (!coflow.active || coflow.recovering)
    {
        return;
    }
    if (!coflow.down && !loads.empty())
    {
        Insert(part, id);
        return;
    }
    coflow.downSince = coflow.down ? coflow.downSince : part.now();
    coflow.down = true;
    if (loads.empty())
    {
        return;
    }
    if (static_cast<double>(part.now() - coflow.downSince) < coflow.messageTime)
    {
        coflow.down = false;
        Insert(part, id);
        return;
    }
    coflow.recovering = true;
    Tick expiry = coflow.downSince;
    for (unsigned n = 0; expiry < part.now(); ++n)
    {
        expiry += m_config.retransmissionTimeout << std::min(n, kMostDoublings);
    }
    Schedule(part, expiry, m_onRecovered, id, 0);
}

void
CoflowNetwork::OnRecovered(Partition& part, const Event& event)
{
    Coflow& coflow = m_coflows[event.entity];
    Settle(event.entity, part.now());
    coflow.recovering = false;
    coflow.down = false;
    Insert(part, event.entity);
}

} // namespace heddle
