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

FusedTime
FusedShape::Pace(double alone) const
{
    FusedTime pace = window;
    for (const Ring& ring : rings)
    {
        FusedTime time = ring.round;
        const double wait = alone / ring.steps; // W, of which w is in `round` already
        (scaleOut ? time.scaleOut : time.scaleUp) += wait;
        pace = std::max(pace, time);
    }
    return pace;
}

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
    m_group = group;
    m_edges = 0;
}

void
FusedShaper::OnPattern(const FusedPattern& pattern)
{
    EndPattern();
    m_pattern = pattern;
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

void
FusedShaper::OnEdge(const FusedEdge& edge)
{
    if (edge.scaleUp)
    {
        AddScaleUp(edge.from, edge.to, edge.bytes);
    }
    else
    {
        m_shape.scaleOut = true;
        m_shape.messages += edge.messages;
        m_shape.scaleOutBytes += edge.bytes;
        if (edge.relay != edge.from)
        {
            AddScaleUp(edge.from, edge.relay, edge.bytes);
        }
        const uint32_t first = (m_group * m_world.channels + edge.channel) * m_queuePairs;
        const uint64_t qps = std::min<uint64_t>(m_queuePairs, edge.messages);
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
        m_shape.weight = std::max(m_shape.weight, m_streams[edge.relay]);
    }

    const EdgeTime time = TimeOf(edge);
    const FusedTime latency = time.latency + FusedTime{time.step, 0, 0};
    const FusedTime hop = latency + time.message;
    m_sum += hop;
    m_sumMessages += time.message.scaleOut;
    m_least = m_edges == 0 ? hop : std::min(m_least, hop);
    m_most = std::max(m_most, hop);
    m_mostHop = std::max(m_mostHop, latency);
    m_mostMessage = std::max(m_mostMessage, time.message);
    m_mostStep = std::max(m_mostStep, time.step);
    m_mostGrant = std::max(m_mostGrant, time.grant);
    m_mostAck = std::max(m_mostAck, time.ack);
    m_mostTail = std::max(m_mostTail, time.latency + FusedTime{0, 0, time.ack});
    ++m_edges;
    if (m_world.slots > 0)
    {
        const double slots = m_world.slots;
        const auto messages = static_cast<double>(edge.messages) / edge.streams;
        const double cycles = std::max(0.0, messages / slots - 1);
        FusedTime window =
            cycles * (time.latency + time.message) + std::min(messages, slots) * time.message;
        (edge.scaleUp ? window.scaleUp : window.scaleOut) += cycles * time.grant;
        m_shape.window = std::max(m_shape.window, window);
    }
}

/// Joins the pattern's times with those of the ones before, which run beside it.
void
FusedShaper::EndPattern()
{
    if (m_edges > 0)
    {
        FusedTime head;
        const bool granted = m_world.slots > 0 && m_mostGrant > m_mostStep;
        head.software = granted ? 0 : m_mostStep;
        (m_shape.scaleOut ? head.scaleOut : head.scaleUp) += granted ? m_mostGrant : 0;
        const double edges = m_edges;
        switch (m_pattern.kind)
        {
        case FusedPattern::Kind::Independent:
            break;
        case FusedPattern::Kind::Ring:
        {
            // Whole rounds, and a rest that leaves out the shortest hops.
            const auto rounds = m_pattern.steps / m_edges;
            const auto whole = static_cast<double>(rounds);
            const double rest = m_pattern.steps % m_edges;
            FusedTime turn = whole * m_sum;
            if (rest > 0)
            {
                turn += m_sum + (rest - edges) * m_least;
            }
            const double loops = m_pattern.loops;
            m_shape.rings.push_back(
                {loops * turn + -1.0 * (m_mostHop + m_mostMessage), loops * m_pattern.steps});
            break;
        }
        case FusedPattern::Kind::Chain:
            m_chain = std::max(m_chain, m_sum + -1.0 * m_most);
            m_chainMessages = std::max(m_chainMessages, m_sumMessages - m_mostMessage.scaleOut);
            break;
        case FusedPattern::Kind::Rounds:
            head += (m_pattern.steps - 1.0) * (m_mostHop + FusedTime{0, 0, m_mostAck});
            break;
        }
        m_shape.head = std::max(m_shape.head, head);
        m_shape.tail = std::max(m_shape.tail, m_mostTail);
    }
    m_edges = 0;
    m_sum = m_least = m_most = m_mostMessage = m_mostTail = m_mostHop = {};
    m_mostStep = m_mostGrant = m_mostAck = m_sumMessages = 0;
}

const FusedShape&
FusedShaper::Finish()
{
    EndPattern();
    m_pattern = {};
    // Chunks of other chains share the NIC's port with each one.
    m_shape.head += m_chain;
    m_shape.head.scaleOut += (m_shape.weight - 1.0) * m_chainMessages;
    m_chain = {};
    m_chainMessages = 0;
    if (m_world.routes != nullptr)
    {
        m_shape.reached = m_world.routes->Take(m_shape.loads);
    }
    for (Rank rank : m_touched)
    {
        const uint32_t port = m_world.firstScaleUpPort + 2 * rank;
        if (m_out[rank] > 0 && !m_world.infiniteScaleUp)
        {
            m_shape.loads.push_back({port, m_out[rank]});
        }
        if (m_in[rank] > 0 && !m_world.infiniteScaleUp)
        {
            m_shape.loads.push_back({port + 1, m_in[rank]});
        }
        m_out[rank] = m_in[rank] = 0;
    }
    m_touched.clear();
    for (Rank rank : m_senders)
    {
        m_streams[rank] = 0;
    }
    m_senders.clear();
    return m_shape;
}

} // namespace heddle::training
