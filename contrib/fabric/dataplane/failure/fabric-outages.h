// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-outages.h
// ----------------------
// Internal to the packet level: when which links were dead, so that a transport can tell a loss by
// a failed link from any other. A link is dead from its failure until it returns or, between
// switches, until the routes avoid it; written when links change, read after losses only.
//
//   OutageLog log(topology);
//   log.Fail(link, now);  log.Reroute(later);
//   if (log.Hit(from, to, 2, since, until)) …   // some shortest path of the pair had a dead link
//
// Known deviations: paths are those of the intact topology; a pair that spreads its packets counts
// as hit when any of its paths is.

#ifndef HEDDLE_FABRIC_OUTAGES_H
#define HEDDLE_FABRIC_OUTAGES_H

#include "ns3/base-event-core.h"
#include "ns3/fabric-topology.h"

#include <vector>

namespace heddle::fabric
{

class OutageLog
{
  public:
    explicit OutageLog(const Topology& topology);

    void Fail(uint32_t link, Tick now);
    void Restore(uint32_t link, Tick now);
    /// The routes avoid every link that is not `inUse`, still reach everyone, and use again those
    /// that have returned: they are disturbed at this instant.
    void Reroute(Tick now, const std::vector<bool>& inUse);

    /// Whether a link on some shortest path between the NICs, which has `interior` links between
    /// switches, was dead at some time in [since, until).
    bool Hit(NicId from, NicId to, size_t interior, Tick since, Tick until) const;

  private:
    struct Outage
    {
        uint32_t link;
        bool nicLink;
        Tick since;
        Tick until;
        /// Links from either end to every switch; empty for a NIC's link.
        std::vector<uint32_t> fromA;
        std::vector<uint32_t> fromB;
    };

    bool Crosses(const Outage& outage, NicId from, NicId to, size_t interior) const;
    std::vector<uint32_t> DistancesFrom(SwitchId root) const;

    const Topology& m_topology;
    std::vector<SwitchId> m_leafOf; ///< by NIC
    std::vector<Outage> m_outages;
    std::vector<uint32_t> m_returned; ///< up again, not yet in the routes
};

} // namespace heddle::fabric

#endif
