// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-max-min.h
// ----------------------
// Weighted max-min fair rates by progressive filling (Bertsekas & Gallager, Data Networks, 6.5.2):
// all rates grow together until a resource is full, its flows stop there, the others go on.
//
//   MaxMin net;
//   uint32_t r = net.AddResource(400'000'000'000);
//   uint32_t f = net.AddFlow({{r, MaxMin::kWhole}}, 1);
//   net.Insert(f);
//   net.Collect({r});                    // the flows that share something with r, directly or not
//   net.Solve();                         // … get new rates
//   net.rate(f);
//
// A flow loads a resource with a share of its rate: kWhole for a link that carries all of it, less
// for one of several paths. Rates are whole bits/s, rounded down by at most one per flow, and all
// sums are sums of integers: the result does not depend on the order in which flows came.
//
// Strict priority: flows of a higher level are filled first, as if the others were not there; the
// next level shares what is left.
//
// Incremental: Collect() finds the connected component of some resources (flows joined by resources
// that they load), Solve() looks at nothing else.

#ifndef HEDDLE_FABRIC_MAX_MIN_H
#define HEDDLE_FABRIC_MAX_MIN_H

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace heddle::fabric
{

class MaxMin
{
  public:
    static constexpr uint32_t kWhole = 1U << 16;
    static constexpr uint32_t kNobody = ~0U;

    struct Load
    {
        uint32_t resource;
        uint32_t share; ///< of the flow's rate; (0, kWhole]
    };

    uint32_t AddResource(int64_t capacity); ///< bits/s

    /// At least one load, each resource at most once; weight > 0. Not inserted yet.
    uint32_t AddFlow(const std::vector<Load>& loads, uint32_t weight);

    /// Its strict priority, 0 … 31, higher first; 0 at first. From the next Solve() on.
    void SetLevel(uint32_t flow, uint8_t level)
    {
        m_flows[flow].level = level;
        m_levels |= 1U << level;
    }

    /// New loads for a flow that is not inserted.
    void SetLoads(uint32_t flow, const std::vector<Load>& loads);

    void Insert(uint32_t flow);
    void Remove(uint32_t flow);

    /// From the next Solve() on; weight > 0.
    void SetWeight(uint32_t flow, uint32_t weight);

    void SetCapacity(uint32_t resource, int64_t capacity)
    {
        m_resources[resource].capacity = capacity;
    }

    int64_t capacity(uint32_t resource) const
    {
        return m_resources[resource].capacity;
    }

    /// The inserted flows that share a resource with one of `seeds`, directly or through others.
    /// Valid until the next call.
    const std::vector<uint32_t>& Collect(const std::vector<uint32_t>& seeds);

    /// The resources of the latest Collect().
    const std::vector<uint32_t>& collectedResources() const
    {
        return m_collected;
    }

    bool collected(uint32_t flow) const ///< in the latest Collect()
    {
        return m_flows[flow].seen == m_round;
    }

    /// Rates of all flows of the latest Collect().
    void Solve();

    /// A rate for a flow that has just been inserted, until the next Solve(): what nobody uses, but
    /// no less than an equal share. May overload a resource.
    int64_t Provisional(uint32_t flow) const;

    /// Enters a rate that Solve() did not make, and takes it back; for spare().
    void SetRate(uint32_t flow, int64_t rate);

    int64_t rate(uint32_t flow) const
    {
        return m_flows[flow].rate;
    }

    /// The resource that limits it.
    uint32_t bottleneck(uint32_t flow) const
    {
        return m_flows[flow].bottleneck;
    }

    /// The first of its loads.
    uint32_t firstResource(uint32_t flow) const
    {
        return m_uses[m_flows[flow].first].resource;
    }

    /// The last one.
    uint32_t lastResource(uint32_t flow) const
    {
        return m_uses[m_flows[flow].first + m_flows[flow].count - 1].resource;
    }

    bool inserted(uint32_t flow) const
    {
        return m_flows[flow].inserted;
    }

    bool idle(uint32_t resource) const ///< no flow inserted
    {
        return m_resources[resource].members.empty();
    }

    const std::vector<uint32_t>& members(uint32_t resource) const
    {
        return m_resources[resource].members;
    }

    int64_t spare(uint32_t resource) const ///< bits/s that nobody uses
    {
        return m_resources[resource].spare;
    }

    size_t resources() const
    {
        return m_resources.size();
    }

    /// Calls visit(resource, share) for every load of a flow.
    template <class Visit>
    void ForEachLoad(uint32_t flow, Visit visit) const
    {
        const Flow& f = m_flows[flow];
        for (uint32_t u = f.first; u < f.first + f.count; ++u)
        {
            visit(m_uses[u].resource, m_uses[u].share);
        }
    }

  private:
    struct Use
    {
        uint32_t resource;
        uint32_t share;
        uint32_t position; ///< among the resource's members
    };

    struct Flow
    {
        int64_t rate = 0;
        uint32_t first = 0; ///< into m_uses
        uint32_t count = 0;
        uint32_t weight = 1;
        uint32_t bottleneck = kNobody;
        uint32_t seen = 0;
        bool inserted = false;
        bool frozen = false;
        uint8_t level = 0;
    };

    struct Resource
    {
        int64_t capacity = 0;
        int64_t demand = 0; ///< Σ weight · share of members
        int64_t spare = 0;
        int64_t left = 0; ///< scratch of Solve(): capacity not given away
        int64_t open = 0; ///< … demand of flows that may still grow
        uint32_t seen = 0;
        std::vector<uint32_t> members;
        std::vector<uint32_t> useOf; ///< by member: its entry of m_uses
    };

    static double Level(const Resource& resource);
    void Freeze(uint32_t resource, double level, uint8_t priority);
    void Fill(uint8_t priority);
    void Open(uint8_t priority);

    std::vector<Resource> m_resources;
    std::vector<Flow> m_flows;
    std::vector<Use> m_uses;
    uint32_t m_round = 0;
    uint32_t m_levels = 1; ///< a bit for each that some flow has had
    std::vector<uint32_t> m_collected;
    std::vector<uint32_t> m_affected;
    std::vector<std::pair<double, uint32_t>> m_heap; ///< (level, resource)
};

} // namespace heddle::fabric

#endif
