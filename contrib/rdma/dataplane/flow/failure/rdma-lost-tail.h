// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-lost-tail.h
// ----------------------
// The last packets of a message that nothing follows, where a link is dead and the routes do not
// know: which of them are lost, and when the sender finds out. Selective repeat sends once more
// what is missing when something that was sent later has been acknowledged, else when its timer
// expires (rdma-selective-repeat.cc).
//
//   const LostTail tail = DrawLostTail(outage, RandomStream(seed, "lost-tail", entity));
//   arrival += tail.received;
//
// The sender and the receiver are played out packet by packet, for those that were sent since the
// link is dead and so shortly before the end that they are not repaired before it.
//
// Deviations: every packet is acknowledged; the receiver acknowledges fewer in order, so that a
// lost acknowledgement leaves more packets to send again, none of which it misses.

#ifndef HEDDLE_RDMA_LOST_TAIL_H
#define HEDDLE_RDMA_LOST_TAIL_H

#include "ns3/base-random.h"
#include "ns3/base-units.h"

#include <cstdint>

namespace heddle
{

struct TailOutage
{
    double data = 0;    ///< probability that a packet comes to the dead link, [0, 1]
    double answers = 0; ///< … that an acknowledgement does
    Tick from = 0;      ///< the link is dead; ps
    Tick until = 0;     ///< the routes know
    uint64_t packets = 1;
    double spacing = 0;   ///< between packets, ps
    Tick crossing = 0;    ///< when the last packet comes to the link, lost or not
    Tick answering = 0;   ///< … and its acknowledgement
    double trip = 0;      ///< from a transmission to its acknowledgement, ps
    double wait = 0;      ///< of packets on their way beyond that, mean of an exponential; ps
    double repair = 1;    ///< from a transmission to the next, when a later one is acknowledged; ps
    Tick timeout = 0;     ///< … else; > 0
    bool doubles = false; ///< each packet has a timer, and each time-out takes twice as long
};

/// Later than without the outage; ps.
struct LostTail
{
    double received = 0;
    double answered = 0; ///< the last acknowledgement
};

/// At most so many time-outs.
inline constexpr uint32_t kMostTailTimeouts = 8;
/// Packets before the last so many are repaired before it leaves, or make no difference.
inline constexpr uint32_t kMostTailPackets = 256;

LostTail DrawLostTail(const TailOutage& outage, const RandomStream& random);

} // namespace heddle

#endif
