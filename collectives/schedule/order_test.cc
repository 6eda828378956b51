// SPDX-License-Identifier: BSD-3-Clause
//
// Ring orders, peer orders and channel counts against those found for NCCL 2.30.
#include "ns3/collectives-expansion-builder.h"
#include "ns3/collectives-grouping.h"
#include "ns3/collectives-peer-order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace heddle
{

namespace
{

RankLayout
Hosts(uint32_t hosts, uint32_t perHost)
{
    RankLayout layout;
    for (uint32_t r = 0; r < hosts * perHost; ++r)
    {
        layout.places.push_back({r / perHost, r / perHost, r % perHost, r % perHost});
    }
    return layout;
}

Communicator
World(uint32_t ranks)
{
    Communicator world{"world", std::vector<Rank>(ranks)};
    std::iota(world.ranks.begin(), world.ranks.end(), 0U);
    return world;
}

/// Channel c crosses hosts at accelerator c mod G and its neighbour, always on one rail when the
/// number of hosts is even; 16 channels put two flows on each NIC and direction.
TEST(RingOrder, RailsArePreserved)
{
    for (uint32_t hosts : {2U, 4U, 6U, 3U})
    {
        RankLayout layout = Hosts(hosts, 8);
        Communicator world = World(hosts * 8);
        DomainGroups groups = GroupByDomain(world, layout);
        SoftwareModel software;
        software.channels = 16;
        software.ringsPerNic = 2;
        std::vector<int> out(hosts * 8);
        std::vector<int> in(hosts * 8);
        int railCrossings = 0;
        for (uint32_t c = 0; c < 16; ++c)
        {
            std::vector<Member> order = RingOrder(groups, software, c);
            std::vector<Member> sorted = order;
            std::sort(sorted.begin(), sorted.end());
            ASSERT_EQ(sorted, world.ranks) << "a ring visits everyone once";
            EXPECT_EQ(order[0], c % 8) << "channel " << c << " enters at its own accelerator";
            uint32_t crossings = 0;
            for (size_t i = 0; i < order.size(); ++i)
            {
                Member a = order[i];
                Member b = order[(i + 1) % order.size()];
                if (!layout.SameDomain(a, b))
                {
                    ++crossings;
                    ++out[a];
                    ++in[b];
                    railCrossings += a % 8 != b % 8;
                }
            }
            EXPECT_EQ(crossings, hosts) << "a ring leaves each host once";
        }
        EXPECT_EQ(railCrossings, hosts % 2 == 0 ? 0 : 16) << hosts << " hosts";
        for (size_t r = 0; r < out.size(); ++r)
        {
            EXPECT_EQ(out[r], 2) << "flows out of NIC " << r << ", " << hosts << " hosts";
            EXPECT_EQ(in[r], 2) << "flows into NIC " << r << ", " << hosts << " hosts";
        }
    }
    EXPECT_EQ(RingOrder(GroupByDomain(World(5), Hosts(5, 1)), SoftwareModel{}, 0), World(5).ranks);
}

/// The orders and channels published for NCCL 2.30.
TEST(PeerOrder, AsNccl)
{
    EXPECT_EQ(GroupOffsets(16),
              (std::vector<uint32_t>{0, 1, 3, 6, 10, 15, 5, 12, 4, 13, 7, 2, 14, 11, 9, 8}));
    EXPECT_EQ(GroupOffsets(6), (std::vector<uint32_t>{0, 1, 3, 2, 5, 4}));
    EXPECT_EQ(GroupOffsets(4), (std::vector<uint32_t>{0, 1, 3, 2}));
    std::vector<PeerRound> rounds = PeerRounds(32, 5, 8, 16);
    const uint32_t sends[] = {5, 6, 7, 0, 1, 2, 3, 4, 13, 14, 15, 8};
    const uint32_t recvs[] = {5, 4, 3, 2, 1, 0, 7, 6, 29, 28, 27, 26};
    for (size_t i = 0; i < 12; ++i)
    {
        EXPECT_EQ(rounds[i].sendTo, sends[i]) << "round " << i;
        EXPECT_EQ(rounds[i].recvFrom, recvs[i]) << "round " << i;
    }
    const uint32_t channels[] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
    std::vector<uint32_t> offsets = GroupOffsets(16);
    rounds = PeerRounds(128, 0, 8, 16);
    for (size_t i = 0; i < rounds.size(); ++i)
    {
        EXPECT_EQ(rounds[i].firstChannel, channels[offsets[i / 8]]) << "round " << i;
    }
    // H100: 4 channels per peer at 16 and 32 ranks, 2 at 64, 1 from 128 on.
    SoftwareModel software;
    software.channels = 16;
    software.p2pChannelsPerPeer = 4;
    EXPECT_EQ(P2pChannelsPerPeer(software, 16, true), 4U);
    EXPECT_EQ(P2pChannelsPerPeer(software, 32, true), 4U);
    EXPECT_EQ(P2pChannelsPerPeer(software, 64, true), 2U);
    EXPECT_EQ(P2pChannelsPerPeer(software, 128, true), 1U);
    EXPECT_EQ(P2pChannelsPerPeer(software, 128, false), 4U);
}

/// Every round is a permutation, for odd sizes too.
TEST(PeerOrder, RoundsArePermutations)
{
    for (auto [members, perHost] : {std::pair{24U, 4U}, {15U, 5U}, {7U, 0U}, {36U, 12U}, {8U, 8U}})
    {
        std::vector<std::vector<PeerRound>> all;
        for (Member m = 0; m < members; ++m)
        {
            all.push_back(PeerRounds(members, m, perHost, 16));
            ASSERT_EQ(all.back().size(), members);
        }
        for (uint32_t r = 0; r < members; ++r)
        {
            for (Member m = 0; m < members; ++m)
            {
                const PeerRound& back = all[all[m][r].sendTo][r];
                EXPECT_EQ(back.recvFrom, m) << members << " members, round " << r;
                EXPECT_EQ(back.firstChannel, all[m][r].firstChannel);
            }
        }
    }
}

} // namespace

} // namespace heddle
