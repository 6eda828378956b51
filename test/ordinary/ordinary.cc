// SPDX-License-Identifier: GPL-2.0-only
//
// Two programs as ns-3's users write them, without anything of ours: TCP over a bottleneck, and an
// ad hoc Wi-Fi network. Prints a digest of every packet received, with its time.
//
//   ordinary tcp|wifi SECONDS          under the simulator that NS_GLOBAL_VALUE names
#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/mobility-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/wifi-module.h"

#include <iostream>

using namespace ns3;

namespace
{

uint64_t g_digest = 0;
uint64_t g_packets = 0;

void
Mix(uint64_t value)
{
    g_digest = (g_digest ^ value) * 0x9e3779b97f4a7c15ULL;
    g_digest ^= g_digest >> 29;
}

void
OnReceive(Ptr<const Packet> packet, const Address&)
{
    ++g_packets;
    Mix(static_cast<uint64_t>(Simulator::Now().GetTimeStep()));
    Mix(packet->GetSize());
    Mix(Simulator::GetContext());
}

void
Sink(const Ptr<Node>& node, const std::string& protocol, uint16_t port, const Time& stop)
{
    PacketSinkHelper sink(protocol, InetSocketAddress(Ipv4Address::GetAny(), port));
    ApplicationContainer app = sink.Install(node);
    app.Stop(stop);
    app.Get(0)->TraceConnectWithoutContext("Rx", MakeCallback(&OnReceive));
}

/// Four senders share 20 Mb/s to four receivers.
void
BuildTcp(const Time& stop)
{
    NodeContainer left(4);
    NodeContainer right(4);
    NodeContainer routers(2);
    InternetStackHelper internet;
    internet.Install(NodeContainer(left, right, routers));
    PointToPointHelper edge;
    edge.SetDeviceAttribute("DataRate", StringValue("100Mbps"));
    edge.SetChannelAttribute("Delay", StringValue("2ms"));
    PointToPointHelper middle;
    middle.SetDeviceAttribute("DataRate", StringValue("20Mbps"));
    middle.SetChannelAttribute("Delay", StringValue("10ms"));
    Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
    const auto join = [&](PointToPointHelper& link, const Ptr<Node>& a, const Ptr<Node>& b)
    {
        Ipv4InterfaceContainer made = addresses.Assign(link.Install(a, b));
        addresses.NewNetwork();
        return made.GetAddress(1);
    };
    join(middle, routers.Get(0), routers.Get(1));
    for (uint32_t i = 0; i < 4; ++i)
    {
        join(edge, left.Get(i), routers.Get(0));
        const Ipv4Address to = join(edge, routers.Get(1), right.Get(i));
        Sink(right.Get(i), "ns3::TcpSocketFactory", 9, stop);
        BulkSendHelper bulk("ns3::TcpSocketFactory", InetSocketAddress(to, 9));
        ApplicationContainer app = bulk.Install(left.Get(i));
        app.Start(MilliSeconds(10 * i));
        app.Stop(stop);
    }
    Ipv4GlobalRoutingHelper::PopulateRoutingTables();
}

/// Nine stations in a square, each sending UDP to the next.
void
BuildWifi(const Time& stop)
{
    NodeContainer nodes(9);
    YansWifiChannelHelper channel = YansWifiChannelHelper::Default();
    YansWifiPhyHelper phy;
    phy.SetChannel(channel.Create());
    WifiMacHelper mac;
    mac.SetType("ns3::AdhocWifiMac");
    WifiHelper wifi;
    wifi.SetStandard(WIFI_STANDARD_80211a);
    wifi.SetRemoteStationManager("ns3::ConstantRateWifiManager",
                                 "DataMode",
                                 StringValue("OfdmRate24Mbps"));
    NetDeviceContainer devices = wifi.Install(phy, mac, nodes);
    MobilityHelper mobility;
    mobility.SetPositionAllocator("ns3::GridPositionAllocator",
                                  "GridWidth",
                                  UintegerValue(3),
                                  "DeltaX",
                                  DoubleValue(20),
                                  "DeltaY",
                                  DoubleValue(20));
    mobility.Install(nodes);
    InternetStackHelper internet;
    internet.Install(nodes);
    Ipv4AddressHelper addresses("10.1.0.0", "255.255.255.0");
    Ipv4InterfaceContainer interfaces = addresses.Assign(devices);
    for (uint32_t i = 0; i < 9; ++i)
    {
        Sink(nodes.Get(i), "ns3::UdpSocketFactory", 9, stop);
        const InetSocketAddress to(interfaces.GetAddress((i + 1) % 9), 9);
        OnOffHelper source("ns3::UdpSocketFactory", to);
        source.SetConstantRate(DataRate("1Mbps"), 1000);
        ApplicationContainer app = source.Install(nodes.Get(i));
        app.Start(MilliSeconds(100 + i));
        app.Stop(stop);
    }
}

} // namespace

int
main(int argc, char** argv)
{
    const std::string which = argc > 2 ? argv[1] : "";
    if (which != "tcp" && which != "wifi")
    {
        std::cerr << "usage: ordinary tcp|wifi SECONDS\n";
        return 2;
    }
    const Time stop = Seconds(std::stod(argv[2]));
    which == "tcp" ? BuildTcp(stop) : BuildWifi(stop);
    Simulator::Stop(stop);
    Simulator::Run();
    std::cout << which << ": " << g_packets << " packets, " << Simulator::GetEventCount()
              << " events, digest " << std::hex << g_digest << std::endl;
    Simulator::Destroy();
    return g_packets > 0 ? 0 : 1;
}
