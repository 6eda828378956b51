// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-fused-bench.h
// ----------------------------
// For tests of fused collectives: a job on a fabric, by coupled flows, by messages or by packets.

#ifndef HEDDLE_TRAINING_FUSED_BENCH_H
#define HEDDLE_TRAINING_FUSED_BENCH_H

#include "ns3/collectives-presets.h"
#include "ns3/fabric-coflow-network.h"
#include "ns3/fabric-shape.h"
#include "ns3/rdma-flow-routes.h"
#include "ns3/rdma-flow-transport.h"
#include "ns3/training-job.h"

#include <map>

namespace heddle
{

/// Levels of detail of the scale-out network.
enum class Level
{
    Fused,
    Messages,
    Packets,
};

/// Hosts of accelerators with a 400 Gb/s NIC each on a fabric, and a job on it.
struct FusedBench
{
    FusedBench(uint32_t hosts, uint32_t perHost) : hosts(hosts), perHost(perHost)
    {
        config.scaleUp = {ParseRate("450GBps"), ParseTime("800ns")};
        config.accelerator = {"test", 1e15, 1, 1e12, 1};
    }

    Topology MakeTopology() const;
    JobResult Run(const TaskGraph& graph, Level level) const;

    double MicrosecondsOf(const TaskGraph& graph, Level level) const
    {
        return ToSeconds(Run(graph, level).stepTime) * 1e6;
    }

    /// For all-reduce, all-gather, reduce-scatter.
    void UseForRings(const std::string& algorithm)
    {
        algorithms.allReduce = algorithms.allGather = algorithms.reduceScatter = algorithm;
    }

    /// The kind, by this algorithm.
    void UseFor(CollectiveKind kind, const std::string& algorithm)
    {
        std::string* choices[] = {&algorithms.allReduce,
                                  &algorithms.allGather,
                                  &algorithms.reduceScatter,
                                  &algorithms.allToAll,
                                  &algorithms.broadcast};
        *choices[static_cast<size_t>(kind)] = algorithm;
    }

    uint32_t hosts;
    uint32_t perHost;
    std::string topology = "single-switch";
    std::map<std::string, std::string> parameters;
    std::string loadBalancer = "adaptive";
    std::map<uint32_t, BitRate> rates; ///< of degraded links
    SoftwareModel software;
    AlgorithmChoice algorithms;
    TransportConfig transport;
    JobConfig config;
};

} // namespace heddle

#endif
