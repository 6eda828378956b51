// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-class-weights.h
// ----------------------------
// What the packet level's scheduler (strict classes first, higher before lower, then deficit round
// robin by weight) gives to backlogged classes, as levels and weights of max-min fair rates.
//
//   net.SetLevel(flow, LevelOfClass(classes, c));
//   weights.Weigh(net, flows, classes, classOf, own);   // before net.Solve()
//
// Weighted classes that meet share a port by their weights: a class's weight is split over its
// flows, in proportion to their own weights, so that they sum to it at the resource where most of
// the class meet. Exact where classes meet at one port. Where all collected flows but the strict
// ones are in one class, weights stay what they are.

#ifndef HEDDLE_FABRIC_CLASS_WEIGHTS_H
#define HEDDLE_FABRIC_CLASS_WEIGHTS_H

#include "ns3/fabric-max-min.h"
#include "ns3/fabric-topology.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace heddle::fabric
{

using ClassConfigs = std::array<ClassConfig, kClasses>;

/// Strict classes above all others, each above the one below.
inline uint8_t
LevelOfClass(const ClassConfigs& classes, unsigned trafficClass)
{
    return static_cast<uint8_t>(classes[trafficClass].strict ? trafficClass + 1 : 0);
}

class ClassWeights
{
  public:
    /// Of `flows`, the net's latest Collect(); `own(flow)` > 0.
    template <class ClassOf, class Own>
    void Weigh(MaxMin& net,
               const std::vector<uint32_t>& flows,
               const ClassConfigs& classes,
               ClassOf classOf,
               Own own)
    {
        unsigned weighted = 0;
        for (uint32_t flow : flows)
        {
            weighted |= classes[classOf(flow)].strict ? 0U : 1U << classOf(flow);
        }
        const bool several = (weighted & (weighted - 1)) != 0;
        if (several)
        {
            Gather(net, flows, classOf, own);
        }
        uint32_t heaviest = 1;
        for (const ClassConfig& config : classes)
        {
            heaviest = std::max(heaviest, config.weight);
        }
        for (uint32_t flow : flows)
        {
            const unsigned c = classOf(flow);
            double weight = own(flow);
            if (several && !classes[c].strict)
            {
                weight *= kUnit * classes[c].weight / heaviest / Most(net, flow, c);
            }
            net.SetWeight(flow, static_cast<uint32_t>(std::max(1.0, weight)));
        }
    }

  private:
    /// Of a whole class: fine enough for thousands of flows with weights 1 to 100.
    static constexpr double kUnit = 1U << 30;

    /// By resource and class, what its flows weigh there.
    template <class ClassOf, class Own>
    void Gather(const MaxMin& net, const std::vector<uint32_t>& flows, ClassOf classOf, Own own)
    {
        m_sum.resize(net.resources() * kClasses);
        for (uint32_t id : net.collectedResources())
        {
            std::fill_n(m_sum.begin() + id * kClasses, kClasses, 0.0);
        }
        for (uint32_t flow : flows)
        {
            const double weight = own(flow);
            net.ForEachLoad(flow,
                            [&](uint32_t id, uint32_t share) {
                                m_sum[id * kClasses + classOf(flow)] +=
                                    weight * share / MaxMin::kWhole;
                            });
        }
    }

    double Most(const MaxMin& net, uint32_t flow, unsigned c) const
    {
        double most = 0;
        net.ForEachLoad(flow,
                        [&](uint32_t id, uint32_t)
                        { most = std::max(most, m_sum[id * kClasses + c]); });
        return most;
    }

    std::vector<double> m_sum;
};

} // namespace heddle::fabric

#endif
