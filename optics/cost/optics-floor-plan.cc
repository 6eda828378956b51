// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-floor-plan.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

constexpr double kU = kUnknown;

// clang-format off
const FigureSetRegistration kRows{
    "floor-plan",
    "rows",
    "Racks in rows: hosts fill racks in order, a leaf that serves one rack stands in it, other "
    "switches stand in network racks in the middle; cables run over trays.",
    {
        // figure, value, unit, low, high, grade, source, help
        {"hosts_per_rack", 4, "1", kU, kU, Grade::Assumption, "40 kW racks of 10 kW hosts", "whole number"},
        {"switches_per_rack", 8, "1", kU, kU, Grade::Assumption, "no source", "whole number"},
        {"racks_per_row", 16, "1", kU, kU, Grade::Assumption, "no source", "whole number"},
        {"in_rack", 2, "m", kU, kU, Grade::Assumption, "no source", "cable within a rack"},
        {"riser", 2, "m", kU, kU, Grade::Assumption, "no source", "port to tray, each end"},
        {"slack", 0.5, "m", kU, kU, Grade::Assumption, "no source", "each end"},
        {"rack_pitch", 0.6, "m", kU, kU, Grade::Assumption, "600 mm racks", "along a row"},
        {"row_pitch", 3, "m", kU, kU, Grade::Assumption, "racks of 1.2 m and an aisle", "row to row"},
    }};
// clang-format on

double
Apart(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

} // namespace

FloorPlan
MakeFloorPlan(const FigureSet& figures)
{
    const auto whole = [&](const char* name)
    {
        const double value = figures.Value(name);
        if (value < 1 || value > 1e6 || value != std::floor(value))
        {
            throw InputError(std::string("'") + name + "' must be a whole number, at least 1.");
        }
        return static_cast<uint32_t>(value);
    };
    return {whole("hosts_per_rack"),
            whole("switches_per_rack"),
            whole("racks_per_row"),
            figures.Value("in_rack"),
            figures.Value("riser"),
            figures.Value("slack"),
            figures.Value("rack_pitch"),
            figures.Value("row_pitch")};
}

RackLayout
LayOut(const FloorPlan& floor, uint32_t hosts, const std::vector<uint32_t>& hostRackOfSwitch)
{
    HEDDLE_CHECK(floor.hostsPerRack > 0 && floor.switchesPerRack > 0 && floor.racksPerRow > 0,
                 "racks hold something");
    const auto outside = static_cast<uint32_t>(
        std::count(hostRackOfSwitch.begin(), hostRackOfSwitch.end(), kNetworkRack));
    const uint32_t hostRacks = (hosts + floor.hostsPerRack - 1) / floor.hostsPerRack;
    const uint32_t networkRacks = (outside + floor.switchesPerRack - 1) / floor.switchesPerRack;
    const uint32_t before = hostRacks / 2; // network racks stand after so many host racks
    const auto hostRack = [&](uint32_t i) { return i < before ? i : i + networkRacks; };
    RackLayout layout;
    layout.racks = hostRacks + networkRacks;
    for (uint32_t host = 0; host < hosts; ++host)
    {
        layout.rackOfHost.push_back(hostRack(host / floor.hostsPerRack));
    }
    uint32_t placed = 0;
    for (const uint32_t rack : hostRackOfSwitch)
    {
        HEDDLE_CHECK(rack == kNetworkRack || rack < hostRacks, "no such rack");
        layout.rackOfSwitch.push_back(
            rack == kNetworkRack ? before + placed++ / floor.switchesPerRack : hostRack(rack));
    }
    return layout;
}

double
CableLength(const FloorPlan& floor, uint32_t a, uint32_t b)
{
    if (a == b)
    {
        return floor.inRack;
    }
    const double along = Apart(a % floor.racksPerRow, b % floor.racksPerRow) * floor.rackPitch;
    const double across = Apart(a / floor.racksPerRow, b / floor.racksPerRow) * floor.rowPitch;
    return 2 * (floor.riser + floor.slack) + along + across;
}

const LinkTechnology&
CheapestThatReaches(double metres, BitRate rate)
{
    const LinkTechnology* best = nullptr;
    double least = 0;
    for (const LinkTechnology* technology : AllLinkTechnologies())
    {
        const Figure cost = technology->At(rate).cost;
        if (technology->switchEndOnly || !cost.known() || technology->Reach(rate).value < metres)
        {
            continue;
        }
        if (best == nullptr || cost.value < least)
        {
            best = technology;
            least = cost.value;
        }
    }
    if (best == nullptr)
    {
        throw InputError("no technology with a known price reaches " + FigureNumber(metres) +
                         " m at " + FormatRate(rate) + ".");
    }
    return *best;
}

} // namespace heddle
