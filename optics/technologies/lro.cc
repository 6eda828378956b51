// SPDX-License-Identifier: BSD-3-Clause
//
// Linear receive optics: a DSP in the transmit direction only.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

LinkTechnology
MakeLro()
{
    LinkTechnology t;
    t.name = "lro";
    t.description = "Linear receive optics (half-retimed): a DSP in the transmit direction only, "
                    "about a quarter below the power of a fully retimed module.";
    t.replaceableUnit = "module";
    const Figure power{
        10.5,
        "W",
        9,
        12,
        "800G LRO 9-12 W, about 25 % below full DSP, optics research notes of Sept 2026",
        Grade::Secondary};
    const Figure power400 =
        ScaledFigure(power, 8.0 / 15, "as DSP modules scale from 800G (15 W) to 400G (8 W)");
    const Figure cost = NotFoundFigure("USD", "no price found");
    t.options = {
        {BitRate(400'000'000'000), power400, IdleAsActive(power400), NoExternalLaser(), cost},
        {BitRate(800'000'000'000), power, IdleAsActive(power), NoExternalLaser(), cost}};
    t.hostSerdesEnergy = HostLongReachSerdes();
    t.addedLatency = {100e3, "ps", 100e3, 200e3, "one DSP per direction", Grade::Assumption};
    t.hostFecLatency = Kp4Latency();
    t.propagation = FibrePropagation();
    t.reach = {500, "m", kUnknown, kUnknown, "as DR modules; no source", Grade::Assumption};
    t.mtbf = {5.5e5, "h", 5e5, 1e6, "as dsp-pluggable", Grade::Assumption};
    t.preFecBer = Kp4PreFecBer();
    return t;
}

const TechnologyRegistration kLro{MakeLro()};

} // namespace

} // namespace heddle
