// SPDX-License-Identifier: BSD-3-Clause
//
// Passive direct-attach copper: nothing but twinax and an EEPROM.

#include "ns3/optics-technology.h"

namespace heddle
{

namespace
{

LinkTechnology
MakeDac()
{
    LinkTechnology t;
    t.name = "dac";
    t.description = "Passive direct-attach copper cable: no retimer, no optics; the cheapest, most "
                    "reliable and shortest link. At 200 Gb/s per lane it ends near 2 m.";
    t.cable = true;
    t.failureUnits = 1;
    t.replaceableUnit = "cable";
    const Figure power{0.1,
                       "W",
                       0,
                       0.1,
                       "NVIDIA MCP4Y10 800G DAC specifications: maximum; an EEPROM only",
                       Grade::Primary};
    Figure power400 = power;
    power400.source = "EEPROM only, so as at 800G: " + power.source;
    power400.grade = Grade::Assumption;
    const Figure cost400{104.5,
                         "USD",
                         kUnknown,
                         kUnknown,
                         "half of FS retail 209 USD, 400G 3 m (longer than the 800G reference)",
                         Grade::Estimate};
    const Figure cost800{93,
                         "USD",
                         80.5,
                         149.5,
                         "half of FS retail 186 USD, 1 m; 161 (0.5 m) to 299 (2 m breakout)",
                         Grade::Estimate};
    t.options = {
        {BitRate(400'000'000'000), power400, IdleAsActive(power400), NoExternalLaser(), cost400},
        {BitRate(800'000'000'000), power, IdleAsActive(power), NoExternalLaser(), cost800}};
    t.hostSerdesEnergy = HostLongReachSerdes();
    t.addedLatency = {0, "ps", 0, 0, "by construction: no active part", Grade::Derived};
    t.hostFecLatency = Kp4Latency();
    t.propagation = TwinaxPropagation();
    t.reach = {2,
               "m",
               0.5,
               3,
               "NVIDIA 800G DAC 0.5-2 m; 802.3ck CR at least 2 m; retail 400G to 3 m",
               Grade::Primary};
    t.mtbf = {1e8, "h", kUnknown, kUnknown, "per cable; no source", Grade::Assumption};
    t.preFecBer = {1e-4,
                   "1",
                   kUnknown,
                   kUnknown,
                   "CEI-112G long reach before FEC, optics research notes of Sept 2026",
                   Grade::Secondary};
    return t;
}

const TechnologyRegistration kDac{MakeDac()};

} // namespace

} // namespace heddle
