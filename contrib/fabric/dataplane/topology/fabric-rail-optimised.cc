// SPDX-License-Identifier: GPL-2.0-only
//
// Rail-optimised leaf-spine: accelerator r of every host of a group goes to that group's leaf of
// rail r; the spines join all leaves (NVIDIA DGX SuperPOD reference architecture).

#include "ns3/fabric-shape.h"

#include <algorithm>

namespace heddle
{
namespace
{

Topology
Build(const ClusterShape& shape, const ParameterValues& parameters)
{
    fabric::Shaper shaper("rail-optimised", shape, parameters);
    const uint32_t rails = shape.acceleratorsPerHost;
    const uint32_t hostsPerGroup = std::min(shaper.Whole("hosts_per_group", 1), shape.hosts);
    const uint32_t groups = fabric::DivideUp(shape.hosts, hostsPerGroup);
    const fabric::Uplinks up = shaper.SpreadUplinks(hostsPerGroup);
    shaper.CheckRadix(hostsPerGroup + up.count, "a leaf");
    shaper.CheckRadix(groups * rails * up.perSpine, "a spine");
    for (uint32_t g = 0; g < groups; ++g)
    {
        for (uint32_t r = 0; r < rails; ++r)
        {
            shaper.AddSwitch("leaf" + std::to_string(g) + "-rail" + std::to_string(r), 0);
        }
    }
    for (NicId nic = 0; nic < shaper.Nics(); ++nic)
    {
        shaper.ConnectNic(nic, nic / rails / hostsPerGroup * rails + nic % rails);
    }
    for (uint32_t s = 0; s < up.spines; ++s)
    {
        SwitchId spine = shaper.AddSwitch("spine" + std::to_string(s), 1);
        for (SwitchId leaf = 0; leaf < groups * rails; ++leaf)
        {
            shaper.Connect(leaf, spine, 1, up.perSpine);
        }
    }
    return shaper.Take();
}

const Registration<TopologyFactory> kRailOptimised{
    {"topology",
     "rail-optimised",
     "Rail-optimised leaf-spine: within a group of hosts, accelerators of the same local index (a "
     "rail) share a leaf; spines join all leaves, so other rails are three switches away.",
     {{"hosts_per_group",
       Quantity::Ratio,
       "32",
       "hosts that share a set of rail leaves; the last group may hold fewer",
       "NVIDIA DGX SuperPOD H100 scalable unit"},
      fabric::OversubscriptionParameter(),
      fabric::SpinesParameter(),
      fabric::RadixParameter()}},
    &Build};

} // namespace
} // namespace heddle
