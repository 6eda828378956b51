// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-fused-phase.h
// ----------------------------
// What a collective does at one time as one coupled flow: what it puts on each port, and the time
// that it needs besides, because its messages wait for each other.
//
//   head    before the first byte: step latency or clear-to-send, whichever is longer; hops that
//           come one after the other (broadcast)
//   pace    a lower bound for the time on the ports: a ring's messages go round one hop after the
//           other; a window of `slots` messages needs a round trip
//   tail    from the last byte's departure to the last completion
//
// A ring of n steps (all loops together), a step latency and network latency α per hop, w the time
// of one message and W that of all messages of a step at the most loaded port takes
// (n-1)·max(W, α + w) + W + α: with bits / rate = n·W that is max(n·W, n·(α + w) - α + W - w) + α.
// Rings inside scale-up domains and rings over them beside each other: PipelineTime(), with steps
// of max(W, α + w).

#ifndef HEDDLE_TRAINING_FUSED_PHASE_H
#define HEDDLE_TRAINING_FUSED_PHASE_H

#include "ns3/collectives-fused.h"
#include "ns3/fabric-coflow-network.h"
#include "ns3/rdma-flow-routes.h"

#include <optional>
#include <vector>

namespace heddle::training
{

/// ps, by what it is.
struct FusedTime
{
    double software = 0;
    double scaleUp = 0;
    double scaleOut = 0;

    double total() const
    {
        return software + scaleUp + scaleOut;
    }

    FusedTime& operator+=(const FusedTime& other)
    {
        software += other.software;
        scaleUp += other.scaleUp;
        scaleOut += other.scaleOut;
        return *this;
    }

    friend FusedTime operator+(FusedTime a, const FusedTime& b)
    {
        return a += b;
    }

    friend FusedTime operator*(double factor, const FusedTime& time)
    {
        return {factor * time.software, factor * time.scaleUp, factor * time.scaleOut};
    }

    friend bool operator<(const FusedTime& a, const FusedTime& b)
    {
        return a.total() < b.total();
    }
};

struct FusedPhase
{
    std::vector<CoflowNetwork::Load> loads; ///< none: no port is busy
    bool reached = true;                    ///< all of it has paths now
    uint32_t weight = 1;                    ///< streams at the port that has most
    bool scaleOut = false;
    double message = 0; ///< serialisation of the longest over NICs, ps
    FusedTime head;
    FusedTime tail;
    FusedTime
        acknowledged; ///< tail with acknowledgements; nothing in this collective waits for them

    struct Ring
    {
        FusedTime round; ///< n·(α + w) - α - w
        double steps;    ///< n
        bool scaleOut;   ///< some of its edges
    };

    std::vector<Ring> rings;
    CoflowLoop loop;   ///< their messages and others'
    FusedTime atLeast; ///< on the ports: round trips of receive slots, a tree's first chunk

    /// The ends of its queue pairs, where a link is watched (FlowRoutes::Watch).
    std::vector<FlowRoutes::Exposed> exposed;
    double perQueuePair = 1; ///< messages of one over NICs, at most
    bool together = false;   ///< messages that wait for nothing, and end together

    /// Steps of rings: α + w, the slowest of each kind.
    struct Steps
    {
        FusedTime inside;
        FusedTime across;
        FusedTime latency; ///< α of `across`, or of `inside` when nothing crosses
    };

    std::optional<FusedPipeline> pipeline;
    Steps steps;

    /// `alone`: time on the ports without anybody else.
    FusedTime Pace(const CoflowAlone& alone) const;

  private:
    FusedTime PipelinePace(const CoflowAlone& alone) const;
};

/// One after the other.
struct FusedShape
{
    std::vector<FusedPhase> phases;
    uint64_t messages = 0; ///< over NICs
    uint64_t scaleOutBytes = 0;
    uint64_t scaleUpBytes = 0;
    bool scaleOut = false;
};

} // namespace heddle::training

#endif
