// SPDX-License-Identifier: GPL-2.0-only
//
// The hot path of the packet level, second half: a packet leaves its queue, is marked and
// transmitted, and NICs receive. Callees first.

#include "ns3/base-errors.h"
#include "ns3/fabric-network-impl.h"

#include <algorithm>

namespace heddle
{

using fabric::ClassQueue;
using fabric::Plan;
using fabric::Port;
using fabric::Stamp;

namespace
{

/// Enters a finished wait in the packet and the port.
inline void
Account(const Port& port, PortId id, ClassQueue& queue, Packet* packet, Tick now)
{
    const Tick stamp = packet->enqueuedAt;
    queue.queueWait += Stamp::Wait(stamp, now);
    packet->pauseWait += queue.PausedUnits(false, now); // not paused: it is being served
    if (port.toNic)
    {
        return; // the last hop is endpoint time, not queueing inside the fabric
    }
    const uint32_t units = Stamp::WaitUnits(stamp, now);
    packet->queueWait += units;
    const uint32_t code = Stamp::CodeOf(units);
    if (units != 0 && (packet->worstPort == kNone || code > Stamp::WorstCode(stamp)))
    {
        packet->worstPort = id;
        packet->enqueuedAt = Stamp::Make(Stamp::Ingress(stamp), 0, code);
    }
}

} // namespace

void
Network::Impl::Drop(Partition& part, PortId at, Packet* packet, DropReason reason)
{
    ++details[at].drops;
    Discard(part, at, packet, reason);
}

/// Of what port `from` has sent here; counted at our end of the link.
void
Network::Impl::DropArrival(Partition& part, PortId from, Packet* packet, DropReason reason)
{
    ++details[from ^ 1U].arrivalDrops;
    Discard(part, from, packet, reason);
}

void
Network::Impl::Discard(Partition& part, PortId blamed, Packet* packet, DropReason reason)
{
    PartitionState& state = partitions[part.index()];
    ++state.counters.dropped[static_cast<size_t>(reason)];
    if (observer)
    {
        observer->OnDrop(part, blamed, *packet, reason);
    }
    state.pool.Free(packet);
}

/// R4: what the real path would take until the last switch may send.
Tick
Network::Impl::IdealReach(PortId id, const Packet& packet, Tick now)
{
    const Port& port = ports[id];
    const BitRate first = details[id].rate;
    const InteriorPath* path = FindPath(packet.source, packet.destination);
    if (!path)
    {
        return first.TransmitTime(packet.wireBytes) + port.reach; // to be dropped there
    }
    const BitRate last = details[targets[packet.destination].down].rate;
    const Tick reach =
        LatencyToEgress(config, first, *path, last, packet.wireBytes) + details[id].propagation;
    if (idealReady.empty())
    {
        return reach;
    }
    Tick& ready = idealReady[packet.source * pathLeaves + nics[packet.destination].pathLeaf];
    ready = std::max(now + reach, ready + 1);
    return ready - now;
}

/// Serialisation time that ends up in PortCounters::busy.
inline Tick
Network::Impl::Serialise(const Port& port, PortId id, uint32_t bytes)
{
    const Tick duration = TransmitTime(port, id, bytes);
    if (port.psPerByte == 0)
    {
        details[id].busy += duration; // elsewhere it follows from the bytes
    }
    return duration;
}

/// Returns for how long link-level retries hold the port beyond the transmission; ps.
Tick
Network::Impl::Transmit(Partition& part, PortId id, Packet* packet)
{
    Port& port = ports[id];
    const Tick now = part.now();
    const uint32_t bytes = packet->wireBytes;
    const Tick duration = Serialise(port, id, bytes);
    port.busyUntil = now + duration;
    ++port.txPackets;
    port.txBytes += bytes;
    ++packet->hops;
    packet->enqueuedAt = Plan::None(packet->enqueuedAt, port.toNode);
    const Tick replay = port.lossy ? Impair(id, packet, duration) : 0;
    if (replay == kLost)
    {
        Drop(part, id, packet, DropReason::RandomLoss);
        return 0;
    }
    Tick delay = replay + port.reach;
    delay += port.headBytes < bytes ? TransmitTime(port, id, port.headBytes) : duration;
    uint32_t to = port.toPartition;
    if (ideal && port.fromNic)
    {
        delay = IdealReach(id, *packet, now);
        if (FindPath(packet->source, packet->destination)) // else it is dropped, here
        {
            to = details[targets[packet->destination].down].partition;
        }
    }
    ++partitions[part.index()].onWires;
    part.Post(to,
              {now + delay,
               NextKey(port, id),
               reinterpret_cast<uint64_t>(packet),
               id,
               port.toNic ? m_onReceive : m_onArrive,
               port.ingressIndex});
    return replay;
}

/// `aux` and `arg` only tell what will be touched: the queue's cache line behind the port and the
/// packet at its head.
void
Network::Impl::ScheduleFree(Partition& part, Port& port, PortId id)
{
    port.freePending = true;
    const uint8_t eligible = port.Eligible();
    const unsigned c = eligible != 0 ? 31U - static_cast<unsigned>(__builtin_clz(eligible)) : 0;
    part.Insert({std::max(port.busyUntil, part.now()),
                 NextKey(port, id),
                 reinterpret_cast<uint64_t>(port.queues[c].head),
                 id,
                 m_onPortFree,
                 static_cast<uint16_t>(1 + c)});
}

/// The packet leaves the switch's memory.
void
Network::Impl::Release(Partition& part, SwitchId at, const Packet& packet)
{
    SwitchState& here = switches[at];
    const unsigned c = packet.trafficClass;
    if ((losslessClasses >> c & 1U) == 0)
    {
        here.buffer.ReleaseLossy(packet.wireBytes);
        return;
    }
    const uint16_t ingress = Stamp::Ingress(packet.enqueuedAt);
    if (here.buffer.ReleaseLossless(ingress, c, packet.wireBytes))
    {
        SendPause(part, switchDetails[at].inputs[ingress], c, false, kNone);
    }
}

/// RED-like ramp on the bytes left behind in this class queue (DCQCN, SIGCOMM 2015, section 3.1).
void
Network::Impl::MarkEcn(Partition& part, PortId id, const ClassQueue& queue, Packet* packet)
{
    const ClassConfig& ramp = config.classes[packet->trafficClass];
    if ((packet->flags & packet_flag::kEcnCapable) == 0 || queue.bytes <= ramp.kminBytes)
    {
        return;
    }
    if (queue.bytes <= ramp.kmaxBytes)
    {
        const double share = static_cast<double>(queue.bytes - ramp.kminBytes) /
                             static_cast<double>(ramp.kmaxBytes - ramp.kminBytes);
        if (details[id].ecnDraws.Uniform(ports[id].txPackets) >= share * ramp.pmax)
        {
            return;
        }
    }
    packet->flags |= packet_flag::kEcnMarked;
    ++partitions[part.index()].counters.ecnMarks;
}

/// Takes the next eligible packet, if any, and transmits it. The port is idle.
void
Network::Impl::StartNext(Partition& part, PortId id)
{
    Port& port = ports[id];
    const uint8_t eligible = port.Eligible();
    if (eligible == 0)
    {
        return;
    }
    const unsigned c = scheduler.Pick(port, eligible);
    ClassQueue& queue = port.queues[c];
    Packet* packet = queue.Pop();
    port.queuedBytes -= packet->wireBytes;
    __builtin_prefetch(queue.head, 1); // the next one has often left the cache
    if (!queue.head)
    {
        port.queued &= static_cast<uint8_t>(~(1U << c));
        queue.deficit = 0;
    }
    if (port.lossy)
    {
        BookReplayWait(port, id, packet, part.now());
    }
    Account(port, id, queue, packet, part.now());
    if (ecnClasses >> c & 1U)
    {
        MarkEcn(part, id, queue, packet);
    }
    if (limited)
    {
        Release(part, port.fromNode, *packet);
    }
    Transmit(part, id, packet);
    if (port.Eligible() != 0)
    {
        ScheduleFree(part, port, id);
    }
}

void
Network::Impl::OnReceive(Partition& part, const Event& event)
{
    auto* packet = reinterpret_cast<Packet*>(event.arg);
    PartitionState& state = partitions[part.index()];
    --state.onWires;
    if (portsDown != 0 && !ports[event.entity].up)
    {
        DropArrival(part, event.entity, packet, DropReason::LinkDown);
        return;
    }
    ++state.counters.delivered;
    if (packet->type == PacketType::Data)
    {
        state.counters.dataHops += packet->hops;
    }
    const NicId nic = packet->destination;
    NicClient* client = nics[nic].client;
    HEDDLE_CHECK(client, "a packet for a NIC that nobody attached to");
    client->OnReceive(part, nic, packet);
}

/// The port is idle and up: serve whoever waits.
void
Network::Impl::Kick(Partition& part, PortId id)
{
    Port& port = ports[id];
    if (!port.fromNic)
    {
        StartNext(part, id);
        return;
    }
    if (details[id].wakeWanted && port.paused != 0xff)
    {
        details[id].wakeWanted = false;
        nics[port.fromNode].client->OnPortReady(part, port.fromNode);
    }
}

void
Network::Impl::OnPortFree(Partition& part, const Event& event)
{
    const PortId id = event.entity;
    Port& port = ports[id];
    port.freePending = false;
    if (!port.up)
    {
        return;
    }
    if (port.busyUntil > part.now()) // a PFC frame went first
    {
        ScheduleFree(part, port, id);
        return;
    }
    Kick(part, id);
}

void
Network::Impl::PrepareReceive(const Event& event)
{
    const auto& packet = *reinterpret_cast<const Packet*>(event.arg);
    if (const NicClient* client = nics[packet.destination].client)
    {
        client->OnReceiveSoon(packet.destination, packet);
    }
}

/// Fetches what releasing the packet at the head of the queue will touch.
void
Network::Impl::PreparePortFree(const Event& event)
{
    const auto* packet = reinterpret_cast<const Packet*>(event.arg);
    if (packet)
    {
        const uint16_t ingress = Stamp::Ingress(packet->enqueuedAt);
        switches[ports[event.entity].fromNode].buffer.Prefetch(ingress, packet->trafficClass);
    }
}

/// Here, so that the compiler sees through the table of handlers.
void
Network::Impl::AddTransmitHandlers()
{
    m_onReceive = core.AddHandler<Impl, &Impl::OnReceive>(this);
    m_onPortFree = core.AddHandler<Impl, &Impl::OnPortFree>(this);
    core.SetPrefetch(m_onReceive);
    core.SetPrefetch(m_onPortFree, ports.data(), sizeof(Port));
    if (!large())
    {
        return;
    }
    core.SetPrepare(m_onReceive,
                    [](void* self, const Event& event)
                    { static_cast<Impl*>(self)->PrepareReceive(event); });
    if (limited)
    {
        core.SetPrepare(m_onPortFree,
                        [](void* self, const Event& event)
                        { static_cast<Impl*>(self)->PreparePortFree(event); });
    }
}

} // namespace heddle
