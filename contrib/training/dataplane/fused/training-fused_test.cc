// SPDX-License-Identifier: GPL-2.0-only
//
// Collectives as coupled flows: closed forms, against the same job by messages, and the ledger.
#include "../testing/training-test-support.h"

#include "ns3/collectives-presets.h"
#include "ns3/fabric-coflow-network.h"
#include "ns3/fabric-shape.h"
#include "ns3/rdma-flow-routes.h"
#include "ns3/rdma-flow-transport.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace heddle
{

namespace
{

/// Hosts of accelerators with a 400 Gb/s NIC each on a fabric, and a job on it.
struct FusedBench
{
    FusedBench(uint32_t hosts, uint32_t perHost) : hosts(hosts), perHost(perHost)
    {
        config.scaleUp = {ParseRate("450GBps"), ParseTime("800ns")};
        config.accelerator = {"test", 1e15, 1, 1e12, 1};
    }

    Topology MakeTopology() const
    {
        ClusterShape shape;
        shape.hosts = hosts;
        shape.acceleratorsPerHost = perHost;
        shape.nicRate = ParseRate("400Gbps");
        shape.delayByTier = {ParseTime("500ns")};
        shape.switchConfig.forwardingLatency = ParseTime("500ns");
        shape.switchConfig.loadBalancer = loadBalancer;
        return BuildTopology(topology, shape, parameters);
    }

    JobResult Run(const TaskGraph& graph, bool fused) const
    {
        Topology net = MakeTopology();
        for (const auto& [link, rate] : rates)
        {
            net.links[link].rate = rate;
        }
        RankLayout layout;
        for (Rank rank = 0; rank < net.nics; ++rank)
        {
            const uint32_t host = rank / perHost;
            layout.places.push_back({host, host, rank % perHost, net.leafOfNic[rank]});
        }
        const Expander expander(algorithms, layout, software);
        EventCore core({.seed = 1});
        if (fused)
        {
            FlowRoutes routes(core, net, transport);
            Job job(core,
                    graph,
                    expander,
                    config.ideal.infiniteScaleOut ? nullptr : &routes,
                    config);
            job.Start();
            core.RunUntil(kForever);
            return job.Result();
        }
        FlowNetwork network(core, net, FlowNetworkConfigFor(transport));
        FlowTransport flows(core, network, transport);
        ScaleOutOver<FlowTransport> scaleOut(flows);
        Job job(core, graph, expander, scaleOut, config);
        job.Start();
        core.RunUntil(kForever);
        return job.Result();
    }

    uint32_t hosts;
    uint32_t perHost;
    std::string topology = "single-switch";
    std::map<std::string, std::string> parameters;
    std::string loadBalancer = "adaptive";
    std::map<uint32_t, BitRate> rates; ///< of degraded links
    SoftwareModel software;
    AlgorithmChoice algorithms;
    TransportConfig transport;
    JobConfig config;
};

TaskGraph
OneCollective(Rank ranks, CollectiveKind kind, uint64_t bytes)
{
    TaskGraph g(ranks);
    std::vector<Rank> all(ranks);
    std::iota(all.begin(), all.end(), 0);
    const CommId world = g.AddCommunicator("world", all);
    for (Rank r = 0; r < ranks; ++r)
    {
        CollectiveSpec spec;
        spec.label = "c";
        spec.kind = kind;
        spec.bytes = bytes;
        g.AddCollective(r, world, spec);
    }
    return g;
}

/// 2 (N − 1) steps of S / (N B) + α, reduce-scatter and all-gather half of it.
TEST(Fused, RingOverScaleUpExactly)
{
    for (Rank n : {2U, 3U, 8U, 16U})
    {
        const FusedBench bench(1, n);
        const uint64_t bytes = uint64_t{n} << 20;
        const Tick step =
            bench.config.scaleUp.portRate.TransmitTime(bytes / n) + bench.config.scaleUp.latency;
        const auto run = [&](CollectiveKind kind)
        { return double(bench.Run(OneCollective(n, kind, bytes), true).stepTime); };
        EXPECT_NEAR(run(CollectiveKind::AllReduce), double(2 * (n - 1) * step), 2 * n) << n;
        EXPECT_NEAR(run(CollectiveKind::AllGather), double((n - 1) * step), n) << n;
        EXPECT_NEAR(run(CollectiveKind::ReduceScatter), double((n - 1) * step), n) << n;
    }
}

TEST(Fused, AllToAllOverScaleUpExactly)
{
    const FusedBench bench(1, 8);
    const uint64_t block = 1 << 20;
    const JobResult r = bench.Run(OneCollective(8, CollectiveKind::AllToAll, 8 * block), true);
    const Tick port = bench.config.scaleUp.portRate.TransmitTime(7 * block);
    EXPECT_NEAR(double(r.stepTime), double(port + bench.config.scaleUp.latency), 2);
    EXPECT_EQ(r.scaleUpBytes, 8 * 7 * block);
}

/// The closed form of windows (ClosedForm.WindowOfOne), over scale-up.
TEST(Fused, WindowOfOne)
{
    FusedBench bench(1, 2);
    bench.software.p2pChunkBytes = 1 << 20;
    TaskGraph g(2);
    g.AddSend(0, 1, 5 << 20, 0, "x");
    g.AddRecv(1, 0, 5 << 20, 0, "x");
    const Tick chunk = bench.config.scaleUp.portRate.TransmitTime(1 << 20);
    const Tick latency = bench.config.scaleUp.latency;
    EXPECT_NEAR(double(bench.Run(g, true).stepTime), double(5 * chunk + latency), 2) << "eager";
    bench.software.slots = 1;
    EXPECT_NEAR(double(bench.Run(g, true).stepTime), double(5 * (chunk + 2 * latency)), 4);
    bench.software.slots = 5;
    EXPECT_NEAR(double(bench.Run(g, true).stepTime), double(5 * chunk + 2 * latency), 4);
}

/// The same call by messages: times, bytes and messages.
TEST(Fused, NearMessagesForEveryKindAndFabric)
{
    struct Row
    {
        const char* balancer;
        bool pxn;
        double tolerance;
    };

    for (const Row& row :
         {Row{"adaptive", false, 0.02}, {"ecmp", false, 0.03}, {"ecmp", true, 0.04}})
    {
        for (CollectiveKind kind : {CollectiveKind::AllReduce,
                                    CollectiveKind::AllGather,
                                    CollectiveKind::ReduceScatter,
                                    CollectiveKind::AllToAll,
                                    CollectiveKind::Broadcast})
        {
            for (uint64_t bytes : {64ULL << 20, 512ULL << 20})
            {
                FusedBench bench(4, 4);
                bench.topology = row.pxn ? "rail-optimised" : "fat-tree-2";
                bench.parameters = {{row.pxn ? "hosts_per_group" : "hosts_per_leaf", "2"}};
                bench.loadBalancer = row.balancer;
                bench.software = FindPreset("nccl-h100");
                bench.software.pxn = row.pxn;
                bench.transport.ackEveryPackets = 16;
                const TaskGraph graph = OneCollective(16, kind, bytes);
                const JobResult messages = bench.Run(graph, false);
                const JobResult fused = bench.Run(graph, true);
                const double expected = ToSeconds(messages.stepTime) * 1e6;
                const double actual = ToSeconds(fused.stepTime) * 1e6;
                const std::string where = std::string(row.balancer) +
                                          (row.pxn ? " rails, " : ", ") +
                                          std::to_string(static_cast<int>(kind)) + ", " +
                                          std::to_string(bytes >> 20) + " MiB";
                // A broadcast's fill depends on how chunks of channels take turns at a port.
                const bool fills = kind == CollectiveKind::Broadcast;
                const double tolerance = fills ? 0.07 : row.tolerance;
                EXPECT_NEAR(actual, expected, tolerance * expected) << where << ", us";
                EXPECT_EQ(fused.scaleOutBytes, messages.scaleOutBytes) << where;
                EXPECT_EQ(fused.scaleUpBytes, messages.scaleUpBytes) << where;
                EXPECT_NEAR(double(fused.scaleOutMessages),
                            double(messages.scaleOutMessages),
                            0.02 * double(messages.scaleOutMessages))
                    << where;
                std::printf("%-28s messages %9.1f us  fused %9.1f us  %+5.2f %%\n",
                            where.c_str(),
                            expected,
                            actual,
                            100 * (actual / expected - 1));
            }
        }
    }
}

/// Algorithms whose phases are only approximated: coarser.
TEST(Fused, NearMessagesForOtherAlgorithms)
{
    struct Row
    {
        const char* algorithm;
        CollectiveKind kind;
        double tolerance;
    };

    const Row rows[] = {{"hierarchical", CollectiveKind::AllReduce, 0.15},
                        {"hierarchical", CollectiveKind::AllGather, 0.15},
                        {"hierarchical", CollectiveKind::ReduceScatter, 0.15},
                        {"hierarchical", CollectiveKind::AllToAll, 0.15},
                        {"double-tree", CollectiveKind::AllReduce, 0.25}};
    for (const Row& row : rows)
    {
        for (uint64_t bytes : {64ULL << 20, 512ULL << 20})
        {
            FusedBench bench(4, 4);
            bench.topology = "rail-optimised";
            bench.parameters = {{"hosts_per_group", "2"}};
            bench.software = FindPreset("nccl-h100");
            bench.transport.ackEveryPackets = 16;
            bench.algorithms.allReduce = row.algorithm;
            const bool all = std::string(row.algorithm) == "hierarchical";
            bench.algorithms.allGather = all ? row.algorithm : "ring";
            bench.algorithms.reduceScatter = all ? row.algorithm : "ring";
            bench.algorithms.allToAll =
                row.kind == CollectiveKind::AllToAll ? row.algorithm : "direct";
            const TaskGraph graph = OneCollective(16, row.kind, bytes);
            const double expected = ToSeconds(bench.Run(graph, false).stepTime) * 1e6;
            const double actual = ToSeconds(bench.Run(graph, true).stepTime) * 1e6;
            EXPECT_NEAR(actual, expected, row.tolerance * expected)
                << row.algorithm << " " << static_cast<int>(row.kind) << ", " << bytes;
            std::printf("%-12s %d, %3d MiB  messages %9.1f us  fused %9.1f us  %+6.2f %%\n",
                        row.algorithm,
                        static_cast<int>(row.kind),
                        static_cast<int>(bytes >> 20),
                        expected,
                        actual,
                        100 * (actual / expected - 1));
        }
    }
}

TEST(Fused, NothingTakesTimeWhereEverythingIsInfinite)
{
    FusedBench bench(2, 4);
    MakeNetworkInfinite(bench.config);
    bench.config.ideal.noSoftware = true;
    for (CollectiveKind kind : {CollectiveKind::AllReduce, CollectiveKind::AllToAll})
    {
        EXPECT_EQ(bench.Run(OneCollective(8, kind, 1 << 20), true).stepTime, 0);
    }
}

/// A perfect all-to-all is endpoint time; an uplink at half rate is congestion at its port.
TEST(Fused, LedgerSaysWhere)
{
    FusedBench bench(4, 4);
    bench.topology = "fat-tree-2";
    bench.parameters = {{"hosts_per_leaf", "2"}};
    const TaskGraph graph = OneCollective(16, CollectiveKind::AllToAll, 256 << 20);
    const JobResult whole = bench.Run(graph, true);
    const Tick idle = TotalIdle(whole);
    EXPECT_EQ(idle, 16 * whole.stepTime);
    EXPECT_GT(double(RootAt(whole, RootAccount::ScaleOutEndpoint)), 0.97 * double(idle));
    EXPECT_EQ(RootAt(whole, RootAccount::ScaleOutCongestion), 0);

    const Topology net = bench.MakeTopology();
    for (uint32_t link = 0; link < net.links.size(); ++link)
    {
        if (net.links[link].a.isSwitch && net.links[link].b.isSwitch)
        {
            // Spraying does not see rates: the slow link holds up everybody. Of 12 blocks that
            // leave a host 8 cross to the other leaf, 64 over 8 uplinks: at half rate 16/12 of a
            // NIC's time.
            bench.loadBalancer = "spray";
            bench.rates[link] = ParseRate("200Gbps");
            break;
        }
    }
    const JobResult degraded = bench.Run(graph, true);
    const Tick lost = RootAt(degraded, RootAccount::ScaleOutCongestion);
    const double expected = double(RootAt(degraded, RootAccount::ScaleOutEndpoint)) / 3;
    EXPECT_NEAR(double(lost), expected, 0.01 * expected);
    EXPECT_EQ(
        RootAt(degraded, RootAccount::ScaleOutCongestion, 2 * bench.rates.begin()->first) +
            RootAt(degraded, RootAccount::ScaleOutCongestion, 2 * bench.rates.begin()->first + 1),
        lost)
        << "all at one port";
}

TEST(Fused, ALateMemberIsWhomOthersWaitFor)
{
    FusedBench bench(4, 1);
    TaskGraph g(4);
    const CommId world = g.AddCommunicator("world", {0, 1, 2, 3});
    for (Rank r = 0; r < 4; ++r)
    {
        ComputeSpec work;
        work.fixedSeconds = r == 2 ? 3e-3 : 1e-3;
        const TaskId k = g.AddCompute(r, work);
        CollectiveSpec sum;
        sum.kind = CollectiveKind::AllReduce;
        sum.bytes = 1 << 20;
        g.AddCollective(r, world, sum, {k});
    }
    const JobResult r = bench.Run(g, true);
    EXPECT_EQ(Root(r.ranks[0], RootAccount::Imbalance), 2 * kMillisecond);
    EXPECT_EQ(ProximateAt(r, ProximateAccount::SkewWait, 2), 3 * 2 * kMillisecond);
    EXPECT_EQ(r.collectives.at(0).lastRank, 2U);
}

/// Two collectives at once share the NICs.
TEST(Fused, TwoAtOnceShare)
{
    FusedBench bench(8, 1);
    const uint64_t bytes = 256 << 20;
    const auto graph = [&](uint32_t comms)
    {
        TaskGraph g(8);
        for (uint32_t c = 0; c < comms; ++c)
        {
            const CommId world =
                g.AddCommunicator("c" + std::to_string(c), {0, 1, 2, 3, 4, 5, 6, 7});
            for (Rank r = 0; r < 8; ++r)
            {
                CollectiveSpec spec;
                spec.kind = CollectiveKind::AllToAll;
                spec.bytes = bytes;
                g.AddCollective(r, world, spec);
            }
        }
        return g;
    };
    const double one = double(bench.Run(graph(1), true).stepTime);
    const double three = double(bench.Run(graph(3), true).stepTime);
    EXPECT_NEAR(three / one, 3, 0.01) << one << " and " << three << " ps";
}

/// Ten steps of four kernels and an all-reduce on 8 accelerators.
std::vector<JobResult>
TenSteps(const JitterModel& jitter, JobResult* single)
{
    FusedBench bench(8, 1);
    bench.config.jitter = jitter;
    TaskGraph g(8);
    const CommId world = g.AddCommunicator("world", {0, 1, 2, 3, 4, 5, 6, 7});
    for (Rank r = 0; r < 8; ++r)
    {
        std::vector<TaskId> before;
        for (int i = 0; i < 4; ++i)
        {
            ComputeSpec work;
            work.fixedSeconds = 1e-3;
            before = {g.AddCompute(r, work, before)};
        }
        CollectiveSpec sum;
        sum.kind = CollectiveKind::AllReduce;
        sum.bytes = 1 << 20;
        g.AddCollective(r, world, sum, before);
    }
    *single = bench.Run(g, true);
    const Topology net = bench.MakeTopology();
    RankLayout layout;
    for (Rank rank = 0; rank < 8; ++rank)
    {
        layout.places.push_back({rank, rank, 0, net.leafOfNic[rank]});
    }
    const Expander expander(bench.algorithms, layout, bench.software);
    EventCore core({.seed = 1});
    FlowRoutes routes(core, net, bench.transport);
    Job job(core, g, expander, &routes, bench.config);
    std::vector<JobResult> results;
    job.Repeat(10,
               [&](uint32_t step, const JobResult& result)
               {
                   EXPECT_EQ(step, results.size());
                   results.push_back(result);
               });
    job.Start();
    core.RunUntil(kForever);
    return results;
}

TEST(Steps, AreAlikeWithoutJitter)
{
    JobResult single;
    const std::vector<JobResult> steps = TenSteps({}, &single);
    ASSERT_EQ(steps.size(), 11U);
    for (const JobResult& step : steps)
    {
        EXPECT_EQ(step.stepTime, single.stepTime);
        EXPECT_EQ(Fingerprint(step), Fingerprint(single));
        EXPECT_EQ(step.scaleOutBytes, single.scaleOutBytes);
    }
}

TEST(Steps, JitterDiffersAndTheLastHasNone)
{
    JitterModel jitter;
    jitter.kernelSigma = 0.02;
    jitter.persistentSigma = 0.02;
    jitter.driftSteps = 4;
    JobResult single;
    const std::vector<JobResult> steps = TenSteps(jitter, &single);
    EXPECT_EQ(Fingerprint(steps[0]), Fingerprint(single)) << "the first step is the one alone";
    std::set<Tick> times;
    for (const JobResult& step : steps)
    {
        times.insert(step.stepTime);
        EXPECT_GE(step.stepTime, steps[10].stepTime - 40 * kMicrosecond) << "latest of eight";
    }
    EXPECT_EQ(times.size(), 11U);
    JobResult steady;
    TenSteps({}, &steady);
    EXPECT_EQ(steps[10].stepTime, steady.stepTime);
}

/// Persistent deviations: the draw of always at step 0, unit variance at every step, forgotten.
TEST(Steps, PersistentDeviationsDrift)
{
    JitterModel jitter;
    jitter.shape = JitterModel::Shape::Gaussian;
    jitter.persistentSigma = 0.01;
    JitterModel drifting = jitter;
    drifting.driftSteps = 10;
    constexpr Rank kRanks = 20'000;
    double square[3] = {};
    double product[3] = {};
    const uint32_t steps[3] = {0, 5, 10};
    for (Rank r = 0; r < kRanks; ++r)
    {
        const double first = jitter.Factor(7, r, 0, 3) - 1;
        EXPECT_EQ(drifting.Factor(7, r, 0, 3, 0) - 1, first);
        EXPECT_EQ(jitter.Factor(7, r, 0, 3, 123) - 1, first) << "without drift it stays";
        for (int i = 0; i < 3; ++i)
        {
            const double now = drifting.Factor(7, r, 0, 3, steps[i]) - 1;
            square[i] += now * now / kRanks * 1e4;
            product[i] += now * first / kRanks * 1e4;
        }
    }
    const double correlation[3] = {1, std::sqrt(0.5), 0};
    for (int i = 0; i < 3; ++i)
    {
        EXPECT_NEAR(square[i], 1, 0.04) << "variance at step " << steps[i];
        EXPECT_NEAR(product[i], correlation[i], 0.04) << "covariance at step " << steps[i];
    }
}

} // namespace

} // namespace heddle
