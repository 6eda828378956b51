// SPDX-License-Identifier: GPL-2.0-only
#include "fabric-network-facade.h"

#include "ns3/base-errors.h"
#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <sstream>

namespace ns3
{
namespace heddle
{

NS_OBJECT_ENSURE_REGISTERED(FabricNetwork);

namespace
{

TypeId
AddSwitchAttributes(TypeId tid,
                    const Ptr<const AttributeAccessor>& lossless,
                    const Ptr<const AttributeAccessor>& strict,
                    const Ptr<const AttributeAccessor>& balancer,
                    const Ptr<const AttributeAccessor>& parameters)
{
    return tid
        .AddAttribute("LosslessClasses",
                      "Bit mask of traffic classes under PFC.",
                      UintegerValue(0),
                      lossless,
                      MakeUintegerChecker<uint8_t>())
        .AddAttribute("StrictClasses",
                      "Bit mask of traffic classes with strict priority; the others share by DWRR.",
                      UintegerValue(0),
                      strict,
                      MakeUintegerChecker<uint8_t>())
        .AddAttribute("LoadBalancer",
                      "Name in the registry category load-balancer.",
                      StringValue("ecmp"),
                      balancer,
                      MakeStringChecker())
        .AddAttribute("LoadBalancerParameters",
                      "Its parameters as name=value, separated by commas.",
                      StringValue(""),
                      parameters,
                      MakeStringChecker());
}

} // namespace

TypeId
FabricNetwork::GetTypeId()
{
    using Self = FabricNetwork;
    static TypeId tid = []
    {
        TypeId made =
            TypeId("ns3::heddle::FabricNetwork")
                .SetParent<Object>()
                .SetGroupName("HeddleFabric")
                .AddConstructor<Self>()
                .AddAttribute(
                    "CutThrough",
                    "Forward at the header where the output is not faster than the input; "
                    "false: store and forward.",
                    BooleanValue(true),
                    MakeBooleanAccessor(&Self::m_cutThrough),
                    MakeBooleanChecker())
                .AddAttribute("ForwardingLatency",
                              "Header complete to egress queue.",
                              TimeValue(Time(0)),
                              MakeTimeAccessor(&Self::m_forwardingLatency),
                              MakeTimeChecker(Time(0)))
                .AddAttribute("PauseResponse",
                              "Reaction time of a transmitter to a PFC frame.",
                              TimeValue(Time(0)),
                              MakeTimeAccessor(&Self::m_pauseResponse),
                              MakeTimeChecker(Time(0)))
                .AddAttribute("HeaderBytes",
                              "What cut-through waits for.",
                              UintegerValue(64),
                              MakeUintegerAccessor(&Self::m_headerBytes),
                              MakeUintegerChecker<uint32_t>(1))
                .AddAttribute("BufferBytes",
                              "Memory shared by all ports of a switch; 0 = unlimited.",
                              UintegerValue(0),
                              MakeUintegerAccessor(&Self::m_bufferBytes),
                              MakeUintegerChecker<uint64_t>())
                .AddAttribute("HeadroomBytes",
                              "Per ingress port and lossless class; 0 = computed.",
                              UintegerValue(0),
                              MakeUintegerAccessor(&Self::m_headroomBytes),
                              MakeUintegerChecker<uint64_t>())
                .AddAttribute("XonOffsetBytes",
                              "Resume this far below the dynamic threshold.",
                              UintegerValue(0),
                              MakeUintegerAccessor(&Self::m_xonOffsetBytes),
                              MakeUintegerChecker<uint64_t>())
                .AddAttribute("MtuWireBytes",
                              "Largest packet on the wire; headroom and DWRR quantum.",
                              UintegerValue(4178),
                              MakeUintegerAccessor(&Self::m_mtuWireBytes),
                              MakeUintegerChecker<uint32_t>(1))
                .AddAttribute("Alpha",
                              "Dynamic threshold: limit = alpha * (pool - used).",
                              DoubleValue(1.0),
                              MakeDoubleAccessor(&Self::m_alpha),
                              MakeDoubleChecker<double>(0.0));
        return AddSwitchAttributes(made,
                                   MakeUintegerAccessor(&Self::m_losslessClasses),
                                   MakeUintegerAccessor(&Self::m_strictClasses),
                                   MakeStringAccessor(&Self::m_loadBalancer),
                                   MakeStringAccessor(&Self::m_loadBalancerParameters))
            .AddTraceSource("Drop",
                            "A packet was lost: port, reason, wire bytes, traffic class.",
                            MakeTraceSourceAccessor(&Self::m_drop),
                            "ns3::heddle::FabricNetwork::DropTracedCallback")
            .AddTraceSource("PauseSent",
                            "A PFC frame was sent: port to stop or resume, class, XOFF.",
                            MakeTraceSourceAccessor(&Self::m_pauseSent),
                            "ns3::heddle::FabricNetwork::PauseTracedCallback");
    }();
    return tid;
}

FabricNetwork::FabricNetwork() = default;

FabricNetwork::~FabricNetwork() = default;

::heddle::SwitchConfig
FabricNetwork::GetSwitchConfig() const
{
    ::heddle::SwitchConfig config;
    config.forwarding =
        m_cutThrough ? ::heddle::Forwarding::CutThrough : ::heddle::Forwarding::StoreAndForward;
    config.forwardingLatency = m_forwardingLatency.GetPicoSeconds();
    config.pauseResponse = m_pauseResponse.GetPicoSeconds();
    config.headerBytes = m_headerBytes;
    config.bufferBytes = m_bufferBytes;
    config.headroomBytes = m_headroomBytes;
    config.xonOffsetBytes = m_xonOffsetBytes;
    config.mtuWireBytes = m_mtuWireBytes;
    config.alpha = m_alpha;
    config.loadBalancer = m_loadBalancer;
    for (unsigned c = 0; c < ::heddle::kClasses; ++c)
    {
        config.classes[c].lossless = m_losslessClasses >> c & 1U;
        config.classes[c].strict = m_strictClasses >> c & 1U;
    }
    std::istringstream list(m_loadBalancerParameters);
    for (std::string item; std::getline(list, item, ',');)
    {
        const size_t equals = item.find('=');
        if (equals == std::string::npos)
        {
            throw ::heddle::InputError("LoadBalancerParameters: '" + item +
                                       "' is not of the form name=value");
        }
        config.loadBalancerParameters[item.substr(0, equals)] = item.substr(equals + 1);
    }
    return config;
}

void
FabricNetwork::Build(::heddle::EventCore& core,
                     const ::heddle::Topology& topology,
                     ::heddle::Upcalls* upcalls)
{
    if (m_network)
    {
        throw ::heddle::InputError("FabricNetwork: built already");
    }
    if (!upcalls && core.partitions() > 1)
    {
        throw ::heddle::InputError("FabricNetwork: several partitions need upcalls for traces");
    }
    m_core = &core;
    m_upcalls = upcalls;
    m_topology = std::make_unique<::heddle::Topology>(topology);
    m_network = std::make_unique<::heddle::Network>(core, *m_topology);
    m_network->SetObserver(this);
    m_sequences.assign(core.partitions(), 0);
    m_firstEntity = core.NewEntities(core.partitions());
}

::heddle::Network&
FabricNetwork::GetNetwork() const
{
    HEDDLE_CHECK(m_network, "FabricNetwork::Build() comes first");
    return *m_network;
}

void
FabricNetwork::DoDispose()
{
    m_network.reset();
    Object::DoDispose();
}

void
FabricNetwork::Post(::heddle::Partition& part, Fire fire, uint64_t arg)
{
    if (!m_upcalls)
    {
        fire(this, arg);
        return;
    }
    const uint32_t p = part.index();
    m_upcalls->Post(part, m_core->Key(m_firstEntity + p, m_sequences[p]++), fire, this, arg);
}

void
FabricNetwork::OnDrop(::heddle::Partition& part,
                      ::heddle::PortId port,
                      const ::heddle::Packet& packet,
                      ::heddle::DropReason reason)
{
    if (!m_drop.IsEmpty())
    {
        Post(part,
             &FabricNetwork::FireDrop,
             port | uint64_t{packet.wireBytes} << 32 | uint64_t{packet.trafficClass} << 48 |
                 static_cast<uint64_t>(reason) << 56);
    }
}

void
FabricNetwork::OnPause(::heddle::Partition& part,
                       ::heddle::PortId port,
                       unsigned trafficClass,
                       bool xoff)
{
    if (!m_pauseSent.IsEmpty())
    {
        Post(part,
             &FabricNetwork::FirePause,
             port | uint64_t{trafficClass} << 32 | uint64_t{xoff} << 40);
    }
}

void
FabricNetwork::FireDrop(void* self, uint64_t arg)
{
    static_cast<FabricNetwork*>(self)->m_drop(static_cast<uint32_t>(arg),
                                              static_cast<uint8_t>(arg >> 56),
                                              static_cast<uint16_t>(arg >> 32),
                                              static_cast<uint8_t>(arg >> 48));
}

void
FabricNetwork::FirePause(void* self, uint64_t arg)
{
    static_cast<FabricNetwork*>(self)->m_pauseSent(static_cast<uint32_t>(arg),
                                                   static_cast<uint8_t>(arg >> 32),
                                                   (arg >> 40 & 1U) != 0);
}

} // namespace heddle
} // namespace ns3
