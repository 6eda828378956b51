// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-floor-plan.h
// -------------------------
// Where hosts and switches stand, how long their cables are, and what the cheapest link is that
// reaches.
//
//   FloorPlan floor;
//   floor.racksPerRow = 10;
//   RackLayout layout = LayOut(floor, 64, {0, kNetworkRack});   // 64 hosts; switch 0 in rack 0
//   CableLength(floor, layout.rackOfHost[5], layout.rackOfSwitch[1]);
//   CheapestThatReaches(12, ParseRate("800Gbps")).name;         // "lpo"
//
// Racks stand in rows. Hosts fill racks in order. A switch stands in the rack that the caller names
// or in a network rack; network racks stand in the middle of the sequence. A cable within a rack
// has one length; any other rises to the tray, follows it along row and aisle (no diagonals), comes
// down, and has slack at both ends. Lengths are those needed, not those sold.

#ifndef HEDDLE_OPTICS_FLOOR_PLAN_H
#define HEDDLE_OPTICS_FLOOR_PLAN_H

#include "ns3/optics-figure-set.h"
#include "ns3/optics-technology.h"

#include <cstdint>
#include <vector>

namespace heddle
{

struct FloorPlan
{
    uint32_t hostsPerRack = 4;
    uint32_t switchesPerRack = 8; ///< of network racks
    uint32_t racksPerRow = 16;
    double inRack = 2;      ///< m, a cable within a rack
    double riser = 2;       ///< m, from the port to the tray, each end
    double slack = 0.5;     ///< m, each end
    double rackPitch = 0.6; ///< m, along the row
    double rowPitch = 3;    ///< m, from row to row
};

/// From a figure set of category "floor-plan". Throws InputError on racks that hold nothing.
FloorPlan MakeFloorPlan(const FigureSet& figures);

inline constexpr uint32_t kNetworkRack = UINT32_MAX;

struct RackLayout
{
    std::vector<uint32_t> rackOfHost;
    std::vector<uint32_t> rackOfSwitch;
    uint32_t racks = 0;
};

/// `hostRackOfSwitch`: per switch the host rack (0 … in host order) that it stands in, or
/// kNetworkRack.
RackLayout LayOut(const FloorPlan& floor,
                  uint32_t hosts,
                  const std::vector<uint32_t>& hostRackOfSwitch);

/// Metres of cable from a port in rack `a` to one in rack `b`.
double CableLength(const FloorPlan& floor, uint32_t a, uint32_t b);

/// The technology with the least known price per link among those that fit both ends and reach;
/// ties go by name. Throws InputError when there is none.
const LinkTechnology& CheapestThatReaches(double metres, BitRate rate);

} // namespace heddle

#endif
