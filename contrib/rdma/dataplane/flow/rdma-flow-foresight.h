// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-flow-foresight.h
// ---------------------------
// A TransportClient that also is a Foresight is told by FlowTransport what it will be told soon, so
// that it can fetch what that will touch into the cache. Hints: they change nothing.

#ifndef HEDDLE_RDMA_FLOW_FORESIGHT_H
#define HEDDLE_RDMA_FLOW_FORESIGHT_H

#include <cstdint>

namespace heddle
{

class Foresight
{
  public:
    virtual ~Foresight() = default;
    /// Some events ahead of what follows: what `cookie` names.
    virtual void Foresee(uint64_t cookie) const = 0;
    /// Shortly before OnDelivered(), after Foresee().
    virtual void ForeseeDelivery(uint64_t cookie) const = 0;
    /// Shortly before OnAcknowledged(), after Foresee().
    virtual void ForeseeAcknowledgement(uint64_t cookie) const = 0;
};

} // namespace heddle

#endif
