// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-routes.h
// ---------------------
// Internal to the packet level: forwarding tables by destination leaf (the switch of a NIC), all
// equal-cost shortest paths over the links that are up, and what the shortest path between two
// leaves consists of.
//
// Deviation: shortest paths only, so after failures a packet already on its way may turn down and
// up again (no valley-free policy).

#ifndef HEDDLE_FABRIC_ROUTES_H
#define HEDDLE_FABRIC_ROUTES_H

#include "ns3/base-memory.h"
#include "ns3/fabric-load-balancer.h"
#include "ns3/fabric-topology.h"

#include <cstdint>
#include <vector>

namespace heddle::fabric
{

/// Index of every NIC's switch; throws InputError unless every NIC has exactly one link, to a
/// switch. `nicLink`, if given, receives the link of each NIC.
std::vector<SwitchId> LeavesOf(const Topology& topology, std::vector<uint32_t>* nicLink = nullptr);

class Routes
{
  public:
    explicit Routes(const Topology& topology);

    /// Recomputes everything; `up` by link.
    void Build(const std::vector<bool>& up);

    /// Next hops from a switch to a leaf (dense leaf number); count 0 = none. Valid until Build().
    NextHops Lookup(SwitchId from, uint32_t leaf) const
    {
        const uint32_t entry = EntryOf(from, leaf);
        if ((entry & kOnlyPort) != 0)
        {
            return {&m_self[entry & ~kOnlyPort], 1, 0};
        }
        return SetAt(entry);
    }

    /// The only next hop; kNone where there is none, or a choice: then `choice` is what there is.
    PortId OnlyHop(SwitchId from, uint32_t leaf, NextHops& choice) const
    {
        const uint32_t entry = EntryOf(from, leaf);
        if ((entry & kOnlyPort) != 0)
        {
            return entry & ~kOnlyPort;
        }
        choice = SetAt(entry);
        return kNone;
    }

    /// Into the cache.
    void Fetch(SwitchId from, uint32_t leaf) const
    {
        __builtin_prefetch(&m_blocks[size_t{from} * m_blocksPerSwitch + leaf / kBlock]);
    }

    /// Whether every leaf reaches every other.
    bool Complete() const;

    uint32_t leaves() const
    {
        return static_cast<uint32_t>(m_leaves.size());
    }

    uint32_t LeafOfNic(NicId nic) const
    {
        return m_leafOfNic[nic];
    }

    SwitchId SwitchOfLeaf(uint32_t leaf) const
    {
        return m_leaves[leaf];
    }

    /// Number of distinct sets of several ports at a switch (their NextHops::id lies below).
    uint32_t SetsOf(SwitchId from) const
    {
        return m_setCount[from];
    }

    SwitchId Behind(PortId port) const
    {
        return m_behind[port];
    }

  private:
    uint32_t EntryOf(SwitchId from, uint32_t leaf) const
    {
        const uint32_t entry = m_blocks[size_t{from} * m_blocksPerSwitch + leaf / kBlock];
        return (entry & kDetailed) == 0 ? entry : m_details[(entry ^ kDetailed) + leaf % kBlock];
    }

    NextHops SetAt(uint32_t entry) const
    {
        const uint32_t* set = &m_sets[entry];
        return {set + kSetHead, set[0], set[1]};
    }

    void BuildLeaf(uint32_t leaf, const std::vector<bool>& up, std::vector<uint32_t>& entries);
    void Compress(uint32_t block, const std::vector<uint32_t>& entries);
    uint32_t Intern(SwitchId at, const std::vector<PortId>& hops);

    /// A table entry with this bit is a single port, else where its set begins in m_sets.
    static constexpr uint32_t kOnlyPort = 1U << 31;
    /// A block with this bit: where its leaves' entries begin in m_details, else the entry of all.
    static constexpr uint32_t kDetailed = 1U << 30;
    /// Neighbouring leaves mostly lie behind the same ports: so the tables fit the cache.
    static constexpr uint32_t kBlock = 8;
    static constexpr uint32_t kSetHead = 2; ///< words before the ports: count, id

    std::vector<SwitchId> m_leaves;         ///< switch by dense leaf number, ascending
    std::vector<uint32_t> m_leafOfNic;      ///< dense leaf number by NIC
    std::vector<SwitchId> m_behind;         ///< by PortId: the receiving switch (kNone: a NIC)
    std::vector<std::vector<PortId>> m_out; ///< by switch: ports to other switches, ascending
    std::vector<std::vector<PortId>> m_in;  ///< by switch: ports from other switches
    size_t m_blocksPerSwitch = 0;
    std::vector<uint32_t, HugeAllocator<uint32_t>> m_blocks;  ///< [switch][leaf / kBlock]
    std::vector<uint32_t, HugeAllocator<uint32_t>> m_details; ///< kBlock entries of each such block
    std::vector<PortId> m_self;                               ///< by PortId: itself
    std::vector<uint32_t> m_sets; ///< count, id, ports; count, … At 0 the empty set
    std::vector<std::vector<uint32_t>> m_setsOf; ///< by switch, for Intern
    std::vector<uint32_t> m_setCount;
    std::vector<uint32_t> m_distance; ///< scratch of BuildLeaf
};

/// What shortest paths between leaves consist of (of equal-cost ones the fastest, then the
/// shortest).
/// Indexed by dense leaf number as in Routes.
struct PathTable
{
    PathTable(const Topology& topology, const Routes& routes);

    const InteriorPath* Find(uint32_t fromLeaf, uint32_t toLeaf) const
    {
        uint32_t i = of[size_t{fromLeaf} * leaves + toLeaf];
        return i == kNone ? nullptr : &paths[i];
    }

    size_t leaves;
    std::vector<InteriorPath> paths; ///< distinct ones
    std::vector<uint32_t> of;        ///< [from leaf][to leaf] → paths, kNone: unreachable
};

} // namespace heddle::fabric

#endif
