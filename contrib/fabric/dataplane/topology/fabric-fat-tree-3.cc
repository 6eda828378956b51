// SPDX-License-Identifier: GPL-2.0-only
//
// Three-tier fat-tree of pods (Al-Fares et al., SIGCOMM 2008). In a pod every leaf reaches every
// spine over the same number of links; spine j of every pod reaches all cores of group j. With `k`
// the classic one: k/2 NICs on a leaf, k/2 leaves and spines in a pod, k²/4 cores, at most k³/4
// NICs.

#include "ns3/fabric-shape.h"

#include <algorithm>

namespace heddle
{
namespace
{

struct Pods
{
    uint32_t hostsPerLeaf;
    uint32_t leavesPerPod;
};

Pods
Classic(const fabric::Shaper& shaper, uint32_t k)
{
    const uint32_t perHost = shaper.shape().acceleratorsPerHost;
    if (k % 2 != 0 || (k / 2) % perHost != 0)
    {
        shaper.Reject("k = " + std::to_string(k) +
                      " gives a leaf k/2 NICs, which must be a multiple of "
                      "the " +
                      std::to_string(perHost) + " accelerators of a host");
    }
    if (uint64_t{shaper.Nics()} > uint64_t{k} * k * k / 4)
    {
        shaper.Reject("k = " + std::to_string(k) +
                      " holds k³/4 = " + std::to_string(uint64_t{k} * k * k / 4) + " NICs, not " +
                      std::to_string(shaper.Nics()));
    }
    return {k / 2 / perHost, k / 2};
}

/// Leaves and NICs come first, so that leaf numbers equal switch numbers.
void
AddLeaves(fabric::Shaper& shaper, uint32_t leaves, uint32_t downlinks)
{
    for (uint32_t l = 0; l < leaves; ++l)
    {
        shaper.AddSwitch("leaf" + std::to_string(l), 0);
    }
    for (NicId nic = 0; nic < shaper.Nics(); ++nic)
    {
        shaper.ConnectNic(nic, nic / downlinks);
    }
}

Topology
Build(const ClusterShape& shape, const ParameterValues& parameters)
{
    fabric::Shaper shaper("fat-tree-3", shape, parameters);
    const uint32_t k = shaper.Whole("k", 0);
    Pods pods = k != 0 ? Classic(shaper, k)
                       : Pods{shaper.Whole("hosts_per_leaf", 1), shaper.Whole("leaves_per_pod", 1)};
    pods.hostsPerLeaf = std::min(pods.hostsPerLeaf, shape.hosts);
    const uint32_t leaves = fabric::DivideUp(shape.hosts, pods.hostsPerLeaf);
    pods.leavesPerPod = std::min(pods.leavesPerPod, leaves);
    const uint32_t downlinks = pods.hostsPerLeaf * shape.acceleratorsPerHost;
    const uint32_t uplinks = shaper.CountUplinks(downlinks, 1, "oversubscription");
    uint32_t spines = shaper.Whole("spines_per_pod", 0);
    spines = spines == 0 ? uplinks : spines;
    if (uplinks % spines != 0)
    {
        shaper.Reject("a leaf's " + std::to_string(uplinks) +
                      " uplinks cannot be spread evenly over " + std::to_string(spines) +
                      " spines of a pod");
    }
    const uint32_t spineDown = pods.leavesPerPod * (uplinks / spines);
    const uint32_t coresPerGroup = shaper.CountUplinks(spineDown, 2, "core_oversubscription");
    const uint32_t podCount = fabric::DivideUp(leaves, pods.leavesPerPod);
    shaper.CheckRadix(downlinks + uplinks, "a leaf");
    shaper.CheckRadix(spineDown + coresPerGroup, "a spine");
    shaper.CheckRadix(podCount, "a core");

    AddLeaves(shaper, leaves, downlinks);
    for (uint32_t pod = 0; pod < podCount; ++pod)
    {
        for (uint32_t s = 0; s < spines; ++s)
        {
            SwitchId spine = shaper.AddSwitch("spine" + std::to_string(pod * spines + s), 1);
            const uint32_t last = std::min(leaves, (pod + 1) * pods.leavesPerPod);
            for (SwitchId leaf = pod * pods.leavesPerPod; leaf < last; ++leaf)
            {
                shaper.Connect(leaf, spine, 1, uplinks / spines);
            }
        }
    }
    for (uint32_t core = 0; core < spines * coresPerGroup; ++core)
    {
        SwitchId top = shaper.AddSwitch("core" + std::to_string(core), 2);
        for (uint32_t pod = 0; pod < podCount; ++pod)
        {
            shaper.Connect(leaves + pod * spines + core / coresPerGroup, top, 2);
        }
    }
    return shaper.Take();
}

const Registration<TopologyFactory> kFatTree3{
    {"topology",
     "fat-tree-3",
     "Three-tier fat-tree of pods. All NICs of a host on one leaf; spine j of every pod reaches "
     "all "
     "cores of group j. The parameter k alone gives the classic k-ary fat-tree.",
     {{"k",
       Quantity::Ratio,
       "0",
       "radix of the classic k-ary tree: k/2 NICs on a leaf, k/2 leaves in a pod; 0 = the "
       "parameters below",
       "Al-Fares et al., SIGCOMM 2008"},
      {"hosts_per_leaf",
       Quantity::Ratio,
       "4",
       "hosts on a leaf; the last may hold fewer",
       "assumption"},
      {"leaves_per_pod",
       Quantity::Ratio,
       "4",
       "leaves in a pod; the last may hold fewer",
       "assumption"},
      fabric::OversubscriptionParameter(),
      {"core_oversubscription",
       Quantity::Ratio,
       "1",
       "capacity of a spine's links to leaves over that of its links to cores",
       "definition; 1 = non-blocking"},
      {"spines_per_pod",
       Quantity::Ratio,
       "0",
       "spines in a pod; 0 = as many as a leaf has uplinks, else a divisor of that",
       "definition"},
      fabric::RadixParameter()}},
    &Build};

} // namespace
} // namespace heddle
