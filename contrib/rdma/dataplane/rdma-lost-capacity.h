// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-lost-capacity.h
// --------------------------
// The part of a message's endpoint time that a failed NIC port is to blame for.
//
// A NIC that has lost the share x of its rate (a port of several is down, lanes are lost) takes
// 1 / (1 - x) as long for the same bytes: of the time that its ports are busy with them, x would
// not have been without the failure. That part goes from the endpoint states to Down, first in
// DESIGN's precedence; it is no more than the excess, and no more than what the NIC did not carry.
//
// A sender that a full window, marks or pauses hold back for the receiver's port waits for that
// port.
//
// Deviations: of both ends the one that has lost more counts; queue pairs with a port of their own
// that move may burden one port more than the mean of the NIC, which stays endpoint time.

#ifndef HEDDLE_RDMA_LOST_CAPACITY_H
#define HEDDLE_RDMA_LOST_CAPACITY_H

#include "ns3/rdma-transport.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace heddle
{

/// Who held a sender back; kNone: nobody inside the fabric.
struct HeldBackBy
{
    PortId paced;
    PortId paused;
};

/// `serialisation`: the message's own bytes at line rate, which Ideal holds; `delay`: after a link
/// changes until queue pairs take other ports; ps.
template <class Net>
void
BookLostCapacity(const Net& network,
                 NicId from,
                 NicId to,
                 Tick serialisation,
                 Tick delay,
                 HeldBackBy held,
                 MessageTiming& timing)
{
    double time = 0;
    double most = 0;
    for (const NicId nic : {from, to})
    {
        const LostCapacity lost =
            network.Lost(nic, timing.started - delay, timing.finished - delay);
        time = std::max(time, lost.time);
        most = std::max(most, lost.most);
    }
    if (time == 0)
    {
        return;
    }
    const Topology& topology = network.topology();
    const auto isReceivers = [&](PortId port)
    {
        if (port == kNone)
        {
            return true;
        }
        const Topology::Link& link = topology.links[port / 2];
        const auto isEnd = [&](const Topology::Node& node)
        { return !node.isSwitch && node.index / topology.portsPerNic == to; };
        return isEnd(link.a) || isEnd(link.b);
    };
    const std::pair<MessageState, bool> endpoints[] = {
        {MessageState::OwnPort, true},
        {MessageState::LastHop, true},
        {MessageState::Paced, isReceivers(held.paced)},
        {MessageState::Paused, isReceivers(held.paused)}};
    const auto state = [&timing](MessageState s) -> Tick&
    { return timing.state[static_cast<size_t>(s)]; };
    Tick busy = serialisation;
    for (const auto& [endpoint, counts] : endpoints)
    {
        busy += counts ? state(endpoint) : 0;
    }
    Tick left = std::llround(std::min(time, most * static_cast<double>(busy)));
    for (const auto& [endpoint, counts] : endpoints)
    {
        const Tick part = counts ? std::min(left, state(endpoint)) : 0;
        state(endpoint) -= part;
        state(MessageState::Down) += part;
        left -= part;
    }
}

} // namespace heddle

#endif
