// SPDX-License-Identifier: GPL-2.0-only
#include "workloads.h"

#include "ns3/base-errors.h"

namespace heddle::bench
{

const std::vector<Workload>&
Workloads()
{
    static const std::vector<Workload> all = {
        {"w1",
         "128 hosts (k=8), permutation of 20 MB: w1_20mb.cm",
         [] { return Permutation(128, 20'000'000, 1); }},
        {"w2-ring",
         "128 hosts, ring all-reduce in order, 255 steps of 32 KiB",
         [] { return RingAllReduce(128, 32768); }},
        {"w2-all-to-all",
         "128 hosts, 64 KiB per pair, 16 at once per host",
         [] { return AllToAll(128, 65536, 16); }},
        {"w3",
         "1,024 hosts (k=16), permutation of 4 MB: w3_4mb.cm",
         [] { return Permutation(1024, 4'000'000, 1); }},
        {"w4",
         "8,192 hosts (k=32), permutation of 1 MB",
         [] { return Permutation(8192, 1'000'000, 1); }},
        {"w5", "moe-step-256: a slice of a Qwen3-235B-A22B training step on 256 H100", nullptr},
    };
    return all;
}

const Workload&
FindWorkload(const std::string& name)
{
    std::vector<std::string> names;
    for (const Workload& workload : Workloads())
    {
        if (workload.name == name)
        {
            return workload;
        }
        names.push_back(workload.name);
    }
    throw InputError("there is no workload '" + name + "'." + DidYouMean(name, names));
}

Workload
FileWorkload(const std::string& path)
{
    const FlowSet set = ReadConnectionMatrix(path);
    return {path.substr(path.rfind('/') + 1),
            std::to_string(set.hosts) + " hosts, " + std::to_string(set.flows.size()) +
                " flows from a connection matrix",
            [set] { return set; }};
}

} // namespace heddle::bench
