// SPDX-License-Identifier: GPL-2.0-only
//
// File: ring-fit.h
// ----------------
// Latency and bandwidth of ring collectives from measured times, and what they mean for the
// software model.
//
//   const SoftwareModel base = FindPreset("nccl-h100");
//   // T(S) = latency + S · factor / busBandwidth
//   const RingFit fit = FitRing(rows, machine, base);
//   const RingFigures figures = Interpret(fit, machine, base);
//
// The fit minimises relative errors, so that small rows decide the latency and large ones the
// bandwidth. The base preset's latency counts as one more observation, known to 100 %: where the
// smallest row is hundreds of MiB, its scatter of a per cent is many latencies and would otherwise
// be taken for one. Rows of a few MiB outweigh it by orders of magnitude. A log cannot tell base
// latency, step latencies, chunks and windows apart: the base
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
    /// Mean of a hop inside a host and one between hosts, as a ring has them; s.
    double PerHop(Tick up, Tick out) const;
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

/// What `base` expects the latency to be; s.
double ExpectedLatency(const RingMachine& machine, const SoftwareModel& base);

/// Throws InputError when the rows give no positive bandwidth, or fewer than two rows are there.
RingFit FitRing(const std::vector<NcclRow>& rows,
                const RingMachine& machine,
                const SoftwareModel& base);

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
