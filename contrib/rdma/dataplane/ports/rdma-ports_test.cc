// SPDX-License-Identifier: GPL-2.0-only
//
// NICs of several ports at packet and flow level: rates, ports that fail (validation A14: one of 16
// ports is 6.25 %, one leaf per rail halts), failover, retry budgets.
#include "ns3/rdma-flow-test-world.h"
#include "ns3/rdma-test-world.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle::test
{
namespace
{

constexpr uint64_t kBytes = 64 * 4096 * 8;
constexpr Tick kSecond = 1000 * kMillisecond;

Cluster
Planes(uint32_t planes, uint32_t nics = 8)
{
    Cluster cluster;
    cluster.nics = nics;
    cluster.topology = "multi-plane";
    cluster.parameters = {{"planes", std::to_string(planes)}, {"hosts_per_leaf", "4"}};
    cluster.lossless = true;
    return cluster;
}

TransportConfig
Ports(const std::string& choice, bool failover = true)
{
    TransportConfig config = SelectiveRepeat();
    config.portChoice = choice;
    config.portFailover = failover;
    config.retransmissionTimeout = 200 * kMicrosecond;
    return config;
}

uint32_t
FindLink(const Topology& topology, const std::string& port)
{
    for (PortId id = 0; id < 2 * topology.links.size(); ++id)
    {
        if (PortName(topology, id) == port)
        {
            return id / 2;
        }
    }
    ADD_FAILURE() << "no " << port;
    return 0;
}

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

/// Two hosts of 8 NICs with 2 ports each, every NIC sending to its opposite number.
Topology
TwoHosts(const std::string& name)
{
    ClusterShape shape;
    shape.hosts = 2;
    shape.acceleratorsPerHost = 8;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {500 * kNanosecond};
    shape.switchConfig.forwardingLatency = 500 * kNanosecond;
    shape.switchConfig.mtuWireBytes = DataWireBytes(4096, true);
    shape.switchConfig.classes[3].lossless = true;
    shape.switchConfig.classes[6].strict = true;
    const std::map<std::string, std::string> one{{"hosts_per_group", "1"}};
    Topology topology = BuildTopology(name, shape, one);
    topology.rerouteDelay = 20 * kMicrosecond;
    return topology;
}

class AnyWorld : public World
{
  public:
    AnyWorld(Topology given, const TransportConfig& config) : World(std::move(given), config, 1)
    {
    }
};

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

/// Time of a transfer of 200 us whose sender loses a link at 50 us for `outage`.
template <class W>
double
TimeWithOutage(const Topology& topology,
               const std::string& port,
               const TransportConfig& config,
               Tick outage)
{
    const uint32_t link = FindLink(topology, port);
    W world(topology, config);
    world.Post(3, 11, 10'000'000);
    world.At(50 * kMicrosecond, [&, link](Partition&) { world.net.SetLinkUp(link, false); });
    world.At(50 * kMicrosecond + outage,
             [&, link](Partition&) { world.net.SetLinkUp(link, true); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    return static_cast<double>(world.byCookie.at(0).timing.finished) / kMicrosecond;
}

class AnyFlowWorld : public FlowWorld
{
  public:
    AnyFlowWorld(const Topology& given, const TransportConfig& config) : FlowWorld(given, config, 1)
    {
    }
};

/// HPN: with two leaves per rail the job goes on at half the NIC's rate, with one it halts until
/// the repair.
TEST(Ports, DualTorGoesOnSingleTorHaltsUntilRepair)
{
    const Tick outage = 5 * kMillisecond;
    const double whole = 10'000'000.0 / 4096 * DataWireBytes(4096, true) * 8 / 400e3; // us
    const Topology dual = TwoHosts("dual-tor");
    const Topology single = TwoHosts("rail-optimised");
    // 50 us at the full rate, the rest at half.
    const double halved = 50 + 2 * (whole - 50);
    const auto check = [&](const char* what, double dualTime, double singleTime)
    {
        std::printf("  %s: whole %.0f us; two leaves %.0f us, expected %.0f; one leaf %.0f us\n",
                    what,
                    whole,
                    dualTime,
                    halved,
                    singleTime);
        EXPECT_NEAR(dualTime / halved, 1, 0.05) << what;
        EXPECT_GT(singleTime, 5050) << what;
        EXPECT_LT(singleTime, 8000) << what; // and the sender's time-out
    };
    check("packet",
          TimeWithOutage<AnyWorld>(dual, "nic3.1 → leaf0-rail3b", Ports("spray"), outage),
          TimeWithOutage<AnyWorld>(single, "nic3 → leaf0-rail3", Ports("spray"), outage));
    check("flow",
          TimeWithOutage<AnyFlowWorld>(dual, "nic3.1 → leaf0-rail3b", Ports("spray"), outage),
          TimeWithOutage<AnyFlowWorld>(single, "nic3 → leaf0-rail3", Ports("spray"), outage));
}

/// The receiver's port dies: senders hear of it from the routes, lose what they sent until then,
/// and use the other port.
TEST(Ports, TheOtherEndsPortFails)
{
    const Topology dual = TwoHosts("dual-tor");
    const std::string port = "nic11.0 → leaf1-rail3a";
    for (const std::string choice : {"spray", "hash", "round-robin"})
    {
        const double time = TimeWithOutage<AnyWorld>(dual, port, Ports(choice), 50 * kMillisecond);
        EXPECT_LT(time, 2500) << choice << ": far less than the outage of 50 ms";
    }
}

/// A queue pair on a dead port: with failover it goes on, without it waits for the repair.
TEST(Ports, FailoverOrNot)
{
    const Topology dual = TwoHosts("dual-tor");
    for (const char* side : {"0 → leaf0-rail3a", "1 → leaf0-rail3b"})
    {
        const std::string port = std::string("nic3.") + side;
        const bool carries = port.find("3.0") != std::string::npos; // channel 0
        const double moved =
            TimeWithOutage<AnyWorld>(dual, port, Ports("round-robin", true), 5 * kMillisecond);
        const double stuck =
            TimeWithOutage<AnyWorld>(dual, port, Ports("round-robin", false), 5 * kMillisecond);
        const double flowMoved =
            TimeWithOutage<AnyFlowWorld>(dual, port, Ports("round-robin", true), 5 * kMillisecond);
        const double flowStuck =
            TimeWithOutage<AnyFlowWorld>(dual, port, Ports("round-robin", false), 5 * kMillisecond);
        EXPECT_LT(moved, 1000) << port;
        EXPECT_LT(flowMoved, 1000) << port;
        EXPECT_EQ(stuck > 5050, carries) << port << ' ' << stuck;
        EXPECT_EQ(flowStuck > 5050, carries) << port << ' ' << flowStuck;
    }
}

/// Rates of the two planes of four NICs, as shares of the ports', when an uplink of plane 1 has
/// half its rate and switches spray regardless of queues.
std::pair<double, double>
RatesWithSlowUplink(uint32_t reorderWindow)
{
    Cluster cluster = Planes(2);
    cluster.loadBalancer = "spray";
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

/// A14 over planes. The slow uplink holds its plane to a half; the other plane goes on, as long as
/// the receiver's bitmap covers what overtakes the packets that queue in the slow one.
TEST(Ports, ASlowUplinkSlowsItsPlane)
{
    const auto wide = RatesWithSlowUplink(8192);
    const auto narrow = RatesWithSlowUplink(1024);
    std::printf("  bitmap 8192: planes at %.3f and %.3f; 1024: %.3f and %.3f\n",
                wide.first,
                wide.second,
                narrow.first,
                narrow.second);
    EXPECT_NEAR(wide.first, 1, 0.01);
    EXPECT_NEAR(wide.second, 0.5, 0.05);
    EXPECT_NEAR(narrow.second, 0.5, 0.05);
    EXPECT_LT(narrow.first, 0.6) << "4 MB of queue at 200 Gb/s are more than 1024 packets of a NIC";
}

constexpr Tick kIbTimeout = Tick{4'096'000} << 20; // 4.3 s

template <class W>
void
CheckRetryBudget(const char* level, double outage, bool failover)
{
    Topology dual = TwoHosts("dual-tor");
    dual.rerouteDelay = 10 * kMillisecond;
    TransportConfig config = Ports("round-robin", failover);
    config.retransmissionTimeout = kIbTimeout;
    config.retryLimit = 7;
    W world(dual, config);
    const uint32_t link = FindLink(dual, "nic3.0 → leaf0-rail3a");
    world.Post(3, 11, 10'000'000);
    const Tick at = 50 * kMicrosecond;
    world.At(at, [&](Partition&) { world.net.SetLinkUp(link, false); });
    world.At(at + static_cast<Tick>(outage * 1e12),
             [&](Partition&) { world.net.SetLinkUp(link, true); });
    world.Run();
    const auto failure = world.transport.failure();
    const bool aborts = !failover && outage > 35;
    EXPECT_EQ(failure.has_value(), aborts) << level << ' ' << outage;
    if (failure)
    {
        std::printf("  %s, down %.1f s, failover off: %s\n",
                    level,
                    outage,
                    failure->Text().c_str());
        EXPECT_NEAR(double(failure->at), 8.0 * kIbTimeout, 1e-3 * kSecond);
        return;
    }
    const double end = static_cast<double>(world.byCookie.at(0).timing.finished) / double(kSecond);
    std::printf("  %s, down %.1f s, failover %s: %.3f s\n",
                level,
                outage,
                failover ? "on" : "off",
                end);
    EXPECT_EQ(world.Faults(), "");
    // What was on the wire to the dead port costs one time-out.
    EXPECT_LE(end, failover ? 4.4 : std::ceil(outage / 4.295) * 4.295 + 0.1);
    EXPECT_GE(end, failover ? 0 : outage);
}

/// A link down for 0.1, 1, 10, 40 s under InfiniBand's retry budget: with a second port that the
/// queue pair may take the run goes on at once, whatever the outage; without, it stalls, or aborts.
TEST(Ports, RetryBudgetsWithAndWithoutFailover)
{
    for (double outage : {0.1, 1.0, 10.0, 40.0})
    {
        for (bool failover : {true, false})
        {
            CheckRetryBudget<AnyWorld>("packet", outage, failover);
            CheckRetryBudget<AnyFlowWorld>("flow", outage, failover);
        }
    }
}

/// Nobody notices a cut link: what is sent is lost until its failure is detected, and booked as
/// down.
TEST(Ports, ACutLinkLosesUntilItIsDetected)
{
    Cluster cluster;
    cluster.nics = 16;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", "8"}};
    cluster.loadBalancer = "adaptive";
    Topology topology = MakeTopology(cluster);
    topology.rerouteDelay = 10 * kMicrosecond;
    const uint32_t link = FindLink(topology, "leaf0 → spine3");
    uint64_t lost[2];
    for (int detected : {0, 1})
    {
        AnyWorld world(topology, Ports("spray"));
        for (NicId nic = 0; nic < 8; ++nic)
        {
            world.Post(nic, nic + 8, 10'000'000);
        }
        const Tick at = 50 * kMicrosecond;
        world.At(at,
                 [&](Partition&)
                 { detected ? world.net.SetLinkUp(link, false) : world.net.CutLink(link); });
        world.At(at + 50 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(link, false); });
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        lost[detected] = world.net.counters().dropped[static_cast<size_t>(DropReason::LinkDown)];
        Tick down = 0;
        for (uint64_t cookie = 0; cookie < 8; ++cookie)
        {
            down += world.State(cookie, MessageState::Down);
        }
        EXPECT_GT(down, 0) << "detected at once: " << detected;
    }
    std::printf("  lost: %lu cut, %lu detected at once\n", lost[0], lost[1]);
    // An eighth of 8 × 400 Gb/s for 50 us until it is detected and 10 us until the routes are new.
    const double fair = 400e9 * 60e-6 / 8 / DataWireBytes(4096, true);
    EXPECT_GT(double(lost[0]), 1.2 * fair) << "an idle-looking port attracts adaptive routing";
    EXPECT_LT(double(lost[1]), 0.5 * fair) << "and it leaves one that is known to be down";
}

/// A cut that heals before it is noticed leaves no trace in the routes.
TEST(Ports, ACutThatHealsInTime)
{
    const Topology topology = TwoHosts("rail-optimised");
    AnyWorld world(topology, Ports("spray"));
    const uint32_t link = FindLink(topology, "nic3 → leaf0-rail3");
    world.Post(3, 11, 10'000'000);
    world.At(50 * kMicrosecond, [&](Partition&) { world.net.CutLink(link); });
    world.At(60 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(link, true); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_GT(world.net.counters().dropped[static_cast<size_t>(DropReason::LinkDown)], 0U);
    EXPECT_GT(world.State(0, MessageState::Down), 0);
    EXPECT_EQ(world.State(0, MessageState::LossRecovery), 0);
    AnyFlowWorld flows(topology, Ports("spray"));
    flows.Post(3, 11, 10'000'000);
    flows.At(50 * kMicrosecond, [&](Partition&) { flows.net.CutLink(link); });
    flows.At(60 * kMicrosecond, [&](Partition&) { flows.net.SetLinkUp(link, true); });
    flows.Run();
    EXPECT_EQ(flows.Faults(), "");
    EXPECT_EQ(flows.State(0, MessageState::Down), 10 * kMicrosecond);
}

} // namespace
} // namespace heddle::test
