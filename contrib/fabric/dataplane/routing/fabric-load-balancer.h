// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-load-balancer.h
// ----------------------------
// Chooses one of several equal-cost output ports at a switch. One file per scheme in this folder,
// registered in category "load-balancer":
//
//   std::unique_ptr<LoadBalancer> Make(const LoadBalancerContext&, const ParameterValues&);
//   const Registration<LoadBalancerFactory> kMine{{"load-balancer", "mine", "…", {…}}, &Make};
//
// One object per switch, used by that switch's partition only. Called once per packet and hop, and
// only where there is a choice.

#ifndef HEDDLE_FABRIC_LOAD_BALANCER_H
#define HEDDLE_FABRIC_LOAD_BALANCER_H

#include "ns3/base-registry.h"
#include "ns3/fabric-packet.h"

#include <cstdint>
#include <memory>

namespace heddle
{

namespace fabric
{
struct Port;
}

/// Equal-cost next hops, in ascending order of port. `id` is dense per switch; sets change only
/// together, announced by LoadBalancer::OnRoutesChanged().
struct NextHops
{
    const PortId* ports;
    uint32_t count;
    uint32_t id;
};

struct LoadBalancerContext
{
    uint64_t seed;
    SwitchId switchId;
    uint32_t mtuWireBytes;
    uint32_t grades;           ///< SwitchConfig::adaptiveGrades
    const fabric::Port* ports; ///< all ports by PortId; only this switch's may be read
};

/// Hash of a packet's flow, salted; the same for all packets of a flow.
struct FlowHash
{
    uint64_t salt;

    PortId Choose(const Packet& packet, const NextHops& hops) const
    {
        const uint64_t pair = (uint64_t{packet.source} << 32) | packet.destination;
        const uint64_t hash = Mix64(Mix64(pair ^ salt) + packet.entropy);
        return hops.ports[((hash >> 32) * hops.count) >> 32];
    }
};

class LoadBalancer
{
  public:
    virtual ~LoadBalancer() = default;

    /// A scheme that is nothing but a hash of the flow, at every switch, returns it: then nobody
    /// needs to call Choose(). Null otherwise.
    virtual const FlowHash* flowHash() const
    {
        return nullptr;
    }

    /// Flow level: a scheme that steers around queues spreads flows in proportion to the rates of a
    /// switch's ports, any other evenly.
    virtual bool avoidsQueues() const
    {
        return false;
    }

    /// Flow level, of a scheme that avoids queues: how old what it knows of them may be; ps.
    virtual Tick readingAge() const
    {
        return 0;
    }

    /// One of `hops` (count > 1) for the packet at `now`. A port that is down may be returned by a
    /// scheme that does not look: the packet is then lost, as on real switches before rerouting.
    virtual PortId Choose(const Packet& packet, const NextHops& hops, Tick now) = 0;

    /// The switch's sets are new; there are `sets` of them.
    virtual void OnRoutesChanged(uint32_t sets)
    {
        (void)sets;
    }
};

using LoadBalancerFactory = std::unique_ptr<LoadBalancer> (*)(const LoadBalancerContext& context,
                                                              const ParameterValues& parameters);

} // namespace heddle

#endif
