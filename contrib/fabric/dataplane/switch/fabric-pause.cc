// SPDX-License-Identifier: GPL-2.0-only
//
// Priority flow control (IEEE 802.1Qbb), per ingress port and class.
//
// A frame leaves after the packet in transmission on the reverse port, occupies it for 84 B, and
// takes effect `propagation + pauseResponse` after its last bit. What the paused port has begun it
// finishes. Deviation: frames mean XOFF and XON; there are no quanta to expire and to refresh.
//
// Blame: an XOFF names the port where the packets pile up, i.e. the egress of the packet that
// crossed the threshold, or, if that egress is paused itself, whomever its own pause names.

#include "ns3/fabric-network-impl.h"

#include <algorithm>

namespace heddle
{

using fabric::ClassQueue;
using fabric::Port;

namespace
{

/// A PFC frame in Event::arg.
struct PauseFrame
{
    PortId culprit;
    uint8_t trafficClass;
    bool xoff;
    uint8_t epoch;

    uint64_t Pack() const
    {
        return culprit | uint64_t{trafficClass} << 32 | uint64_t{xoff} << 40 |
               uint64_t{epoch} << 48;
    }

    static PauseFrame Unpack(uint64_t bits)
    {
        return {static_cast<PortId>(bits),
                static_cast<uint8_t>(bits >> 32),
                (bits >> 40 & 1U) != 0,
                static_cast<uint8_t>(bits >> 48)};
    }
};

} // namespace

void
Network::Impl::SendPause(Partition& part,
                         PortId target,
                         unsigned trafficClass,
                         bool xoff,
                         PortId culprit)
{
    Port& reverse = ports[target ^ 1U];
    if (!reverse.up)
    {
        return;
    }
    const PortId reverseId = target ^ 1U;
    const Tick duration = TransmitTime(reverse, reverseId, fabric::kPauseWireBytes);
    fabric::PortDetails& rest = details[reverseId];
    const Tick sent = EndOfPauseFrame(reverse, reverseId, part.now(), duration);
    rest.busy += duration;
    PartitionState& state = partitions[part.index()];
    state.counters.pauseFrames += xoff ? 1 : 0;
    if (observer)
    {
        observer->OnPause(part, target, trafficClass, xoff);
    }
    const PauseFrame frame{culprit, static_cast<uint8_t>(trafficClass), xoff, rest.epoch};
    part.Post(reverse.toPartition,
              {sent + rest.propagation + config.pauseResponse,
               NextKey(reverse, reverseId),
               frame.Pack(),
               target,
               m_onPause,
               0});
}

PortId
Network::Impl::CulpritOf(PortId egress, unsigned trafficClass) const
{
    const bool paused = ports[egress].paused >> trafficClass & 1U;
    return paused ? queues.At(egress, trafficClass).culprit : egress;
}

void
Network::Impl::OnPause(Partition& part, const Event& event)
{
    const PauseFrame frame = PauseFrame::Unpack(event.arg);
    const PortId id = event.entity;
    Port& port = ports[id];
    if (!port.up || details[id].epoch != frame.epoch)
    {
        return; // lost with the link
    }
    if (frame.xoff)
    {
        queues.At(id, frame.trafficClass).culprit = frame.culprit;
    }
    SetPaused(port, id, frame.trafficClass, frame.xoff, part.now());
    if (frame.xoff || port.freePending)
    {
        return;
    }
    if (port.busyUntil <= part.now())
    {
        Kick(part, id);
    }
    else if (port.Eligible() != 0 || WakeWanted(port))
    {
        ScheduleFree(part, port, id);
    }
}

void
Network::Impl::SetPaused(Port& port, PortId id, unsigned trafficClass, bool paused, Tick now)
{
    const auto bit = static_cast<uint8_t>(1U << trafficClass);
    if (((port.paused & bit) != 0) == paused)
    {
        return;
    }
    ClassQueue& queue = queues.At(id, trafficClass);
    if (paused)
    {
        queue.pausedSince = now;
        port.everPaused = true;
    }
    else
    {
        queue.pausedUnits = queue.PausedUnits(true, now);
        queue.pausedTotal += now - queue.pausedSince;
    }
    port.paused ^= bit;
    UpdateBlocked(port, id, now);
}

/// Keeps PortCounters::paused. At a NIC any pause counts: its queues are not ours to see.
void
Network::Impl::UpdateBlocked(const Port& port, PortId id, Tick now)
{
    fabric::PortDetails& rest = details[id];
    const bool blocked = port.fromNic ? port.paused != 0 : (port.paused & port.queued) != 0;
    if (blocked == (rest.blockedSince >= 0))
    {
        return;
    }
    if (!blocked)
    {
        rest.counters.paused += now - rest.blockedSince;
    }
    rest.blockedSince = blocked ? now : -1;
}

} // namespace heddle
