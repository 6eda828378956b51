// SPDX-License-Identifier: BSD-3-Clause
//
// "direct": the all-to-all of NCCL, a group of N sends and N receives, all posted at once in NCCL's
// peer order. (N-1)/N S bytes per rank and direction over the wire when even.
#include "ns3/collectives-algorithm.h"
#include "ns3/collectives-peer-order.h"

namespace heddle
{

namespace
{

void
ExpandDirect(const CollectiveCall& call,
             Member self,
             const RankLayout& layout,
             const SoftwareModel& software,
             Expansion& out)
{
    const auto& ranks = call.comm->ranks;
    auto members = static_cast<uint32_t>(ranks.size());
    ExpansionBuilder builder(ranks[self], layout, software, out);
    BlockMatrix matrix(call, out.wantData);
    bool severalDomains = GroupByDomain(*call.comm, layout).groups.size() > 1;
    uint32_t pool = P2pChannelPool(software);
    uint32_t perPeer = P2pChannelsPerPeer(software, members, severalDomains);
    std::vector<uint32_t> ops;
    for (const PeerRound& round :
         PeerRounds(members, self, MembersPerHost(*call.comm, layout), pool))
    {
        if (round.sendTo == self)
        {
            continue; // the own block is a local copy
        }
        ExpansionBuilder::P2pChannels channels{round.firstChannel, perPeer, pool};
        Rank to = ranks[round.sendTo];
        Rank from = ranks[round.recvFrom];
        builder.P2pRecv(from, channels, matrix.Block(round.recvFrom, self), ops);
        builder.P2pSend(to, channels, matrix.Block(self, round.sendTo), true, {}, ops);
    }
}

void
FuseDirect(const CollectiveCall& call,
           const RankLayout& layout,
           const SoftwareModel& software,
           FusedSink& sink)
{
    const auto& ranks = call.comm->ranks;
    auto members = static_cast<uint32_t>(ranks.size());
    const BlockMatrix matrix(call, false);
    const bool severalDomains = GroupByDomain(*call.comm, layout).groups.size() > 1;
    const uint32_t pool = P2pChannelPool(software);
    const uint32_t perPeer = P2pChannelsPerPeer(software, members, severalDomains);
    const uint32_t perHost = MembersPerHost(*call.comm, layout);
    sink.OnPattern({});
    for (Member self = 0; self < members; ++self)
    {
        for (const PeerRound& round : PeerRounds(members, self, perHost, pool))
        {
            if (round.sendTo != self)
            {
                FuseP2p(ranks[self],
                        ranks[round.sendTo],
                        {round.firstChannel, perPeer, pool},
                        matrix.Block(self, round.sendTo).bytes,
                        layout,
                        software,
                        sink);
            }
        }
    }
}

const CollectiveAlgorithm kDirect{KindTable({{CollectiveKind::AllToAll, &ExpandDirect}}),
                                  KindTable<FuseFn>({{CollectiveKind::AllToAll, &FuseDirect}})};

const Registration<const CollectiveAlgorithm*> kEntry{
    {kAlgorithmCategory,
     "direct",
     "NCCL-like all-to-all: every rank posts all its sends and receives at once, in NCCL's peer "
     "order (groups of 8 local ranks, triangular offsets), each message spread over the p2p "
     "channels per peer and cut into p2p chunks; whatever is ready goes first. Uneven sizes are "
     "honoured. With PXN a message first crosses the scale-up domain to the accelerator whose NIC "
     "is on the receiver's leaf.",
     {}},
    &kDirect};

} // namespace

} // namespace heddle
