// SPDX-License-Identifier: BSD-3-Clause
//
// Expert routing: conservation and skew.
#include "graph_for_test.h"

namespace heddle
{

namespace
{

using namespace graphtest;

TEST(MoeRouting, PairsAreConserved)
{
    StepSpec spec = Spec("qwen3-30b-a3b");
    spec.sequenceLength = 512;
    spec.layers = 2;
    spec.ep = spec.dp = 8;
    for (double zipf : {0.0, 0.3, 0.6})
    {
        for (bool draw : {false, true})
        {
            spec.zipf = zipf;
            spec.drawExperts = draw;
            if (zipf == 0 && !draw)
            {
                continue;
            }
            MoeRouting routing(spec);
            for (const auto& row : routing.Pairs(47, 0, 0))
            {
                EXPECT_EQ(std::accumulate(row.begin(), row.end(), 0ULL), 512U * 8)
                    << "zipf " << zipf;
            }
            // What is dispatched comes back, and every pair is computed once.
            TaskGraph graph = BuildStep(spec).graph;
            double pairFlops = 2.0 * static_cast<double>(spec.model.ExpertWeights());
            for (Rank r = 0; r < 8; ++r)
            {
                Task dispatch = Labelled(graph, r, "moe-dispatch")[0];
                EXPECT_EQ(dispatch.bytes, 512U * 8 * 2048 * 2);
                for (Rank j = 0; j < 8; ++j)
                {
                    Task combine = Labelled(graph, j, "moe-combine")[0];
                    EXPECT_EQ(graph.sizeRows()[dispatch.sizes][j],
                              graph.sizeRows()[combine.sizes][r]);
                }
                double combined = static_cast<double>(Labelled(graph, r, "moe-combine")[0].bytes);
                EXPECT_NEAR(Labelled(graph, r, "moe-experts")[0].flops / pairFlops,
                            combined / 2048 / 2,
                            1e-6);
            }
        }
    }
}

double
Gini(std::vector<double> loads)
{
    std::sort(loads.begin(), loads.end());
    double weighted = 0;
    for (size_t i = 0; i < loads.size(); ++i)
    {
        weighted +=
            (2.0 * static_cast<double>(i + 1) - static_cast<double>(loads.size()) - 1) * loads[i];
    }
    return weighted / static_cast<double>(loads.size()) /
           std::accumulate(loads.begin(), loads.end(), 0.0);
}

/// Zipf exponents against the Gini coefficients and peaks they were calibrated to.
TEST(MoeRouting, ZipfMatchesGini)
{
    struct Row
    {
        double s, gini, peak;
    };

    StepSpec spec = Spec("qwen3-235b-a22b"); // 128 experts
    for (Row row : {Row{.201, .105, 2.14}, {.278, .15, 2.83}, {.421, .24, 4.65}, {.625, .38, 8.93}})
    {
        spec.zipf = row.s;
        std::vector<double> p = MoeRouting(spec).Popularity(7);
        EXPECT_NEAR(Gini(p), row.gini, 0.002) << "s " << row.s;
        EXPECT_NEAR(*std::max_element(p.begin(), p.end()) * 128, row.peak, 0.02) << "s " << row.s;
        EXPECT_NE(p, MoeRouting(spec).Popularity(8)) << "each layer has its own order";
    }
}

} // namespace

} // namespace heddle
