// SPDX-License-Identifier: GPL-2.0-only
//
// The fabric under ns-3's simulator: a latency oracle (validation A2), a lossless incast with its
// trace sources, and the load balancers' TypeIds. Everything else is in the unit tests.

#include "ns3/base-registry.h"
#include "ns3/boolean.h"
#include "ns3/event-engine.h"
#include "ns3/fabric-network-facade.h"
#include "ns3/fabric-topology.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/test.h"
#include "ns3/uinteger.h"

#include <vector>

using namespace ns3;
using ::heddle::kMicrosecond;
using ::heddle::kNanosecond;
using ns3::heddle::EventEngine;
using ns3::heddle::FabricNetwork;

namespace
{

constexpr uint32_t kMtu = 4178;
constexpr int64_t kPacketTime = int64_t{kMtu} * 20; // 400 Gb/s, ps

/// In the tests themselves: other suites in the same program may want ns-3's default.
void
UsePicoseconds()
{
    if (Time::GetResolution() != Time::PS)
    {
        Time::SetResolution(Time::PS);
    }
}

/// Sends a number of packets to one receiver from each of several NICs, at line rate.
class Senders : public ::heddle::NicClient
{
  public:
    Senders(::heddle::EventCore& core, ::heddle::Network& net, uint32_t nics, uint32_t to)
        : m_core(core),
          m_net(net),
          m_to(to),
          m_left(nics, 0),
          m_start(core.AddHandler<Senders, &Senders::OnStart>(this)),
          m_entity(core.NewEntities())
    {
        for (uint32_t nic = 0; nic < nics; ++nic)
        {
            net.Attach(nic, this);
        }
    }

    void Start(uint32_t nic, uint32_t packets)
    {
        m_left[nic] = packets;
        m_core.part(0).Insert({0, m_core.Key(m_entity, nic), 0, nic, m_start, 0});
    }

    void OnReceive(::heddle::Partition& part, uint32_t, ::heddle::Packet* packet) override
    {
        ++received;
        last = part.now();
        m_net.Free(part, packet);
    }

    void OnPortReady(::heddle::Partition& part, uint32_t nic) override
    {
        if (m_left[nic] > 0 && m_net.CanSend(part, nic, 3))
        {
            --m_left[nic];
            ::heddle::Packet* packet = m_net.Alloc(part);
            packet->source = nic;
            packet->destination = m_to;
            packet->wireBytes = kMtu;
            packet->trafficClass = 3;
            m_net.Send(part, nic, packet);
        }
        if (m_left[nic] > 0)
        {
            m_net.WakeWhenReady(part, nic);
        }
    }

    uint64_t received = 0;
    ::heddle::Tick last = 0;

  private:
    void OnStart(::heddle::Partition& part, const ::heddle::Event& event)
    {
        OnPortReady(part, event.entity);
    }

    ::heddle::EventCore& m_core;
    ::heddle::Network& m_net;
    uint32_t m_to;
    std::vector<uint32_t> m_left;
    ::heddle::HandlerId m_start;
    uint32_t m_entity;
};

::heddle::ClusterShape
Shape(uint32_t hosts, const FabricNetwork& fabric)
{
    ::heddle::ClusterShape shape;
    shape.hosts = hosts;
    shape.acceleratorsPerHost = 1;
    shape.nicRate = ::heddle::ParseRate("400Gbps");
    shape.delayByTier = {500 * kNanosecond};
    shape.switchConfig = fabric.GetSwitchConfig();
    return shape;
}

class LatencyTestCase : public TestCase
{
  public:
    explicit LatencyTestCase(bool cutThrough)
        : TestCase(cutThrough ? "latency over five switches, cut-through"
                              : "latency over five switches, store-and-forward"),
          m_cutThrough(cutThrough)
    {
    }

  private:
    void DoRun() override
    {
        UsePicoseconds();
        ::heddle::EventCore core({});
        EventEngine::Attach(core);
        auto fabric = CreateObjectWithAttributes<FabricNetwork>("CutThrough",
                                                                BooleanValue(m_cutThrough),
                                                                "ForwardingLatency",
                                                                TimeValue(NanoSeconds(500)));
        fabric->Build(core,
                      ::heddle::BuildTopology("fat-tree-3", Shape(16, *fabric), {{"k", "4"}}));
        Senders nics(core, fabric->GetNetwork(), 16, 15);
        const int n = 3;
        nics.Start(0, n);
        Simulator::Run();
        const int h = 5;
        const int64_t perSwitch = m_cutThrough ? 64 * 20 : kPacketTime;
        const int64_t expected = n * kPacketTime + h * perSwitch + (2 * h + 1) * 500'000;
        NS_TEST_EXPECT_MSG_EQ(nics.received, n, "packets received");
        NS_TEST_EXPECT_MSG_EQ(nics.last, expected, "last bit of the last packet, ps");
        NS_TEST_EXPECT_MSG_EQ(Simulator::Now().GetPicoSeconds(), expected, "ns-3's clock");
        Simulator::Destroy();
    }

    bool m_cutThrough;
};

class IncastTestCase : public TestCase
{
  public:
    IncastTestCase() : TestCase("lossless incast, traces")
    {
    }

  private:
    void OnPause(uint32_t, uint8_t trafficClass, bool xoff)
    {
        NS_TEST_EXPECT_MSG_EQ(+trafficClass, 3, "class of the pause");
        m_xoff += xoff;
        m_xon += !xoff;
        // An ordinary event from a trace sink: it runs on ns-3's side.
        Simulator::ScheduleNow([this] { ++m_scheduled; });
    }

    void OnDrop(uint32_t, uint8_t, uint16_t, uint8_t)
    {
        ++m_drops;
    }

    void DoRun() override
    {
        UsePicoseconds();
        ::heddle::EventCore core({});
        EventEngine::Attach(core);
        auto fabric = CreateObjectWithAttributes<FabricNetwork>("BufferBytes",
                                                                UintegerValue(1'000'000),
                                                                "LosslessClasses",
                                                                UintegerValue(1 << 3));
        fabric->Build(core,
                      ::heddle::BuildTopology("single-switch", Shape(9, *fabric), {}),
                      EventEngine::EnableUpcalls(1));
        fabric->TraceConnectWithoutContext("PauseSent",
                                           MakeCallback(&IncastTestCase::OnPause, this));
        fabric->TraceConnectWithoutContext("Drop", MakeCallback(&IncastTestCase::OnDrop, this));
        Senders nics(core, fabric->GetNetwork(), 9, 8);
        for (uint32_t nic = 0; nic < 8; ++nic)
        {
            nics.Start(nic, 200);
        }
        Simulator::Run();
        const ::heddle::NetworkCounters counters = fabric->GetNetwork().counters();
        NS_TEST_EXPECT_MSG_EQ(nics.received, 1600, "a lossless fabric loses nothing");
        NS_TEST_EXPECT_MSG_EQ(m_drops, 0, "drops traced");
        NS_TEST_EXPECT_MSG_GT(m_xoff, 0, "the buffer is too small for the incast");
        NS_TEST_EXPECT_MSG_EQ(m_xoff, counters.pauseFrames, "XOFF traced and counted");
        NS_TEST_EXPECT_MSG_EQ(m_xon, m_xoff, "every pause ends");
        NS_TEST_EXPECT_MSG_EQ(m_scheduled, m_xoff + m_xon, "events scheduled by the sink");
        // The last hop never idles: first header in, then 1600 packets (validation A4).
        const int64_t expected = 64 * 20 + 1'000'000 + 1600 * kPacketTime;
        NS_TEST_EXPECT_MSG_EQ(nics.last, expected, "incast drain time, ps");
        Simulator::Destroy();
    }

    uint64_t m_xoff = 0;
    uint64_t m_xon = 0;
    uint64_t m_drops = 0;
    uint64_t m_scheduled = 0;
};

class TypeIdTestCase : public TestCase
{
  public:
    TypeIdTestCase() : TestCase("load balancers are listed as TypeIds")
    {
    }

  private:
    void DoRun() override
    {
        uint32_t listed = 0;
        for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
        {
            TypeId tid = TypeId::GetRegistered(i);
            listed += tid.HasParent() && tid != tid.GetParent() &&
                      tid.GetParent().GetName() == "ns3::heddle::LoadBalancer";
        }
        const auto names = ::heddle::RegistryIndex::Names("load-balancer");
        NS_TEST_EXPECT_MSG_GT(names.size(), 2, "ecmp, spray, adaptive at least");
        NS_TEST_EXPECT_MSG_EQ(listed, names.size(), "one TypeId each");
        TypeId tid;
        NS_TEST_EXPECT_MSG_EQ(
            TypeId::LookupByNameFailSafe("ns3::heddle::AdaptiveLoadBalancer", &tid),
            true,
            "adaptive by name");
    }
};

class FabricTestSuite : public TestSuite
{
  public:
    FabricTestSuite() : TestSuite("heddle-fabric", TestSuite::Type::UNIT)
    {
        AddTestCase(new LatencyTestCase(true));
        AddTestCase(new LatencyTestCase(false));
        AddTestCase(new IncastTestCase);
        AddTestCase(new TypeIdTestCase);
    }
};

FabricTestSuite g_fabricTestSuite;

} // namespace
