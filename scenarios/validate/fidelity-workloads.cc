// SPDX-License-Identifier: GPL-2.0-only
#include "validate/fidelity-workloads.h"

namespace heddle
{

namespace
{

constexpr unsigned kPerHost = 4;

std::string
PermutationText(const FidelitySize& size)
{
    return std::string("traffic { permutation { bytes: \"") + size.bytes + "\" shift: 11 } }";
}

/// To the first rank from all others.
std::string
IncastText(const FidelitySize& size)
{
    return std::string("traffic { incast { to: 0 bytes: \"") + size.bytes + "\" } }";
}

/// To the first rank from the first so many ranks of the other leaves.
std::string
SmallIncastText(const FidelitySize& size)
{
    std::string text = "traffic { incast { to: 0 bytes: \"" + std::string(size.bytes) + "\"";
    for (const char* from : {"3", "6", "9", "12", "15", "18", "21", "24"})
    {
        text += std::string(" from: ") + from;
    }
    return text + " } }";
}

std::string
AllReduceText(const FidelitySize& size)
{
    return std::string("collective { kind: \"all-reduce\" bytes: \"") + size.bytes + "\" }";
}

std::string
AllToAllText(const FidelitySize& size)
{
    return std::string("collective { kind: \"all-to-all\" bytes: \"") + size.bytes + "\" }";
}

/// One layer of a mixture of experts, forward and backward, without its gradients. The size is the
/// sequence length.
std::string
MixtureText(const FidelitySize& size)
{
    return std::string("training_step { model: \"qwen3-235b-a22b\" sequence: ") + size.bytes +
           " expert_parallel: 32\n"
           "  slice { layers: 1 head: false gradients: false optimizer: false } }";
}

FidelityWorkload
MixtureInHosts(const char* level, const FidelitySize& size = {"32 ranks, 512 tokens", 32, "512"})
{
    return {level,
            "MoE step slice",
            {size},
            {{"32 ranks, 128 tokens", 32, "128"}},
            &MixtureText,
            "collectives { software { name: \"nccl-h100\" } }",
            kPerHost};
}

std::vector<FidelityWorkload>
ByMessages()
{
    return {
        {kFlowMessages,
         "permutation",
         {{"32 ranks, 4 MiB", 32, "4MiB"}},
         {{"32 ranks, 1 MiB", 32, "1MiB"}},
         &PermutationText,
         ""},
        {kFlowMessages,
         "incast 8",
         {{"4 MiB", 32, "4MiB"}},
         {{"1 MiB", 32, "1MiB"}},
         &SmallIncastText,
         ""},
        {kFlowMessages,
         "incast 31",
         {{"2 MiB", 32, "2MiB"}},
         {{"1 MiB", 32, "1MiB"}},
         &IncastText,
         ""},
        {kFlowMessages,
         "ring all-reduce",
         {{"32 ranks, 64 MiB", 32, "64MiB"}},
         {{"16 ranks, 8 MiB", 16, "8MiB"}},
         &AllReduceText,
         ""},
        {kFlowMessages,
         "tree all-reduce",
         {{"32 ranks, 16 MiB", 32, "16MiB"}},
         {{"16 ranks, 4 MiB", 16, "4MiB"}},
         &AllReduceText,
         "collectives { all_reduce: \"double-tree\" }"},
        {kFlowMessages,
         "all-to-all",
         {{"8 ranks, 1 MiB a pair", 8, "8MiB"},
          {"16 ranks, 512 KiB a pair", 16, "8MiB"},
          {"32 ranks, 256 KiB a pair", 32, "8MiB"},
          {"64 ranks, 128 KiB a pair", 64, "8MiB"},
          {"128 ranks, 64 KiB a pair", 128, "8MiB"}},
         {{"8 ranks, 256 KiB a pair", 8, "2MiB"}, {"32 ranks, 64 KiB a pair", 32, "2MiB"}},
         &AllToAllText,
         ""},
        MixtureInHosts(kFlowMessages),
    };
}

std::vector<FidelityWorkload>
ByCollectives()
{
    const std::vector<FidelitySize> sizes{{"8 ranks, 1 MiB", 8, "1MiB"},
                                          {"8 ranks, 32 MiB", 8, "32MiB"},
                                          {"32 ranks, 1 MiB", 32, "1MiB"},
                                          {"32 ranks, 16 MiB", 32, "16MiB"},
                                          {"128 ranks, 8 MiB", 128, "8MiB"}};
    const std::vector<FidelitySize> quick{{"16 ranks, 1 MiB", 16, "1MiB"},
                                          {"16 ranks, 4 MiB", 16, "4MiB"}};
    const auto reduce = [&](const char* name, const char* collectives, unsigned perHost) {
        return FidelityWorkload{kFlow, name, sizes, quick, &AllReduceText, collectives, perHost};
    };
    const auto exchange = [&](const char* name, const char* collectives) {
        return FidelityWorkload{kFlow, name, sizes, quick, &AllToAllText, collectives, 1};
    };
    return {
        reduce("ring all-reduce", "", 1),
        reduce("ring all-reduce in hosts of 4", "", kPerHost),
        reduce("hierarchical all-reduce", "collectives { all_reduce: \"hierarchical\" }", kPerHost),
        reduce("tree all-reduce", "collectives { all_reduce: \"double-tree\" }", 1),
        exchange("all-to-all", ""),
        exchange("pairwise all-to-all", "collectives { all_to_all: \"pairwise\" }"),
        MixtureInHosts(kFlow)};
}

} // namespace

const std::vector<FidelityWorkload>&
FidelityWorkloads()
{
    static const std::vector<FidelityWorkload> all = []
    {
        std::vector<FidelityWorkload> both = ByMessages();
        const std::vector<FidelityWorkload> collectives = ByCollectives();
        both.insert(both.end(), collectives.begin(), collectives.end());
        return both;
    }();
    return all;
}

const std::vector<FidelityWorkload>&
SeveralPortsWorkloads()
{
    static const std::vector<FidelityWorkload> all{
        {kFlowMessages,
         "ring all-reduce",
         {{"32 ranks, 16 MiB", 32, "16MiB"}},
         {},
         &AllReduceText,
         "",
         kPerHost},
        {kFlowMessages,
         "all-to-all",
         {{"8 ranks, 1 MiB a pair", 8, "8MiB"}, {"32 ranks, 128 KiB a pair", 32, "4MiB"}},
         {{"8 ranks, 256 KiB a pair", 8, "2MiB"}},
         &AllToAllText,
         ""},
        MixtureInHosts(kFlowMessages, {"32 ranks, 256 tokens", 32, "256"})};
    return all;
}

const std::vector<FidelityWorkload>&
RailWorkloads()
{
    static const std::vector<FidelityWorkload> all = []
    {
        std::vector<FidelityWorkload> both;
        for (const char* level : {kFlowMessages, kFlow})
        {
            both.push_back({level,
                            "all-to-all",
                            {{"16 ranks, 1 MiB a pair", 16, "16MiB"},
                             {"32 ranks, 256 KiB a pair", 32, "8MiB"},
                             {"64 ranks, 128 KiB a pair", 64, "8MiB"}},
                            {{"32 ranks, 64 KiB a pair", 32, "2MiB"}},
                            &AllToAllText,
                            "",
                            kPerHost});
            both.push_back(MixtureInHosts(level));
        }
        return both;
    }();
    return all;
}

} // namespace heddle
