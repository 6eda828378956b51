// SPDX-License-Identifier: BSD-3-Clause
//
// Retimed pluggable optics (DR, FR): a DSP in both directions.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

LinkTechnology
MakeDspPluggable()
{
    LinkTechnology t;
    t.name = "dsp-pluggable";
    t.description = "Retimed pluggable module (OSFP, QSFP-DD; DR4, DR8, 2xFR4): a DSP retimes both "
                    "directions. Today's default optics, and the reference for the others.";
    t.replaceableUnit = "module";
    const Figure power400{
        8,
        "W",
        kUnknown,
        9,
        "NVIDIA MMA1Z00-NS400 400G SR4: 8 typical, 9 max (MMS4X00-NS400 DR4: 9 max)",
        Grade::Primary};
    const Figure power800{15,
                          "W",
                          11,
                          20,
                          "Axiom, 800G LPO vs DSP: 14-18 common, 11 best claim, 20 worst retail; "
                          "NVIDIA MMS4X00-NS 2xDR4: 16 typical, 17 max",
                          Grade::Vendor};
    const Figure power1600{30,
                           "W",
                           25,
                           32,
                           "1.6T DR4: NVIDIA 30 (10 laser, 20 DSP), Meta FBOSS TDP 32, Lambda 25",
                           Grade::Primary};
    const Figure cost400{674.5,
                         "USD",
                         549,
                         800,
                         "middle of LuxOptX cost analysis, 400G 549-800 USD",
                         Grade::Estimate};
    const Figure cost800{
        1000,
        "USD",
        620,
        1400,
        "LuxOptX cost analysis: 620 average price of 2025, DR8 1000-1400 in volume",
        Grade::Estimate};
    const Figure cost1600{1000,
                          "USD",
                          kUnknown,
                          kUnknown,
                          "SemiAnalysis CPO book, Jan 2026: assumed there for a 1.6T DR8 module",
                          Grade::Estimate};
    t.options = {
        {BitRate(400'000'000'000), power400, IdleAsActive(power400), NoExternalLaser(), cost400},
        {BitRate(800'000'000'000), power800, IdleAsActive(power800), NoExternalLaser(), cost800},
        {BitRate(1'600'000'000'000),
         power1600,
         IdleAsActive(power1600),
         NoExternalLaser(),
         cost1600}};
    t.hostSerdesEnergy = HostLongReachSerdes();
    t.addedLatency = {200e3,
                      "ps",
                      kUnknown,
                      kUnknown,
                      "two DSPs of about 100 ns, vendor and committee notes; no measurement found",
                      Grade::LowQuality};
    t.hostFecLatency = Kp4Latency();
    t.propagation = FibrePropagation();
    t.reach = {500,
               "m",
               100,
               2000,
               "NVIDIA 800G: MMS4X00-NS 100 m, -NM 500 m, 2xFR4 2 km",
               Grade::Primary};
    t.mtbf = {5.5e5,
              "h",
              5e5,
              1e6,
              "per 400G 2xFR4 module, Meta fleet, ECOC 2025 talk in the SemiAnalysis CPO book; "
              "assumed alike at other rates",
              Grade::Estimate};
    t.preFecBer = Kp4PreFecBer();
    return t;
}

const TechnologyRegistration kDspPluggable{MakeDspPluggable()};

} // namespace

} // namespace heddle
