// SPDX-License-Identifier: GPL-2.0-only
//
// The hot path of the packet level, callees first.

#include "ns3/base-errors.h"
#include "ns3/fabric-network-impl.h"

#include <algorithm>

namespace heddle
{

using fabric::Admission;
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
    PartitionState& state = partitions[part.index()];
    ++state.counters.dropped[static_cast<size_t>(reason)];
    ++details[at].counters.drops;
    if (observer)
    {
        observer->OnDrop(part, at, *packet, reason);
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

bool
Network::Impl::Lost(PortId id)
{
    fabric::PortDetails& rest = details[id];
    return rest.lossDraws.Bits(rest.lossIndex++) < rest.lossThreshold;
}

void
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
    packet->enqueuedAt = Plan::None(packet->enqueuedAt);
    if (port.lossy && Lost(id))
    {
        Drop(part, id, packet, DropReason::RandomLoss);
        return;
    }
    Tick delay = port.reach;
    delay += port.headBytes < bytes ? TransmitTime(port, id, port.headBytes) : duration;
    if (ideal && port.fromNic)
    {
        delay = IdealReach(id, *packet, now);
    }
    ++partitions[part.index()].onWires;
    part.Post(port.toPartition,
              {now + delay,
               NextKey(port, id),
               reinterpret_cast<uint64_t>(packet),
               id,
               port.toNic ? m_onReceive : m_onArrive,
               0});
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
        SendPause(part, here.inputs[ingress], c, false, kNone);
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
Network::Impl::Enqueue(Port& port, PortId id, uint16_t ingress, Packet* packet, Tick now)
{
    const unsigned c = packet->trafficClass;
    ClassQueue& queue = port.queues[c];
    packet->enqueuedAt = Stamp::Make(ingress, now, Stamp::WorstCode(packet->enqueuedAt));
    // Account() adds the paused time of then: the difference is what lies within the wait.
    packet->pauseWait -= queue.PausedUnits(port.paused >> c & 1U, now);
    queue.Push(packet);
    port.queued |= static_cast<uint8_t>(1U << c);
    port.queuedBytes += packet->wireBytes;
    queue.mostBytes = std::max(queue.mostBytes, port.queuedBytes);
    if (port.paused != 0)
    {
        UpdateBlocked(port, id, now);
    }
}

bool
Network::Impl::Admit(Partition& part, PortId egress, uint16_t ingress, Packet* packet)
{
    SwitchState& at = switches[ports[egress].fromNode];
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

/// The part of Route() that does not depend on the moment; kNone: it does, or there is no route.
inline PortId
Network::Impl::PlannedRoute(SwitchId at, const Packet& packet) const
{
    const Target& to = targets[packet.destination];
    if (to.leaf == at)
    {
        return to.down;
    }
    const NextHops hops = routes.Lookup(at, to.routingLeaf);
    if (hops.count <= 1)
    {
        return hops.count == 1 ? hops.ports[0] : kNone;
    }
    const FlowHash* hash = switches[at].flowHash;
    return hash ? hash->Choose(packet, hops) : kNone;
}

PortId
Network::Impl::Route(SwitchId at, const Packet& packet, Tick now) const
{
    const Target& to = targets[packet.destination];
    if (ideal && !FindPath(packet.source, packet.destination))
    {
        return kNone;
    }
    if (to.leaf == at)
    {
        return to.down;
    }
    const NextHops hops = routes.Lookup(at, to.routingLeaf);
    if (hops.count <= 1)
    {
        return hops.count == 1 ? hops.ports[0] : kNone;
    }
    const SwitchState& here = switches[at];
    return here.flowHash ? here.flowHash->Choose(packet, hops)
                         : here.balancer->Choose(packet, hops, now);
}

/// Sends or queues a packet that is ready to leave its switch by port `id`.
void
Network::Impl::Output(Partition& part, PortId id, uint16_t ingress, Packet* packet)
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
    if (limited && !Admit(part, id, ingress, packet))
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
    const PortId egress = Plan::Valid(packet->enqueuedAt, routesVersion)
                              ? static_cast<PortId>(packet->enqueuedAt)
                              : Route(id, *packet, part.now());
    if (egress == kNone)
    {
        Drop(part, event.entity, packet, DropReason::NoRoute);
        return;
    }
    if (waitsForTails && details[event.entity].rate < details[egress].rate)
    {
        // The output would overtake the input: wait for the tail, as store-and-forward does.
        const Tick tail =
            TransmitTime(in, event.entity, packet->wireBytes) -
            TransmitTime(in, event.entity, std::min<uint32_t>(in.headBytes, packet->wireBytes));
        ++partitions[part.index()].onWires;
        part.Schedule(tail,
                      m_onTail,
                      egress,
                      event.arg,
                      NextKey(ports[egress], egress),
                      in.ingressIndex);
        return;
    }
    Output(part, egress, in.ingressIndex, packet);
}

void
Network::Impl::OnTail(Partition& part, const Event& event)
{
    --partitions[part.index()].onWires;
    auto* packet = reinterpret_cast<Packet*>(event.arg);
    Output(part, event.entity, event.aux, packet);
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

/// Plans the route and fetches what queueing there will touch.
void
Network::Impl::PrepareArrive(const Event& event)
{
    auto* packet = reinterpret_cast<Packet*>(event.arg);
    const Port& in = ports[event.entity];
    const PortId egress = PlannedRoute(in.toNode, *packet);
    if (egress == kNone)
    {
        return;
    }
    packet->enqueuedAt = Plan::Make(packet->enqueuedAt, routesVersion, egress);
    const Port& out = ports[egress];
    __builtin_prefetch(&out, 1);
    __builtin_prefetch(&out.queues[packet->trafficClass], 1);
    if (limited)
    {
        switches[in.toNode].buffer.Prefetch(in.ingressIndex, packet->trafficClass);
    }
}

void
Network::Impl::PrepareReceive(const Event& event)
{
    const NicId nic = ports[event.entity].toNode;
    if (const NicClient* client = nics[nic].client)
    {
        client->OnReceiveSoon(nic, *reinterpret_cast<const Packet*>(event.arg));
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
Network::Impl::AddHotHandlers()
{
    m_onArrive = core.AddHandler<Impl, &Impl::OnArrive>(this);
    m_onTail = core.AddHandler<Impl, &Impl::OnTail>(this);
    m_onReceive = core.AddHandler<Impl, &Impl::OnReceive>(this);
    m_onPortFree = core.AddHandler<Impl, &Impl::OnPortFree>(this);
    for (HandlerId handler : {m_onArrive, m_onReceive, m_onPortFree})
    {
        core.SetPrefetch(handler, ports.data(), sizeof(Port));
    }
    // What fits the second-level cache is at hand anyway.
    constexpr size_t kSmallFabric = size_t{1} << 20;
    if (ideal || ports.size() * sizeof(Port) <= kSmallFabric)
    {
        return;
    }
    core.SetPrepare(m_onReceive,
                    [](void* self, const Event& event)
                    { static_cast<Impl*>(self)->PrepareReceive(event); });
    core.SetPrepare(m_onArrive,
                    [](void* self, const Event& event)
                    { static_cast<Impl*>(self)->PrepareArrive(event); });
    if (limited)
    {
        core.SetPrepare(m_onPortFree,
                        [](void* self, const Event& event)
                        { static_cast<Impl*>(self)->PreparePortFree(event); });
    }
}

} // namespace heddle
