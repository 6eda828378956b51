// SPDX-License-Identifier: GPL-2.0-only
//
// Shapes of fused collectives: what rings and trees wait for, hop after hop.
#include "ns3/training-fused-shape.h"

#include <algorithm>

namespace heddle::training
{

namespace
{

/// Messages of rings that share a port between switches meet there at every hop, as rings go in
/// step to within a message: one begins anywhere within the other, and packets take turns while
/// both are there, so that it waits half a message in the mean. Checked on sizes that are not in
/// the error table: hierarchical all-reduce of 1 to 8 MiB, 16 to 64 ranks, ECMP: mean 0.1 to 1.4 %.
/// Rings at random times would meet less often (mean 1.1 to 1.9 % there).
constexpr double kMeetings = 0.5;

} // namespace

/// Of so many consecutive hops.
FusedTime
FusedShaper::LongestRun(const RingTime& ring, uint32_t hops) const
{
    const Hop* hop = m_hops.data() + ring.first;
    FusedTime run;
    for (uint32_t i = 0; i < hops; ++i)
    {
        run += hop[i].time;
    }
    FusedTime longest = run;
    for (uint32_t i = 0; hops > 0 && i + 1 < ring.edges; ++i)
    {
        run += hop[(i + hops) % ring.edges].time + -1.0 * hop[i].time;
        longest = std::max(longest, run);
    }
    return longest;
}

void
FusedShaper::AddRing(const RingTime& ring)
{
    FusedTime sum;
    for (uint32_t i = 0; i < ring.edges; ++i)
    {
        // Rings go in step: their messages meet at a port that some of them share.
        Hop& hop = m_hops[ring.first + i];
        if (hop.scaleOut && m_world.routes != nullptr)
        {
            const double crowd = m_world.routes->Crowding(hop.from, hop.to, hop.queuePair);
            hop.time.scaleOut += kMeetings * (crowd - 1) * ring.message.scaleOut;
            hop.time.scaleOut += m_world.routes->MessageLate(
                hop.from,
                hop.to,
                static_cast<double>(ring.pattern.loops) * ring.pattern.steps);
        }
        sum += hop.time;
    }
    m_phase.loop.turn = std::max(m_phase.loop.turn, sum.total());
    const auto whole = ring.pattern.steps / ring.edges; // turns
    const auto rounds = static_cast<double>(whole);
    const FusedTime turn = rounds * sum + LongestRun(ring, ring.pattern.steps % ring.edges);
    const double loops = ring.pattern.loops;
    m_phase.rings.push_back({loops * turn + -1.0 * (ring.latency + ring.message),
                             loops * ring.pattern.steps,
                             ring.crosses});
    m_aTurn += ring.edges * ring.pattern.slices * ring.bits;
    const FusedTime step = 1.0 / ring.pattern.steps * turn;
    FusedPhase::Steps& steps = m_phase.steps;
    FusedTime& most = ring.crosses ? steps.across : steps.inside;
    most = std::max(most, step);
    steps.latency = steps.across.total() == 0 || ring.crosses ? ring.latency : steps.latency;
}

/// A chunk goes up and down the longest way.
void
FusedShaper::NoteTree()
{
    FusedTime latency = m_sum + -1.0 * m_most;
    latency.scaleOut -= std::max(0.0, m_sumMessages - m_mostMessage.scaleOut);
    m_treeLatency = std::max(m_treeLatency, latency);
}

/// Up, then the same edge down.
void
FusedShaper::NoteTreeEdge(const FusedEdge& edge, const EdgeTime& time)
{
    // Ports of the network, those of scale-up among them, then NICs'.
    const auto ranks = static_cast<uint32_t>(m_out.size());
    const uint32_t nics = m_world.firstScaleUpPort + 2 * ranks;
    TreePipeline::Way way{nics + 2 * edge.relay,
                          {},
                          time.step,
                          time.latency.total(),
                          time.ack,
                          time.message.total(),
                          edge.scaleUp,
                          time.grant};
    if (edge.scaleUp)
    {
        way.out = m_world.firstScaleUpPort + 2 * edge.from;
        way.ins.push_back({m_world.firstScaleUpPort + 2 * edge.to + 1, 1});
    }
    else
    {
        if (m_world.routes != nullptr)
        {
            for (const auto& [port, share] :
                 m_world.routes->PortsBetween(edge.relay, edge.to, QueuePairOf(edge)))
            {
                way.ins.push_back({port, share});
            }
        }
        way.ins.push_back({nics + 2 * edge.to + 1, 1});
    }
    if (m_up.empty())
    {
        m_up.push_back(way);
        return;
    }
    m_trees.Add({edge.channel, edge.to, edge.from, edge.messages, m_up.front(), way});
    m_up.clear();
}

/// What all of it takes beyond the time of the busiest port.
void
FusedShaper::AddTree(FusedAfter after)
{
    if (m_trees.empty())
    {
        return;
    }
    m_trees.SetSlots(m_world.slots);
    const bool acknowledged = after == FusedAfter::Acknowledged;
    const FusedTime& tail = acknowledged ? m_acked : m_phase.tail;
    const double known = m_phase.head.total() + m_trees.BusiestTime() + tail.total();
    const double fill = std::max(0.0, m_trees.Time(acknowledged) - known);
    const double latency = m_treeLatency.total();
    m_phase.head += std::min(1.0, fill / std::max(1.0, latency)) * m_treeLatency;
    m_phase.head.scaleOut += std::max(0.0, fill - latency);
    m_trees.Clear();
    m_treeLatency = {};
}

} // namespace heddle::training
