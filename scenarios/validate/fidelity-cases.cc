// SPDX-License-Identifier: GPL-2.0-only
//
// Leaves of 8 NICs of 400 Gb/s and scenario defaults for the rest: DCQCN, buffers, latencies as
// documented in the schema. Sizes are such that a case takes about a second at packet level.
#include "validate/fidelity-workloads.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace heddle
{

namespace
{

std::string
TopologyText(const char* name, std::initializer_list<std::pair<const char*, unsigned>> parameters)
{
    std::string text = std::string("topology { name: \"") + name + "\"\n";
    for (const auto& [parameter, value] : parameters)
    {
        text += std::string("  parameters { name: \"") + parameter + "\" value: \"" +
                std::to_string(value) + "\" }\n";
    }
    return text + "}\n";
}

std::string
LeafSpine(unsigned, unsigned hostsPerLeaf, unsigned oversubscription)
{
    return TopologyText("fat-tree-2",
                        {{"hosts_per_leaf", hostsPerLeaf}, {"oversubscription", oversubscription}});
}

/// Two leaves for each of several hosts' rails; rails are few where hosts are many.
std::string
DualTor(unsigned, unsigned hostsPerLeaf, unsigned)
{
    return TopologyText("dual-tor", {{"hosts_per_group", std::max(4U, hostsPerLeaf)}});
}

std::string
Planes(unsigned, unsigned hostsPerLeaf, unsigned)
{
    return TopologyText("multi-plane", {{"planes", 4}, {"hosts_per_leaf", hostsPerLeaf}});
}

std::string
Rails(unsigned hosts, unsigned, unsigned)
{
    return TopologyText("rail-optimised", {{"hosts_per_group", std::min(4U, hosts / 2)}});
}

struct Fault
{
    const char* name; ///< of the case
    const char* text;
    bool rerouted = true; ///< 50 us later
};

struct Condition
{
    const char* name;
    std::string (*topology)(unsigned hosts, unsigned hostsPerLeaf, unsigned oversubscription);
    unsigned oversubscription = 1;
    std::vector<Fault> faults{{"", "", false}}; ///< a case each
};

const std::vector<Condition>&
LeafSpineConditions()
{
    static const std::vector<Condition> all{
        {"1:1", &LeafSpine},
        {"2:1", &LeafSpine, 2},
        {"4:1", &LeafSpine, 4},
        {kLinkDown,
         &LeafSpine,
         1,
         {{"", "faults { down { link: \"leaf0-spine0\" at: \"20us\" } }\n"}}}};
    return all;
}

const std::vector<Condition>&
SeveralPortsConditions()
{
    static const std::vector<Fault> portDown{
        {", at 20 us", "faults { down { link: \"nic0.1\" at: \"20us\" } }\n"},
        {", from the start", "faults { down { link: \"nic0.1\" } }\n", false}};
    static const std::vector<Condition> all{{kDualTor, &DualTor},
                                            {kDualTorPortDown, &DualTor, 1, portDown},
                                            {kPlanes, &Planes},
                                            {kPlanesPortDown, &Planes, 1, portDown}};
    return all;
}

const std::vector<Condition>&
RailConditions()
{
    static const std::vector<Condition> all{{kRails, &Rails}};
    return all;
}

const std::vector<Condition>&
ClassConditions()
{
    static const std::vector<Condition> all = []
    {
        std::vector<Condition> some = LeafSpineConditions();
        some.erase(some.begin() + 2); // 4:1
        some.push_back(RailConditions()[0]);
        return some;
    }();
    return all;
}

/// What is run under what.
struct Part
{
    const std::vector<FidelityWorkload>& workloads;
    const std::vector<Condition>& conditions;
    size_t quick; ///< conditions in the quick set
};

const std::vector<Part>&
Parts()
{
    static const std::vector<Part> all{{FidelityWorkloads(), LeafSpineConditions(), 2},
                                       {SeveralPortsWorkloads(), SeveralPortsConditions(), 1},
                                       {RailWorkloads(), RailConditions(), 1},
                                       {ClassWorkloads(), ClassConditions(), 1}};
    return all;
}

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
             const Fault& fault,
             unsigned draw = 0)
{
    const bool byPackets = draw > 0 && balancer == "ecmp";
    const unsigned hosts = size.ranks / workload.perHost;
    const unsigned hostsPerLeaf = NicsPerLeaf(size) / workload.perHost;
    std::string text = "cluster { hosts: " + std::to_string(hosts) +
                       " accelerators_per_host: " + std::to_string(workload.perHost) +
                       " nic { rate: \"400Gbps\" } }\n";
    text += "fabric { name: \"f\" " +
            condition.topology(hosts, hostsPerLeaf, condition.oversubscription);
    text += "  switch { load_balancer { name: \"" + balancer + "\" }" +
            (fault.rerouted ? " reroute_delay: \"50us\"" : "") + " }\n";
    text += "  transport { congestion_control { name: \"" + control + "\" }" +
            (byPackets ? " mtu: \"" + std::to_string(4096 - 16 * draw) + "B\"" : "") + " }\n";
    text += std::string(fault.text) + workload.collectives + " }\n";
    text += "workload { " + workload.text(size) + " }\n";
    return text +
           (draw > 0 && !byPackets ? "run { seed: " + std::to_string(1 + draw) + " }\n" : "");
}

FidelityFamily
FamilyOf(const FidelityWorkload& workload,
         const std::vector<FidelitySize>& sizes,
         const char* balancer,
         const char* control,
         const Condition& condition)
{
    FidelityFamily family{workload.level, workload.name, balancer, control, condition.name, {}};
    for (const FidelitySize& size : sizes)
    {
        if (NicsPerLeaf(size) < 2 * condition.oversubscription)
        {
            continue; // nothing to balance
        }
        for (const Fault& fault : condition.faults)
        {
            FidelityCase& c = family.cases.emplace_back();
            c.name = std::string(size.name) + fault.name;
            c.scenario = ScenarioText(workload, size, balancer, control, condition, fault);
            for (unsigned draw = 1; draw <= kOtherDraws; ++draw)
            {
                c.otherDraws.push_back(
                    ScenarioText(workload, size, balancer, control, condition, fault, draw));
            }
        }
    }
    return family;
}

} // namespace

std::vector<FidelityFamily>
FidelitySet(bool quick)
{
    const std::vector<const char*> balancers =
        quick ? std::vector<const char*>{"ecmp", "adaptive"}
              : std::vector<const char*>{"ecmp", "spray", "adaptive"};
    std::vector<FidelityFamily> families;
    for (const Part& part : Parts())
    {
        const size_t conditions = quick ? part.quick : part.conditions.size();
        for (const FidelityWorkload& workload : part.workloads)
        {
            const std::vector<FidelitySize>& sizes = quick ? workload.quickSizes : workload.sizes;
            for (const char* balancer : sizes.empty() ? std::vector<const char*>{} : balancers)
            {
                for (const char* control : {"none", "dcqcn"})
                {
                    for (size_t c = 0; c < conditions; ++c)
                    {
                        families.push_back(
                            FamilyOf(workload, sizes, balancer, control, part.conditions[c]));
                    }
                }
            }
        }
    }
    return families;
}

} // namespace heddle
