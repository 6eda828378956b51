// SPDX-License-Identifier: GPL-2.0-only
//
// NICs of several ports: which ports a queue pair uses, from the start and when one is dead. The
// routes say so, Topology::rerouteDelay after a link has changed; a port whose own link is down is
// not served before either. While no port leads to the other NIC, those of the intact network stay:
// packets are lost and the retry budget decides.
//
// Deviations: a queue pair that may use any port counts as waiting for a link that is down (or a
// pause) only for as long as the least affected port was; ACKs return by the ports that the data
// took; a move takes effect at once, with packets in flight on both ports.
#include "ns3/rdma-engine.h"

#include "ns3/base-hash.h"

#include <algorithm>

namespace heddle
{

uint64_t
PortHash(uint32_t entropy)
{
    constexpr uint64_t kPortSalt = 0x706f7274;
    return Mix64(HashCombine(entropy, kPortSalt));
}

/// As built: its namesake where the network joins them.
NicId
TransportEngine::BuiltPeer(NicId port, NicId toNic) const
{
    if (m_ports == 1)
    {
        return toNic;
    }
    const NicId first = toNic * m_ports;
    for (uint32_t turn = 0; turn < m_ports; ++turn)
    {
        const NicId peer = first + (port + turn) % m_ports;
        if (m_network.Reachable(port, peer))
        {
            return peer;
        }
    }
    return first + port % m_ports;
}

void
TransportEngine::ChoosePorts(SenderQp& qp)
{
    qp.lane = qp.from * m_ports;
    if (m_ports == 1)
    {
        return;
    }
    qp.pairs = UsablePairs(qp);
    PickLane(qp, qp.pairs);
}

/// By the routes of now; where none leads there, by those of the intact network.
PortPairs
TransportEngine::UsablePairs(const SenderQp& qp) const
{
    const auto pairsBy = [&](auto connected)
    {
        return PairPorts(m_ports,
                         [&](uint32_t own, uint32_t other)
                         { return connected(qp.from * m_ports + own, qp.to * m_ports + other); });
    };
    const PortPairs now = pairsBy([&](NicId a, NicId b) { return m_network.Connected(a, b); });
    return now.count() > 0 ? now
                           : pairsBy([&](NicId a, NicId b) { return m_network.Reachable(a, b); });
}

void
TransportEngine::PickLane(SenderQp& qp, const PortPairs& pairs)
{
    if (m_portChoice.pick != nullptr && pairs.count() > 0)
    {
        const uint32_t n = m_portChoice.pick(PortHash(qp.entropy), qp.channel, pairs.count());
        qp.lane = qp.from * m_ports + pairs.Usable(n);
    }
}

/// In order of content: event keys follow it.
void
TransportEngine::OnReroute()
{
    for (const auto& [key, id] : m_byKey)
    {
        if (m_anyPort || m_config.portFailover)
        {
            MoveQueuePair(m_senders[id]);
        }
    }
}

void
TransportEngine::MoveQueuePair(SenderQp& qp)
{
    const PortPairs pairs = UsablePairs(qp);
    if (pairs == qp.pairs)
    {
        return;
    }
    Partition& part = m_core.part(m_network.PartitionOf(qp.lane));
    ++counters(part).portMoves;
    // Its waits until now are the old ports'.
    SettlePorts(qp, part.now());
    Charge(part, qp);
    qp.state = QpState::Idle;
    if (qp.inRing)
    {
        Unring(qp);
    }
    qp.pairs = pairs;
    qp.portsHad = 0;
    PickLane(qp, pairs);
    if (qp.next != qp.posted || !qp.flight.lost.empty())
    {
        Arm(part, qp.lane, qp.sendTimer, m_onSendTimer, qp.id, part.now());
    }
}

void
TransportEngine::Unring(SenderQp& qp)
{
    QpRing& ring = RingAt(qp.lane, qp.trafficClass);
    SenderQp* before = nullptr;
    for (SenderQp* at = ring.head; at != &qp; at = at->ringNext)
    {
        before = at;
    }
    (before == nullptr ? ring.head : before->ringNext) = qp.ringNext;
    ring.tail = ring.tail == &qp ? before : ring.tail;
    qp.ringNext = nullptr;
    qp.inRing = false;
}

/// The first in the ring that may leave by `port`; null if none.
const SenderQp*
TransportEngine::FirstFor(NicId port, const QpRing& ring) const
{
    const SenderQp* qp = ring.head;
    while (qp != nullptr && qp->pairs.to[port % m_ports] == PortPairs::kNoPort)
    {
        qp = qp->ringNext;
    }
    return qp;
}

/// Out of the ring: the first that has not had `port` in its present round over the ports, or else
/// the first. In strict turn, ring and ports fall into step, and a queue pair always gets the same
/// ports when their counts share a factor.
SenderQp*
TransportEngine::TakeFor(NicId port, QpRing& ring)
{
    const SenderQp* taken = FirstFor(port, ring);
    if (taken == nullptr)
    {
        return nullptr;
    }
    const uint32_t own = port % m_ports;
    uint32_t looks = m_ports;
    for (const SenderQp* qp = taken; qp != nullptr && looks > 0; qp = qp->ringNext, --looks)
    {
        if (qp->pairs.to[own] != PortPairs::kNoPort && (qp->portsHad >> own & 1) == 0)
        {
            taken = qp;
            break;
        }
    }
    SenderQp& qp = m_senders[taken->id];
    Unring(qp);
    qp.portsHad |= 1U << own;
    if (static_cast<uint32_t>(__builtin_popcount(qp.portsHad)) >= qp.pairs.count())
    {
        qp.portsHad = 0;
    }
    m_nics[RingOf(port)].nextPort = (port + 1) % m_ports;
    return &qp;
}

bool
TransportEngine::PathBroken(const Packet& packet, Tick since, Tick until) const
{
    const NicId from = packet.source - packet.source % m_ports;
    const NicId to = packet.destination - packet.destination % m_ports;
    for (uint32_t port = 0; port < m_ports; ++port)
    {
        if (m_network.PathBroken(from + port, to + port, since, until))
        {
            return true;
        }
    }
    return false;
}

PortTotals
TransportEngine::LeastTotals(const SenderQp& qp) const
{
    PortTotals least{kForever, kForever, kForever};
    for (uint32_t port = 0; port < Lanes(); ++port)
    {
        const NicState& nic = m_nics[qp.lane + port];
        least.down = std::min(least.down, nic.downTotal);
        least.replay = std::min(least.replay, nic.replayTotal);
        least.paused = std::min(least.paused, nic.pausedTotal);
    }
    return least;
}

Tick
TransportEngine::ClassPausedTime(Partition& part, const SenderQp& qp) const
{
    Tick least = kForever;
    for (uint32_t port = 0; port < Lanes(); ++port)
    {
        least = std::min(least, m_network.PausedTime(part, qp.lane + port, qp.trafficClass));
    }
    return least;
}

} // namespace heddle
