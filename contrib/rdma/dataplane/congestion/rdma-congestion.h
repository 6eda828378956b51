// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-congestion.h
// -----------------------
// What a congestion control is: a table of plain functions that turn signals into a rate and a
// window, over a small state block inside each queue pair. One file per control; it registers a
// factory in category "congestion-control":
//
//   const Registration<CongestionControlFactory> kMine{
//       {"congestion-control", "mine", "One paragraph …", {{"gain", Quantity::Ratio, "1", …}}},
//       [](const ParameterValues& values) { return CongestionControl{…}; }};
//
// A null function means "not interested" and costs nothing. A control never schedules events: it
// sets `timer` to the absolute time of its next onTimer() call, kForever when it needs none. Keep
// it at kForever at line rate, so that idle queue pairs cost no events.

#ifndef HEDDLE_RDMA_CONGESTION_H
#define HEDDLE_RDMA_CONGESTION_H

#include "ns3/base-registry.h"
#include "ns3/fabric-packet.h"

#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

namespace heddle
{

/// The part of a queue pair that a congestion control sees.
struct CongestionState
{
    static constexpr size_t kPrivateBytes = 96;

    double lineRate = 0;        ///< bits/s of the NIC port, preamble and gap included
    double rate = 0;            ///< bits/s allowed now, wire bytes; ≥ lineRate means no pacing
    uint64_t windowPackets = 0; ///< cap on packets in flight; 0 = none
    Tick timer = kForever;      ///< absolute time of the next onTimer(); ps
    alignas(8) unsigned char own[kPrivateBytes] = {};

    /// The control's own state, zero-initialised when the queue pair is made.
    template <class T>
    T& As()
    {
        static_assert(sizeof(T) <= kPrivateBytes && alignof(T) <= 8);
        static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
        return *std::launder(reinterpret_cast<T*>(own));
    }

    /// Starts the life of the control's own state; call it in start().
    template <class T>
    T& Make()
    {
        static_assert(sizeof(T) <= kPrivateBytes && alignof(T) <= 8);
        return *::new (static_cast<void*>(own)) T{};
    }
};

/// An acknowledgement as a control sees it.
struct AckSignal
{
    Tick roundTrip;        ///< now − start of transmission of the acknowledged packet; ps
    uint32_t ackedPackets; ///< newly acknowledged
    bool marked;           ///< the data packet carried an ECN mark
};

struct CongestionOps
{
    void (*start)(const void* parameters, CongestionState& state);
    /// A data packet begins transmission (resends too).
    void (*onSend)(const void* parameters, CongestionState& state, Tick now, uint32_t wireBytes);
    void (*onAck)(const void* parameters, CongestionState& state, Tick now, const AckSignal& ack);
    void (*onCnp)(const void* parameters, CongestionState& state, Tick now);
    /// A NACK came (`timeout` false) or the retransmission timer fired (true).
    void (*onLoss)(const void* parameters, CongestionState& state, Tick now, bool timeout);
    void (*onTimer)(const void* parameters, CongestionState& state, Tick now);
};

/// At most one CNP per gap and …
enum class CnpScope : uint8_t
{
    None,      ///< no CNPs at all
    QueuePair, ///< … queue pair
    Source,    ///< … (receiving NIC, sending NIC)
    Port,      ///< … receiving NIC
};

/// How the receiver turns marks into congestion notification packets.
struct NotificationPoint
{
    CnpScope scope = CnpScope::None;
    Tick minimumGap = 0; ///< ps
};

/// A control with its parameters, shared by all queue pairs of a transport.
struct CongestionControl
{
    const CongestionOps* ops;
    std::shared_ptr<const void> parameters;
    NotificationPoint notification;
    bool ecnCapable; ///< data packets may be marked
};

using CongestionControlFactory = CongestionControl (*)(const ParameterValues& values);

} // namespace heddle

#endif
