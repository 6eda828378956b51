// SPDX-License-Identifier: GPL-2.0-only
//
// Two-tier fat-tree (leaf-spine): all NICs of a host on one leaf, every leaf joined to every spine
// by the same number of links. Non-blocking with radix k: k²/2 NICs, k leaves, k/2 spines.

#include "ns3/fabric-shape.h"

#include <algorithm>

namespace heddle
{
namespace
{

Topology
Build(const ClusterShape& shape, const ParameterValues& parameters)
{
    fabric::Shaper shaper("fat-tree-2", shape, parameters);
    const uint32_t hostsPerLeaf = std::min(shaper.Whole("hosts_per_leaf", 1), shape.hosts);
    const uint32_t leaves = fabric::DivideUp(shape.hosts, hostsPerLeaf);
    const uint32_t downlinks = hostsPerLeaf * shape.acceleratorsPerHost;
    const fabric::Uplinks up = shaper.SpreadUplinks(downlinks);
    shaper.CheckRadix(downlinks + up.count, "a leaf");
    shaper.CheckRadix(leaves * up.perSpine, "a spine");
    for (uint32_t l = 0; l < leaves; ++l)
    {
        shaper.AddSwitch("leaf" + std::to_string(l), 0);
    }
    for (NicId nic = 0; nic < shaper.Nics(); ++nic)
    {
        shaper.ConnectNic(nic, nic / downlinks);
    }
    for (uint32_t s = 0; s < up.spines; ++s)
    {
        SwitchId spine = shaper.AddSwitch("spine" + std::to_string(s), 1);
        for (SwitchId leaf = 0; leaf < leaves; ++leaf)
        {
            shaper.Connect(leaf, spine, 1, up.perSpine);
        }
    }
    return shaper.Take();
}

const Registration<TopologyFactory> kFatTree2{
    {"topology",
     "fat-tree-2",
     "Two-tier fat-tree (leaf-spine). All NICs of a host on one leaf; every leaf reaches every "
     "spine over the same number of links.",
     {{"hosts_per_leaf",
       Quantity::Ratio,
       "4",
       "hosts on a leaf; the last may hold fewer",
       "assumption"},
      fabric::OversubscriptionParameter(),
      fabric::SpinesParameter(),
      fabric::RadixParameter()}},
    &Build};

} // namespace
} // namespace heddle
