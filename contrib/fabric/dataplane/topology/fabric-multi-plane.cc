// SPDX-License-Identifier: GPL-2.0-only
//
// Multi-plane leaf-spine: every NIC has one port in each of P planes, each plane is a two-tier
// fat-tree of its own with links of the port's rate, and nothing joins planes above the NIC. With
// plane radix k: k²/2 NICs, 3k/2 switches and k²/2 leaf-spine links per plane.

#include "ns3/fabric-shape.h"

#include <algorithm>

namespace heddle
{
namespace
{

Topology
Build(const ClusterShape& shape, const ParameterValues& parameters)
{
    fabric::Shaper shaper("multi-plane", shape, parameters);
    const uint32_t planes = shaper.Whole("planes", 1);
    if (planes > kMostNicPorts)
    {
        shaper.Reject("planes must be at most " + std::to_string(kMostNicPorts));
    }
    shaper.SplitNics(planes);
    const uint32_t hostsPerLeaf = std::min(shaper.Whole("hosts_per_leaf", 1), shape.hosts);
    const uint32_t leaves = fabric::DivideUp(shape.hosts, hostsPerLeaf);
    const uint32_t downlinks = hostsPerLeaf * shape.acceleratorsPerHost;
    const fabric::Uplinks up = shaper.SpreadUplinks(downlinks);
    shaper.CheckRadix(downlinks + up.count, "a leaf");
    shaper.CheckRadix(leaves * up.perSpine, "a spine");
    for (uint32_t p = 0; p < planes; ++p)
    {
        const std::string plane = "plane" + std::to_string(p) + "-";
        std::vector<SwitchId> ids;
        for (uint32_t l = 0; l < leaves; ++l)
        {
            ids.push_back(shaper.AddSwitch(plane + "leaf" + std::to_string(l), 0));
        }
        for (uint32_t nic = 0; nic < shaper.Nics(); ++nic)
        {
            shaper.ConnectNic(nic, ids[nic / downlinks], p);
        }
        for (uint32_t s = 0; s < up.spines; ++s)
        {
            const SwitchId spine = shaper.AddSwitch(plane + "spine" + std::to_string(s), 1);
            for (SwitchId leaf : ids)
            {
                shaper.Connect(leaf, spine, 1, up.perSpine);
            }
        }
    }
    return shaper.Take();
}

const Registration<TopologyFactory> kMultiPlane{
    {"topology",
     "multi-plane",
     "Every NIC has one port in each of several planes, at its rate divided by their number; each "
     "plane is a two-tier fat-tree of its own and planes meet in NICs only. How a NIC uses its "
     "ports: transport.port_choice.",
     {{"planes",
       Quantity::Ratio,
       "2",
       "ports of a NIC, 1 to 16, each in a plane of its own",
       "NVIDIA Network Operator documents 2 and 4"},
      {"hosts_per_leaf",
       Quantity::Ratio,
       "4",
       "hosts on a leaf of each plane; the last may hold fewer",
       "assumption"},
      fabric::OversubscriptionParameter(),
      fabric::SpinesParameter(),
      fabric::RadixParameter()}},
    &Build};

} // namespace
} // namespace heddle
