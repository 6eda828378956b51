// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-nic-capacity.h
// ---------------------------
// Which share of its rate each NIC has lacked and when: ports that were down, links that had lost
// lanes. So that a transport can tell waiting for bytes that had to pass a port from waiting for
// what a failed port did not carry. Written when links change, read when messages are booked.
//
//   NicCapacity capacity(topology);
//   capacity.SetUp(link, false, now);                 // one of two ports
//   capacity.Lost(nic, now, now + kMillisecond);      // {0.5 ms, 0.5}

#ifndef HEDDLE_FABRIC_NIC_CAPACITY_H
#define HEDDLE_FABRIC_NIC_CAPACITY_H

#include "ns3/base-event-core.h"
#include "ns3/fabric-topology.h"

#include <vector>

namespace heddle
{

/// What a NIC has not carried because ports of it were down or links slow.
struct LostCapacity
{
    double time; ///< that its whole rate would have taken for it; ps
    double most; ///< the largest share of its rate that it lacked, 0 … 1
};

namespace fabric
{

class NicCapacity
{
  public:
    /// `topology` must outlive it. Links that are down or slower than built in it have lost that.
    explicit NicCapacity(const Topology& topology);

    /// Of any link; those between switches do not matter. Times do not decrease.
    void SetUp(uint32_t link, bool up, Tick now);
    void SetRate(uint32_t link, BitRate rate, Tick now);

    /// In [since, until), of NIC `nic` (not port). Nothing while all its ports were down: who waits
    /// then waits for a dead link, not a slow one.
    LostCapacity Lost(NicId nic, Tick since, Tick until) const;

  private:
    struct Change
    {
        Tick at;
        double lost; ///< from then on
    };

    void Update(uint32_t link, Tick now);

    const Topology& m_topology;
    std::vector<bool> m_up;                     ///< by link
    std::vector<BitRate> m_rate;                ///< by link
    std::vector<std::vector<uint32_t>> m_links; ///< by NIC
    std::vector<std::vector<Change>> m_changes; ///< by NIC
};

} // namespace fabric
} // namespace heddle

#endif
