// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-fused-shape.h
// ----------------------------
// A collective call, or a send with its receive, as one coupled flow: what it puts on each port,
// and the time that it needs besides, because its messages wait for each other.
//
//   head    before the first byte: step latency or clear-to-send, whichever is longer; the rounds
//           and hops that come one after the other (broadcast, "pairwise")
//   pace    a lower bound for the time on the ports: a ring's messages go round one hop after the
//           other; a window of `slots` messages needs a round trip
//   tail    from the last byte's departure to the last completion
//
// A ring of n steps (all loops together), a step latency and network latency α per hop, w the time
// of one message and W that of all messages of a step at the most loaded port takes
// (n-1)·max(W, α + w) + W + α: with bits / rate = n·W that is max(n·W, n·(α + w) - α + W - w) + α.

#ifndef HEDDLE_TRAINING_FUSED_SHAPE_H
#define HEDDLE_TRAINING_FUSED_SHAPE_H

#include "ns3/collectives-fused.h"
#include "ns3/rdma-flow-routes.h"
#include "ns3/training-job.h"

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

struct FusedShape
{
    std::vector<CoflowNetwork::Load> loads; ///< none: no port is busy
    bool reached = true;                    ///< all of it has paths now
    uint32_t weight = 1;                    ///< streams at the port that has most
    FusedTime head;
    FusedTime tail;
    uint64_t messages = 0; ///< over NICs
    uint64_t scaleOutBytes = 0;
    uint64_t scaleUpBytes = 0;
    bool scaleOut = false;

    struct Ring
    {
        FusedTime round; ///< n·(α + w) - α - w
        double steps;    ///< n
    };

    std::vector<Ring> rings;
    FusedTime window; ///< lower bound of receive slots

    /// `alone`: time on the ports without anybody else, ps.
    FusedTime Pace(double alone) const;
};

/// What of a world counts for shapes.
struct FusedWorld
{
    const Expander* expander;
    FlowRoutes* routes; ///< null: infinite scale-out
    ScaleUpModel scaleUp;
    bool infiniteScaleUp;
    uint32_t firstScaleUpPort; ///< 2 a rank: out, in
    Tick stepUp;               ///< software latencies, ps
    Tick stepOut;
    uint32_t slots;
    uint32_t channels; ///< of a group, for the numbers of queue pairs
};

/// Makes shapes, one after the other.
class FusedShaper : private FusedSink
{
  public:
    FusedShaper(const FusedWorld& world, Rank ranks);

    /// `group`: Plan::GroupOf. Valid until the next call.
    const FusedShape& Shape(const CollectiveCall& call, uint32_t group);
    const FusedShape& ShapeSendRecv(Rank from, Rank to, uint64_t bytes, uint32_t group);

  private:
    struct EdgeTime
    {
        FusedTime latency; ///< network
        FusedTime message; ///< one message's serialisation
        double step;       ///< software
        double grant;      ///< clear-to-send
        double ack;        ///< beyond the delivery
    };

    void OnPattern(const FusedPattern& pattern) override;
    void OnEdge(const FusedEdge& edge) override;
    bool WantsChannels() const override;
    void Begin(uint32_t group);
    const FusedShape& Finish();
    void EndPattern();
    EdgeTime TimeOf(const FusedEdge& edge);
    void AddScaleUp(Rank from, Rank to, uint64_t bytes);

    FusedWorld m_world;
    uint32_t m_queuePairs; ///< per connection
    FusedShape m_shape;
    uint32_t m_group = 0;
    FusedPattern m_pattern;
    uint32_t m_edges = 0; ///< of the pattern
    FusedTime m_sum;      ///< over its edges: α + w
    FusedTime m_least;
    FusedTime m_most; ///< … of α + w
    FusedTime m_mostMessage;
    FusedTime m_mostTail;
    FusedTime m_mostHop; ///< network and software latency
    double m_mostStep = 0;
    double m_mostGrant = 0;
    double m_mostAck = 0;
    double m_sumMessages = 0;  ///< scale-out serialisation, ps
    std::vector<double> m_out; ///< scale-up bits by rank
    std::vector<double> m_in;
    std::vector<uint32_t> m_streams; ///< by rank: leaving its NIC
    FusedTime m_chain;               ///< longest, but for messages that share a NIC
    double m_chainMessages = 0;      ///< … the time of these alone, ps
    std::vector<Rank> m_touched;     ///< of m_out and m_in
    std::vector<Rank> m_senders;     ///< of m_streams
};

} // namespace heddle::training

#endif
