// SPDX-License-Identifier: GPL-2.0-only
//
// A whole small world for validation tests: topology, network, transport, software layer, job.

#ifndef HEDDLE_TEST_WORLD_H
#define HEDDLE_TEST_WORLD_H

#include "ns3/base-event-core.h"
#include "ns3/collectives-schedule.h"
#include "ns3/collectives-task-graph.h"
#include "ns3/fabric-network.h"
#include "ns3/fabric-topology.h"
#include "ns3/rdma-transport.h"
#include "ns3/training-job.h"

#include <functional>
#include <memory>
#include <string>

namespace heddle::validation
{

struct WorldSpec
{
    std::string topology = "single-switch";
    std::map<std::string, std::string> topologyParameters;
    uint32_t hosts = 8;
    uint32_t acceleratorsPerHost = 1;
    BitRate nicRate{400'000'000'000};
    Tick linkDelay = 500 * kNanosecond;
    bool ideal = false; ///< run on IdealFabric(topology)
    SwitchConfig switches = LosslessSwitch();
    TransportConfig transport = PlainTransport();
    SoftwareModel software;
    AlgorithmChoice algorithms;
    JobConfig job = PlainJob();
    uint64_t seed = 1;
    std::function<void(Topology&)> editTopology; ///< e.g. halve a link's rate

    static SwitchConfig LosslessSwitch();
    static TransportConfig PlainTransport();
    static JobConfig PlainJob();
};

struct Outcome
{
    JobResult job;
    NetworkCounters network;
    TransportCounters transport;
    uint64_t inFlight = 0;
    uint64_t events = 0;
    std::string topologyName;
    std::vector<std::string> portNames;

    Tick Idle() const;                    ///< summed over ranks
    Tick Root(RootAccount account) const; ///< summed over ranks
    Tick Proximate(ProximateAccount account) const;
    Tick RootAt(RootAccount account, uint32_t place) const;
    Tick ProximateAt(ProximateAccount account, uint32_t place) const;
};

/// Runs the graph to its end and checks what must always hold: conservation of packets and exact
/// ledger sums (gtest failures otherwise).
Outcome RunWorld(const WorldSpec& spec, const TaskGraph& graph);

RankLayout LayoutOf(const WorldSpec& spec, const Topology& topology);

/// A graph where every rank calls one collective over all ranks, `repeat` times in a row.
TaskGraph OneCollective(Rank ranks, CollectiveKind kind, uint64_t bytes, uint32_t repeat = 1);

/// The wire rate that `payload`-byte packets leave for payload, bytes/s.
double Goodput(BitRate rate, uint32_t payload = 4096, uint32_t overhead = 82);

} // namespace heddle::validation

#endif
