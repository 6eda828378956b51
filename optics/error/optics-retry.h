// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-retry.h
// --------------------
// What a link does about lost frames and lost lanes: link-layer retry (as in UEC) and running on
// with fewer lanes.
//
//   RetryLink link{ParseRate("800Gbps"), 500, 4158};
//   RetryCost cost = LinkLayerRetry(link, 1e-6);
//   cost.goodput;                                       // share of the rate, 1 − 1.3e-5
//   DegradedRate(ParseRate("800Gbps"), 8, 1, LaneLoss::DropLanes);   // 700 Gb/s
//
// Retry is go-back-N over the link: a lost frame is seen by the receiver (sequence gap), asked for
// again, and everything sent since goes out once more. With loss p per frame and w frames in a
// round trip (its own included), goodput = (1 − p) / (1 + p (w − 1)), each loss delays its frame
// by a round trip plus its own time, and after r retries a share p^(r + 1) is still lost.
// The textbook result; tests draw it. Known deviations: UEC's timer, window and credit
// values were not available, so retries start at the gap, acknowledgements are never lost, and a
// lost last frame of a burst is noticed as fast as any other.

#ifndef HEDDLE_OPTICS_RETRY_H
#define HEDDLE_OPTICS_RETRY_H

#include "ns3/base-units.h"

#include <cstdint>

namespace heddle
{

struct RetryLink
{
    BitRate rate;
    double roundTripNs = 0; ///< propagation and FEC both ways, and turning round
    double frameBytes = 0;  ///< MAC frame; 20 B of preamble and gap are added
    uint32_t retries = 3;   ///< attempts after the first, then the frame is given up
};

struct RetryCost
{
    double goodput = 1;         ///< share of the line rate for frames that arrive in order, once
    double meanDelayNs = 0;     ///< added per frame on average
    double delayPerRetryNs = 0; ///< added to a frame by one loss
    double residualLoss = 0;    ///< given up
};

/// `loss` per frame, 0 … <1.
RetryCost LinkLayerRetry(const RetryLink& link, double loss);

/// What a port does when lanes fail.
enum class LaneLoss : uint8_t
{
    Down,      ///< the port fails
    HalfRate,  ///< the widest half that is still whole: 1/2, 1/4, …
    DropLanes, ///< all that are left: 7 of 8
};

/// The rate of a port of `lanes` when `lost` of them are dark; 0 when it is down.
BitRate DegradedRate(BitRate rate, uint32_t lanes, uint32_t lost, LaneLoss policy);

} // namespace heddle

#endif
