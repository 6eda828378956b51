// SPDX-License-Identifier: GPL-2.0-only
//
// NICs of several ports whose links fail: failover, retry budgets, failures that nobody notices
// (validation A14: one leaf per rail halts, two go on).
#include "ns3/rdma-ports-test-world.h"

#include <cmath>
#include <gtest/gtest.h>

namespace heddle::test
{
namespace
{

constexpr Tick kSecond = 1000 * kMillisecond;

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
        EXPECT_NEAR(singleTime, 5000 + whole, 0.01 * 5000) << what;
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
    // Its own port was down: what follows on the other shows what was lost on the wire.
    EXPECT_NEAR(end, failover ? 0.010 : outage, 0.001 + 0.001 * outage);
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
