// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-partitioning.h
// ---------------------------
// Cuts a topology into parts that several threads can run.
//
//   const Partitioning parts =
//       PartitionTopology(topology, groupOfNic, WantedPartitions(topology, 2));
//   EventCore core({.seed = 1, .partitions = parts.count, .threads = 2,
//                   .lookaheads = parts.lookaheads});
//   Network network(core, topology, parts);
//
// Cut are the links with the longest look-ahead: as few kinds as leave enough parts of bearable
// size. Tier by tier, what the cuts leave is dealt out in the order of the NICs below it, so that
// hosts, their leaves and their pods come together, and spines and cores spread evenly. What a
// partition does to another takes at least a link's delay plus what must have arrived before
// anything happens: the smallest packet or PFC frame, and the switch's forwarding latency.
//
// Results do not depend on it (base-event-core.h).

#ifndef HEDDLE_FABRIC_PARTITIONING_H
#define HEDDLE_FABRIC_PARTITIONING_H

#include "ns3/fabric-topology.h"

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

/// Preamble, gap and the shortest Ethernet frame: nothing shorter may cross between partitions.
inline constexpr uint32_t kMinWireBytes = 84;

/// Which partition runs which node. By default one runs all.
struct Partitioning
{
    uint32_t count = 1;
    std::vector<uint32_t> ofNic;    ///< by NIC port; empty: all in partition 0
    std::vector<uint32_t> ofSwitch; ///< the ideal fabric's one switch lies with each NIC
    std::vector<Tick> lookaheads;   ///< for EventCore::Config
    Tick lookahead = 0;             ///< the smallest of them; ps
    std::string whyOne;             ///< if count is 1: the reason

    uint32_t Of(const Topology::Node& node) const
    {
        const std::vector<uint32_t>& of = node.isSwitch ? ofSwitch : ofNic;
        return of.empty() ? 0 : of[node.index];
    }
};

/// A good number for so many threads: enough to even out their work; and what a partition touches
/// should fit a core's cache, which on 8,192 hosts saves one thread a tenth of its time.
uint32_t WantedPartitions(const Topology& topology, uint32_t threads);

/// At most `most` partitions (≤ 1000). The ports of a NIC stay together, and NICs of equal
/// `groupOfNic` (a scale-up domain, a host); empty: each NIC for itself. One partition where
/// nothing can be cut, or one switch would have most of the work.
Partitioning PartitionTopology(const Topology& topology,
                               const std::vector<uint32_t>& groupOfNic,
                               uint32_t most);

} // namespace heddle

#endif
