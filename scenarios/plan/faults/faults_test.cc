// SPDX-License-Identifier: GPL-2.0-only
//
// Faults: overlapping ones merge, blast radii fall out of the technologies' structure, draws follow
// the failure rates and do not depend on the rest of the fabric; bit errors per link.
#include "plan/faults/faults.h"
#include "testing/plan-of-text.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <set>

namespace heddle
{
namespace
{

/// 8 hosts of 4 on two leaves; spines with co-packaged optics, 800G links.
std::string
Scenario(const std::string& faults, const std::string& tier = "")
{
    return R"(
cluster { hosts: 32 accelerators_per_host: 4 nic { rate: "800Gbps" } }
fabric {
  name: "f"
  topology { name: "fat-tree-2" parameters { name: "hosts_per_leaf" value: "8" } }
  leaf_spine { technology { name: "cpo-quantum-x" } )" +
           tier + R"( }
  faults { )" +
           faults + R"( }
}
workload { traffic { permutation { bytes: "1MiB" shift: 64 } } }
run { what_if: "none" }
)";
}

std::string
Refusal(const std::string& text)
{
    try
    {
        PlanOf(text);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "";
}

TEST(MergeFaults, OverlappingHoldsOfOneLink)
{
    std::vector<Fault> faults(4);
    faults[0].at = 10; // down 10 … 30, noticed at 15
    faults[0].until = 30;
    faults[0].detection = 5;
    faults[0].links = {{0, 0}};
    faults[1].at = 20; // down 20 … 40, noticed at 39
    faults[1].until = 40;
    faults[1].detection = 19;
    faults[1].links = {{0, 0}};
    faults[2].at = 5; // three quarters 5 … 50
    faults[2].until = 50;
    faults[2].links = {{0, 0.75}, {1, 0.75}};
    faults[3].at = 45; // a half from 45 on
    faults[3].links = {{0, 0.5}};
    const std::vector<LinkEvent> events = MergeFaults(faults, {1, 0.8});
    const std::vector<LinkEvent> expected = {{5, 0, 0.75, false},
                                             {5, 1, 0.75 / 0.8, false},
                                             {10, 0, 0, true},
                                             {15, 0, 0, false},
                                             {30, 0, 0, true}, // the second one is hidden still
                                             {39, 0, 0, false},
                                             {40, 0, 0.75, false},
                                             {45, 0, 0.5, false},
                                             {50, 1, 1, false}};
    ASSERT_EQ(events.size(), expected.size());
    for (size_t i = 0; i < events.size(); ++i)
    {
        EXPECT_EQ(events[i].at, expected[i].at) << i;
        EXPECT_EQ(events[i].link, expected[i].link) << i;
        EXPECT_DOUBLE_EQ(events[i].share, expected[i].share) << i;
        EXPECT_EQ(events[i].silent, expected[i].silent) << i;
    }
}

/// While an engine is replaced its switch is down, while a laser is its source, a module its port.
TEST(BlastRadius, ARepairTakesMore)
{
    const struct
    {
        const char* part;
        size_t fails;
        size_t repair;
    } rows[] = {{"source", 8, 8}, {"engine", 2, 64}, {"laser", 1, 8}};
    for (const auto& row : rows)
    {
        const Plan plan =
            PlanOf(Scenario(std::string("part { of: \"leaf1\" part: \"") + row.part +
                            "\" index: 1 at: \"5us\" repair_at: \"7us\" until: \"9us\" }"));
        const std::vector<Fault>& faults = plan.fabrics[0].faults;
        ASSERT_EQ(faults.size(), 2u);
        std::printf("  %s: failure takes %zu ports (%zu), repair %zu (%zu)\n",
                    row.part,
                    faults[0].links.size(),
                    row.fails,
                    faults[1].links.size(),
                    row.repair);
        EXPECT_EQ(faults[0].links.size(), row.fails) << row.part;
        EXPECT_EQ(faults[1].links.size(), row.repair) << row.part;
        EXPECT_EQ(faults[1].kind, "repair");
        EXPECT_EQ(faults[1].at, 7 * kMicrosecond);
        EXPECT_EQ(faults[1].until, 9 * kMicrosecond);
        for (const LinkShare& link : faults[0].links)
        {
            const auto& taken = faults[1].links;
            EXPECT_TRUE(std::any_of(taken.begin(),
                                    taken.end(),
                                    [&](const LinkShare& l) { return l.link == link.link; }));
        }
    }
    const char* const part = "part { of: \"leaf1\" part: \"engine\" at: \"5us\" ";
    EXPECT_NE(Refusal(Scenario(std::string(part) + "repair_at: \"7us\" }")).find("needs `until`"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario(std::string(part) + "repair_at: \"4us\" until: \"9us\" }"))
                  .find("is not between"),
              std::string::npos);
}

/// Without a time it was so before the run: part of the topology, no event.
TEST(Settled, IsPartOfTheTopology)
{
    const Plan plan =
        PlanOf(Scenario("down { link: \"leaf0-spine3\" } "
                        "part { of: \"leaf1\" part: \"source\" } "
                        "down { link: \"leaf0-spine3\" at: \"1us\" until: \"2us\" }"));
    const FabricPlan& fabric = plan.fabrics[0];
    EXPECT_TRUE(fabric.events.empty());
    const auto& links = fabric.topology.links;
    EXPECT_EQ(std::count_if(links.begin(), links.end(), [](const auto& l) { return !l.up; }), 9);
    const auto& whole = fabric.pristine.links;
    EXPECT_TRUE(std::all_of(whole.begin(), whole.end(), [](const auto& l) { return l.up; }));
    const std::string until = Refusal(Scenario("down { link: \"leaf0-spine3\" until: \"2us\" }"));
    EXPECT_NE(until.find("until: without `at`"), std::string::npos) << until;
    const std::string alone = Refusal(Scenario("down { link: \"nic3\" }"));
    EXPECT_NE(alone.find("cuts 1 NIC off"), std::string::npos) << alone;
}

/// An external source of the Quantum-X class feeds 8 ports of 800G, an engine 2, a laser 1.
TEST(BlastRadius, FollowsFromTheStructure)
{
    const struct
    {
        const char* part;
        size_t ports;
    } rows[] = {{"source", 8}, {"engine", 2}, {"laser", 1}};
    for (const auto& row : rows)
    {
        const Plan plan = PlanOf(Scenario(std::string("part { of: \"leaf1\" part: \"") + row.part +
                                          "\" index: 1 at: \"5us\" until: \"9us\" }"));
        const Fault& fault = plan.fabrics[0].faults.at(0);
        EXPECT_EQ(fault.links.size(), row.ports) << row.part;
        std::set<std::string> names;
        for (const LinkShare& link : fault.links)
        {
            EXPECT_EQ(link.share, 0);
            names.insert(LinkKey(plan.fabrics[0].topology, link.link));
        }
        // The second part: ports row.ports … 2 · row.ports − 1 of the leaf's 32 uplinks.
        for (size_t port = row.ports; port < 2 * row.ports; ++port)
        {
            EXPECT_EQ(names.count("leaf1-spine" + std::to_string(port)), 1u) << row.part;
        }
        EXPECT_EQ(plan.fabrics[0].events.size(), 2 * row.ports);
    }
}

/// A port that loses some of its lanes goes on, as far as its policy allows.
TEST(BlastRadius, LanesOfAPort)
{
    const auto share = [](const std::string& more)
    {
        const Plan plan = PlanOf(
            Scenario("degraded { link: \"leaf0-spine3\" at: \"1us\" lost_lanes: 1 " + more + " }"));
        return plan.fabrics[0].events.at(0).share;
    };
    EXPECT_DOUBLE_EQ(share(""), 0.75) << "4 lanes of 200G";
    EXPECT_DOUBLE_EQ(share("lane_loss: \"half-rate\""), 0.5);
    EXPECT_DOUBLE_EQ(share("lane_loss: \"down\""), 0);
    // 8 lanes of 100G without a technology: 7 of 8.
    const Plan plan = PlanOf(Scenario("degraded { link: \"nic3-leaf0\" lost_lanes: 1 }"));
    const Topology& topology = plan.fabrics[0].topology;
    EXPECT_EQ(topology.links[FindLinks(topology, "nic3")[0]].rate, ParseRate("700Gbps"));
    EXPECT_TRUE(plan.fabrics[0].events.empty());
}

/// Slow from the start and slower later: the minimum of both, not the product.
TEST(Faults, TheRateIsTheMinimum)
{
    const Plan plan = PlanOf(Scenario("degraded { link: \"leaf0-spine0\" rate_factor: \"50%\" } "
                                      "degraded { link: \"leaf0-spine0\" rate_factor: \"25%\" "
                                      "at: \"5us\" until: \"9us\" } "
                                      "degraded { link: \"leaf0-spine0\" rate_factor: \"75%\" "
                                      "at: \"20us\" }"));
    const FabricPlan& fabric = plan.fabrics[0];
    EXPECT_EQ(fabric.topology.links[FindLinks(fabric.topology, "leaf0-spine0")[0]].rate,
              ParseRate("400Gbps"));
    ASSERT_EQ(fabric.events.size(), 2u);
    EXPECT_DOUBLE_EQ(fabric.events[0].share, 0.5) << "of what is left";
    EXPECT_DOUBLE_EQ(fabric.events[1].share, 1);
}

TEST(Faults, WrongOnesSayWhatIsRight)
{
    EXPECT_NE(Refusal(Scenario("part { of: \"leaf1\" part: \"sauce\" at: \"5us\" }"))
                  .find("Did you mean 'source'"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario("part { of: \"nic1\" part: \"module\" at: \"5us\" }")).find("nic1"),
              std::string::npos)
        << "no technology there";
    EXPECT_NE(Refusal(Scenario("part { of: \"leaf1\" part: \"source\" index: 4 at: \"5us\" }"))
                  .find("0 to 3"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario("degraded { link: \"leaf0-spine0\" lost_lanes: 5 }"))
                  .find("4 lanes of 200"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario("degraded { link: \"leaf0-spine0\" lost_lanes: 1 "
                               "rate_factor: \"50%\" }"))
                  .find("rate_factor"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario("sampled { rate_multiplier: \"1e20\" window: \"1s\" }"))
                  .find("more than 100000"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario("sampled { rate_multiplier: \"1e9\" }")).find("window"),
              std::string::npos);
}

std::set<std::pair<std::string, Tick>>
Drawn(const Plan& plan)
{
    std::set<std::pair<std::string, Tick>> draws;
    for (const Fault& fault : plan.fabrics[0].faults)
    {
        EXPECT_TRUE(fault.sampled);
        draws.insert({fault.kind + " " + fault.what, fault.at});
    }
    return draws;
}

const char* const kSampled = "sampled { rate_multiplier: \"1e11\" window: \"1s\" repair: \"1ms\" "
                             "flaps { per_link_day: \"1e-6\" mean_duration: \"3ms\" "
                             "retrain: \"1ms\" } }";

/// As many faults of each kind as the rates say, within 4 standard errors; the same for the same
/// seed, others for another.
TEST(SampledFaults, FollowTheirRates)
{
    const Plan plan = PlanOf(Scenario(kSampled));
    std::map<std::string, double> counts;
    double flapTime = 0;
    for (const Fault& fault : plan.fabrics[0].faults)
    {
        counts[fault.kind] += 1;
        flapTime += fault.kind == "flap" ? static_cast<double>(fault.until - fault.at) / 1e12 : 0;
    }
    // 128 links of 800G between 4 leaves and 32 spines, both ends co-packaged: 4 lanes each.
    const double perSecond = 1e11 / 1e9 / 3600;
    const LinkTechnology& technology = FindLinkTechnology("cpo-quantum-x");
    const auto fit = [&](const std::string& part) { return technology.Get(part + "_fit").value; };
    // A leaf's 32 ports need 32 lasers, 4 sources, 16 engines; a spine's 4 ports 4, 1, 2.
    const std::map<std::string, double> expected = {
        {"laser", (4 * 32 + 32 * 4) * fit("laser") * perSecond},
        {"source", (4 * 4 + 32 * 1) * fit("source") * perSecond},
        {"engine", (4 * 16 + 32 * 2) * fit("engine") * perSecond},
        {"switch", 36 * 700 * perSecond},
        {"flap", (128 + 128) * 1e-6 * 1e11 / 86400}};
    for (const auto& [kind, mean] : expected)
    {
        std::printf("  %-8s expected %.1f, drawn %.0f\n", kind.c_str(), mean, counts[kind]);
        EXPECT_NEAR(counts[kind], mean, 4 * std::sqrt(mean)) << kind;
    }
    const double flaps = counts["flap"];
    EXPECT_NEAR(flapTime / flaps, 4e-3, 4 * 3e-3 / std::sqrt(flaps));
    EXPECT_EQ(Drawn(plan), Drawn(PlanOf(Scenario(kSampled))));
    EXPECT_NE(Drawn(plan), Drawn(PlanOf(Scenario(kSampled), {"run.seed=2"})));
}

/// Keyed by name: a fabric with other parts besides has the same faults of these.
TEST(SampledFaults, DoNotDependOnTheRest)
{
    const auto of = [](const std::string& tier)
    {
        std::set<std::pair<std::string, Tick>> draws;
        for (const auto& draw : Drawn(PlanOf(Scenario(kSampled, tier))))
        {
            if (draw.first.find("module") == std::string::npos)
            {
                draws.insert(draw);
            }
        }
        return draws;
    };
    EXPECT_EQ(of(""), of("} nic_leaf { technology { name: \"dsp-pluggable\" } length: \"50m\""));
}

/// Links draw from the technology's distribution; warmth and age move all of them.
TEST(BitErrors, EachLinkDrawsItsOwn)
{
    const auto tierOf = [](const std::string& conditions)
    { return PlanOf(Scenario("", "bit_errors { " + conditions + " }")).fabrics[0]; };
    const FabricPlan mild = tierOf("");
    ASSERT_EQ(mild.bitErrors.size(), 1u);
    const BitErrorPlan& tier = mild.bitErrors[0];
    const BerDistribution links = BerOf(FindLinkTechnology("cpo-quantum-x"));
    EXPECT_EQ(tier.links, 128u);
    // Median of 128: standard error 1.25 · spread / sqrt(128) decades.
    EXPECT_NEAR(std::log10(tier.median / links.median),
                0,
                4 * 1.25 * links.spread / std::sqrt(128));
    EXPECT_GT(tier.worst, links.Quantile(0.95, {}));
    const FabricPlan hot = tierOf("celsius: \"70\" years: \"5\"");
    const double drift = 30 * links.perKelvin + 5 * links.perYear;
    EXPECT_NEAR(std::log10(hot.bitErrors[0].worst / tier.worst), drift, 1e-9);
    EXPECT_EQ(hot.bitErrors[0].worstLink, tier.worstLink);
    EXPECT_NEAR(hot.bitErrors[0].margin, tier.margin - drift, 1e-9);
    // The hazards that the run uses are the formula's.
    const Topology& topology = hot.topology;
    const uint32_t worst = FindLinks(topology, tier.worstLink)[0];
    for (uint32_t frame : {64U, 1518U, 4158U})
    {
        const double expected = FrameLossRatio(kKp4, {hot.bitErrors[0].worst}, frame);
        EXPECT_NEAR(topology.links[worst].loss.Probability(frame + 20) / expected, 1, 1e-6)
            << frame << " B: expected " << expected;
    }
    const FabricPlan fixed = tierOf("ratio: \"2.4e-4\"");
    EXPECT_EQ(fixed.bitErrors[0].worst, 2.4e-4);
    EXPECT_NEAR(fixed.bitErrors[0].worstLoss, FrameLossRatio(kKp4, {2.4e-4}, 4194 - 20), 1e-15);
}

TEST(BitErrors, WrongOnes)
{
    EXPECT_NE(Refusal(Scenario("", "bit_errors {} loss_probability: \"1%\"")).find("give one"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario("", "bit_errors { ratio: \"1e-5\" years: \"2\" }"))
                  .find("what every link has"),
              std::string::npos);
    EXPECT_NE(Refusal(Scenario("", "} nic_leaf { bit_errors {}")).find("names no technology"),
              std::string::npos);
}

} // namespace
} // namespace heddle
