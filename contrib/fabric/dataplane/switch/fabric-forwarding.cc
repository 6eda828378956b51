// SPDX-License-Identifier: GPL-2.0-only
//
// The hot path of the packet level, first half: a packet arrives at a switch, is routed, admitted
// and queued. Callees first.

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

void
Network::Impl::Enqueue(Port& port, PortId id, uint16_t ingress, Packet* packet, Tick now)
{
    const unsigned c = packet->trafficClass;
    ClassQueue& queue = queues.At(id, c);
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
    const SwitchId here = ports[egress].fromNode;
    SwitchState& at = switches[here];
    const unsigned c = packet->trafficClass;
    if ((losslessClasses >> c & 1U) == 0)
    {
        return at.buffer.AdmitLossy(queues.At(egress, c).bytes, packet->wireBytes) ==
               Admission::Accept;
    }
    const Admission verdict = at.buffer.AdmitLossless(ingress, c, packet->wireBytes);
    if (verdict == Admission::AcceptAndPause || verdict == Admission::DropAndPause)
    {
        SendPause(part, switchDetails[here].inputs[ingress], c, true, CulpritOf(egress, c));
    }
    return verdict == Admission::Accept || verdict == Admission::AcceptAndPause;
}

/// The part of Route() that does not depend on the moment; kNone: it does, or there is no route.
inline PortId
Network::Impl::PlannedRoute(SwitchId at, const Packet& packet) const
{
    NextHops choice{};
    const PortId only = routes.OnlyHop(at, routes.LeafOfNic(packet.destination), choice);
    if (only != kNone)
    {
        return only;
    }
    if (choice.count == 0) // at the leaf itself, or no route
    {
        const Target& to = targets[packet.destination];
        return to.leaf == at ? to.down : kNone;
    }
    return hashes ? switches[at].flowHash.Choose(packet, choice) : kNone;
}

PortId
Network::Impl::Route(SwitchId at, const Packet& packet, Tick now) const
{
    if (ideal && !FindPath(packet.source, packet.destination))
    {
        return kNone;
    }
    const PortId planned = PlannedRoute(at, packet);
    if (planned != kNone || hashes)
    {
        return planned;
    }
    const NextHops hops = routes.Lookup(at, routes.LeafOfNic(packet.destination));
    return hops.count == 0 ? kNone : switchDetails[at].balancer->Choose(packet, hops, now);
}

/// Where a packet that came by `input` goes: as planned, if the routes are still the same.
inline PortId
Network::Impl::EgressOf(PortId input, const Packet& packet, Tick now) const
{
    const uint32_t version = Plan::Version(packet.enqueuedAt);
    const uint32_t target = Plan::Target(packet.enqueuedAt);
    if (version == routesVersion)
    {
        return target;
    }
    return Route(version == 0 ? target : ports[input].toNode, packet, now);
}

/// A packet of `promptClass` goes right after what the port has begun, and so soon that a PFC frame
/// never waits for more than one MTU.
inline bool
Network::Impl::NextInTurn(const Port& port, const Packet& packet, Tick now) const
{
    const Tick left = Tick{config.mtuWireBytes} - packet.wireBytes;
    return (port.queued >> promptClass & 1U) == 0 && !port.unusual &&
           port.busyUntil - now <= left * port.psPerByte;
}

/// Sends or queues a packet that is ready to leave its switch by port `id`.
void
Network::Impl::Output(Partition& part, PortId id, uint16_t ingress, Packet* packet)
{
    Port& port = ports[id];
    const Tick now = part.now();
    if (port.Open(now))
    {
        Transmit(part, id, packet);
        return;
    }
    if (!port.up)
    {
        Drop(part, id, packet, DropReason::LinkDown);
        return;
    }
    const bool paused = port.paused >> packet->trafficClass & 1U;
    if (port.busyUntil <= now && !port.freePending && !paused)
    {
        Transmit(part, id, packet);
        return;
    }
    if (promptClass == packet->trafficClass && !paused && NextInTurn(port, *packet, now))
    {
        TransmitBehind(part, id, ingress, packet);
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
    const PortId input = event.entity;
    if (portsDown != 0 && !ports[input].up)
    {
        DropArrival(part, input, packet, DropReason::LinkDown);
        return;
    }
    const PortId egress = EgressOf(input, *packet, part.now());
    if (egress == kNone)
    {
        DropArrival(part, input, packet, DropReason::NoRoute);
        return;
    }
    if (waitsForTails && details[input].rate < details[egress].rate)
    {
        // The output would overtake the input: wait for the tail, as store-and-forward does.
        const Port& in = ports[input];
        const Tick tail = TransmitTime(in, input, packet->wireBytes) -
                          TransmitTime(in, input, std::min(in.headBytes, packet->wireBytes));
        const uint64_t key = NextKey(ports[egress], egress);
        part.Schedule(tail, m_onTail, egress, event.arg, key, event.aux);
        return;
    }
    Output(part, egress, event.aux, packet);
}

void
Network::Impl::OnTail(Partition& part, const Event& event)
{
    auto* packet = reinterpret_cast<Packet*>(event.arg);
    Output(part, event.entity, event.aux, packet);
}

/// Fetches what planning the route will touch.
inline void
Network::Impl::PrepareRoute(const Event& event)
{
    const auto* packet = reinterpret_cast<const Packet*>(event.arg);
    if (Plan::Version(packet->enqueuedAt) == 0)
    {
        const SwitchId at = Plan::Target(packet->enqueuedAt);
        routes.Fetch(at, routes.LeafOfNic(packet->destination));
        __builtin_prefetch(&switches[at], 1);
        asm volatile(""); // or GCC takes this function for one without effect and drops its calls
    }
}

/// Plans the route and fetches what queueing there will touch.
inline void
Network::Impl::PrepareArrive(const Event& event)
{
    auto* packet = reinterpret_cast<Packet*>(event.arg);
    if (Plan::Version(packet->enqueuedAt) != 0)
    {
        return;
    }
    const SwitchId at = Plan::Target(packet->enqueuedAt);
    const PortId egress = PlannedRoute(at, *packet);
    if (egress == kNone)
    {
        return;
    }
    packet->enqueuedAt = Plan::Make(packet->enqueuedAt, routesVersion, egress);
    __builtin_prefetch(&ports[egress], 1);
    queues.Fetch(egress, packet->trafficClass);
    if (limited)
    {
        switches[at].buffer.Prefetch(event.aux, packet->trafficClass);
    }
}

/// Queueing writes to the packet before.
inline void
Network::Impl::PrepareQueue(const Event& event)
{
    const auto* packet = reinterpret_cast<const Packet*>(event.arg);
    if (Plan::Version(packet->enqueuedAt) != 0)
    {
        const ClassQueue& queue = queues.At(Plan::Target(packet->enqueuedAt), packet->trafficClass);
        if (queue.head)
        {
            __builtin_prefetch(queue.tail, 1);
        }
    }
}

/// Here, so that the compiler sees through the table of handlers.
void
Network::Impl::AddForwardingHandlers()
{
    m_onArrive = core.AddHandler<Impl, &Impl::OnArrive>(this);
    m_onTail = core.AddHandler<Impl, &Impl::OnTail>(this);
}

void
Network::Impl::PrepareArrivals(bool twice)
{
    core.SetPrepare(m_onArrive,
                    twice ? &Prepare<&Impl::PrepareRoute> : nullptr,
                    &Prepare<&Impl::PrepareArrive>,
                    twice ? &Prepare<&Impl::PrepareQueue> : nullptr);
}

} // namespace heddle
