// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-transport-facade.h
// -----------------------------
// The transport as ns-3 sees it: an Object whose attributes are TransportConfig. The data plane
// does the work; packets never touch this object.
//
//   auto rdma = CreateObjectWithAttributes<RdmaTransport>(
//       "CongestionControlType", TypeIdValue(TypeId::LookupByName("ns3::heddle::Dcqcn")));
//   rdma->Build(core, fabric->GetNetwork());
//   ::heddle::Transport& transport = rdma->GetTransport();

#ifndef NS3_HEDDLE_RDMA_TRANSPORT_FACADE_H
#define NS3_HEDDLE_RDMA_TRANSPORT_FACADE_H

#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/rdma-congestion-control.h"
#include "ns3/rdma-transport.h"

#include <memory>
#include <string>

namespace ns3
{
namespace heddle
{

class RdmaTransport : public Object
{
  public:
    static TypeId GetTypeId();

    RdmaTransport();
    ~RdmaTransport() override;

    /// The attributes as the data plane wants them.
    ::heddle::TransportConfig GetConfig() const;

    /// Makes the transport, once. Both arguments must outlive it. Throws ::heddle::InputError.
    void Build(::heddle::EventCore& core, ::heddle::Network& network);

    /// Build() must have been called.
    ::heddle::Transport& GetTransport() const;

  private:
    void DoDispose() override;

    uint32_t m_mtuPayloadBytes;
    std::string m_reliability;
    TypeId m_congestionControlType;
    Ptr<CongestionControl> m_congestionControl;
    uint8_t m_dataClass;
    uint8_t m_controlClass;
    uint32_t m_ackEveryPackets;
    Time m_retransmissionTimeout;
    uint32_t m_windowPackets;
    uint32_t m_reorderWindowPackets;
    Time m_sendLatency;
    Time m_receiveLatency;
    std::unique_ptr<::heddle::Transport> m_transport;
};

} // namespace heddle
} // namespace ns3

#endif
