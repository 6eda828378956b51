// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-buffer.h
// ---------------------
// Internal to the packet level: the packet memory of one output-queued switch, shared by all its
// ports, with dynamic thresholds (Choudhury and Hahne, IEEE/ACM ToN 1998) and PFC.
//
//  * pool = buffer − all headrooms. A lossy packet is dropped when its egress class queue would
//    exceed alpha · (pool − used).
//  * A lossless packet is charged to its priority group (ingress port, class). When the group
//  exceeds
//    alpha · (pool − used), or less than one MTU of the pool is left, the group asks for XOFF;
//    from then on its packets are charged to its own headroom, and dropped only beyond that. XON
//    when the headroom is empty and the usage ≤ max(0, threshold − xonOffset).
//
// Headroom, when not given: 2·C·d + C·(forwarding latency + pause response) + 2·MTU (validation
// oracle A10: the packet that blocks the PFC frame and the packet that the sender has begun) + 84 B
// of PFC frame + 1 MTU for a packet that finds the pool full. The forwarding latency is inside the
// loop because packets are admitted at its end.
//
// Deviations: no cells, no reserved minimum; a packet counts from admission until its transmission
// starts (as in the HPCC family), so a packet in transmission occupies nothing, and one that
// finds its output idle never does, nor one of the first strict class that goes right behind what
// the port has begun (ACKs); a group is re-evaluated when its own packets come and go only.

#ifndef HEDDLE_FABRIC_BUFFER_H
#define HEDDLE_FABRIC_BUFFER_H

#include "ns3/fabric-topology.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heddle::fabric
{

/// Headroom of one priority group; bytes. `delay`: propagation of the ingress link, ps.
uint64_t Headroom(const SwitchConfig& config, BitRate ingressRate, Tick delay);

enum class Admission : uint8_t
{
    Accept,
    AcceptAndPause, ///< send XOFF for this group
    Drop,
    DropAndPause,
};

class SharedBuffer
{
  public:
    struct Ingress
    {
        BitRate rate;
        Tick delay;
    };

    /// Throws InputError when the headrooms leave less than one MTU of pool.
    SharedBuffer(const SwitchConfig& config,
                 const std::vector<Ingress>& ingress,
                 const std::string& switchName);

    // Not to be called when the buffer is unlimited (bufferBytes 0):

    Admission AdmitLossy(uint32_t egressQueueBytes, uint32_t bytes);
    Admission AdmitLossless(uint16_t ingress, unsigned trafficClass, uint32_t bytes);

    void ReleaseLossy(uint32_t bytes)
    {
        m_used -= bytes;
    }

    /// True when XON is due for the group.
    bool ReleaseLossless(uint16_t ingress, unsigned trafficClass, uint32_t bytes);

    /// The link of this ingress went down: whatever was paused there is forgotten.
    void ForgetPauses(uint16_t ingress);

    /// Fetches a group into the cache; a wrong one does no harm.
    void Prefetch(uint16_t ingress, unsigned trafficClass) const
    {
        __builtin_prefetch(&m_groups[trafficClass * m_ingresses + ingress], 1);
    }

    int64_t used() const
    {
        return m_used;
    }

    int64_t pool() const
    {
        return m_pool;
    }

  private:
    /// 16 bytes: the groups of a big fabric do not fit any cache.
    struct Group
    {
        int64_t shared = 0;
        int64_t headroom : 63;
        uint64_t xoff : 1;

        Group() : headroom(0), xoff(0)
        {
        }
    };

    static_assert(sizeof(Group) == 16);

    Group& GroupOf(uint16_t ingress, unsigned trafficClass)
    {
        return m_groups[trafficClass * m_ingresses + ingress];
    }

    double Threshold() const
    {
        return m_alpha * static_cast<double>(m_pool - m_used);
    }

    Admission ToHeadroom(Group& group, uint16_t ingress, uint32_t bytes);

    // 56 bytes: with the switch's salt one cache line.
    double m_alpha;
    int64_t m_xonOffset;
    int64_t m_pool = 0;
    int64_t m_used = 0;                          ///< of the pool
    std::unique_ptr<Group[]> m_groups;           ///< [class][ingress]; null: unlimited
    std::unique_ptr<int64_t[]> m_headroomLimits; ///< by ingress, of each lossless class
    uint32_t m_mtu;
    uint32_t m_ingresses;
};

inline Admission
SharedBuffer::AdmitLossy(uint32_t egressQueueBytes, uint32_t bytes)
{
    if (double(egressQueueBytes) + bytes > Threshold() || m_used + bytes > m_pool)
    {
        return Admission::Drop;
    }
    m_used += bytes;
    return Admission::Accept;
}

inline Admission
SharedBuffer::ToHeadroom(Group& group, uint16_t ingress, uint32_t bytes)
{
    if (group.headroom + bytes > m_headroomLimits[ingress])
    {
        return Admission::Drop;
    }
    group.headroom += bytes;
    return Admission::Accept;
}

inline Admission
SharedBuffer::AdmitLossless(uint16_t ingress, unsigned trafficClass, uint32_t bytes)
{
    Group& group = GroupOf(ingress, trafficClass);
    if (group.xoff)
    {
        return ToHeadroom(group, ingress, bytes);
    }
    if (m_used + bytes > m_pool)
    {
        const bool accepted = ToHeadroom(group, ingress, bytes) == Admission::Accept;
        if (!accepted && group.shared + group.headroom == 0)
        {
            return Admission::Drop; // nothing of ours that leaves could ever send XON
        }
        group.xoff = true;
        return accepted ? Admission::AcceptAndPause : Admission::DropAndPause;
    }
    group.shared += bytes;
    m_used += bytes;
    group.xoff = static_cast<double>(group.shared) > Threshold() || m_pool - m_used < m_mtu;
    return group.xoff ? Admission::AcceptAndPause : Admission::Accept;
}

inline bool
SharedBuffer::ReleaseLossless(uint16_t ingress, unsigned trafficClass, uint32_t bytes)
{
    Group& group = GroupOf(ingress, trafficClass);
    int64_t fromHeadroom = std::min<int64_t>(group.headroom, bytes);
    group.headroom -= fromHeadroom;
    group.shared -= bytes - fromHeadroom;
    m_used -= bytes - fromHeadroom;
    if (!group.xoff || group.headroom > 0)
    {
        return false;
    }
    double resume = std::max(0.0, Threshold() - static_cast<double>(m_xonOffset));
    group.xoff = static_cast<double>(group.shared) > resume;
    return !group.xoff;
}

} // namespace heddle::fabric

#endif
