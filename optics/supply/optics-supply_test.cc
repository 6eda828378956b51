// SPDX-License-Identifier: BSD-3-Clause
//
// Yields and supply against the sourced tables and drawn engines.
#include "ns3/base-errors.h"
#include "ns3/base-random.h"
#include "ns3/optics-supply.h"
#include "ns3/optics-yield.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{
namespace
{

TEST(Yield, SourcedTable)
{
    // 800 mm² at 0.10 defects per cm².
    EXPECT_NEAR(DieYield(DefectModel::Poisson, 8, 0.1, 0), 0.449, 5e-4);
    EXPECT_NEAR(DieYield(DefectModel::Murphy, 8, 0.1, 0), 0.474, 5e-4);
    EXPECT_NEAR(DieYield(DefectModel::NegativeBinomial, 8, 0.1, 3), 0.492, 5e-4);
    EXPECT_NEAR(DieYield(DefectModel::NegativeBinomial, 8, 0.1, 2), 0.510, 5e-4);
    EXPECT_NEAR(DieYield(DefectModel::Seeds, 8, 0.1, 0), 0.556, 5e-4);
    EXPECT_NEAR(DieYield(DefectModel::Poisson, 28, 0.02, 0), 0.57, 5e-3); // interposer
    EXPECT_NEAR(DiesPerWafer(814, 300), 63.5, 0.05);
    EXPECT_NEAR(StackYield(0.98, 8), 0.851, 5e-4);
    EXPECT_NEAR(StackYield(0.99, 12), 0.886, 5e-4);
    EXPECT_NEAR(StackYield(0.995, 16), 0.923, 5e-4);
    EXPECT_NEAR(EngineYield({1, 1, 0, 0.99865, 36}), 0.953, 1e-3);
    EXPECT_NEAR(EngineYield({1, 1, 0, 0.99865, 288}), 0.678, 1e-3);
    EXPECT_NEAR(EngineYield({1, 1, 0, 0.99865, 1088}), 0.230, 1e-3);
    EXPECT_NEAR(EngineYield({0.999, 64, 0, 1, 0}), 0.938, 5e-4);
    EXPECT_NEAR(EngineYield({0.999, 64, 2, 1, 0}), 0.99996, 5e-6);
    EXPECT_NEAR(PackageOfEngines(0.99, 1, 8, 0).unscreened, 0.923, 5e-4);
    EXPECT_NEAR(PackageOfEngines(0.99, 1, 16, 0).unscreened, 0.851, 5e-4);
    EXPECT_NEAR(PackageOfEngines(0.99, 1, 32, 0).unscreened, 0.725, 5e-4);
    EXPECT_NEAR(PackageOfEngines(0.99, 1, 72, 0).unscreened, 0.485, 5e-4);
    EXPECT_EQ(PackageOfEngines(0.5, 1, 72, 0).screened, 1);
}

// Clustered defects tend to Poisson as alpha grows; alpha 1 is Seeds.
TEST(Yield, NegativeBinomialsLimits)
{
    EXPECT_NEAR(DieYield(DefectModel::NegativeBinomial, 8, 0.1, 1e7),
                DieYield(DefectModel::Poisson, 8, 0.1, 0),
                1e-6);
    EXPECT_NEAR(DieYield(DefectModel::NegativeBinomial, 8, 0.1, 1),
                DieYield(DefectModel::Seeds, 8, 0.1, 0),
                1e-12);
}

TEST(Yield, EnginesAgreeWithDraws)
{
    const EngineProcess process{0.97, 16, 1, 0.995, 20, 0.98, 0.99, 0.97};
    const RandomStream random(1, "yield-test", 0);
    constexpr int kEngines = 40'000;
    uint64_t draw = 0;
    int good = 0;
    for (int i = 0; i < kEngines; ++i)
    {
        uint32_t lanes = 0;
        for (uint32_t lane = 0; lane < 17; ++lane)
        {
            lanes += random.Uniform(draw++) < 0.97 ? 1 : 0;
        }
        bool works = lanes >= 16;
        for (uint32_t fibre = 0; fibre < 20; ++fibre)
        {
            works = (random.Uniform(draw++) < 0.995) && works;
        }
        for (const double yield : {0.98, 0.99, 0.97})
        {
            works = (random.Uniform(draw++) < yield) && works;
        }
        good += works ? 1 : 0;
    }
    const double expected = EngineYield(process);
    EXPECT_NEAR(static_cast<double>(good) / kEngines,
                expected,
                3 * std::sqrt(expected * (1 - expected) / kEngines));
}

// Cases of the sourced table: packaging wafers × sites × packaging yield, no other loss.
TEST(Supply, KnownGoodAcceleratorsPerMonth)
{
    const auto ceiling = [](const char* wafers, const char* sites, const char* yield)
    {
        return Supply("accelerators",
                      {{"packaging_wafers", wafers},
                       {"packages_per_wafer", sites},
                       {"packaging_yield", yield},
                       {"die_escape_yield", "1"},
                       {"stack_escape_yield", "1"},
                       {"test_yield", "1"}})
            .Value("accelerators");
    };
    EXPECT_NEAR(ceiling("35000", "29", "0.9"), 913'500, 1e-3);
    EXPECT_NEAR(ceiling("75000", "16", "0.9"), 1'080'000, 1e-3);
    EXPECT_NEAR(ceiling("75000", "16", "0.8"), 960'000, 1e-3);
    EXPECT_NEAR(ceiling("120000", "9", "0.8"), 864'000, 1e-3);
}

TEST(Supply, TheLeastLineLimits)
{
    const SupplyReport memory =
        Supply("accelerators", {{"logic_wafers", "60000"}, {"stack_starts", "1000000"}});
    const double good = memory.Value("good share of packages");
    EXPECT_NEAR(memory.Value("accelerators by memory"), 1e6 * std::pow(0.99, 12) / 8 * good, 1e-3);
    EXPECT_DOUBLE_EQ(memory.Value("accelerators"), memory.Value("accelerators by memory"));
    EXPECT_EQ(memory.conclusion, "memory limits.");
    const SupplyReport logic =
        Supply("accelerators", {{"logic_wafers", "100"}, {"stack_starts", "100000000"}});
    EXPECT_EQ(logic.conclusion, "logic limits.");
    EXPECT_NEAR(logic.Value("accelerators by logic"),
                100 * logic.Value("dies sold per wafer") / 2 * good,
                1e-6);
    EXPECT_THROW(Supply("accelerators", {{"packaging_yield", "1.2"}}), InputError);
    EXPECT_THROW(Supply("accelerators", {{"dies_per_package", "1.5"}}), InputError);
    EXPECT_THROW(Supply("acelerators", {}), InputError);
}

TEST(Supply, ScreeningSavesEngines)
{
    const SupplyReport report = Supply("cpo-switch", {});
    const double engine = 0.99 * 0.99 * 0.995 * std::pow(0.999, 8) * std::pow(0.99865, 18);
    EXPECT_NEAR(report.Value("engine yield"), engine, 1e-12);
    EXPECT_NEAR(report.Value("good packages, engines as they come"),
                std::pow(engine * 0.999, 72),
                1e-12);
    EXPECT_NEAR(report.Value("engines per good package, known-good"),
                72 / engine / std::pow(0.999, 72),
                1e-9);
}

} // namespace
} // namespace heddle
