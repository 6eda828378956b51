// SPDX-License-Identifier: BSD-3-Clause
//
// "pairwise": all-to-all in N-1 rounds; in round k member r sends to r + k and receives from r - k.
// A round's sends follow this member's sends and receives of the round before (no global barrier).
#include "ns3/collectives-algorithm.h"
#include "ns3/collectives-peer-order.h"

namespace heddle
{

namespace
{

void
ExpandPairwise(const CollectiveCall& call,
               Member self,
               const RankLayout& layout,
               const SoftwareModel& software,
               Expansion& out)
{
    const auto& ranks = call.comm->ranks;
    auto members = static_cast<uint32_t>(ranks.size());
    ExpansionBuilder builder(ranks[self], layout, software, out);
    BlockMatrix matrix(call, out.wantData);
    // One peer at a time: nothing to share the channels with.
    uint32_t perPeer = software.p2pChannelsPerPeer;
    ExpansionBuilder::P2pChannels channels{0, perPeer, perPeer};
    std::vector<uint32_t> before;
    for (uint32_t k = 1; k < members; ++k)
    {
        Member to = (self + k) % members;
        Member from = (self + members - k) % members;
        std::vector<uint32_t> ops;
        builder.P2pRecv(ranks[from], channels, matrix.Block(from, self), ops);
        builder.P2pSend(ranks[to], channels, matrix.Block(self, to), true, before, ops);
        if (!ops.empty())
        {
            before = std::move(ops);
        }
    }
}

// No fused form: rounds have neither a common begin nor end, so what they put on a port at one time
// is not known without the messages.
const CollectiveAlgorithm kPairwise{KindTable({{CollectiveKind::AllToAll, &ExpandPairwise}}), {}};

const Registration<const CollectiveAlgorithm*> kEntry{
    {kAlgorithmCategory,
     "pairwise",
     "All-to-all in N-1 rounds: in round k rank r sends to r+k and receives from r-k (modulo N); a "
     "rank starts a round when its sends and receives of the round before are done. Few concurrent "
     "flows, no incast among equals, but every round pays a latency. Uneven sizes and PXN as in "
     "'direct'.",
     {}},
    &kPairwise};

} // namespace

} // namespace heddle
