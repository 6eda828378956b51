// SPDX-License-Identifier: GPL-2.0-only
//
// Dual top-of-rack switches, rail-optimised (Alibaba HPN, SIGCOMM 2024): each NIC has two ports,
// one on either leaf of the pair that serves its rail in its group of hosts. Leaves "a" and "b"
// have spines of their own, two planes that meet in NICs only, or share them. Losing a leaf halves
// the rate of one NIC in each host of a group and cuts nobody off.

#include "ns3/fabric-shape.h"

#include <algorithm>

namespace heddle
{
namespace
{

constexpr uint32_t kSides = 2;
const char* const kSideNames[kSides] = {"a", "b"};

Topology
Build(const ClusterShape& shape, const ParameterValues& parameters)
{
    fabric::Shaper shaper("dual-tor", shape, parameters);
    shaper.SplitNics(kSides);
    const uint32_t planes = shaper.Whole("spine_planes", 1);
    if (planes > kSides)
    {
        shaper.Reject("spine_planes is 1 (shared spines) or 2");
    }
    const uint32_t rails = shape.acceleratorsPerHost;
    const uint32_t hostsPerGroup = std::min(shaper.Whole("hosts_per_group", 1), shape.hosts);
    const uint32_t groups = fabric::DivideUp(shape.hosts, hostsPerGroup);
    const fabric::Uplinks up = shaper.SpreadUplinks(hostsPerGroup);
    const uint32_t below = groups * rails * (kSides / planes);
    shaper.CheckRadix(hostsPerGroup + up.count, "a leaf");
    shaper.CheckRadix(below * up.perSpine, "a spine");
    std::vector<SwitchId> leaves[kSides];
    for (uint32_t g = 0; g < groups; ++g)
    {
        for (uint32_t r = 0; r < rails; ++r)
        {
            for (uint32_t side = 0; side < kSides; ++side)
            {
                const std::string name =
                    "leaf" + std::to_string(g) + "-rail" + std::to_string(r) + kSideNames[side];
                leaves[side].push_back(shaper.AddSwitch(name, 0));
            }
        }
    }
    for (uint32_t nic = 0; nic < shaper.Nics(); ++nic)
    {
        const uint32_t pair = nic / rails / hostsPerGroup * rails + nic % rails;
        for (uint32_t side = 0; side < kSides; ++side)
        {
            shaper.ConnectNic(nic, leaves[side][pair], side);
        }
    }
    for (uint32_t plane = 0; plane < planes; ++plane)
    {
        for (uint32_t s = 0; s < up.spines; ++s)
        {
            const std::string name =
                "spine" + std::to_string(s) + (planes == kSides ? kSideNames[plane] : "");
            const SwitchId spine = shaper.AddSwitch(name, 1);
            for (uint32_t side = 0; side < kSides; ++side)
            {
                for (SwitchId leaf : leaves[side])
                {
                    shaper.Connect(leaf, spine, 1, side % planes == plane ? up.perSpine : 0);
                }
            }
        }
    }
    return shaper.Take();
}

const Registration<TopologyFactory> kDualTor{
    {"topology",
     "dual-tor",
     "Rail-optimised leaf-spine with two leaves per rail: a NIC has two ports at half its rate, "
     "one on each (Alibaba HPN). A dead leaf or NIC link halves NICs instead of cutting them off. "
     "How a NIC uses its ports: transport.port_choice, port_failover.",
     {{"hosts_per_group",
       Quantity::Ratio,
       "128",
       "hosts that share the leaf pairs of their rails; the last group may hold fewer",
       "Alibaba HPN, SIGCOMM 2024: a segment"},
      {"spine_planes",
       Quantity::Ratio,
       "2",
       "2: each side of the pairs has spines of its own; 1: both sides share them",
       "Alibaba HPN, SIGCOMM 2024: dual plane"},
      fabric::OversubscriptionParameter(),
      fabric::SpinesParameter(),
      fabric::RadixParameter()}},
    &Build};

} // namespace
} // namespace heddle
