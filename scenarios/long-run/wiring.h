// SPDX-License-Identifier: GPL-2.0-only
//
// File: wiring.h
// --------------
// What a failure takes down: links by their ends, and accelerators that it cuts off.
//
//   const Wiring wiring(topology, 8, true);
//   FabricState state = wiring.SwitchDown(3);
//   if (wiring.CutOff(state) == 0) …            // the job goes on, slower
//
// "Lower" is the end of a link that is nearer to the accelerators.

#ifndef HEDDLE_SCENARIOS_WIRING_H
#define HEDDLE_SCENARIOS_WIRING_H

#include "long-run/fabric-state.h"

#include "ns3/fabric-topology.h"

#include <cstdint>
#include <vector>

namespace heddle
{

class Wiring
{
  public:
    /// `topology` undisturbed; it must outlive this.
    Wiring(const Topology& topology, uint32_t acceleratorsPerHost, bool portFailover);

    /// The links of a tier (index in kTiers) that have `node` at that end, in order.
    std::vector<uint32_t> LinksOf(uint32_t tier, bool lower, const Topology::Node& node) const;
    /// At one end of a tier's links, the node with the fewest of them; of equals the first.
    Topology::Node Representative(uint32_t tier, bool lower) const;

    FabricState SwitchDown(uint32_t index) const;
    /// The first `ports` links of the node; all, if it has fewer.
    FabricState PortsDown(uint32_t tier,
                          bool lower,
                          const Topology::Node& node,
                          uint32_t ports) const;

    /// Accelerators whose hosts are cut off from what they reached before.
    uint32_t CutOff(const FabricState& state) const;

  private:
    const Topology& m_topology;
    uint32_t m_acceleratorsPerHost;
    bool m_failover; ///< a NIC of several ports goes on without some of them
    std::vector<uint32_t> m_whole;
};

/// The largest share of its uplinks' rate that a switch or NIC loses, 0 … 1.
double LostCapacity(const Topology& topology, const FabricState& state);

} // namespace heddle

#endif
