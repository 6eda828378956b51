// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-engine.h"

#include "ns3/base-errors.h"
#include "ns3/base-hash.h"

#include <algorithm>

namespace heddle
{

namespace
{

/// Without a receiver bitmap nothing caps the span but the sequence space.
constexpr uint32_t kNoWindow = 1U << 30;
/// Sequence numbers start here, so that they wrap early and every test crosses the wrap.
constexpr uint32_t kFirstSequence = ~0U - 49;
/// ConWeave's L2Timeout (SIGCOMM'23 artefact).
constexpr Tick kDefaultTimeout = 4 * kMillisecond;

[[noreturn]] void
BadConfig(const std::string& field, const std::string& got, const std::string& want)
{
    throw InputError("transport: " + field + " is " + got + "; it must be " + want);
}

} // namespace

TransportEngine::TransportEngine(EventCore& core, Network& network, const TransportConfig& config)
    : m_core(core),
      m_network(network),
      m_config(config),
      m_portChoice(FindFactory<PortChoice>("port-choice", config.portChoice)),
      m_ports(network.topology().portsPerNic),
      m_anyPort(m_ports > 1 && m_portChoice.pick == nullptr),
      m_timeout(config.retransmissionTimeout > 0 ? config.retransmissionTimeout : kDefaultTimeout),
      m_parts(core.partitions())
{
    CheckConfig();
    m_reliability = FindFactory<ReliabilityFactory>("reliability", config.reliability)();
    const std::string category = "congestion-control";
    const ParameterValues values(RegistryIndex::Find(category, config.congestionControl),
                                 config.congestionControlParameters);
    m_congestion =
        FindFactory<CongestionControlFactory>(category, config.congestionControl)(values);
    m_window = std::min(m_reliability->window(config),
                        config.windowPackets > 0 ? config.windowPackets : kNoWindow);
    m_onSendTimer = core.AddHandler<TransportEngine, &TransportEngine::OnSendTimer>(this);
    m_onTimeout = core.AddHandler<TransportEngine, &TransportEngine::OnTimeout>(this);
    m_onCongestionTimer =
        core.AddHandler<TransportEngine, &TransportEngine::OnCongestionTimer>(this);
    m_onDelivery = core.AddHandler<TransportEngine, &TransportEngine::OnDelivery>(this);
    AddPreparations();
    MakeNics();
}

void
TransportEngine::CheckConfig() const
{
    const auto& c = m_config;
    if (c.mtuPayloadBytes < 256 || c.mtuPayloadBytes > 4096)
    {
        BadConfig("MTU payload", std::to_string(c.mtuPayloadBytes) + " B", "256 B to 4096 B");
    }
    if (c.dataClass >= kClasses || c.controlClass >= kClasses || c.dataClass == c.controlClass)
    {
        BadConfig("pair of traffic classes",
                  std::to_string(c.dataClass) + ", " + std::to_string(c.controlClass),
                  "two different classes from 0 to 7");
    }
    if (c.ackEveryPackets == 0)
    {
        BadConfig("packets per ACK", "0", "at least 1");
    }
    if (c.reorderWindowPackets == 0 || c.reorderWindowPackets > 16384)
    {
        BadConfig("reorder window", std::to_string(c.reorderWindowPackets), "1 to 16384 packets");
    }
    if (c.retransmissionTimeout < 0 || c.sendLatency < 0 || c.receiveLatency < 0)
    {
        BadConfig("time", "negative", "zero or more");
    }
}

void
TransportEngine::MakeNics()
{
    const Topology& topology = m_network.topology();
    m_nics.resize(topology.nics);
    m_firstEntity = m_core.NewEntities(topology.nics);
    for (PartState& part : m_parts)
    {
        part.slots.SetArena(&m_core.arena());
    }
    for (NicId nic = 0; nic < topology.nics; ++nic)
    {
        m_nics[nic].rate = m_network.NicRate(nic);
        if (m_congestion.notification.scope == CnpScope::Source)
        {
            m_nics[nic].lastCnpTo.assign(topology.nics, m_nics[nic].lastCnp);
        }
        m_network.Attach(nic, this);
    }
    for (uint32_t link = 0; link < topology.links.size(); ++link)
    {
        const Topology::Link& l = topology.links[link];
        if (!l.a.isSwitch)
        {
            m_nics[l.a.index].lastHop = topology.PortFrom(link, false);
        }
        if (!l.b.isSwitch)
        {
            m_nics[l.b.index].lastHop = topology.PortFrom(link, true);
        }
    }
    if (m_ports > 1)
    {
        m_network.OnReroute([this] { OnReroute(); });
    }
}

void
TransportEngine::SetClient(TransportClient* client)
{
    m_client = client;
}

QpId
TransportEngine::Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass)
{
    const uint8_t inClass = trafficClass == kConfiguredClass ? m_config.dataClass : trafficClass;
    const auto key = std::tuple(from, to, channel, inClass);
    if (auto it = m_byKey.find(key); it != m_byKey.end())
    {
        return it->second;
    }
    HEDDLE_CHECK(!m_core.running() || m_core.partitions() == 1,
                 "queue pairs must be connected before a run with several partitions");
    HEDDLE_CHECK(from != to && std::max(from, to) < m_nics.size() / m_ports,
                 "no such pair of NICs");
    AddClass(inClass);
    const QpId id = m_senders.size();
    m_byKey.emplace(key, id);
    SenderQp& sender = m_senders.Append();
    ReceiverQp& receiver = m_receivers.Append();
    sender.id = id;
    sender.from = from;
    sender.to = to;
    sender.channel = channel;
    sender.trafficClass = inClass;
    InitSender(sender);
    // A record "before the first message" spares every later step the empty case.
    MessageRecord* dummy = m_parts[m_network.PartitionOf(from * m_ports)].records.Take();
    dummy->lastSequence = kFirstSequence - 1;
    sender.acked = kFirstSequence;
    sender.next = kFirstSequence;
    sender.maxSent = kFirstSequence;
    sender.posted = kFirstSequence;
    receiver.expected = kFirstSequence;
    sender.retired = dummy;
    sender.newest = dummy;
    receiver.current = dummy;
    receiver.lastSequence = dummy->lastSequence;
    m_reliability->start(*this, sender, receiver);
    return id;
}

void
TransportEngine::InitSender(SenderQp& qp)
{
    qp.entropy = FlowEntropy(m_core.seed(), qp.from, qp.to, qp.channel);
    qp.window = m_window;
    ChoosePorts(qp);
    const NicId peer = BuiltPeer(qp.lane, qp.to);
    // Not the path's: a slow link inside the fabric is the fabric's doing, not ideal (rung R4).
    qp.wireRate = std::min(m_network.NicRate(qp.lane), m_network.NicRate(peer));
    qp.baseRoundTrip = m_network.UnloadedLatency(qp.lane, peer, fullWireBytes()) +
                       m_network.UnloadedLatency(peer, qp.lane, kAckWireBytes);
    qp.congestion.lineRate = static_cast<double>(m_network.NicRate(qp.lane).bps()) * Lanes();
    qp.congestion.rate = qp.congestion.lineRate;
    if (m_congestion.ops->start != nullptr)
    {
        m_congestion.ops->start(m_congestion.parameters.get(), qp.congestion);
    }
}

void
TransportEngine::Post(Partition& part, QpId id, uint64_t bytes, uint64_t cookie)
{
    HEDDLE_CHECK(bytes > 0, "a message has at least one byte");
    SenderQp& qp = m_senders[id];
    const uint64_t packets = (bytes + m_config.mtuPayloadBytes - 1) / m_config.mtuPayloadBytes;
    HEDDLE_CHECK(packets + static_cast<uint64_t>(Ahead(qp.posted, qp.acked)) < kNoWindow,
                 "more packets posted than the sequence space can tell apart");
    MessageRecord* record = m_parts[part.index()].records.Take();
    record->bytes = bytes;
    record->cookie = cookie;
    record->posted = part.now();
    record->firstSequence = qp.posted;
    qp.posted += static_cast<uint32_t>(packets);
    record->lastSequence = qp.posted - 1;
    if (bytes != qp.idealBytes)
    {
        qp.idealBytes = bytes;
        qp.idealTime = ComputeIdeal(qp, bytes);
    }
    record->ideal = qp.idealTime;
    qp.newest->next = record;
    qp.newest = record;
    if (qp.oldest == nullptr)
    {
        qp.SetOldest(record);
    }
    if (qp.current == nullptr)
    {
        qp.SetCurrent(record);
    }
    if (qp.starting == nullptr)
    {
        StartMessage(qp, record, std::max(part.now(), qp.emittedAt));
    }
    ++counters(part).messages;
    CatchUp(part, qp);
    AfterCongestion(part, qp);
    TryTransmit(part, qp.lane);
}

void
TransportEngine::StartMessage(SenderQp& qp, MessageRecord* record, Tick earliest) const
{
    qp.starting = record;
    if (record == nullptr)
    {
        return;
    }
    record->started = std::max(record->posted, earliest);
    qp.started = record->started;
    // Behind a predecessor, (part of) the doorbell's time has passed unseen.
    const Tick left = record->posted + m_config.sendLatency - record->started;
    record->ideal -= m_config.sendLatency - std::clamp<Tick>(left, 0, m_config.sendLatency);
}

TransportCounters
TransportEngine::Counters() const
{
    TransportCounters sum;
    for (const PartState& part : m_parts)
    {
        const TransportCounters& c = part.counters;
        sum.messages += c.messages;
        sum.dataPackets += c.dataPackets;
        sum.retransmits += c.retransmits;
        sum.timeouts += c.timeouts;
        sum.acks += c.acks;
        sum.nacks += c.nacks;
        sum.cnps += c.cnps;
        sum.outOfOrder += c.outOfOrder;
        sum.duplicates += c.duplicates;
        sum.portMoves += c.portMoves;
        sum.delivered += c.delivered;
        sum.payloadBytes += c.payloadBytes;
    }
    return sum;
}

std::vector<std::string>
TransportEngine::Outstanding(size_t limit) const
{
    static const char* const kStateNames[] = {"idle, awaiting acknowledgement",
                                              "posted, doorbell on its way",
                                              "held back by its rate",
                                              "held back by its window",
                                              "waiting for its port"};
    std::vector<std::string> lines;
    // By key, not by id: the same text whatever the order of Connect() calls.
    for (const auto& [key, id] : m_byKey)
    {
        const SenderQp& qp = m_senders[id];
        const uint32_t expected = m_receivers[id].expected;
        for (const MessageRecord* r = qp.oldest; r != nullptr; r = r->next)
        {
            if (Ahead(expected, r->lastSequence) > 0)
            {
                continue;
            }
            if (lines.size() == limit)
            {
                return lines;
            }
            const uint32_t packets = r->lastSequence - r->firstSequence + 1;
            const int32_t done = std::max(0, Ahead(expected, r->firstSequence));
            lines.push_back("NIC " + std::to_string(qp.from) + " → NIC " + std::to_string(qp.to) +
                            " channel " + std::to_string(qp.channel) + ": " +
                            std::to_string(r->bytes) + " B posted at " + FormatTime(r->posted) +
                            ", " + std::to_string(done) + " of " + std::to_string(packets) +
                            " packets in order, sender " +
                            kStateNames[static_cast<size_t>(qp.state)]);
        }
    }
    return lines;
}

} // namespace heddle
