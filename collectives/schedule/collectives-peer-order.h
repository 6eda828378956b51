// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-peer-order.h
// ------------------------------
// In which order NCCL visits the peers of an all-to-all (NCCL 2.30 init.cc, enqueue.cc, channel.h),
// and the sizes of its blocks.
//
// Members are cut into groups of g consecutive ones, g = gcd(8, members per host); one group when
// all share a host. Round (dG, dL) sends to group (G + dG), local (l + dL), and receives from
// (G - dG), (l - dL). dG runs through k(k+1)/2 mod 2^ceil(log2 groups), values beyond the groups
// skipped; dL = 0 … g-1 inside. Every round is a permutation.

#ifndef HEDDLE_COLLECTIVES_PEER_ORDER_H
#define HEDDLE_COLLECTIVES_PEER_ORDER_H

#include "ns3/collectives-expansion-builder.h"
#include "ns3/collectives-grouping.h"

#include <cstdint>
#include <vector>

namespace heddle
{

/// k(k+1)/2 mod the power of two ≥ groups, values ≥ groups skipped: a permutation of 0 … groups-1.
std::vector<uint32_t> GroupOffsets(uint32_t groups);

struct PeerRound
{
    Member sendTo;
    Member recvFrom;
    uint32_t firstChannel; ///< of the messages of the round, the same at both ends
};

/// The rounds of `self`, itself (round 0) included. `perHost` = members per host if the members are
/// laid out host by host with equal counts, else 0: then the order is the plain rotation. The first
/// channel of a round is the bit reverse of its number among groups (of the round, on one host).
std::vector<PeerRound> PeerRounds(uint32_t members, Member self, uint32_t perHost, uint32_t pool);

/// Channels that send/recv may use: a power of two.
uint32_t P2pChannelPool(const SoftwareModel& software);

/// Members per host when regular, consecutive and equal; 0 otherwise.
uint32_t MembersPerHost(const Communicator& comm, const RankLayout& layout);

/// The all-to-all matrix of a call.
class BlockMatrix
{
  public:
    /// Offsets are 0 unless asked for (they cost a walk over the matrix).
    BlockMatrix(const CollectiveCall& call, bool withOffsets);

    /// The block that `from` sends to `to`: bytes, and its place in row-major order.
    Extent Block(Member from, Member to) const;

  private:
    const CollectiveCall& m_call;
    uint64_t m_members;
    bool m_withOffsets;
    std::vector<uint64_t> m_rowOffsets;
};

} // namespace heddle

#endif
