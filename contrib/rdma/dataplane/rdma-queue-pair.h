// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-queue-pair.h
// -----------------------
// The two halves of a queue pair. The sending half belongs to the sender's partition, the receiving
// half to the receiver's; they share only MessageRecords, under the rule stated there.
//
// Packet sequence numbers are 32 bits and wrap; compare them by Ahead().

#ifndef HEDDLE_RDMA_QUEUE_PAIR_H
#define HEDDLE_RDMA_QUEUE_PAIR_H

#include "ns3/base-memory.h"
#include "ns3/fabric-port-pairs.h"
#include "ns3/rdma-congestion.h"
#include "ns3/rdma-flight-table.h"
#include "ns3/rdma-transport.h"

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace heddle
{

/// Times that a message waited at its sender before first copies of its packets; ps.
struct SenderWaits
{
    Tick down = 0;
    Tick resend = 0; ///< its port time went to resent packets, or to link-level retries
    Tick paused = 0;
    Tick paced = 0;
    Tick ownPort = 0;
    PortId pausedCulprit = kNone;
    PortId pacedCulprit = kNone;
};

/**
 * One message. Written by the sender's partition until the first copy of its last packet leaves,
 * then read-only (but for `next`). The receiver reads it only when a packet of it arrives that was
 * sent after the writing, or, out of order, once all packets have arrived; a packet takes at least
 * the look-ahead of the event core, so a window barrier lies between writing and reading. `next` is
 * written when the following message is posted and read when a packet of that one has arrived. The
 * sender frees a record when the *following* message is acknowledged: the receiver has left it
 * then.
 */
struct alignas(64) MessageRecord
{
    // The receiver reads this cache line with every packet, the sender writes the next one.
    MessageRecord* next = nullptr;
    uint64_t bytes = 0;
    uint64_t cookie = 0;
    Tick posted = 0;
    Tick started = 0;
    Tick ideal = 0; ///< IdealTime(bytes) less the part of sendLatency hidden before `started`
    uint32_t firstSequence = 0;
    uint32_t lastSequence = 0;
    alignas(64) SenderWaits waits; ///< written with the first copy of its last packet
};

/// An event that is moved lazily: later without touching the wheel, earlier by one more event.
struct LazyTimer
{
    Tick due = kForever;
    Tick armed = kForever; ///< time of the earliest event in the wheel
};

/// Where a sending half is in its life.
enum class QpState : uint8_t
{
    Idle,     ///< nothing to send
    Doorbell, ///< posted, the NIC has not seen it yet
    Paced,    ///< the rate forbids
    Window,   ///< the window is full
    Ready,    ///< in the NIC's ring
};

/// The sending half. In order of use: its first five cache lines and the control's first are all
/// that sending a packet touches, its first seven all that an ACK does (see rdma-prefetch.cc).
/// Records are left alone until a message begins or ends: what every packet needs of them is here.
struct alignas(64) SenderQp
{
    QpId id = 0;
    NicId from = 0;
    NicId to = 0;
    uint32_t entropy = 0;
    NicId lane = 0; ///< NIC port in whose ring it waits; the first, if it uses any
    QpState state = QpState::Idle;
    bool inRing = false;
    uint8_t backoff = 0; ///< consecutive time-outs without progress; at most 255
    uint8_t trafficClass = 0;
    SenderQp* ringNext = nullptr;
    uint32_t acked = 0;   ///< first not acknowledged ("una")
    uint32_t next = 0;    ///< next to send
    uint32_t maxSent = 0; ///< next that was never sent
    uint32_t posted = 0;  ///< end of the posted messages
    uint32_t window = 0;  ///< cap on next − acked; packets
    uint32_t lastBytes = 0;
    PortId echoedPort = kNone; ///< worst port named by the latest mark or CNP
    uint32_t oldestLast = 0;   ///< last sequence number of `oldest`

    MessageRecord* oldest = nullptr;   ///< contains `acked`; set by SetOldest()
    MessageRecord* current = nullptr;  ///< contains `next`; null when all was sent; SetCurrent()
    MessageRecord* starting = nullptr; ///< contains `maxSent`: `waits` are its
    Tick currentPosted = 0;            ///< of `current`
    uint32_t currentFirst = 0;         ///< its first and last sequence number
    uint32_t currentLast = 0;
    Tick started = 0;   ///< of `starting`
    Tick freeAt = 0;    ///< end of its own latest transmission
    Tick emittedAt = 0; ///< end of its latest first-copy transmission

    LazyTimer sendTimer;
    LazyTimer timeout;
    LazyTimer congestionTimer;
    Tick paceFrom = 0; ///< pacing credit starts here
    Tick nextSend = 0; ///< paceFrom + lastBytes at the present rate

    Tick stateSince = 0;
    Tick downSnapshot = 0;   ///< NIC totals when the state was entered
    Tick pausedSnapshot = 0; ///< of the class, or of the NIC (Ready, when there is one class)
    Tick replaySnapshot = 0;
    SenderWaits waits;

    FlightTable flight;
    MessageRecord* retired = nullptr; ///< acknowledged, kept for the receiver's `next`
    MessageRecord* newest = nullptr;  ///< last posted
    uint64_t idealBytes = 0;          ///< cache of IdealTime
    Tick idealTime = 0;

    alignas(64) CongestionState congestion;

    Tick baseRoundTrip = 0;
    BitRate wireRate;      ///< of a port of the slower of the two NICs
    PortPairs pairs;       ///< where its packets go, NICs of several ports
    uint32_t portsHad = 0; ///< bit per port that it has had in its present round
    uint32_t channel = 0;

    void SetOldest(MessageRecord* record)
    {
        oldest = record;
        oldestLast = record != nullptr ? record->lastSequence : 0;
    }

    void SetCurrent(MessageRecord* record)
    {
        current = record;
        if (record != nullptr)
        {
            currentPosted = record->posted;
            currentFirst = record->firstSequence;
            currentLast = record->lastSequence;
        }
    }
};

static_assert(sizeof(SenderQp) == 9 * 64);

/// The receiving half.
struct alignas(64) ReceiverQp
{
    uint32_t expected = 0;            ///< first not received
    uint32_t unacked = 0;             ///< in-order packets since the last ACK
    MessageRecord* current = nullptr; ///< last delivered, or the one being received
    bool inMessage = false;           ///< `current` is being received
    bool gapOpen = false;             ///< go-back-n: NACK sent, gap still open
    uint32_t lastSequence = 0;        ///< of `current`, whose record has often left the cache
    Tick lastNack = 0;
    Tick lastCnp = std::numeric_limits<Tick>::min() / 2;
    Tick lastPlaced = 0;          ///< latest acceptance of a packet of `current` or before
    Tick lossStall = 0;           ///< of `current`: progress that waited for resent packets; ps
    Tick downStall = 0;           ///< the same where a failed link had lost them
    std::vector<uint64_t> bitmap; ///< selective repeat: placed beyond `expected`, ring by sequence
    uint32_t beyond = 0;          ///< bits set in it
    struct PendingDelivery* firstPending = nullptr; ///< waiting for receiveLatency, in order
    struct PendingDelivery* lastPending = nullptr;

    /// The message after `current` is being received.
    void BeginNext()
    {
        current = current->next;
        lastSequence = current->lastSequence;
        inMessage = true;
        lossStall = 0;
        downStall = 0;
    }
};

/// A completion on its way to the client.
struct PendingDelivery
{
    PendingDelivery* next = nullptr;
    Delivery delivery;
};

/// Append-only array whose elements never move; in huge pages when there are many.
template <class T>
class StableArray
{
  public:
    StableArray() = default;
    StableArray(const StableArray&) = delete;
    StableArray& operator=(const StableArray&) = delete;

    ~StableArray()
    {
        for (uint32_t i = 0; i < m_size; ++i)
        {
            (*this)[i].~T();
        }
        for (const Slab& slab : m_slabs)
        {
            FreeArray(slab.memory, slab.bytes);
        }
    }

    T& operator[](uint32_t i)
    {
        return m_chunks[i >> kBits][i & kMask];
    }

    const T& operator[](uint32_t i) const
    {
        return m_chunks[i >> kBits][i & kMask];
    }

    uint32_t size() const
    {
        return m_size;
    }

    T& Append()
    {
        if ((m_size & kMask) == 0)
        {
            m_chunks.push_back(NewChunk());
        }
        T* place = &(*this)[m_size];
        ++m_size;
        return *new (place) T;
    }

  private:
    struct Slab
    {
        char* memory;
        size_t bytes;
    };

    T* NewChunk()
    {
        if (m_left < kChunkBytes)
        {
            m_left = m_size < kMany ? kChunkBytes : kSlabBytes;
            m_slabs.push_back({static_cast<char*>(AllocateArray(m_left)), m_left});
        }
        const Slab& slab = m_slabs.back();
        char* chunk = slab.memory + (slab.bytes - m_left);
        m_left -= kChunkBytes;
        return reinterpret_cast<T*>(chunk);
    }

    static constexpr unsigned kBits = 4;
    static constexpr uint32_t kMask = (1U << kBits) - 1;
    static constexpr uint32_t kMany = 1024;
    static constexpr size_t kChunkBytes = sizeof(T) << kBits;
    static constexpr size_t kSlabBytes = size_t{2} << 20;
    std::vector<T*> m_chunks;
    std::vector<Slab> m_slabs;
    size_t m_left = 0; ///< at the end of the last slab
    uint32_t m_size = 0;
};

/// Free-list pool of one partition. Objects may be freed only by the partition that took them.
template <class T>
class Pool
{
  public:
    T* Take()
    {
        if (m_free == nullptr)
        {
            m_blocks.push_back(std::make_unique<T[]>(kBlock));
            for (size_t i = 0; i < kBlock; ++i)
            {
                Give(&m_blocks.back()[i]);
            }
        }
        T* object = m_free;
        m_free = object->next;
        *object = T{};
        return object;
    }

    void Give(T* object)
    {
        object->next = m_free;
        m_free = object;
    }

  private:
    static constexpr size_t kBlock = 64;
    T* m_free = nullptr;
    std::vector<std::unique_ptr<T[]>> m_blocks;
};

} // namespace heddle

#endif
