// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-flow-client.h
// --------------------------
// What a FlowNetwork (fabric-flow-network.h) is told and tells: its configuration, how a flow uses
// the ports of its NICs, what kept it waiting, and who hears of it.

#ifndef HEDDLE_FABRIC_FLOW_CLIENT_H
#define HEDDLE_FABRIC_FLOW_CLIENT_H

#include "ns3/base-event-core.h"
#include "ns3/base-units.h"
#include "ns3/fabric-packet.h"

#include <array>
#include <cstdint>
#include <functional>

namespace heddle
{

struct FlowNetworkConfig
{
    Tick restPerFlow = 1000; ///< ps; 0: recompute after every instant with changes
    /// How flows share a full port inside the fabric or before a receiver: in proportion to what
    /// their NICs would send (first come, first served queues), or equally (congestion control).
    bool shareByArrival = false;
    /// With shareByArrival: flows have limits, and what queues of class `markedClass` hold is
    /// marked. Where ports do not queue, flows share equally and the limits mean nothing.
    bool controlled = false;
    uint8_t markedClass = 0;
    double windowBits = 0;    ///< of a flow under way at most; 0: any number
    double packetBits = 0;    ///< of a full packet on the wire
    Tick acknowledgement = 0; ///< ps beyond the unloaded way there and back until a window opens
    double ackShare = 0;      ///< of a port that carries acknowledgements for data at full rate
    double reorderedAckShare = 0; ///< … when most packets overtake others, see kReorderingFlows
    /// Receivers acknowledge every packet that comes out of order (selective repeat): it is sent
    /// once more when that acknowledgement is lost.
    bool answersEach = false;
    /// Sprayed packets load ports unevenly for a moment, see fabric-spray-waits.h.
    bool sprayWaits = false;
    double congestedEfficiency = 1; ///< of a port that is offered more than it carries
    /// After a failure a flow goes on when its sender's timer, which doubles each time, expires;
    /// ps.
    Tick retransmissionTimeout = 4 * kMillisecond;
    /// Time-outs that a flow survives, each as long as the first; the run ends on one more
    /// (failure()). 0: any number, and they double.
    uint32_t retryLimit = 0;
};

/// A flow whose sender has used up its retries.
struct FlowFailure
{
    Tick at;
    uint32_t flow;
};

/// What kept a flow from its NICs' rate; ps of time lost.
struct FlowWaits
{
    enum Cause : uint8_t
    {
        OwnPort,  ///< its NIC's port is shared
        LastHop,  ///< the port to the receiver is shared
        Fabric,   ///< a port between switches
        Down,     ///< no path
        Recovery, ///< a path again, but the sender has not timed out yet; what was lost anew
        Paced,    ///< its limit
        kCauses,
    };

    std::array<double, kCauses> lost{};
    PortId culprit = kNone; ///< the interior port that cost most
    /// Its last packet after its last bit, not in `lost`, the larger of both; ps.
    double late = 0;    ///< as sprayed packets wait
    double resent = 0;  ///< … as some are lost and sent once more, in the mean
    Tick travelled = 0; ///< of the unloaded latency, what has gone by when it is through; ps
};

/// How a flow uses NICs of several ports.
struct FlowPortUse
{
    /// Picks one of so many ports in use; null: all of them, in proportion to their rates.
    std::function<uint32_t(uint32_t)> pick;
    bool failover = true; ///< a port of its own is left when the routes say that it is dead
};

class FlowClient
{
  public:
    virtual ~FlowClient() = default;
    /// The last bit leaves now. Returns the bits that follow at once; 0: the flow stops.
    virtual uint64_t OnDrained(Partition& part, uint32_t flow) = 0;
    /// What the latest call of OnDrained() that has had no answer yet was about has passed all
    /// queues but the unloaded path; before OnDrained() where there are none. `waits` since it
    /// began.
    virtual void OnThrough(Partition& part, uint32_t flow, const FlowWaits& waits) = 0;

    /// Bits on the wire of what is posted behind the message that the flow carries now.
    virtual uint64_t Behind(uint32_t /* flow */) const
    {
        return 0;
    }

    /// A link is dead and the routes do not know yet.
    virtual void OnLinkDead(Partition&)
    {
    }

    /// Hints: the flow's next call is near; what it will touch may be fetched into the cache.
    virtual void Foresee(uint32_t /* flow */) const
    {
    }

    /// A packet of the flow was marked at the interior or last port `port` and is received
    /// `untilReceived` ps from now. Not every one is told, see fabric-fifo-marking.cc.
    virtual void OnMarked(Partition&,
                          uint32_t /* flow */,
                          PortId /* port */,
                          Tick /* untilReceived */)
    {
    }
};

} // namespace heddle

#endif
