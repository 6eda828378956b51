// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-scale-out.h
// --------------------------
// What a job needs of a scale-out transport, and nothing more, so that a test can put a model with
// a closed form in its place. Completions arrive through rdma's TransportClient.

#ifndef HEDDLE_TRAINING_SCALE_OUT_H
#define HEDDLE_TRAINING_SCALE_OUT_H

#include "ns3/rdma-transport.h"

#include <string>
#include <vector>

namespace heddle
{

class ScaleOut
{
  public:
    virtual ~ScaleOut() = default;
    virtual void SetClient(TransportClient* client) = 0;
    /// As Transport::Connect(), before the run.
    virtual QpId Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass) = 0;
    /// Never calls the client back from within.
    virtual void Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie) = 0;
    virtual Tick IdealTime(QpId qp, uint64_t bytes) const = 0; ///< ps
    virtual std::vector<std::string> Outstanding(size_t limit) const = 0;
};

/// A transport of rdma's, at packet level (Transport) or flow level (FlowTransport).
template <class T>
class ScaleOutOver : public ScaleOut
{
  public:
    explicit ScaleOutOver(T& transport) : m_transport(transport)
    {
    }

    void SetClient(TransportClient* client) override
    {
        m_transport.SetClient(client);
    }

    QpId Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass) override
    {
        return m_transport.Connect(from, to, channel, trafficClass);
    }

    void Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie) override
    {
        m_transport.Post(part, qp, bytes, cookie);
    }

    Tick IdealTime(QpId qp, uint64_t bytes) const override
    {
        return m_transport.IdealTime(qp, bytes);
    }

    std::vector<std::string> Outstanding(size_t limit) const override
    {
        return m_transport.Outstanding(limit);
    }

  private:
    T& m_transport;
};

using TransportScaleOut = ScaleOutOver<Transport>;

} // namespace heddle

#endif
