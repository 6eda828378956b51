// SPDX-License-Identifier: GPL-2.0-only
//
// Local adaptive routing per packet: a uniformly random one among the next hops whose graded egress
// queue is shortest. Grades are logarithmic: g = floor(log2(1 + bytes / MTU)), the last one open
// ended. Queues are read at most every `age`; in between all packets see the same stale grades (the
// random choice among equals is what prevents herding). Whether a port is up is never stale.
//
// The next hops of one destination are read together and only the list of the best is kept: a
// choice is O(1) between readings.

#include "ns3/base-random.h"
#include "ns3/fabric-load-balancer.h"
#include "ns3/fabric-port.h"

#include <algorithm>
#include <vector>

namespace heddle
{
namespace
{

class Adaptive final : public LoadBalancer
{
  public:
    Adaptive(const LoadBalancerContext& context, Tick age)
        : m_draws(context.seed, "adaptive", context.switchId),
          m_ports(context.ports),
          m_mtu(context.mtuWireBytes),
          m_lastGrade(context.grades - 1),
          m_age(age)
    {
    }

    bool avoidsQueues() const override
    {
        return true;
    }

    Tick readingAge() const override
    {
        return m_age;
    }

    PortId Choose(const Packet&, const NextHops& hops, Tick now) override
    {
        Reading& reading = m_readings[hops.id];
        if (now - reading.at >= m_age || reading.best.empty())
        {
            Read(reading, hops, now);
        }
        PortId choice = Draw(reading);
        if (!m_ports[choice].up)
        {
            Read(reading, hops, now);
            choice = Draw(reading);
        }
        return choice;
    }

    void OnRoutesChanged(uint32_t sets) override
    {
        m_readings.assign(sets, {});
    }

  private:
    struct Reading
    {
        Tick at = 0;
        std::vector<PortId> best;
    };

    PortId Draw(const Reading& reading)
    {
        auto n = static_cast<uint32_t>(reading.best.size());
        return reading.best[m_draws.Below(m_count++, n)];
    }

    uint32_t Grade(const fabric::Port& port) const
    {
        uint32_t packets = 1 + port.queuedBytes / m_mtu;
        return std::min(m_lastGrade, 31U - static_cast<uint32_t>(__builtin_clz(packets)));
    }

    void Read(Reading& reading, const NextHops& hops, Tick now) const
    {
        reading.at = now;
        reading.best.clear();
        uint32_t bestGrade = kNone;
        for (uint32_t i = 0; i < hops.count; ++i)
        {
            const fabric::Port& port = m_ports[hops.ports[i]];
            uint32_t grade = port.up ? Grade(port) : kNone;
            if (grade > bestGrade || !port.up)
            {
                continue;
            }
            if (grade < bestGrade)
            {
                reading.best.clear();
                bestGrade = grade;
            }
            reading.best.push_back(hops.ports[i]);
        }
        if (reading.best.empty()) // all down: the packet is lost there
        {
            reading.best.push_back(hops.ports[0]);
        }
    }

    RandomStream m_draws;
    uint64_t m_count = 0;
    const fabric::Port* m_ports;
    uint32_t m_mtu;
    uint32_t m_lastGrade;
    Tick m_age;
    std::vector<Reading> m_readings; ///< by NextHops::id
};

std::unique_ptr<LoadBalancer>
Make(const LoadBalancerContext& context, const ParameterValues& parameters)
{
    return std::make_unique<Adaptive>(context, parameters.Time("age"));
}

const Registration<LoadBalancerFactory> kAdaptive{
    {"load-balancer",
     "adaptive",
     "Local adaptive routing per packet: a random one of the equal-cost ports with the lowest "
     "queue grade (logarithmic in MTUs). Reorders packets.",
     {{"age",
       Quantity::Time,
       "500ns",
       "queue readings are refreshed at most this often",
       "assumption (uet-htsim uses 100 ns)"}}},
    &Make};

} // namespace
} // namespace heddle
