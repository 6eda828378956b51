// SPDX-License-Identifier: GPL-2.0-only
//
// Fabrics often share ideal worlds: ECMP and adaptive routing on the same fat-tree have the same
// ideal fabric. What a world depends on, as text.
#include "run/world/ideal-world.h"
#include "run/world/world.h"

#include <sstream>

namespace heddle
{

namespace
{

void
Print(std::ostream& out, const AlgorithmChoice& a)
{
    out << a.allReduce << ' ' << a.allGather << ' ' << a.reduceScatter << ' ' << a.allToAll << ' '
        << a.broadcast << '\n';
}

void
Print(std::ostream& out, const TransportConfig& t)
{
    out << t.mtuPayloadBytes << ' ' << t.reliability << ' ' << unsigned{t.dataClass} << ' '
        << unsigned{t.controlClass} << ' ' << t.ackEveryPackets << ' ' << t.retransmissionTimeout
        << ' ' << t.retryLimit << ' ' << t.reorderWindowPackets << ' ' << t.sendLatency << ' '
        << t.receiveLatency << '\n';
}

void
Print(std::ostream& out, const SwitchConfig& s)
{
    out << static_cast<int>(s.forwarding) << ' ' << s.forwardingLatency << ' ' << s.headerBytes
        << ' ' << s.bufferBytes << ' ' << s.alpha << ' ' << s.headroomBytes << ' '
        << s.pauseResponse << ' ' << s.xonOffsetBytes << ' ' << s.mtuWireBytes;
    for (const ClassConfig& c : s.classes)
    {
        out << ' ' << c.lossless << c.strict << ' ' << c.weight;
    }
    out << '\n';
}

void
Print(std::ostream& out, const Topology& t)
{
    out << t.nics << ' ' << t.portsPerNic << '\n';
    for (const Topology::Link& link : t.links)
    {
        out << link.a.isSwitch << link.a.index << '-' << link.b.isSwitch << link.b.index << ' '
            << link.rate.bps() << ' ' << link.delay << ' ' << link.up << '\n';
    }
    for (const auto& row : t.extraLatency)
    {
        for (Tick latency : row)
        {
            out << latency << ' ';
        }
    }
    Print(out, t.switchConfig);
}

} // namespace

std::string
WorldFingerprint(const ClusterPlan& cluster, const FabricPlan& fabric, const RungPlan& asked)
{
    const RungPlan rung = Canonical(asked, cluster, fabric);
    std::ostringstream out;
    out << rung.noFailures << rung.idealBalance << rung.idealFabric << rung.zeroLatency
        << rung.balancedWork << rung.ideal.infiniteScaleOut << rung.ideal.infiniteScaleUp
        << rung.ideal.noSoftware << rung.ideal.noJitter << ' ' << rung.computeSpeed << ' '
        << rung.jitterScale << ' ' << rung.fidelity << '\n'
        << fabric.softwareText << '\n';
    for (const LinkState& state : rung.states)
    {
        out << state.link << ':' << state.share << ' ';
    }
    Print(out, fabric.algorithms);
    for (const RankLayout::Place& place : fabric.layout.places)
    {
        out << place.leaf << ' ';
    }
    if (rung.ideal.infiniteScaleOut)
    {
        return out.str();
    }
    if (!rung.idealFabric)
    {
        return out.str() + fabric.name; // its own, whatever the rest
    }
    out << Describe(fabric.trafficClasses) << '\n';
    Print(out, fabric.transport);
    Print(out, TopologyOn(fabric, rung));
    return out.str();
}

} // namespace heddle
