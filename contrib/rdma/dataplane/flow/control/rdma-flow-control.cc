// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-flow-control.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace heddle
{

namespace
{

constexpr double kBitsPerByte = 8;
/// How long a queue pair below line rate sends until its control hears of it: a tenth of what the
/// byte stages of DCQCN last at 400 Gb/s.
constexpr Tick kLump = 4 * kMicrosecond;
/// Most bytes that a control hears of at once.
constexpr double kMostBytes = 65536;
constexpr Tick kNever = std::numeric_limits<Tick>::min() / 2;

} // namespace

CongestionControl
MakeCongestionControl(const TransportConfig& config)
{
    const std::string category = "congestion-control";
    const ParameterValues values(RegistryIndex::Find(category, config.congestionControl),
                                 config.congestionControlParameters);
    return FindFactory<CongestionControlFactory>(category, config.congestionControl)(values);
}

bool
ListensToMarks(const CongestionControl& control)
{
    return control.ecnCapable && control.ops->onCnp != nullptr && control.ops->onAck == nullptr &&
           control.notification.scope != CnpScope::None;
}

bool
NeverSlowsDown(const CongestionControl& control)
{
    return control.ops->onAck == nullptr && control.ops->onCnp == nullptr;
}

FlowControl::FlowControl(EventCore& core,
                         FlowNetwork& network,
                         const TransportConfig& config,
                         TransportCounters& counters)
    : m_core(core),
      m_network(network),
      m_control(MakeCongestionControl(config)),
      m_listens(ListensToMarks(m_control)),
      m_counters(counters),
      m_entity(core.NewEntities()),
      m_onReceived(core.AddHandler<FlowControl, &FlowControl::OnReceived>(this)),
      m_onCnp(core.AddHandler<FlowControl, &FlowControl::OnCnp>(this)),
      m_onTimer(core.AddHandler<FlowControl, &FlowControl::OnTimer>(this))
{
}

void
FlowControl::Add(QpId id, NicId from, NicId to, BitRate lineRate, Tick notification)
{
    if (!m_listens)
    {
        return;
    }
    m_queuePairs.resize(std::max<size_t>(m_queuePairs.size(), id + 1));
    QueuePair& qp = m_queuePairs[id];
    qp.from = from;
    qp.to = to;
    qp.notification = notification;
    qp.lastCnp = kNever;
    qp.state.lineRate = static_cast<double>(lineRate.bps());
    qp.state.rate = qp.state.lineRate;
    if (m_control.ops->start != nullptr)
    {
        m_control.ops->start(m_control.parameters.get(), qp.state);
    }
}

Tick&
FlowControl::LastCnp(QueuePair& qp)
{
    const CnpScope scope = m_control.notification.scope;
    if (scope == CnpScope::QueuePair)
    {
        return qp.lastCnp;
    }
    const NicId source = scope == CnpScope::Source ? qp.from : kNone;
    return m_lastOfScope.try_emplace({qp.to, source}, kNever).first->second;
}

void
FlowControl::OnMarked(Partition& part, QpId id, PortId port, Tick untilReceived)
{
    if (!m_listens)
    {
        return;
    }
    const Tick gap = m_control.notification.minimumGap;
    if (untilReceived > gap) // others may overtake it
    {
        part.Insert({part.now() + untilReceived,
                     m_core.Key(m_entity, m_sequence++),
                     port,
                     id,
                     m_onReceived,
                     0});
        return;
    }
    Notify(part, id, port, part.now() + untilReceived);
}

void
FlowControl::OnReceived(Partition& part, const Event& event)
{
    Notify(part, event.entity, static_cast<PortId>(event.arg), part.now());
}

/// The receiver has got a marked packet.
void
FlowControl::Notify(Partition& part, QpId id, PortId port, Tick received)
{
    QueuePair& qp = m_queuePairs[id];
    Tick& last = LastCnp(qp);
    if (received - last < m_control.notification.minimumGap)
    {
        return;
    }
    last = received;
    ++m_counters.cnps;
    part.Insert(
        {received + qp.notification, m_core.Key(m_entity, m_sequence++), port, id, m_onCnp, 0});
}

void
FlowControl::OnCnp(Partition& part, const Event& event)
{
    QueuePair& qp = m_queuePairs[event.entity];
    qp.culprit = static_cast<PortId>(event.arg);
    Tell(part, event.entity);
    m_control.ops->onCnp(m_control.parameters.get(), qp.state, part.now());
    Adopt(part, event.entity);
}

void
FlowControl::OnStart(Partition& part, QpId id)
{
    if (m_listens && m_queuePairs[id].state.rate < m_queuePairs[id].state.lineRate)
    {
        Arm(part, id, part.now() + kLump);
    }
}

void
FlowControl::OnTimer(Partition& part, const Event& event)
{
    QueuePair& qp = m_queuePairs[event.entity];
    if (event.time != qp.armed)
    {
        return; // there was an earlier one
    }
    qp.armed = kForever;
    Tell(part, event.entity);
    if (qp.state.timer <= part.now())
    {
        qp.state.timer = kForever;
        m_control.ops->onTimer(m_control.parameters.get(), qp.state, part.now());
    }
    Adopt(part, event.entity);
}

/// What was sent since the control last heard.
void
FlowControl::Tell(Partition& part, QpId id)
{
    QueuePair& qp = m_queuePairs[id];
    const double sent = m_network.SentBits(part, id);
    if (m_control.ops->onSend == nullptr || qp.state.rate >= qp.state.lineRate)
    {
        qp.told = sent;
        return;
    }
    while (sent - qp.told >= kBitsPerByte)
    {
        const double bytes = std::min(std::floor((sent - qp.told) / kBitsPerByte), kMostBytes);
        qp.told += bytes * kBitsPerByte;
        m_control.ops->onSend(m_control.parameters.get(),
                              qp.state,
                              part.now(),
                              static_cast<uint32_t>(bytes));
    }
}

/// The control's rate and timer.
void
FlowControl::Adopt(Partition& part, QpId id)
{
    const CongestionState& state = m_queuePairs[id].state;
    const bool slow = state.rate < state.lineRate;
    m_network.SetLimit(part,
                       id,
                       slow ? static_cast<int64_t>(state.rate)
                            : std::numeric_limits<int64_t>::max());
    Tick due = state.timer;
    if (slow && m_control.ops->onSend != nullptr && m_network.RateOf(id) > 0)
    {
        due = std::min(due, part.now() + kLump);
    }
    Arm(part, id, due);
}

void
FlowControl::Arm(Partition& part, QpId id, Tick due)
{
    QueuePair& qp = m_queuePairs[id];
    if (due < qp.armed)
    {
        qp.armed = due;
        part.Insert({due, m_core.Key(m_entity, m_sequence++), 0, id, m_onTimer, 0});
    }
}

} // namespace heddle
