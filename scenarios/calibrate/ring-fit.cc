// SPDX-License-Identifier: GPL-2.0-only
#include "calibrate/ring-fit.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

/// Payload share of a RoCEv2 packet with 4096 B payload on the wire (82 B of headers and gap).
constexpr double kPayloadShare = 4096.0 / 4178.0;

/// Rounded figures and clocks; beyond it the machine is described wrongly.
constexpr double kTolerance = 1.02;

/// Of a row's time against the law. [assumption: twice the scatter of neighbouring rows and of
/// in-place against out-of-place times in the table of nccl-tests#119, 1 %]
constexpr double kRowSpread = 0.02;
/// Of the latency that the base preset expects. [assumption: the preset is of another machine]
constexpr double kLatencySpread = 1;

} // namespace

double
RingMachine::Factor() const
{
    const double n = ranks;
    return (collective == "all-reduce" ? 2 : 1) * (n - 1) / n;
}

double
RingMachine::Hops() const
{
    return (collective == "all-reduce" ? 2.0 : 1.0) * (ranks - 1);
}

double
RingMachine::PerHop(Tick up, Tick out) const
{
    const double outShare = hosts > 1 ? static_cast<double>(hosts) / ranks : 0;
    return (1 - outShare) * ToSeconds(up) + outShare * ToSeconds(out);
}

double
ExpectedLatency(const RingMachine& machine, const SoftwareModel& base)
{
    return ToSeconds(base.baseLatency) +
           machine.Hops() * machine.PerHop(machine.scaleUpLatency + base.stepLatencyScaleUp,
                                           machine.scaleOutLatency + base.stepLatencyScaleOut);
}

RingFit
FitRing(const std::vector<NcclRow>& rows, const RingMachine& machine, const SoftwareModel& base)
{
    if (rows.size() < 2)
    {
        throw InputError("two rows at least are needed to fit latency and bandwidth; there are " +
                         std::to_string(rows.size()) + " of 1 MiB or more.");
    }
    // Least squares of (a + b·S)/T = 1 over u = 1/T and v = S/T.
    double uu = 0;
    double uv = 0;
    double vv = 0;
    double u1 = 0;
    double v1 = 0;
    for (const NcclRow& row : rows)
    {
        const double u = 1 / row.seconds;
        const double v = static_cast<double>(row.bytes) / row.seconds;
        uu += u * u;
        uv += u * v;
        vv += v * v;
        u1 += u;
        v1 += v;
    }
    const double expected = ExpectedLatency(machine, base);
    if (expected > 0)
    {
        const double weight = std::pow(kRowSpread / (kLatencySpread * expected), 2);
        uu += weight;
        u1 += weight * expected;
    }
    const double determinant = uu * vv - uv * uv;
    // Equal sizes: no two unknowns from them.
    const bool singular = determinant < 1e-9 * uu * vv;
    double latency = singular ? 0 : (u1 * vv - v1 * uv) / determinant;
    double perByte = singular ? 0 : (v1 * uu - u1 * uv) / determinant;
    if (latency <= 0)
    {
        latency = 0;
        perByte = v1 / vv;
    }
    if (!(perByte > 0))
    {
        throw InputError("time does not grow with size in the rows to fit: nothing to learn.");
    }
    return {latency, machine.Factor() / perByte, machine.Factor()};
}

RingFigures
Interpret(const RingFit& fit, const RingMachine& machine, const SoftwareModel& base)
{
    const bool network = machine.hosts > 1;
    const double possible =
        network ? machine.hostBandwidth * kPayloadShare : machine.scaleUpBandwidth;
    const double efficiency = fit.busBandwidth / possible;
    if (efficiency > kTolerance)
    {
        throw InputError("the fitted bus bandwidth, " + std::to_string(fit.busBandwidth / 1e9) +
                         " GB/s, is more than the " +
                         (network ? "NICs of a host" : "scale-up port") + " can carry (" +
                         std::to_string(possible / 1e9) + " GB/s): check the rates given.");
    }
    const double wires =
        machine.Hops() * machine.PerHop(machine.scaleUpLatency, machine.scaleOutLatency);
    const double steps =
        machine.Hops() * machine.PerHop(base.stepLatencyScaleUp, base.stepLatencyScaleOut);
    const double left = fit.latency - wires - ToSeconds(base.baseLatency);
    const double scale = steps > 0 ? std::max(0.0, left / steps) : 0;
    const double baseLatency =
        left >= 0 ? ToSeconds(base.baseLatency) : std::max(0.0, fit.latency - wires);
    const auto scaled = [scale](Tick t) { return FromSeconds(ToSeconds(t) * scale); };
    return {FromSeconds(baseLatency),
            scaled(base.stepLatencyScaleUp),
            scaled(base.stepLatencyScaleOut),
            std::min(1.0, efficiency)};
}

} // namespace heddle
