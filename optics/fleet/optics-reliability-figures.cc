// SPDX-License-Identifier: BSD-3-Clause
//
// Failure rates, repair and recovery of what is no link: registry category "reliability".
#include "ns3/optics-figure-set.h"

namespace heddle
{

namespace
{

constexpr double kU = kUnknown;

// clang-format off
const FigureSetRegistration kField2025{
    "reliability",
    "field-2025",
    "Field data of large training fleets: how often accelerators, hosts and switches stop a job, how "
    "long checkpoints and restarts take. Links fail as their technologies say.",
    {
        // figure, value, unit, low, high, grade, source, help
        {"accelerator_fit", 18083, "FIT", 8333, 33854, Grade::Derived,
         "Llama 3 (arXiv:2407.21783): 419 unexpected interruptions less 35 of the network, 54 days, 16,384 "
         "accelerators; range: H100 fleets of 5,000 GPU-days (SemiAnalysis) to Meta's RSC-1 of 6.5 failures per "
         "1,000 node-days (arXiv:2410.21680)", "failures that stop a job, per accelerator with its host and NIC"},
        {"accelerator_repair", 24, "h", kU, kU, Grade::Assumption, "no source", "until a spare is a spare again"},
        {"switch_fit", 708, "FIT", kU, 9225, Grade::Derived,
         "Alibaba HPN (SIGCOMM 2024): 0.051 % of ToR switches per month; high: 2 % of 180,000 switches in three "
         "months (Microsoft, second-hand)", "per switch"},
        {"switch_repair", 24, "h", kU, kU, Grade::Assumption, "no source", "swap of a switch"},
        {"checkpoint", 100, "s", kU, kU, Grade::Primary,
         "Alibaba HPN (SIGCOMM 2024): 30 GB per accelerator, about 100 s", "time to write one, the job waiting"},
        {"restart", 15, "min", 3.7, 39, Grade::Secondary,
         "MegaScale: detected in 10, recovered in 15 minutes; OLMo median 3.7, mean 39",
         "from failure to the first step"},
        {"checkpoint_interval", kU, "h", kU, kU, Grade::NotFound, "computed: Daly's optimum",
         "work between checkpoints; unknown: Daly's optimum"},
        {"spare_accelerators", kU, "1", kU, kU, Grade::NotFound, "no source",
         "that stand by; with more of them down the job waits for repairs; unknown: always enough"},
        {"spare_lead", 720, "h", kU, kU, Grade::Assumption, "no source", "replenishment time of spares"},
        {"truck_roll", 150, "USD", kU, kU, Grade::Assumption,
         "two hours of a technician at 75 USD; no source", "labour of one repair, of whatever part"},
        {"replaced_share", 1, "1", 0, 1, Grade::Assumption, "no warranty; no source",
         "of the price of a link's part or switch that a repair costs"},
        {"accelerator_replaced_share", 0, "1", 0, 1, Grade::Assumption,
         "reset or under warranty; no source", "of an accelerator's cost that one of its repairs costs"},
        {"horizon", 8760, "h", kU, kU, Grade::Derived, "a year, by choice", "of the Monte Carlo"},
        {"replications", 1000, "1", kU, kU, Grade::Derived, "by choice", "of the Monte Carlo; at least 2"},
    }};
// clang-format on

} // namespace

} // namespace heddle
