// SPDX-License-Identifier: GPL-2.0-only
//
// Random packet spraying (Dixit et al., INFOCOM 2013): every packet takes a uniformly random
// next hop. Needs receivers that place packets out of order.

#include "ns3/base-random.h"
#include "ns3/fabric-load-balancer.h"

namespace heddle
{
namespace
{

class Spray final : public LoadBalancer
{
  public:
    explicit Spray(const LoadBalancerContext& context)
        : m_draws(context.seed, "spray", context.switchId)
    {
    }

    PortId Choose(const Packet&, const NextHops& hops, Tick) override
    {
        return hops.ports[m_draws.Below(m_count++, hops.count)];
    }

  private:
    RandomStream m_draws;
    uint64_t m_count = 0;
};

std::unique_ptr<LoadBalancer>
Make(const LoadBalancerContext& context, const ParameterValues&)
{
    return std::make_unique<Spray>(context);
}

const Registration<LoadBalancerFactory> kSpray{
    {"load-balancer",
     "spray",
     "Random packet spraying: every packet takes a uniformly random equal-cost port, whatever the "
     "queues. Reorders packets.",
     {}},
    &Make};

} // namespace
} // namespace heddle
