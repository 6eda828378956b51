// SPDX-License-Identifier: GPL-2.0-only
//
// What of the paths of coupled flows is a draw of packets: which of them come to a dead link, and
// how unevenly those that are sprayed load equal ports.
#include "ns3/fabric-uneven-ports.h"
#include "ns3/rdma-flow-routes.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

/// Ports that many standard deviations below the most loaded one may still be the last.
constexpr double kFewDeviations = 2;

} // namespace

/// A balancer that avoids queues sees the dead ports of its own switch.
bool
FlowRoutes::Swallows(PortId port) const
{
    for (fabric::FlowPaths::StageId stage = 0; stage < m_paths.stages(); ++stage)
    {
        bool there = false;
        m_paths.ForEachPort(stage, [&](PortId p, double) { there = there || p == port; });
        const bool set = stage >= m_bits.size();
        if (there && set && m_paths.Evened(stage))
        {
            return false;
        }
    }
    return true;
}

/// Of a packet's ways, over the link that is watched.
double
FlowRoutes::CrossingShare(NicId from, NicId to, uint32_t entropy)
{
    m_paths.Find(from, to, entropy, m_stages);
    double there = 0;
    for (size_t i = 1; i + 1 < m_stages.size(); ++i)
    {
        m_paths.ForEachPort(m_stages[i],
                            [&](PortId port, double share)
                            {
                                const bool lost =
                                    port / 2 == m_watched && !m_paths.Evened(m_stages[i]);
                                there += lost ? share : 0;
                            });
    }
    return std::min(1.0, there);
}

void
FlowRoutes::Expose(NicId from, NicId to, uint32_t channel)
{
    const uint32_t entropy = FlowEntropy(m_core.seed(), from, to, channel);
    const double data = CrossingShare(from, to, entropy);
    const double answers = CrossingShare(to, from, entropy);
    if (data + answers > 0)
    {
        m_exposed[{data, answers}] += 1;
    }
}

std::vector<FlowRoutes::Exposed>
FlowRoutes::TakeExposed()
{
    std::vector<Exposed> exposed;
    for (const auto& [shares, count] : m_exposed)
    {
        exposed.push_back({shares.first, shares.second, count});
    }
    m_exposed.clear();
    return exposed;
}

Tick
FlowRoutes::CrossingLag() const
{
    const NicId far = FarNic();
    const auto packet = DataWireBytes(m_config.mtuPayloadBytes, true);
    return m_config.sendLatency + (far == 0 ? 0 : m_paths.UnloadedLatency(0, far, packet) / 2);
}

Tick
FlowRoutes::AnswerLag() const
{
    const NicId far = FarNic();
    const auto packet = DataWireBytes(m_config.mtuPayloadBytes, true);
    return m_config.sendLatency + (far == 0
                                       ? 0
                                       : m_paths.UnloadedLatency(0, far, packet) +
                                             m_paths.UnloadedLatency(far, 0, kAckWireBytes) / 2);
}

void
FlowRoutes::MakeUneven(std::vector<CoflowNetwork::Load>& loads, size_t first)
{
    m_late = 0;
    const auto time = [this](const CoflowNetwork::Load& load, double deviations)
    {
        const double bits = load.bits + deviations * std::sqrt(m_variance[load.port]);
        return bits / static_cast<double>(m_paths.RateOf(load.port).bps());
    };
    double nics = 0;
    PortId most = kNone; // of the uneven ones
    double longest = 0;
    for (size_t i = first; i < loads.size(); ++i)
    {
        const double t = time(loads[i], 0);
        nics = m_paths.IsNicPort(loads[i].port) ? std::max(nics, t) : nics;
        if (m_variance[loads[i].port] > 0 && t > longest)
        {
            longest = t;
            most = loads[i].port;
        }
    }
    if (most == kNone)
    {
        return;
    }
    // What leaves one switch unevenly arrives so at the next: either stage counts.
    double ports[2] = {0, 0};
    for (size_t i = first; i < loads.size(); ++i)
    {
        if (m_variance[loads[i].port] > 0 && time(loads[i], kFewDeviations) >= longest)
        {
            ++ports[FromLeaf(loads[i].port) ? 1 : 0];
        }
    }
    const double count = std::max(ports[0], ports[1]);
    const double deviations = fabric::MostOfNormal(count);
    for (size_t i = first; i < loads.size(); ++i)
    {
        loads[i].uneven = deviations * std::sqrt(m_variance[loads[i].port]);
    }
    const double rate = static_cast<double>(m_paths.RateOf(most).bps());
    const double packets = m_bits[most] / m_packetBits;
    const double spread = m_variance[most] / (m_bits[most] * m_packetBits);
    if (nics > longest)
    {
        m_late = fabric::LongestQueue(packets, spread, longest / nics, count) * m_packetBits *
                 1e12 / rate;
    }
}

double
FlowRoutes::MessageLate(NicId from, NicId to, double steps)
{
    const uint32_t source = m_topology.leafOfNic[from];
    const uint32_t target = m_topology.leafOfNic[to];
    if (source == target || pinned())
    {
        return 0;
    }
    if (!m_spread)
    {
        Spread();
    }
    double& late = m_between.at(PairKey(source, target, 0)).late;
    if (late >= 0)
    {
        return late;
    }
    late = 0;
    m_paths.Find(from, to, 0, m_stages);
    const double own = m_bits[m_paths.PortOf(from)] /
                       static_cast<double>(m_paths.RateOf(m_paths.PortOf(from)).bps());
    for (size_t i = 1; i + 1 < m_stages.size(); ++i)
    {
        double ports = 0;
        PortId one = kNone;
        m_paths.ForEachPort(m_stages[i],
                            [&](PortId port, double)
                            {
                                ++ports;
                                one = m_variance[port] > 0 ? port : one;
                            });
        if (one == kNone)
        {
            continue;
        }
        const auto rate = static_cast<double>(m_paths.RateOf(one).bps());
        const double packets = m_bits[one] / m_packetBits / steps;
        const double spread = m_variance[one] / (m_bits[one] * m_packetBits);
        const double load = std::min(1.0, m_bits[one] / rate / own);
        late = std::max(late,
                        fabric::LongestQueue(packets, spread, load, ports) * m_packetBits * 1e12 /
                            rate);
    }
    return late;
}

bool
FlowRoutes::FromLeaf(PortId port) const
{
    const Topology::Link& link = m_topology.links[port / 2];
    const auto& end = port % 2 == 0 ? link.a : link.b;
    return std::find(m_topology.leafOfNic.begin(), m_topology.leafOfNic.end(), end.index) !=
           m_topology.leafOfNic.end();
}

} // namespace heddle
