// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-uneven-ports.h
// ---------------------------
// Packets that draw their paths one by one load equal ports unevenly: of N packets a port with
// probability p gets N p in the mean, with variance N p (1 - p). What waits for the last packet of
// all waits for the port that has got most.
//
//   MostOfNormal(16)             // 1.72 standard deviations above the mean, in the median
//   LongestQueue(128, 0.75, 1, 4)   // packets in the longest of 4 queues after a burst of 128
//
// A port that is offered more than it carries is busy until all its packets are through: later by
// MostOfNormal() deviations. One that carries more keeps a short queue: its length at the end is a
// random walk with a drift that cannot fall below 0. After many packets it has an exponential tail
// with θ = 2 (1 - ρ) / (ρ v), v the variance per packet (heavy traffic; Kingman 1962); after few it
// is the absolute value of a normal one (Feller I, III.7). The smaller of both is taken.

#ifndef HEDDLE_FABRIC_UNEVEN_PORTS_H
#define HEDDLE_FABRIC_UNEVEN_PORTS_H

namespace heddle::fabric
{

/// The median of the largest of so many standard normal variables; `count` ≥ 1.
double MostOfNormal(double count);

/// Packets, in the median: of the longest of `count` queues after `packets` each, mean, came at
/// `load` of what the port carries, (0, 1]; `spread`: variance per packet.
double LongestQueue(double packets, double spread, double load, double count);

} // namespace heddle::fabric

#endif
