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
    explicit Ecmp(uint64_t salt) : m_salt(salt)
    {
    }

    PortId Choose(const Packet& packet, const NextHops& hops, Tick) override
    {
        uint64_t pair = (uint64_t{packet.source} << 32) | packet.destination;
        uint64_t hash = Mix64(Mix64(pair ^ m_salt) + packet.entropy);
        return hops.ports[((hash >> 32) * hops.count) >> 32];
    }

  private:
    uint64_t m_salt;
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
