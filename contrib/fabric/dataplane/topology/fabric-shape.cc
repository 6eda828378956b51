// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-shape.h"

#include "ns3/base-errors.h"

#include <cmath>
#include <limits>

namespace heddle::fabric
{

Shaper::Shaper(const std::string& name,
               const ClusterShape& shape,
               const ParameterValues& parameters)
    : m_shape(shape), m_parameters(parameters)
{
    m_topology.name = name;
    m_topology.nics = Nics();
}

void
Shaper::SplitNics(uint32_t ports)
{
    if (m_shape.nicRate.bps() % ports != 0)
    {
        Reject("a NIC of " + FormatRate(m_shape.nicRate) + " cannot be split into " +
               std::to_string(ports) + " equal ports");
    }
    m_topology.portsPerNic = ports;
    m_topology.nics = Nics() * ports;
}

uint32_t
Shaper::Whole(const std::string& parameter, uint32_t least) const
{
    double value = m_parameters.Number(parameter);
    if (value != std::floor(value) || value < least || value > 1e6)
    {
        Reject(parameter + " must be a whole number of at least " + std::to_string(least));
    }
    return static_cast<uint32_t>(value);
}

BitRate
Shaper::Rate(uint32_t tier) const
{
    bool given =
        tier >= 1 && tier <= m_shape.rateByTier.size() && m_shape.rateByTier[tier - 1].bps() != 0;
    return given ? m_shape.rateByTier[tier - 1]
                 : BitRate(m_shape.nicRate.bps() / m_topology.portsPerNic);
}

Tick
Shaper::Delay(uint32_t tier) const
{
    const auto& delays = m_shape.delayByTier;
    return delays.empty() ? 0 : delays[std::min<size_t>(tier, delays.size() - 1)];
}

uint32_t
Shaper::CountUplinks(uint32_t downlinks, uint32_t tier, const std::string& parameter) const
{
    double ratio = m_parameters.Number(parameter);
    if (!(ratio > 0))
    {
        Reject(parameter + " must be positive");
    }
    double below = static_cast<double>(downlinks) * static_cast<double>(Rate(tier - 1).bps());
    double links = below / (ratio * static_cast<double>(Rate(tier).bps()));
    double whole = std::round(links);
    if (whole < 1 || std::abs(links - whole) > 1e-9 * whole)
    {
        Reject(parameter + " " + std::to_string(ratio) + " asks for " + std::to_string(links) +
               " uplinks of " + FormatRate(Rate(tier)) + " for " + std::to_string(downlinks) +
               " downlinks of " + FormatRate(Rate(tier - 1)) + "; it must be a whole number");
    }
    return static_cast<uint32_t>(whole);
}

Uplinks
Shaper::SpreadUplinks(uint32_t downlinks) const
{
    const uint32_t uplinks = CountUplinks(downlinks, 1, "oversubscription");
    const uint32_t given = Whole("spines", 0);
    const uint32_t spines = given == 0 ? uplinks : given;
    if (uplinks % spines != 0)
    {
        Reject("a leaf's " + std::to_string(uplinks) + " uplinks cannot be spread evenly over " +
               std::to_string(spines) + " spines");
    }
    return {uplinks, spines, uplinks / spines};
}

void
Shaper::CheckRadix(uint32_t ports, const std::string& what) const
{
    uint32_t radix = Whole("switch_radix", 0);
    if (radix != 0 && ports > radix)
    {
        Reject(what + " needs " + std::to_string(ports) + " ports, but switch_radix is " +
               std::to_string(radix));
    }
}

SwitchId
Shaper::AddSwitch(const std::string& name, uint32_t tier)
{
    m_topology.switches.push_back({name, tier});
    return static_cast<SwitchId>(m_topology.switches.size() - 1);
}

void
Shaper::ConnectNic(uint32_t nic, SwitchId leaf, uint32_t port)
{
    const NicId end = nic * m_topology.portsPerNic + port;
    m_topology.links.push_back({{false, end}, {true, leaf}, Rate(0), Delay(0), 0});
}

void
Shaper::Connect(SwitchId lower, SwitchId upper, uint32_t tier, uint32_t count)
{
    for (uint32_t i = 0; i < count; ++i)
    {
        m_topology.links.push_back({{true, lower}, {true, upper}, Rate(tier), Delay(tier), tier});
    }
}

void
Shaper::Reject(const std::string& what) const
{
    throw InputError("topology " + m_topology.name + ": " + what);
}

Parameter
OversubscriptionParameter()
{
    return {"oversubscription",
            Quantity::Ratio,
            "1",
            "capacity of a leaf's links to NICs over that of its links to spines",
            "definition; 1 = non-blocking"};
}

Parameter
SpinesParameter()
{
    return {"spines",
            Quantity::Ratio,
            "0",
            "number of spines; 0 = as many as a leaf has uplinks, else a divisor of that",
            "definition"};
}

Parameter
RadixParameter()
{
    return {"switch_radix",
            Quantity::Ratio,
            "0",
            "ports of a switch; a shape that needs more is refused; 0 = not checked",
            "definition"};
}

} // namespace heddle::fabric
