// SPDX-License-Identifier: GPL-2.0-only
//
// Links that fail and come back. At a failure everything queued for the link is lost at once, what
// is on the wire when it arrives; pauses across the link are forgotten on both sides. Until the
// routes are recomputed, rerouteDelay later, packets sent towards the link are lost.
//
// A link that is cut takes packets as before and loses them, until its failure is detected.
//
// Deviations: a packet on the wire survives a link that is up again before it arrives, or that is
// cut; PFC frames cross a cut link.

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
    const Tick now = net.PartOf(2 * link).now();
    const bool wasCut = net.cut[link];
    net.SetCut(link, false);
    if (net.linkUp[link] == up)
    {
        wasCut ? net.outages.Restore(link, now) : void(); // before anybody noticed
        return;
    }
    net.linkUp[link] = up;
    net.nicCapacity.SetUp(link, up, now);
    if (up || !wasCut)
    {
        up ? net.outages.Restore(link, now) : net.outages.Fail(link, now);
    }
    for (PortId id : {2 * link, 2 * link + 1})
    {
        up ? net.RestorePort(id) : net.FailPort(id);
    }
    const Tick due = now + net.topology.rerouteDelay;
    if (due != net.rerouteDue)
    {
        net.rerouteDue = due;
        net.core.ScheduleAlone(due,
                               net.core.Key(net.failureEntity, net.failureSequence++),
                               [&net] { net.Reroute(); });
    }
}

void
Network::CutLink(uint32_t link)
{
    Impl& net = *m_impl;
    HEDDLE_CHECK(net.core.alone(), "a link changes while partitions run");
    HEDDLE_CHECK(link < net.linkUp.size(), "no such link");
    if (net.linkUp[link] && !net.cut[link])
    {
        net.outages.Fail(link, net.PartOf(2 * link).now());
        net.SetCut(link, true);
    }
}

void
Network::Impl::SetCut(uint32_t link, bool dead)
{
    cut[link] = dead;
    for (PortId id : {2 * link, 2 * link + 1})
    {
        ports[id].unusual = dead || IsUnusual(ports[id]);
    }
}

void
Network::Impl::Reroute()
{
    if (rerouteDue == core.part(0).now())
    {
        rerouteDue = -1; // later changes of this instant are not in it
    }
    routes.Build(linkUp);
    routedUp = linkUp;
    if (routes.Complete())
    {
        outages.Reroute(core.part(0).now(), linkUp);
    }
    routesVersion = fabric::Plan::NextVersion(routesVersion);
    AdoptRoutes();
    if (onReroute)
    {
        onReroute();
    }
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
        ClassQueue& queue = queues.At(id, c);
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
    if (!port.freePending && WakeWanted(port))
    {
        ScheduleFree(PartOf(id), port, id); // not from here: the caller may be the NIC itself
    }
}

} // namespace heddle
