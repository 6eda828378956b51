// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-buffer.h"

#include "ns3/base-errors.h"
#include "ns3/fabric-port.h"

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
    : m_alpha(config.alpha),
      m_xonOffset(static_cast<int64_t>(config.xonOffsetBytes)),
      m_mtu(config.mtuWireBytes),
      m_ingresses(static_cast<uint32_t>(ingress.size()))
{
    if (config.bufferBytes == 0)
    {
        return;
    }
    m_pool = static_cast<int64_t>(config.bufferBytes);
    m_groups = std::make_unique<Group[]>(ingress.size() * kClasses);
    m_headroomLimits = std::make_unique<int64_t[]>(ingress.size());
    for (size_t i = 0; i < ingress.size(); ++i)
    {
        const auto headroom =
            static_cast<int64_t>(Headroom(config, ingress[i].rate, ingress[i].delay));
        m_headroomLimits[i] = headroom;
        for (const ClassConfig& c : config.classes)
        {
            m_pool -= c.lossless ? headroom : 0;
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

void
SharedBuffer::ForgetPauses(uint16_t ingress)
{
    if (!m_groups)
    {
        return;
    }
    for (unsigned c = 0; c < kClasses; ++c)
    {
        GroupOf(ingress, c).xoff = false;
    }
}

} // namespace heddle::fabric
