// SPDX-License-Identifier: BSD-3-Clause
//
// Active optical cable: two retimed transceivers and their fibre, sold as one cable.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

LinkTechnology
MakeAoc()
{
    LinkTechnology t;
    t.name = "aoc";
    t.description = "Active optical cable: two retimed multimode transceivers with their fibre "
                    "fixed on; a fault at either end replaces the whole cable.";
    t.cable = true;
    t.failureUnits = 2; // two optical ends fail, each taking the cable with it
    t.replaceableUnit = "whole cable";
    const Figure power400{8, "W", kUnknown, 8, "FS retail maximum, 400G", Grade::Estimate};
    const Figure power800{14, "W", kUnknown, 14, "FS retail maximum, 800G", Grade::Estimate};
    const Figure cost400{429,
                         "USD",
                         352.5,
                         505.5,
                         "half of the middle of FS retail 705-1011 USD per 400G cable",
                         Grade::Estimate};
    const Figure cost800 = NotFoundFigure("USD", "no price found at 800G");
    t.options = {
        {BitRate(400'000'000'000), power400, IdleAsActive(power400), NoExternalLaser(), cost400},
        {BitRate(800'000'000'000), power800, IdleAsActive(power800), NoExternalLaser(), cost800}};
    t.hostSerdesEnergy = HostLongReachSerdes();
    t.addedLatency = {200e3, "ps", kUnknown, kUnknown, "as dsp-pluggable", Grade::Assumption};
    t.hostFecLatency = Kp4Latency();
    t.propagation = FibrePropagation();
    t.reach = {100, "m", 30, 100, "Asteraix, AOC vs DAC vs AEC: OM4 fibre", Grade::Estimate};
    t.mtbf = {5.5e5, "h", 5e5, 1e6, "per optical end, as dsp-pluggable", Grade::Assumption};
    t.preFecBer = Kp4PreFecBer();
    return t;
}

const TechnologyRegistration kAoc{MakeAoc()};

} // namespace

} // namespace heddle
