// SPDX-License-Identifier: GPL-2.0-only
//
// Faults drawn from failure rates. Every part, switch and link has a Poisson process of its own,
// keyed by its name. A multiplier raises all rates alike, so that what takes months shows in
// milliseconds; how often, and how long the repair takes then, is not what a cluster would see.
#include "plan/faults/faults.h"

#include "ns3/base-errors.h"
#include "ns3/base-random.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace heddle
{

namespace
{

constexpr double kMostFaults = 100'000;
constexpr double kSecondsPerHour = 3600;
constexpr double kFitHours = 1e9;
constexpr double kTicksPerSecond = 1e12;

Tick
Later(Tick at, Tick span)
{
    return at > kForever - span ? kForever : at + span;
}

class Drawer
{
  public:
    Drawer(const SampledFaults& ask, uint64_t seed) : m_ask(ask), m_seed(seed)
    {
    }

    /// Calls make(n, at) for the failures of one process within the window; `rate` per second.
    template <class Make>
    void Process(const std::string& purpose, const std::string& entity, double rate, Make make)
    {
        rate *= m_ask.multiplier;
        m_expected += rate * static_cast<double>(m_ask.window) / kTicksPerSecond;
        if (!(rate > 0) || m_expected > kMostFaults)
        {
            return;
        }
        const RandomStream draws(m_seed, purpose, HashString(entity));
        double at = 0;
        for (uint64_t n = 0;; ++n)
        {
            at += draws.Exponential(n) / rate * kTicksPerSecond;
            if (at >= static_cast<double>(m_ask.window))
            {
                return;
            }
            make(n, static_cast<Tick>(at));
        }
    }

    double expected() const
    {
        return m_expected;
    }

  private:
    const SampledFaults& m_ask;
    uint64_t m_seed;
    double m_expected = 0;
};

} // namespace

Tick
DrawFlap(const std::string& link, uint64_t n, Tick mean, Tick retrain, uint64_t seed)
{
    const RandomStream draws(seed, "flap-duration", HashString(link));
    return static_cast<Tick>(draws.Exponential(n) * static_cast<double>(mean)) + retrain;
}

std::vector<Fault>
DrawFaults(const SampledFaults& ask, const Topology& topology, const PartList& parts, uint64_t seed)
{
    std::vector<Fault> faults;
    Drawer drawer(ask, seed);
    for (const PartList::Group& group : parts.groups())
    {
        const std::string kind = group.kind->name;
        for (uint32_t part = 0; part < group.count && group.fit > 0; ++part)
        {
            const std::string what = group.nodeName + " " + kind + " " + std::to_string(part);
            drawer.Process("fault",
                           group.technology->name + " " + what,
                           group.fit / kFitHours / kSecondsPerHour,
                           [&](uint64_t, Tick at)
                           {
                               faults.push_back({kind,
                                                 what,
                                                 at,
                                                 Later(at, ask.repair),
                                                 ask.detection,
                                                 true,
                                                 parts.Without(group, part, ask.laneLoss)});
                           });
        }
    }
    std::vector<std::vector<LinkShare>> linksOf(topology.switches.size());
    for (uint32_t link = 0; link < topology.links.size(); ++link)
    {
        for (const Topology::Node* end : {&topology.links[link].a, &topology.links[link].b})
        {
            if (end->isSwitch)
            {
                linksOf[end->index].push_back({link, 0});
            }
        }
    }
    for (SwitchId s = 0; s < topology.switches.size(); ++s)
    {
        const std::string& name = topology.switches[s].name;
        drawer.Process(
            "fault",
            name,
            ask.switchFit / kFitHours / kSecondsPerHour,
            [&](uint64_t, Tick at)
            {
                faults.push_back(
                    {"switch", name, at, Later(at, ask.repair), ask.detection, true, linksOf[s]});
            });
    }
    for (uint32_t link = 0; link < topology.links.size(); ++link)
    {
        const std::string name = LinkKey(topology, link);
        drawer.Process(
            "flap",
            name,
            ask.flapsPerLinkDay / kSecondsPerHour / 24,
            [&](uint64_t n, Tick at)
            {
                const Tick down = DrawFlap(name, n, ask.flapMean, ask.retrain, seed);
                faults.push_back(
                    {"flap", name, at, Later(at, down), ask.detection, true, {{link, 0}}});
            });
    }
    if (drawer.expected() > kMostFaults)
    {
        throw InputError("about " + std::to_string(std::llround(drawer.expected())) +
                         " faults would be drawn, more than 100000.");
    }
    std::sort(faults.begin(),
              faults.end(),
              [](const Fault& a, const Fault& b)
              { return std::tie(a.at, a.kind, a.what) < std::tie(b.at, b.kind, b.what); });
    return faults;
}

} // namespace heddle
