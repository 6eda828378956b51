// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-result.h
// -----------------------
// From the finished run's records to a JobResult: waits of every accelerator, both columns of the
// ledger, collectives, critical path. Runs on the main thread after the run.
//
// A wait is the time of a compute stream between two kernels, before the first, and after the last
// until the step ends; the last is released by the step's last event. Host overhead on the compute
// stream is idle time too, booked to Software (its jitter to Jitter).
//
// Proximate column: the wait is covered, from its end backwards, by the communication tasks of this
// rank that were binding one after the other. In each, first its software latency, then, until the
// last member has started it, skew wait on that member (for send/recv of pipelines: pipeline wait),
// then exposed communication. A Send without a window (slots = 0) does not wait for its receiver.

#ifndef HEDDLE_TRAINING_RESULT_H
#define HEDDLE_TRAINING_RESULT_H

#include "ns3/training-engine.h"

#include <unordered_map>

namespace heddle::training
{

class ResultBuilder
{
  public:
    explicit ResultBuilder(const Engine& job);

    JobResult Build();

  private:
    using Places = std::unordered_map<uint64_t, Tick>; ///< (account, place) → time

    void FindLast();
    void BuildCollectives();
    void BuildRank(Rank rank);
    void BookHost(Rank rank);
    void BookWait(Rank rank, const Wait& wait, TaskId binding);
    void BookProximate(Rank rank, Tick start, Tick end, TaskId binding);
    void BookTask(Rank rank, TaskId task, Tick from, Tick to);
    void Root(RootAccount account, uint32_t place, Tick time);
    void Proximate(ProximateAccount account, uint32_t place, Tick time);
    void BuildCriticalPath();
    void CollectMessages();

    const Engine& m_job;
    RootWalk m_walk;
    JobResult m_result;
    TaskId m_lastTask = kNone; ///< of the step
    Tick m_end = 0;
    RankLedger* m_ledger = nullptr; ///< of the rank in work
    Places m_rootPlaces;
    Places m_proximatePlaces;
};

/// nccl-tests' bus bandwidth, bytes/s: bytes / time · factor of the kind; 0 where nothing moves.
/// (https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md)
double BusBandwidth(const CollectiveRecord& record);

} // namespace heddle::training

#endif
