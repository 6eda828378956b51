// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-activity-reader.h
// --------------------------------
// Activities as rows of labelled segments that fill them (checked), and chains of binding
// predecessors. Compute is described by its run, from the run's start to the kernel's end: jitter
// is taken to be its last part, before that interference, then host overhead, then nominal work, so
// that a wait for an accelerator that is 10 % slower in each of five kernels meets all its jitter
// first.
//
// Messages. The ideal part comes first, the excess after it in the order of MessageState. A message
// that had to wait for the one before it on its queue pair continues with that one's emission: its
// bytes at line rate are endpoint time, the rest what the sender's side measured.

#ifndef HEDDLE_TRAINING_ACTIVITY_READER_H
#define HEDDLE_TRAINING_ACTIVITY_READER_H

#include "ns3/training-activity.h"
#include "ns3/training-scale-out.h"

#include <memory>
#include <vector>

namespace heddle::training
{

using ActivityStores = std::vector<std::unique_ptr<ActivityStore>>;

struct Segment
{
    RootAccount account; ///< Imbalance stands for nominal compute
    uint32_t place;
    Tick length;
};

struct ActivityView
{
    Tick start;
    Tick end;
    ActivityRef pred;
    const KernelActivity* kernel; ///< compute; else null
    bool pipeline;                ///< crosses to another pipeline stage
    bool mayBeCut;                ///< its predecessor may be entered before that one's end
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

class ActivityReader
{
  public:
    /// `scaleOut` may be null if there are no messages.
    ActivityReader(const ActivityStores& stores, const ScaleOut* scaleOut);

    ActivityView Describe(ActivityRef activity) const; ///< not of None

  private:
    void DescribeSpan(const SpanActivity& span, ActivityView& view) const;
    void DescribeKernel(const KernelActivity& kernel, ActivityView& view) const;
    void DescribeFused(const FusedActivity& fused, ActivityView& view) const;
    void DescribeMessage(const MessageActivity& message, ActivityView& view) const;
    void DescribeAck(const MessageActivity& message, ActivityView& view) const;
    void DescribeEmission(const MessageActivity& message, ActivityView& view) const;
    const MessageExcess* Excess(const MessageActivity& message) const;

    const ActivityStores& m_stores;
    const ScaleOut* m_scaleOut;
};

/// A position on a chain of binding predecessors: at time(), about to pass activity() backwards.
class Chain
{
  public:
    Chain(const ActivityReader& reader, ActivityRef activity, Tick time);

    Tick time() const
    {
        return m_time;
    }

    ActivityRef activity() const
    {
        return m_activity;
    }

    bool atStart() const ///< of the run: no activity is left
    {
        return m_activity.kind() == ActivityKind::None;
    }

    const ActivityView& view() const
    {
        return m_view;
    }

    void Step(); ///< precondition: !atStart()

  private:
    void Enter(bool mayBeCut);

    const ActivityReader& m_reader;
    ActivityRef m_activity;
    Tick m_time;
    ActivityView m_view{};
};

} // namespace heddle::training

#endif
