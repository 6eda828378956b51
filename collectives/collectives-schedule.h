// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-schedule.h
// ----------------------------
// How a collective becomes messages. An algorithm (one file each, registered in category
// "collective-algorithm") expands one call, for one member, into a small DAG of chunk operations.
// The training module runs it; nothing here knows time.
//
// Matching. On a connection (sender, receiver, channel) the i-th Send of a collective instance
// meets the i-th Recv of the same instance: FIFO, as in NCCL. An expansion depends on the call and
// the member only, so each rank expands for itself, when it gets there, and then forgets.
//
// Connections. `channel` names the NCCL channel: it selects the queue pair (scale-out), so two
// chunks on one channel keep their order, and two channels may be hashed to different paths.

#ifndef HEDDLE_COLLECTIVES_SCHEDULE_H
#define HEDDLE_COLLECTIVES_SCHEDULE_H

#include "ns3/base-units.h"
#include "ns3/collectives-task-graph.h"

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

/// Where ranks sit: what algorithms may know of the machine.
struct RankLayout
{
    struct Place
    {
        uint32_t host;  ///< which server
        uint32_t domain; ///< which scale-up domain (usually = host)
        uint32_t rail;  ///< index of the accelerator, and of its NIC, within the host
        uint32_t leaf;  ///< which leaf switch its NIC is on
    };

    std::vector<Place> places; ///< by global rank

    bool SameDomain(Rank a, Rank b) const
    {
        return places[a].domain == places[b].domain;
    }

    /// The rank in `a`'s domain whose NIC is on the leaf of `b`'s NIC (PXN); `a` itself if its own
    /// NIC already is, or when no rank of the domain has a NIC on that leaf.
    Rank Proxy(Rank a, Rank b) const;
};

/// The NCCL-like software layer; presets are data with sources (collectives/presets).
struct SoftwareModel
{
    std::string name = "none";
    uint32_t channels = 1;              ///< channels of a ring collective
    uint32_t queuePairsPerConnection = 1;
    uint64_t ringChunkBytes = 0;        ///< largest chunk (= one message) of ring collectives; 0 = unlimited
    uint64_t p2pChunkBytes = 0;         ///< same for all-to-all and send/recv; 0 = unlimited
    uint32_t p2pChannelsPerPeer = 1;
    uint32_t slots = 0;                 ///< receive slots per connection (clear-to-send window); 0 = unlimited
    Tick baseLatency = 0;               ///< once per collective; ps
    Tick stepLatencyScaleUp = 0;        ///< before each chunk send over the scale-up domain; ps
    Tick stepLatencyScaleOut = 0;       ///< before each chunk send over the scale-out fabric; ps
    bool pxn = true;                    ///< use Proxy() for all-to-all and send/recv
    double computeSlowdown = 0;         ///< share by which running communication slows kernels
};

struct ChunkOp
{
    enum class Kind : uint8_t
    {
        Send,
        Recv,
    };

    Kind kind;
    bool scaleUp;       ///< goes over the scale-up domain (else over NICs)
    uint16_t channel;
    Rank peer;          ///< global rank at the other end
    Rank relay;         ///< Send: rank that forwards through its NIC (PXN); = own rank when direct.
                        ///< Recv: the last hop's sender side does not matter; = own rank
    uint64_t bytes;
    uint32_t firstDep;  ///< into Expansion::deps: ops of this expansion that must have completed
    uint32_t depCount;
};

/// One member's share of one collective call. A Send is complete when its bytes have left (buffer
/// reusable: last byte acknowledged), a Recv when the last byte has been placed.
struct Expansion
{
    std::vector<ChunkOp> ops;
    std::vector<uint32_t> deps;

    void Clear()
    {
        ops.clear();
        deps.clear();
    }
};

struct CollectiveCall
{
    CollectiveKind kind;
    const Communicator* comm;
    uint64_t bytes;                       ///< as CollectiveSpec
    Rank root;                            ///< Broadcast
    uint32_t sequence;                    ///< call number on the communicator
    /// AllToAll: matrix of bytes [sender member][receiver member] rows, null when even.
    const std::vector<const std::vector<uint64_t>*>* rows;
};

/// An algorithm: appends the operations of `member` (index into call.comm->ranks).
using ExpandFn = void (*)(const CollectiveCall& call,
                          uint32_t member,
                          const RankLayout& layout,
                          const SoftwareModel& software,
                          Expansion& out);

/// Names of the algorithm for each kind ("ring", "hierarchical", "direct", "pairwise", …).
struct AlgorithmChoice
{
    std::string allReduce = "ring";
    std::string allGather = "ring";
    std::string reduceScatter = "ring";
    std::string allToAll = "direct";
    std::string broadcast = "ring";
};

/// Resolved once per run: throws InputError on an unknown name or one that cannot do the kind.
class Expander
{
  public:
    Expander(const AlgorithmChoice& choice, RankLayout layout, SoftwareModel software);

    /// Expands a collective for one member. Thread-safe (no state).
    void Expand(const CollectiveCall& call, uint32_t member, Expansion& out) const;

    /// Expands a point-to-point transfer for its sender (`sender` true) or receiver.
    void ExpandSendRecv(Rank from, Rank to, uint64_t bytes, bool sender, Expansion& out) const;

    const RankLayout& layout() const
    {
        return m_layout;
    }

    const SoftwareModel& software() const
    {
        return m_software;
    }

  private:
    RankLayout m_layout;
    SoftwareModel m_software;
    ExpandFn m_expand[5];
};

} // namespace heddle

#endif
