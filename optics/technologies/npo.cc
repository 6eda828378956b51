// SPDX-License-Identifier: BSD-3-Clause
//
// Near-packaged optics: socketed engines on the switch board. No published watts.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

LinkTechnology
MakeNpo()
{
    LinkTechnology t;
    t.name = "npo";
    t.description = "Near-packaged optics: socketed optical engines beside the switch package. "
                    "Nearly every figure is an assumption between LPO and CPO.";
    t.replaceableUnit = "socketed engine";
    const Figure power{6.5,
                       "W",
                       5.4,
                       8.5,
                       "no published watts; placed between cpo (5.4) and lpo (8.5) at 800G",
                       Grade::Assumption};
    const Figure power400 = ScaledFigure(power, 0.5, "half the lanes of 800G");
    const Figure laser = NotFoundFigure("W", "laser placement and share not published");
    const Figure cost = NotFoundFigure("USD", "no price found");
    t.options = {{BitRate(400'000'000'000), power400, IdleAsActive(power400), laser, cost},
                 {BitRate(800'000'000'000), power, IdleAsActive(power), laser, cost}};
    t.hostSerdesEnergy =
        NotFoundFigure("pJ/bit", "short-reach host SerDes; no energy figure found");
    t.addedLatency = {10e3, "ps", 0, 20e3, "no DSP, as lpo", Grade::Assumption};
    t.hostFecLatency = Kp4Latency();
    t.propagation = FibrePropagation();
    t.reach = {500, "m", kUnknown, kUnknown, "as DR modules; no source", Grade::Assumption};
    t.mtbf = NotFoundFigure("h", "no failure data found");
    t.preFecBer = Kp4PreFecBer();
    return t;
}

const TechnologyRegistration kNpo{MakeNpo()};

} // namespace

} // namespace heddle
