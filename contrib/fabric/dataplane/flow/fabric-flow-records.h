// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-flow-records.h
// ---------------------------
// Internal to the flow level: what FlowNetwork (fabric-flow-network.h) keeps of each flow,
// resource, component and chunk.

#ifndef HEDDLE_FABRIC_FLOW_RECORDS_H
#define HEDDLE_FABRIC_FLOW_RECORDS_H

#include "ns3/fabric-fifo-rooms.h"
#include "ns3/fabric-flow-client.h"
#include "ns3/fabric-flow-paths.h"
#include "ns3/fabric-max-min.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace heddle::fabric
{

struct FlowRecords
{
    struct alignas(64) Flow
    {
        double left = 0; ///< bits at `since`
        Tick since = 0;
        int64_t rate = 0; ///< bits/s
        Tick finish = kForever;
        Tick armed = kForever; ///< its earliest event in the wheel
        uint32_t bottleneck = kNone;
        bool active = false; ///< has bits to send
        bool down = false;   ///< … but no path
    };

    struct FlowPorts
    {
        FlowPortUse use;
        std::vector<FlowPaths::StageId> stages; ///< over all ports, of `pathsVersion`
        uint32_t pathsVersion = 0;
    };

    /// What is needed less often.
    struct FlowDetails
    {
        NicId from;
        NicId to;
        uint32_t entropy;
        double lineRate;    ///< of what it uses of the slower NIC, bits/s
        double carried = 0; ///< bits since the path was found
        Tick downSince = 0;
        uint32_t outages = 0;    ///< times that it went down
        double lostAt = 0;       ///< the rate at which it went on sending then, bits/s
        bool recovering = false; ///< has a path again, and sends at `recoverAt`
        bool shut = false;       ///< … its window is full until then
        Tick recoverAt = 0;
        bool held = false;                ///< while down: by its own port, so it has lost nothing
        bool spread = false;              ///< over several paths
        std::unique_ptr<FlowPorts> ports; ///< null: NICs have one each
        FlowWaits waits;
        double culpritLead = 0; ///< majority vote for the culprit; ps
        // With queues:
        double rest = 0;          ///< bits of the message behind the chunk that leaves
        double chunk = 0;         ///< bits of the one that leaves
        uint32_t outstanding = 0; ///< chunks that have left and are not acknowledged
        double underWay = 0;      ///< … bits
        double ahead = 0;         ///< see FifoQueues::Send()
        double early = 0;         ///< bits before its end at which a message's last packet leaves
        bool marked = false;      ///< … has left
        bool stalled = false;     ///< the window is full
        uint32_t slowest = kNone; ///< the resource where the latest chunk waited longest
        Tick acknowledgement = 0; ///< after a chunk is through
        double message = 0;       ///< bits of the one that leaves
        int64_t told = 0;         ///< the rate that m_spray knows
        double arriving = 1;      ///< share of its packets, where a dead link is not known yet
        double loss = 0;          ///< … that is sent once more, since it or its answer is lost
        double lost = 0;          ///< bits of the message that are
        Tick lossEnd = 0;         ///< until when there were some, if there are none now
        // With limits:
        int64_t limit = std::numeric_limits<int64_t>::max(); ///< bits/s
        bool paced = false;                                  ///< its rate is its limit
        int64_t unheld = 0; ///< bits/s that it would have if its NIC were not asked to pause
        double sent = 0;    ///< bits, since ever
        Tick way = 0;       ///< of a full packet, unloaded
        // After a change of its path:
        uint32_t paths = 0;            ///< changes so far
        uint32_t stragglers = 0;       ///< ends of what is on older paths still
        std::vector<FlowWaits> behind; ///< of messages that are through but for those
        std::vector<Tick> behindSince; ///< … when they were
    };

    struct Resource
    {
        FlowWaits::Cause cause;
        PortId port;              ///< the tightest, to be blamed
        uint32_t partner = kNone; ///< the resource of the other direction
        int64_t rate;             ///< bits/s, without acknowledgements
        uint32_t leader;          ///< see Component
        bool touched = false;
        bool useful = true; ///< can limit somebody; else no flow has it among its loads
    };

    /// What a flow sends by one port of its NIC; all of it where all its ports share their paths.
    struct Lane
    {
        uint32_t stream = kNone; ///< in m_fifo, on the latest path; kNone: none
        double share = 0;        ///< of the flow
    };

    /// The pace of a component, kept at one of its resources, its leader. When a component splits,
    /// resources may keep the leader of the other part; they share its pace then, nothing else.
    struct Component
    {
        Tick restUntil = 0;
        bool pending = false;
        uint32_t scan = 0; ///< number of the scan event that counts
        std::vector<uint32_t> touched;
        std::vector<uint32_t> flows; ///< of the latest solution
    };

    /// A chunk in queues.
    struct Transit
    {
        double bits = 0;
        bool last = false;  ///< of its message
        double message = 0; ///< bits of that
        FlowWaits waits;
        double late = 0;        ///< by the first so many hops that it is sprayed over; ps
        uint32_t sprayed = 0;   ///< those
        double lossLate = 0;    ///< by what was lost; ps
        bool straggler = false; ///< no chunk: the end of what is on an older path
        uint32_t lanes = 0;     ///< over which it is not through
        uint32_t paths = 0;     ///< FlowDetails::paths when it left
    };

    using Loads = std::vector<MaxMin::Load>;

    /// What a flow may load, with how far it is there (share of the way to the last port).
    struct Stop
    {
        MaxMin::Load load;
        double way;
        uint32_t before; ///< the resource before it on the path
    };

    using Stops = std::vector<Stop>;

    /// What a NIC's port that has to pause may send.
    struct Hold
    {
        int64_t rate = FifoRooms::kFree; ///< bits/s
        PortId culprit = kNone;
    };
};

} // namespace heddle::fabric

#endif
