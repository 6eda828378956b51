// SPDX-License-Identifier: GPL-2.0-only
//
// File: world.h
// -------------
// Heddle as the benchmark runs it: the engine below ns-3 (event core, fabric, rdma, training), with
// the settings that the workloads share. One world per process.

#ifndef HEDDLE_BENCH_WORLD_H
#define HEDDLE_BENCH_WORLD_H

#include "flows.h"

#include "ns3/fabric-network.h"
#include "ns3/rdma-transport.h"

#include <functional>

namespace heddle::bench
{

/// What one run says of itself. Plain data: it travels through a pipe.
struct RunResult
{
    uint64_t dataHops = 0;  ///< Σ flows ceil(size / payload) × links; resent packets do not count
    uint64_t extraHops = 0; ///< links crossed by resent packets
    uint64_t scaleUpHops = 0; ///< packets that the scale-up bytes would be × 2 links; not simulated
                              ///< one by one and in no rate
    uint64_t flows = 0; ///< delivered
    uint64_t events = 0;
    uint64_t ports = 0;        ///< link directions
    uint64_t peakInFlight = 0; ///< packets, ACKs included (memory probe only)
    uint64_t setupHeap = 0;    ///< bytes when the world is built
    uint64_t peakHeap = 0;     ///< bytes (memory probe only)
    uint64_t retransmits = 0;  ///< packets
    uint64_t ecnMarks = 0;     ///< packets
    uint64_t congestionCnps = 0;
    uint64_t pauseFrames = 0;
    Tick simulated = 0;  ///< last completion; ps
    double setupCpu = 0; ///< user + system CPU seconds before the run phase
    double runCpu = 0;   ///< … of the run phase
    double runWall = 0;  ///< seconds of the run phase
    uint32_t partitions = 1;
};

/// How a run is observed.
enum class Observe : uint8_t
{
    Nothing, ///< timed
    Memory,  ///< stops every few µs of simulated time to look at packets in flight and heap
};

/// How flows are run.
struct FlowOptions
{
    Observe observe = Observe::Nothing;
    uint32_t windowPackets = 0; ///< per queue pair: TransportConfig's
    uint32_t threads = 1;
};

/// The window of the reference ceiling; packets.
inline constexpr uint32_t kCeilingWindow = 64;

/// Settings of W1 to W4: 100 Gb/s, 1 µs per link, PFC on data and control, ECN 400 kB to 1.6 MB at
/// 0.2 (HPCC's 100 Gb/s setting, SIGCOMM'19), 32 MB of buffer per switch, store-and-forward as the
/// peers do it.
Topology PlainFatTree(uint32_t hosts);
/// DCQCN, an ACK per packet, everything else by default.
TransportConfig PlainTransport();

/// Runs flows over PlainFatTree(). Throws RunError when they do not all end.
RunResult RunFlows(const FlowSet& set, const FlowOptions& options = {});

/// W5. See the .cc.
RunResult RunMoeStep(Observe observe, uint32_t threads = 1);

/// The same flows in the reference ceiling.
RunResult RunCeiling(const FlowSet& set);

// For the above:

/// As many as suit; hosts stay whole.
Partitioning CutFor(const Topology& topology, uint32_t nicsPerHost, uint32_t threads);
/// A core for them.
EventCore::Config CoreConfig(const Partitioning& parts, uint32_t threads);

/// User and system CPU seconds of this process.
double CpuSeconds();
/// Bytes that the heap has handed out.
uint64_t HeapBytes();
/// Runs to the end; fills the result's run phase and, if asked, its memory.
void RunPhase(EventCore& core, const Network& network, Observe observe, RunResult& result);
/// Counters of network and transport; checks that no packet was lost sight of.
void TakeCounters(const Network& network, const Transport& transport, RunResult& result);

} // namespace heddle::bench

#endif
