// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-technology.h
// -------------------------
// What a link is made of: copper, active copper, pluggable and co-packaged optics. Each technology
// is one file in technologies/ (and its line in CMakeLists.txt): a table of figures that registers
// itself in category "link-technology".
//
//   const LinkTechnology& aec = FindLinkTechnology("aec");        // or InputError
//   aec.At(ParseRate("800Gbps")).activePower.value;               // 5 (W per end)
//   aec.Get("reach").value;                                       // 5 (m)
//   LinkTechnology mine = ConfigureLinkTechnology("aec", {{"power_800g", "6W"}});
//
// FigureKinds() lists the names, units and meanings. Every figure carries a range, a source and a
// grade; what nobody published is NaN and named, never zero.
//
// Conventions. Power is per END of a link and excludes the host SerDes, which sits inside the power
// of the switch ASIC or NIC ("host_serdes_energy" is for models whose ASIC power excludes its I/O).
// A cable's price is halved per end. Latencies are one way, for the whole link.
//
// Rates and lanes. Power and price are listed at 400, 800, 1600 Gb/s where someone quotes them.
// Ports up to 800 Gb/s run on 100 Gb/s lanes and faster ones on 200 Gb/s lanes unless lane_rate
// says otherwise or the technology has one lane rate only. At() takes the nearest listed rate,
// scales linearly, says so in the source and grades the result Assumption. Fewer or slower lanes
// rarely save power in full proportion: downscaled values are on the low side.
//
// Failures. A port depends on parts (module; laser, external source, engine), each with a failure
// rate in FIT (1e-9/h), a Weibull shape and a repair time. "mtbf" per failure unit = 1e9 / the sum
// of the known parts' FIT. A shared part (an external laser source) takes many ports with it:
// PortsOf() says how many.
//
// Known limits. No published idle or down power was found (assumed). Module latencies are vendor or
// committee estimates, none measured. MTBF figures come from 400 Gb/s ports and are assumed to hold
// at other rates. Flaps are orders of magnitude more frequent and no per-link rate is published. No
// rate for connectors and fibre was found: they are named as missing and not counted.

#ifndef HEDDLE_OPTICS_TECHNOLOGY_H
#define HEDDLE_OPTICS_TECHNOLOGY_H

#include "ns3/base-registry.h"
#include "ns3/base-units.h"
#include "ns3/optics-figure-set.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heddle
{

/// What goes down together.
enum class Scope : uint8_t
{
    Port,
    Laser,  ///< the lanes of one laser
    Source, ///< the lanes of one external laser source
    Engine, ///< the lanes of one optical engine
    Switch,
};

const char* ScopeName(Scope scope);

/// A part that fails and is repaired; its figures are <name>_fit, <name>_shape, <name>_repair (how
/// long) and <name>_price (of what the repair puts in).
struct PartKind
{
    const char* name;
    Scope fails;       ///< what its failure takes down
    Scope repairTakes; ///< what is down while it is replaced
};

/// What a figure name means.
struct FigureKind
{
    const char* name; ///< "power" and "cost" carry a rate: "power_800g", "power_800g_4x200g"
    const char* unit;
    const char* help;
};

/// All names that a table may use.
const std::vector<FigureKind>& FigureKinds();

/// The figures of one end at one port rate.
struct RateOption
{
    BitRate rate;
    Figure activePower; ///< W per end, laser included, host SerDes excluded
    Figure idlePower;   ///< W per end, link up, no traffic
    Figure downPower;   ///< W per end, link down
    Figure laserPower;  ///< W per end: the part of activePower in lasers
    Figure cost;        ///< USD per end
};

struct LinkTechnology
{
    std::string name; ///< kebab-case
    std::string description;
    bool cable = false;                 ///< one assembly: both ends alike and replaced together
    uint32_t failureUnits = 2;          ///< per link: what the MTBF counts (1 cable, or 2 ends)
    bool switchEndOnly = false;         ///< on the switch board: the NIC end needs something else
    std::string replaceableUnit;        ///< what a repair swaps
    BitRate laneRate{};                 ///< 0: by the port's rate
    std::vector<PartKind> parts{};      ///< what a port depends on
    std::vector<NamedFigure> figures{}; ///< in the table's order

    /// A figure by name; it must exist (all but power and cost always do).
    const Figure& Get(std::string_view figure) const;

    /// The figures at `rate`: as listed, or scaled linearly from the nearest listed rate.
    /// Throws InputError on rate 0.
    RateOption At(BitRate rate) const;

    BitRate LaneRate(BitRate rate) const;
    uint32_t Lanes(BitRate rate) const; ///< of one port, at least 1

    /// m; passive copper reaches less on faster lanes.
    const Figure& Reach(BitRate rate) const;
    /// ns, one way: host FEC, with the inner code on 200 Gb/s lanes.
    const Figure& HostFecLatency(BitRate rate) const;

    /// Ports of `rate` that a scope holds, at least 1 (a port wider than the scope is degraded).
    uint32_t PortsOf(Scope scope, BitRate rate) const;

    /// USD, of what a repair of the part puts in: its own price where the table or the scenario has
    /// one; else, if the repair takes one port, that end's cost, a cable's both; else not found.
    Figure RepairPrice(const PartKind& part, BitRate rate) const;

    /// One-way latency of a link of `metres`: added + host FEC + propagation, in ps. `metres` ≥ 0.
    Tick OneWayLatency(double metres, BitRate rate) const;
};

/// A table of all figures, ranges, grades and sources.
std::string DescribeLinkTechnology(const LinkTechnology& technology);

/// Throws InputError with the nearest names.
const LinkTechnology& FindLinkTechnology(std::string_view name);

/// All registered technologies, by name.
std::vector<const LinkTechnology*> AllLinkTechnologies();

/// A technology with figures replaced by the scenario's: figure name → quantity ("power_800g" →
/// "6W"; "mtbf" → "1000000h"; "lane_rate" → "200Gbps"). A new mtbf scales the parts' rates, a new
/// part rate gives a new mtbf; not both. Throws InputError on an unknown name, unit or a negative
/// value.
LinkTechnology ConfigureLinkTechnology(std::string_view name,
                                       const std::map<std::string, std::string>& given);

/// Throws InputError when a link of `metres` at `rate` is beyond the technology's reach, naming the
/// technologies that reach it, shortest reach first.
void CheckReach(const LinkTechnology& technology, double metres, BitRate rate);

/// Names of the figures that rest on assumptions and matter at `rate`, "aec.mtbf"; in order.
std::vector<std::string> Assumptions(const LinkTechnology& technology, BitRate rate);

/// Registers a technology: figures that the table leaves out take the common rules (see
/// optics-technology-table.cc), its parameters are made from its figures.
class TechnologyRegistration
{
  public:
    TechnologyRegistration(LinkTechnology identity, const std::vector<FigureRow>& table);

  private:
    LinkTechnology m_technology;
    Registration<const LinkTechnology*> m_registration;
};

} // namespace heddle

#endif
