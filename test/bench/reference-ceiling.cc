// SPDX-License-Identifier: GPL-2.0-only
#include "reference-ceiling.h"

#include "ns3/base-errors.h"
#include "ns3/base-hash.h"

#include <algorithm>

namespace heddle::bench
{

namespace
{

constexpr unsigned kShift = 8; ///< buckets of 256 ps
constexpr unsigned kBits = 14; ///< 4.2 µs ahead: more than any delay but a flow's start
constexpr int64_t kMask = (int64_t{1} << kBits) - 1;

/// Tiers of ports, by direction. Port numbers: tier · hosts + index.
enum Tier : uint8_t
{
    HostUp,
    HostDown,
    EdgeUp,
    EdgeDown,
    CoreUp,
    CoreDown,
};

} // namespace

ReferenceCeiling::ReferenceCeiling(const FlowSet& set, const CeilingConfig& config)
    : m_set(set),
      m_config(config),
      m_k(FatTreeRadix(set.hosts)),
      m_half(m_k / 2),
      m_hosts(set.hosts),
      m_wheel(kMask + 1),
      m_occupied((kMask + 1) / 64),
      m_triggers(set)
{
    const Tick longest =
        (config.payloadBytes + config.overheadBytes) * config.psPerByte + config.linkDelay;
    HEDDLE_CHECK(longest >> kShift < kMask, "the wheel is too short for these links");
    HEDDLE_CHECK(config.ackBytes * config.psPerByte >> kShift > 0, "buckets are too wide");
    BuildPorts();
    for (uint32_t f = 0; f < set.flows.size(); ++f)
    {
        const Flow& flow = set.flows[f];
        const uint64_t packets = (flow.bytes + config.payloadBytes - 1) / config.payloadBytes;
        m_flows.push_back({static_cast<uint32_t>(packets)});
        if (flow.start != kForever)
        {
            m_starts.emplace_back(flow.start, f);
        }
    }
    std::sort(m_starts.rbegin(), m_starts.rend());
}

void
ReferenceCeiling::AddPort(uint8_t tier, uint32_t to)
{
    Port port;
    port.to = to;
    port.tier = tier;
    m_ports.push_back(port);
}

/// Every tier has as many links as there are hosts. Edge e = pod · k/2 + i, aggregation a = pod ·
/// k/2 + j, core c = j · k/2 + i (group j).
void
ReferenceCeiling::BuildPorts()
{
    const uint32_t h = m_half;
    for (uint8_t tier = HostUp; tier <= CoreDown; ++tier)
    {
        for (uint32_t i = 0; i < m_hosts; ++i)
        {
            const uint32_t at = tier == CoreDown ? i / m_k : i / h;
            switch (tier)
            {
            case HostUp: // of host i
                AddPort(tier, at);
                break;
            case HostDown: // to host i
                AddPort(tier, i);
                break;
            case EdgeUp:   // edge · h + j
            case EdgeDown: // aggregation · h + i
                AddPort(tier, at / h * h + i % h);
                break;
            case CoreUp: // aggregation · h + i
                AddPort(tier, at % h * h + i % h);
                break;
            case CoreDown: // core · k + pod
                AddPort(tier, i % m_k * h + at / h);
                break;
            }
        }
    }
    m_result.ports = m_ports.size();
}

inline void
ReferenceCeiling::Schedule(Tick time, uint32_t port, Packet* packet)
{
    const auto slot = static_cast<size_t>((time >> kShift) & kMask);
    m_wheel[slot].push_back({time, packet, port});
    m_occupied[slot >> 6] |= uint64_t{1} << (slot & 63);
    ++m_pending;
}

/// Makes the next bucket that holds events the current one.
bool
ReferenceCeiling::NextBucket()
{
    const Tick start = m_starts.empty() ? kForever : m_starts.back().first;
    if (m_pending == 0)
    {
        if (start == kForever)
        {
            return false;
        }
        m_bucket = start >> kShift;
    }
    for (;; m_bucket = (m_bucket | 63) + 1)
    {
        if (start >> kShift <= (m_bucket | 63))
        {
            break; // flows start among these buckets: look no further than there
        }
        const auto slot = static_cast<size_t>(m_bucket & kMask);
        const uint64_t bits = m_occupied[slot >> 6] >> (slot & 63);
        if (bits != 0)
        {
            m_bucket += __builtin_ctzll(bits);
            break;
        }
    }
    while (!m_starts.empty() && m_starts.back().first >> kShift <= m_bucket)
    {
        m_now = std::max(m_now, m_starts.back().first);
        const uint32_t flow = m_starts.back().second;
        m_starts.pop_back();
        Start(flow);
    }
    const auto slot = static_cast<size_t>(m_bucket & kMask);
    m_current.clear();
    m_current.swap(m_wheel[slot]);
    m_occupied[slot >> 6] &= ~(uint64_t{1} << (slot & 63));
    m_pending -= m_current.size();
    std::sort(m_current.begin(), m_current.end());
    ++m_bucket;
    return true;
}

CeilingResult
ReferenceCeiling::Run()
{
    while (NextBucket())
    {
        // No delay is shorter than a bucket, so nothing is added to it meanwhile.
        for (const Event& event : m_current)
        {
            m_now = event.time;
            if (event.packet)
            {
                Arrive(event.port, event.packet);
                continue;
            }
            Port& port = m_ports[event.port];
            Packet* next = port.head;
            if (!next)
            {
                port.busy = false;
                continue;
            }
            port.head = next->next;
            Transmit(event.port, next);
        }
        m_result.events += m_current.size();
    }
    return m_result;
}

void
ReferenceCeiling::Start(uint32_t flow)
{
    SendWindow(flow);
}

void
ReferenceCeiling::SendWindow(uint32_t id)
{
    FlowState& flow = m_flows[id];
    const Flow& what = m_set.flows[id];
    while (flow.next < flow.packets && flow.next - flow.acked < m_config.window)
    {
        ++flow.next;
        const uint64_t before = uint64_t{flow.next - 1} * m_config.payloadBytes;
        const auto payload =
            static_cast<uint32_t>(std::min<uint64_t>(what.bytes - before, m_config.payloadBytes));
        Inject(id, what.from, what.to, payload + m_config.overheadBytes, false);
    }
}

void
ReferenceCeiling::Inject(uint32_t flow, uint32_t from, uint32_t to, uint32_t wireBytes, bool ack)
{
    if (!m_free)
    {
        m_packets.emplace_back();
        m_packets.back().next = nullptr;
        m_free = &m_packets.back();
    }
    Packet* packet = m_free;
    m_free = packet->next;
    *packet = {nullptr, flow, to, static_cast<uint16_t>(wireBytes), 0, ack};
    Enqueue(HostUp * m_hosts + from, packet);
}

inline void
ReferenceCeiling::Enqueue(uint32_t id, Packet* packet)
{
    Port& port = m_ports[id];
    if (!port.busy)
    {
        port.busy = true;
        Transmit(id, packet);
        return;
    }
    packet->next = nullptr;
    (port.head ? port.tail->next : port.head) = packet;
    port.tail = packet;
}

inline void
ReferenceCeiling::Transmit(uint32_t id, Packet* packet)
{
    const Tick over = m_now + packet->wireBytes * m_config.psPerByte;
    ++packet->hops;
    Schedule(over, id, nullptr);
    Schedule(over + m_config.linkDelay, id, packet);
}

inline uint32_t
ReferenceCeiling::Choose(const Packet& packet, uint32_t salt) const
{
    const uint64_t hash = Mix64((uint64_t{packet.flow} << 8) | (packet.ack << 4U) | salt);
    return static_cast<uint32_t>(((hash >> 32) * m_half) >> 32);
}

inline void
ReferenceCeiling::Arrive(uint32_t id, Packet* packet)
{
    const Port& in = m_ports[id];
    const uint32_t to = packet->destination;
    const uint32_t h = m_half;
    switch (in.tier)
    {
    case HostUp: // at an edge switch
    case EdgeDown:
        Enqueue(to / h == in.to ? HostDown * m_hosts + to
                                : EdgeUp * m_hosts + in.to * h + Choose(*packet, 0),
                packet);
        return;
    case EdgeUp: // at an aggregation switch
    case CoreDown:
        Enqueue(to / (h * h) == in.to / h ? EdgeDown * m_hosts + in.to * h + to / h % h
                                          : CoreUp * m_hosts + in.to * h + Choose(*packet, 1),
                packet);
        return;
    case CoreUp: // at a core switch
        Enqueue(CoreDown * m_hosts + in.to * m_k + to / (h * h), packet);
        return;
    default:
        Deliver(in.to, packet);
    }
}

void
ReferenceCeiling::Deliver(uint32_t host, Packet* packet)
{
    const uint32_t id = packet->flow;
    const bool ack = packet->ack;
    m_result.dataHops += ack ? 0 : packet->hops;
    packet->next = m_free;
    m_free = packet;
    FlowState& flow = m_flows[id];
    const auto start = [this](uint32_t next) { Start(next); };
    if (ack)
    {
        ++flow.acked;
        SendWindow(id);
        if (flow.acked == flow.packets)
        {
            m_triggers.Fire(m_set.flows[id].onSent, start);
        }
        return;
    }
    Inject(id, host, m_set.flows[id].from, m_config.ackBytes, true);
    if (++flow.received == flow.packets)
    {
        ++m_result.flowsDone;
        m_result.finished = m_now;
        m_triggers.Fire(m_set.flows[id].onReceived, start);
    }
}

} // namespace heddle::bench
