// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-flow-transport.h
// ---------------------------
// The flow level's counterpart of Transport: the same messages, queue pairs, latencies, header
// bytes and completions over a FlowNetwork instead of packets.
//
//   FlowNetwork net(core, topology, FlowNetworkConfigFor(config));
//   FlowTransport t(core, net, config);
//   t.SetClient(&client);
//   QpId qp = t.Connect(from, to, channel);
//   t.Post(part, qp, bytes, cookie);
//
// A queue pair is one flow: its messages leave one after the other, with headers, at the flow's
// rate. A message is delivered when its last bit has left, plus what the unloaded path adds
// (IdealTime() is the packet level's, to the picosecond), and acknowledged one unloaded
// acknowledgement later. MessageTiming: waits at the own port, the last hop and named ports inside
// the fabric are the time lost to each as the flow's bottleneck; they sum exactly.
//
// Ports queue first come, first served and the window of a queue pair holds
// (fabric-flow-network.h). Under a congestion control that listens to marks, queues mark and the
// control sets the pace of each queue pair (rdma-flow-control.h). Under any other, and where ports
// do not queue, rates are max-min, less a calibrated loss (rdma-flow-calibration.h).
//
// The last packet of a message that is sprayed is late by what the longest of uneven queues holds
// (fabric-spray-waits.h): part of FabricQueue.
//
// The last packets of a message on a link that dies are lost, and nothing behind them tells: the
// sender's timer does (rdma-lost-tail.h), a draw for each message, unless a later message of the
// queue pair comes first. The same of their acknowledgements.
//
// Deviations: PFC and time-outs have no effect but those after a failure, of which the retry budget
// counts those of a queue pair without a path.

#ifndef HEDDLE_RDMA_FLOW_TRANSPORT_H
#define HEDDLE_RDMA_FLOW_TRANSPORT_H

#include "ns3/fabric-flow-network.h"
#include "ns3/rdma-flow-control.h"
#include "ns3/rdma-flow-foresight.h"
#include "ns3/rdma-lost-tail.h"
#include "ns3/rdma-queue-pair.h"
#include "ns3/rdma-transport.h"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace heddle
{

/// What a transport asks of the network besides carrying its bits. `maxMin`: rates are max-min fair
/// whatever it does: no queues, no losses to congestion control.
FlowNetworkConfig FlowNetworkConfigFor(const TransportConfig& config, bool maxMin = false);

class FlowTransport : public FlowClient
{
  public:
    /// Throws InputError for names that are not registered.
    FlowTransport(EventCore& core, FlowNetwork& network, const TransportConfig& config);
    FlowTransport(const FlowTransport&) = delete;
    FlowTransport& operator=(const FlowTransport&) = delete;

    void SetClient(TransportClient* client)
    {
        m_client = client;
        m_foresight = dynamic_cast<const Foresight*>(client);
    }

    /// As Transport::Connect(), before the first Post().
    QpId Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass = kConfiguredClass);
    void Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie);
    Tick IdealTime(QpId qp, uint64_t bytes) const;
    /// Messages, deliveries and bytes; what only packets have stays zero.
    TransportCounters counters() const
    {
        return m_counters;
    }

    /// As Transport::failure().
    std::optional<TransportFailure> failure() const;

    std::vector<std::string> Outstanding(size_t limit) const;

    uint64_t OnDrained(Partition& part, uint32_t flow) override;
    uint64_t Behind(uint32_t flow) const override;
    void OnThrough(Partition& part, uint32_t flow, const FlowWaits& waits) override;
    void OnMarked(Partition& part, uint32_t flow, PortId port, Tick untilReceived) override;
    void OnLinkDead(Partition& part) override;
    void Foresee(uint32_t flow) const override;

  private:
    struct Message
    {
        Message* next = nullptr;
        uint64_t bytes = 0;
        uint64_t cookie = 0;
        Tick begun = 0;        ///< its first bit leaves
        Tick acknowledged = 0; ///< known when it is through
        MessageTiming timing;
    };

    /// Messages in posting order: [acknowledged … delivered … through … emitted … waiting]. The
    /// oldest is freed when both its completions are over.
    struct QueuePair
    {
        NicId from;
        NicId to;
        uint32_t channel;
        Message* oldest = nullptr;
        Message* toAcknowledge = nullptr;
        Message* toDeliver = nullptr;
        Message* toPass = nullptr;  ///< the oldest that is not through all queues
        Message* current = nullptr; ///< leaving, or waiting for its doorbell
        Message* newest = nullptr;
        Message* silent = nullptr; ///< whose end is lost, and found by a time-out
        Tick emittedAt = 0;
        Tick lastArrival = 0;
        Tick acknowledgement = 0; ///< unloaded latency of one
        BitRate portRate;         ///< of a port of the slower NIC, as built
        BitRate lineRate;         ///< of all its ports that the queue pair uses
        mutable uint64_t idealBytes = 0;
        mutable Tick idealTime = 0;
    };

    uint64_t WireBits(uint64_t bytes) const;
    void Begin(Partition& part, QpId id, Tick started);
    void Expect(Partition& part, QpId id, Message& message, Tick arrival, Tick acknowledged);
    void Book(QpId id, Message& message, const FlowWaits& waits);
    // rdma-flow-tails.cc
    bool IsFollowed(const Message& message, Tick now) const;
    std::optional<LostTail> TailOf(Partition& part, QpId id, Message& message, Tick arrival);
    void Rescue(Partition& part, QpId id);
    void Change(Partition& part, QpId id, Message& message, Tick arrival, Tick acknowledged);
    void Free(QueuePair& qp);
    void Schedule(Partition& part, Tick at, HandlerId handler, QpId qp, const Message* about);
    void SetHints();
    void ForeseeQueuePair(const Event& event) const;
    void ForeseeMessage(const Event& event) const;
    void ForeseeDelivery(const Event& event) const;
    void ForeseeAcknowledgement(const Event& event) const;
    void OnDoorbell(Partition& part, const Event& event);
    void OnDelivery(Partition& part, const Event& event);
    void OnAcknowledgement(Partition& part, const Event& event);

    EventCore& m_core;
    FlowNetwork& m_network;
    TransportConfig m_config;
    TransportClient* m_client = nullptr;
    const Foresight* m_foresight = nullptr;
    bool m_addressEveryPacket;
    uint32_t m_lanes;                    ///< ports of a NIC that carry one queue pair
    std::vector<QueuePair> m_queuePairs; ///< QpId = flow
    std::map<std::tuple<NicId, NicId, uint32_t, uint8_t>, QpId> m_byKey;
    Pool<Message> m_messages;
    TransportCounters m_counters;
    FlowControl m_control;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onDoorbell;
    HandlerId m_onDelivery;
    HandlerId m_onAcknowledgement;
};

} // namespace heddle

#endif
