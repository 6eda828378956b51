// SPDX-License-Identifier: BSD-3-Clause
//
// Co-packaged optics: engines on the switch package, lasers in pluggable external sources.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

// The external lasers' share is NVIDIA's (2 of 9 W per 1.6T), applied to Broadcom's total.
constexpr double kLaserShare = 2.0 / 9;

LinkTechnology
MakeCpo()
{
    LinkTechnology t;
    t.name = "cpo";
    t.description = "Co-packaged optics: optical engines on the switch package, external laser "
                    "sources in the front panel. Lasers are field replaceable; a failed engine "
                    "takes the chassis (Bailly). Usually at the switch end only: give the NIC "
                    "end another technology.";
    t.replaceableUnit = "laser: external source (4-8 ports of 800G); engine: chassis";
    const Figure power800{5.4,
                          "W",
                          3.5,
                          5.5,
                          "Bailly (TH5), measured by Meta, ECOC 2025, at 40 C; Broadcom says 5.5, "
                          "and 3.5 for Davisson (TH6)",
                          Grade::Secondary};
    const Figure power400 = ScaledFigure(power800, 0.5, "half the lanes of an 800G port");
    const Figure power1600{9,
                           "W",
                           kUnknown,
                           kUnknown,
                           "NVIDIA CPO, 7 engine + 2 laser, SemiAnalysis CPO book, Jan 2026",
                           Grade::Estimate};
    const Figure cost800{590,
                         "USD",
                         556,
                         625,
                         "price to the buyer, 80-90k USD per 144 ports (SemiAnalysis); cost to "
                         "make 243-278",
                         Grade::Derived};
    const Figure cost400 = ScaledFigure(cost800, 0.5, "half the lanes of an 800G port");
    const Figure cost1600{1180,
                          "USD",
                          1111,
                          1250,
                          "price to the buyer, 80-90k USD per 72 ports of 1.6T (SemiAnalysis)",
                          Grade::Derived};
    const std::string share = "NVIDIA's laser share of 2 in 9";
    const Figure laser1600{2,
                           "W",
                           kUnknown,
                           kUnknown,
                           "NVIDIA CPO, SemiAnalysis CPO book, Jan 2026",
                           Grade::Estimate};
    t.options = {
        {BitRate(400'000'000'000),
         power400,
         IdleAsActive(power400),
         ScaledFigure(power400, kLaserShare, share),
         cost400},
        {BitRate(800'000'000'000),
         power800,
         IdleAsActive(power800),
         ScaledFigure(power800, kLaserShare, share),
         cost800},
        {BitRate(1'600'000'000'000), power1600, IdleAsActive(power1600), laser1600, cost1600}};
    t.hostSerdesEnergy =
        NotFoundFigure("pJ/bit", "extra-short-reach host SerDes; no energy figure found");
    t.addedLatency = {10e3, "ps", 0, 10e3, "no DSP; the upper figure, as lpo", Grade::Assumption};
    t.hostFecLatency = Kp4Latency();
    t.propagation = FibrePropagation();
    t.reach =
        {500, "m", 500, 2000, "Davisson and Quantum-X are DR class, Bailly FR4", Grade::Derived};
    t.mtbf = {2.6e6,
              "h",
              1.3e6,
              kUnknown,
              "per 400G port in Meta's loopback test at 40 C, ECOC 2025 talk in the SemiAnalysis "
              "CPO book; low = 95 % bound if about 6 failures; assumed alike at other rates",
              Grade::Estimate};
    t.preFecBer = Kp4PreFecBer();
    return t;
}

const TechnologyRegistration kCpo{MakeCpo()};

} // namespace

} // namespace heddle
