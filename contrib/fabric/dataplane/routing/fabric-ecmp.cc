// SPDX-License-Identifier: GPL-2.0-only
//
// ECMP: every packet of a flow takes the port that a hash of its addresses and entropy selects,
// modulo the number of next hops. The salt differs from switch to switch, mixed non-linearly, so
// that tiers do not polarise. Oracle: balls in bins (validation A5).

#include "ns3/fabric-load-balancer.h"

namespace heddle
{
namespace
{

class Ecmp final : public LoadBalancer
{
  public:
    explicit Ecmp(uint64_t salt) : m_hash{salt}
    {
    }

    const FlowHash* flowHash() const override
    {
        return &m_hash;
    }

    PortId Choose(const Packet& packet, const NextHops& hops, Tick) override
    {
        return m_hash.Choose(packet, hops);
    }

  private:
    FlowHash m_hash;
};

std::unique_ptr<LoadBalancer>
Make(const LoadBalancerContext& context, const ParameterValues&)
{
    return std::make_unique<Ecmp>(
        HashCombine(HashCombine(context.seed, HashString("ecmp")), context.switchId));
}

const Registration<LoadBalancerFactory> kEcmp{
    {"load-balancer",
     "ecmp",
     "Equal-cost multipath: a hash of source, destination and entropy (UDP source port), salted "
     "per "
     "switch, picks one port per flow. Flows collide as balls in bins.",
     {}},
    &Make};

} // namespace
} // namespace heddle
