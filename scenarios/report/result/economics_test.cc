// SPDX-License-Identifier: GPL-2.0-only
//
// The bill and the long run in whole results: sums, structure, floor plan.
#include "run/runner.h"
#include "testing/plan-of-text.h"

#include "ns3/base-errors.h"

#include "heddle-result.pb.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace heddle
{
namespace
{

v1::Result
RunText(const std::string& text)
{
    return RunPlan(PlanOf(text), {});
}

std::string
Scenario(const std::string& cluster, const std::string& tiers, const std::string& rest)
{
    return "title: \"t\" cluster { hosts: 8 accelerators_per_host: 2 nic { rate: \"400Gbps\" } " +
           cluster + " } " + rest +
           R"( economics { name: "list-2026" } reliability { name: "field-2025" }
               fabric { name: "f" topology { name: "fat-tree-2"
               parameters { name: "hosts_per_leaf" value: "4" } } )" +
           tiers + R"( }
               workload { collective { kind: "all-reduce" bytes: "4MiB"
                                       repeat: 2 compute_time: "100us" } })";
}

const char* const kPluggable = R"(nic_leaf { length: "2m" technology { name: "dsp-pluggable" } }
                                  leaf_spine { length: "30m" technology { name: "dsp-pluggable" } })";

TEST(Economics, SumsAreExact)
{
    const v1::Result result = RunText(Scenario("", kPluggable, ""));
    const v1::Economics& e = result.fabrics(0).economics();
    double power = 0;
    double capital = 0;
    for (const v1::BillItem& item : e.items())
    {
        power += item.power_w();
        capital += item.capital_usd();
    }
    EXPECT_GT(e.items_size(), 4);
    EXPECT_NEAR(power, e.it_power_w(), 1e-9 * power);
    EXPECT_NEAR(capital, e.capital_usd(), 1e-9 * capital);
    const double energy = e.compute_energy_per_step_j() + e.idle_energy_per_step_j() +
                          e.network_energy_per_step_j() + e.host_energy_per_step_j() +
                          e.cooling_energy_per_step_j();
    EXPECT_NEAR(energy, e.energy_per_step_j(), 1e-9 * energy);
    // Facility power over the step is the step's energy.
    const double step = result.fabrics(0).step_time_s();
    EXPECT_NEAR(e.facility_power_w() * step, energy, 1e-9 * energy);
    // Compute, idle and network, each from its own items; shares with the cooling they need.
    std::map<std::string, double> watts;
    for (const v1::BillItem& item : e.items())
    {
        watts[item.item()] = item.power_w();
    }
    EXPECT_NEAR(e.compute_energy_per_step_j() + e.idle_energy_per_step_j(),
                (watts["accelerators"] + watts["spare accelerators"]) * step,
                1e-9 * energy);
    EXPECT_NEAR(e.network_energy_per_step_j() - e.optics_energy_per_step_j(),
                (watts["NICs"] + watts["switch ASICs"] + watts["switch systems"]) * step,
                1e-9 * energy);
    const double optics = result.fabrics(0).optics().power_w();
    EXPECT_NEAR(e.optics_energy_per_step_j(), optics * step, 1e-9 * energy);
    EXPECT_NEAR(e.laser_energy_per_step_j(), optics * step / 3, 1e-5 * energy) << "5 of 15 W";
    const double pue = e.facility_power_w() / e.it_power_w();
    EXPECT_NEAR(pue, 1.09, 1e-12);
    EXPECT_NEAR(e.optics_share(), optics * pue / e.facility_power_w(), 1e-12);
    EXPECT_NEAR(e.laser_share() / e.optics_share(),
                e.laser_energy_per_step_j() / e.optics_energy_per_step_j(),
                1e-12);
    EXPECT_NEAR(e.cooling_energy_per_step_j(), (pue - 1) * e.it_power_w() * step, 1e-9 * energy);
    EXPECT_NEAR(e.cost_per_step_usd(),
                (e.capital_usd_per_hour() + e.energy_usd_per_hour()) * step / 3600,
                1e-12);
    EXPECT_FALSE(e.has_tokens_per_step()) << "an all-reduce makes no tokens";
    EXPECT_GT(e.assumed_size(), 0);
}

TEST(Economics, ClosedFormLiesInItsInterval)
{
    const v1::Result result = RunText(Scenario("", kPluggable, ""));
    const v1::Reliability& r = result.fabrics(0).reliability();
    EXPECT_GT(r.interruptions_per_month(), 0);
    EXPECT_LE(r.interruptions_per_month_low(), r.interruptions_per_month());
    EXPECT_GE(r.interruptions_per_month_high(), r.interruptions_per_month());
    EXPECT_LE(r.goodput_low(), r.goodput());
    EXPECT_GE(r.goodput_high(), r.goodput());
    EXPECT_NEAR(r.goodput(), r.effective_training_time_ratio() * r.mean_speed(), 1e-12);
    double failures = 0;
    for (const v1::Outage& outage : r.outages())
    {
        failures += outage.failures_per_month();
    }
    EXPECT_NEAR(failures, r.repairs_per_month(), 1e-9);
}

/// 64 modules of 674.5 USD at 400G, switches of 3906 USD per Tb/s, a truck roll of 150 USD each.
TEST(Economics, RepairsAndSparesAreBilled)
{
    const v1::Result result = RunText(Scenario("", kPluggable, ""));
    const v1::Economics& e = result.fabrics(0).economics();
    const v1::Reliability& r = result.fabrics(0).reliability();
    double labour = 0;
    double parts = 0;
    double stock = 0;
    for (const v1::Outage& outage : r.outages())
    {
        const bool accelerators = outage.part() == "accelerators and hosts";
        const bool leaf = outage.part() == "leaf switches";
        const bool spine = outage.part() == "spine switches";
        // 2 leaves of 8 + 8 ports, 8 spines of 2.
        const double price = accelerators ? 0
                             : leaf       ? 3906 * 16 * 0.4
                             : spine      ? 3906 * 2 * 0.4
                                          : 674.5;
        if (!accelerators && !leaf && !spine)
        {
            EXPECT_EQ(outage.price_usd(), 674.5) << outage.part();
            EXPECT_EQ(outage.price_grade(), "estimate");
        }
        labour += 150 * outage.failures_per_month();
        parts += price * outage.failures_per_month();
        stock += price * outage.spares();
    }
    std::printf("  labour %.2f (%.2f), parts %.2f (%.2f) USD a month, stock %.0f (%.0f) USD\n",
                r.repair_labour_usd_per_month(),
                labour,
                r.repair_parts_usd_per_month(),
                parts,
                r.spare_parts_usd(),
                stock);
    EXPECT_NEAR(r.repair_labour_usd_per_month(), labour, 1e-9 * labour);
    EXPECT_NEAR(r.repair_parts_usd_per_month(), parts, 1e-9 * parts);
    EXPECT_NEAR(r.spare_parts_usd(), stock, 1e-9 * stock);
    EXPECT_NEAR(r.repair_usd_per_month(), labour + parts, 1e-9 * parts);
    EXPECT_LT(r.repair_usd_per_month_low(), r.repair_usd_per_month());
    EXPECT_GT(r.repair_usd_per_month_high(), r.repair_usd_per_month());
    EXPECT_FALSE(e.has_cost_per_useful_token_usd()) << "an all-reduce makes no tokens";
    const auto& assumed = r.assumed();
    EXPECT_NE(std::find(assumed.begin(), assumed.end(), "field-2025.truck_roll"), assumed.end());
}

TEST(FloorPlan, ChoosesTheCheapestThatReaches)
{
    // A leaf serves four hosts, which fill a rack: it stands there and copper reaches it.
    const v1::Result result = RunText(Scenario("floor_plan { name: \"rows\" }", "", ""));
    const v1::Optics& optics = result.fabrics(0).optics();
    ASSERT_GE(optics.tiers_size(), 2);
    EXPECT_EQ(optics.tiers(0).tier(), "nic_leaf");
    EXPECT_EQ(optics.tiers(0).technology(), "aec"); // 85 USD; a passive cable is 104.5
    EXPECT_EQ(optics.tiers(0).longest_m(), 2);
    EXPECT_EQ(optics.tiers(1).tier(), "leaf_spine");
    EXPECT_NE(optics.tiers(1).technology(), "dac");
    EXPECT_GT(optics.tiers(1).longest_m(), optics.tiers(0).longest_m());
}

/// The message of the InputError, "" when there is none.
std::string
ErrorOf(const std::string& text)
{
    try
    {
        RunText(text);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "";
}

TEST(FloorPlan, TooLongForTheChosenTechnologyIsAnError)
{
    const std::string error = ErrorOf(Scenario("floor_plan { name: \"rows\" }",
                                               "leaf_spine { technology { name: \"dac\" } }",
                                               ""));
    EXPECT_NE(error.find("leaf_spine.technology"), std::string::npos) << error;
    EXPECT_NE(error.find("dac"), std::string::npos) << error;
}

TEST(FloorPlan, LengthsOfTiersContradictIt)
{
    const std::string error =
        ErrorOf(Scenario("floor_plan { name: \"rows\" }", "leaf_spine { length: \"20m\" }", ""));
    EXPECT_NE(error.find("floor_plan"), std::string::npos) << error;
}

TEST(Links, ASwitchSideTechnologyNeedsAnotherForTheNic)
{
    const std::string error =
        ErrorOf(Scenario("", "nic_leaf { technology { name: \"cpo-quantum-x\" } }", ""));
    EXPECT_NE(error.find("lower_end"), std::string::npos) << error;
}

} // namespace
} // namespace heddle
