// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-routes.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace heddle::fabric
{

std::vector<SwitchId>
LeavesOf(const Topology& topology, std::vector<uint32_t>* nicLink)
{
    std::vector<SwitchId> leaf(topology.nics, kNone);
    if (nicLink)
    {
        nicLink->assign(topology.nics, kNone);
    }
    for (uint32_t l = 0; l < topology.links.size(); ++l)
    {
        const auto& link = topology.links[l];
        if (link.a.isSwitch && link.b.isSwitch)
        {
            continue;
        }
        const auto& nic = link.a.isSwitch ? link.b : link.a;
        const auto& other = link.a.isSwitch ? link.a : link.b;
        if (!other.isSwitch || leaf[nic.index] != kNone)
        {
            throw InputError("topology " + topology.name + ": NIC " + std::to_string(nic.index) +
                             " must have exactly one link, to a switch");
        }
        leaf[nic.index] = other.index;
        if (nicLink)
        {
            (*nicLink)[nic.index] = l;
        }
    }
    auto lonely = std::find(leaf.begin(), leaf.end(), kNone);
    if (lonely != leaf.end())
    {
        throw InputError("topology " + topology.name + ": NIC " +
                         std::to_string(lonely - leaf.begin()) + " has no link");
    }
    return leaf;
}

Routes::Routes(const Topology& topology)
    : m_leafOfNic(LeavesOf(topology)),
      m_behind(2 * topology.links.size(), kNone),
      m_out(topology.switches.size()),
      m_in(topology.switches.size()),
      m_self(2 * topology.links.size())
{
    std::iota(m_self.begin(), m_self.end(), 0);
    m_leaves = m_leafOfNic;
    std::sort(m_leaves.begin(), m_leaves.end());
    m_leaves.erase(std::unique(m_leaves.begin(), m_leaves.end()), m_leaves.end());
    for (auto& leaf : m_leafOfNic)
    {
        leaf = static_cast<uint32_t>(std::lower_bound(m_leaves.begin(), m_leaves.end(), leaf) -
                                     m_leaves.begin());
    }
    for (uint32_t l = 0; l < topology.links.size(); ++l)
    {
        const auto& link = topology.links[l];
        for (bool fromA : {true, false})
        {
            const auto& from = fromA ? link.a : link.b;
            const auto& to = fromA ? link.b : link.a;
            if (from.isSwitch && to.isSwitch)
            {
                PortId port = topology.PortFrom(l, fromA);
                m_behind[port] = to.index;
                m_out[from.index].push_back(port);
                m_in[to.index].push_back(port);
            }
        }
    }
}

void
Routes::Build(const std::vector<bool>& up)
{
    size_t switches = m_out.size();
    m_blocksPerSwitch = (m_leaves.size() + kBlock - 1) / kBlock;
    m_blocks.assign(switches * m_blocksPerSwitch, 0);
    m_details.clear();
    m_sets.assign(kSetHead, 0);
    m_setsOf.assign(switches, {});
    m_distance.resize(switches);
    std::vector<uint32_t> entries(switches * kBlock); // [switch][leaf in block]
    for (uint32_t block = 0; block < m_blocksPerSwitch; ++block)
    {
        std::fill(entries.begin(), entries.end(), 0);
        const uint32_t end = std::min((block + 1) * kBlock, leaves());
        for (uint32_t leaf = block * kBlock; leaf < end; ++leaf)
        {
            BuildLeaf(leaf, up, entries);
        }
        Compress(block, entries);
    }
    m_setCount.resize(switches);
    for (size_t s = 0; s < switches; ++s)
    {
        m_setCount[s] = static_cast<uint32_t>(m_setsOf[s].size());
    }
    m_setsOf.clear();
}

void
Routes::Compress(uint32_t block, const std::vector<uint32_t>& entries)
{
    const uint32_t count = std::min(kBlock, leaves() - block * kBlock);
    for (size_t s = 0; s < m_out.size(); ++s)
    {
        const auto first = entries.begin() + static_cast<ptrdiff_t>(s * kBlock);
        uint32_t& entry = m_blocks[s * m_blocksPerSwitch + block];
        if (std::all_of(first, first + count, [&](uint32_t e) { return e == *first; }))
        {
            entry = *first;
            continue;
        }
        entry = static_cast<uint32_t>(m_details.size()) | kDetailed;
        m_details.insert(m_details.end(), first, first + kBlock);
    }
}

bool
Routes::Complete() const
{
    for (uint32_t to = 0; to < m_leaves.size(); ++to)
    {
        for (uint32_t from = 0; from < m_leaves.size(); ++from)
        {
            if (from != to && Lookup(m_leaves[from], to).count == 0)
            {
                return false;
            }
        }
    }
    return true;
}

void
Routes::BuildLeaf(uint32_t leaf, const std::vector<bool>& up, std::vector<uint32_t>& entries)
{
    std::fill(m_distance.begin(), m_distance.end(), kNone);
    std::vector<SwitchId> order{m_leaves[leaf]};
    m_distance[m_leaves[leaf]] = 0;
    for (size_t i = 0; i < order.size(); ++i)
    {
        SwitchId at = order[i];
        for (PortId port : m_in[at])
        {
            SwitchId neighbour = m_behind[port ^ 1U];
            if (up[port / 2] && m_distance[neighbour] == kNone)
            {
                m_distance[neighbour] = m_distance[at] + 1;
                order.push_back(neighbour);
            }
        }
    }
    std::vector<PortId> hops;
    for (size_t i = 1; i < order.size(); ++i)
    {
        SwitchId at = order[i];
        hops.clear();
        for (PortId port : m_out[at])
        {
            if (up[port / 2] && m_distance[m_behind[port]] + 1 == m_distance[at])
            {
                hops.push_back(port);
            }
        }
        entries[size_t{at} * kBlock + leaf % kBlock] = Intern(at, hops);
    }
}

uint32_t
Routes::Intern(SwitchId at, const std::vector<PortId>& hops)
{
    if (hops.size() == 1)
    {
        return hops[0] | kOnlyPort;
    }
    auto& known = m_setsOf[at];
    for (auto it = known.rbegin(); it != known.rend(); ++it) // neighbours usually share the last
    {
        if (m_sets[*it] == hops.size() &&
            std::equal(hops.begin(), hops.end(), m_sets.begin() + *it + kSetHead))
        {
            return *it;
        }
    }
    const auto set = static_cast<uint32_t>(m_sets.size());
    m_sets.push_back(static_cast<uint32_t>(hops.size()));
    m_sets.push_back(static_cast<uint32_t>(known.size()));
    m_sets.insert(m_sets.end(), hops.begin(), hops.end());
    known.push_back(set);
    return set;
}

namespace
{

/// The best of equal-cost paths to one leaf, switch by switch: the largest bottleneck rate, then
/// the shortest propagation, then the lowest port.
class BestPaths
{
  public:
    BestPaths(const Topology& topology, const Routes& routes, uint32_t leaf)
        : m_topology(topology), m_routes(routes), m_leaf(leaf), m_best(topology.switches.size())
    {
        m_best[routes.SwitchOfLeaf(leaf)] = {kNone, std::numeric_limits<uint64_t>::max(), 0, true};
    }

    /// Next port from `at`; kNone at the leaf itself and where there is no path.
    PortId Next(SwitchId at)
    {
        return Find(at).port;
    }

  private:
    struct Best
    {
        PortId port = kNone;
        uint64_t rate = 0; ///< of the bottleneck, b/s; 0: no path
        Tick delay = 0;
        bool known = false;
    };

    const Best& Find(SwitchId at)
    {
        if (m_best[at].known)
        {
            return m_best[at];
        }
        Best best;
        best.known = true;
        const NextHops hops = m_routes.Lookup(at, m_leaf);
        for (uint32_t i = 0; i < hops.count; ++i)
        {
            const auto& link = m_topology.links[hops.ports[i] / 2];
            const Best& rest = Find(m_routes.Behind(hops.ports[i]));
            const uint64_t rate = std::min(rest.rate, link.rate.bps());
            const Tick delay = rest.delay + link.delay;
            if (rate > best.rate || (rate == best.rate && delay < best.delay))
            {
                best = {hops.ports[i], rate, delay, true};
            }
        }
        m_best[at] = best;
        return m_best[at];
    }

    const Topology& m_topology;
    const Routes& m_routes;
    uint32_t m_leaf;
    std::vector<Best> m_best;
};

} // namespace

PathTable::PathTable(const Topology& topology, const Routes& routes)
    : leaves(routes.leaves()), of(leaves * leaves, kNone)
{
    const Tick forwarding = topology.switchConfig.forwardingLatency;
    std::map<std::pair<Tick, std::vector<BitRate>>, uint32_t> known;
    for (uint32_t to = 0; to < leaves; ++to)
    {
        BestPaths best(topology, routes, to);
        for (uint32_t from = 0; from < leaves; ++from)
        {
            InteriorPath path;
            path.fixed = forwarding;
            SwitchId at = routes.SwitchOfLeaf(from);
            for (PortId port = best.Next(at); port != kNone; port = best.Next(at))
            {
                const auto& link = topology.links[port / 2];
                path.rates.push_back(link.rate);
                path.fixed += link.delay + forwarding;
                at = routes.Behind(port);
            }
            if (at != routes.SwitchOfLeaf(to))
            {
                continue;
            }
            const auto [entry, isNew] =
                known.try_emplace({path.fixed, path.rates}, static_cast<uint32_t>(paths.size()));
            of[from * leaves + to] = entry->second;
            if (isNew)
            {
                paths.push_back(std::move(path));
            }
        }
    }
}

} // namespace heddle::fabric
