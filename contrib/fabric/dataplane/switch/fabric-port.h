// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-port.h
// -------------------
// Internal to the packet level: the transmitting side of one link direction, and its class queues.
// Ports lie in one dense array indexed by PortId, their queues in another, class by class: so what
// is in use lies close together, in few pages. What is rarely needed lies in a third.
//
// A port never has an event of its own while it is idle or transmits with nothing behind: whoever
// hands it a packet starts the transmission and sets `busyUntil`. Only when an eligible packet must
// wait is a "port free" event pending. Invariant: an unpaused non-empty class ⇒ freePending.
//
// The receiving end of a link must not write to the port that sends: another thread may run that.
//
// What waits in a queue keeps its bookkeeping in Packet::enqueuedAt (StampOf below), because the
// packet is exactly one cache line.

#ifndef HEDDLE_FABRIC_PORT_H
#define HEDDLE_FABRIC_PORT_H

#include "ns3/base-memory.h"
#include "ns3/base-units.h"
#include "ns3/fabric-network.h"
#include "ns3/fabric-packet.h"
#include "ns3/fabric-topology.h"

#include <cstdint>
#include <vector>

namespace heddle::fabric
{

/// 64 B PFC frame + 20 B preamble and gap (IEEE 802.1Qbb).
inline constexpr uint32_t kPauseWireBytes = 84;

/// FIFO of one traffic class at one port, and the port's PFC state in that class.
struct alignas(64) ClassQueue
{
    Packet* head = nullptr;
    Packet* tail = nullptr;
    int64_t deficit = 0; ///< DWRR; bytes
    Tick pausedSince = 0;
    Tick pausedTotal = 0;     ///< finished pauses; ps
    uint32_t pausedUnits = 0; ///< finished pauses on the wait clock (kWaitShift units), modular
    uint32_t bytes = 0;
    PortId culprit = kNone; ///< whom the latest XOFF blamed
    uint32_t mostBytes = 0; ///< in all queues of the port, seen when a packet joined this one
    Tick queueWait = 0;     ///< summed over packets

    void Push(Packet* packet)
    {
        packet->next = nullptr;
        (head ? tail->next : head) = packet;
        tail = packet;
        bytes += packet->wireBytes;
    }

    Packet* Pop()
    {
        Packet* packet = head;
        head = packet->next;
        bytes -= packet->wireBytes;
        return packet;
    }

    /// Paused time so far in kWaitShift units. Counted on the same clock as waits are (both ends
    /// rounded down), so that the paused part never exceeds the wait it lies in.
    uint32_t PausedUnits(bool pausedNow, Tick now) const
    {
        return pausedUnits + (pausedNow ? static_cast<uint32_t>(now >> kWaitShift) -
                                              static_cast<uint32_t>(pausedSince >> kWaitShift)
                                        : 0);
    }
};

/// Serialisation time of a byte if it is a whole number of ps, else 0.
uint32_t PsPerByte(BitRate rate);

struct alignas(64) Port
{
    // One cache line: all that a hop without queueing touches.
    Tick busyUntil = 0;
    Tick reach = 0; ///< propagation + forwarding latency of the switch behind; ps
    uint64_t txPackets = 0;
    uint64_t txBytes = 0;      ///< wire bytes
    uint32_t psPerByte = 0;    ///< exact; 0 when the rate does not divide 8·10^12
    uint32_t sequence = 0;     ///< events created on behalf of this port
    uint32_t toNode = 0;       ///< receiving switch or NIC
    uint32_t fromNode = 0;     ///< transmitting switch or NIC
    uint32_t queuedBytes = 0;  ///< all classes
    uint16_t ingressIndex = 0; ///< index of this direction among the receiving switch's inputs
    uint16_t toPartition = 0;  ///< of the receiving node
    uint16_t headBytes = 0;    ///< what the receiver waits for before it may forward
    HandlerId onArrival = 0;   ///< of the receiving node
    uint8_t queued = 0;        ///< bit per non-empty class
    uint8_t paused = 0;        ///< bit per class stopped by PFC
    uint8_t dwrrClass : 3;     ///< whose turn it is
    bool freePending : 1;
    bool everPaused : 1; ///< some class, since the start
    uint8_t : 0; // others than the owner read what follows; it is written while no partition runs
    bool up : 1;
    bool fromNic : 1;
    bool toNic : 1;
    bool lossy : 1;   ///< has PortDetails::errors
    bool unusual : 1; ///< lossy, of a rate that needs rounding, or into an ideal fabric

    Port()
        : dwrrClass(0),
          freePending(false),
          everPaused(false),
          up(true),
          fromNic(false),
          toNic(false),
          lossy(false),
          unusual(false)
    {
    }

    /// A packet of any class that is here now may be sent now.
    bool Open(Tick now) const
    {
        return busyUntil <= now && up && !freePending && paused == 0;
    }

    uint8_t Eligible() const
    {
        return queued & static_cast<uint8_t>(~paused);
    }
};

static_assert(sizeof(Port) == 64);

/// All class queues of a network.
class ClassQueues
{
  public:
    void Resize(size_t ports)
    {
        m_ports = ports;
        m_queues.resize(ports * kClasses);
    }

    ClassQueue& At(PortId port, unsigned trafficClass)
    {
        return m_queues[trafficClass * m_ports + port];
    }

    const ClassQueue& At(PortId port, unsigned trafficClass) const
    {
        return m_queues[trafficClass * m_ports + port];
    }

    /// Into the cache.
    void Fetch(PortId port, unsigned trafficClass) const
    {
        __builtin_prefetch(&At(port, trafficClass), 1);
    }

  private:
    std::vector<ClassQueue, HugeAllocator<ClassQueue>> m_queues; ///< [class][port]
    size_t m_ports = 0;
};

/// What most hops do not touch.
struct PortDetails
{
    BitRate rate;
    Tick propagation = 0;
    uint32_t partition = 0;    ///< of the transmitting node
    uint8_t epoch = 0;         ///< counts link failures: PFC frames from before one are stale
    uint32_t errors = kNone;   ///< index of its fabric::LinkErrors
    uint64_t drops = 0;        ///< here
    uint64_t arrivalDrops = 0; ///< of what the opposite direction brought here
    Tick blockedSince = -1;    ///< PortCounters::paused is running since; −1: not
    Tick busy = 0;             ///< of PFC frames, and of packets where Port::psPerByte is 0
    PortCounters counters;     ///< brought up to date when asked for
};

/// Packet::enqueuedAt while in the fabric: bits 0–15 ingress index, 16–53 time of enqueueing modulo
/// 2^38 ps (0.27 s, as long as the 32-bit accumulators last), 54–63 the longest wait so far as a
/// logarithm with 5 bits of fraction (waits closer than 3 % may be confused; only worstPort cares).
struct Stamp
{
    static constexpr unsigned kTimeBits = 32 + kWaitShift;
    static constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;

    static Tick Make(uint16_t ingress, Tick now, uint32_t worstCode)
    {
        return static_cast<Tick>((uint64_t{worstCode} << 54) |
                                 ((static_cast<uint64_t>(now) & kTimeMask) << 16) | ingress);
    }

    static uint16_t Ingress(Tick stamp)
    {
        return static_cast<uint16_t>(stamp);
    }

    static uint32_t WorstCode(Tick stamp)
    {
        return static_cast<uint32_t>(static_cast<uint64_t>(stamp) >> 54);
    }

    /// Time since enqueueing; ps.
    static Tick Wait(Tick stamp, Tick now)
    {
        return static_cast<Tick>(
            (static_cast<uint64_t>(now) - (static_cast<uint64_t>(stamp) >> 16)) & kTimeMask);
    }

    /// The same on the wait clock.
    static uint32_t WaitUnits(Tick stamp, Tick now)
    {
        auto enqueued = (static_cast<uint64_t>(stamp) >> 16) & kTimeMask;
        return static_cast<uint32_t>(now >> kWaitShift) -
               static_cast<uint32_t>(enqueued >> kWaitShift);
    }

    /// Monotone 10-bit code of a wait in units; 0 for 0 and 1.
    static uint32_t CodeOf(uint32_t units)
    {
        if (units < 2)
        {
            return 0;
        }
        unsigned exponent = 31U - static_cast<unsigned>(__builtin_clz(units));
        auto mantissa = static_cast<uint32_t>((uint64_t{units} << 5) >> exponent) & 31U;
        return (exponent << 5) | mantissa;
    }
};

/// Packet::enqueuedAt on the wire: bits 54–63 as in Stamp. Bits 32–53 are 0 and bits 0–31 the node
/// behind the link; or, once planned, the version of the routes (modulo 2^22, never 0) and the
/// output port at that node. Only hints: they save touching the port that sent it, and looking up
/// the route twice.
struct Plan
{
    static constexpr unsigned kVersionBits = 22;
    static constexpr uint32_t kVersionMask = (1U << kVersionBits) - 1;
    static constexpr uint64_t kMask = (uint64_t{1} << 54) - 1;

    static Tick None(Tick stamp, uint32_t node)
    {
        return static_cast<Tick>((static_cast<uint64_t>(stamp) & ~kMask) | node);
    }

    static Tick Make(Tick stamp, uint32_t version, PortId egress)
    {
        return static_cast<Tick>((static_cast<uint64_t>(stamp) & ~kMask) |
                                 (uint64_t{version} << 32) | egress);
    }

    /// 0: none.
    static uint32_t Version(Tick stamp)
    {
        return static_cast<uint32_t>(static_cast<uint64_t>(stamp) >> 32) & kVersionMask;
    }

    /// The node (version 0) or the output port.
    static uint32_t Target(Tick stamp)
    {
        return static_cast<uint32_t>(stamp);
    }

    static uint32_t NextVersion(uint32_t version)
    {
        return version == kVersionMask ? 1 : version + 1;
    }
};

/// Which class may send next: strict priorities first (higher class first), then deficit round
/// robin (Shreedhar and Varghese, SIGCOMM'95). Shared by all ports of a network.
class Scheduler
{
  public:
    explicit Scheduler(const SwitchConfig& config);

    /// The class to serve; `eligible` must not be 0. A DWRR class pays for its head packet.
    unsigned Pick(Port& port, PortId id, ClassQueues& queues, uint8_t eligible) const
    {
        if (uint8_t strict = eligible & m_strict)
        {
            return 31U - static_cast<unsigned>(__builtin_clz(strict));
        }
        if ((eligible & (eligible - 1)) == 0) // one class alone needs no turns
        {
            auto only = static_cast<unsigned>(__builtin_ctz(eligible));
            queues.At(id, only).deficit = 0;
            port.dwrrClass = static_cast<uint8_t>(only);
            return only;
        }
        return PickByDeficit(port, id, queues, eligible);
    }

  private:
    unsigned PickByDeficit(Port& port, PortId id, ClassQueues& queues, uint8_t eligible) const;

    uint8_t m_strict = 0; ///< bit per class
    int64_t m_quantum[kClasses];
};

} // namespace heddle::fabric

#endif
