// SPDX-License-Identifier: GPL-2.0-only
//
// The transport under ns-3's simulator: attributes reach the data plane, a transfer takes its ideal
// time on ns-3's clock. Everything else is in the unit tests.

#include "ns3/base-registry.h"
#include "ns3/config.h"
#include "ns3/event-engine.h"
#include "ns3/fabric-network-facade.h"
#include "ns3/object-factory.h"
#include "ns3/pointer.h"
#include "ns3/rdma-transport-facade.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/test.h"
#include "ns3/uinteger.h"

using namespace ns3;
using ::heddle::kNanosecond;
using ns3::heddle::CongestionControl;
using ns3::heddle::EventEngine;
using ns3::heddle::FabricNetwork;
using ns3::heddle::RdmaTransport;

namespace
{

Ptr<CongestionControl>
Make(const std::string& type)
{
    ObjectFactory factory;
    factory.SetTypeId(type);
    return factory.Create<CongestionControl>();
}

class AttributesTestCase : public TestCase
{
  public:
    AttributesTestCase() : TestCase("registry parameters are ns-3 attributes")
    {
    }

  private:
    void DoRun() override
    {
        const auto names = ::heddle::RegistryIndex::Names("congestion-control");
        NS_TEST_EXPECT_MSG_GT(names.size(), 1, "controls in the registry");
        for (const std::string& name : names)
        {
            const TypeId tid = CongestionControl::LookupByRegistryName(name);
            const auto& choice = ::heddle::RegistryIndex::Find("congestion-control", name);
            NS_TEST_EXPECT_MSG_EQ(tid.GetAttributeN(),
                                  choice.parameters.size(),
                                  "attributes of " << tid.GetName());
            NS_TEST_EXPECT_MSG_EQ(Make(tid.GetName())->GetRegistryName(), name, "way back");
        }
        Ptr<CongestionControl> dcqcn = Make("ns3::heddle::Dcqcn");
        NS_TEST_EXPECT_MSG_EQ(dcqcn->SetAttributeFailSafe("AiRate", StringValue("40Mbps")),
                              true,
                              "a rate");
        NS_TEST_EXPECT_MSG_EQ(dcqcn->SetAttributeFailSafe("AiRate", StringValue("40 parsec")),
                              false,
                              "not a rate");
        StringValue got;
        dcqcn->GetAttribute("AiRate", got);
        NS_TEST_EXPECT_MSG_EQ(got.Get(), "40Mbps", "read back");

        auto rdma = CreateObjectWithAttributes<RdmaTransport>("CongestionControl",
                                                              PointerValue(dcqcn),
                                                              "AckEveryPackets",
                                                              UintegerValue(4));
        const ::heddle::TransportConfig config = rdma->GetConfig();
        NS_TEST_EXPECT_MSG_EQ(config.congestionControl, "dcqcn", "registry name");
        NS_TEST_EXPECT_MSG_EQ(config.congestionControlParameters.at("ai_rate"), "40Mbps", "value");
        NS_TEST_EXPECT_MSG_EQ(config.ackEveryPackets, 4, "other attributes");
        NS_TEST_EXPECT_MSG_EQ(CreateObject<RdmaTransport>()->GetConfig().congestionControl,
                              "none",
                              "ns3::heddle::LineRate by default");
    }
};

class TransferTestCase : public TestCase, private ::heddle::TransportClient
{
  public:
    explicit TransferTestCase(const std::string& control)
        : TestCase("a transfer under Simulator::Run with " + control), m_control(control)
    {
    }

  private:
    void OnDelivered(::heddle::Partition&, const ::heddle::Delivery& delivery) override
    {
        m_delivery = delivery;
        ++m_delivered;
    }

    void OnAcknowledged(::heddle::Partition&, ::heddle::QpId, uint64_t) override
    {
        ++m_acknowledged;
    }

    void DoRun() override
    {
        // Here and not in main(): other suites in the same program may want ns-3's default.
        if (Time::GetResolution() != Time::PS)
        {
            Time::SetResolution(Time::PS);
        }
        ::heddle::EventCore core({});
        EventEngine::Attach(core);
        auto fabric = CreateObject<FabricNetwork>();
        ::heddle::ClusterShape shape;
        shape.hosts = 2;
        shape.acceleratorsPerHost = 1;
        shape.nicRate = ::heddle::ParseRate("400Gbps");
        shape.delayByTier = {500 * kNanosecond};
        shape.switchConfig = fabric->GetSwitchConfig();
        fabric->Build(core, ::heddle::BuildTopology("single-switch", shape, {}));
        auto rdma =
            CreateObjectWithAttributes<RdmaTransport>("CongestionControlType",
                                                      TypeIdValue(TypeId::LookupByName(m_control)));
        rdma->Build(core, fabric->GetNetwork());
        ::heddle::Transport& transport = rdma->GetTransport();
        transport.SetClient(this);
        const ::heddle::QpId qp = transport.Connect(0, 1, 0);
        transport.Post(core.part(0), qp, 10'000'000, 42);
        Simulator::Run();

        NS_TEST_EXPECT_MSG_EQ(m_delivered, 1, "deliveries");
        NS_TEST_EXPECT_MSG_EQ(m_acknowledged, 1, "acknowledgements");
        NS_TEST_EXPECT_MSG_EQ(m_delivery.cookie, 42, "cookie");
        NS_TEST_EXPECT_MSG_EQ(m_delivery.timing.finished,
                              transport.IdealTime(qp, 10'000'000),
                              "alone in the network it takes its ideal time, ps");
        NS_TEST_EXPECT_MSG_GT(Simulator::Now().GetPicoSeconds(),
                              m_delivery.timing.finished,
                              "the last ACK comes later, on ns-3's clock");
        Simulator::Destroy();
        rdma->Dispose();
        fabric->Dispose();
    }

    std::string m_control;
    ::heddle::Delivery m_delivery{};
    int m_delivered = 0;
    int m_acknowledged = 0;
};

class RdmaTestSuite : public TestSuite
{
  public:
    RdmaTestSuite() : TestSuite("heddle-rdma", TestSuite::Type::UNIT)
    {
        AddTestCase(new AttributesTestCase);
        AddTestCase(new TransferTestCase("ns3::heddle::LineRate"));
        AddTestCase(new TransferTestCase("ns3::heddle::Dcqcn"));
    }
};

RdmaTestSuite g_rdmaTestSuite;

} // namespace
