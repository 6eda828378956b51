// SPDX-License-Identifier: GPL-2.0-only
//
// Links that fail and come back. At a failure everything queued for the link is lost at once, what
// is on the wire when it arrives; pauses across the link are forgotten on both sides. Until the
// routes are recomputed, rerouteDelay later, packets sent towards the link are lost.
//
// Deviation: a packet on the wire survives a link that is up again before it arrives.

#include "ns3/base-errors.h"
#include "ns3/fabric-network-impl.h"

namespace heddle
{

using fabric::ClassQueue;
using fabric::Port;

void
Network::SetLinkUp(uint32_t link, bool up)
{
    Impl& net = *m_impl;
    HEDDLE_CHECK(net.core.alone(), "a link changes while partitions run");
    HEDDLE_CHECK(link < net.linkUp.size(), "no such link");
    if (net.linkUp[link] == up)
    {
        return;
    }
    net.linkUp[link] = up;
    const Tick now = net.PartOf(2 * link).now();
    up ? net.outages.Restore(link, now) : net.outages.Fail(link, now);
    for (PortId id : {2 * link, 2 * link + 1})
    {
        up ? net.RestorePort(id) : net.FailPort(id);
    }
    net.core.ScheduleAlone(now + net.topology.rerouteDelay,
                           net.core.Key(net.failureEntity, net.failureSequence++),
                           [&net] { net.Reroute(); });
}

void
Network::Impl::Reroute()
{
    routes.Build(linkUp);
    if (routes.Complete())
    {
        outages.Reroute(core.part(0).now());
    }
    routesVersion = fabric::Plan::NextVersion(routesVersion);
    AdoptRoutes();
}

void
Network::Impl::FailPort(PortId id)
{
    Partition& part = PartOf(id);
    Port& port = ports[id];
    port.up = false;
    ++portsDown;
    ++details[id].epoch;
    for (unsigned c = 0; c < kClasses; ++c)
    {
        SetPaused(port, id, c, false, part.now());
    }
    if (!port.toNic)
    {
        switches[port.toNode].buffer.ForgetPauses(port.ingressIndex);
    }
    for (unsigned c = 0; c < kClasses; ++c)
    {
        ClassQueue& queue = QueueOf(id, c);
        while (queue.head)
        {
            Packet* packet = queue.Pop();
            port.queuedBytes -= packet->wireBytes;
            if (limited)
            {
                Release(part, port.fromNode, *packet);
            }
            Drop(part, id, packet, DropReason::LinkDown);
        }
        queue.deficit = 0;
    }
    port.queued = 0;
}

void
Network::Impl::RestorePort(PortId id)
{
    Port& port = ports[id];
    port.up = true;
    --portsDown;
    if (port.fromNic && !port.freePending && details[id].wakeWanted)
    {
        ScheduleFree(PartOf(id), port, id); // not from here: the caller may be the NIC itself
    }
}

} // namespace heddle
