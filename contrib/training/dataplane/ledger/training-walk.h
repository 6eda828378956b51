// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-walk.h
// ---------------------
// Books a wait [t0, t1) to root causes: from the activity that ended it back along binding
// predecessors.
//
//   RootWalk walk(stores, scaleOut);
//   walk.Book({t0, t1, released, lastKernel, waiter},
//             [&](RootAccount a, uint32_t place, Tick t) {…});
//
// A wait whose chain shows only transfers and software between t0 and t1 is booked as they are,
// each activity's segments over their overlap with the wait.
//
// Where the chain runs over kernels of another accelerator this would not do: that it computed
// between t0 and t1 does not say why it was late. The waiter computed, too, before t0. So the chain
// that led to t1 is compared with the chain that led to t0, the waiter's own last kernel, both back
// to where they meet. They differ in length by just the wait. Time that both spent on the same
// account explains nothing; the accounts on which the first chain spent more are booked, its latest
// segments first, until the wait is filled:
//   - a peer with more nominal work: Imbalance; PipelineBubble once a pipeline transfer was
//   crossed,
//     and in the wait for the step's end if one lies between the chains' meeting and the end;
//   - a peer slower than nominal, slowed by communication, or with more host overhead: Jitter,
//     Interference, Software of that peer;
//   - a waiter faster than nominal waits longer for that: Jitter of the waiter;
//   - a peer with the same work at the same speed that started late: what delayed its start.
// Sums are exact by construction: what a comparison leaves open (chains that meet too far back, see
// kReach) is booked by overlap.
//
// Cost: a wait costs the activities it spans, a ring of N members at most a few N, plus the
// comparison, at most kReach.

#ifndef HEDDLE_TRAINING_WALK_H
#define HEDDLE_TRAINING_WALK_H

#include "ns3/training-activity-reader.h"

#include <functional>
#include <vector>

namespace heddle::training
{

struct Wait
{
    Tick start;
    Tick end;
    ActivityRef released;   ///< ends at `end`
    ActivityRef lastKernel; ///< of the waiter, ends at `start`; None before the first
    Rank waiter;
    bool stepEnd = false; ///< waits for the step to end, after the waiter's last kernel
};

class RootWalk
{
  public:
    using Sink = std::function<void(RootAccount account, uint32_t place, Tick time)>;

    RootWalk(const ActivityStores& stores, const ScaleOut* scaleOut);

    void Book(const Wait& wait, const Sink& sink);

    /// The binding chain of `last` from `end` back to `start`, nominal compute left out.
    void BookCriticalPath(Tick start, Tick end, ActivityRef last, const Sink& sink);

  private:
    using Totals = std::array<Tick, kRootAccounts>;

    /// A chain compared for longer than this many activities, and four times those of the wait, is
    /// cut there.
    static constexpr uint32_t kReach = 1024;

    void TakeWait(Chain& chain, Tick start);
    void Compare(Chain& chain, const Wait& wait);
    void Take(const Chain& chain);
    static void Add(const Chain& chain, Totals& totals);
    void BookUpTo(Totals& limits, const Sink& sink);
    void BookOne(Segment& segment, Tick time, const Sink& sink);

    ActivityReader m_reader;
    // Of the wait in work:
    std::vector<Segment> m_segments; ///< of its chain, latest first
    Totals m_chain{};                ///< by account; jitter may be negative
    Totals m_own{};                  ///< of the waiter's chain
    Tick m_left = 0;                 ///< to be booked
    bool m_compute = false;
    bool m_pipeline = false;
};

} // namespace heddle::training

#endif
