// SPDX-License-Identifier: GPL-2.0-only
//
// File: message-log.h
// -------------------
// Takes down the time of every message of a scale-out network, under an identity that does not
// depend on the order of completions: two levels of detail can be compared message by message.

#ifndef HEDDLE_SCENARIOS_MESSAGE_LOG_H
#define HEDDLE_SCENARIOS_MESSAGE_LOG_H

#include "ns3/training-scale-out.h"

#include <array>
#include <map>
#include <tuple>
#include <vector>

namespace heddle
{

/// Sender, receiver, channel, the message's number on that queue pair, traffic class.
using MessageIdentity = std::tuple<NicId, NicId, uint32_t, uint32_t, uint8_t>;

struct MessageTime
{
    uint64_t bytes = 0;
    Tick time = 0;                             ///< posted to placed, ps
    Tick behind = 0;                           ///< of it, behind its queue pair's earlier messages
    std::array<Tick, kMessageStates> states{}; ///< the rest by MessageState
};

struct MessageLog
{
    std::map<MessageIdentity, MessageTime> messages;
};

/// A network that notes what passes it. Messages of a queue pair are delivered in posting order.
class LoggedScaleOut : public ScaleOut, public TransportClient
{
  public:
    LoggedScaleOut(ScaleOut& network, MessageLog& log) : m_network(network), m_log(log)
    {
    }

    void SetClient(TransportClient* client) override
    {
        m_client = client;
        m_network.SetClient(this);
    }

    QpId Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass) override
    {
        const QpId qp = m_network.Connect(from, to, channel, trafficClass);
        m_queuePairs[qp].channel = channel;
        m_queuePairs[qp].trafficClass = trafficClass;
        return qp;
    }

    void Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie) override
    {
        m_network.Post(part, qp, bytes, cookie);
    }

    Tick IdealTime(QpId qp, uint64_t bytes) const override
    {
        return m_network.IdealTime(qp, bytes);
    }

    std::vector<std::string> Outstanding(size_t limit) const override
    {
        return m_network.Outstanding(limit);
    }

    void OnDelivered(Partition& part, const Delivery& d) override
    {
        QueuePair& qp = m_queuePairs[d.qp];
        m_log.messages[{d.from, d.to, qp.channel, qp.delivered++, qp.trafficClass}] = {
            d.bytes,
            d.timing.finished - d.timing.posted,
            d.timing.started - d.timing.posted,
            d.timing.state};
        m_client->OnDelivered(part, d);
    }

    void OnAcknowledged(Partition& part, QpId qp, uint64_t cookie) override
    {
        m_client->OnAcknowledged(part, qp, cookie);
    }

  private:
    struct QueuePair
    {
        uint32_t channel = 0;
        uint8_t trafficClass = 0;
        uint32_t delivered = 0;
    };

    ScaleOut& m_network;
    MessageLog& m_log;
    TransportClient* m_client = nullptr;
    std::map<QpId, QueuePair> m_queuePairs;
};

} // namespace heddle

#endif
