// SPDX-License-Identifier: GPL-2.0-only
//
// What the fidelity set sends in several traffic classes, at both flow levels: an all-to-all and an
// all-reduce of all ranks at once, the all-to-all first or three to one.
#include "validate/fidelity-workloads.h"

namespace heddle
{

namespace
{

/// The size is that of the all-to-all; the all-reduce is four times as large.
std::string
BothText(const FidelitySize& size)
{
    std::string ranks;
    for (unsigned rank = 0; rank < size.ranks; ++rank)
    {
        ranks += " rank: " + std::to_string(rank);
    }
    const auto task = [&](const char* name, const char* kind, const std::string& bytes)
    {
        return std::string("task {") + ranks + " name: \"" + kind +
               "\" collective { communicator: \"" + name + "\" kind: \"" + kind + "\" bytes: \"" +
               bytes + "\" } }\n";
    };
    const std::string bytes = size.bytes;
    return "program {\ncommunicator { name: \"experts\"" + ranks +
           " }\ncommunicator { name: \"gradients\"" + ranks + " }\n" +
           task("experts", "all-to-all", bytes + "MiB") +
           task("gradients", "all-reduce", std::to_string(4 * std::stoi(bytes)) + "MiB") + "}";
}

FidelityWorkload
Both(const char* level, const char* name, const char* classes)
{
    constexpr unsigned kPerHost = 4;
    return {level,
            name,
            {{"32 ranks, 128 KiB a pair", 32, "4"}, {"32 ranks, 512 KiB a pair", 32, "16"}},
            {{"16 ranks, 64 KiB a pair", 16, "1"}},
            &BothText,
            classes,
            kPerHost};
}

} // namespace

const std::vector<FidelityWorkload>&
ClassWorkloads()
{
    static const std::vector<FidelityWorkload> all = []
    {
        std::vector<FidelityWorkload> both;
        for (const char* level : {kFlowMessages, kFlow})
        {
            both.push_back(Both(level,
                                kStrictClasses,
                                "traffic_class { priority: 5 of: \"experts\" strict: true }"));
            both.push_back(Both(level,
                                kWeightedClasses,
                                "traffic_class { priority: 5 of: \"experts\" weight: 3 }"));
        }
        return both;
    }();
    return all;
}

} // namespace heddle
