// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-grouping.h
// ----------------------------
// A communicator seen through the layout: its members by scale-up domain, and the order in which a
// ring visits them.
//
// Ring order (a simplified form of what NCCL's search finds on NVSwitch hosts with one NIC per
// accelerator, NCCL 2.30 graph/search.cc and graph/connect.cc): domains follow each other, the
// members of a domain are adjacent. Channel c enters the first domain at member e = (c mod entries)
// mod G and leaves at its neighbour x = e ± 1 (even channels walk down, odd ones up); the next
// domain is entered at x and left at e. So every hop between domains stays on one rail, except the
// last one back to the start when the number of domains is odd. With one member per domain: plain
// order.
//
// Known deviations: crossNic 0 with an exit through PXN (what NCCL finds on B200) is not made.

#ifndef HEDDLE_COLLECTIVES_GROUPING_H
#define HEDDLE_COLLECTIVES_GROUPING_H

#include "ns3/collectives-schedule.h"

#include <cstdint>
#include <vector>

namespace heddle
{

using Member = uint32_t; ///< index into Communicator::ranks

struct DomainGroups
{
    /// Members by domain, sorted by (host, rail, member); domains by their smallest member.
    std::vector<std::vector<Member>> groups;
    uint32_t smallest = 0; ///< members in the smallest and largest group
    uint32_t largest = 0;
};

DomainGroups GroupByDomain(const Communicator& comm, const RankLayout& layout);

/// Channels a ring collective of `bytes` uses.
uint32_t RingChannels(const SoftwareModel& software, const DomainGroups& groups, uint64_t bytes);

/// The members in the ring order of a channel.
std::vector<Member> RingOrder(const DomainGroups& groups,
                              const SoftwareModel& software,
                              uint32_t channel);

/// Position of `member` in an order.
uint32_t PositionOf(const std::vector<Member>& order, Member member);

} // namespace heddle

#endif
