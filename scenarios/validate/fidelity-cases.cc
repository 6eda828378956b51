// SPDX-License-Identifier: GPL-2.0-only
//
// Leaves of 8 NICs of 400 Gb/s and scenario defaults for the rest: DCQCN, buffers, latencies as
// documented in the schema. Sizes are such that a case takes about a second at packet level.
#include "validate/fidelity-workloads.h"

#include <array>

namespace heddle
{

namespace
{

struct Condition
{
    const char* name;
    unsigned oversubscription;
    const char* faults;
};

/// The link fails while messages are under way and is routed around 50 us later.
constexpr std::array<Condition, 4> kConditions{
    {{"1:1", 1, ""},
     {"2:1", 2, ""},
     {"4:1", 4, ""},
     {kLinkDown, 1, "faults { down { link: \"leaf0-spine0\" at: \"20us\" } }\n"}}};

/// 8 NICs a leaf, but at least two leaves.
unsigned
NicsPerLeaf(const FidelitySize& size)
{
    return size.ranks > 8 ? 8 : 4;
}

std::string
ScenarioText(const FidelityWorkload& workload,
             const FidelitySize& size,
             const std::string& balancer,
             const std::string& control,
             const Condition& condition,
             unsigned draw = 0)
{
    const bool byPackets = draw > 0 && balancer == "ecmp";
    const unsigned hostsPerLeaf = NicsPerLeaf(size) / workload.perHost;
    const bool fails = *condition.faults != '\0';
    std::string text = "cluster { hosts: " + std::to_string(size.ranks / workload.perHost) +
                       " accelerators_per_host: " + std::to_string(workload.perHost) +
                       " nic { rate: \"400Gbps\" } }\n";
    text += "fabric { name: \"f\" topology { name: \"fat-tree-2\"\n"
            "  parameters { name: \"hosts_per_leaf\" value: \"" +
            std::to_string(hostsPerLeaf) +
            "\" }\n"
            "  parameters { name: \"oversubscription\" value: \"" +
            std::to_string(condition.oversubscription) + "\" } }\n";
    text += "  switch { load_balancer { name: \"" + balancer + "\" }" +
            (fails ? " reroute_delay: \"50us\"" : "") + " }\n";
    text += "  transport { congestion_control { name: \"" + control + "\" }" +
            (byPackets ? " mtu: \"" + std::to_string(4096 - 16 * draw) + "B\"" : "") + " }\n";
    text += std::string(condition.faults) + workload.collectives + " }\n";
    text += "workload { " + workload.text(size) + " }\n";
    return text +
           (draw > 0 && !byPackets ? "run { seed: " + std::to_string(1 + draw) + " }\n" : "");
}

} // namespace

std::vector<FidelityFamily>
FidelitySet(bool quick)
{
    const std::vector<const char*> balancers =
        quick ? std::vector<const char*>{"ecmp", "adaptive"}
              : std::vector<const char*>{"ecmp", "spray", "adaptive"};
    const size_t conditions = quick ? 2 : kConditions.size();
    std::vector<FidelityFamily> families;
    const auto add = [&](const FidelityWorkload& workload,
                         const char* balancer,
                         const char* control,
                         const Condition& condition)
    {
        FidelityFamily family{workload.level, workload.name, balancer, control, condition.name, {}};
        for (const FidelitySize& size : quick ? workload.quickSizes : workload.sizes)
        {
            if (NicsPerLeaf(size) >= 2 * condition.oversubscription) // else nothing to balance
            {
                FidelityCase& c = family.cases.emplace_back();
                c.name = size.name;
                c.scenario = ScenarioText(workload, size, balancer, control, condition);
                for (unsigned draw = 1; draw <= kOtherDraws; ++draw)
                {
                    c.otherDraws.push_back(
                        ScenarioText(workload, size, balancer, control, condition, draw));
                }
            }
        }
        families.push_back(std::move(family));
    };
    for (const FidelityWorkload& workload : FidelityWorkloads())
    {
        for (const char* balancer : balancers)
        {
            for (const char* control : {"none", "dcqcn"})
            {
                for (size_t c = 0; c < conditions; ++c)
                {
                    add(workload, balancer, control, kConditions[c]);
                }
            }
        }
    }
    return families;
}

} // namespace heddle
