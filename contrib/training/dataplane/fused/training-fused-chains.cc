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

/// What a tree's later chunks wait for of the first one's way, beyond their share of the busiest
/// port: measured against packets, 8 to 128 ranks, 8 to 32 chunks (0.5 to 0.8).
constexpr double kTreeFill = 0.75;

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

/// The first chunk goes up and down the longest way, and waits for its siblings at every port:
/// that is `first`. More of them follow at the pace of the busiest port.
void
FusedShaper::NoteTree()
{
    const double first = m_pattern.fan * m_sumMessages;
    const double beyond = std::max(0.0, first - m_pattern.busiest * m_mostMessage.scaleOut);
    FusedTime latency = m_sum + -1.0 * m_most;
    latency.scaleOut -= std::max(0.0, m_sumMessages - m_mostMessage.scaleOut);
    if (m_tree.latency < latency || m_tree.first < first)
    {
        m_tree = {latency, first, kTreeFill * beyond, m_pattern.busiest};
    }
}

/// Channels take turns at every port.
void
FusedShaper::AddTree()
{
    if (m_tree.first > 0)
    {
        const double channels = std::max(1.0, m_phase.weight / m_tree.busiest);
        m_phase.head += m_tree.latency;
        m_phase.head.scaleOut += channels * m_tree.fill;
        m_phase.atLeast =
            std::max(m_phase.atLeast, FusedTime{0, 0, channels * (m_tree.first - m_tree.fill)});
    }
    m_tree = {};
}

} // namespace heddle::training
