// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-network.h"

#include "ns3/base-errors.h"
#include "ns3/fabric-network-impl.h"

#include <algorithm>

namespace heddle
{

using fabric::ClassQueue;
using fabric::Port;

Network::Network(EventCore& core, const Topology& topology, const Partitioning& partitioning)
    : m_impl(std::make_unique<Impl>(core, topology, partitioning))
{
}

Network::~Network() = default;

void
Network::Attach(NicId nic, NicClient* client)
{
    m_impl->nics.at(nic).client = client;
}

Packet*
Network::Alloc(Partition& part)
{
    return m_impl->partitions[part.index()].pool.Alloc();
}

void
Network::Free(Partition& part, Packet* packet)
{
    m_impl->partitions[part.index()].pool.Free(packet);
}

bool
Network::CanSend(Partition& part, NicId nic, unsigned trafficClass) const
{
    const Port& port = m_impl->ports[m_impl->nics[nic].up];
    return port.busyUntil <= part.now() && port.up && (port.paused >> trafficClass & 1U) == 0;
}

Tick
Network::Send(Partition& part, NicId nic, Packet* packet)
{
    HEDDLE_CHECK(CanSend(part, nic, packet->trafficClass), "the NIC's port cannot send now");
    packet->enqueuedAt = 0;
    if (packet->type == PacketType::Data)
    {
        packet->sentAt = part.now();
    }
    ++m_impl->partitions[part.index()].counters.injected;
    return m_impl->Transmit(part, m_impl->nics[nic].up, packet);
}

void
Network::WakeWhenReady(Partition& part, NicId nic)
{
    const PortId id = m_impl->nics[nic].up;
    Port& port = m_impl->ports[id];
    m_impl->nics[nic].wakeWanted = true;
    if (port.up && !port.freePending && port.busyUntil > part.now())
    {
        m_impl->ScheduleFree(part, port, id);
    }
}

bool
Network::IsPaused(NicId nic, unsigned trafficClass) const
{
    return m_impl->ports[m_impl->nics[nic].up].paused >> trafficClass & 1U;
}

Tick
Network::PausedTime(Partition& part, NicId nic, unsigned trafficClass) const
{
    const PortId id = m_impl->nics[nic].up;
    if (!m_impl->ports[id].everPaused)
    {
        return 0; // without a look at the queue, which has often left the cache
    }
    const ClassQueue& queue = m_impl->queues.At(id, trafficClass);
    return queue.pausedTotal + (IsPaused(nic, trafficClass) ? part.now() - queue.pausedSince : 0);
}

PortId
Network::PauseCulprit(NicId nic, unsigned trafficClass) const
{
    return m_impl->queues.At(m_impl->nics[nic].up, trafficClass).culprit;
}

void
Network::SendPause(Partition& part, NicId nic, unsigned trafficClass, bool xoff)
{
    const PortId down = m_impl->targets[nic].down;
    m_impl->SendPause(part, down, trafficClass, xoff, down);
}

void
Network::SetObserver(NetworkObserver* observer)
{
    m_impl->observer = observer;
}

const InteriorPath*
Network::Impl::FindPath(NicId from, NicId to) const
{
    const uint32_t path = pathOf[nics[from].pathLeaf * pathLeaves + nics[to].pathLeaf];
    return path == kNone ? nullptr : &paths[path];
}

const InteriorPath&
Network::Impl::PathOf(NicId from, NicId to) const
{
    const InteriorPath* path = FindPath(from, to);
    if (!path)
    {
        throw InputError("topology " + topology.name + ": no path from NIC " +
                         std::to_string(from) + " to NIC " + std::to_string(to));
    }
    return *path;
}

bool
Network::Reachable(NicId from, NicId to) const
{
    return m_impl->FindPath(from, to) != nullptr;
}

bool
Network::Connected(NicId from, NicId to) const
{
    const Impl& net = *m_impl;
    if (!net.routedUp[net.nics[from].up / 2] || !net.routedUp[net.nics[to].up / 2])
    {
        return false;
    }
    if (net.ideal)
    {
        return net.FindPath(from, to) != nullptr;
    }
    const uint32_t leaf = net.routes.LeafOfNic(to);
    const SwitchId first = net.targets[from].leaf;
    return first == net.targets[to].leaf || net.routes.Lookup(first, leaf).count > 0;
}

void
Network::OnReroute(std::function<void()> callback)
{
    m_impl->onReroute = std::move(callback);
}

Tick
Network::UnloadedLatency(NicId from, NicId to, uint32_t wireBytes) const
{
    const InteriorPath& path = m_impl->PathOf(from, to);
    const Topology::Link& first = m_impl->LinkOf(from);
    const Topology::Link& last = m_impl->LinkOf(to);
    return LatencyToEgress(m_impl->config, first.rate, path, last.rate, wireBytes) + first.delay +
           last.rate.TransmitTime(wireBytes) + last.delay;
}

BitRate
Network::PathRate(NicId from, NicId to) const
{
    BitRate rate = std::min(NicRate(from), NicRate(to));
    for (BitRate interior : m_impl->PathOf(from, to).rates)
    {
        rate = std::min(rate, interior);
    }
    return rate;
}

BitRate
Network::NicRate(NicId nic) const
{
    return m_impl->LinkOf(nic).rate;
}

BitRate
Network::BuiltNicRate(NicId nic) const
{
    return m_impl->LinkOf(nic).BuiltRate();
}

bool
Network::PathBroken(NicId from, NicId to, Tick since, Tick until) const
{
    const InteriorPath* path = m_impl->FindPath(from, to);
    return path && m_impl->outages.Hit(from, to, path->rates.size(), since, until);
}

LostCapacity
Network::Lost(NicId nic, Tick since, Tick until) const
{
    return m_impl->nicCapacity.Lost(nic, since, until);
}

uint32_t
Network::PartitionOf(NicId nic) const
{
    return m_impl->details[m_impl->nics[nic].up].partition;
}

NetworkCounters
Network::counters() const
{
    NetworkCounters sum;
    for (const auto& state : m_impl->partitions)
    {
        const NetworkCounters& part = state.counters;
        sum.injected += part.injected;
        sum.delivered += part.delivered;
        sum.dataHops += part.dataHops;
        sum.ecnMarks += part.ecnMarks;
        sum.pauseFrames += part.pauseFrames;
        for (size_t r = 0; r < kDropReasons; ++r)
        {
            sum.dropped[r] += part.dropped[r];
        }
    }
    for (const fabric::LinkErrors& errors : m_impl->linkErrors)
    {
        sum.replays += errors.replays;
    }
    return sum;
}

uint64_t
Network::inFlight() const
{
    uint64_t packets = m_impl->OnWires();
    for (PortId id = 0; id < m_impl->ports.size(); ++id)
    {
        for (unsigned c = 0; c < kClasses; ++c)
        {
            for (const Packet* packet = m_impl->queues.At(id, c).head; packet;
                 packet = packet->next)
            {
                ++packets;
            }
        }
    }
    return packets;
}

const PortCounters&
Network::portCounters(PortId port) const
{
    const Port& hot = m_impl->ports.at(port);
    fabric::PortDetails& rest = m_impl->details[port];
    PortCounters& counters = rest.counters;
    if (rest.blockedSince >= 0) // bring the running pause up to date
    {
        const Tick now = m_impl->PartOf(port).now();
        counters.paused += now - rest.blockedSince;
        rest.blockedSince = now;
    }
    counters.txPackets = hot.txPackets;
    counters.txBytes = hot.txBytes;
    counters.busy = rest.busy + static_cast<Tick>(hot.psPerByte * hot.txBytes);
    counters.drops = rest.drops + m_impl->details[port ^ 1U].arrivalDrops;
    if (hot.lossy)
    {
        counters.replays = m_impl->linkErrors[rest.errors].replays;
        counters.replayTime = m_impl->linkErrors[rest.errors].replayTime;
    }
    counters.queueWait = 0;
    counters.maxQueueBytes = 0;
    for (unsigned c = 0; c < kClasses; ++c)
    {
        const ClassQueue& queue = m_impl->queues.At(port, c);
        counters.queueWait += queue.queueWait;
        counters.maxQueueBytes = std::max<uint64_t>(counters.maxQueueBytes, queue.mostBytes);
    }
    return counters;
}

const Topology&
Network::topology() const
{
    return m_impl->topology;
}

std::string
Network::PortName(PortId port) const
{
    return heddle::PortName(m_impl->topology, port);
}

} // namespace heddle
