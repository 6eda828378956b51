// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-flow-control.h
// -------------------------
// Congestion control at flow level: the very functions of the packet level (CongestionOps), one
// state per queue pair, between the marks of fluid queues and the limits of flows.
//
//   FlowControl control(core, network, config, counters);
//   control.Add(qp, …);                                 // per queue pair, in order
//   control.OnMarked(part, qp, port, untilReceived);    // → perhaps a CNP → perhaps a lower limit
//
// A receiver answers marks with CNPs as the control's NotificationPoint says; a CNP takes the
// unloaded way back. A control hears of what was sent in lumps (kLump), not packet by packet, and
// of nothing while it is at line rate. Queue pairs that nobody marks cost no events.
//
// Only for controls that listen to CNPs, not to acknowledgements.

#ifndef HEDDLE_RDMA_FLOW_CONTROL_H
#define HEDDLE_RDMA_FLOW_CONTROL_H

#include "ns3/fabric-flow-network.h"
#include "ns3/rdma-congestion.h"
#include "ns3/rdma-transport.h"

#include <map>
#include <vector>

namespace heddle
{

/// The congestion control that `config` names. Throws InputError.
CongestionControl MakeCongestionControl(const TransportConfig& config);

/// Whether marks alone, through CNPs, can slow it down.
bool ListensToMarks(const CongestionControl& control);

/// Whether nothing can.
bool NeverSlowsDown(const CongestionControl& control);

class FlowControl
{
  public:
    FlowControl(EventCore& core,
                FlowNetwork& network,
                const TransportConfig& config,
                TransportCounters& counters);
    FlowControl(const FlowControl&) = delete;
    FlowControl& operator=(const FlowControl&) = delete;

    /// `notification`: ps from the receiver to the sender.
    void Add(QpId qp, NicId from, NicId to, BitRate lineRate, Tick notification);

    /// The queue pair has something to send.
    void OnStart(Partition& part, QpId qp);

    void OnMarked(Partition& part, QpId qp, PortId port, Tick untilReceived);

    /// The port whose mark slowed it down last; kNone if none.
    PortId culprit(QpId qp) const
    {
        return qp < m_queuePairs.size() ? m_queuePairs[qp].culprit : kNone;
    }

  private:
    struct QueuePair
    {
        CongestionState state;
        NicId from = 0;
        NicId to = 0;
        Tick notification = 0;
        Tick lastCnp = 0; ///< when the receiver may have sent one; < 0: never
        Tick armed = kForever;
        double told = 0; ///< bits of which the control has heard
        PortId culprit = kNone;
    };

    Tick& LastCnp(QueuePair& qp);
    void Tell(Partition& part, QpId id);
    void Adopt(Partition& part, QpId id);
    void Arm(Partition& part, QpId id, Tick due);
    void OnReceived(Partition& part, const Event& event);
    void Notify(Partition& part, QpId id, PortId port, Tick received);
    void OnCnp(Partition& part, const Event& event);
    void OnTimer(Partition& part, const Event& event);

    EventCore& m_core;
    FlowNetwork& m_network;
    CongestionControl m_control;
    bool m_listens;
    TransportCounters& m_counters;
    std::vector<QueuePair> m_queuePairs;
    std::map<std::pair<NicId, NicId>, Tick> m_lastOfScope;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onReceived;
    HandlerId m_onCnp;
    HandlerId m_onTimer;
};

} // namespace heddle

#endif
