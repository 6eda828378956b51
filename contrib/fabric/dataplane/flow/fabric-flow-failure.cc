// SPDX-License-Identifier: GPL-2.0-only
//
// Links that fail, come back, or change their rate. A flow whose one path crosses a failed link
// stands still until the forwarding tables are new, and then until its sender's retransmission
// timer expires; not where its own port was down, because nothing was sent and lost meanwhile. A
// flow that spreads over several paths goes on over the others.
#include "ns3/base-errors.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace heddle
{

void
FlowNetwork::SetLinkUp(uint32_t link, bool up)
{
    Partition& part = m_core.part(0);
    HEDDLE_CHECK(link < m_linkUp.size(), "no such link");
    const bool wasCut = m_cut[link];
    if (m_linkUp[link] == up && !wasCut)
    {
        return;
    }
    m_cut[link] = false;
    m_nicCapacity.SetUp(link, up, part.now());
    SetState(part, link, up);
    if (!up || !wasCut) // else it is back before anybody noticed
    {
        const Tick due = part.now() + m_topology.rerouteDelay;
        if (due != m_rerouteDue)
        {
            m_rerouteDue = due;
            Schedule(part, due, m_onReroute, 0, 0);
        }
    }
    if (!up)
    {
        m_client->OnLinkDead(part);
    }
}

void
FlowNetwork::CutLink(uint32_t link)
{
    HEDDLE_CHECK(link < m_linkUp.size(), "no such link");
    if (m_linkUp[link])
    {
        m_cut[link] = true;
        SetState(m_core.part(0), link, false);
    }
}

void
FlowNetwork::SetState(Partition& part, uint32_t link, bool up)
{
    if (m_linkUp[link] == up)
    {
        return;
    }
    // Flows over all ports of a NIC change their paths at once.
    const bool anew = m_built && m_ports > 1 && m_paths.IsNicPort(2 * link);
    if (anew)
    {
        SettleAll(part);
    }
    m_linkUp[link] = up;
    m_deadSince = m_unrouted ? m_deadSince : part.now();
    m_unrouted = m_linkUp != m_routedUp;
    ++m_pathsVersion;
    if (anew)
    {
        Rebuild(part);
        return;
    }
    for (uint32_t flow = 0; m_built && flow < m_flows.size(); ++flow)
    {
        if (!m_flows[flow].active || m_flows[flow].down)
        {
            continue;
        }
        if (!PathIsUp(flow))
        {
            Suspend(part, flow);
            continue;
        }
        Settle(flow, part.now());
        FindLoss(flow);
        if (m_queued)
        {
            PredictMark(flow);
            const double arriving =
                static_cast<double>(m_flows[flow].rate) * m_details[flow].arriving;
            SetInflow(part, flow, static_cast<int64_t>(arriving));
        }
        else
        {
            Predict(flow);
        }
        Arm(part, flow);
    }
    if (m_queued)
    {
        m_fifo->Commit(part);
    }
    if (m_built && m_paths.SpreadsByRate() && !m_paths.IsNicPort(2 * link))
    {
        SettleAll(part); // at the switches of its two ends
        Rebuild(part);
        return;
    }
    Revive(part);
}

/// What the routing knows.
std::vector<bool>
FlowNetwork::KnownUp() const
{
    std::vector<bool> up = m_linkUp;
    for (size_t link = 0; link < up.size(); ++link)
    {
        up[link] = up[link] || m_cut[link];
    }
    return up;
}

void
FlowNetwork::OnReroute(Partition& part, const Event&)
{
    if (m_rerouteDue == part.now())
    {
        m_rerouteDue = -1; // later changes of this instant are not in it
    }
    SettleAll(part);
    m_routedUp = KnownUp();
    m_unrouted = m_linkUp != m_routedUp;
    Rebuild(part);
}

/// Books all that was carried until now, while its paths are known.
void
FlowNetwork::SettleAll(Partition& part)
{
    for (uint32_t id = 0; m_built && id < m_flows.size(); ++id)
    {
        if (m_flows[id].active)
        {
            Settle(id, part.now());
        }
        Flush(id);
    }
}

/// New tables, everything is made anew; after SettleAll().
void
FlowNetwork::Rebuild(Partition& part)
{
    m_paths.Build(m_routedUp, m_linkUp);
    ++m_pathsVersion;
    if (!m_built)
    {
        return;
    }
    TellFluids(part);
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
            FindLoss(id);
            Continue(part, id);
        }
        else
        {
            GoDown(part, id);
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
    const bool spreads = Spreads();
    if (spreads)
    {
        SettleAll(part);
    }
    m_paths.SetRate(link, rate);
    m_nicCapacity.SetRate(link, rate, part.now());
    const bool resized = m_built && Resize(part, 2 * link) && Resize(part, 2 * link + 1);
    if (!resized || spreads)
    {
        SettleAll(part);
        Rebuild(part);
    }
}

/// Whether some flow spreads in proportion to rates.
bool
FlowNetwork::Spreads() const
{
    return std::any_of(m_details.begin(),
                       m_details.end(),
                       [this](const FlowDetails& d)
                       { return d.spread && (AnyPort(d) || m_paths.SpreadsByRate()); });
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
    const bool queues = m_queued && m_queueOf[id] != kNone;
    if (resource.useful && (queues || !m_maxMin.idle(id)))
    {
        Touch(part, id);
    }
    return resource.useful;
}

} // namespace heddle
