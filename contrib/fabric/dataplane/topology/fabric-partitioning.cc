// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-partitioning.h"

#include "ns3/base-errors.h"
#include "ns3/fabric-port.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

namespace heddle
{

namespace
{

/// Work of a NIC in units of a switch port's (transport against forwarding; measured roughly).
constexpr double kNicWork = 4;

/// No partition may have more of the work than this: two threads would gain too little.
constexpr double kLargestShare = 0.6;

class Partitioner
{
  public:
    Partitioner(const Topology& topology, const std::vector<uint32_t>& groupOfNic)
        : m_topology(topology), m_ideal(!topology.extraLatency.empty()), m_atoms(topology.nics)
    {
        std::map<uint32_t, uint32_t> first;
        for (NicId nic = 0; nic < topology.nics; ++nic)
        {
            const uint32_t owner = nic / topology.portsPerNic;
            const uint32_t group = groupOfNic.empty() ? owner : groupOfNic[owner];
            m_atoms[nic] = first.emplace(group, nic).first->second;
        }
    }

    Partitioning Make(uint32_t most);

  private:
    /// What no cut divides.
    struct Component
    {
        int tier = -1; ///< of its highest switch; −1: none
        double work = 0;
        double nicSum = 0; ///< where it lies: the mean of the NICs …
        double nics = 0;   ///< … in it or below it
        uint32_t partition = 0;
    };

    uint32_t NodeOf(const Topology::Node& node) const
    {
        return node.isSwitch ? m_topology.nics + node.index : m_atoms[node.index];
    }

    uint32_t Root(uint32_t node)
    {
        while (m_parent[node] != node)
        {
            node = m_parent[node] = m_parent[m_parent[node]];
        }
        return node;
    }

    Tick LookAhead(const Topology::Link& link, bool toSwitch) const;
    Tick LookAhead(const Topology::Link& link) const;
    Tick IdealLookAhead() const;
    bool Cut(uint32_t most);
    double FindComponents(Tick threshold);
    void Locate();
    void Deal(uint32_t count);
    void FillLookAheads(Partitioning& result) const;

    const Topology& m_topology;
    bool m_ideal;
    std::vector<uint32_t> m_atoms; ///< by NIC: the first of its group
    std::vector<uint32_t> m_parent;
    std::map<uint32_t, Component> m_components; ///< by root
};

/// Of packets and, where there may be any, PFC frames.
Tick
Partitioner::LookAhead(const Topology::Link& link, bool toSwitch) const
{
    const SwitchConfig& config = m_topology.switchConfig;
    const bool early = config.forwarding == Forwarding::CutThrough && toSwitch;
    const uint32_t bytes = early ? std::min(config.headerBytes, kMinWireBytes) : kMinWireBytes;
    Tick reach = (toSwitch ? config.forwardingLatency : 0) + link.rate.TransmitTime(bytes);
    const auto lossless = [](const ClassConfig& c) { return c.lossless; };
    if (std::any_of(config.classes.begin(), config.classes.end(), lossless))
    {
        reach =
            std::min(reach, config.pauseResponse + link.rate.TransmitTime(fabric::kPauseWireBytes));
    }
    return link.delay + reach;
}

Tick
Partitioner::LookAhead(const Topology::Link& link) const
{
    return std::min(LookAhead(link, link.a.isSwitch), LookAhead(link, link.b.isSwitch));
}

/// A packet goes from its NIC's partition straight to the destination's.
Tick
Partitioner::IdealLookAhead() const
{
    Tick fixed = kForever;
    for (const InteriorPath& path : m_topology.interiorPaths)
    {
        fixed = std::min(fixed, path.fixed);
    }
    Tick first = kForever;
    const uint32_t bytes = std::min(m_topology.switchConfig.headerBytes, kMinWireBytes);
    for (const Topology::Link& link : m_topology.links)
    {
        first = std::min(first, link.delay + link.rate.TransmitTime(bytes));
    }
    return fixed == kForever ? kForever : fixed + first;
}

/// Joins what links with a look-ahead below `threshold` join; returns the largest share of work.
double
Partitioner::FindComponents(Tick threshold)
{
    m_parent.resize(m_topology.nics + m_topology.switches.size());
    std::iota(m_parent.begin(), m_parent.end(), 0U);
    for (const Topology::Link& link : m_topology.links)
    {
        if (!m_ideal && LookAhead(link) < threshold)
        {
            m_parent[Root(NodeOf(link.a))] = Root(NodeOf(link.b));
        }
    }
    m_components.clear();
    for (NicId nic = 0; nic < m_topology.nics; ++nic)
    {
        Component& c = m_components[Root(m_atoms[nic])];
        c.work += kNicWork;
        c.nicSum += nic;
        c.nics += 1;
    }
    for (SwitchId s = 0; s < m_topology.switches.size() && !m_ideal; ++s)
    {
        Component& c = m_components[Root(m_topology.nics + s)];
        c.tier = std::max(c.tier, static_cast<int>(m_topology.switches[s].tier));
    }
    for (const Topology::Link& link : m_topology.links)
    {
        for (const Topology::Node* node : {&link.a, &link.b})
        {
            if (node->isSwitch && !m_ideal)
            {
                m_components[Root(NodeOf(*node))].work += 1;
            }
        }
    }
    double largest = 0;
    double all = 0;
    for (const auto& [root, c] : m_components)
    {
        largest = std::max(largest, c.work);
        all += c.work;
    }
    return largest / all;
}

/// Cuts at the largest look-ahead that leaves at least `most` even parts; else as fine as possible.
bool
Partitioner::Cut(uint32_t most)
{
    std::vector<Tick> thresholds;
    for (const Topology::Link& link : m_topology.links)
    {
        thresholds.push_back(LookAhead(link));
    }
    std::sort(thresholds.rbegin(), thresholds.rend());
    thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
    double share = 1;
    for (const Tick threshold : thresholds)
    {
        if (threshold <= 0)
        {
            break;
        }
        share = FindComponents(threshold);
        if (share * most <= 1)
        {
            return true;
        }
    }
    return share <= kLargestShare;
}

/// Components lie where those below them do.
void
Partitioner::Locate()
{
    std::vector<std::tuple<int, uint32_t, uint32_t>> edges; // tier above, above, below
    for (const Topology::Link& link : m_topology.links)
    {
        uint32_t above = m_ideal ? 0 : Root(NodeOf(link.a));
        uint32_t below = m_ideal ? 0 : Root(NodeOf(link.b));
        if (m_components[above].tier < m_components[below].tier)
        {
            std::swap(above, below);
        }
        if (m_components[above].tier > m_components[below].tier)
        {
            edges.emplace_back(m_components[above].tier, above, below);
        }
    }
    std::sort(edges.begin(), edges.end());
    for (const auto& [tier, above, below] : edges)
    {
        const Component& c = m_components[below];
        m_components[above].nicSum += c.nics > 0 ? c.nicSum / c.nics : 0;
        m_components[above].nics += c.nics > 0 ? 1 : 0;
    }
}

/// Tier by tier in equal shares of the tier's work.
void
Partitioner::Deal(uint32_t count)
{
    using Place = std::tuple<int, double, uint32_t>;
    std::vector<Place> order;
    std::map<int, double> work;
    for (const auto& [root, c] : m_components)
    {
        order.emplace_back(c.tier, c.nics > 0 ? c.nicSum / c.nics : 0, root);
        work[c.tier] += c.work;
    }
    std::sort(order.begin(), order.end());
    std::map<int, double> dealt;
    for (const auto& [tier, mean, root] : order)
    {
        Component& c = m_components[root];
        const double middle = dealt[tier] + c.work / 2;
        dealt[tier] += c.work;
        c.partition = std::min(count - 1, static_cast<uint32_t>(count * middle / work[tier]));
    }
}

void
Partitioner::FillLookAheads(Partitioning& result) const
{
    const size_t n = result.count;
    result.lookaheads.assign(n * n, m_ideal ? IdealLookAhead() : kForever);
    for (const Topology::Link& link : m_topology.links)
    {
        const size_t a = result.Of(link.a);
        const size_t b = result.Of(link.b);
        if (a != b && !m_ideal)
        {
            Tick& there = result.lookaheads[a * n + b];
            Tick& back = result.lookaheads[b * n + a];
            there = std::min(there, LookAhead(link, link.b.isSwitch));
            back = std::min(back, LookAhead(link, link.a.isSwitch));
        }
    }
    result.lookahead = *std::min_element(result.lookaheads.begin(), result.lookaheads.end());
}

Partitioning
Partitioner::Make(uint32_t most)
{
    Partitioning result;
    if (most <= 1)
    {
        result.whyOne = "one was asked for";
        return result;
    }
    if (!Cut(most) || m_components.size() < 2)
    {
        result.whyOne = "the topology has no cut: one switch would have most of the work";
        return result;
    }
    Locate();
    Deal(std::min<uint32_t>(most, static_cast<uint32_t>(m_components.size())));
    std::map<uint32_t, uint32_t> dense; // shares that came out empty are left out
    for (const auto& [root, c] : m_components)
    {
        dense.emplace(c.partition, 0);
    }
    uint32_t next = 0;
    for (auto& [partition, index] : dense)
    {
        index = next++;
    }
    result.count = next;
    for (NicId nic = 0; nic < m_topology.nics; ++nic)
    {
        result.ofNic.push_back(dense[m_components[Root(m_atoms[nic])].partition]);
    }
    for (SwitchId s = 0; s < m_topology.switches.size(); ++s)
    {
        result.ofSwitch.push_back(
            m_ideal ? 0 : dense[m_components[Root(m_topology.nics + s)].partition]);
    }
    if (result.count > 1)
    {
        FillLookAheads(result);
    }
    return result;
}

} // namespace

uint32_t
WantedPartitions(const Topology& topology, uint32_t threads)
{
    constexpr uint32_t kPerThread = 4;
    constexpr uint32_t kMost = 64;        // boxes and windows cost their square
    constexpr size_t kCachedPorts = 8192; // with their queues, packets and events: some MB
    const size_t ports = 2 * topology.links.size();
    const auto forCache = static_cast<uint32_t>(std::min<size_t>(ports / kCachedPorts, kMost));
    if (threads == 1)
    {
        return std::max(forCache, 1U);
    }
    return std::max(forCache, std::min(kPerThread * threads, kMost));
}

Partitioning
PartitionTopology(const Topology& topology, const std::vector<uint32_t>& groupOfNic, uint32_t most)
{
    HEDDLE_CHECK(groupOfNic.empty() || groupOfNic.size() * topology.portsPerNic >= topology.nics,
                 "a group for each NIC");
    return Partitioner(topology, groupOfNic).Make(std::min(most, 1000U));
}

} // namespace heddle
