// SPDX-License-Identifier: GPL-2.0-only
//
// Collectives as coupled flows: the ledger, late members, shared ports.
#include "../testing/training-fused-bench.h"
#include "../testing/training-test-support.h"

#include "ns3/base-errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace heddle
{

namespace
{

TEST(Fused, NothingTakesTimeWhereEverythingIsInfinite)
{
    FusedBench bench(2, 4);
    MakeNetworkInfinite(bench.config);
    bench.config.ideal.noSoftware = true;
    for (CollectiveKind kind : {CollectiveKind::AllReduce, CollectiveKind::AllToAll})
    {
        EXPECT_EQ(bench.Run(OneCollective(8, kind, 1 << 20), Level::Fused).stepTime, 0);
    }
}

TEST(Fused, AnAlgorithmWithoutFusedFormSaysSo)
{
    FusedBench bench(4, 1);
    bench.algorithms.allReduce = kStarAlgorithm;
    try
    {
        bench.Run(OneCollective(4, CollectiveKind::AllReduce, 100), Level::Fused);
        FAIL() << "no error";
    }
    catch (const InputError& error)
    {
        EXPECT_EQ(std::string(error.what()),
                  "collective algorithm 'test-star' has no fused all-reduce: use run.fidelity "
                  "\"flow-messages\" or another algorithm");
    }
}

/// A perfect all-to-all is endpoint time; an uplink at half rate is congestion at its port.
TEST(Fused, LedgerSaysWhere)
{
    FusedBench bench(4, 4);
    bench.topology = "fat-tree-2";
    bench.parameters = {{"hosts_per_leaf", "2"}};
    const TaskGraph graph = OneCollective(16, CollectiveKind::AllToAll, 256 << 20);
    const JobResult whole = bench.Run(graph, Level::Fused);
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
    const JobResult degraded = bench.Run(graph, Level::Fused);
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
    const JobResult r = bench.Run(g, Level::Fused);
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
    const double one = double(bench.Run(graph(1), Level::Fused).stepTime);
    const double three = double(bench.Run(graph(3), Level::Fused).stepTime);
    EXPECT_NEAR(three / one, 3, 0.01) << one << " and " << three << " ps";
}

/// Short messages of one ring beside long ones of others, on the same NICs and links, against
/// packets.
TEST(Fused, ShortMessagesWaitBehindLongOnes)
{
    struct Row
    {
        const char* balancer;
        uint32_t others; ///< rings of long messages on every NIC
        uint64_t chunk;
        double tolerance;
    };

    constexpr Rank kRanks = 16;
    constexpr Rank kLong = 4; // ranks of a ring of long messages
    for (const Row& row : {Row{"adaptive", 0, 64 << 10, 0.005},
                           Row{"adaptive", 1, 64 << 10, 0.2},
                           Row{"adaptive", 1, 1 << 20, 0.03},
                           Row{"adaptive", 2, 256 << 10, 0.08},
                           Row{"ecmp", 1, 16 << 10, 0.12},
                           Row{"ecmp", 2, 256 << 10, 0.15}})
    {
        FusedBench bench(kRanks, 1);
        bench.topology = "fat-tree-2";
        bench.parameters = {{"hosts_per_leaf", "4"}};
        bench.loadBalancer = row.balancer;
        bench.transport.ackEveryPackets = 16;
        TaskGraph graph(kRanks);
        const auto gather = [&graph](const std::vector<Rank>& ranks, uint64_t chunk)
        {
            CollectiveSpec spec;
            spec.kind = CollectiveKind::AllGather;
            spec.bytes = chunk * ranks.size();
            const CommId comm =
                graph.AddCommunicator("c" + std::to_string(graph.communicators().size()), ranks);
            for (const Rank rank : ranks)
            {
                graph.AddCollective(rank, comm, spec);
            }
        };
        std::vector<Rank> all(kRanks);
        std::iota(all.begin(), all.end(), 0);
        gather(all, row.chunk);
        for (uint32_t i = 0; i < row.others; ++i)
        {
            for (Rank first = 0; first < kLong; ++first)
            {
                gather({first, first + 4, first + 8, first + 12}, 8 << 20);
            }
        }
        const auto took = [&](Level level)
        {
            const JobResult result = bench.Run(graph, level);
            const auto first = std::find_if(result.collectives.begin(),
                                            result.collectives.end(),
                                            [](const auto& call) { return call.comm == 0; });
            return ToSeconds(first->finished - first->lastArrival) * 1e6;
        };
        const double expected = took(Level::Packets);
        const double actual = took(Level::Fused);
        const std::string where = std::string(row.balancer) + ", " + std::to_string(row.others) +
                                  " others, " + std::to_string(row.chunk >> 10) + " KiB";
        EXPECT_NEAR(actual, expected, row.tolerance * expected) << where << ", us";
        std::printf("%-28s packets %8.1f us  fused %+6.2f %%\n",
                    where.c_str(),
                    expected,
                    100 * (actual / expected - 1));
    }
}

} // namespace

} // namespace heddle
