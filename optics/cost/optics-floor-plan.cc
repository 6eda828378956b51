// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-floor-plan.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

namespace
{

double
Apart(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

} // namespace

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
