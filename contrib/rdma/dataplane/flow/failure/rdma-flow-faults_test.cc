// SPDX-License-Identifier: GPL-2.0-only
//
// Degraded and failed links at flow level: capacity-loss arithmetic (validation A14), rerouting.
#include "ns3/rdma-flow-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace heddle::test
{
namespace
{

constexpr uint32_t kUplinks = 8;
constexpr uint64_t kBytes = 64 * 4096;

/// Two leaves of 8 NICs, 8 spines.
Cluster
TwoLeaves(const std::string& balancer)
{
    Cluster cluster;
    cluster.nics = 2 * kUplinks;
    cluster.topology = "fat-tree-2";
    cluster.parameters = {{"hosts_per_leaf", std::to_string(kUplinks)}};
    cluster.loadBalancer = balancer;
    return cluster;
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

/// The rate of each of 8 flows from one leaf to the other when one uplink has half its rate.
int64_t
RateWithSlowUplink(const std::string& balancer)
{
    Topology topology = MakeTopology(TwoLeaves(balancer));
    Topology::Link& slow = topology.links[FindLink(topology, "leaf0 → spine0")];
    slow.rate = BitRate(slow.rate.bps() / 2);
    FlowWorld world(topology, SelectiveRepeat(), 1, true);
    for (NicId from = 0; from < kUplinks; ++from)
    {
        world.Post(from, from + kUplinks, kBytes);
    }
    int64_t rate = 0;
    world.At(kMicrosecond, [&](Partition&) { rate = world.net.RateOf(0); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    return rate;
}

/// A14: spraying regardless of queues is held back by the slow link, to one half; spreading by
/// capacity keeps (m − 1/2) / m.
TEST(FlowFaults, OneOfMUplinksAtHalfRate)
{
    EXPECT_NEAR(double(RateWithSlowUplink("spray")), 200e9, 1e7);
    EXPECT_NEAR(double(RateWithSlowUplink("adaptive")), 400e9 * 7.5 / 8, 1e7);
}

/// The one path of a flow fails: it waits for new routes, then for its sender's timer, and ends
/// exactly that much later.
TEST(FlowFaults, AFailedPathCostsReroutingAndATimeOut)
{
    TransportConfig config = SelectiveRepeat();
    config.retransmissionTimeout = 4 * kMillisecond;
    Topology topology = MakeTopology(TwoLeaves("ecmp"));
    topology.rerouteDelay = kMillisecond;
    FlowWorld whole(topology, config, 1);
    whole.Post(0, kUplinks, kBytes);
    whole.Run();
    uint32_t used = kNone;
    const std::vector<double> bytes = whole.net.PortBytes();
    for (PortId port = 0; port < bytes.size(); ++port)
    {
        const std::string name = PortName(topology, port);
        used = bytes[port] > 0 && name.find("leaf0 → spine") == 0 ? port / 2 : used;
    }
    ASSERT_NE(used, kNone);
    FlowWorld broken(topology, config, 1);
    broken.Post(0, kUplinks, kBytes);
    const Tick at = kMicrosecond;
    broken.At(at, [&](Partition&) { broken.net.SetLinkUp(used, false); });
    broken.Run();
    EXPECT_EQ(broken.Faults(), "");
    const Tick stall = broken.byCookie[0].timing.finished - whole.byCookie[0].timing.finished;
    EXPECT_NEAR(double(stall), 4.0 * kMillisecond, 2);
    EXPECT_EQ(broken.State(0, MessageState::Down), kMillisecond);
    EXPECT_NEAR(double(broken.State(0, MessageState::LossRecovery)), 3.0 * kMillisecond, 2);
    EXPECT_EQ(broken.net.PortBytes()[2 * used] + broken.net.PortBytes()[2 * used + 1] > 0, true)
        << "what it had carried before stays booked";
}

/// A flow that spreads over all paths goes on without the failed one, and a leaf that has lost one
/// of 8 uplinks has 7/8 left.
TEST(FlowFaults, SpreadFlowsLoseTheShareOfTheLink)
{
    Topology topology = MakeTopology(TwoLeaves("spray"));
    topology.rerouteDelay = kMicrosecond;
    FlowWorld world(topology, SelectiveRepeat(), 1, true); // else NICs fill queues at 400 Gb/s
    for (NicId from = 0; from < kUplinks; ++from)
    {
        world.Post(from, from + kUplinks, kBytes);
    }
    const uint32_t link = FindLink(topology, "leaf0 → spine3");
    world.At(2 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(link, false); });
    int64_t before = 0;
    int64_t after = 0;
    world.At(kMicrosecond, [&](Partition&) { before = world.net.RateOf(0); });
    world.At(4 * kMicrosecond, [&](Partition&) { after = world.net.RateOf(0); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_EQ(before, 400'000'000'000);
    EXPECT_NEAR(double(after), 400e9 * 7 / 8, 1e7);
}

/// Until the routes avoid the dead one of 8 uplinks, an eighth of what is sprayed is lost, and an
/// eighth of the acknowledgements of the rest. All that is sent once more: so much longer it takes,
/// and that is loss recovery.
TEST(FlowFaults, WhatIsLostUntilTheRoutesKnowIsLossRecovery)
{
    Topology topology = MakeTopology(TwoLeaves("spray"));
    topology.rerouteDelay = 40 * kMicrosecond;
    const uint32_t link = FindLink(topology, "leaf0 → spine3");
    FlowWorld whole(topology, SelectiveRepeat(), 1, true);
    FlowWorld broken(topology, SelectiveRepeat(), 1, true);
    for (FlowWorld* world : {&whole, &broken})
    {
        world->Post(0, kUplinks, 16 * kBytes); // 84 us
    }
    broken.At(10 * kMicrosecond, [&](Partition&) { broken.net.SetLinkUp(link, false); });
    whole.Run();
    broken.Run();
    EXPECT_EQ(broken.Faults(), "");
    const Tick late = broken.byCookie[0].timing.finished - whole.byCookie[0].timing.finished;
    const double expected = 40.0 * (1 - 7.0 / 8 * 7.0 / 8) * kMicrosecond;
    EXPECT_NEAR(double(late), expected, kNanosecond);
    EXPECT_NEAR(double(broken.State(0, MessageState::LossRecovery)), expected, kNanosecond);
    EXPECT_NEAR(double(broken.State(0, MessageState::OwnPort)), 0, 10);
}

/// No path at all until the NIC's link is back.
TEST(FlowFaults, ADeadNicLinkStopsItsFlows)
{
    Topology topology = MakeTopology(TwoLeaves("adaptive"));
    FlowWorld world(topology, SelectiveRepeat(), 1);
    world.Post(0, kUplinks, kBytes);
    world.At(kMicrosecond, [&](Partition&) { world.net.SetLinkUp(0, false); });
    world.At(9 * kMillisecond, [&](Partition&) { world.net.SetLinkUp(0, true); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    EXPECT_EQ(world.State(0, MessageState::Down), 9 * kMillisecond - kMicrosecond);
    EXPECT_GT(world.byCookie[0].timing.finished, 9 * kMillisecond);
}

/// Queues are given up when a link fails; a message whose last packet had gone ahead of its last
/// bit is through once, whenever that happens.
TEST(FlowFaults, AMessageIsThroughOnceWhenQueuesAreGivenUp)
{
    const Topology topology = MakeTopology(TwoLeaves("ecmp"));
    for (Tick at = kMicrosecond; at < 30 * kMicrosecond; at += 150 * kNanosecond)
    {
        FlowWorld world(topology, SelectiveRepeat(), 1);
        for (NicId from = 0; from < kUplinks; ++from)
        {
            for (NicId to = 0; to < 4; ++to)
            {
                world.Post(from, to + kUplinks, kBytes / 4);
            }
        }
        const uint32_t link = FindLink(topology, "leaf0 → spine0");
        world.At(at, [&](Partition&) { world.net.SetLinkUp(link, false); });
        world.At(at + 20 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(link, true); });
        world.Run();
        ASSERT_EQ(world.Faults(), "") << "link down at " << at << " ps";
    }
}

/// 4 MiB from each NIC of either leaf to the other, one uplink down at 20 us, routed around 50 us
/// later: completions by message.
template <class W>
std::vector<double>
TimesWithALostUplink(const std::string& balancer)
{
    Topology topology = MakeTopology(TwoLeaves(balancer));
    topology.rerouteDelay = 50 * kMicrosecond;
    W world(topology, SelectiveRepeat(), 1);
    constexpr uint64_t kLong = 4 << 20;
    for (NicId from = 0; from < 2 * kUplinks; ++from)
    {
        world.Post(from, (from + kUplinks) % (2 * kUplinks), kLong);
    }
    const uint32_t link = FindLink(topology, "leaf0 → spine0");
    world.At(20 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(link, false); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    std::vector<double> times;
    for (const auto& [cookie, delivery] : world.byCookie)
    {
        times.push_back(double(delivery.timing.finished));
    }
    return times;
}

/// When each of 32 messages over four leaves arrives, where one uplink of the first is lost: once
/// the routes know, what goes there and what goes elsewhere are sprayed over different ports, of
/// which most are the same and have queues.
template <class W>
std::vector<double>
TimesOverFourLeaves()
{
    constexpr uint32_t kNics = 4 * kUplinks;
    Cluster cluster = TwoLeaves("spray");
    cluster.nics = kNics;
    Topology topology = MakeTopology(cluster);
    topology.rerouteDelay = 50 * kMicrosecond;
    const uint32_t link = FindLink(topology, "leaf0 → spine0");
    W world(topology, SelectiveRepeat(), 1);
    for (NicId from = 0; from < kNics; ++from)
    {
        world.Post(from, (from + 11) % kNics, 4 << 20);
    }
    world.At(20 * kMicrosecond, [&](Partition&) { world.net.SetLinkUp(link, false); });
    world.Run();
    EXPECT_EQ(world.Faults(), "");
    std::vector<double> times;
    for (const auto& [cookie, delivery] : world.byCookie)
    {
        times.push_back(double(delivery.timing.finished) / 1e6);
    }
    return times;
}

TEST(FlowFaults, SprayedPacketsShareSomeOfTheirPorts)
{
    const std::vector<double> packet = TimesOverFourLeaves<World>();
    const std::vector<double> flow = TimesOverFourLeaves<FlowWorld>();
    ASSERT_EQ(packet.size(), flow.size());
    double sum = 0;
    double worst = 0;
    for (size_t n = 0; n < packet.size(); ++n)
    {
        const double error = std::abs(flow[n] / packet[n] - 1);
        std::cout << n << " " << packet[n] << " " << flow[n] << "\n";
        sum += error / static_cast<double>(packet.size());
        worst = std::max(worst, error);
    }
    const double last = *std::max_element(packet.begin(), packet.end());
    const double flowLast = *std::max_element(flow.begin(), flow.end());
    std::cout << "last " << last << " us by packets, " << flowLast << " by flows; off by "
              << 100 * sum << " % on average, " << 100 * worst << " % at worst\n";
    EXPECT_LT(sum, 0.025);
    EXPECT_LT(worst, 0.045);
    EXPECT_NEAR(flowLast, last, 0.03 * last);
}

/// With packets as the second implementation. What waits on older paths arrives when those have
/// drained (ecmp); packets and acknowledgements go to the dead port until the routes know (spray)
/// and to that of the other leaf's switches (adaptive), and are sent once more.
TEST(FlowFaults, ALostUplinkCostsWhatItCostsPackets)
{
    for (const char* balancer : {"ecmp", "spray", "adaptive"})
    {
        const std::vector<double> flow = TimesWithALostUplink<FlowWorld>(balancer);
        const std::vector<double> packet = TimesWithALostUplink<World>(balancer);
        ASSERT_EQ(flow.size(), packet.size());
        double sum = 0;
        for (size_t n = 0; n < flow.size(); ++n)
        {
            sum += std::abs(flow[n] / packet[n] - 1);
        }
        const double mean = sum / double(flow.size());
        std::printf("  %-8s mean error of %zu messages %.2f %%\n",
                    balancer,
                    flow.size(),
                    100 * mean);
        EXPECT_LT(mean, 0.04) << balancer;
    }
}

/// Half of a NIC's lanes are out for 2 us: what they would have carried comes that much later.
TEST(FlowFaults, AChangedRateCostsWhatItDoesNotCarry)
{
    const Topology topology = MakeTopology(TwoLeaves("ecmp"));
    FlowWorld whole(topology, SelectiveRepeat(), 1);
    whole.Post(0, kUplinks, kBytes);
    whole.Run();
    FlowWorld slow(topology, SelectiveRepeat(), 1);
    slow.Post(0, kUplinks, kBytes);
    const BitRate full = topology.links[0].rate;
    slow.At(2 * kMicrosecond,
            [&](Partition&) { slow.net.SetLinkRate(0, BitRate(full.bps() / 2)); });
    slow.At(4 * kMicrosecond, [&](Partition&) { slow.net.SetLinkRate(0, full); });
    slow.Run();
    EXPECT_EQ(slow.Faults(), "");
    const Tick late = slow.byCookie[0].timing.finished - whole.byCookie[0].timing.finished;
    EXPECT_NEAR(double(late), 1.0 * kMicrosecond, 10);
    EXPECT_NEAR(double(slow.State(0, MessageState::Down)), 1.0 * kMicrosecond, 10);
    EXPECT_NEAR(double(slow.State(0, MessageState::OwnPort)), 0, 10);
}

/// The same rates as on a fabric built with the slow uplink, though no flow had to share an uplink
/// before; and the old ones again afterwards.
TEST(FlowFaults, AnUplinkThatSlowsDownDuringTheRun)
{
    for (const char* balancer : {"ecmp", "spray", "adaptive"})
    {
        const Topology topology = MakeTopology(TwoLeaves(balancer));
        FlowWorld world(topology, SelectiveRepeat(), 1, true);
        for (NicId from = 0; from < kUplinks; ++from)
        {
            world.Post(from, from + kUplinks, kBytes);
        }
        const uint32_t link = FindLink(topology, "leaf0 → spine0");
        const BitRate full = topology.links[link].rate;
        std::vector<int64_t> rates[3];
        const auto note = [&](int when, Tick at)
        {
            world.At(at,
                     [&, when](Partition&)
                     {
                         for (uint32_t flow = 0; flow < kUplinks; ++flow)
                         {
                             rates[when].push_back(world.net.RateOf(flow));
                         }
                     });
        };
        note(0, 1 * kMicrosecond);
        world.At(1500 * kNanosecond,
                 [&](Partition&) { world.net.SetLinkRate(link, BitRate(full.bps() / 2)); });
        note(1, 2 * kMicrosecond);
        world.At(2500 * kNanosecond, [&](Partition&) { world.net.SetLinkRate(link, full); });
        note(2, 3 * kMicrosecond);
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        EXPECT_EQ(rates[0], rates[2]) << balancer;
        if (std::string(balancer) != "ecmp")
        {
            EXPECT_NEAR(double(rates[1][0]), double(RateWithSlowUplink(balancer)), 1e7);
            continue;
        }
        EXPECT_LE(*std::min_element(rates[1].begin(), rates[1].end()), 200'000'000'000);
    }
}

} // namespace
} // namespace heddle::test
