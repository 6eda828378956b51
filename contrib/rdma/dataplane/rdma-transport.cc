// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-transport.h"

#include "ns3/base-hash.h"
#include "ns3/rdma-engine.h"

namespace heddle
{

class Transport::Impl : public TransportEngine
{
  public:
    using TransportEngine::TransportEngine;
};

Transport::Transport(EventCore& core, Network& network, const TransportConfig& config)
    : m_impl(std::make_unique<Impl>(core, network, config))
{
}

Transport::~Transport() = default;

void
Transport::SetClient(TransportClient* client)
{
    m_impl->SetClient(client);
}

QpId
Transport::Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass)
{
    return m_impl->Connect(from, to, channel, trafficClass);
}

void
Transport::Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie)
{
    m_impl->Post(part, qp, bytes, cookie);
}

Tick
Transport::IdealTime(QpId qp, uint64_t bytes) const
{
    return m_impl->IdealTime(qp, bytes);
}

TransportCounters
Transport::counters() const
{
    return m_impl->Counters();
}

std::optional<TransportFailure>
Transport::failure() const
{
    return m_impl->Failure();
}

std::vector<std::string>
Transport::Outstanding(size_t limit) const
{
    return m_impl->Outstanding(limit);
}

uint32_t
FlowEntropy(uint64_t seed, NicId from, NicId to, uint32_t channel)
{
    const uint64_t pair = (uint64_t{from} << 32) | to;
    return static_cast<uint32_t>(HashCombine(HashCombine(seed, pair), channel));
}

Tick
TimeOfOthers(uint64_t bytes, uint32_t mtu, bool addressed, BitRate rate, uint32_t lanes)
{
    const uint64_t packets = (bytes + mtu - 1) / mtu;
    const uint64_t rounds = (packets + lanes - 1) / lanes;
    if (rounds <= 1)
    {
        return 0;
    }
    const Tick middle = rate.TransmitTime(DataWireBytes(mtu, addressed));
    // The last round is short where the short last packet is alone in it.
    const bool alone = (packets - 1) % lanes == 0;
    const auto tail = alone ? static_cast<uint32_t>(bytes - (packets - 1) * mtu) : mtu;
    return static_cast<Tick>(rounds - 2) * middle +
           rate.TransmitTime(DataWireBytes(tail, addressed));
}

uint32_t
DataWireBytes(uint32_t payloadBytes, bool reth)
{
    // 20 preamble and gap, 18 Ethernet, 20 IPv4, 8 UDP, 12 BTH, 4 ICRC; 16 RETH.
    return payloadBytes + 82 + (reth ? 16 : 0);
}

} // namespace heddle
