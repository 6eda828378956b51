// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/collectives-algorithm.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace heddle
{

namespace
{

/// Two hosts of four accelerators, one leaf per rail.
RankLayout
Rails(uint32_t hosts = 2, uint32_t perHost = 4)
{
    RankLayout layout;
    for (uint32_t r = 0; r < hosts * perHost; ++r)
    {
        layout.places.push_back({r / perHost, r / perHost, r % perHost, r % perHost});
    }
    return layout;
}

std::string
ErrorOf(const AlgorithmChoice& choice, const SoftwareModel& software = {})
{
    try
    {
        Expander(choice, Rails(), software);
    }
    catch (const InputError& error)
    {
        return error.what();
    }
    return "no error";
}

TEST(Expander, NamesAreChecked)
{
    AlgorithmChoice choice;
    choice.allToAll = "dirct";
    EXPECT_NE(ErrorOf(choice).find("'direct'"), std::string::npos) << ErrorOf(choice);
    choice.allToAll = "ring";
    EXPECT_EQ(ErrorOf(choice),
              "collective algorithm 'ring' cannot do all-to-all; these can: direct hierarchical "
              "pairwise");
    SoftwareModel software;
    software.channels = 0;
    EXPECT_NE(ErrorOf({}, software).find("channels must be 1 to"), std::string::npos);
    EXPECT_EQ(ErrorOf({}), "no error");
}

TEST(Expander, ALonelyMemberHasNothingToDo)
{
    Expander expander({}, Rails(), {});
    Communicator solo{"solo", {3}};
    CollectiveCall call{CollectiveKind::AllReduce, &solo, 100, 0, 0, nullptr};
    Expansion out;
    expander.Expand(call, 0, out);
    EXPECT_TRUE(out.ops.empty());
}

TEST(Expander, HierarchicalSaysWhyItCannot)
{
    AlgorithmChoice choice;
    choice.allReduce = "hierarchical";
    Expander expander(choice, Rails(), {});
    Communicator comm{"odd", {0, 1, 4}};
    CollectiveCall call{CollectiveKind::AllReduce, &comm, 100, 0, 0, nullptr};
    Expansion out;
    try
    {
        expander.Expand(call, 0, out);
        FAIL() << "expected an InputError";
    }
    catch (const InputError& error)
    {
        EXPECT_NE(std::string(error.what()).find("'odd' has between 1 and 2"), std::string::npos)
            << error.what();
    }
}

TEST(Expander, SendRecvRelaysToTheReceiversRail)
{
    SoftwareModel software;
    software.p2pChunkBytes = 100;
    software.p2pChannelsPerPeer = 2;
    Expander expander({}, Rails(), software);
    Expansion send;
    Expansion recv;
    expander.ExpandSendRecv(1, 6, 1001, true, send);
    expander.ExpandSendRecv(1, 6, 1001, false, recv);
    ASSERT_EQ(send.ops.size(), recv.ops.size());
    uint64_t bytes = 0;
    for (size_t i = 0; i < send.ops.size(); ++i)
    {
        EXPECT_EQ(send.ops[i].relay, 2U) << "same host, rail of rank 6";
        EXPECT_FALSE(send.ops[i].scaleUp);
        EXPECT_LE(send.ops[i].bytes, 100U);
        EXPECT_EQ(send.ops[i].bytes, recv.ops[i].bytes);
        EXPECT_EQ(send.ops[i].channel, recv.ops[i].channel);
        EXPECT_LT(send.ops[i].channel, 2);
        bytes += send.ops[i].bytes;
    }
    EXPECT_EQ(bytes, 1001U);
    expander.ExpandSendRecv(1, 5, 10, true, send);
    EXPECT_EQ(send.ops[0].relay, 1U) << "already on the rail";
    expander.ExpandSendRecv(1, 2, 10, true, send);
    EXPECT_EQ(send.ops[0].relay, 1U);
    EXPECT_TRUE(send.ops[0].scaleUp);
    software.pxn = false;
    Expander without({}, Rails(), software);
    without.ExpandSendRecv(1, 6, 10, true, send);
    EXPECT_EQ(send.ops[0].relay, 1U);
}

TEST(RankLayout, ProxyPrefersOwnHostThenRailThenSpreads)
{
    // One domain of 2 hosts × 2 accelerators, another of one rank; leaves by rail.
    RankLayout layout;
    layout.places =
        {{0, 0, 0, 0}, {0, 0, 1, 1}, {1, 0, 0, 0}, {1, 0, 1, 1}, {2, 1, 1, 1}, {2, 1, 0, 7}};
    for (bool indexed : {false, true})
    {
        if (indexed)
        {
            layout.Index();
        }
        EXPECT_EQ(layout.Proxy(0, 4), 1U);
        EXPECT_EQ(layout.Proxy(2, 4), 3U);
        EXPECT_EQ(layout.Proxy(1, 4), 1U) << "own NIC is on the leaf";
        EXPECT_EQ(layout.Proxy(0, 5), 0U) << "nobody is on leaf 7";
    }
    // Several candidates, none on the own host nor with the same rail: shared by sender.
    RankLayout wide;
    wide.places = {{0, 0, 0, 0}, {0, 0, 1, 0}, {1, 0, 0, 5}, {1, 0, 1, 5}, {2, 1, 3, 5}};
    wide.Index();
    EXPECT_EQ(wide.Proxy(0, 4), 2U);
    EXPECT_EQ(wide.Proxy(1, 4), 3U);
}

/// Direct all-to-all on rails with PXN: traffic between hosts leaves on the receiver's rail, and
/// per host pair only rail-local connections remain.
TEST(Expander, DirectWithPxnStaysOnRails)
{
    Expander expander({}, Rails(), {});
    Communicator world{"world", {0, 1, 2, 3, 4, 5, 6, 7}};
    CollectiveCall call{CollectiveKind::AllToAll, &world, 8000, 0, 0, nullptr};
    std::map<std::pair<Rank, Rank>, uint64_t> wire; // (leaving NIC, receiver)
    Expansion out;
    for (uint32_t m = 0; m < 8; ++m)
    {
        expander.Expand(call, m, out);
        for (const ChunkOp& op : out.ops)
        {
            if (op.kind == ChunkOp::Kind::Send && !op.scaleUp)
            {
                EXPECT_EQ(op.relay % 4, op.peer % 4);
                wire[{op.relay, op.peer}] += op.bytes;
            }
        }
    }
    EXPECT_EQ(wire.size(), 8U) << "4 rails × 2 directions";
    for (const auto& [nics, bytes] : wire)
    {
        EXPECT_EQ(bytes, 4000U) << nics.first << "→" << nics.second;
    }
}

TEST(Algorithms, AreRegisteredWithADescription)
{
    EXPECT_EQ(
        RegistryIndex::Names(kAlgorithmCategory),
        (std::vector<std::string>{"direct", "double-tree", "hierarchical", "pairwise", "ring"}));
    for (const std::string& name : RegistryIndex::Names(kAlgorithmCategory))
    {
        EXPECT_GT(RegistryIndex::Find(kAlgorithmCategory, name).description.size(), 80U) << name;
    }
    EXPECT_EQ(AlgorithmsFor(CollectiveKind::Broadcast), (std::vector<std::string>{"ring"}));
}

} // namespace

} // namespace heddle
