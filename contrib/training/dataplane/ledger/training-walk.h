// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-walk.h
// ---------------------
// Books a wait to root causes: from the activity that ended it back along binding predecessors to
// where it began.
//
//   RootWalk walk(stores, scaleOut, jobStart);
//   walk.Book({t0, t1, released, ownAdvance, waiter}, [&](RootAccount a, uint32_t place, Tick t)
//   {…});
//
// Every activity is a row of labelled segments that fill it; the part of the row that overlaps the
// wait is booked, so the sum is t1 − t0 exactly (checked, in Release too).
//
// Compute. Walking into another accelerator's run of kernels, the run's jitter is taken to be its
// last part, before that interference, before that host overhead; what remains of the overlap is
// nominal work: PipelineBubble if the walk has crossed a pipeline transfer, else Imbalance. So a
// wait for an accelerator that is 10 % slower in each of five kernels is all jitter. One
// correction: a waiter that ran faster than nominal waits longer for that, which is jitter too and
// not the other side's imbalance; `ownAdvance` ticks of nominal work are therefore booked as jitter
// of the waiter.
//
// Messages. The ideal part comes first, the excess after it in the order of MessageState. A message
// that had to wait for the one before it on its queue pair continues with that one's emission: its
// bytes at line rate are endpoint time, the rest what the sender's side measured.
//
// Cost: a wait costs the activities it spans, a ring of N members at most a few N.

#ifndef HEDDLE_TRAINING_WALK_H
#define HEDDLE_TRAINING_WALK_H

#include "ns3/training-activity.h"
#include "ns3/training-scale-out.h"

#include <functional>
#include <memory>
#include <vector>

namespace heddle
{

using ActivityStores = std::vector<std::unique_ptr<ActivityStore>>;

struct Wait
{
    Tick start;
    Tick end;
    ActivityRef released; ///< ends at `end`
    Tick ownAdvance = 0;  ///< by how much the waiter's own jitter brought `start` forward; ≥ 0
    Rank waiter = kNone;
};

class RootWalk
{
  public:
    using Sink = std::function<void(RootAccount account, uint32_t place, Tick time)>;

    /// `scaleOut` may be null if there are no messages.
    RootWalk(const ActivityStores& stores, const ScaleOut* scaleOut);

    void Book(const Wait& wait, const Sink& sink) const;

    /// As Book(), but leaves nominal compute out: the critical path's "rest is compute".
    void BookWithoutCompute(const Wait& wait, const Sink& sink) const;

    Tick EndOf(ActivityRef activity) const; ///< 0-based; CHECK-fails on None

  private:
    struct Segment
    {
        RootAccount account;
        uint32_t place;
        Tick length;
        bool nominal; ///< nominal compute: Imbalance or PipelineBubble
    };

    struct View
    {
        Tick start;
        Tick end;
        ActivityRef pred;
        bool pipeline; ///< crosses to another pipeline stage
        bool mayBeCut; ///< the walk may enter before its end
        unsigned count;
        Segment segments[10]; ///< in order of time; sum = end − start

        void Add(RootAccount account, uint32_t place, Tick length, bool nominalWork = false)
        {
            if (length != 0)
            {
                segments[count++] = {account, place, length, nominalWork};
            }
        }
    };

    void Walk(const Wait& wait, bool compute, const Sink& sink) const;
    void Describe(ActivityRef activity, View& view) const;
    void DescribeSpan(const SpanRecord& span, View& view) const;
    void DescribeKernel(const KernelRecord& kernel, View& view) const;
    void DescribeMessage(const MessageRecord& message, View& view) const;
    void DescribeAck(const MessageRecord& message, View& view) const;
    void DescribeEmission(const MessageRecord& message, View& view) const;
    const MessageExcess* Excess(const MessageRecord& message) const;

    const ActivityStores& m_stores;
    const ScaleOut* m_scaleOut;
};

} // namespace heddle

#endif
