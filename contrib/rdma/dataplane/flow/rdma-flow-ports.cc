// SPDX-License-Identifier: GPL-2.0-only
//
// Paths of coupled flows: the network they share, its ports and what the transport says of it.
#include "ns3/base-errors.h"
#include "ns3/rdma-controlled-port.h"
#include "ns3/rdma-flow-control.h"
#include "ns3/rdma-flow-routes.h"
#include "ns3/rdma-flow-transport.h"

#include <algorithm>
#include <memory>

namespace heddle
{

namespace
{

constexpr double kBitsPerByte = 8;
/// Of rdma-selective-repeat.cc: how long after its acknowledgement was due a packet counts as lost.
constexpr double kToleranceTrips = 3;
constexpr double kTolerancePackets = 64;

} // namespace

/// The last that the first has a way to; 0 if none.
NicId
FlowRoutes::FarNic() const
{
    NicId far = m_topology.nics - 1;
    while (far > 0 && !(m_paths.Reachable(0, far) && m_paths.Reachable(far, 0)))
    {
        --far;
    }
    return far;
}

/// Between those two; ps.
Tick
FlowRoutes::FarRoundTrip() const
{
    const NicId far = FarNic();
    return far == 0 ? 0
                    : m_paths.UnloadedLatency(0, far, kAckWireBytes) +
                          m_paths.UnloadedLatency(far, 0, kAckWireBytes);
}

CoflowNetwork::Config
FlowRoutes::networkConfig() const
{
    const FlowNetworkConfig flow = FlowNetworkConfigFor(m_config);
    const ClassConfig& marked = m_topology.switchConfig.classes[flow.markedClass];
    CoflowNetwork::Config network;
    network.congestedEfficiency = flow.congestedEfficiency;
    network.retransmissionTimeout = flow.retransmissionTimeout;
    network.spread = !pinned();
    network.classes = m_topology.switchConfig.classes;
    if (flow.windowBits > 0)
    {
        network.windowBits = flow.windowBits;
    }
    network.packetBits = flow.packetBits;
    network.rerouteDelay = m_topology.rerouteDelay;
    // As "selective-repeat" has it: a round trip, and its tolerance.
    const Tick roundTrip = FarRoundTrip();
    const double packets = kTolerancePackets * flow.packetBits * 1e12 /
                           static_cast<double>(m_paths.RateOf(m_paths.PortOf(0)).bps());
    network.repairTime = static_cast<double>(roundTrip) +
                         std::max(kToleranceTrips * static_cast<double>(roundTrip), packets);
    if (flow.controlled && marked.ecn)
    {
        network.markBits =
            kBitsPerByte * static_cast<double>(marked.kminBytes + marked.kmaxBytes) / 2;
        const NicId far = FarNic();
        const ControlledPort::Config config{
            static_cast<double>(m_paths.RateOf(m_paths.PortOf(0)).bps()),
            kBitsPerByte * static_cast<double>(marked.kminBytes),
            kBitsPerByte * static_cast<double>(marked.kmaxBytes),
            marked.pmax,
            flow.packetBits,
            far == 0
                ? 0
                : m_paths.UnloadedLatency(0, far, DataWireBytes(m_config.mtuPayloadBytes, true)) /
                          2 +
                      m_paths.UnloadedLatency(far, 0, kAckWireBytes)};
        const auto port = std::make_shared<ControlledPort>(MakeCongestionControl(m_config), config);
        // Streams that begin together and are alike swing more than those of a step do: not worse
        // than incasts of 2 to 8 senders were measured.
        network.efficiency =
            [port, least = flow.congestedEfficiency](const CoflowNetwork::Congestion& c) {
                return std::max(port->Efficiency({c.rate, c.streams, c.offered, c.bits}), least);
            };
    }
    return network;
}

void
FlowRoutes::AddPorts(CoflowNetwork& network) const
{
    HEDDLE_CHECK(network.ports() == 0, "the fabric's ports come first");
    for (PortId port = 0; port < m_bits.size(); ++port)
    {
        const Topology::Link& link = m_topology.links[port / 2];
        auto kind = CoflowNetwork::PortKind::Fabric;
        if (m_paths.IsNicPort(port))
        {
            const bool fromA = port % 2 == 0;
            const bool fromSwitch = fromA ? link.a.isSwitch : link.b.isSwitch;
            kind = fromSwitch ? CoflowNetwork::PortKind::NicIn : CoflowNetwork::PortKind::NicOut;
        }
        network.AddPort(static_cast<int64_t>(link.rate.bps()),
                        kind,
                        static_cast<int64_t>(link.BuiltRate().bps()));
    }
}

} // namespace heddle
