// SPDX-License-Identifier: GPL-2.0-only
//
// File: ring-fit.h
// ----------------
// Latency and bandwidth of ring collectives from measured times, and what they mean for the
// software model.
//
//   const RingFit fit = FitRing(rows, machine);         // T(S) = latency + S · factor /
//   busBandwidth const SoftwareFigures figures = Interpret(fit, machine, FindPreset("nccl-h100"));
//
// The fit minimises relative errors, so that small rows decide the latency and large ones the
// bandwidth. A log cannot tell base latency, step latencies, chunks and windows apart: the base
// preset's proportions are kept (base latency stays, step latencies are scaled by one factor), and
// chunks, slots and channels stay the preset's.
//
// Known deviations: one protocol at all sizes, so rows below 1 MiB (LL, LL128) are not fitted.

#ifndef HEDDLE_SCENARIOS_RING_FIT_H
#define HEDDLE_SCENARIOS_RING_FIT_H

#include "calibrate/nccl-log.h"

#include "ns3/collectives-schedule.h"

namespace heddle
{

/// What ran the log.
struct RingMachine
{
    std::string collective; ///< "all-reduce", "all-gather", "reduce-scatter"
    uint32_t ranks = 0;
    uint32_t hosts = 0;
    double hostBandwidth = 0;    ///< bytes/s a ring can pass out of a host: NICs · rate
    double scaleUpBandwidth = 0; ///< bytes/s per accelerator, for a log of one host
    Tick scaleUpLatency = 0;     ///< one way
    Tick scaleOutLatency = 0;    ///< one way, without software

    double Factor() const; ///< bus bandwidth / algorithm bandwidth, nccl-tests' definition
    double Hops() const;   ///< messages one after the other
};

struct RingFit
{
    double latency = 0;      ///< s, ≥ 0
    double busBandwidth = 0; ///< bytes/s
    double factor = 0;

    double Predict(uint64_t bytes) const
    {
        return latency + static_cast<double>(bytes) * factor / busBandwidth;
    }
};

/// Throws InputError when the rows give no positive bandwidth, or fewer than two rows are there.
RingFit FitRing(const std::vector<NcclRow>& rows, const RingMachine& machine);

struct RingFigures
{
    Tick baseLatency;
    Tick stepLatencyScaleUp;
    Tick stepLatencyScaleOut;
    double efficiency; ///< of NICs (several hosts) or of the scale-up ports, beyond headers
};

/// Throws InputError when the bandwidth is more than the machine's links could carry.
RingFigures Interpret(const RingFit& fit, const RingMachine& machine, const SoftwareModel& base);

} // namespace heddle

#endif
