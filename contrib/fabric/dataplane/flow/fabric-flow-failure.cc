// SPDX-License-Identifier: GPL-2.0-only
//
// Links that fail and come back. A flow whose one path crosses a failed link stands still until the
// forwarding tables are new, and then until its sender's retransmission timer expires. A flow that
// spreads over several paths goes on over the others.
#include "ns3/base-errors.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>

namespace heddle
{

void
FlowNetwork::SetLinkUp(uint32_t link, bool up)
{
    Partition& part = m_core.part(0);
    HEDDLE_CHECK(link < m_linkUp.size(), "no such link");
    if (m_linkUp[link] == up)
    {
        return;
    }
    m_linkUp[link] = up;
    for (uint32_t flow = 0; m_built && flow < m_flows.size(); ++flow)
    {
        if (m_flows[flow].active && !m_flows[flow].down && !PathIsUp(flow))
        {
            Suspend(part, flow);
        }
    }
    Revive(part);
    Schedule(part, part.now() + m_topology.rerouteDelay, m_onReroute, 0, 0);
}

void
FlowNetwork::Suspend(Partition& part, uint32_t id)
{
    Settle(id, part.now());
    Withdraw(part, id);
    m_flows[id].down = true;
    m_details[id].downSince = part.now();
}

/// Flows that have a path again wait for their senders' timers.
void
FlowNetwork::Revive(Partition& part)
{
    constexpr unsigned kMostDoublings = 5;
    for (uint32_t id = 0; m_built && id < m_flows.size(); ++id)
    {
        FlowDetails& details = m_details[id];
        if (!m_flows[id].down || details.recovering || !PathIsUp(id))
        {
            continue;
        }
        Settle(id, part.now());
        details.recovering = true;
        Tick expiry = details.downSince;
        for (unsigned n = 0; expiry < part.now(); ++n)
        {
            expiry += m_config.retransmissionTimeout << std::min(n, kMostDoublings);
        }
        Schedule(part, expiry, m_onRecovered, id, 0);
    }
}

void
FlowNetwork::OnRecovered(Partition& part, const Event& event)
{
    const uint32_t id = event.entity;
    Settle(id, part.now());
    m_details[id].recovering = false;
    if (PathIsUp(id)) // else it has failed once more
    {
        m_flows[id].down = false;
        Insert(part, id);
    }
}

/// New tables: everything is made anew.
void
FlowNetwork::OnReroute(Partition& part, const Event&)
{
    if (!m_built)
    {
        m_paths.Build(m_linkUp);
        return;
    }
    for (uint32_t id = 0; id < m_flows.size(); ++id)
    {
        if (m_flows[id].active)
        {
            Settle(id, part.now());
        }
        Flush(id);
    }
    m_paths.Build(m_linkUp);
    Build();
    for (uint32_t id = 0; id < m_flows.size(); ++id)
    {
        Flow& flow = m_flows[id];
        if (!flow.active || flow.down)
        {
            continue;
        }
        flow.rate = 0;
        flow.finish = kForever;
        if (PathIsUp(id))
        {
            Insert(part, id);
        }
        else
        {
            flow.down = true;
            m_details[id].downSince = part.now();
        }
    }
    Revive(part);
}

/// Books what it has carried so far on the ports of its path.
void
FlowNetwork::Flush(uint32_t flow)
{
    FlowDetails& d = m_details[flow];
    if (d.carried == 0)
    {
        return;
    }
    m_paths.Find(d.from, d.to, d.entropy, m_stages);
    m_stageBits.resize(std::max(m_stageBits.size(), m_paths.stages()), 0);
    for (fabric::FlowPaths::StageId stage : m_stages)
    {
        m_stageBits[stage] += d.carried;
    }
    d.carried = 0;
}

std::vector<double>
FlowNetwork::PortBytes()
{
    for (uint32_t flow = 0; flow < m_flows.size(); ++flow)
    {
        Flush(flow);
    }
    constexpr double kBitsPerByte = 8;
    std::vector<double> bytes(2 * m_topology.links.size(), 0);
    for (fabric::FlowPaths::StageId stage = 0; stage < m_stageBits.size(); ++stage)
    {
        if (m_stageBits[stage] > 0)
        {
            m_paths.ForEachPort(stage,
                                [&](PortId port, double share)
                                { bytes[port] += share * m_stageBits[stage] / kBitsPerByte; });
        }
    }
    return bytes;
}

} // namespace heddle
