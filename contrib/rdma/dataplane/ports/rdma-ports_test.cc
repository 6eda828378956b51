// SPDX-License-Identifier: GPL-2.0-only
//
// NICs of several ports at packet and flow level: rates, and what a lost port or a slow uplink
// costs (validation A14: one of 16 ports is 6.25 %).
#include "ns3/rdma-ports-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace heddle::test
{
namespace
{

constexpr uint64_t kBytes = 64 * 4096 * 8;

/// Payload rate of one message, less its unloaded latency.
template <class W>
double
Goodput(W& world, Tick latency)
{
    world.Post(0, 4, kBytes);
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const Tick time = world.byCookie.at(0).timing.finished - latency;
    return static_cast<double>(kBytes) * 8e12 / static_cast<double>(time);
}

/// A queue pair that sprays has the whole NIC, whatever the number of ports; one with a port of its
/// own has that.
TEST(Ports, AQueuePairHasItsPortsRate)
{
    const double payload = 4096.0 / DataWireBytes(4096, true);
    for (uint32_t planes : {1U, 2U, 4U, 8U})
    {
        for (const std::string choice : {"spray", "hash", "round-robin"})
        {
            World packets(Planes(planes), Ports(choice));
            FlowWorld flows(Planes(planes), Ports(choice));
            const Tick latency = 8 * kMicrosecond; // ACKs and propagation: about
            const double expected = 400e9 * payload / (choice == "spray" ? 1 : planes);
            const double packet = Goodput(packets, latency);
            const double flow = Goodput(flows, latency);
            EXPECT_NEAR(packet / expected, 1, 0.15) << planes << ' ' << choice;
            EXPECT_NEAR(flow / packet, 1, 0.01) << planes << ' ' << choice;
            EXPECT_EQ(packets.Excess(0),
                      flows.byCookie[0].timing.finished - flows.byCookie[0].timing.started -
                          flows.byCookie[0].timing.state[0])
                << planes << ' ' << choice;
        }
    }
}

/// Unloaded, spraying over ports reaches its closed form to the picosecond.
TEST(Ports, SprayAloneIsIdeal)
{
    for (uint32_t planes : {2U, 3U, 8U})
    {
        for (uint64_t bytes : {1ULL, 4096ULL, 4097ULL, 5ULL * 4096, 64ULL * 4096 + 1})
        {
            Cluster cluster = Planes(planes);
            cluster.rate = "2400Gbps"; // divides by 3 and 8
            World world(cluster, Ports("spray"));
            world.Post(0, 4, bytes);
            world.Run();
            EXPECT_EQ(world.Faults(), "");
            EXPECT_EQ(world.Excess(0), 0) << planes << " planes, " << bytes << " B";
        }
    }
}

/// Channels take ports in turn, so all ports of a NIC are busy with as many channels.
TEST(Ports, RoundRobinFillsTheNic)
{
    World world(Planes(4), Ports("round-robin"));
    for (uint32_t channel = 0; channel < 4; ++channel)
    {
        world.Post(0, 4, kBytes / 4, 0, channel);
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const double floor =
        static_cast<double>(kBytes) / 4096 * DataWireBytes(4096, true) * 8e12 / 400e9;
    EXPECT_NEAR(static_cast<double>(world.LastFinish()) / floor, 1.0, 0.15);
    for (NicId port = 0; port < 4; ++port)
    {
        const std::string plane = std::to_string(port);
        const uint32_t link =
            FindLink(world.topology, "nic0." + plane + " → plane" + plane + "-leaf0");
        EXPECT_EQ(world.net.portCounters(2 * link).txPackets, kBytes / 4 / 4096);
    }
}

/// Time of an all-to-all of `hosts` NICs with 16 ports, over all its bytes through the NICs' rate.
template <class W>
double
AllToAllSlowdown(uint32_t hosts, bool lost)
{
    constexpr uint64_t kMuch = 4 << 20;
    Cluster cluster = Planes(16, hosts);
    cluster.rate = "3200Gbps";
    cluster.loadBalancer = "adaptive";
    W world(cluster, Ports("spray"));
    if (lost)
    {
        const uint32_t link = FindLink(world.topology, "nic0.3 → plane3-leaf0");
        world.At(0, [&world, link](Partition&) { world.net.SetLinkUp(link, false); });
    }
    const Tick start = 100 * kMicrosecond; // routes have settled
    for (NicId from = 0; from < hosts; ++from)
    {
        for (NicId turn = 1; turn < hosts; ++turn)
        {
            world.Post(from, (from + turn) % hosts, kMuch, start);
        }
    }
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    const double wire = static_cast<double>(kMuch) / 4096 * DataWireBytes(4096, true);
    const Tick latency = 4 * kMicrosecond; // out and through three switches: about
    Tick finish = 0;
    for (const auto& [cookie, delivery] : world.byCookie)
    {
        finish = std::max(finish, delivery.timing.finished);
    }
    return static_cast<double>(finish - start - latency) / ((hosts - 1) * wire * 8e12 / 3200e9);
}

/// Queue pairs have all ports in turn, whether or not their numbers share a factor.
TEST(Ports, SprayedAllToAllFillsEveryPort)
{
    for (uint32_t hosts : {5U, 6U, 7U, 8U, 9U, 12U, 13U})
    {
        for (const bool lost : {false, true})
        {
            const double expected = lost ? 16.0 / 15 : 1.0;
            const double packets = AllToAllSlowdown<World>(hosts, lost);
            const double flows = AllToAllSlowdown<FlowWorld>(hosts, lost);
            std::printf("  %u queue pairs, %s: expected %.3f, packets %.3f, flows %.3f\n",
                        hosts - 1,
                        lost ? "a port lost" : "intact",
                        expected,
                        packets,
                        flows);
            EXPECT_NEAR(packets / expected, 1, 0.05);
            EXPECT_NEAR(flows / packets, 1, 0.03);
        }
    }
}

/// Bytes that a host has sent from `since` to `until` over its ports.
template <class W, class Sent>
double
HostRate(W& world, Sent sent, Tick since, Tick until)
{
    double before = 0;
    double after = 0;
    world.At(since, [&](Partition&) { before = sent(); });
    world.At(until, [&](Partition&) { after = sent(); });
    world.Run(until + 1);
    return (after - before) * 8e12 / static_cast<double>(until - since);
}

/// A14: one of 16 ports of 200G is 1/16 of the host. HPN measured 6.25 % on such a failure.
TEST(Ports, OneOfSixteenPortsLostIsOneSixteenth)
{
    constexpr uint64_t kMuch = 40'000'000;
    const Tick since = 200 * kMicrosecond;
    const Tick until = 500 * kMicrosecond;
    for (const std::string choice : {"spray", "hash"})
    {
        for (bool dead : {false, true})
        {
            const Topology topology = TwoHosts("dual-tor");
            const uint32_t link = FindLink(topology, "nic3.1 → leaf0-rail3b");
            AnyWorld packets(topology, Ports(choice));
            FlowWorld flows(topology, Ports(choice), 1);
            for (NicId nic = 0; nic < 8; ++nic)
            {
                for (uint32_t channel = 0; channel < (choice == "hash" ? 16U : 1U); ++channel)
                {
                    packets.Post(nic, nic + 8, kMuch, 0, channel);
                    flows.Post(nic, nic + 8, kMuch, 0, channel);
                }
            }
            if (dead)
            {
                const Tick at = 10 * kMicrosecond;
                packets.At(at, [&](Partition&) { packets.net.SetLinkUp(link, false); });
                flows.At(at, [&](Partition&) { flows.net.SetLinkUp(link, false); });
            }
            const double packet = HostRate(
                packets,
                [&]
                {
                    double bytes = 0;
                    for (PortId port = 0; port < 2 * 16; port += 2)
                    {
                        bytes += static_cast<double>(packets.net.portCounters(port).txBytes);
                    }
                    return bytes;
                },
                since,
                until);
            double flow = 0;
            FlowWorld& f = flows;
            f.At(until,
                 [&](Partition&)
                 {
                     for (uint32_t id = 0; id < (choice == "hash" ? 128U : 8U); ++id)
                     {
                         flow += static_cast<double>(f.net.RateOf(id));
                     }
                 });
            f.Run(until + 1);
            const double expected = dead ? 15.0 / 16 : 1;
            std::printf("  %s, %s: packet %.4f, flow %.4f of 3.2 Tb/s, expected %.4f\n",
                        choice.c_str(),
                        dead ? "one port lost" : "whole",
                        packet / 3.2e12,
                        flow / 3.2e12,
                        expected);
            EXPECT_NEAR(packet / 3.2e12, expected, 0.002);
            EXPECT_NEAR(flow / 3.2e12, expected, 0.002);
        }
    }
}

/// Rates of the two planes of four NICs, as shares of the ports', when one of 4 uplinks of
/// plane 1 has half its rate.
std::pair<double, double>
RatesWithSlowUplink(const std::string& balancer, uint32_t reorderWindow)
{
    Cluster cluster = Planes(2);
    cluster.loadBalancer = balancer;
    cluster.bufferBytes = 4'000'000;
    Topology topology = MakeTopology(cluster);
    Topology::Link& slow = topology.links[FindLink(topology, "plane1-leaf0 → plane1-spine0")];
    slow.rate = BitRate(slow.rate.bps() / 2);
    TransportConfig config = Ports("spray");
    config.reorderWindowPackets = reorderWindow;
    AnyWorld world(topology, config);
    for (NicId nic = 0; nic < 4; ++nic)
    {
        world.Post(nic, nic + 4, 40'000'000);
    }
    const auto read = [&](uint32_t plane)
    {
        double bytes = 0;
        for (NicId port = plane; port < 8; port += 2)
        {
            const std::string leaf = "plane" + std::to_string(plane) + "-leaf0";
            const uint32_t link =
                FindLink(topology, NodeName(topology, {false, port}) + " → " + leaf);
            bytes += static_cast<double>(world.net.portCounters(2 * link).txBytes);
        }
        return bytes;
    };
    const Tick since = 300 * kMicrosecond;
    const Tick until = 600 * kMicrosecond;
    double sent[2];
    world.At(since,
             [&](Partition&)
             {
                 sent[0] = read(0);
                 sent[1] = read(1);
             });
    const double unit = static_cast<double>(until - since) / 8e12 * 800e9;
    std::pair<double, double> shares;
    world.At(until,
             [&](Partition&) {
                 shares = {(read(0) - sent[0]) / unit, (read(1) - sent[1]) / unit};
             });
    world.Run(until + 1);
    return shares;
}

/// A14 over planes. Sprayed regardless of queues, the slow uplink holds its plane to a half; the
/// other plane goes on, as long as the receiver's bitmap covers what overtakes the packets that
/// queue in the slow one. Adaptive routing keeps (m − 1/2) / m of m uplinks.
TEST(Ports, ASlowUplinkSlowsItsPlane)
{
    const auto wide = RatesWithSlowUplink("spray", 8192);
    const auto narrow = RatesWithSlowUplink("spray", 1024);
    std::printf("  bitmap 8192: planes at %.3f and %.3f; 1024: %.3f and %.3f\n",
                wide.first,
                wide.second,
                narrow.first,
                narrow.second);
    const auto adaptive = RatesWithSlowUplink("adaptive", 8192);
    std::printf("  adaptive: planes at %.3f and %.3f, expected 1 and %.3f\n",
                adaptive.first,
                adaptive.second,
                3.5 / 4);
    EXPECT_NEAR(adaptive.first, 1, 0.01);
    EXPECT_NEAR(adaptive.second, 3.5 / 4, 0.05 * 3.5 / 4);
    EXPECT_NEAR(wide.first, 1, 0.01);
    EXPECT_NEAR(wide.second, 0.5, 0.05);
    EXPECT_NEAR(narrow.second, 0.5, 0.05);
    EXPECT_LT(narrow.first, 0.6) << "4 MB of queue at 200 Gb/s are more than 1024 packets of a NIC";
}

} // namespace
} // namespace heddle::test
