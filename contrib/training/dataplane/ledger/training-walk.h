// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-walk.h
// ---------------------
// Books a wait to root causes: from the activity that ended it back along binding predecessors.
//
//   RootWalk walk(stores, scaleOut);
//   walk.Book({t0, t1, released, waiter, own}, [&](RootAccount a, uint32_t place, Tick t) {…});
//
// Every activity is a row of labelled segments that fill it (start = end of its predecessor, both
// checked, in Release too), so what is booked sums to t1 − t0 exactly.
//
// Compute is compared with the waiter's own. Where the chain runs over kernels of another
// accelerator, the waiter was computing too: in the run of kernels that ended at t0, where its wait
// began. Time that both spent on the same thing explains nothing, so it is passed over without
// being booked, and the walk reaches back beyond t0 for what made the difference, at most to the
// start of the waiter's own run: from there to t1 the chain is longer than the run by just the
// wait. So
//   - a peer with more nominal work than the waiter: Imbalance (PipelineBubble once the walk has
//     crossed a pipeline transfer), by the difference;
//   - a peer slower than nominal, or slowed by communication, or with more host overhead than the
//     waiter: Jitter, Interference, Software of that peer, by the difference;
//   - a waiter faster than nominal waits longer for that: Jitter of the waiter;
//   - a peer with the same work at the same speed that started late: what delayed its start.
// A plain walk that stops at t0 would call the last case imbalance: the nominal work is what lies
// between t0 and t1, but not why.
// Within a run, jitter is taken to be its last part, before that interference, then host overhead,
// then nominal work: a wait for an accelerator that is 10 % slower in each of five kernels is all
// jitter.
//
// Messages. The ideal part comes first, the excess after it in the order of MessageState. A message
// that had to wait for the one before it on its queue pair continues with that one's emission: its
// bytes at line rate are endpoint time, the rest what the sender's side measured.
//
// Cost: a wait costs the activities it spans, a ring of N members at most a few N: in all no more
// than a small multiple of the messages simulated.

#ifndef HEDDLE_TRAINING_WALK_H
#define HEDDLE_TRAINING_WALK_H

#include "ns3/training-activity.h"
#include "ns3/training-scale-out.h"

#include <functional>
#include <memory>
#include <vector>

namespace heddle::training
{

using ActivityStores = std::vector<std::unique_ptr<ActivityStore>>;

/// Work of a run of kernels, by kind; ps.
struct RunWork
{
    Tick nominal = 0;
    Tick software = 0;
    Tick interference = 0;
    Tick jitter = 0; ///< may be negative
};

/// The run up to and with this kernel.
RunWork WorkOf(const KernelActivity& kernel);

struct Wait
{
    Tick start;
    Tick end;
    ActivityRef released; ///< ends at `end`
    Rank waiter = kNone;
    RunWork own{}; ///< of the waiter's run that ended at `start`; zero if there was none
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
    };

    struct View
    {
        Tick start;
        Tick end;
        ActivityRef pred;
        bool pipeline; ///< crosses to another pipeline stage
        bool mayBeCut; ///< the walk may enter its predecessor before that one's end
        bool compute;
        unsigned count;
        Segment segments[10]; ///< in order of time; sum = end − start

        void Add(RootAccount account, uint32_t place, Tick length)
        {
            if (length != 0)
            {
                segments[count++] = {account, place, length};
            }
        }
    };

    /// What is left to book, and what of the waiter's own work has not been matched yet.
    struct Remainder
    {
        Tick wait;
        Tick matched[kRootAccounts]; ///< the four accounts of compute
        Tick ownAdvance;             ///< by which the waiter's jitter made it early
        Rank waiter;
        bool pipeline; ///< crossed a pipeline transfer
        bool nominal;  ///< book nominal compute
    };

    void Walk(const Wait& wait, bool nominal, const Sink& sink) const;
    void BookSegment(const Segment& segment, Tick overlap, Remainder& left, const Sink& sink) const;
    void BookCompute(const Segment& segment, Tick overlap, Remainder& left, const Sink& sink) const;
    void Describe(ActivityRef activity, View& view) const;
    void DescribeSpan(const SpanActivity& span, View& view) const;
    void DescribeKernel(const KernelActivity& kernel, View& view) const;
    void DescribeMessage(const MessageActivity& message, View& view) const;
    void DescribeAck(const MessageActivity& message, View& view) const;
    void DescribeEmission(const MessageActivity& message, View& view) const;
    const MessageExcess* Excess(const MessageActivity& message) const;

    const ActivityStores& m_stores;
    const ScaleOut* m_scaleOut;
};

} // namespace heddle::training

#endif
