// SPDX-License-Identifier: GPL-2.0-only
//
// Collectives as coupled flows: the ledger, late members, shared ports.
#include "../testing/training-fused-bench.h"
#include "../testing/training-test-support.h"

#include "ns3/base-errors.h"

#include <gtest/gtest.h>

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

} // namespace

} // namespace heddle
