// SPDX-License-Identifier: GPL-2.0-only
//
// Leaves of 8 NICs of 400 Gb/s and scenario defaults for the rest: DCQCN, buffers, latencies as
// documented in the schema. Sizes are such that a case takes about a second at packet level.
#include "validate/fidelity-cases.h"

#include <array>

namespace heddle
{

namespace
{

struct Size
{
    const char* name;
    unsigned ranks;
    const char* bytes;
};

struct Workload
{
    const char* name;
    std::vector<Size> sizes;
    std::vector<Size> quickSizes;
    std::string (*text)(const Size& size);
    const char* collectives; ///< of the fabric
    unsigned perHost = 1;
};

std::string
PermutationText(const Size& size)
{
    return std::string("traffic { permutation { bytes: \"") + size.bytes + "\" shift: 11 } }";
}

/// To the first rank from all others.
std::string
IncastText(const Size& size)
{
    return std::string("traffic { incast { to: 0 bytes: \"") + size.bytes + "\" } }";
}

/// To the first rank from the first so many ranks of the other leaves.
std::string
SmallIncastText(const Size& size)
{
    std::string text = "traffic { incast { to: 0 bytes: \"" + std::string(size.bytes) + "\"";
    for (const char* from : {"3", "6", "9", "12", "15", "18", "21", "24"})
    {
        text += std::string(" from: ") + from;
    }
    return text + " } }";
}

std::string
AllReduceText(const Size& size)
{
    return std::string("collective { kind: \"all-reduce\" bytes: \"") + size.bytes + "\" }";
}

std::string
AllToAllText(const Size& size)
{
    return std::string("collective { kind: \"all-to-all\" bytes: \"") + size.bytes + "\" }";
}

/// One layer of a mixture of experts, forward and backward, without its gradients. The size is the
/// sequence length.
std::string
MixtureText(const Size& size)
{
    return std::string("training_step { model: \"qwen3-235b-a22b\" sequence: ") + size.bytes +
           " expert_parallel: 32\n"
           "  slice { layers: 1 head: false gradients: false optimizer: false } }";
}

const std::vector<Workload>&
Workloads()
{
    static const std::vector<Workload> all{
        {"permutation",
         {{"32 ranks, 4 MiB", 32, "4MiB"}},
         {{"32 ranks, 1 MiB", 32, "1MiB"}},
         &PermutationText,
         ""},
        {"incast 8", {{"4 MiB", 32, "4MiB"}}, {{"1 MiB", 32, "1MiB"}}, &SmallIncastText, ""},
        {"incast 31", {{"2 MiB", 32, "2MiB"}}, {{"1 MiB", 32, "1MiB"}}, &IncastText, ""},
        {"ring all-reduce",
         {{"32 ranks, 64 MiB", 32, "64MiB"}},
         {{"16 ranks, 8 MiB", 16, "8MiB"}},
         &AllReduceText,
         ""},
        {"tree all-reduce",
         {{"32 ranks, 16 MiB", 32, "16MiB"}},
         {{"16 ranks, 4 MiB", 16, "4MiB"}},
         &AllReduceText,
         "collectives { all_reduce: \"double-tree\" }"},
        {"all-to-all",
         {{"8 ranks, 1 MiB a pair", 8, "8MiB"},
          {"16 ranks, 512 KiB a pair", 16, "8MiB"},
          {"32 ranks, 256 KiB a pair", 32, "8MiB"},
          {"64 ranks, 128 KiB a pair", 64, "8MiB"},
          {"128 ranks, 64 KiB a pair", 128, "8MiB"}},
         {{"8 ranks, 256 KiB a pair", 8, "2MiB"}, {"32 ranks, 64 KiB a pair", 32, "2MiB"}},
         &AllToAllText,
         ""},
        {"MoE step slice",
         {{"32 ranks, 512 tokens", 32, "512"}},
         {{"32 ranks, 128 tokens", 32, "128"}},
         &MixtureText,
         "collectives { software { name: \"nccl-h100\" } }",
         4},
    };
    return all;
}

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
     {"link down", 1, "faults { down { link: \"leaf0-spine0\" at: \"20us\" } }\n"}}};

/// 8 NICs a leaf, but at least two leaves.
unsigned
NicsPerLeaf(const Size& size)
{
    return size.ranks > 8 ? 8 : 4;
}

std::string
ScenarioText(const Workload& workload,
             const Size& size,
             const std::string& balancer,
             const std::string& control,
             const Condition& condition)
{
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
    text += "  transport { congestion_control { name: \"" + control + "\" } }\n";
    text += std::string(condition.faults) + workload.collectives + " }\n";
    return text + "workload { " + workload.text(size) + " }\n";
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
    for (const Workload& workload : Workloads())
    {
        for (const char* balancer : balancers)
        {
            for (const char* control : {"none", "dcqcn"})
            {
                for (size_t c = 0; c < conditions; ++c)
                {
                    FidelityFamily family{workload.name,
                                          balancer,
                                          control,
                                          kConditions[c].name,
                                          {}};
                    for (const Size& size : quick ? workload.quickSizes : workload.sizes)
                    {
                        if (NicsPerLeaf(size) < 2 * kConditions[c].oversubscription)
                        {
                            continue; // one uplink: nothing to balance
                        }
                        family.cases.push_back(
                            {size.name,
                             ScenarioText(workload, size, balancer, control, kConditions[c])});
                    }
                    families.push_back(std::move(family));
                }
            }
        }
    }
    return families;
}

} // namespace heddle
