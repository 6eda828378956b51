// SPDX-License-Identifier: GPL-2.0-only
//
// Where a message's time went. Duration T = ideal + excess. The excess is handed out in the
// precedence of DESIGN: each state takes min(what was measured for it, what is left), so that the
// sum is exact whatever overlaps. What is left in the end goes to LastHop, the one place on the way
// that nothing measures directly.
//
// Known deviations: (1) a stall after a loss is Down if any link that the pair may use was dead
// meanwhile (Network::PathBroken), whatever lost the packet; (2) the interior waits are those of
// the packet that completed the message; a packet that link-level retries delayed books its PFC
// pauses as LossRecovery too, which comes first anyway; (3) when the fabric's links are faster than
// the NIC's and a store-and-forward switch lies between, the ideal of a message with a short last
// packet is too long by at most one packet time of the fast link (see ComputeIdeal); the excess is
// then 0, never negative.
#include "ns3/rdma-engine.h"

#include "ns3/base-errors.h"
#include "ns3/rdma-lost-capacity.h"

#include <algorithm>

namespace heddle
{

/// Unloaded latency of the largest packet, the others at line rate on all ports that may carry
/// them: over equal links n packets through store-and-forward or cut-through hops take exactly that
/// (the largest one is the critical packet at every hop but one).
Tick
TransportEngine::ComputeIdeal(const SenderQp& qp, uint64_t bytes) const
{
    const uint32_t mtu = m_config.mtuPayloadBytes;
    const uint64_t packets = (bytes + mtu - 1) / mtu;
    const auto tail = static_cast<uint32_t>(bytes - (packets - 1) * mtu);
    const bool always = m_reliability->addressEveryPacket;
    const uint32_t firstWire = DataWireBytes(packets == 1 ? tail : mtu, true);
    return m_config.sendLatency +
           m_network.UnloadedLatency(qp.lane, BuiltPeer(qp.lane, qp.to), firstWire) +
           TimeOfOthers(bytes, mtu, always, BuiltRate(qp), Lanes()) + m_config.receiveLatency;
}

/// Of a port of the slower NIC.
BitRate
TransportEngine::BuiltRate(const SenderQp& qp) const
{
    return std::min(m_network.BuiltNicRate(qp.from * m_ports),
                    m_network.BuiltNicRate(qp.to * m_ports));
}

Tick
TransportEngine::IdealTime(QpId qp, uint64_t bytes) const
{
    return ComputeIdeal(m_senders[qp], bytes);
}

namespace
{

/// Hands out an amount in order of precedence.
class Split
{
  public:
    Split(MessageTiming& timing, Tick excess) : m_timing(timing), m_left(excess)
    {
    }

    Tick Take(MessageState state, Tick measured)
    {
        const Tick taken = std::clamp<Tick>(measured, 0, m_left);
        m_timing.state[static_cast<size_t>(state)] += taken;
        m_left -= taken;
        return taken;
    }

    void TakeRest(MessageState state)
    {
        Take(state, m_left);
    }

  private:
    MessageTiming& m_timing;
    Tick m_left;
};

} // namespace

MessageTiming
TransportEngine::Timing(Partition& part, const ReceiverQp& qp, const Packet& packet) const
{
    const MessageRecord& message = *qp.current;
    MessageTiming timing;
    timing.posted = message.posted;
    timing.started = message.started;
    timing.finished = part.now() + m_config.receiveLatency;
    const Tick total = timing.finished - timing.started;
    const Tick ideal = std::min(message.ideal, total);
    timing.state[static_cast<size_t>(MessageState::Ideal)] = ideal;
    if (total == ideal)
    {
        return timing;
    }
    const SenderWaits& waits = message.waits;
    const Tick held = Tick{packet.pauseWait} << kWaitShift;
    const Tick interior = Tick{packet.queueWait} << kWaitShift; // what it was held included
    const Tick queued = interior - std::min(interior, held);
    const bool retried = (packet.flags & packet_flag::kReplayed) != 0;
    const Tick replay = retried ? held : 0;
    const Tick paused = held - replay;
    const Tick unloaded =
        m_network.UnloadedLatency(packet.source, packet.destination, packet.wireBytes);
    const Tick lastHop = part.now() - packet.sentAt - unloaded - std::max(interior, held);

    Split split(timing, total - ideal);
    const bool broken = waits.resend > 0 && PathBroken(packet, message.started, part.now());
    split.Take(MessageState::Down, waits.down + qp.downStall + (broken ? waits.resend : 0));
    split.Take(MessageState::LossRecovery, qp.lossStall + waits.resend + replay);
    const Tick ownPause = split.Take(MessageState::Paused, waits.paused);
    const Tick farPause = split.Take(MessageState::Paused, paused);
    const Tick paced = split.Take(MessageState::Paced, waits.paced);
    split.Take(MessageState::OwnPort, waits.ownPort);
    split.Take(MessageState::LastHop, lastHop);
    const Tick inFabric = split.Take(MessageState::FabricQueue, queued);
    split.TakeRest(MessageState::LastHop);
    const SenderQp& sender = m_senders[packet.flow];
    const Tick serialisation = TimeOfOthers(message.bytes,
                                            m_config.mtuPayloadBytes,
                                            m_reliability->addressEveryPacket,
                                            BuiltRate(sender),
                                            Lanes());
    const Tick moves = m_ports > 1 && !m_anyPort ? m_network.topology().rerouteDelay : 0;
    BookLostCapacity(m_network,
                     sender.from,
                     sender.to,
                     serialisation,
                     moves,
                     {waits.pacedCulprit, farPause > 0 ? packet.worstPort : waits.pausedCulprit},
                     timing);

    const Tick worst = std::max({ownPause, farPause, paced, inFabric});
    if (worst > 0)
    {
        timing.culprit = worst == ownPause ? waits.pausedCulprit
                         : worst == paced  ? waits.pacedCulprit
                                           : packet.worstPort;
    }
    return timing;
}

} // namespace heddle
