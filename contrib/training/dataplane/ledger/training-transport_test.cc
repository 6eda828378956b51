// SPDX-License-Identifier: GPL-2.0-only
//
// The ledger over the packet network: planted causes must come out under their names and places.
#include "../testing/training-test-support.h"

#include "ns3/collectives-presets.h"
#include "ns3/fabric-network.h"
#include "ns3/fabric-topology.h"
#include "ns3/rdma-transport.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace heddle
{

namespace
{

struct World
{
    std::string topology = "single-switch";
    std::map<std::string, std::string> parameters;
    uint32_t hosts = 2;
    std::string loadBalancer = "ecmp";
    BitRate rate{400'000'000'000};
    uint32_t slowLink = kNone; ///< at half rate
    bool ideal = false;
    uint32_t threads = 1;
    TransportConfig transport;
    AlgorithmChoice algorithms;
    SoftwareModel software;
    JobConfig job;

    World()
    {
        job.accelerator.peakFlops = 1e15;
        job.accelerator.memoryBandwidth = 3e12;
    }

    Topology Build() const
    {
        ClusterShape shape;
        shape.hosts = hosts;
        shape.acceleratorsPerHost = 1;
        shape.nicRate = rate;
        shape.delayByTier = {250 * kNanosecond, 250 * kNanosecond};
        shape.switchConfig.forwardingLatency = 400 * kNanosecond;
        shape.switchConfig.bufferBytes = 64'000'000;
        shape.switchConfig.loadBalancer = loadBalancer;
        for (ClassConfig& c : shape.switchConfig.classes)
        {
            c.lossless = true;
        }
        shape.switchConfig.classes[6].strict = true;
        Topology t = BuildTopology(topology, shape, parameters);
        if (slowLink != kNone)
        {
            t.links[slowLink].rate = BitRate(rate.bps() / 2);
        }
        return ideal ? IdealFabric(t) : t;
    }

    JobResult Run(const TaskGraph& graph) const
    {
        graph.Validate();
        const Topology built = Build();
        RankLayout layout;
        for (uint32_t r = 0; r < hosts; ++r)
        {
            layout.places.push_back({r, r, 0, built.leafOfNic[r]});
        }
        const Partitioning parts = PartitionTopology(built, {}, threads == 1 ? 1 : 4 * threads);
        EventCore core({.partitions = parts.count,
                        .threads = threads,
                        .lookaheads = parts.lookaheads,
                        .worthSharing = 20});
        Network network(core, built, parts);
        Transport messages(core, network, transport);
        const Expander expander(algorithms, layout, software);
        JobConfig config = job;
        config.partitionOfRank = parts.ofNic;
        Job running(core, graph, expander, &messages, config);
        running.Start();
        core.RunUntil(kForever);
        EXPECT_EQ(network.inFlight(), 0U);
        return running.Result();
    }
};

TaskGraph
AllToAll(Rank n, uint64_t block)
{
    TaskGraph g(n);
    std::vector<Rank> all(n);
    std::iota(all.begin(), all.end(), 0);
    const CommId world = g.AddCommunicator("ep", all);
    CollectiveSpec spec;
    spec.kind = CollectiveKind::AllToAll;
    spec.bytes = block * n;
    for (Rank r = 0; r < n; ++r)
    {
        g.AddCollective(r, world, spec);
    }
    return g;
}

/// `steps` times: a kernel of 1 ms, a small all-reduce, then rank r and rank r + n/2 exchange
/// `bytes`.
TaskGraph
Exchanges(Rank n, uint32_t steps, uint64_t bytes)
{
    TaskGraph g(n);
    std::vector<Rank> all(n);
    std::iota(all.begin(), all.end(), 0);
    const CommId world = g.AddCommunicator("all", all);
    for (Rank r = 0; r < n; ++r)
    {
        const Rank peer = (r + n / 2) % n;
        std::vector<TaskId> deps;
        for (uint32_t s = 0; s < steps; ++s)
        {
            ComputeSpec k;
            k.fixedSeconds = 1e-3;
            const TaskId kernel = g.AddCompute(r, k, deps);
            CollectiveSpec barrier;
            barrier.bytes = 8 * n;
            const TaskId met = g.AddCollective(r, world, barrier, {kernel});
            const TaskId send = g.AddSend(r, peer, bytes, 0, "x", {met});
            deps = {send, g.AddRecv(r, peer, bytes, 0, "x", {met})};
        }
    }
    return g;
}

double
Share(Tick part, Tick whole)
{
    return static_cast<double>(part) / static_cast<double>(whole);
}

/// Whatever crosses partitions: data, grants, acknowledgements, pauses, and the ledger's
/// references.
TEST(OverPackets, ThreadsDoNotChangeTheResult)
{
    for (const bool ideal : {false, true})
    {
        World w;
        w.topology = "fat-tree-2";
        w.parameters = {{"hosts_per_leaf", "4"}, {"oversubscription", "2"}};
        w.hosts = 16;
        w.ideal = ideal;
        w.transport.congestionControl = "dcqcn";
        w.software = FindPreset("nccl-h100");
        w.job.jitter.kernelSigma = 0.02;
        for (const TaskGraph& graph : {AllToAll(16, 100'000), Exchanges(16, 2, 500'000)})
        {
            w.threads = 1;
            const std::string alone = Fingerprint(w.Run(graph));
            for (const uint32_t threads : {2, 4})
            {
                w.threads = threads;
                EXPECT_EQ(Fingerprint(w.Run(graph)), alone) << threads << " threads";
            }
        }
    }
}

// DESIGN: no fabric can make a perfect all-to-all faster; its time is the NIC ports'.
TEST(OverPackets, PerfectAllToAllIsEndpoint)
{
    World w;
    w.hosts = 64;
    w.ideal = true;
    const JobResult r = w.Run(AllToAll(64, 64 << 10));
    const Tick idle = TotalIdle(r);
    const double congestion = Share(RootAt(r, RootAccount::ScaleOutCongestion), idle);
    const double endpoint = Share(RootAt(r, RootAccount::ScaleOutEndpoint), idle);
    const double latency = Share(RootAt(r, RootAccount::ScaleOutLatency), idle);
    std::printf("endpoint %.2f %%, latency %.2f %%, congestion %.3f %%\n",
                100 * endpoint,
                100 * latency,
                100 * congestion);
    EXPECT_LT(congestion, 0.01);
    EXPECT_GT(endpoint, 0.9);
    EXPECT_NEAR(endpoint + latency + congestion, 1, 1e-9);
}

/// Two leaves of `perLeaf` hosts, as many spines.
World
TwoLeaves(uint32_t perLeaf)
{
    World w;
    w.topology = "fat-tree-2";
    w.parameters = {{"hosts_per_leaf", std::to_string(perLeaf)},
                    {"spines", std::to_string(perLeaf)}};
    w.hosts = 2 * perLeaf;
    return w;
}

/// The last link between a leaf and a spine.
uint32_t
LastUplink(const Topology& t)
{
    uint32_t link = kNone;
    for (uint32_t l = 0; l < t.links.size(); ++l)
    {
        link = t.links[l].tier == 1 ? l : link;
    }
    return link;
}

Tick
CongestionAtLink(const JobResult& r, uint32_t link)
{
    return RootAt(r, RootAccount::ScaleOutCongestion, 2 * link) +
           RootAt(r, RootAccount::ScaleOutCongestion, 2 * link + 1);
}

// One uplink at half rate under oblivious spraying: what the ledger books to congestion at that
// link's two ports is what the slowness added to the idle time.
TEST(OverPackets, HalfRateUplink)
{
    World w = TwoLeaves(4);
    w.loadBalancer = "spray";
    const TaskGraph g = Exchanges(8, 2, 8 << 20);
    const JobResult before = w.Run(g);
    w.slowLink = LastUplink(w.Build());
    const JobResult after = w.Run(g);
    const Tick added = TotalIdle(after) - TotalIdle(before);
    const Tick blamed = CongestionAtLink(after, w.slowLink) - CongestionAtLink(before, w.slowLink);
    std::printf("added %.1f us, blamed on the link %.1f us; before: congestion %.1f us\n",
                ToSeconds(added) * 1e6,
                ToSeconds(blamed) * 1e6,
                ToSeconds(RootAt(before, RootAccount::ScaleOutCongestion)) * 1e6);
    EXPECT_GT(added, 0);
    EXPECT_GE(Share(blamed, added), 0.9);
}

// Both causes at once keep their own amounts: 7 ranks wait 200 us for the slow one in each step,
// and the exchanges after it are as congested as without it.
TEST(OverPackets, SlowAcceleratorAndHalfRateUplink)
{
    World w = TwoLeaves(4);
    w.loadBalancer = "spray";
    constexpr uint32_t kSteps = 3;
    const TaskGraph g = Exchanges(8, kSteps, 8 << 20);
    w.slowLink = LastUplink(w.Build());
    const JobResult link = w.Run(g);
    w.job.jitter.slowdown[1] = 1.2;
    const JobResult both = w.Run(g);
    const double jitter = ToSeconds(RootAt(both, RootAccount::Jitter, 1)) * 1e6;
    const double alone = ToSeconds(CongestionAtLink(link, w.slowLink)) * 1e6;
    const double together = ToSeconds(CongestionAtLink(both, w.slowLink)) * 1e6;
    std::printf("jitter %.1f us, link alone %.1f us, link in both %.1f us\n",
                jitter,
                alone,
                together);
    EXPECT_NEAR(jitter, 7 * 200 * kSteps, 0.05 * 7 * 200 * kSteps);
    EXPECT_NEAR(together, alone, 0.05 * alone);
    EXPECT_LT(ToSeconds(RootAt(both, RootAccount::Imbalance)) * 1e6, 0.01 * jitter);
}

// With a receive latency the acknowledgement may come back before the completion it answers; the
// sender's wait then ends within the message.
TEST(OverPackets, AcknowledgementOvertakesCompletion)
{
    World w;
    w.transport.receiveLatency = 50 * kMicrosecond;
    TaskGraph g(2);
    const TaskId send = g.AddSend(0, 1, 100'000, 0, "x");
    g.AddRecv(1, 0, 100'000, 0, "x");
    ComputeSpec k;
    k.fixedSeconds = 1e-6;
    g.AddCompute(0, k, {send});
    const JobResult r = w.Run(g);
    // Acknowledged long before the 50 us are over: what follows the kernel is waiting for rank 1.
    EXPECT_GT(Proximate(r.ranks[0], ProximateAccount::SkewWait), 40 * kMicrosecond);
    EXPECT_GT(Proximate(r.ranks[0], ProximateAccount::ExposedScaleOut), 0);
    EXPECT_EQ(Root(r.ranks[0], RootAccount::ScaleOutLatency), r.ranks[0].idle);
}

} // namespace

} // namespace heddle
