// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-link-error.h"

#include "ns3/fabric-network-impl.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::LinkErrors;
using fabric::Port;

namespace fabric
{

LossProcess::LossProcess(const FrameLoss& loss, RandomStream draws)
    : m_unitHazard(loss.perFrame), m_draws(draws)
{
    constexpr uint64_t kUnitsPerByte = 256; // the share per frame is rounded to a unit
    constexpr double kMostUnits = 0x1.0p50; // beyond, bytes do not matter
    const double unit = loss.perByte / kUnitsPerByte;
    if (loss.perFrame < unit * kMostUnits)
    {
        m_byteUnits = kUnitsPerByte;
        m_frameUnits = static_cast<uint64_t>(std::llround(loss.perFrame / unit));
        m_unitHazard = unit;
    }
    Draw();
}

void
LossProcess::Draw()
{
    constexpr double kFarthest = 0x1.0p62; // 4e12 frames of 4 KB: farther than any run goes
    const double units = m_draws.Exponential(m_drawn++) / m_unitHazard;
    m_credit = static_cast<uint64_t>(std::ceil(std::min(units, kFarthest)));
}

} // namespace fabric

namespace
{

void
AddReplayWait(Packet* packet, uint32_t units)
{
    packet->queueWait += units;
    packet->pauseWait += units;
    packet->flags |= packet_flag::kReplayed;
}

} // namespace

Tick
Network::Impl::Impair(PortId id, Packet* packet, Tick duration)
{
    Port& port = ports[id];
    LinkErrors& errors = linkErrors[details[id].errors];
    if (!errors.waited)
    {
        errors.debt = 0; // the port was idle
    }
    errors.waited = false;
    Tick replay = 0;
    bool lost = errors.loss.Takes(packet->wireBytes);
    while (lost && errors.retry)
    {
        replay += duration + errors.loop;
        ++errors.replays;
        lost = errors.loss.Takes(packet->wireBytes);
    }
    if (replay > 0)
    {
        port.busyUntil += replay;
        errors.replayEnd = port.busyUntil - duration;
        errors.replayTime += replay;
        errors.debt += replay;
        AddReplayWait(packet, static_cast<uint32_t>(replay >> kWaitShift));
    }
    return lost ? kLost : replay;
}

/// `packet` leaves the queue of a port with errors: the part of its wait that replays caused.
void
Network::Impl::BookReplayWait(const Port& port, PortId id, Packet* packet, Tick now)
{
    LinkErrors& errors = linkErrors[details[id].errors];
    errors.waited = true;
    errors.debt = std::min(errors.debt, fabric::Stamp::Wait(packet->enqueuedAt, now));
    const auto units = static_cast<uint32_t>(errors.debt >> kWaitShift);
    if (units == 0)
    {
        return;
    }
    AddReplayWait(packet, units);
    if (!port.toNic)
    {
        packet->queueWait -= units; // Account() adds the whole wait there
    }
}

/// When a PFC frame's last bit leaves: a replay does not hold it back.
Tick
Network::Impl::EndOfPauseFrame(Port& port, PortId id, Tick now, Tick duration)
{
    if (port.lossy && now < linkErrors[details[id].errors].replayEnd)
    {
        Tick& last = linkErrors[details[id].errors].pauseEnd;
        last = std::max(last, now) + duration;
        return last;
    }
    port.busyUntil = std::max(port.busyUntil, now) + duration;
    return port.busyUntil;
}

} // namespace heddle
