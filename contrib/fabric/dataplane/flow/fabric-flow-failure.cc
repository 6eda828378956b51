// SPDX-License-Identifier: GPL-2.0-only
//
// Links that fail, come back, or change their rate. A flow whose one path crosses a failed link
// stands still until the forwarding tables are new, and then until its sender's retransmission
// timer expires. A flow that spreads over several paths goes on over the others.
#include "ns3/base-errors.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <limits>

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

void
FlowNetwork::OnReroute(Partition& part, const Event&)
{
    Rebuild(part);
}

/// New tables: everything is made anew.
void
FlowNetwork::Rebuild(Partition& part)
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

void
FlowNetwork::SetLinkRate(uint32_t link, BitRate rate)
{
    HEDDLE_CHECK(link < m_linkUp.size() && rate.bps() > 0, "no such link, or no rate");
    Partition& part = m_core.part(0);
    if (rate == m_paths.RateOf(2 * link))
    {
        return;
    }
    m_paths.SetRate(link, rate);
    if (!m_built)
    {
        m_paths.Build(m_linkUp);
        return;
    }
    const bool resized = Resize(part, 2 * link) && Resize(part, 2 * link + 1);
    if (!resized || Spreads())
    {
        Rebuild(part);
    }
}

/// Whether some flow spreads in proportion to rates.
bool
FlowNetwork::Spreads() const
{
    return m_paths.SpreadsByRate() && std::any_of(m_details.begin(),
                                                  m_details.end(),
                                                  [](const FlowDetails& d) { return d.spread; });
}

/// The new rate of a port in its resource. False when flows do not know that resource, because the
/// port could not limit anybody.
bool
FlowNetwork::Resize(Partition& part, PortId changed)
{
    const uint32_t id = m_resourceOf[changed];
    if (id == kNone)
    {
        return true;
    }
    Resource& resource = m_resources[id];
    resource.rate = std::numeric_limits<int64_t>::max();
    for (PortId port = 0; port < m_resourceOf.size(); ++port)
    {
        if (m_resourceOf[port] != id)
        {
            continue;
        }
        const auto rate = static_cast<int64_t>(static_cast<double>(m_paths.RateOf(port).bps()) /
                                               m_largestShare[port]);
        if (rate < resource.rate)
        {
            resource.rate = rate;
            resource.port = port;
        }
    }
    if (resource.useful && !m_maxMin.idle(id))
    {
        Touch(part, id);
    }
    return resource.useful;
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
