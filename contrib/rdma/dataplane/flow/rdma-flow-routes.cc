// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-flow-routes.h"

#include "ns3/base-errors.h"
#include "ns3/rdma-flow-control.h"
#include "ns3/rdma-flow-transport.h"
#include "ns3/rdma-reliability.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

constexpr double kBitsPerByte = 8;
/// Queue pairs into one NIC beyond which packets of one do not overtake each other. Measured at
/// packet level: all are acknowledged one by one with 1 queue pair at line rate; the two of a ring
/// lose 0.3 % to acknowledgements (quickstart, adaptive), as much as with in-order packets.
constexpr uint32_t kReorderingFlows = 1;

} // namespace

FlowRoutes::FlowRoutes(EventCore& core, const Topology& topology, const TransportConfig& config)
    : m_topology(topology),
      m_config(config),
      m_core(core),
      m_entity(core.NewEntities()),
      m_onReroute(core.AddHandler<FlowRoutes, &FlowRoutes::OnReroute>(this)),
      m_addressEveryPacket(
          FindFactory<ReliabilityFactory>("reliability", config.reliability)()->addressEveryPacket),
      m_paths(topology, core.seed()),
      m_bits(2 * topology.links.size(), 0),
      m_into(topology.nics, 0)
{
    if (topology.portsPerNic != 1)
    {
        throw InputError("coupled flows know NICs of one port only, not topology '" +
                         topology.name + "'");
    }
    const FlowNetworkConfig flow = FlowNetworkConfigFor(config);
    m_ackShare = flow.ackShare;
    m_reorderedAckShare = flow.reorderedAckShare;
    m_packetBits = flow.packetBits;
    m_variance.assign(m_bits.size(), 0);
    for (const Topology::Link& link : topology.links)
    {
        m_up.push_back(link.up);
    }
    m_paths.Build(m_up);
}

double
FlowRoutes::WireBits(uint64_t bytes, uint64_t messages) const
{
    const uint64_t each = (bytes + messages - 1) / messages;
    const uint64_t packets = (each + m_config.mtuPayloadBytes - 1) / m_config.mtuPayloadBytes;
    const uint64_t addresses = DataWireBytes(0, true) - DataWireBytes(0, false);
    const uint64_t headers =
        packets * DataWireBytes(0, false) + (m_addressEveryPacket ? packets : 1) * addresses;
    return kBitsPerByte * (static_cast<double>(bytes) +
                           static_cast<double>(messages) * static_cast<double>(headers));
}

void
FlowRoutes::AddBits(PortId port, double bits)
{
    if (m_bits[port] == 0)
    {
        m_loaded.push_back(port);
    }
    m_bits[port] += bits;
}

void
FlowRoutes::Add(NicId from, NicId to, uint32_t channel, uint64_t bytes, uint64_t messages)
{
    const double bits = WireBits(bytes, messages);
    AddBits(m_paths.PortOf(from), bits);
    AddBits(m_paths.PortOf(to) ^ 1U, bits);
    if (m_into[to]++ == 0)
    {
        m_receivers.push_back(to);
    }
    const uint32_t source = m_topology.leafOfNic[from];
    const uint32_t target = m_topology.leafOfNic[to];
    if (source == target)
    {
        return;
    }
    if (m_watched != kNone)
    {
        Expose(from, to, channel);
    }
    if (!pinned())
    {
        const auto entry =
            m_between.try_emplace(PairKey(source, target, 0), Between{from, to, 0, -1}).first;
        entry->second.bits += bits;
        return;
    }
    const auto [entry, isNew] = m_interior.try_emplace(PairKey(from, to, channel));
    if (isNew)
    {
        m_paths.Find(from, to, FlowEntropy(m_core.seed(), from, to, channel), m_stages);
        entry->second.reached = !m_stages.empty();
        for (size_t i = 1; i + 1 < m_stages.size(); ++i)
        {
            entry->second.ports.push_back(m_stages[i]);
        }
    }
    m_blocked = m_blocked || !entry->second.reached;
    for (PortId port : entry->second.ports)
    {
        AddBits(port, bits);
    }
}

/// The bits of flows that spread, on the ports between switches.
void
FlowRoutes::Spread()
{
    for (const auto& [key, between] : m_between)
    {
        m_paths.Find(between.from, between.to, 0, m_stages);
        m_blocked = m_blocked || m_stages.empty();
        for (size_t i = 1; i + 1 < m_stages.size(); ++i)
        {
            const double bits = between.bits;
            const double drawn = m_paths.Evened(m_stages[i]) ? 0 : m_packetBits;
            m_paths.ForEachPort(m_stages[i],
                                [&](PortId port, double share)
                                {
                                    AddBits(port, share * bits);
                                    m_variance[port] += bits * drawn * share * (1 - share);
                                });
        }
    }
    m_spread = true;
}

std::vector<std::pair<PortId, double>>
FlowRoutes::PortsBetween(NicId from, NicId to, uint32_t channel) const
{
    std::vector<std::pair<PortId, double>> ports;
    if (!pinned() || m_topology.leafOfNic[from] == m_topology.leafOfNic[to])
    {
        return ports;
    }
    const auto own = static_cast<double>(m_paths.RateOf(m_paths.PortOf(from)).bps());
    const auto known = m_interior.find(PairKey(from, to, channel));
    if (known == m_interior.end())
    {
        return ports; // it carries nothing
    }
    for (PortId port : known->second.ports)
    {
        ports.emplace_back(port, own / static_cast<double>(m_paths.RateOf(port).bps()));
    }
    return ports;
}

double
FlowRoutes::Crowding(NicId from, NicId to, uint32_t channel)
{
    const uint32_t source = m_topology.leafOfNic[from];
    const uint32_t target = m_topology.leafOfNic[to];
    if (source == target)
    {
        return 1;
    }
    const auto time = [this](PortId port)
    { return m_bits[port] / static_cast<double>(m_paths.RateOf(port).bps()); };
    double most = 0;
    if (pinned())
    {
        for (PortId port : m_interior.at(PairKey(from, to, channel)).ports)
        {
            most = std::max(most, time(port));
        }
    }
    else
    {
        if (!m_spread)
        {
            Spread();
        }
        double& known = m_between.at(PairKey(source, target, 0)).most;
        if (known < 0)
        {
            m_paths.Find(from, to, 0, m_stages);
            known = 0;
            for (size_t i = 1; i + 1 < m_stages.size(); ++i)
            {
                m_paths.ForEachPort(m_stages[i],
                                    [&](PortId port, double)
                                    { known = std::max(known, time(port)); });
            }
        }
        most = known;
    }
    const double own = time(m_paths.PortOf(from));
    return own > 0 ? std::max(1.0, most / own) : 1;
}

/// Few queue pairs into each NIC, and they spread.
bool
FlowRoutes::Reordered() const
{
    return !m_between.empty() &&
           std::all_of(m_receivers.begin(),
                       m_receivers.end(),
                       [this](NicId nic) { return m_into[nic] <= kReorderingFlows; });
}

bool
FlowRoutes::Take(std::vector<CoflowNetwork::Load>& loads)
{
    if (!m_spread)
    {
        Spread();
    }
    m_spread = false;
    const size_t first = loads.size();
    std::sort(m_loaded.begin(), m_loaded.end());
    for (PortId port : m_loaded)
    {
        loads.push_back({port, m_bits[port]});
    }
    // Acknowledgements go the other way; ports that carry nothing else never fill up with them.
    const double ackShare = Reordered() ? m_reorderedAckShare : m_ackShare;
    for (size_t i = first; i < loads.size(); ++i)
    {
        loads[i].bits += m_bits[loads[i].port ^ 1U] * ackShare;
    }
    MakeUneven(loads, first);
    for (NicId nic : m_receivers)
    {
        m_into[nic] = 0;
    }
    m_receivers.clear();
    for (PortId port : m_loaded)
    {
        m_bits[port] = 0;
        m_variance[port] = 0;
    }
    m_loaded.clear();
    m_between.clear();
    const bool reached = !m_blocked;
    m_blocked = false;
    return reached;
}

Tick
FlowRoutes::Latency(NicId from, NicId to, uint64_t bytes)
{
    const auto payload = static_cast<uint32_t>(std::min<uint64_t>(bytes, m_config.mtuPayloadBytes));
    const auto [entry, isNew] = m_latency.try_emplace(
        PairKey(m_topology.leafOfNic[from], m_topology.leafOfNic[to], payload + 1));
    if (isNew)
    {
        const uint32_t first = DataWireBytes(payload, true);
        const BitRate rate =
            std::min(m_paths.RateOf(m_paths.PortOf(from)), m_paths.RateOf(m_paths.PortOf(to)));
        entry->second = m_config.sendLatency + m_paths.UnloadedLatency(from, to, first) -
                        rate.TransmitTime(first) + m_config.receiveLatency;
    }
    return entry->second;
}

Tick
FlowRoutes::AckLatency(NicId from, NicId to)
{
    const auto [entry, isNew] =
        m_latency.try_emplace(PairKey(m_topology.leafOfNic[from], m_topology.leafOfNic[to], 0));
    if (isNew)
    {
        entry->second = m_paths.UnloadedLatency(to, from, kAckWireBytes);
    }
    return entry->second;
}

double
FlowRoutes::SerialisationTime(NicId from, NicId to, uint64_t bytes) const
{
    const BitRate rate =
        std::min(m_paths.RateOf(m_paths.PortOf(from)), m_paths.RateOf(m_paths.PortOf(to)));
    return WireBits(bytes, 1) * 1e12 / static_cast<double>(rate.bps());
}

} // namespace heddle
