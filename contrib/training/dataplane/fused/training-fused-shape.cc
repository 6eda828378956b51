// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-fused-shape.h"

#include <algorithm>

namespace heddle::training
{

namespace
{

constexpr double kBitsPerByte = 8;
constexpr uint64_t kGrantBytes = 64; // see Plan::ConnectQueuePairs

} // namespace

FusedShaper::FusedShaper(const FusedWorld& world, Rank ranks)
    : m_world(world),
      m_queuePairs(std::max(1U, world.expander->software().queuePairsPerConnection)),
      m_out(ranks, 0),
      m_in(ranks, 0),
      m_streams(ranks, 0)
{
}

bool
FusedShaper::WantsChannels() const
{
    return m_world.routes != nullptr && m_world.routes->pinned();
}

const FusedShape&
FusedShaper::Shape(const CollectiveCall& call, uint32_t group)
{
    Begin(group);
    m_world.expander->Fuse(call, *this);
    return Finish();
}

const FusedShape&
FusedShaper::ShapeSendRecv(Rank from, Rank to, uint64_t bytes, uint32_t group)
{
    Begin(group);
    m_world.expander->FuseSendRecv(from, to, bytes, *this);
    return Finish();
}

void
FusedShaper::Begin(uint32_t group)
{
    m_shape = {};
    m_phase = {};
    m_group = group;
    m_edges = 0;
}

void
FusedShaper::OnPhase(FusedAfter after)
{
    EndPhase(after);
}

void
FusedShaper::OnPipeline(const FusedPipeline& pipeline)
{
    m_phase.pipeline = pipeline;
}

void
FusedShaper::OnPattern(const FusedPattern& pattern)
{
    EndPattern();
    m_pattern = pattern;
    m_inTree = m_inTree || pattern.kind == FusedPattern::Kind::Tree;
}

FusedShaper::EdgeTime
FusedShaper::TimeOf(const FusedEdge& edge)
{
    EdgeTime time{};
    const uint64_t message = (edge.bytes + edge.messages - 1) / edge.messages;
    if ((edge.scaleUp || edge.relay != edge.from) && !m_world.infiniteScaleUp)
    {
        const double serialisation = static_cast<double>(message) * kBitsPerByte * 1e12 /
                                     static_cast<double>(m_world.scaleUp.portRate.bps());
        time.latency.scaleUp = static_cast<double>(m_world.scaleUp.latency);
        time.grant = time.latency.scaleUp;
        // A relay passes a message on when it has all of it.
        (edge.scaleUp ? time.message : time.latency).scaleUp += serialisation;
    }
    if (edge.scaleUp)
    {
        time.step = static_cast<double>(m_world.stepUp);
        return time;
    }
    time.step = static_cast<double>(m_world.stepOut);
    if (FlowRoutes* routes = m_world.routes)
    {
        time.latency.scaleOut = static_cast<double>(routes->Latency(edge.relay, edge.to, message));
        time.message.scaleOut = routes->SerialisationTime(edge.relay, edge.to, message);
        time.grant += static_cast<double>(routes->Latency(edge.relay, edge.to, kGrantBytes)) +
                      routes->SerialisationTime(edge.relay, edge.to, kGrantBytes);
        time.ack = static_cast<double>(
            std::max<Tick>(0, routes->AckLatency(edge.relay, edge.to) - routes->receiveLatency()));
    }
    return time;
}

void
FusedShaper::AddScaleUp(Rank from, Rank to, uint64_t bytes)
{
    m_shape.scaleUpBytes += bytes;
    for (Rank rank : {from, to})
    {
        if (m_out[rank] == 0 && m_in[rank] == 0)
        {
            m_touched.push_back(rank);
        }
        (rank == from ? m_out : m_in)[rank] += static_cast<double>(bytes) * kBitsPerByte;
    }
}

/// Its first, on the connection.
uint32_t
FusedShaper::QueuePairOf(const FusedEdge& edge) const
{
    return (m_group * m_world.channels + edge.channel) * m_queuePairs;
}

void
FusedShaper::OnEdge(const FusedEdge& edge)
{
    if (edge.scaleUp)
    {
        AddScaleUp(edge.from, edge.to, edge.bytes);
    }
    else
    {
        m_phase.scaleOut = m_shape.scaleOut = true;
        m_shape.messages += edge.messages;
        m_shape.scaleOutBytes += edge.bytes;
        if (edge.relay != edge.from)
        {
            AddScaleUp(edge.from, edge.relay, edge.bytes);
        }
        const uint32_t first = QueuePairOf(edge);
        const uint64_t qps = std::min<uint64_t>(m_queuePairs, edge.messages);
        m_phase.perQueuePair =
            std::max(m_phase.perQueuePair,
                     static_cast<double>(edge.messages) / static_cast<double>(qps * edge.streams));
        for (uint32_t q = 0; m_world.routes != nullptr && q < qps; ++q)
        {
            m_world.routes->Add(edge.relay,
                                edge.to,
                                first + q,
                                edge.bytes * (q + 1) / qps - edge.bytes * q / qps,
                                edge.messages * (q + 1) / qps - edge.messages * q / qps);
        }
    }
    if (!edge.scaleUp)
    {
        if (m_streams[edge.relay] == 0)
        {
            m_senders.push_back(edge.relay);
        }
        m_streams[edge.relay] += edge.streams;
        m_phase.weight = std::max(m_phase.weight, m_streams[edge.relay]);
    }

    const EdgeTime time = TimeOf(edge);
    const FusedTime latency = time.latency + FusedTime{time.step, 0, 0};
    const FusedTime hop = latency + time.message;
    m_sum += hop;
    m_sumMessages += time.message.scaleOut;
    if (m_pattern.kind == FusedPattern::Kind::Ring)
    {
        m_hops.push_back({hop, edge.relay, edge.to, QueuePairOf(edge), !edge.scaleUp});
    }
    m_most = std::max(m_most, hop);
    m_mostHop = std::max(m_mostHop, latency);
    m_mostMessage = std::max(m_mostMessage, time.message);
    if (!edge.scaleUp && m_world.routes != nullptr)
    {
        const uint64_t message = (edge.bytes + edge.messages - 1) / edge.messages;
        m_mostBits = std::max(m_mostBits, m_world.routes->WireBits(message, 1));
    }
    m_mostStep = std::max(m_mostStep, time.step);
    m_mostGrant = std::max(m_mostGrant, time.grant);
    m_mostTail = std::max(m_mostTail, time.latency);
    m_mostAcked = std::max(m_mostAcked, time.latency + FusedTime{0, 0, time.ack});
    m_crosses = m_crosses || !edge.scaleUp;
    ++m_edges;
    NoteWindow(edge, time);
    if (m_inTree)
    {
        NoteTreeEdge(edge, time);
    }
}

void
FusedShaper::NoteWindow(const FusedEdge& edge, const EdgeTime& time)
{
    if (m_world.slots == 0)
    {
        return;
    }
    const double slots = m_world.slots;
    const auto messages = static_cast<double>(edge.messages) / edge.streams;
    const double cycles = std::max(0.0, messages / slots - 1);
    FusedTime window =
        cycles * (time.latency + time.message) + std::min(messages, slots) * time.message;
    (edge.scaleUp ? window.scaleUp : window.scaleOut) += cycles * time.grant;
    m_phase.atLeast = std::max(m_phase.atLeast, window);
}

/// Joins the pattern's times with those of the ones before, which run beside it.
void
FusedShaper::EndPattern()
{
    if (m_edges > 0)
    {
        FusedTime head;
        // Receive buffers of later phases were granted while the ones before ran.
        const bool granted =
            m_shape.phases.empty() && m_world.slots > 0 && m_mostGrant > m_mostStep;
        head.software = granted ? 0 : m_mostStep;
        (m_crosses ? head.scaleOut : head.scaleUp) += granted ? m_mostGrant : 0;
        if (m_pattern.kind == FusedPattern::Kind::Ring)
        {
            const auto first = static_cast<uint32_t>(m_hops.size()) - m_edges;
            m_rings.push_back(
                {m_pattern, first, m_edges, m_mostHop, m_mostMessage, m_mostBits, m_crosses});
        }
        else if (m_pattern.kind == FusedPattern::Kind::Chain)
        {
            m_chain = std::max(m_chain, m_sum + -1.0 * m_most);
            m_chainMessages = std::max(m_chainMessages, m_sumMessages - m_mostMessage.scaleOut);
        }
        else if (m_pattern.kind == FusedPattern::Kind::Tree)
        {
            NoteTree();
        }
        m_phase.message = std::max(m_phase.message, m_mostMessage.scaleOut);
        m_phase.loop.message = std::max(m_phase.loop.message, m_mostBits);
        m_waits = m_waits || m_pattern.kind != FusedPattern::Kind::Independent;
        m_together = m_together || m_pattern.kind == FusedPattern::Kind::Independent;
        m_phase.head = std::max(m_phase.head, head);
        m_phase.tail = std::max(m_phase.tail, m_mostTail);
        m_acked = std::max(m_acked, m_mostAcked);
    }
    m_edges = 0;
    m_sum = m_most = m_mostMessage = m_mostTail = m_mostAcked = m_mostHop = {};
    m_mostStep = m_mostGrant = m_sumMessages = m_mostBits = 0;
    m_crosses = false;
}

void
FusedShaper::EndPhase(FusedAfter after)
{
    EndPattern();
    m_pattern = {};
    // Chunks of other chains share the NIC's port with each one.
    for (const RingTime& ring : m_rings)
    {
        AddRing(ring);
    }
    m_rings.clear();
    m_hops.clear();
    m_phase.loop.passes = m_aTurn > 0 ? 1 / m_aTurn : 0;
    m_aTurn = 0;
    AddTree(after);
    m_inTree = false;
    m_phase.head += m_chain;
    m_phase.tail = after == FusedAfter::Acknowledged ? m_acked : m_phase.tail;
    m_phase.acknowledged = m_acked;
    m_acked = {};
    m_phase.head.scaleOut += (m_phase.weight - 1.0) * m_chainMessages;
    m_chain = {};
    m_chainMessages = 0;
    m_phase.message *= m_together ? m_phase.weight : 1; // they take turns, packet by packet
    m_phase.together = m_together && !m_waits;
    m_together = m_waits = false;
    if (m_world.routes != nullptr)
    {
        m_phase.exposed = m_world.routes->TakeExposed();
        m_phase.reached = m_world.routes->Take(m_phase.loads);
        m_phase.tail.scaleOut += m_phase.together ? m_world.routes->LastPacketLate() : 0;
    }
    for (Rank rank : m_touched)
    {
        const uint32_t port = m_world.firstScaleUpPort + 2 * rank;
        if (m_out[rank] > 0 && !m_world.infiniteScaleUp)
        {
            m_phase.loads.push_back({port, m_out[rank]});
        }
        if (m_in[rank] > 0 && !m_world.infiniteScaleUp)
        {
            m_phase.loads.push_back({port + 1, m_in[rank]});
        }
        m_out[rank] = m_in[rank] = 0;
    }
    m_touched.clear();
    for (Rank rank : m_senders)
    {
        m_streams[rank] = 0;
    }
    m_senders.clear();
    const bool empty = m_phase.loads.empty() && m_phase.head.total() + m_phase.tail.total() <= 0;
    if (!empty)
    {
        m_shape.phases.push_back(std::move(m_phase));
    }
    m_phase = {};
}

const FusedShape&
FusedShaper::Finish()
{
    EndPhase(FusedAfter::Acknowledged);
    return m_shape;
}

} // namespace heddle::training
