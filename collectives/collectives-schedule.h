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
        uint32_t host;   ///< which server
        uint32_t domain; ///< which scale-up domain (usually = host)
        uint32_t rail;   ///< index of the accelerator, and of its NIC, within the host
        uint32_t leaf;   ///< which leaf switch its NIC is on
    };

    std::vector<Place> places; ///< by global rank

    std::vector<std::vector<Rank>> domainRanks; ///< by domain, ascending; made by Index()

    bool SameDomain(Rank a, Rank b) const
    {
        return places[a].domain == places[b].domain;
    }

    /// Fills domainRanks so that Proxy() need not scan every rank (Expander does it).
    void Index();

    /// The rank in `a`'s domain whose NIC is on the leaf of `b`'s NIC (PXN); `a` itself if its own
    /// NIC already is, or when no rank of the domain has a NIC on that leaf. Of several candidates
    /// those on `a`'s host win, then those with `b`'s rail index, then they share by `a` modulo.
    Rank Proxy(Rank a, Rank b) const;
};

/// The NCCL-like software layer; presets are data with sources (collectives/presets).
struct SoftwareModel
{
    std::string name = "none";
    uint32_t channels = 1;           ///< channels of a ring collective
    uint32_t ringsPerNic = 0;        ///< a ring across domains uses at most this × members per
                                     ///< domain channels; 0 = no limit
    uint64_t minBytesPerChannel = 0; ///< channels are shed while each would get less; 0 = never
    uint32_t queuePairsPerConnection = 1;
    uint64_t ringChunkBytes =
        0;                   ///< largest message (NCCL: slice) of ring collectives; 0 = unlimited
    uint32_t ringSlices = 1; ///< slices of a ring chunk: independent pipelines, one message each
    uint64_t minSliceBytes = 0;      ///< a chunk is cut into fewer slices rather than below this
    uint64_t p2pChunkBytes = 0;      ///< same for all-to-all and send/recv; 0 = unlimited
    uint32_t p2pChannelsPerPeer = 1; ///< halved while it × ceil(N/8) exceeds the larger of this and
                                     ///< `channels`, when a communicator spans domains (NCCL)
    uint32_t slots = 0;   ///< receive slots per connection (clear-to-send window); 0 = unlimited
    Tick baseLatency = 0; ///< once per collective; ps
    Tick stepLatencyScaleUp = 0;  ///< before each chunk send over the scale-up domain; ps
    Tick stepLatencyScaleOut = 0; ///< before each chunk send over the scale-out fabric; ps
    bool pxn = true;              ///< use Proxy() for all-to-all and send/recv
    double computeSlowdown = 0;   ///< share by which running communication slows kernels
};

struct ChunkOp
{
    enum class Kind : uint8_t
    {
        Send,
        Recv,
    };

    Kind kind;
    bool scaleUp; ///< goes over the scale-up domain (else over NICs)
    uint16_t channel;
    Rank peer;  ///< global rank at the other end
    Rank relay; ///< Send: rank that forwards through its NIC (PXN); = own rank when direct.
                ///< Recv: the last hop's sender side does not matter; = own rank
    uint64_t bytes;
    uint32_t firstDep; ///< into Expansion::deps: ops of this expansion that must have completed
    uint32_t depCount;
};

/// A byte range of the collective's logical array: AllReduce and Broadcast the vector, AllGather
/// and ReduceScatter the full array, AllToAll the blocks (sender, receiver) in row-major order.
struct Extent
{
    uint64_t offset;
    uint64_t bytes;
};

/// What an op moves, beside its size. Only tests and exporters ask for it (Expansion::wantData).
struct ChunkData
{
    uint32_t firstExtent; ///< into Expansion::extents
    uint32_t extentCount;
    bool reduce; ///< Recv: adds to what is there, instead of replacing it
};

/// One member's share of one collective call. Ops are listed so that the sends of one connection
/// become ready in list order when the receives of each connection complete in list order. Receives
/// have no dependencies: they can be posted at once (subject to SoftwareModel::slots). A Send is
/// complete when its bytes have left (buffer reusable: last byte acknowledged), a Recv when the
/// last byte has been placed.
struct Expansion
{
    std::vector<ChunkOp> ops;
    std::vector<uint32_t> deps;
    bool wantData = false;       ///< fill the two below
    std::vector<ChunkData> data; ///< by op
    std::vector<Extent> extents;

    void Clear()
    {
        ops.clear();
        deps.clear();
        data.clear();
        extents.clear();
    }
};

struct CollectiveCall
{
    CollectiveKind kind;
    const Communicator* comm;
    uint64_t bytes;    ///< as CollectiveSpec
    Rank root;         ///< Broadcast
    uint32_t sequence; ///< call number on the communicator
    /// AllToAll: matrix of bytes [sender member][receiver member] rows, null when even.
    const std::vector<const std::vector<uint64_t>*>* rows;
};

/// An algorithm: appends the operations of `member` (index into call.comm->ranks).
using ExpandFn = void (*)(const CollectiveCall& call,
                          uint32_t member,
                          const RankLayout& layout,
                          const SoftwareModel& software,
                          Expansion& out);

class FusedSink;

/// The same call over all members at once, see collectives-fused.h.
using FuseFn = void (*)(const CollectiveCall& call,
                        const RankLayout& layout,
                        const SoftwareModel& software,
                        FusedSink& sink);

/// Names of the algorithm for each kind ("ring", "hierarchical", "direct", "pairwise", …).
struct AlgorithmChoice
{
    std::string allReduce = "ring";
    std::string allGather = "ring";
    std::string reduceScatter = "ring";
    std::string allToAll = "direct";
    std::string broadcast = "ring";
};

/// Resolved once per run: throws InputError on an unknown name or one that cannot do the kind, and
/// on a software model that makes no sense (no channels).
class Expander
{
  public:
    Expander(const AlgorithmChoice& choice, RankLayout layout, SoftwareModel software);

    /// Expands a collective for one member: replaces `out`. Thread-safe (no state). Throws
    /// InputError when the algorithm cannot do this communicator (says which and why).
    void Expand(const CollectiveCall& call, uint32_t member, Expansion& out) const;

    /// Expands a point-to-point transfer for its sender (`sender` true) or receiver.
    void ExpandSendRecv(Rank from, Rank to, uint64_t bytes, bool sender, Expansion& out) const;

    /// Whether the kind's algorithm has a fused form.
    bool CanFuse(CollectiveKind kind) const
    {
        return m_fuse[static_cast<size_t>(kind)] != nullptr;
    }

    /// Throws InputError when the algorithm has no fused form.
    void Fuse(const CollectiveCall& call, FusedSink& sink) const;
    void FuseSendRecv(Rank from, Rank to, uint64_t bytes, FusedSink& sink) const;

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
    FuseFn m_fuse[5]; ///< null: none
    std::string m_names[5];
};

} // namespace heddle

#endif
