// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-test-support.h
// -----------------------------
// For the unit tests of this module: a scale-out network with a closed form, machine layouts, and a
// job that runs to its end in one call.

#ifndef HEDDLE_TRAINING_TEST_SUPPORT_H
#define HEDDLE_TRAINING_TEST_SUPPORT_H

#include "ns3/training-job.h"
#include "ns3/training-scale-out.h"

#include <functional>
#include <numeric>
#include <string>
#include <vector>

namespace heddle
{

/// Every queue pair is a pipe of its own: messages one after the other at `rate`, then `latency`.
/// A hook may add time in any MessageState; Paused and Paced lengthen the emission.
class FakeScaleOut : public ScaleOut
{
  public:
    struct Excess
    {
        std::array<Tick, kMessageStates> state{};
        PortId culprit = kNone;
    };

    FakeScaleOut(EventCore& core, BitRate rate, Tick latency, Tick ackLatency);

    void SetClient(TransportClient* client) override;
    QpId Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass) override;
    void Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie) override;
    Tick IdealTime(QpId qp, uint64_t bytes) const override;
    std::vector<std::string> Outstanding(size_t limit) const override;

    std::function<Excess(NicId from, NicId to, uint64_t bytes, uint64_t number)> hook;
    std::vector<uint32_t> partitionOf; ///< by NIC; empty: all 0
    bool swallow = false;              ///< never deliver

  private:
    struct Pipe
    {
        NicId from;
        NicId to;
        uint32_t channel;
        uint8_t trafficClass;
        uint32_t entity;
        uint32_t sequence = 0;
        Tick emitted = 0;
        Tick finished = 0;
        uint64_t number = 0;
    };

    void OnArrive(Partition& part, const Event& event);
    void OnAck(Partition& part, const Event& event);
    uint32_t PartitionOf(NicId nic) const;

    EventCore& m_core;
    BitRate m_rate;
    Tick m_latency;
    Tick m_ackLatency;
    HandlerId m_onArrive;
    HandlerId m_onAck;
    TransportClient* m_client = nullptr;
    std::vector<Pipe> m_pipes;
    uint64_t m_swallowed = 0;
};

/// `hosts` of `perHost` accelerators; a host is a scale-up domain; one leaf per rail if `rails`,
/// else one for all.
RankLayout MakeLayout(uint32_t hosts, uint32_t perHost, bool rails = false);

/// One collective over all ranks, nothing else.
TaskGraph OneCollective(Rank ranks, CollectiveKind kind, uint64_t bytes);

/// What most tests need: a graph, a world, a run.
struct Bench
{
    RankLayout layout;
    SoftwareModel software;
    AlgorithmChoice algorithms;
    JobConfig config;
    BitRate rate{400'000'000'000}; ///< scale-out
    Tick latency = 2 * kMicrosecond;
    Tick ackLatency = 0;
    std::function<FakeScaleOut::Excess(NicId, NicId, uint64_t, uint64_t)> hook;
    std::vector<uint32_t> partitions; ///< by rank; empty: one
    bool swallow = false;

    Bench(uint32_t hosts, uint32_t perHost);

    JobResult Run(const TaskGraph& graph) const;
};

/// Every place and account of two results, as text: equal means the same ledger.
std::string Fingerprint(const JobResult& result);

inline Tick
Root(const RankLedger& ledger, RootAccount account)
{
    return ledger.root[static_cast<size_t>(account)];
}

inline Tick
Proximate(const RankLedger& ledger, ProximateAccount account)
{
    return ledger.proximate[static_cast<size_t>(account)];
}

/// Sum over ranks of what is booked to an account, at `place` or (kNone) anywhere.
Tick RootAt(const JobResult& result, RootAccount account, uint32_t place = kNone);
Tick ProximateAt(const JobResult& result, ProximateAccount account, uint32_t place = kNone);
Tick TotalIdle(const JobResult& result);

/// World of no network and no software: only compute and order remain.
void MakeNetworkInfinite(JobConfig& config);

/// "test-star": a barrier of 2 (N − 1) one-byte messages through member 0, as an all-reduce; for
/// infinite networks (its releases follow each other).
extern const char* const kStarAlgorithm;

} // namespace heddle

#endif
