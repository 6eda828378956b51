// SPDX-License-Identifier: GPL-2.0-only
//
// All NICs on one switch.

#include "ns3/fabric-shape.h"

namespace heddle
{
namespace
{

Topology
Build(const ClusterShape& shape, const ParameterValues& parameters)
{
    fabric::Shaper shaper("single-switch", shape, parameters);
    shaper.CheckRadix(shaper.Nics(), "the switch");
    SwitchId leaf = shaper.AddSwitch("leaf0", 0);
    for (NicId nic = 0; nic < shaper.Nics(); ++nic)
    {
        shaper.ConnectNic(nic, leaf);
    }
    return shaper.Take();
}

const Registration<TopologyFactory> kSingleSwitch{
    {"topology", "single-switch", "One switch that joins all NICs.", {fabric::RadixParameter()}},
    &Build};

} // namespace
} // namespace heddle
