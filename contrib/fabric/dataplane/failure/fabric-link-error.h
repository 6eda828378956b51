// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-link-error.h
// -------------------------
// Internal to the packet level: bit errors of one link direction. Which frames are lost
// (FrameLoss), and what link-level retry makes of it (LinkRetry).
//
//   LossProcess loss({.perFrame = 0, .perByte = 1e-12}, RandomStream(seed, "link-loss", port));
//   if (loss.Takes(frame.wireBytes)) …
//
// Losses are a Poisson process on the axis of frames and bytes sent, so the distance to the next
// one is drawn once (exponential, in whole units of at most 1/256 byte) and counted down: no draw
// per frame, and exact in distribution, because what is left after a loss is memoryless.
//
// Link-level retry. A lost frame is found bad when its last bit is in; the NACK takes the
// propagation back, `turnaround` covers the rest, then the port resends it and, in order, all it
// had sent meanwhile. What reaches the other side is the same as if the port had been busy with the
// lost frame until its resend ends, and so it is modelled: one loss costs
//   serialisation + 2 · propagation + turnaround,
// and again if the resend is lost. PFC frames are not numbered and pass in between.
// Known deviations: (1) no limit on replays or their age (SAI defaults to one replay, SONiC's
// samples to three, then the link is flushed and set up anew); (2) a frame of higher priority does
// not overtake during a replay; (3) the bandwidth of the ACKs (8 B per 2 KB) is not taken; (4) a
// cut-through switch behind does not forward the bad frame's head.
//
// Booking. A packet that is replayed, and one that waits behind a replay, adds that time to both of
// its accumulators (queueWait counts all waiting, pauseWait what is not congestion) and carries
// packet_flag::kReplayed: the transport then books pauseWait as loss recovery. What a packet waits
// because of earlier replays is the port's debt, the time it lies behind a port without errors:
// debt = min(debt, this packet's wait), 0 without one (Lindley's recursion for both ports;
// exact for one class).

#ifndef HEDDLE_FABRIC_LINK_ERROR_H
#define HEDDLE_FABRIC_LINK_ERROR_H

#include "ns3/base-random.h"
#include "ns3/fabric-topology.h"

#include <cstdint>

namespace heddle::fabric
{

class LossProcess
{
  public:
    LossProcess(const FrameLoss& loss, RandomStream draws);

    /// The next frame; true when it is lost.
    bool Takes(uint32_t wireBytes)
    {
        const uint64_t cost = m_frameUnits + m_byteUnits * wireBytes;
        if (m_credit > cost)
        {
            m_credit -= cost;
            return false;
        }
        Draw();
        return true;
    }

  private:
    void Draw();

    uint64_t m_credit = 0; ///< units to the next loss
    uint64_t m_frameUnits = 1;
    uint64_t m_byteUnits = 0;
    double m_unitHazard;
    RandomStream m_draws;
    uint64_t m_drawn = 0;
};

/// A port with errors.
struct alignas(64) LinkErrors
{
    LinkErrors(const FrameLoss& frameLoss, RandomStream draws) : loss(frameLoss, draws)
    {
    }

    LossProcess loss;
    bool retry = false;
    Tick loop = 0;        ///< 2 · propagation + turnaround; ps
    Tick debt = 0;        ///< how far the port is behind one without replays; ps
    bool waited = false;  ///< the packet about to leave was queued
    Tick replayEnd = 0;   ///< until when a replay holds frames, but not PFC, back
    Tick pauseEnd = 0;    ///< end of the latest PFC frame sent in between
    uint64_t replays = 0; ///< frames resent because they were lost (once per resend)
    Tick replayTime = 0;  ///< that the port lost by it; ps
};

} // namespace heddle::fabric

#endif
