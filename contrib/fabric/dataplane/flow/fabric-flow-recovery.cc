// SPDX-License-Identifier: GPL-2.0-only
//
// Flows without a path: when they go on, and when their senders give up. A flow waits for its
// sender's retransmission timer when the path is there again; not where its own port was down,
// because nothing was sent and lost meanwhile.
#include "ns3/base-errors.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <tuple>

namespace heddle
{

void
FlowNetwork::Suspend(Partition& part, uint32_t id)
{
    Settle(id, part.now());
    if (m_flows[id].rate > 0)
    {
        m_details[id].lostAt = static_cast<double>(m_flows[id].rate);
    }
    if (m_maxMin.inserted(id))
    {
        Withdraw(part, id);
    }
    GoDown(part, id);
}

void
FlowNetwork::GoDown(Partition& part, uint32_t id)
{
    FlowDetails& details = m_details[id];
    m_flows[id].down = true;
    details.downSince = part.now();
    details.held = OwnPortDown(details);
    if (details.lostAt <= 0) // it begins now
    {
        details.lostAt = details.lineRate;
    }
    ++details.outages;
    if (m_config.retryLimit > 0)
    {
        const Tick last = (m_config.retryLimit + 1) * m_config.retransmissionTimeout;
        Schedule(part, part.now() + last, m_onGivingUp, id, details.outages);
    }
}

/// All that it may use of its NIC.
bool
FlowNetwork::OwnPortDown(const FlowDetails& details)
{
    const auto down = [&](uint32_t port)
    { return !m_linkUp[m_paths.PortOf(details.from * m_ports + port) / 2]; };
    if (m_ports == 1 || AnyPort(details))
    {
        uint32_t dead = 0;
        for (uint32_t port = 0; port < m_ports; ++port)
        {
            dead += down(port);
        }
        return dead == m_ports;
    }
    const PortPairs pairs = PairsOf(details);
    return down(pairs.Usable(details.ports->use.pick(pairs.count())));
}

/// The retry budget is used up, if this outage has lasted until now.
void
FlowNetwork::OnGivingUp(Partition& part, const Event& event)
{
    const uint32_t id = event.entity;
    if (!m_flows[id].down || m_details[id].outages != event.arg)
    {
        return;
    }
    const FlowFailure failure{part.now(), id};
    const auto order = [this](const FlowFailure& f)
    { return std::tuple(f.at, m_details[f.flow].from, m_details[f.flow].to, f.flow); };
    if (!m_failure || order(failure) < order(*m_failure))
    {
        m_failure = failure;
    }
    m_core.Stop();
}

/// Whether the sender has new packets left when the path is there again: they arrive behind a gap
/// and make the receiver ask for what is missing, so no timer is waited for.
bool
FlowNetwork::StillSending(uint32_t id, Tick now)
{
    FlowDetails& d = m_details[id];
    const double sent = d.lostAt * ToSeconds(now - d.downSince);
    const double had = m_flows[id].left + d.rest + static_cast<double>(m_client->Behind(id));
    d.shut = (m_config.windowBits > 0 && d.underWay + std::min(sent, had) >= m_config.windowBits);
    return !d.shut && sent < had;
}

void
FlowNetwork::RecoverAt(Partition& part, uint32_t id, Tick at)
{
    m_details[id].recoverAt = at;
    Schedule(part, at, m_onRecovered, id, 0);
}

/// So does a message that is posted later.
void
FlowNetwork::HearOfMore(Partition& part, uint32_t id, Tick leaves)
{
    FlowDetails& d = m_details[id];
    if (d.recovering && !d.shut && leaves + RoundTrip(d) < d.recoverAt)
    {
        RecoverAt(part, id, leaves + RoundTrip(d));
    }
}

/// Flows that have a path again, and have lost something, go on when the receiver asks, or wait for
/// their senders' timers.
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
        if (details.held)
        {
            m_flows[id].down = false;
            Continue(part, id);
            continue;
        }
        details.recovering = true;
        const bool doubles = m_config.retryLimit == 0;
        if (StillSending(id, part.now()))
        {
            RecoverAt(part, id, part.now() + RoundTrip(details));
            continue;
        }
        Tick expiry = details.downSince;
        unsigned expired = 0;
        for (; expiry < part.now(); ++expired)
        {
            expiry += m_config.retransmissionTimeout
                      << (doubles ? std::min(expired, kMostDoublings) : 0U);
        }
        if (!doubles && expired > m_config.retryLimit)
        {
            continue; // OnGivingUp() comes first
        }
        RecoverAt(part, id, expiry);
    }
}

void
FlowNetwork::OnRecovered(Partition& part, const Event& event)
{
    const uint32_t id = event.entity;
    if (!m_details[id].recovering || m_details[id].recoverAt != part.now())
    {
        return; // left behind: it has gone on earlier
    }
    Settle(id, part.now());
    m_details[id].recovering = false;
    m_details[id].lostAt = 0;
    if (PathIsUp(id)) // else it has failed once more
    {
        m_flows[id].down = false;
        Continue(part, id);
    }
}

} // namespace heddle
