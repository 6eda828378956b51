// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-flow-paths.h
// -------------------------
// Which ports a flow of the flow level loads, and how much of it each port carries. The same
// forwarding tables and load balancers as at packet level decide:
//
//   a balancer that is a hash of the flow (ECMP)     one path, the very one its packets would take
//   any other                                        every equal-cost path: at each switch evenly,
//                                                    or, when the balancer avoids queues, in
//                                                    proportion to the rates of its own ports
//
// A path is a list of stages; a stage is what the flow crosses at one hop: one port, or several
// with a share each. Stages are interned: all flows of a leaf that spread over the same uplinks
// name the same stage.

#ifndef HEDDLE_FABRIC_FLOW_PATHS_H
#define HEDDLE_FABRIC_FLOW_PATHS_H

#include "ns3/fabric-load-balancer.h"
#include "ns3/fabric-routes.h"
#include "ns3/fabric-topology.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace heddle::fabric
{

class FlowPaths
{
  public:
    struct PortShare
    {
        PortId port;
        double share; ///< of the flow, (0, 1]

        friend bool operator<(const PortShare& a, const PortShare& b)
        {
            return std::pair(a.port, a.share) < std::pair(b.port, b.share);
        }
    };

    using StageId = uint32_t; ///< a PortId, or from 2 · links on a set of several ports

    /// `topology` must outlive it. Throws InputError.
    FlowPaths(const Topology& topology, uint64_t seed);

    /// New forwarding tables; `up` by link: what the routes know, `alive`: which links are. A
    /// balancer that avoids queues sees at once which ports of its own switch are dead. Stages of
    /// before stay valid.
    void Build(const std::vector<bool>& up, const std::vector<bool>& alive);
    void Build(const std::vector<bool>& up)
    {
        Build(up, up);
    }

    /// The stages in order, NIC ports included; empty when there is no way.
    void Find(NicId from, NicId to, uint32_t entropy, std::vector<StageId>& stages);

    /// The same for a flow that goes by several pairs of ports, in proportion to their rates.
    void FindAll(const std::vector<std::pair<NicId, NicId>>& pairs,
                 uint32_t entropy,
                 std::vector<StageId>& stages);

    /// Whether the forwarding tables lead from one NIC port to the other, whatever its own links
    /// do.
    bool Routed(NicId from, NicId to) const
    {
        const uint32_t target = m_routes.LeafOfNic(to);
        const SwitchId first = m_routes.SwitchOfLeaf(m_routes.LeafOfNic(from));
        return first == m_routes.SwitchOfLeaf(target) || m_routes.Lookup(first, target).count > 0;
    }

    /// As built.
    bool Reachable(NicId from, NicId to) const
    {
        return m_pathOf[m_pathLeaf[from] * m_pathLeaves + m_pathLeaf[to]] != kNone;
    }

    /// Calls visit(port, share) for every port of a stage.
    template <class Visit>
    void ForEachPort(StageId stage, Visit visit) const
    {
        if (stage < m_firstSet)
        {
            visit(PortId{stage}, 1.0);
            return;
        }
        for (const PortShare& p : *m_sets[stage - m_firstSet])
        {
            visit(p.port, p.share);
        }
    }

    size_t stages() const
    {
        return m_firstSet + m_sets.size();
    }

    PortId PortOf(NicId nic) const ///< from the NIC; ^ 1 is the one to it
    {
        return m_nicPort[nic];
    }

    bool IsNicPort(PortId port) const
    {
        const Topology::Link& link = m_topology.links[port / 2];
        return !link.a.isSwitch || !link.b.isSwitch;
    }

    bool pinned() const ///< each flow has one path, chosen by a hash
    {
        return !m_balancers.empty() && m_balancers[0]->flowHash() != nullptr;
    }

    BitRate RateOf(PortId port) const ///< now
    {
        return m_rates[port / 2];
    }

    double SlowerRate(NicId from, NicId to) const ///< of two NIC ports, now; bits/s
    {
        return static_cast<double>(std::min(RateOf(PortOf(from)), RateOf(PortOf(to))).bps());
    }

    /// Takes part in the spreading from the next Build() on.
    void SetRate(uint32_t link, BitRate rate)
    {
        m_rates[link] = rate;
    }

    /// Whether flows spread in proportion to rates, where they spread.
    bool SpreadsByRate() const
    {
        return !m_balancers.empty() && m_balancers[0]->avoidsQueues();
    }

    /// The balancer looks at the queues of all ports of the stage: it keeps them equally long, and
    /// leaves a dead one at once.
    bool Evened(StageId stage) const;

    Tick ReadingAge() const ///< see LoadBalancer
    {
        return m_balancers.empty() ? 0 : m_balancers[0]->readingAge();
    }

    /// As Network::UnloadedLatency(): of the intact network. InputError when there is no path.
    Tick UnloadedLatency(NicId from, NicId to, uint32_t wireBytes) const;

  private:
    using Set = std::vector<PortShare>;

    void Pinned(SwitchId at, uint32_t leaf, const Packet& packet, std::vector<StageId>& stages);
    void Spread(SwitchId at, uint32_t leaf, std::vector<StageId>& stages);
    StageId Intern(Set set);

    const Topology& m_topology;
    Routes m_routes;
    std::vector<std::unique_ptr<LoadBalancer>> m_balancers; ///< by switch
    std::vector<PortId> m_nicPort;
    std::vector<BitRate> m_rates;     ///< by link
    std::vector<bool> m_alive;        ///< by link
    std::vector<uint32_t> m_pathLeaf; ///< by NIC: row of m_pathOf
    std::vector<InteriorPath> m_interiors;
    std::vector<uint32_t> m_pathOf; ///< [from][to], kNone: no path
    size_t m_pathLeaves = 0;
    StageId m_firstSet;
    std::map<Set, StageId> m_known;
    std::vector<const Set*> m_sets;
    std::map<std::pair<SwitchId, uint32_t>, std::vector<StageId>> m_spread; ///< by (leaf, leaf)
};

} // namespace heddle::fabric

#endif
