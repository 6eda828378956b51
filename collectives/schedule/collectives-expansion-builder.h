// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-expansion-builder.h
// -------------------------------------
// What algorithms share: appending chunk operations with their dependencies, cutting byte ranges
// exactly, and the send/recv form of a message (channels × chunks).

#ifndef HEDDLE_COLLECTIVES_EXPANSION_BUILDER_H
#define HEDDLE_COLLECTIVES_EXPANSION_BUILDER_H

#include "ns3/collectives-fused.h"
#include "ns3/collectives-schedule.h"

#include <cstdint>
#include <vector>

namespace heddle
{

inline constexpr uint32_t kNoOp = ~0U;

/// Where part `index` of `parts` begins when `bytes` are cut as evenly as whole bytes allow. Parts
/// tile the range: nothing is lost or counted twice. index ≤ parts, parts > 0.
inline uint64_t
SplitPoint(uint64_t bytes, uint64_t parts, uint64_t index)
{
    __extension__ using Wide = unsigned __int128; // not ISO C++, which ns-3 asks for
    return static_cast<uint64_t>(static_cast<Wide>(bytes) * index / parts);
}

/// Part `index` of an extent cut in `parts`.
inline Extent
SplitExtent(Extent whole, uint64_t parts, uint64_t index)
{
    uint64_t begin = SplitPoint(whole.bytes, parts, index);
    return {whole.offset + begin, SplitPoint(whole.bytes, parts, index + 1) - begin};
}

inline uint64_t
CeilDivide(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

/// A list passed without copying: of a vector, of one value, or in braces. For arguments only.
template <class T>
struct ListView
{
    ListView(const std::vector<T>& list) : data(list.data()), size(list.size())
    {
    }

    ListView(const T& single) : data(&single), size(1)
    {
    }

    ListView() : data(nullptr), size(0)
    {
    }

    const T* begin() const
    {
        return data;
    }

    const T* end() const
    {
        return data + size;
    }

    const T* data;
    size_t size;
};

/// Appends the operations of one member.
class ExpansionBuilder
{
  public:
    using Extents = ListView<Extent>;
    using Deps = ListView<uint32_t>;

    ExpansionBuilder(Rank self,
                     const RankLayout& layout,
                     const SoftwareModel& software,
                     Expansion& out);

    /// Sends or receives one message. Returns the op's index, or kNoOp when there are no bytes
    /// (both ends leave it out). kNoOp entries of `deps` are skipped.
    uint32_t Send(Rank peer, uint32_t channel, Extents extents, Deps deps = {});
    uint32_t Recv(Rank peer, uint32_t channel, Extents extents, bool reduce = false);

    /// A point-to-point message: cut over `channelCount` channels from `firstChannel` on (modulo
    /// `channelPool`) and into chunks of at most p2pChunkBytes; sends take the PXN relay if
    /// `mayRelay`. All chunks share `deps`. Appends the ops' indices to `ops`.
    struct P2pChannels
    {
        uint32_t first;
        uint32_t count;
        uint32_t pool;
    };

    void P2pSend(Rank peer,
                 const P2pChannels& channels,
                 Extents extents,
                 bool mayRelay,
                 Deps deps,
                 std::vector<uint32_t>& ops);
    void P2pRecv(Rank peer,
                 const P2pChannels& channels,
                 Extents extents,
                 std::vector<uint32_t>& ops);

  private:
    struct DepRange
    {
        uint32_t first;
        uint32_t count;
    };

    DepRange AddDeps(Deps deps);
    uint32_t Append(ChunkOp op, Extents extents, bool reduce);
    template <class F>
    void ForEachChunk(const P2pChannels& channels, Extents extents, F&& use) const;

    Rank m_self;
    const RankLayout& m_layout;
    const SoftwareModel& m_software;
    Expansion& m_out;
};

/// The edges of a point-to-point message, as P2pSend() sends it.
void FuseP2p(Rank from,
             Rank to,
             const ExpansionBuilder::P2pChannels& channels,
             uint64_t bytes,
             const RankLayout& layout,
             const SoftwareModel& software,
             FusedSink& sink);

/// Bytes of a list of extents.
uint64_t TotalBytes(ListView<Extent> extents);

/// Channels per peer for send/recv among `members` ranks: NCCL halves them while one channel would
/// carry more than its share of peers (8 works per channel), over the network only.
uint32_t P2pChannelsPerPeer(const SoftwareModel& software, uint32_t members, bool severalDomains);

} // namespace heddle

#endif
