// SPDX-License-Identifier: GPL-2.0-only
//
// Rail-only (Wang et al., arXiv 2307.12169): one switch per rail and no spines. Accelerators of
// different local index cannot reach each other through this fabric (Network::Reachable); their
// traffic must cross the scale-up domain.

#include "ns3/fabric-shape.h"

namespace heddle
{
namespace
{

Topology
Build(const ClusterShape& shape, const ParameterValues& parameters)
{
    fabric::Shaper shaper("rail-only", shape, parameters);
    shaper.CheckRadix(shape.hosts, "a rail's leaf");
    const uint32_t rails = shape.acceleratorsPerHost;
    for (uint32_t r = 0; r < rails; ++r)
    {
        shaper.AddSwitch("leaf0-rail" + std::to_string(r), 0);
    }
    for (NicId nic = 0; nic < shaper.Nics(); ++nic)
    {
        shaper.ConnectNic(nic, nic % rails);
    }
    return shaper.Take();
}

const Registration<TopologyFactory> kRailOnly{
    {"topology",
     "rail-only",
     "One leaf per rail (accelerators of the same local index) and no spines: rails are not "
     "joined, "
     "so traffic between rails must go through the scale-up domain.",
     {fabric::RadixParameter()}},
    &Build};

} // namespace
} // namespace heddle
