// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/collectives-expansion-builder.h"

#include <algorithm>

namespace heddle
{

uint64_t
TotalBytes(ListView<Extent> extents)
{
    uint64_t sum = 0;
    for (const Extent& extent : extents)
    {
        sum += extent.bytes;
    }
    return sum;
}

uint32_t
P2pChannelsPerPeer(const SoftwareModel& software, uint32_t members, bool severalDomains)
{
    uint32_t perPeer = software.p2pChannelsPerPeer;
    uint32_t pool = std::max(software.channels, perPeer);
    uint32_t worksPerChannel = (members + 7) / 8;
    while (severalDomains && perPeer > 1 && uint64_t{perPeer} * worksPerChannel > pool)
    {
        perPeer /= 2;
    }
    return perPeer;
}

namespace
{

/// The part [begin, end) of the concatenation of `extents`.
std::vector<Extent>
SubRange(ListView<Extent> extents, uint64_t begin, uint64_t end)
{
    std::vector<Extent> part;
    uint64_t position = 0;
    for (const Extent& extent : extents)
    {
        uint64_t from = std::max(begin, position);
        uint64_t to = std::min(end, position + extent.bytes);
        if (from < to)
        {
            part.push_back({extent.offset + (from - position), to - from});
        }
        position += extent.bytes;
    }
    return part;
}

} // namespace

ExpansionBuilder::ExpansionBuilder(Rank self,
                                   const RankLayout& layout,
                                   const SoftwareModel& software,
                                   Expansion& out)
    : m_self(self), m_layout(layout), m_software(software), m_out(out)
{
}

ExpansionBuilder::DepRange
ExpansionBuilder::AddDeps(Deps deps)
{
    auto first = static_cast<uint32_t>(m_out.deps.size());
    for (uint32_t dep : deps)
    {
        if (dep != kNoOp)
        {
            m_out.deps.push_back(dep);
        }
    }
    return {first, static_cast<uint32_t>(m_out.deps.size()) - first};
}

uint32_t
ExpansionBuilder::Append(ChunkOp op, Extents extents, bool reduce)
{
    op.scaleUp = m_layout.SameDomain(m_self, op.peer);
    if (m_out.wantData)
    {
        auto first = static_cast<uint32_t>(m_out.extents.size());
        m_out.extents.insert(m_out.extents.end(), extents.begin(), extents.end());
        m_out.data.push_back({first, static_cast<uint32_t>(extents.size), reduce});
    }
    m_out.ops.push_back(op);
    return static_cast<uint32_t>(m_out.ops.size() - 1);
}

uint32_t
ExpansionBuilder::Send(Rank peer, uint32_t channel, Extents extents, Deps deps)
{
    uint64_t bytes = TotalBytes(extents);
    if (bytes == 0)
    {
        return kNoOp;
    }
    DepRange range = AddDeps(deps);
    ChunkOp op{};
    op.kind = ChunkOp::Kind::Send;
    op.channel = static_cast<uint16_t>(channel);
    op.peer = peer;
    op.relay = m_self;
    op.bytes = bytes;
    op.firstDep = range.first;
    op.depCount = range.count;
    return Append(op, extents, false);
}

uint32_t
ExpansionBuilder::Recv(Rank peer, uint32_t channel, Extents extents, bool reduce)
{
    uint64_t bytes = TotalBytes(extents);
    if (bytes == 0)
    {
        return kNoOp;
    }
    ChunkOp op{};
    op.kind = ChunkOp::Kind::Recv;
    op.channel = static_cast<uint16_t>(channel);
    op.peer = peer;
    op.relay = m_self;
    op.bytes = bytes;
    op.firstDep = static_cast<uint32_t>(m_out.deps.size());
    return Append(op, extents, reduce);
}

namespace
{

/// How a point-to-point message is cut: over channels, each into chunks.
struct P2pCut
{
    uint64_t parts;
    uint64_t chunks;
};

P2pCut
CutP2p(uint64_t bytes, uint64_t channels, uint64_t chunk)
{
    // NCCL does not spread a message thinner than half a chunk per channel.
    const uint64_t minimum = std::max<uint64_t>(1, chunk / 2);
    const uint64_t parts = std::min<uint64_t>(channels, CeilDivide(bytes, minimum));
    return {parts, chunk == 0 ? 1 : CeilDivide(CeilDivide(bytes, parts), chunk)};
}

} // namespace

void
FuseP2p(Rank from,
        Rank to,
        const ExpansionBuilder::P2pChannels& channels,
        uint64_t bytes,
        const RankLayout& layout,
        const SoftwareModel& software,
        FusedSink& sink)
{
    if (bytes == 0)
    {
        return;
    }
    const P2pCut cut = CutP2p(bytes, channels.count, software.p2pChunkBytes);
    const bool scaleUp = layout.SameDomain(from, to);
    const Rank relay = software.pxn && !scaleUp ? layout.Proxy(from, to) : from;
    const auto edge = [&](uint64_t channel, uint64_t streams, uint64_t size, uint64_t messages)
    {
        sink.OnEdge({from,
                     to,
                     relay,
                     static_cast<uint16_t>((channels.first + channel) % channels.pool),
                     scaleUp,
                     static_cast<uint32_t>(streams),
                     size,
                     std::min(size, messages)});
    };
    if (scaleUp || !sink.WantsChannels())
    {
        edge(0, cut.parts, bytes, cut.parts * cut.chunks);
        return;
    }
    for (uint64_t p = 0; p < cut.parts; ++p)
    {
        edge(p, 1, SplitExtent({0, bytes}, cut.parts, p).bytes, cut.chunks);
    }
}

template <class F>
void
ExpansionBuilder::ForEachChunk(const P2pChannels& channels, Extents extents, F&& use) const
{
    uint64_t bytes = TotalBytes(extents);
    if (bytes == 0)
    {
        return;
    }
    const auto [parts, chunks] = CutP2p(bytes, channels.count, m_software.p2pChunkBytes);
    for (uint64_t c = 0; c < chunks; ++c)
    {
        for (uint64_t p = 0; p < parts; ++p)
        {
            Extent piece = SplitExtent(SplitExtent({0, bytes}, parts, p), chunks, c);
            if (piece.bytes > 0)
            {
                auto channel = static_cast<uint32_t>((channels.first + p) % channels.pool);
                use(channel,
                    piece.bytes,
                    m_out.wantData ? SubRange(extents, piece.offset, piece.offset + piece.bytes)
                                   : std::vector<Extent>{});
            }
        }
    }
}

void
ExpansionBuilder::P2pSend(Rank peer,
                          const P2pChannels& channels,
                          Extents extents,
                          bool mayRelay,
                          Deps deps,
                          std::vector<uint32_t>& ops)
{
    DepRange range = AddDeps(deps); // shared by all chunks
    bool relayed = mayRelay && m_software.pxn && !m_layout.SameDomain(m_self, peer);
    Rank relay = relayed ? m_layout.Proxy(m_self, peer) : m_self;
    ForEachChunk(channels,
                 extents,
                 [&](uint32_t channel, uint64_t bytes, const std::vector<Extent>& part)
                 {
                     ChunkOp op{};
                     op.kind = ChunkOp::Kind::Send;
                     op.channel = static_cast<uint16_t>(channel);
                     op.peer = peer;
                     op.relay = relay;
                     op.bytes = bytes;
                     op.firstDep = range.first;
                     op.depCount = range.count;
                     ops.push_back(Append(op, part, false));
                 });
}

void
ExpansionBuilder::P2pRecv(Rank peer,
                          const P2pChannels& channels,
                          Extents extents,
                          std::vector<uint32_t>& ops)
{
    ForEachChunk(channels,
                 extents,
                 [&](uint32_t channel, uint64_t bytes, const std::vector<Extent>& part)
                 {
                     ChunkOp op{};
                     op.kind = ChunkOp::Kind::Recv;
                     op.channel = static_cast<uint16_t>(channel);
                     op.peer = peer;
                     op.relay = m_self;
                     op.bytes = bytes;
                     op.firstDep = static_cast<uint32_t>(m_out.deps.size());
                     ops.push_back(Append(op, part, false));
                 });
}

} // namespace heddle
