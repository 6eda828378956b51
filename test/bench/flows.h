// SPDX-License-Identifier: GPL-2.0-only
//
// File: flows.h
// -------------
// The traffic that a workload offers to a fat-tree: flows, and triggers that start one flow when
// another ends. Made by the functions here or read from htsim's connection matrices (.cm), so that
// a peer runs the very same flows.
//
//   FlowSet set = Permutation(128, 20'000'000, 1);
//   uint64_t hops = DataHops(set, FatTreeRadix(set.hosts), 4096);

#ifndef HEDDLE_BENCH_FLOWS_H
#define HEDDLE_BENCH_FLOWS_H

#include "ns3/fabric-packet.h"

#include <cstdint>
#include <string>
#include <vector>

namespace heddle::bench
{

struct Flow
{
    NicId from;
    NicId to;
    uint64_t bytes;              ///< ≥ 1
    Tick start = 0;              ///< ps; kForever: a trigger starts it
    uint32_t onSent = kNone;     ///< trigger fired when everything is acknowledged
    uint32_t onReceived = kNone; ///< trigger fired when the last byte has arrived
};

/// As in htsim: one-shot starts all its targets once, multi-shot the next one at each firing,
/// barrier all of them at the `count`-th firing.
struct Trigger
{
    enum class Kind : uint8_t
    {
        OneShot,
        MultiShot,
        Barrier,
    };

    Kind kind = Kind::OneShot;
    uint32_t count = 0; ///< Barrier
    std::vector<uint32_t> targets;
};

struct FlowSet
{
    uint32_t hosts = 0;
    std::vector<Flow> flows;
    std::vector<Trigger> triggers;
};

/// What has fired so far.
class TriggerBoard
{
  public:
    explicit TriggerBoard(const FlowSet& set) : m_set(set), m_fired(set.triggers.size())
    {
    }

    /// Calls start(flow) for each flow that this firing starts. kNone is no trigger.
    template <class Start>
    void Fire(uint32_t trigger, Start&& start)
    {
        if (trigger == kNone)
        {
            return;
        }
        const Trigger& what = m_set.triggers[trigger];
        const uint32_t fired = ++m_fired[trigger];
        if (what.kind == Trigger::Kind::MultiShot)
        {
            if (fired <= what.targets.size())
            {
                start(what.targets[fired - 1]);
            }
            return;
        }
        if (fired == (what.kind == Trigger::Kind::Barrier ? what.count : 1))
        {
            for (uint32_t flow : what.targets)
            {
                start(flow);
            }
        }
    }

  private:
    const FlowSet& m_set;
    std::vector<uint32_t> m_fired;
};

/// The flows of htsim's gen_permutation.py with this seed (> 0), in its order: Python's Mersenne
/// Twister and shuffle, re-implemented.
FlowSet Permutation(uint32_t hosts, uint64_t bytes, uint32_t seed);

/// Ring all-reduce over hosts in order, as htsim's gen_allreduce.py counts it: every host's chunk
/// goes 2·hosts − 1 steps round the ring. A step begins when the one before it has arrived (htsim:
/// when it is acknowledged at the previous host).
FlowSet RingAllReduce(uint32_t hosts, uint64_t chunkBytes);

/// Every ordered pair once; a host has at most `parallel` flows at a time and starts the next one
/// when one is acknowledged, nearest successors first.
FlowSet AllToAll(uint32_t hosts, uint64_t bytes, uint32_t parallel);

/// Reads a .cm file. Throws InputError with file and line. Not supported: failures, starts in
/// microseconds (files older than 2020), priorities (ignored).
FlowSet ReadConnectionMatrix(const std::string& path);
void WriteConnectionMatrix(const FlowSet& set, const std::string& path);

/// k of the 3-tier fat-tree with k³/4 = hosts; throws InputError when there is none.
uint32_t FatTreeRadix(uint32_t hosts);

/// Links between two hosts of a k-ary fat-tree, NIC links included: 2, 4 or 6.
uint32_t PathLinks(uint32_t k, NicId from, NicId to);

/// Σ over flows of ceil(bytes / payload) × links on the path.
uint64_t DataHops(const FlowSet& set, uint32_t k, uint32_t payloadBytes);

} // namespace heddle::bench

#endif
