// SPDX-License-Identifier: BSD-3-Clause
//
// Active electrical cable: twinax with a retimer in each plug.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

LinkTechnology
MakeAec()
{
    LinkTechnology t;
    t.name = "aec";
    t.description = "Active electrical cable: copper with a retimer in each plug; thinner and "
                    "longer than passive copper, at a third of the power of retimed optics.";
    t.cable = true;
    t.failureUnits = 1;
    t.replaceableUnit = "cable";
    const Figure power{5,
                       "W",
                       5,
                       12,
                       "half of Credo 800G AEC product brief (Sept 2025), 10 W per cable typical; "
                       "retail maxima 9-12 W per end",
                       Grade::Primary};
    Figure power400 = ScaledFigure(power, 0.5, "half the lanes of 800G");
    power400.high = 8.5; // retail maximum of 400G cables
    power400.source += "; retail maxima at 400G 4.5-8.5 W per end";
    const std::string channel = "half of a channel estimate for a large buyer (CRDO equity note), ";
    const Figure cost400{85,
                         "USD",
                         kUnknown,
                         kUnknown,
                         channel + "170 USD per 400G cable",
                         Grade::Estimate};
    const Figure cost800{160,
                         "USD",
                         160,
                         1252,
                         channel + "320 USD per 800G cable; FS retail 1664-2504 USD",
                         Grade::Estimate};
    t.options = {
        {BitRate(400'000'000'000), power400, IdleAsActive(power400), NoExternalLaser(), cost400},
        {BitRate(800'000'000'000), power, IdleAsActive(power), NoExternalLaser(), cost800}};
    t.hostSerdesEnergy = HostLongReachSerdes();
    t.addedLatency = {100e3,
                      "ps",
                      6e3,
                      200e3,
                      "two retimers of about 50 ns (3 analog, 40-60 DSP, 100 unverified), vendors, "
                      "latency compilation",
                      Grade::Vendor};
    t.hostFecLatency = Kp4Latency();
    t.propagation = TwinaxPropagation();
    t.reach = {5, "m", 2.5, 7, "Credo 800G AEC product brief, Sept 2025", Grade::Primary};
    t.mtbf = {1e7,
              "h",
              kUnknown,
              1e8,
              "per cable; a tenth of Credo's claim of 1e8 h, which names no method",
              Grade::Assumption};
    t.preFecBer = {
        1e-6,
        "1",
        kUnknown,
        kUnknown,
        "CEI-112G very short reach (host to retimer), optics research notes of Sept 2026",
        Grade::Secondary};
    return t;
}

const TechnologyRegistration kAec{MakeAec()};

} // namespace

} // namespace heddle
