// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-silent-tail.h
// --------------------------
// Where a link is dead and the routes do not know, packets that are sprayed over its siblings get
// lost with a fixed probability. Selective repeat finds a loss when something that was sent later
// is acknowledged, so what nothing follows is found by the retransmission time-out alone.
//
//   SilentTail(0.25, 32, 2)   // of 32 packets that end a message, in 2 rounds of repair: 0.06
//
// A round is what the round before has lost, in the same order, a repair time later. The sender
// hears nothing when exactly the last transmissions of a round are lost, and nothing before them:
// else the next round comes behind them. After the last round the routes know.
//
// Deviation: a round's transmissions are answered before the next round begins.

#ifndef HEDDLE_FABRIC_SILENT_TAIL_H
#define HEDDLE_FABRIC_SILENT_TAIL_H

#include <cstdint>

namespace heddle::fabric
{

/// The probability that a sender's timer has to expire. `loss` of a transmission, 0 … 1; `packets`
/// of the first round, of which more than kMostTail count as that many; `rounds` that may lose
/// something.
double SilentTail(double loss, uint32_t packets, uint32_t rounds);

inline constexpr uint32_t kMostTail = 256;
inline constexpr uint32_t kMostRounds = 8;

} // namespace heddle::fabric

#endif
