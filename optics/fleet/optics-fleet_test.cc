// SPDX-License-Identifier: BSD-3-Clause
//
// Closed forms by hand and against drawn fleets.
#include "ns3/optics-fleet.h"
#include "ns3/optics-reliability.h"

#include <gtest/gtest.h>

#include <cmath>

namespace heddle
{
namespace
{

constexpr BitRate k800G(800'000'000'000);

/// The draws are fixed by the seed, so this fails by error, not by chance.
void
ExpectWithin(const Estimate& drawn, double closed, const char* what)
{
    EXPECT_NEAR(drawn.mean, closed, drawn.halfWidth) << what;
    EXPECT_LT(drawn.halfWidth, 0.1 * std::abs(closed)) << what << ": too wide to tell";
}

// Rows of the sourced table of figures.
TEST(Reliability, SourcedFigures)
{
    EXPECT_NEAR(1 - Availability(5.5e5, 24), 4.4e-5, 0.05e-5);
    EXPECT_NEAR(1 - Availability(2.6e6, 168), 6.5e-5, 0.05e-5);
    EXPECT_NEAR(AnnualFailureRate(2.6e6), 0.00336, 1e-5);
    EXPECT_NEAR(AnnualFailureRate(5.5e5), 0.0158, 1e-4);
    EXPECT_NEAR(KOfN(64, 64, 0.999), 0.938, 5e-4);
    EXPECT_NEAR(KOfN(64, 66, 0.999), 0.99996, 5e-6);
    EXPECT_NEAR(KOfN(1, 2, 0.9), 0.99, 1e-12);
}

// Garwood's intervals, as tables print them.
TEST(Reliability, PoissonIntervals)
{
    EXPECT_NEAR(PoissonInterval(35, 0.95).low, 24.379, 0.001);
    EXPECT_NEAR(PoissonInterval(35, 0.95).high, 48.677, 0.001);
    EXPECT_EQ(PoissonInterval(0, 0.95).low, 0);
    EXPECT_NEAR(PoissonInterval(0, 0.95).high, -std::log(0.025), 1e-9);
    EXPECT_NEAR(PoissonInterval(384, 0.95).high, 424.4, 0.1);
}

TEST(Reliability, DalysIntervalIsTheOptimum)
{
    for (const double mtbf : {1.0, 3.0, 100.0})
    {
        const double checkpoint = 100.0 / 3600;
        const double best = CheckpointInterval(checkpoint, mtbf);
        const double share = UsefulShare(best, checkpoint, 0.2, mtbf);
        EXPECT_GT(share, UsefulShare(best * 0.9, checkpoint, 0.2, mtbf)) << mtbf;
        EXPECT_GT(share, UsefulShare(best * 1.1, checkpoint, 0.2, mtbf)) << mtbf;
        EXPECT_NEAR(best / std::sqrt(2 * checkpoint * mtbf), 1, 0.15) << mtbf; // Young's
    }
    EXPECT_NEAR(ArrheniusFactor(0.7, 40, 40), 1, 1e-12);
    // 0.7 eV from 55 to 85 °C: exp(0.7 / 8.617e-5 × (1/328.15 − 1/358.15)) = 7.953
    EXPECT_NEAR(ArrheniusFactor(0.7, 55, 85), 7.953, 0.001);
}

TEST(Reliability, SparesByHand)
{
    EXPECT_EQ(Spares(0, 0.99), 0U);
    EXPECT_EQ(Spares(1, 0.99), 4U); // Poisson(1): P(≤3) = 0.981, P(≤4) = 0.9963
    EXPECT_EQ(Spares(0.005, 0.99), 0U);
}

TEST(Fleet, ClosedFormAgreesWithDraws)
{
    // Series system with shared fate: stopping and slowing groups of very different sizes.
    const std::vector<OutageGroup> groups{{"hosts", 500, 40'000, 1, 10, kStops, 8},
                                          {"sources", 90, 300'000, 1, 24, 1.05, 8},
                                          {"links", 2000, 10'000, 1, 24, 1.02, 1},
                                          {"engines", 40, 50'000, 1, 168, 1.3, 144}};
    const JobPolicy policy{0.05, 0.3};
    const FleetFigures closed = FleetClosedForm(groups, policy);
    const FleetSample drawn = FleetMonteCarlo(groups, policy, 4000, 60, 7);
    EXPECT_NEAR(closed.interruptionsPerMonth, 720 * 500 / (1e9 / 40'000 + 10), 1e-9);
    ExpectWithin(drawn.interruptionsPerMonth, closed.interruptionsPerMonth, "interruptions");
    ExpectWithin(drawn.incidentsPerMonth, closed.incidentsPerMonth, "incidents");
    ExpectWithin(drawn.meanSpeed, closed.meanSpeed, "speed");
    ExpectWithin(drawn.goodput, closed.goodput, "goodput");
    ExpectWithin(drawn.undisturbed, closed.undisturbed, "undisturbed");
}

// 44 of 50 parts must work, each with A = 10/11.
TEST(Fleet, TooFewAcceleratorsWait)
{
    const std::vector<OutageGroup> groups{{"hosts", 50, 1e7, 1, 10, kStops, 1, 1}};
    const JobPolicy policy{0.01, 0, 0.5, 720, 0.99, 6};
    const FleetFigures closed = FleetClosedForm(groups, policy);
    EXPECT_NEAR(closed.running, KOfN(44, 50, 10.0 / 11), 1e-12);
    // A part that fails was up: the other 49 decide whether the job runs.
    EXPECT_NEAR(closed.interruptionsPerMonth, 720 * 50 / 110.0 * KOfN(43, 49, 10.0 / 11), 1e-9);
    const FleetSample drawn = FleetMonteCarlo(groups, policy, 20'000, 30, 2);
    ExpectWithin(drawn.running, closed.running, "running");
    ExpectWithin(drawn.interruptionsPerMonth, closed.interruptionsPerMonth, "interruptions");
    ExpectWithin(drawn.goodput, closed.goodput, "goodput");
    EXPECT_EQ(FleetClosedForm(groups, {0.01, 0, 0.5}).running, 1);
}

// One chassis takes 32 accelerators, hosts take one each: shared fate against 40 spare ones.
TEST(Fleet, SharedFateAgainstSpareAccelerators)
{
    const std::vector<OutageGroup> groups{{"hosts", 1000, 20'000, 1, 24, kStops, 1, 1},
                                          {"chassis", 30, 60'000, 1, 168, kStops, 32, 32}};
    const JobPolicy policy{0.02, 0.25, 0, 720, 0.99, 40};
    const FleetFigures closed = FleetClosedForm(groups, policy);
    // Two chassis down, or one with more than 8 hosts, stop the job: rare with ≈ 0.3 chassis down.
    EXPECT_GT(closed.running, 0.9);
    EXPECT_LT(closed.running, 0.99);
    const FleetSample drawn = FleetMonteCarlo(groups, policy, 20'000, 60, 11);
    ExpectWithin(drawn.running, closed.running, "running");
    ExpectWithin(drawn.effectiveTime, closed.running * closed.usefulShare, "effective time");
    ExpectWithin(drawn.interruptionsPerMonth, closed.interruptionsPerMonth, "interruptions");
    ExpectWithin(drawn.sparesSuffice, closed.sparesSuffice, "spares");
    ExpectWithin(drawn.failuresPerMonth[1], closed.groups[1].failuresPerMonth, "chassis");
}

TEST(Fleet, DalysModelAgreesWithDraws)
{
    // Failures so frequent that restarts fail too.
    const std::vector<OutageGroup> groups{{"hosts", 100, 10'000'000, 1, 0, kStops, 1}};
    const JobPolicy policy{0.05, 0.4, 0.5};
    const FleetFigures closed = FleetClosedForm(groups, policy);
    const FleetSample drawn = FleetMonteCarlo(groups, policy, 2000, 40, 3);
    EXPECT_NEAR(closed.usefulShare, 0.5 / (std::exp(0.4) * std::expm1(0.55)), 1e-12);
    ExpectWithin(drawn.goodput, closed.usefulShare, "useful share");
}

TEST(Fleet, WeibullKeepsTheMeanLife)
{
    // Over many lives every shape fails once per mean life and repair.
    for (const double shape : {0.7, 1.0, 2.0})
    {
        const std::vector<OutageGroup> groups{{"parts", 200, 1e7, shape, 10, 1.5, 1}};
        const FleetSample drawn = FleetMonteCarlo(groups, {0.1, 0.1}, 20'000, 40, 1);
        EXPECT_NEAR(drawn.incidentsPerMonth.mean, 720 * 200 / 110.0, 15) << "shape " << shape;
    }
    // Early on, wear-out fails less than constant hazard, infant mortality more.
    const auto early = [](double shape)
    {
        return FleetMonteCarlo({{"parts", 2000, 1e5, shape, 1, 1.5, 1}}, {0.1, 0.1}, 1000, 4, 1)
            .incidentsPerMonth.mean;
    };
    EXPECT_LT(early(2), 0.5 * early(1));
    EXPECT_GT(early(0.7), 1.5 * early(1));
}

// One Quantum-X switch of 144 ports: the structure gives the parts and what each takes down.
TEST(Fleet, QuantumXFromItsStructure)
{
    LinkTier tier;
    tier.name = "leaf_spine";
    tier.nearEnd = FindLinkTechnology("cpo-quantum-x");
    tier.farEnd = FindLinkTechnology("dsp-pluggable");
    tier.rate = k800G;
    tier.links = 144;
    std::vector<std::string> missing;
    const std::vector<PartOutage> groups = OutageGroups(tier, missing);
    ASSERT_EQ(groups.size(), 4U);
    EXPECT_EQ(groups[0].name, "leaf_spine cpo-quantum-x laser");
    EXPECT_EQ(groups[0].count, 144U);
    EXPECT_EQ(groups[0].ports, 8U); // its repair swaps the source
    EXPECT_EQ(groups[1].count, 18U);
    EXPECT_EQ(groups[1].ports, 8U);
    EXPECT_EQ(groups[2].count, 72U);
    EXPECT_EQ(groups[2].ports, 144U); // its repair swaps the chassis
    EXPECT_TRUE(groups[2].wholeSwitch);
    EXPECT_EQ(groups[2].end, LinkEnd::Upper);
    EXPECT_EQ(groups[3].end, LinkEnd::Either);
    EXPECT_EQ(groups[3].count, 144U);
    EXPECT_EQ(groups[3].ports, 1U);
    EXPECT_EQ(missing.size(), 2U) << "connectors of both ends";
    // Shared fate: far fewer incidents than ports would have if each failed by itself.
    double cpo = 0;
    for (size_t i = 0; i < 3; ++i)
    {
        cpo += static_cast<double>(groups[i].count) * groups[i].fit;
    }
    EXPECT_NEAR(cpo, 144 * 20 + 18 * 289.615 + 72 * 75, 1e-6);
    EXPECT_LT(cpo, 144 * 1e9 / 2.6e6);
}

} // namespace
} // namespace heddle
