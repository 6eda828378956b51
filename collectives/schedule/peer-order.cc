// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/collectives-peer-order.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace heddle
{

namespace
{

uint32_t
BitReverse(uint32_t value, uint32_t bits)
{
    uint32_t result = 0;
    for (uint32_t b = 0; b < bits; ++b)
    {
        result = result << 1 | (value >> b & 1U);
    }
    return result;
}

} // namespace

std::vector<uint32_t>
GroupOffsets(uint32_t groups)
{
    uint32_t power = 1;
    while (power < groups)
    {
        power *= 2;
    }
    // Triangular numbers modulo a power of two visit every residue once.
    std::vector<uint32_t> offsets;
    for (uint32_t k = 0, offset = 0; k < power; ++k, offset = (offset + k) % power)
    {
        if (offset < groups)
        {
            offsets.push_back(offset);
        }
    }
    return offsets;
}

uint32_t
MembersPerHost(const Communicator& comm, const RankLayout& layout)
{
    auto members = static_cast<uint32_t>(comm.ranks.size());
    std::map<uint32_t, uint32_t> count;
    for (Rank rank : comm.ranks)
    {
        ++count[layout.places[rank].host];
    }
    uint32_t perHost = count.begin()->second;
    for (Member m = 0; m < members; ++m)
    {
        uint32_t host = layout.places[comm.ranks[m]].host;
        if (count[host] != perHost || layout.places[comm.ranks[m - m % perHost]].host != host)
        {
            return 0;
        }
    }
    return perHost;
}

uint32_t
P2pChannelPool(const SoftwareModel& software)
{
    uint32_t pool = 1;
    while (2 * pool <= std::max(software.channels, software.p2pChannelsPerPeer))
    {
        pool *= 2;
    }
    return pool;
}

std::vector<PeerRound>
PeerRounds(uint32_t members, Member self, uint32_t perHost, uint32_t pool)
{
    uint32_t bits = 0;
    while ((1U << bits) < pool)
    {
        ++bits;
    }
    uint32_t g = perHost == members || perHost == 0 ? members : std::gcd(8U, perHost);
    uint32_t groups = members / g;
    uint32_t group = self / g;
    uint32_t local = self % g;
    std::vector<PeerRound> rounds;
    for (uint32_t offset : GroupOffsets(groups))
    {
        for (uint32_t d = 0; d < g; ++d)
        {
            // The same at both ends of a message, because it depends on their distance only.
            uint32_t number = groups > 1 ? offset * ((g + 7) / 8) + d / 8 : d;
            uint32_t channel = BitReverse(number % pool, bits);
            rounds.push_back({(group + offset) % groups * g + (local + d) % g,
                              (group + groups - offset) % groups * g + (local + g - d) % g,
                              channel});
        }
    }
    return rounds;
}

BlockMatrix::BlockMatrix(const CollectiveCall& call, bool withOffsets)
    : m_call(call), m_members(call.comm->ranks.size()), m_withOffsets(withOffsets)
{
    if (call.rows != nullptr && withOffsets)
    {
        uint64_t offset = 0;
        for (const auto* row : *call.rows)
        {
            m_rowOffsets.push_back(offset);
            offset += std::accumulate(row->begin(), row->end(), 0ULL);
        }
    }
}

Extent
BlockMatrix::Block(Member from, Member to) const
{
    if (m_call.rows == nullptr)
    {
        return SplitExtent({from * m_call.bytes, m_call.bytes}, m_members, to);
    }
    const std::vector<uint64_t>& row = *(*m_call.rows)[from];
    if (!m_withOffsets)
    {
        return {0, row[to]};
    }
    uint64_t offset = m_rowOffsets[from];
    return {std::accumulate(row.begin(), row.begin() + to, offset), row[to]};
}

} // namespace heddle
