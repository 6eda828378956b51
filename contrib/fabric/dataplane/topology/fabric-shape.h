// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-shape.h
// --------------------
// Internal to the topology builders: whole-number parameters, capacities that must divide, and
// adding switches and links tier by tier.

#ifndef HEDDLE_FABRIC_SHAPE_H
#define HEDDLE_FABRIC_SHAPE_H

#include "ns3/fabric-topology.h"

#include <string>
#include <vector>

namespace heddle::fabric
{

/// A leaf's links to its spines.
struct Uplinks
{
    uint32_t count;    ///< of a leaf
    uint32_t spines;   ///< that they lead to
    uint32_t perSpine; ///< parallel ones
};

/// Makes one topology; throws InputError on what cannot be.
class Shaper
{
  public:
    Shaper(const std::string& name, const ClusterShape& shape, const ParameterValues& parameters);

    const ClusterShape& shape() const
    {
        return m_shape;
    }

    uint32_t Nics() const
    {
        return m_shape.hosts * m_shape.acceleratorsPerHost;
    }

    /// NICs have so many ports, each with its part of the rate: 1 before.
    void SplitNics(uint32_t ports);

    /// A parameter that must be a whole number ≥ `least`.
    uint32_t Whole(const std::string& parameter, uint32_t least) const;

    /// Rate of links of a tier (0: of a NIC port).
    BitRate Rate(uint32_t tier) const;

    /// Uplinks of tier `tier` that carry `downlinks` links of the tier below divided by the
    /// oversubscription parameter; InputError unless that is a whole number.
    uint32_t CountUplinks(uint32_t downlinks, uint32_t tier, const std::string& parameter) const;

    /// The same of a leaf's, spread evenly as the oversubscription and spines parameters say.
    Uplinks SpreadUplinks(uint32_t downlinks) const;

    /// Throws unless `ports` fit the "switch_radix" parameter (0: not checked).
    void CheckRadix(uint32_t ports, const std::string& what) const;

    SwitchId AddSwitch(const std::string& name, uint32_t tier);
    void ConnectNic(uint32_t nic, SwitchId leaf, uint32_t port = 0);
    /// `count` parallel links from the lower to the upper switch.
    void Connect(SwitchId lower, SwitchId upper, uint32_t tier, uint32_t count = 1);

    [[noreturn]] void Reject(const std::string& what) const;

    Topology Take()
    {
        return std::move(m_topology);
    }

  private:
    Tick Delay(uint32_t tier) const;

    const ClusterShape& m_shape;
    const ParameterValues& m_parameters;
    Topology m_topology;
};

/// ceil(a / b)
constexpr uint32_t
DivideUp(uint32_t a, uint32_t b)
{
    return (a + b - 1) / b;
}

// Parameters that several builders share.
Parameter OversubscriptionParameter();
Parameter SpinesParameter();
Parameter RadixParameter();

} // namespace heddle::fabric

#endif
