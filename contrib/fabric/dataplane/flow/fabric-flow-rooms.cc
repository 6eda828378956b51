// SPDX-License-Identifier: GPL-2.0-only
//
// Switches whose memory is full ask the NICs before them to pause (queues/fabric-fifo-rooms.h).
#include "ns3/fabric-buffer.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>

namespace heddle
{

namespace
{

constexpr double kBitsPerByte = 8;

Topology::Node
NodeFrom(const Topology& topology, PortId port)
{
    const Topology::Link& link = topology.links[port / 2];
    return port % 2 == 0 ? link.a : link.b;
}

} // namespace

/// One of each switch, once; as SharedBuffer has it.
void
FlowNetwork::AddRooms()
{
    const SwitchConfig& config = m_topology.switchConfig;
    if (m_rooms || m_ports > 1 || config.bufferBytes == 0 ||
        !config.classes[m_config.markedClass].lossless)
    {
        return;
    }
    const auto classes =
        static_cast<double>(std::count_if(config.classes.begin(),
                                          config.classes.end(),
                                          [](const ClassConfig& c) { return c.lossless; }));
    const size_t switches = m_topology.switches.size();
    std::vector<double> pool(switches, static_cast<double>(config.bufferBytes));
    std::vector<double> fill(switches, 0);
    for (PortId port = 0; port < 2 * m_topology.links.size(); ++port)
    {
        const Topology::Node to = NodeFrom(m_topology, port ^ 1U);
        const Topology::Link& link = m_topology.links[port / 2];
        if (to.isSwitch)
        {
            pool[to.index] -=
                classes * static_cast<double>(fabric::Headroom(config, link.rate, link.delay));
            fill[to.index] += static_cast<double>(link.rate.bps());
        }
    }
    m_rooms = std::make_unique<fabric::FifoRooms>(m_core, *m_fifo, *this);
    m_fifo->SetRooms(m_rooms.get());
    for (size_t s = 0; s < switches; ++s)
    {
        m_rooms->AddRoom({kBitsPerByte * pool[s], config.alpha}, fill[s]);
    }
}

void
FlowNetwork::AddRoomsOf(uint32_t queue, const std::vector<PortId>& ports)
{
    std::map<uint32_t, double> shares;
    for (const PortId port : ports)
    {
        shares[NodeFrom(m_topology, port).index] += 1.0 / static_cast<double>(ports.size());
    }
    m_rooms->AddQueue(queue, {shares.begin(), shares.end()});
    m_portsOfQueue.resize(queue + 1);
    m_portsOfQueue[queue] = ports;
}

/// Of its queue: what comes from where the flow does.
uint32_t
FlowNetwork::PartOf(const Stop& stop, uint32_t inClass)
{
    if (!m_rooms)
    {
        return fabric::FifoRooms::kNone;
    }
    const uint32_t queue = m_queueOf[stop.load.resource] + inClass;
    const Resource& before = m_resources[stop.before];
    if (before.cause != FlowWaits::OwnPort)
    {
        return m_rooms->PartOf(queue, fabric::FifoRooms::kNone);
    }
    const auto place = static_cast<uint32_t>(before.port * m_turns.size() + inClass);
    const std::pair<bool, uint32_t> origin{false, place};
    const auto [entry, isNew] = m_ingressOf.try_emplace(origin, 0);
    if (isNew)
    {
        const uint32_t room = NodeFrom(m_topology, before.port ^ 1U).index;
        entry->second = m_rooms->AddIngress({room}, before.rate);
        m_ingresses.push_back(origin);
    }
    return m_rooms->PartOf(queue, entry->second);
}

void
FlowNetwork::OnHeldBack(Partition& part, uint32_t ingress, int64_t rate, uint32_t queue)
{
    const uint32_t place = m_ingresses[ingress].second;
    m_holds[place] = {rate, m_queues[queue].first};
    const auto port = static_cast<PortId>(place / m_turns.size());
    if (m_resourceOf[port] != kNone)
    {
        Touch(part, m_resourceOf[port]);
    }
}

} // namespace heddle
