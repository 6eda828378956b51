// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-activity.h
// -------------------------
// What the idle ledger remembers of a run: activities, each with start, end and binding
// predecessor, so that start(x) = end(predecessor). Three kinds of records, in append-only pools,
// one set per partition, so that workers never share one:
//
//   Span      anything with two segments: software latency, a grant's flight, a scale-up transfer
//   Kernel    a compute task, with sums over its *run*: the kernels of this accelerator that follow
//             each other without a gap
//   Fused     a whole collective at flow level, from its last arrival to its end
//   Message   a scale-out message. Its record stands for three activities: the message itself, its
//             acknowledgement, and the emission of the message before it on the same queue pair
//
// An ActivityRef names an activity from any partition. Records are complete when the run is over;
// reading them across partitions earlier is a data race. Times in ps.

#ifndef HEDDLE_TRAINING_ACTIVITY_H
#define HEDDLE_TRAINING_ACTIVITY_H

#include "ns3/rdma-transport.h"
#include "ns3/training-ledger.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace heddle::training
{

enum class ActivityKind : uint8_t
{
    None, ///< the start of the run
    Span,
    Kernel,
    Message,  ///< [started, finished)
    Ack,      ///< [finished, acknowledged)
    Emission, ///< the queue pair was busy with the message before: [its start, started)
    Fused,    ///< a collective as one coupled flow
};

/// Kind, partition and index of an activity in one word.
class ActivityRef
{
  public:
    constexpr ActivityRef() = default;

    constexpr ActivityRef(ActivityKind kind, uint32_t partition, uint64_t index)
        : m_bits((uint64_t(kind) << 56) | (uint64_t{partition} << 40) | index)
    {
    }

    /// From bits(), to travel in Event::arg.
    static constexpr ActivityRef FromBits(uint64_t bits)
    {
        ActivityRef r;
        r.m_bits = bits;
        return r;
    }

    constexpr ActivityRef As(ActivityKind kind) const
    {
        return ActivityRef(kind, partition(), index());
    }

    constexpr ActivityKind kind() const
    {
        return static_cast<ActivityKind>(m_bits >> 56);
    }

    constexpr uint32_t partition() const
    {
        return (m_bits >> 40) & 0xffff;
    }

    constexpr uint64_t index() const
    {
        return m_bits & ((uint64_t{1} << 40) - 1);
    }

    constexpr uint64_t bits() const
    {
        return m_bits;
    }

  private:
    uint64_t m_bits = 0;
};

struct SpanActivity
{
    Tick start;
    Tick end;
    Tick ideal; ///< the first `ideal` ticks go to `account`, the rest to `excess`
    ActivityRef pred;
    uint32_t place; ///< rank or kNone
    RootAccount account;
    RootAccount excess;
    bool pipeline; ///< crosses to another pipeline stage
};

struct KernelActivity
{
    Tick end;
    Tick runStart;
    Tick jitter; ///< this and the next two: sums over the run up to this kernel's end
    Tick interference;
    Tick software;       ///< nominal time of host overhead
    ActivityRef runPred; ///< what let the run's first kernel start
    Rank rank;
};

struct MessageActivity
{
    ActivityRef self;                ///< as ActivityKind::Message
    ActivityRef pred;                ///< what let it be posted
    const MessageActivity* previous; ///< posted before it on the queue pair; null if none
    Tick posted = 0;
    Tick started = 0;
    Tick finished = -1; ///< -1: not delivered
    Tick acknowledged = -1;
    Tick ideal = 0;
    uint64_t bytes = 0;
    uint32_t excess = kNone; ///< index into the receiver's partition's excesses, if not all ideal
    uint32_t receiverPartition = 0;
    QpId qp = 0;
    uint32_t connection = 0;
    uint32_t chunk = 0; ///< position among the chunks of its connection and collective
    TaskId sendTask = 0;
    TaskId recvTask = 0;
    uint32_t sendOp = kNone; ///< the Send it completes; kNone when a relay forwards
    bool behindPrevious = false;
    bool pipeline = false;
};

struct FusedActivity
{
    enum Part : uint8_t ///< in order of time
    {
        Software,
        ScaleUpLatency,
        ScaleOutLatency,
        ScaleUpEndpoint,
        ScaleOutEndpoint,
        Failure,
        LossRecovery,
        Congestion,
        kParts,
    };

    Tick start;
    Tick end;
    ActivityRef pred; ///< the last member's arrival
    std::array<Tick, kParts> parts;
    PortId culprit; ///< of congestion
    bool pipeline;
};

struct MessageExcess
{
    std::array<Tick, kMessageStates> state;
    PortId culprit;
};

/// Append-only; records never move. One writer.
template <class T>
class ActivityPool
{
  public:
    uint64_t size() const
    {
        return m_size;
    }

    uint64_t Append(const T& record)
    {
        if (m_size >> kShift == m_blocks.size())
        {
            m_blocks.emplace_back(new T[kMask + 1]);
        }
        m_blocks[m_size >> kShift][m_size & kMask] = record;
        return m_size++;
    }

    void Clear() ///< keeps the memory
    {
        m_size = 0;
    }

    T& operator[](uint64_t index)
    {
        return m_blocks[index >> kShift][index & kMask];
    }

    const T& operator[](uint64_t index) const
    {
        return m_blocks[index >> kShift][index & kMask];
    }

  private:
    static constexpr unsigned kShift = 12;
    static constexpr uint64_t kMask = (uint64_t{1} << kShift) - 1;
    std::vector<std::unique_ptr<T[]>> m_blocks;
    uint64_t m_size = 0;
};

/// The pools of one partition.
class ActivityStore
{
  public:
    explicit ActivityStore(uint32_t partition) : m_partition(partition)
    {
    }

    ActivityRef Add(const SpanActivity& span)
    {
        return ActivityRef(ActivityKind::Span, m_partition, spans.Append(span));
    }

    ActivityRef Add(const KernelActivity& kernel)
    {
        return ActivityRef(ActivityKind::Kernel, m_partition, kernels.Append(kernel));
    }

    ActivityRef Add(const FusedActivity& fused)
    {
        return ActivityRef(ActivityKind::Fused, m_partition, this->fused.Append(fused));
    }

    MessageActivity* Add(const MessageActivity& message)
    {
        const uint64_t index = messages.Append(message);
        MessageActivity* record = &messages[index];
        record->self = ActivityRef(ActivityKind::Message, m_partition, index);
        return record;
    }

    void Clear()
    {
        spans.Clear();
        kernels.Clear();
        fused.Clear();
        messages.Clear();
        excesses.Clear();
    }

    ActivityPool<SpanActivity> spans;
    ActivityPool<KernelActivity> kernels;
    ActivityPool<FusedActivity> fused;
    ActivityPool<MessageActivity> messages;
    ActivityPool<MessageExcess> excesses;

  private:
    uint32_t m_partition;
};

} // namespace heddle::training

#endif
