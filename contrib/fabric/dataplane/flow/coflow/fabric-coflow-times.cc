// SPDX-License-Identifier: GPL-2.0-only
//
// Coflows: what they take alone, what their time went to, what they have carried.
#include "ns3/fabric-coflow-network.h"
#include "ns3/fabric-majority-vote.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::MaxMin;

namespace
{

constexpr double kTicksPerSecond = 1e12;

} // namespace

void
CoflowNetwork::FindEndpointRate(Coflow& coflow, uint32_t id)
{
    coflow.endpointRate = m_maxMin.capacity(coflow.pace);
    coflow.endpointCause = CoflowTimes::Pace;
    coflow.endpointLost = 0;
    m_maxMin.ForEachLoad(id,
                         [&](uint32_t id, uint32_t share)
                         {
                             const Resource& r = m_resources[id];
                             if (r.port == ~0U || r.kind == PortKind::Fabric)
                             {
                                 return;
                             }
                             const auto rate =
                                 static_cast<int64_t>(static_cast<double>(r.rate) * MaxMin::kWhole /
                                                      static_cast<double>(share));
                             if (rate < coflow.endpointRate)
                             {
                                 coflow.endpointRate = rate;
                                 coflow.endpointLost = r.lost();
                                 coflow.endpointCause = r.kind == PortKind::ScaleUp
                                                            ? CoflowTimes::ScaleUp
                                                            : CoflowTimes::ScaleOut;
                             }
                         });
}

CoflowAlone
CoflowNetwork::Alone(uint32_t id) const
{
    CoflowAlone alone;
    const double bits = m_coflows[id].bits;
    m_maxMin.ForEachLoad(id,
                         [&](uint32_t id, uint32_t share)
                         {
                             const Resource& r = m_resources[id];
                             if (r.port == ~0U)
                             {
                                 return;
                             }
                             const double time = bits * share / MaxMin::kWhole * kTicksPerSecond /
                                                 static_cast<double>(r.rate);
                             double& most =
                                 r.kind == PortKind::ScaleUp ? alone.scaleUp : alone.others;
                             most = std::max(most, time);
                         });
    return alone;
}

/// Books what happened since the last change.
void
CoflowNetwork::Settle(uint32_t id, Tick until)
{
    Coflow& coflow = m_coflows[id];
    const auto span = static_cast<double>(until - coflow.since);
    if (span <= 0)
    {
        return;
    }
    coflow.since = until;
    auto& time = coflow.times.time;
    if (coflow.down)
    {
        time[coflow.recovering ? CoflowTimes::Recovery : CoflowTimes::Down] += span;
        return;
    }
    const double sent =
        std::min(coflow.left, static_cast<double>(coflow.rate) * span / kTicksPerSecond);
    coflow.left -= sent;
    coflow.carried += sent;
    const Resource& resource = m_resources[coflow.bottleneck];
    if (resource.port == ~0U)
    {
        const Waits& waits = coflow.waits;
        const double each = span / std::max(1.0, coflow.paceTime + waits.total());
        time[CoflowTimes::ScaleOut] += each * waits.nic;
        time[CoflowTimes::Fabric] += each * waits.fabric;
        time[CoflowTimes::Pace] += span - each * waits.total();
        if (waits.fabric > 0)
        {
            fabric::Blame(coflow.times.culprit,
                          coflow.culpritLead,
                          waits.port,
                          each * waits.fabric);
        }
        return;
    }
    if (resource.kind != PortKind::Fabric)
    {
        const bool scaleUp = resource.kind == PortKind::ScaleUp;
        const double failed = span * resource.lost();
        time[scaleUp ? CoflowTimes::ScaleUp : CoflowTimes::ScaleOut] += span - failed;
        time[CoflowTimes::Down] += failed;
        return;
    }
    const double own =
        span *
        std::min(1.0, static_cast<double>(coflow.rate) / static_cast<double>(coflow.endpointRate));
    const double lost = span - own;
    time[coflow.endpointCause] += own * (1 - coflow.endpointLost);
    time[CoflowTimes::Down] += own * coflow.endpointLost;
    time[CoflowTimes::Fabric] += lost;
    fabric::Blame(coflow.times.culprit, coflow.culpritLead, resource.port, lost);
}

/// Books what it has carried on its ports.
void
CoflowNetwork::Flush(uint32_t id)
{
    Coflow& coflow = m_coflows[id];
    if (coflow.carried == 0)
    {
        return;
    }
    size_t load = 0;
    m_maxMin.ForEachLoad(id,
                         [&](uint32_t resource, uint32_t share)
                         {
                             if (m_resources[resource].port == ~0U)
                             {
                                 return;
                             }
                             const double bits =
                                 coflow.carries.empty() ? 1 : coflow.carries[load++];
                             m_portBits[m_resources[resource].port] +=
                                 coflow.carried * bits * share / MaxMin::kWhole;
                         });
    coflow.carried = 0;
}

std::vector<double>
CoflowNetwork::PortBytes()
{
    constexpr double kBitsPerByte = 8;
    for (uint32_t id = 0; id < m_coflows.size(); ++id)
    {
        Flush(id);
    }
    std::vector<double> bytes = m_portBits;
    for (double& b : bytes)
    {
        b /= kBitsPerByte;
    }
    return bytes;
}

} // namespace heddle
