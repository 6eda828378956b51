// SPDX-License-Identifier: BSD-3-Clause
//
// Linear pluggable optics: no DSP in the module, the host equalises.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

LinkTechnology
MakeLpo()
{
    LinkTechnology t;
    t.name = "lpo";
    t.description = "Linear pluggable optics: driver and amplifier only, the host's SerDes "
                    "equalises the whole channel. Little latency and power, tight channel budget.";
    t.replaceableUnit = "module";
    const Figure power{8.5,
                       "W",
                       8,
                       9,
                       "Axiom, 800G LPO vs DSP in AI clusters: 10-11 pJ/bit",
                       Grade::Vendor};
    const Figure power400 =
        ScaledFigure(power, 8.0 / 15, "as DSP modules scale from 800G (15 W) to 400G (8 W)");
    const Figure cost400 = NotFoundFigure("USD", "no price found at 400G");
    const Figure cost800{800,
                         "USD",
                         700,
                         900,
                         "middle of LuxOptX cost analysis, 800G LPO 700-900 USD",
                         Grade::Estimate};
    t.options = {
        {BitRate(400'000'000'000), power400, IdleAsActive(power400), NoExternalLaser(), cost400},
        {BitRate(800'000'000'000), power, IdleAsActive(power), NoExternalLaser(), cost800}};
    t.hostSerdesEnergy = HostLongReachSerdes();
    t.addedLatency = {10e3,
                      "ps",
                      2e3,
                      20e3,
                      "vendors: below 1, 2 or 10 ns per module (Axiom); none measured",
                      Grade::Vendor};
    t.hostFecLatency = Kp4Latency();
    t.propagation = FibrePropagation();
    t.reach = {500, "m", kUnknown, kUnknown, "LPO MSA 100G-DR-LPO (Axiom)", Grade::Vendor};
    t.mtbf = {5.5e5, "h", 5e5, 1e6, "as dsp-pluggable", Grade::Assumption};
    t.preFecBer = Kp4PreFecBer();
    return t;
}

const TechnologyRegistration kLpo{MakeLpo()};

} // namespace

} // namespace heddle
