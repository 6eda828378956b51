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

// Event::aux of OnPortFree.
constexpr uint16_t kClassMask = kClasses - 1;
constexpr uint16_t kFromNic = kClasses;

/// Enters a finished wait in the packet and the port.
inline void
Account(const Port& port, PortId id, ClassQueue& queue, Packet* packet, Tick now)
{
    const Tick stamp = packet->enqueuedAt;
    queue.queueWait += Stamp::Wait(stamp, now);
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

/// The packet's own arrival, `delay` from now.
inline void
Network::Impl::PostArrival(Partition& part,
                           Port& port,
                           PortId id,
                           Packet* packet,
                           uint32_t to,
                           Tick delay)
{
    part.Post(to,
              {part.now() + delay,
               NextKey(port, id),
               reinterpret_cast<uint64_t>(packet),
               id,
               port.onArrival,
               port.ingressIndex});
}

/// What every transmission does. `duration`: of the serialisation; ps.
inline void
Network::Impl::Occupy(Port& port, Packet* packet, Tick now, Tick duration)
{
    port.busyUntil = now + duration;
    ++port.txPackets;
    port.txBytes += packet->wireBytes;
    ++packet->hops;
    packet->enqueuedAt = Plan::None(packet->enqueuedAt, port.toNode);
}

/// Returns for how long link-level retries hold the port beyond the transmission; ps.
inline Tick
Network::Impl::TransmitHere(Partition& part, Port& port, PortId id, Packet* packet)
{
    if (__builtin_expect(port.unusual, 0))
    {
        return TransmitUnusually(part, id, packet);
    }
    const Tick duration = Tick{port.psPerByte} * packet->wireBytes;
    const Tick head = Tick{port.psPerByte} * port.headBytes;
    Occupy(port, packet, part.now(), duration);
    PostArrival(part, port, id, packet, port.toPartition, port.reach + std::min(head, duration));
    return 0;
}

Tick
Network::Impl::Transmit(Partition& part, PortId id, Packet* packet)
{
    return TransmitHere(part, ports[id], id, packet);
}

Tick
Network::Impl::TransmitUnusually(Partition& part, PortId id, Packet* packet)
{
    Port& port = ports[id];
    const Tick now = part.now();
    const uint32_t bytes = packet->wireBytes;
    const Tick duration = TransmitTime(port, id, bytes);
    if (port.psPerByte == 0)
    {
        details[id].busy += duration; // elsewhere it follows from the bytes
    }
    Occupy(port, packet, now, duration);
    if (cut[id / 2])
    {
        Drop(part, id, packet, DropReason::LinkDown);
        return 0;
    }
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
    PostArrival(part, port, id, packet, to, delay);
    return replay;
}

/// Its transmission begins when the port is free, which is settled now: no event of the port's own.
/// It does not count as queued and occupies no memory, as a packet in transmission.
void
Network::Impl::TransmitBehind(Partition& part, PortId id, uint16_t ingress, Packet* packet)
{
    Port& port = ports[id];
    const Tick now = part.now();
    const Tick start = std::max(port.busyUntil, now);
    packet->enqueuedAt = Stamp::Make(ingress, now, Stamp::WorstCode(packet->enqueuedAt));
    Account(port, id, queues.At(id, packet->trafficClass), packet, start);
    const Tick duration = Tick{port.psPerByte} * packet->wireBytes;
    const Tick head = Tick{port.psPerByte} * port.headBytes;
    Occupy(port, packet, start, duration);
    const Tick delay = start - now + port.reach + std::min(head, duration);
    PostArrival(part, port, id, packet, port.toPartition, delay);
}

/// `aux` and `arg` only tell what will be touched: the queue and the packet at its head, or the
/// NIC.
void
Network::Impl::ScheduleFree(Partition& part, Port& port, PortId id)
{
    port.freePending = true;
    const uint8_t eligible = port.Eligible();
    const unsigned c = 31U - static_cast<unsigned>(__builtin_clz(eligible | 1U));
    const auto touched = port.fromNic ? reinterpret_cast<uint64_t>(&nics[port.fromNode])
                                      : reinterpret_cast<uint64_t>(queues.At(id, c).head);
    part.Insert({std::max(port.busyUntil, part.now()),
                 NextKey(port, id),
                 touched,
                 id,
                 m_onPortFree,
                 static_cast<uint16_t>(c | (port.fromNic ? kFromNic : 0U))});
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
        if (ecnDraws.Of(id).Uniform(ports[id].txPackets) >= share * ramp.pmax)
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
    const unsigned c = scheduler.Pick(port, id, queues, eligible);
    ClassQueue& queue = queues.At(id, c);
    Packet* packet = queue.Pop();
    port.queuedBytes -= packet->wireBytes;
    if (!queue.head)
    {
        port.queued &= static_cast<uint8_t>(~(1U << c));
        queue.deficit = 0;
    }
    if (port.lossy)
    {
        BookReplayWait(port, id, packet, part.now());
    }
    packet->pauseWait += queue.PausedUnits(false, part.now()); // not paused: it is being served
    Account(port, id, queue, packet, part.now());
    if (ecnClasses >> c & 1U)
    {
        MarkEcn(part, id, queue, packet);
    }
    if (limited)
    {
        Release(part, port.fromNode, *packet);
    }
    TransmitHere(part, port, id, packet);
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
    NicState& nic = nics[port.fromNode];
    if (nic.wakeWanted && port.paused != 0xff)
    {
        nic.wakeWanted = false;
        nic.client->OnPortReady(part, port.fromNode);
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

inline void
Network::Impl::PrepareReceive(const Event& event)
{
    const auto& packet = *reinterpret_cast<const Packet*>(event.arg);
    const NicState& nic = nics[packet.destination];
    __builtin_prefetch(&ports[nic.up], 1); // by which it will answer, or go on
    if (nic.client)
    {
        nic.client->OnReceiveSoon(packet.destination, packet, NicClient::Notice::First);
    }
}

inline void
Network::Impl::PrepareReceiveMore(const Event& event)
{
    const auto& packet = *reinterpret_cast<const Packet*>(event.arg);
    if (const NicClient* client = nics[packet.destination].client)
    {
        client->OnReceiveSoon(packet.destination, packet, NicClient::Notice::Second);
    }
}

inline void
Network::Impl::PreparePortFree(const Event& event)
{
    __builtin_prefetch(&ports[event.entity], 1);
    queues.Fetch(event.entity, event.aux & kClassMask);
    if ((event.aux & kFromNic) != 0)
    {
        TellNic(event, NicClient::Notice::First);
    }
}

/// The port and the head of its queue are there.
inline void
Network::Impl::PreparePortFreeMore(const Event& event)
{
    if ((event.aux & kFromNic) != 0)
    {
        TellNic(event, NicClient::Notice::Second);
        return;
    }
    const Packet* head = queues.At(event.entity, event.aux).head;
    if (head && limited)
    {
        const SwitchState& at = switches[ports[event.entity].fromNode];
        at.buffer.Prefetch(Stamp::Ingress(head->enqueuedAt), event.aux);
    }
}

inline void
Network::Impl::TellNic(const Event& portFree, NicClient::Notice notice)
{
    const auto* nic = reinterpret_cast<const NicState*>(portFree.arg);
    if (nic->wakeWanted)
    {
        nic->client->OnPortReadySoon(static_cast<NicId>(nic - nics.data()), notice);
    }
}

/// Here, so that the compiler sees through the table of handlers.
void
Network::Impl::AddTransmitHandlers()
{
    m_onReceive = core.AddHandler<Impl, &Impl::OnReceive>(this);
    m_onPortFree = core.AddHandler<Impl, &Impl::OnPortFree>(this);
}

/// The same for what goes before them. `twice`: see NicClient::Notice.
void
Network::Impl::PrepareOthers(bool twice)
{
    const EventCore::PrepareFn receive = &Prepare<&Impl::PrepareReceive>;
    const EventCore::PrepareFn portFree = &Prepare<&Impl::PreparePortFree>;
    if (!twice)
    {
        core.SetPrepare(m_onReceive, nullptr, receive);
        core.SetPrepare(m_onPortFree, nullptr, portFree);
        return;
    }
    core.SetPrepare(m_onReceive, receive, &Prepare<&Impl::PrepareReceiveMore>);
    core.SetPrepare(m_onPortFree, portFree, &Prepare<&Impl::PreparePortFreeMore>);
}

} // namespace heddle
