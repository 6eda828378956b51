// SPDX-License-Identifier: GPL-2.0-only
//
// result.json: the names that others read, and numbers as numbers.
#include "report/files/json.h"

#include "heddle-result.pb.h"

#include <gtest/gtest.h>

namespace heddle
{
namespace
{

TEST(Json, NamesAndNumbers)
{
    v1::World world;
    world.set_world("a \"quoted\"\nname");
    world.set_rung("R0");
    world.set_step_time_s(0.1);
    world.set_step_time_ps(9007199254740993); // more than a double holds
    EXPECT_EQ(ToJson(world),
              "{\n"
              "  \"world\": \"a \\\"quoted\\\"\\u000aname\",\n"
              "  \"rung\": \"R0\",\n"
              "  \"step_time_s\": 0.1,\n"
              "  \"step_time_ps\": 9007199254740993,\n"
              "  \"saved_ps\": 0,\n"
              "  \"saved_s\": 0,\n"
              "  \"saved_share\": 0,\n"
              "  \"mean_busy_ps\": 0,\n"
              "  \"fidelity\": \"\"\n"
              "}\n");
}

TEST(Json, OptionalFieldsAreLeftOutZerosAreNot)
{
    v1::Taxes taxes;
    EXPECT_EQ(ToJson(taxes), "{}\n");
    taxes.set_fabric_tax(0);
    EXPECT_EQ(ToJson(taxes), "{\n  \"fabric_tax\": 0\n}\n");
    EXPECT_EQ(ToJson(v1::MessageTimes()),
              "{\n  \"count\": 0,\n  \"p50_s\": 0,\n  \"p99_s\": 0,\n  \"max_s\": 0,\n"
              "  \"mean_s\": 0,\n  \"scale_out_bytes\": 0,\n  \"scale_up_bytes\": 0\n}\n");
}

TEST(Json, NoNumberIsNull)
{
    v1::Place place;
    place.set_time_s(std::numeric_limits<double>::infinity());
    EXPECT_NE(ToJson(place).find("\"time_s\": null"), std::string::npos);
}

/// Renaming a field breaks everybody's scripts: this list only grows.
TEST(Json, GoldenFieldNames)
{
    const std::pair<const google::protobuf::Descriptor*, std::string> golden[] = {
        {v1::Result::descriptor(),
         "schema_version manifest title note workload complete fabrics conclusions flip_points "},
        {v1::Manifest::descriptor(),
         "heddle_version ns3_version scenario_digest scenario_file graph_digest seed fidelity "
         "events packet_hops timing "},
        {v1::FabricResult::descriptor(),
         "name topology load_balancer congestion_control accelerators switches links step_time_s "
         "step_time_ps extrapolation taxes ladder ledger collectives worst_collective messages "
         "counters worst_ports optics critical_path ranks steps scales what_if uncertainty "
         "economics "
         "reliability "
         "faults faults_assumed bit_errors traffic_classes "},
        {v1::Steps::descriptor(),
         "count mean_s sd_s min_s p50_s p90_s p99_s p999_s max_s steady_s accelerator_jitter_s "
         "jitter_amplification idle_share root root_places fidelity step_time_s "},
        {v1::FaultRecord::descriptor(),
         "kind what at_s until_s detection_s sampled links rate_share during_step settled "},
        {v1::Taxes::descriptor(),
         "fabric_tax fabric_tax_s scale_out_tax scale_out_tax_s communication_tax "
         "communication_tax_s fabric_tax_usd_per_hour scale_out_tax_usd_per_hour "
         "communication_tax_usd_per_hour fabric_tax_j scale_out_tax_j communication_tax_j "},
        {v1::Optics::descriptor(),
         "power_w power_low_w power_high_w network_energy_per_step_j link_failures_per_month "
         "cost_usd tiers missing assumed "},
        {v1::FlipResult::descriptor(),
         "fabric against criterion figure unit given criterion_fabric criterion_against "
         "searched_low searched_high ties better_at_low and_figure and_unit frontier text "
         "assumed first_tie_at_low_rates first_tie_at_high_rates "},
        {v1::OutageState::descriptor(), "state links rate_share slowdown step_time_s fidelity "},
        {v1::SupplyResult::descriptor(),
         "schema_version heddle_version scenario_digest title note models "},
        {v1::SupplyModel::descriptor(),
         "model description figures values headline binding_line conclusion spans assumed "}};
    for (const auto& [type, expected] : golden)
    {
        std::string actual;
        for (int i = 0; i < type->field_count(); ++i)
        {
            actual += type->field(i)->name() + " ";
        }
        EXPECT_EQ(actual, expected) << type->name();
    }
}

} // namespace
} // namespace heddle
