// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-buffer.h"

#include "ns3/base-errors.h"
#include "ns3/fabric-port.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

uint64_t
Headroom(const SwitchConfig& config, BitRate ingressRate, Tick delay)
{
    if (config.headroomBytes != 0)
    {
        return config.headroomBytes;
    }
    Tick loop = 2 * delay + config.forwardingLatency + config.pauseResponse;
    auto onTheWay =
        static_cast<uint64_t>(std::ceil(ingressRate.bytesPerSecond() * ToSeconds(loop)));
    return onTheWay + 3ULL * config.mtuWireBytes + kPauseWireBytes;
}

SharedBuffer::SharedBuffer(const SwitchConfig& config,
                           const std::vector<Ingress>& ingress,
                           const std::string& switchName)
    : m_limited(config.bufferBytes != 0),
      m_alpha(config.alpha),
      m_mtu(config.mtuWireBytes),
      m_xonOffset(static_cast<int64_t>(config.xonOffsetBytes))
{
    if (!m_limited)
    {
        return;
    }
    m_pool = static_cast<int64_t>(config.bufferBytes);
    m_groups.resize(ingress.size() * kClasses);
    for (size_t i = 0; i < ingress.size(); ++i)
    {
        for (unsigned c = 0; c < kClasses; ++c)
        {
            if (config.classes[c].lossless)
            {
                auto headroom = Headroom(config, ingress[i].rate, ingress[i].delay);
                m_groups[i * kClasses + c].headroomLimit = static_cast<int64_t>(headroom);
                m_pool -= static_cast<int64_t>(headroom);
            }
        }
    }
    if (m_pool < m_mtu)
    {
        throw InputError("switch " + switchName + ": a buffer of " +
                         std::to_string(config.bufferBytes) +
                         " B does not hold the PFC headroom of " +
                         std::to_string(static_cast<int64_t>(config.bufferBytes) - m_pool) +
                         " B and one packet; give more buffer, less headroom or fewer lossless "
                         "classes");
    }
}

Admission
SharedBuffer::AdmitLossy(uint32_t egressQueueBytes, uint32_t bytes)
{
    if (double(egressQueueBytes) + bytes > Threshold() || m_used + bytes > m_pool)
    {
        return Admission::Drop;
    }
    m_used += bytes;
    return Admission::Accept;
}

Admission
SharedBuffer::ToHeadroom(Group& group, uint32_t bytes)
{
    if (group.headroom + bytes > group.headroomLimit)
    {
        return Admission::Drop;
    }
    group.headroom += bytes;
    return Admission::Accept;
}

Admission
SharedBuffer::AdmitLossless(uint16_t ingress, unsigned trafficClass, uint32_t bytes)
{
    Group& group = m_groups[size_t{ingress} * kClasses + trafficClass];
    if (group.xoff)
    {
        return ToHeadroom(group, bytes);
    }
    if (m_used + bytes > m_pool)
    {
        const bool accepted = ToHeadroom(group, bytes) == Admission::Accept;
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

bool
SharedBuffer::ReleaseLossless(uint16_t ingress, unsigned trafficClass, uint32_t bytes)
{
    Group& group = m_groups[size_t{ingress} * kClasses + trafficClass];
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

void
SharedBuffer::ForgetPauses(uint16_t ingress)
{
    if (!m_limited)
    {
        return;
    }
    for (unsigned c = 0; c < kClasses; ++c)
    {
        m_groups[size_t{ingress} * kClasses + c].xoff = false;
    }
}

} // namespace heddle::fabric
