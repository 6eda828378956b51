// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-transport-facade.h"

#include "ns3/base-errors.h"
#include "ns3/object-factory.h"
#include "ns3/pointer.h"
#include "ns3/string.h"
#include "ns3/type-id.h"
#include "ns3/uinteger.h"

namespace ns3
{
namespace heddle
{

NS_OBJECT_ENSURE_REGISTERED(RdmaTransport);

TypeId
RdmaTransport::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::heddle::RdmaTransport")
            .SetParent<Object>()
            .SetGroupName("HeddleRdma")
            .AddConstructor<RdmaTransport>()
            .AddAttribute("MtuPayloadBytes",
                          "Payload of a full packet",
                          UintegerValue(4096),
                          MakeUintegerAccessor(&RdmaTransport::m_mtuPayloadBytes),
                          MakeUintegerChecker<uint32_t>(256, 4096))
            .AddAttribute("Reliability",
                          "Strategy by its registry name: selective-repeat or go-back-n",
                          StringValue("selective-repeat"),
                          MakeStringAccessor(&RdmaTransport::m_reliability),
                          MakeStringChecker())
            .AddAttribute("CongestionControlType",
                          "Type of the congestion control; its attributes have their defaults",
                          TypeIdValue(CongestionControl::LookupByRegistryName("none")),
                          MakeTypeIdAccessor(&RdmaTransport::m_congestionControlType),
                          MakeTypeIdChecker())
            .AddAttribute("CongestionControl",
                          "A congestion control with attributes of its own; replaces the type",
                          PointerValue(),
                          MakePointerAccessor(&RdmaTransport::m_congestionControl),
                          MakePointerChecker<CongestionControl>())
            .AddAttribute("DataClass",
                          "Traffic class of data packets",
                          UintegerValue(3),
                          MakeUintegerAccessor(&RdmaTransport::m_dataClass),
                          MakeUintegerChecker<uint8_t>(0, 7))
            .AddAttribute("ControlClass",
                          "Traffic class of ACK, NACK and CNP",
                          UintegerValue(6),
                          MakeUintegerAccessor(&RdmaTransport::m_controlClass),
                          MakeUintegerChecker<uint8_t>(0, 7))
            .AddAttribute("AckEveryPackets",
                          "Packets per ACK; the last of a message is always acknowledged",
                          UintegerValue(1),
                          MakeUintegerAccessor(&RdmaTransport::m_ackEveryPackets),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("RetransmissionTimeout",
                          "Time without progress until packets are resent; 0 = 4 ms",
                          TimeValue(Time(0)),
                          MakeTimeAccessor(&RdmaTransport::m_retransmissionTimeout),
                          MakeTimeChecker(Time(0)))
            .AddAttribute("WindowPackets",
                          "Cap on packets in flight per queue pair; 0 = the receiver's bitmap only",
                          UintegerValue(0),
                          MakeUintegerAccessor(&RdmaTransport::m_windowPackets),
                          MakeUintegerChecker<uint32_t>())
            .AddAttribute("ReorderWindowPackets",
                          "Receiver's bitmap under selective repeat",
                          UintegerValue(1024),
                          MakeUintegerAccessor(&RdmaTransport::m_reorderWindowPackets),
                          MakeUintegerChecker<uint32_t>(1, 16384))
            .AddAttribute("SendLatency",
                          "From posting a message to its first byte",
                          TimeValue(Time(0)),
                          MakeTimeAccessor(&RdmaTransport::m_sendLatency),
                          MakeTimeChecker(Time(0)))
            .AddAttribute("ReceiveLatency",
                          "From the last byte to the completion",
                          TimeValue(Time(0)),
                          MakeTimeAccessor(&RdmaTransport::m_receiveLatency),
                          MakeTimeChecker(Time(0)));
    return tid;
}

RdmaTransport::RdmaTransport() = default;

RdmaTransport::~RdmaTransport() = default;

::heddle::TransportConfig
RdmaTransport::GetConfig() const
{
    Ptr<CongestionControl> control = m_congestionControl;
    if (!control)
    {
        ObjectFactory factory;
        factory.SetTypeId(m_congestionControlType);
        control = factory.Create<CongestionControl>();
    }
    ::heddle::TransportConfig config;
    config.mtuPayloadBytes = m_mtuPayloadBytes;
    config.reliability = m_reliability;
    config.congestionControl = control->GetRegistryName();
    config.congestionControlParameters = control->GetParameters();
    config.dataClass = m_dataClass;
    config.controlClass = m_controlClass;
    config.ackEveryPackets = m_ackEveryPackets;
    config.retransmissionTimeout = m_retransmissionTimeout.GetPicoSeconds();
    config.windowPackets = m_windowPackets;
    config.reorderWindowPackets = m_reorderWindowPackets;
    config.sendLatency = m_sendLatency.GetPicoSeconds();
    config.receiveLatency = m_receiveLatency.GetPicoSeconds();
    return config;
}

void
RdmaTransport::Build(::heddle::EventCore& core, ::heddle::Network& network)
{
    HEDDLE_CHECK(!m_transport, "RdmaTransport::Build() called twice");
    m_transport = std::make_unique<::heddle::Transport>(core, network, GetConfig());
}

::heddle::Transport&
RdmaTransport::GetTransport() const
{
    HEDDLE_CHECK(m_transport, "RdmaTransport::GetTransport() before Build()");
    return *m_transport;
}

void
RdmaTransport::DoDispose()
{
    m_transport.reset();
    m_congestionControl = nullptr;
    Object::DoDispose();
}

} // namespace heddle
} // namespace ns3
