// SPDX-License-Identifier: GPL-2.0-only
//
// Coflows whose links fail or come back: they stand still, and go on after their senders' timers.
#include "ns3/fabric-coflow-network.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::MaxMin;

namespace
{

constexpr unsigned kMostDoublings = 5;
constexpr double kTicksPerSecond = 1e12;

} // namespace

void
CoflowNetwork::SetCapacity(Partition& part, uint32_t port, int64_t rate)
{
    const uint32_t id = m_portOf[port];
    if (rate == 0 && m_config.spread && m_resources[id].kind == PortKind::Fabric)
    {
        return;
    }
    const std::vector<uint32_t> members = m_maxMin.members(id);
    for (uint32_t coflow : members)
    {
        Settle(coflow, part.now()); // at the old rate
    }
    m_resources[id].rate = rate;
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
        Settle(coflow, part.now());
        if (!Outlasts(coflow))
        {
            Suspend(part, coflow);
        }
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
CoflowNetwork::Lose(Partition& part, const std::vector<uint32_t>& ports, double share)
{
    const Loss loss{ports, share, part.now() + m_config.rerouteDelay};
    m_losses.erase(std::remove_if(m_losses.begin(),
                                  m_losses.end(),
                                  [&part](const Loss& old) { return old.until <= part.now(); }),
                   m_losses.end());
    m_losses.push_back(loss);
    std::vector<uint32_t> hit;
    for (uint32_t port : ports)
    {
        const std::vector<uint32_t>& members = m_maxMin.members(m_portOf[port]);
        hit.insert(hit.end(), members.begin(), members.end());
    }
    std::sort(hit.begin(), hit.end());
    hit.erase(std::unique(hit.begin(), hit.end()), hit.end());
    for (uint32_t id : hit)
    {
        SufferLoss(part, id, loss);
    }
}

void
CoflowNetwork::SufferLoss(Partition& part, uint32_t id, const Loss& loss)
{
    double crossing = 0; // of all its bits, over the stages
    m_maxMin.ForEachLoad(id,
                         [&](uint32_t r, uint32_t load)
                         {
                             const bool there = std::find(loss.ports.begin(),
                                                          loss.ports.end(),
                                                          m_resources[r].port) != loss.ports.end();
                             crossing += there ? load / loss.share / MaxMin::kWhole : 0;
                         });
    const auto outage = static_cast<double>(loss.until - part.now());
    if (crossing == 0 || outage <= 0)
    {
        return;
    }
    const double delay = LossDelay(id, crossing, loss, outage);
    if (delay > 0)
    {
        Suspend(part, id);
        m_coflows[id].recovering = true;
        Schedule(part, part.now() + std::llround(delay), m_onRecovered, id, 0);
    }
}

/// A packet is lost again and again with the same probability until the routes know. What waits for
/// it waits as often as the unluckiest of all packets under way is lost, in the median: of N with
/// probability p, r times where N p^r = ln 2.
double
CoflowNetwork::LossDelay(uint32_t id, double crossing, const Loss& loss, double outage) const
{
    const Coflow& coflow = m_coflows[id];
    const auto rate = static_cast<double>(coflow.rate > 0 ? coflow.rate : coflow.endpointRate);
    const bool waits = coflow.loop.passes > 0 && coflow.messageTime < outage;
    if (!waits)
    {
        return loss.share * outage;
    }
    const double underWay =
        std::max(coflow.loop.message, rate * crossing * m_config.repairTime / kTicksPerSecond);
    const double packets = underWay / m_config.packetBits;
    const double losses = std::log(packets / std::log(2.0)) / std::log(1 / loss.share);
    const double repairs = std::ceil(losses) - 1; // the first loss is not one
    const double most = std::ceil(outage / m_config.repairTime);
    // Where a port is the bottleneck, messages wait before it anyway.
    const double part = coflow.left / coflow.bits;
    const double slack =
        std::max(0.0, coflow.left * kTicksPerSecond / rate - part * coflow.paceTime);
    return std::max(0.0, m_config.repairTime * std::clamp(repairs, 0.0, most) - slack);
}

/// Streams beside each other: those of the dead path stand still, and catch up after the outage,
/// unless that comes after everything else.
bool
CoflowNetwork::Outlasts(uint32_t id) const
{
    const Coflow& coflow = m_coflows[id];
    return coflow.loop.passes == 0 && coflow.weight > 1 && coflow.rate > 0 &&
           coflow.left * kTicksPerSecond / static_cast<double>(coflow.rate) >
               static_cast<double>(m_config.rerouteDelay);
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
    if (static_cast<double>(part.now() - coflow.downSince) <
        std::max(coflow.messageTime, coflow.loop.turn))
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
