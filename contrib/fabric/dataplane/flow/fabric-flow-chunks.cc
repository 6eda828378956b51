// SPDX-License-Identifier: GPL-2.0-only
//
// Where ports queue, a message leaves in chunks, so that it stops when as much as the window holds
// is under way.
#include "ns3/base-errors.h"
#include "ns3/base-prepare.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

/// A window is followed in steps of this part of it.
constexpr unsigned kChunks = 4;
/// Beyond this part of a window under way the next chunk may not fit.
constexpr double kStall = 1 - 0.99 / kChunks;

} // namespace

/// What of so many bits leaves in one go; the rest is kept for later.
double
FlowNetwork::TakeChunk(uint32_t id, double bits)
{
    const bool whole = !m_queued || m_config.windowBits == 0;
    const double chunk = whole ? bits : std::min(bits, m_config.windowBits / kChunks);
    m_details[id].rest = bits - chunk;
    m_details[id].chunk = chunk;
    m_details[id].marked = false;
    return chunk;
}

/// The flow has bits to send: unless its window is full, it does.
void
FlowNetwork::Continue(Partition& part, uint32_t id)
{
    FlowDetails& d = m_details[id];
    d.stalled = m_queued && m_config.windowBits > 0 && d.underWay > kStall * m_config.windowBits;
    if (!d.stalled && !m_maxMin.inserted(id))
    {
        Insert(part, id);
    }
    else if (d.stalled && m_maxMin.inserted(id))
    {
        Withdraw(part, id);
    }
    if (d.stalled)
    {
        m_flows[id].bottleneck = d.slowest;
    }
}

/// A NIC takes its flows' packets in turn: of n that end together the first ends n - 1 packets
/// before the last, where a fluid ends all at once. Its last packet is sent ahead by that much.
void
FlowNetwork::PredictMark(uint32_t id)
{
    Flow& flow = m_flows[id];
    const FlowDetails& d = m_details[id];
    const double left = flow.left;
    if (!d.marked && d.rest == 0)
    {
        flow.left = std::max(0.0, left - d.early);
    }
    Predict(id);
    flow.left = left;
}

double
FlowNetwork::SentBits(const Partition& part, uint32_t id)
{
    if (m_flows[id].active)
    {
        Settle(id, part.now());
    }
    return m_details[id].sent;
}

void
FlowNetwork::OnMarked(Partition& part, uint32_t flow, uint32_t queue, Tick latency, Tick waits)
{
    const uint32_t id = m_flowOfStream[flow];
    const Tick until = m_details[id].way - latency + waits;
    m_client->OnMarked(part, id, m_queues[queue].first, std::max<Tick>(0, until));
}

/// The last bit of a chunk has left.
void
FlowNetwork::OnChunk(Partition& part, uint32_t id)
{
    const double rest = m_details[id].rest;
    if (!m_details[id].marked)
    {
        const bool early = rest == 0 && m_details[id].early > 0;
        m_details[id].marked = early;
        SendMarker(part, id, rest == 0);
        if (early)
        {
            PredictMark(id);
            Arm(part, id);
            return;
        }
    }
    double bits = rest;
    if (rest == 0)
    {
        bits = static_cast<double>(m_client->OnDrained(part, id));
        m_details[id].message = bits;
        m_details[id].lost = 0;
    }
    Flow& flow = m_flows[id];
    if (bits == 0)
    {
        flow.active = false;
        Withdraw(part, id);
        return;
    }
    flow.left = TakeChunk(id, bits);
    Continue(part, id);
    if (!m_details[id].stalled)
    {
        PredictMark(id);
        Arm(part, id);
    }
}

/// Behind what the flow has sent so far; `last`: a message ends here.
void
FlowNetwork::SendMarker(Partition& part, uint32_t id, bool last)
{
    FlowDetails& d = m_details[id];
    if (!m_queued && d.outstanding == 0)
    {
        Transit transit;
        transit.message = d.message;
        SprayLate(part, id, transit);
        FlowWaits waits = TakeWaits(id);
        waits.late = transit.late;
        waits.resent = LossLate(part, id);
        m_client->OnThrough(part, id, waits);
        return;
    }
    const uint32_t cookie = NewTransit();
    Transit& transit = m_inTransit[cookie];
    transit.bits = d.chunk;
    transit.last = last;
    if (last)
    {
        transit.waits = TakeWaits(id);
        transit.message = d.message;
        SprayLate(part, id, transit);
        transit.lossLate = LossLate(part, id);
    }
    ++d.outstanding;
    d.underWay += d.chunk;
    Send(part, id, cookie, d.ahead);
}

uint32_t
FlowNetwork::NewTransit()
{
    if (m_freeTransit.empty())
    {
        m_freeTransit.push_back(static_cast<uint32_t>(m_inTransit.size()));
        m_inTransit.emplace_back();
    }
    const uint32_t cookie = m_freeTransit.back();
    m_freeTransit.pop_back();
    m_inTransit[cookie] = {};
    return cookie;
}

void
FlowNetwork::OnThrough(Partition& part,
                       uint32_t flow,
                       uint64_t cookie,
                       Tick travelled,
                       const std::vector<double>& delays)
{
    if (--m_inTransit[cookie].lanes > 0)
    {
        return;
    }
    const uint32_t id = m_flowOfStream[flow];
    const Transit chunk = m_inTransit[cookie];
    m_freeTransit.push_back(static_cast<uint32_t>(cookie));
    if (chunk.straggler)
    {
        OnStraggler(part, id, travelled);
        return;
    }
    FlowWaits waits = chunk.waits;
    double most = 0;
    double worstInside = 0;
    for (size_t hop = 0; hop < delays.size(); ++hop)
    {
        const double delay = delays[hop];
        const auto& [port, cause] = m_queues[m_fifo->QueueOf(flow, hop)];
        waits.lost[cause] += delay;
        if (cause == FlowWaits::Fabric && delay > worstInside)
        {
            worstInside = delay;
            waits.culprit = port;
        }
        if (delay > most && m_resourceOf[port] != kNone)
        {
            most = delay;
            m_details[id].slowest = m_resourceOf[port];
        }
    }
    if (m_config.windowBits > 0)
    {
        const auto bits = static_cast<uint64_t>(chunk.bits);
        Schedule(part, part.now() + m_details[id].acknowledgement, m_onCredit, id, bits);
    }
    else
    {
        --m_details[id].outstanding;
    }
    if (chunk.last)
    {
        waits.travelled = travelled;
        waits.late = SprayLateBehind(part, id, chunk);
        waits.resent = chunk.lossLate;
        PassMessage(part, id, chunk.paths == m_details[id].paths, waits);
    }
}

void
FlowNetwork::Foresee(uint32_t flow, uint64_t cookie) const
{
    FetchToWrite(&m_inTransit[cookie]);
    FetchToWrite(&m_details[m_flowOfStream[flow]]);
    m_client->Foresee(m_flowOfStream[flow]);
}

void
FlowNetwork::OnCredit(Partition& part, const Event& event)
{
    const uint32_t id = event.entity;
    FlowDetails& d = m_details[id];
    --d.outstanding;
    d.underWay = d.outstanding == 0 ? 0 : d.underWay - static_cast<double>(event.arg);
    if (m_queued && d.stalled && !m_flows[id].down)
    {
        Settle(id, part.now());
        Continue(part, id);
    }
}

} // namespace heddle
