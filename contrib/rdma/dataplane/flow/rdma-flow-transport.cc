// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-flow-transport.h"

#include "ns3/base-errors.h"
#include "ns3/base-hash.h"
#include "ns3/rdma-congestion.h"
#include "ns3/rdma-flow-calibration.h"
#include "ns3/rdma-lost-capacity.h"
#include "ns3/rdma-port-choice.h"
#include "ns3/rdma-reliability.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

constexpr uint64_t kBitsPerByte = 8;
/// Of FlowNetworkConfig::restPerFlow where every queue pair has its own pace: a quarter of a packet
/// at 400 Gb/s.
constexpr Tick kControlledRest = 20 * kNanosecond;

/// When the last of `bits` leaves a port of its own.
Tick
Serialise(uint64_t bits, BitRate rate)
{
    return std::llround(static_cast<double>(bits) * 1e12 / static_cast<double>(rate.bps()));
}

/// Packets of a queue pair that may be under way; 0: any number.
uint32_t
WindowPackets(const TransportConfig& config)
{
    const bool selective =
        FindFactory<ReliabilityFactory>("reliability", config.reliability)()->addressEveryPacket;
    const uint32_t receiver = selective ? config.reorderWindowPackets : 0;
    if (config.windowPackets == 0 || receiver == 0)
    {
        return std::max(config.windowPackets, receiver);
    }
    return std::min(config.windowPackets, receiver);
}

} // namespace

FlowNetworkConfig
FlowNetworkConfigFor(const TransportConfig& config, bool maxMin)
{
    const CongestionControl control = MakeCongestionControl(config);
    FlowNetworkConfig flow;
    flow.controlled = !maxMin && ListensToMarks(control);
    flow.markedClass = config.dataClass;
    flow.sprayWaits = !maxMin;
    flow.answersEach =
        FindFactory<ReliabilityFactory>("reliability", config.reliability)()->addressEveryPacket;
    // Queues fill up and serve whoever comes, as far as nothing slows senders down.
    flow.shareByArrival = !maxMin && (NeverSlowsDown(control) || flow.controlled);
    flow.restPerFlow = flow.controlled ? kControlledRest : flow.restPerFlow;
    const uint32_t data = DataWireBytes(config.mtuPayloadBytes, true);
    flow.packetBits = static_cast<double>(data) * kBitsPerByte;
    flow.windowBits = WindowPackets(config) * flow.packetBits;
    flow.reorderedAckShare = static_cast<double>(kAckWireBytes) / data;
    flow.ackShare = flow.reorderedAckShare / config.ackEveryPackets;
    flow.congestedEfficiency =
        maxMin ? 1 : FindFlowCalibration(config.congestionControl).congestedEfficiency;
    if (config.retransmissionTimeout > 0)
    {
        flow.retransmissionTimeout = config.retransmissionTimeout;
    }
    flow.retryLimit = config.retryLimit;
    return flow;
}

FlowTransport::FlowTransport(EventCore& core, FlowNetwork& network, const TransportConfig& config)
    : m_core(core),
      m_network(network),
      m_config(config),
      m_addressEveryPacket(
          FindFactory<ReliabilityFactory>("reliability", config.reliability)()->addressEveryPacket),
      m_lanes(FindFactory<PortChoice>("port-choice", config.portChoice).pick == nullptr
                  ? network.topology().portsPerNic
                  : 1),
      m_control(core, network, config, m_counters),
      m_entity(core.NewEntities()),
      m_onDoorbell(core.AddHandler<FlowTransport, &FlowTransport::OnDoorbell>(this)),
      m_onDelivery(core.AddHandler<FlowTransport, &FlowTransport::OnDelivery>(this)),
      m_onAcknowledgement(core.AddHandler<FlowTransport, &FlowTransport::OnAcknowledgement>(this))
{
    network.SetClient(this);
    SetHints();
}

QpId
FlowTransport::Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass)
{
    const uint8_t inClass = trafficClass == kConfiguredClass ? m_config.dataClass : trafficClass;
    const auto [entry, isNew] =
        m_byKey.try_emplace({from, to, channel, inClass}, m_queuePairs.size());
    if (!isNew)
    {
        return entry->second;
    }
    HEDDLE_CHECK(from != to, "a queue pair has two ends");
    QueuePair qp{};
    qp.from = from;
    qp.to = to;
    qp.channel = channel;
    qp.portRate = std::min(m_network.BuiltPortRate(from), m_network.BuiltPortRate(to));
    qp.lineRate = BitRate(qp.portRate.bps() * m_lanes);
    qp.acknowledgement = m_network.UnloadedLatency(to, from, kAckWireBytes);
    m_queuePairs.push_back(qp);
    const uint32_t entropy = FlowEntropy(m_core.seed(), from, to, channel);
    FlowPortUse use;
    use.failover = m_config.portFailover;
    if (auto* pick = FindFactory<PortChoice>("port-choice", m_config.portChoice).pick)
    {
        use.pick = [pick, hash = PortHash(entropy), channel](uint32_t ports)
        { return pick(hash, channel, ports); };
    }
    const QpId id = m_network.Connect(from, to, entropy, use);
    HEDDLE_CHECK(id == entry->second, "somebody else uses the network");
    m_network.SetClass(id, inClass);
    const BitRate now = std::min(m_network.PortRate(from), m_network.PortRate(to));
    m_control.Add(id, from, to, BitRate(now.bps() * m_lanes), qp.acknowledgement);
    return id;
}

uint64_t
FlowTransport::WireBits(uint64_t bytes) const
{
    const uint64_t packets = (bytes + m_config.mtuPayloadBytes - 1) / m_config.mtuPayloadBytes;
    const uint64_t addresses = DataWireBytes(0, true) - DataWireBytes(0, false);
    const uint64_t headers =
        packets * DataWireBytes(0, false) + (m_addressEveryPacket ? packets : 1) * addresses;
    return (bytes + headers) * kBitsPerByte;
}

/// See TransportEngine::ComputeIdeal().
Tick
FlowTransport::IdealTime(QpId id, uint64_t bytes) const
{
    const QueuePair& qp = m_queuePairs[id];
    if (bytes == qp.idealBytes)
    {
        return qp.idealTime;
    }
    const uint32_t mtu = m_config.mtuPayloadBytes;
    const uint64_t packets = (bytes + mtu - 1) / mtu;
    const auto tail = static_cast<uint32_t>(bytes - (packets - 1) * mtu);
    const Tick others = TimeOfOthers(bytes, mtu, m_addressEveryPacket, qp.portRate, m_lanes);
    const uint32_t first = DataWireBytes(packets == 1 ? tail : mtu, true);
    qp.idealBytes = bytes;
    qp.idealTime = m_config.sendLatency + m_network.UnloadedLatency(qp.from, qp.to, first) +
                   others + m_config.receiveLatency;
    return qp.idealTime;
}

/// `about`: for hints; messages of one instant may come in another order.
void
FlowTransport::Schedule(Partition& part, Tick at, HandlerId handler, QpId qp, const Message* about)
{
    const auto arg = reinterpret_cast<uint64_t>(about);
    part.Insert({at, m_core.Key(m_entity, m_sequence++), arg, qp, handler, 0});
}

void
FlowTransport::Post(Partition& part, QpId id, uint64_t bytes, uint64_t cookie)
{
    HEDDLE_CHECK(bytes > 0, "a message has at least one byte");
    QueuePair& qp = m_queuePairs[id];
    Message* message = m_messages.Take();
    message->bytes = bytes;
    message->cookie = cookie;
    message->timing.posted = part.now();
    ++m_counters.messages;
    if (qp.oldest == nullptr)
    {
        qp.oldest = message;
    }
    else
    {
        qp.newest->next = message;
    }
    qp.newest = message;
    qp.toPass = qp.toPass != nullptr ? qp.toPass : message;
    qp.toDeliver = qp.toDeliver != nullptr ? qp.toDeliver : message;
    qp.toAcknowledge = qp.toAcknowledge != nullptr ? qp.toAcknowledge : message;
    if (qp.current == nullptr)
    {
        qp.current = message;
        message->timing.started = std::max(part.now(), qp.emittedAt);
        Schedule(part, part.now() + m_config.sendLatency, m_onDoorbell, id, message);
    }
    else
    {
        m_network.HearOfMore(part, id, part.now() + m_config.sendLatency);
    }
}

uint64_t
FlowTransport::Behind(uint32_t flow) const
{
    const QueuePair& qp = m_queuePairs[flow];
    uint64_t bits = 0;
    for (const Message* m = qp.current ? qp.current->next : nullptr; m != nullptr; m = m->next)
    {
        bits += WireBits(m->bytes);
    }
    return bits;
}

void
FlowTransport::OnDoorbell(Partition& part, const Event& event)
{
    Message& message = *m_queuePairs[event.entity].current;
    message.begun = part.now();
    Rescue(part, event.entity);
    m_network.Start(part, event.entity, WireBits(message.bytes));
    m_control.OnStart(part, event.entity);
}

void
FlowTransport::OnMarked(Partition& part, uint32_t flow, PortId port, Tick untilReceived)
{
    m_control.OnMarked(part, flow, port, untilReceived);
}

uint64_t
FlowTransport::OnDrained(Partition& part, uint32_t id)
{
    QueuePair& qp = m_queuePairs[id];
    qp.emittedAt = part.now();
    qp.current = qp.current->next;
    Free(qp); // where its last packet left ahead of others', it may have arrived
    if (qp.current == nullptr)
    {
        return 0;
    }
    Message& next = *qp.current;
    next.timing.started = part.now();
    const Tick eligible = next.timing.posted + m_config.sendLatency;
    if (eligible > part.now())
    {
        Schedule(part, eligible, m_onDoorbell, id, &next);
        return 0;
    }
    next.begun = part.now();
    Rescue(part, id);
    return WireBits(next.bytes);
}

void
FlowTransport::OnThrough(Partition& part, uint32_t id, const FlowWaits& waits)
{
    QueuePair& qp = m_queuePairs[id];
    Message& message = *qp.toPass;
    qp.toPass = message.next;
    const Tick path = IdealTime(id, message.bytes) - m_config.sendLatency -
                      m_config.receiveLatency - Serialise(WireBits(message.bytes), qp.lineRate);
    const Tick there = part.now() + path - waits.travelled;
    FlowWaits all = waits;
    double answered = 0;
    if (m_network.unrouted() && !IsFollowed(message, part.now()))
    {
        if (const auto tail = TailOf(part, id, message, there))
        {
            all.resent = tail->received;
            answered = tail->answered;
        }
    }
    const double late = std::max(all.late, all.resent);
    all.lost[all.resent > all.late ? FlowWaits::Recovery : FlowWaits::Fabric] += late;
    const Tick arrival = std::max<Tick>(qp.lastArrival, there + std::llround(late));
    const Tick acknowledged = std::max<Tick>(arrival, there + std::llround(answered));
    Expect(part, id, message, arrival, acknowledged + qp.acknowledgement);
    Book(id, message, all);
}

/// Its last bit arrives then, and so does its acknowledgement.
void
FlowTransport::Expect(Partition& part, QpId id, Message& message, Tick arrival, Tick acknowledged)
{
    QueuePair& qp = m_queuePairs[id];
    qp.lastArrival = arrival;
    message.timing.finished = arrival + m_config.receiveLatency;
    message.acknowledged = acknowledged;
    Schedule(part, message.timing.finished, m_onDelivery, id, &message);
    Schedule(part, acknowledged, m_onAcknowledgement, id, &message);
}

/// Where its time went: ideal first, the excess in the precedence of MessageState, the rounding to
/// the cause that cost most.
void
FlowTransport::Book(QpId id, Message& message, const FlowWaits& waits)
{
    MessageTiming& timing = message.timing;
    const auto state = [&timing](MessageState s) -> Tick&
    { return timing.state[static_cast<size_t>(s)]; };
    const Tick hidden = std::min(timing.started - timing.posted, m_config.sendLatency);
    const Tick total = timing.finished - timing.started;
    const Tick ideal = std::min(total, IdealTime(id, message.bytes) - hidden);
    state(MessageState::Ideal) = ideal;
    Tick left = total - ideal;
    const std::pair<FlowWaits::Cause, MessageState> order[] = {
        {FlowWaits::Down, MessageState::Down},
        {FlowWaits::Recovery, MessageState::LossRecovery},
        {FlowWaits::Paced, MessageState::Paced},
        {FlowWaits::OwnPort, MessageState::OwnPort},
        {FlowWaits::LastHop, MessageState::LastHop},
        {FlowWaits::Fabric, MessageState::FabricQueue}};
    MessageState worst = MessageState::OwnPort;
    for (const auto& [cause, to] : order)
    {
        state(to) = std::min<Tick>(left, std::llround(waits.lost[cause]));
        left -= state(to);
        worst = state(to) > state(worst) ? to : worst;
    }
    state(worst) += left;
    const QueuePair& qp = m_queuePairs[id];
    const Topology& topology = m_network.topology();
    const Tick moves = topology.portsPerNic > 1 && m_lanes == 1 ? topology.rerouteDelay : 0;
    BookLostCapacity(m_network,
                     qp.from,
                     qp.to,
                     Serialise(WireBits(message.bytes), qp.lineRate),
                     moves,
                     {m_control.culprit(id), kNone},
                     timing);
    const Tick paced = state(MessageState::Paced);
    const Tick queued = state(MessageState::FabricQueue);
    timing.culprit = paced > queued ? m_control.culprit(id) : queued > 0 ? waits.culprit : kNone;
}

void
FlowTransport::OnDelivery(Partition& part, const Event& event)
{
    QueuePair& qp = m_queuePairs[event.entity];
    if (qp.toDeliver == nullptr || qp.toDeliver->timing.finished != part.now())
    {
        return; // see Change()
    }
    const Message& message = *qp.toDeliver;
    qp.toDeliver = message.next;
    ++m_counters.delivered;
    m_counters.payloadBytes += message.bytes;
    const Delivery delivery{event.entity,
                            message.bytes,
                            message.cookie,
                            qp.from,
                            qp.to,
                            message.timing.started > message.timing.posted,
                            message.timing};
    Free(qp);
    m_client->OnDelivered(part, delivery);
}

void
FlowTransport::OnAcknowledgement(Partition& part, const Event& event)
{
    QueuePair& qp = m_queuePairs[event.entity];
    if (qp.toAcknowledge == nullptr || qp.toAcknowledge->acknowledged != part.now())
    {
        return; // see Change()
    }
    const uint64_t cookie = qp.toAcknowledge->cookie;
    qp.toAcknowledge = qp.toAcknowledge->next;
    Free(qp);
    m_client->OnAcknowledged(part, event.entity, cookie);
}

void
FlowTransport::Free(QueuePair& qp)
{
    while (qp.oldest != qp.toDeliver && qp.oldest != qp.toAcknowledge && qp.oldest != qp.current)
    {
        Message* done = qp.oldest;
        qp.oldest = done->next;
        qp.silent = qp.silent == done ? nullptr : qp.silent;
        m_messages.Give(done);
    }
}

std::optional<TransportFailure>
FlowTransport::failure() const
{
    if (!m_network.failure())
    {
        return std::nullopt;
    }
    const QueuePair& qp = m_queuePairs[m_network.failure()->flow];
    return TransportFailure{m_network.failure()->at, qp.from, qp.to, qp.channel};
}

std::vector<std::string>
FlowTransport::Outstanding(size_t limit) const
{
    std::vector<std::string> lines;
    for (const QueuePair& qp : m_queuePairs)
    {
        for (const Message* m = qp.toDeliver; m != nullptr; m = m->next)
        {
            if (lines.size() == limit)
            {
                return lines;
            }
            lines.push_back("NIC " + std::to_string(qp.from) + " → NIC " + std::to_string(qp.to) +
                            " channel " + std::to_string(qp.channel) + ": " +
                            std::to_string(m->bytes) + " B posted at " +
                            FormatTime(m->timing.posted));
        }
    }
    return lines;
}

} // namespace heddle
