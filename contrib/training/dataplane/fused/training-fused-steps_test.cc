// SPDX-License-Identifier: GPL-2.0-only
//
// Repeated steps.
#include "../testing/training-fused-bench.h"
#include "../testing/training-test-support.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace heddle
{

namespace
{

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
    *single = bench.Run(g, Level::Fused);
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
