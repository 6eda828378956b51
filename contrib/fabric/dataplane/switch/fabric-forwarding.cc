// SPDX-License-Identifier: GPL-2.0-only
//
// The hot path of the packet level.

#include "ns3/base-errors.h"
#include "ns3/fabric-network-impl.h"

#include <algorithm>

namespace heddle
{

using fabric::Admission;
using fabric::ClassQueue;
using fabric::Port;
using fabric::Stamp;

void
Network::Impl::OnArrive(Partition& part, const Event& event)
{
    auto* packet = reinterpret_cast<Packet*>(event.arg);
    const Port& in = ports[event.entity];
    --partitions[part.index()].onWires;
    if (!in.up)
    {
        Drop(part, event.entity, packet, DropReason::LinkDown);
        return;
    }
    const SwitchId id = in.toNode;
    const PortId egress = Route(switches[id], id, *packet, part.now());
    if (egress == kNone)
    {
        Drop(part, event.entity, packet, DropReason::NoRoute);
        return;
    }
    Port& out = ports[egress];
    if (cutThrough && out.rateBps > in.rateBps && !ideal)
    {
        // The output would overtake the input: wait for the tail, as store-and-forward does.
        const Tick whole = in.TransmitTime(packet->wireBytes);
        const Tick tail = whole - std::min(in.headTime, whole);
        ++partitions[part.index()].onWires;
        part.Schedule(tail, m_onTail, egress, event.arg, NextKey(out), in.ingressIndex);
        return;
    }
    Output(part, egress, in.ingressIndex, id, packet);
}

void
Network::Impl::OnTail(Partition& part, const Event& event)
{
    --partitions[part.index()].onWires;
    auto* packet = reinterpret_cast<Packet*>(event.arg);
    Output(part, event.entity, event.aux, ports[event.entity].fromNode, packet);
}

void
Network::Impl::OnReceive(Partition& part, const Event& event)
{
    auto* packet = reinterpret_cast<Packet*>(event.arg);
    const Port& in = ports[event.entity];
    PartitionState& state = partitions[part.index()];
    --state.onWires;
    if (!in.up)
    {
        Drop(part, event.entity, packet, DropReason::LinkDown);
        return;
    }
    ++state.counters.delivered;
    if (packet->type == PacketType::Data)
    {
        state.counters.dataHops += packet->hops;
    }
    NicClient* client = nics[in.toNode].client;
    HEDDLE_CHECK(client, "a packet for a NIC that nobody attached to");
    client->OnReceive(part, in.toNode, packet);
}

PortId
Network::Impl::Route(const SwitchState& at, SwitchId id, const Packet& packet, Tick now) const
{
    const Target& to = targets[packet.destination];
    if (ideal && !FindPath(packet.source, packet.destination))
    {
        return kNone;
    }
    if (to.leaf == id)
    {
        return to.down;
    }
    const NextHops hops = routes.Lookup(id, to.routingLeaf);
    if (hops.count > 1)
    {
        return at.balancer->Choose(packet, hops, now);
    }
    return hops.count == 1 ? hops.ports[0] : kNone;
}

/// Sends or queues a packet that is ready to leave switch `at` by port `id`.
void
Network::Impl::Output(Partition& part, PortId id, uint16_t ingress, SwitchId at, Packet* packet)
{
    Port& port = ports[id];
    if (!port.up)
    {
        Drop(part, id, packet, DropReason::LinkDown);
        return;
    }
    const bool paused = port.paused >> packet->trafficClass & 1U;
    const Tick now = part.now();
    if (port.busyUntil <= now && !port.freePending && !paused)
    {
        Transmit(part, id, packet);
        return;
    }
    if (limited && !Admit(part, switches[at], id, ingress, packet))
    {
        Drop(part, id, packet, DropReason::BufferFull);
        return;
    }
    Enqueue(port, id, ingress, packet, now);
    if (!paused && !port.freePending)
    {
        ScheduleFree(part, port, id);
    }
}

bool
Network::Impl::Admit(Partition& part,
                     SwitchState& at,
                     PortId egress,
                     uint16_t ingress,
                     Packet* packet)
{
    const unsigned c = packet->trafficClass;
    if ((losslessClasses >> c & 1U) == 0)
    {
        return at.buffer.AdmitLossy(QueueOf(egress, c).bytes, packet->wireBytes) ==
               Admission::Accept;
    }
    const Admission verdict = at.buffer.AdmitLossless(ingress, c, packet->wireBytes);
    if (verdict == Admission::AcceptAndPause || verdict == Admission::DropAndPause)
    {
        SendPause(part, at.inputs[ingress], c, true, CulpritOf(egress, c));
    }
    return verdict == Admission::Accept || verdict == Admission::AcceptAndPause;
}

void
Network::Impl::Enqueue(Port& port, PortId id, uint16_t ingress, Packet* packet, Tick now)
{
    const unsigned c = packet->trafficClass;
    ClassQueue& queue = QueueOf(id, c);
    packet->enqueuedAt = Stamp::Make(ingress, now, Stamp::WorstCode(packet->enqueuedAt));
    // Account() adds the paused time of then: the difference is what lies within the wait.
    packet->pauseWait -= queue.PausedUnits(port.paused >> c & 1U, now);
    queue.Push(packet);
    port.queued |= static_cast<uint8_t>(1U << c);
    port.queuedBytes += packet->wireBytes;
    port.counters.maxQueueBytes = std::max<uint64_t>(port.counters.maxQueueBytes, port.queuedBytes);
    if (port.paused != 0)
    {
        UpdateBlocked(port, now);
    }
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
    ClassQueue* mine = &QueueOf(id, 0);
    const unsigned c = scheduler.Pick(port, mine, eligible);
    ClassQueue& queue = mine[c];
    Packet* packet = queue.Pop();
    port.queuedBytes -= packet->wireBytes;
    __builtin_prefetch(queue.head, 1); // the next one has often left the cache
    if (!queue.head)
    {
        port.queued &= static_cast<uint8_t>(~(1U << c));
        queue.deficit = 0;
    }
    Account(port, id, queue, packet, part.now());
    if (ecnClasses >> c & 1U)
    {
        MarkEcn(part, port, queue, packet);
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

/// Enters a finished wait in the packet and the port.
void
Network::Impl::Account(Port& port, PortId id, ClassQueue& queue, Packet* packet, Tick now)
{
    const Tick stamp = packet->enqueuedAt;
    port.counters.queueWait += Stamp::Wait(stamp, now);
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

/// RED-like ramp on the bytes left behind in this class queue (DCQCN, SIGCOMM 2015, section 3.1).
void
Network::Impl::MarkEcn(Partition& part, Port& port, const ClassQueue& queue, Packet* packet)
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
        if (port.ecnDraws.Uniform(port.counters.txPackets) >= share * ramp.pmax)
        {
            return;
        }
    }
    packet->flags |= packet_flag::kEcnMarked;
    ++partitions[part.index()].counters.ecnMarks;
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
        SendPause(part, here.inputs[ingress], c, false, kNone);
    }
}

void
Network::Impl::Transmit(Partition& part, PortId id, Packet* packet)
{
    Port& port = ports[id];
    const Tick now = part.now();
    const Tick duration = port.TransmitTime(packet->wireBytes);
    port.busyUntil = now + duration;
    ++port.counters.txPackets;
    port.counters.txBytes += packet->wireBytes;
    port.counters.busy += duration;
    ++packet->hops;
    if (port.lossThreshold != 0 && port.lossDraws.Bits(port.lossIndex++) < port.lossThreshold)
    {
        Drop(part, id, packet, DropReason::RandomLoss);
        return;
    }
    const Tick ready = port.cutThrough ? std::min(port.headTime, duration) : duration;
    const Tick delay = ideal && port.fromNic ? IdealReach(port, *packet, now) : ready + port.reach;
    ++partitions[part.index()].onWires;
    part.Post(port.toPartition,
              {now + delay,
               NextKey(port),
               reinterpret_cast<uint64_t>(packet),
               id,
               port.toNic ? m_onReceive : m_onArrive,
               0});
}

/// R4: what the real path would take until the last switch may send.
Tick
Network::Impl::IdealReach(const Port& port, const Packet& packet, Tick now)
{
    const InteriorPath* path = FindPath(packet.source, packet.destination);
    if (!path)
    {
        return port.TransmitTime(packet.wireBytes) + port.reach; // to be dropped there
    }
    const BitRate last(ports[targets[packet.destination].down].rateBps);
    const Tick reach =
        LatencyToEgress(config, BitRate(port.rateBps), *path, last, packet.wireBytes) +
        port.propagation;
    if (idealReady.empty())
    {
        return reach;
    }
    Tick& ready = idealReady[packet.source * pathLeaves + nics[packet.destination].pathLeaf];
    ready = std::max(now + reach, ready + 1);
    return ready - now;
}

void
Network::Impl::ScheduleFree(Partition& part, Port& port, PortId id)
{
    port.freePending = true;
    part.Insert({std::max(port.busyUntil, part.now()), NextKey(port), 0, id, m_onPortFree, 0});
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
    if (port.wakeWanted && port.paused != 0xff)
    {
        port.wakeWanted = false;
        nics[port.fromNode].client->OnPortReady(part, port.fromNode);
    }
}

void
Network::Impl::Drop(Partition& part, PortId at, Packet* packet, DropReason reason)
{
    PartitionState& state = partitions[part.index()];
    ++state.counters.dropped[static_cast<size_t>(reason)];
    ++ports[at].counters.drops;
    if (observer)
    {
        observer->OnDrop(part, at, *packet, reason);
    }
    state.pool.Free(packet);
}

} // namespace heddle
