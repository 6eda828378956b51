// SPDX-License-Identifier: BSD-3-Clause
//
// Test only: an untimed executor that runs the expansions of all members, moving real values, in
// random order. Connections are checked for equal send and receive lists first.

#ifndef HEDDLE_COLLECTIVES_EXECUTOR_FOR_TEST_H
#define HEDDLE_COLLECTIVES_EXECUTOR_FOR_TEST_H

#include "ns3/base-random.h"
#include "ns3/collectives-algorithm.h"
#include "ns3/collectives-expansion-builder.h"
#include "ns3/collectives-grouping.h"
#include "ns3/collectives-peer-order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <tuple>

namespace heddle
{

namespace executor
{

class Dice
{
  public:
    explicit Dice(uint64_t seed) : m_stream(seed, "semantics-test", 0)
    {
    }

    uint32_t Below(uint32_t n)
    {
        return m_stream.Below(m_next++, n);
    }

    uint64_t Bits()
    {
        return m_stream.Bits(m_next++);
    }

  private:
    RandomStream m_stream;
    uint64_t m_next = 0;
};

struct Situation
{
    RankLayout layout;
    SoftwareModel software;
    Communicator comm;
    std::vector<std::vector<uint64_t>> rows;
    CollectiveCall call{};
    std::vector<const std::vector<uint64_t>*> rowPointers;
};

using Values = std::vector<uint64_t>;

/// Runs all members to the end; `values` are the members' arrays and are updated.
class Executor
{
  public:
    Executor(const Situation& setup, const std::string& algorithm, bool inOrder, Dice& dice)
        : m_setup(setup), m_dice(dice), m_inOrder(inOrder)
    {
        const auto& table = FindAlgorithm(algorithm).expand;
        ExpandFn expand = table[static_cast<size_t>(setup.call.kind)];
        m_members.resize(setup.comm.ranks.size());
        for (Member m = 0; m < m_members.size(); ++m)
        {
            m_members[m].wantData = true;
            expand(setup.call, m, setup.layout, setup.software, m_members[m]);
            CheckShape(m);
        }
        Match();
    }

    void Run(std::vector<Values>& values)
    {
        std::vector<std::pair<Member, uint32_t>> open;
        for (Member m = 0; m < m_members.size(); ++m)
        {
            m_done.emplace_back(m_members[m].ops.size(), false);
            for (uint32_t i = 0; i < m_members[m].ops.size(); ++i)
            {
                open.emplace_back(m, i);
            }
        }
        while (!open.empty())
        {
            // Random order: whatever the dependencies allow must give the same result.
            for (size_t i = open.size(); i > 1; --i)
            {
                std::swap(open[i - 1], open[m_dice.Below(static_cast<uint32_t>(i))]);
            }
            size_t before = open.size();
            open.erase(std::remove_if(open.begin(),
                                      open.end(),
                                      [&](auto op) { return TryRun(op.first, op.second, values); }),
                       open.end());
            ASSERT_LT(open.size(), before) << "deadlock with " << before << " ops left";
        }
    }

    uint64_t SentBytes(Member member, bool scaleUp) const
    {
        uint64_t sum = 0;
        for (const ChunkOp& op : m_members[member].ops)
        {
            sum += op.kind == ChunkOp::Kind::Send && op.scaleUp == scaleUp ? op.bytes : 0;
        }
        return sum;
    }

    const Expansion& expansion(Member member) const
    {
        return m_members[member];
    }

  private:
    using Connection = std::tuple<Member, Member, uint16_t>;
    using OpList = std::vector<std::pair<Member, uint32_t>>;

    void CheckShape(Member m) const
    {
        const Expansion& e = m_members[m];
        Rank self = m_setup.comm.ranks[m];
        ASSERT_EQ(e.data.size(), e.ops.size());
        for (uint32_t i = 0; i < e.ops.size(); ++i)
        {
            const ChunkOp& op = e.ops[i];
            ASSERT_GT(op.bytes, 0U);
            ASSERT_NE(op.peer, self);
            ASSERT_EQ(op.scaleUp, m_setup.layout.SameDomain(self, op.peer));
            uint64_t described = 0;
            for (uint32_t x = 0; x < e.data[i].extentCount; ++x)
            {
                described += e.extents[e.data[i].firstExtent + x].bytes;
            }
            ASSERT_EQ(op.bytes, described);
            for (uint32_t d = 0; d < op.depCount; ++d)
            {
                ASSERT_LT(e.deps[op.firstDep + d], i) << "dependencies point backwards";
            }
            if (op.kind == ChunkOp::Kind::Recv)
            {
                ASSERT_EQ(op.depCount, 0U);
                ASSERT_EQ(op.relay, self);
            }
            else if (op.relay != self)
            {
                ASSERT_TRUE(m_setup.software.pxn);
                ASSERT_FALSE(op.scaleUp);
                ASSERT_TRUE(m_setup.layout.SameDomain(self, op.relay));
                ASSERT_EQ(m_setup.layout.places[op.relay].leaf,
                          m_setup.layout.places[op.peer].leaf);
            }
        }
    }

    void Match()
    {
        std::map<Connection, std::pair<OpList, OpList>> connections;
        for (Member m = 0; m < m_members.size(); ++m)
        {
            m_partner.emplace_back(m_members[m].ops.size());
            m_previousSend.emplace_back(m_members[m].ops.size(), kNoOp);
            for (uint32_t i = 0; i < m_members[m].ops.size(); ++i)
            {
                const ChunkOp& op = m_members[m].ops[i];
                Member peer = PeerOf(op.peer);
                if (op.kind == ChunkOp::Kind::Send)
                {
                    connections[{m, peer, op.channel}].first.emplace_back(m, i);
                }
                else
                {
                    connections[{peer, m, op.channel}].second.emplace_back(m, i);
                }
            }
        }
        for (const auto& [connection, lists] : connections)
        {
            const auto& [sends, recvs] = lists;
            ASSERT_EQ(sends.size(), recvs.size())
                << "connection " << std::get<0>(connection) << "→" << std::get<1>(connection)
                << " channel " << std::get<2>(connection);
            for (size_t i = 0; i < sends.size(); ++i)
            {
                auto [sm, si] = sends[i];
                auto [rm, ri] = recvs[i];
                ASSERT_EQ(m_members[sm].ops[si].bytes, m_members[rm].ops[ri].bytes);
                m_partner[rm][ri] = sends[i];
                if (i > 0)
                {
                    m_previousSend[sm][si] = sends[i - 1].second;
                }
            }
        }
    }

    Member PeerOf(Rank rank) const
    {
        const auto& ranks = m_setup.comm.ranks;
        auto it = std::find(ranks.begin(), ranks.end(), rank);
        EXPECT_NE(it, ranks.end()) << "peer " << rank << " is no member";
        return static_cast<Member>(it - ranks.begin());
    }

    bool TryRun(Member m, uint32_t i, std::vector<Values>& values)
    {
        const Expansion& e = m_members[m];
        const ChunkOp& op = e.ops[i];
        for (uint32_t d = 0; d < op.depCount; ++d)
        {
            if (!m_done[m][e.deps[op.firstDep + d]])
            {
                return false;
            }
        }
        if (op.kind == ChunkOp::Kind::Send)
        {
            uint32_t previous = m_previousSend[m][i];
            if (m_inOrder && previous != kNoOp && !m_done[m][previous])
            {
                return false;
            }
            m_inFlight[{m, i}] = Gather(m, i, values);
        }
        else
        {
            auto [sm, si] = m_partner[m][i];
            if (!m_done[sm][si])
            {
                return false;
            }
            Place(m, i, m_inFlight[{sm, si}], values);
        }
        m_done[m][i] = true;
        return true;
    }

    Values Gather(Member m, uint32_t i, const std::vector<Values>& values) const
    {
        Values message;
        const ChunkData& data = m_members[m].data[i];
        for (uint32_t x = 0; x < data.extentCount; ++x)
        {
            const Extent& extent = m_members[m].extents[data.firstExtent + x];
            auto begin = values[m].begin() + static_cast<int64_t>(extent.offset);
            message.insert(message.end(), begin, begin + static_cast<int64_t>(extent.bytes));
        }
        return message;
    }

    void Place(Member m, uint32_t i, const Values& message, std::vector<Values>& values) const
    {
        const ChunkData& data = m_members[m].data[i];
        size_t position = 0;
        for (uint32_t x = 0; x < data.extentCount; ++x)
        {
            const Extent& extent = m_members[m].extents[data.firstExtent + x];
            for (uint64_t b = 0; b < extent.bytes; ++b, ++position)
            {
                uint64_t& byte = values[m][extent.offset + b];
                byte = (data.reduce ? byte : 0) + message[position];
            }
        }
    }

    const Situation& m_setup;
    Dice& m_dice;
    bool m_inOrder;
    std::vector<Expansion> m_members;
    std::vector<OpList> m_partner;
    std::vector<std::vector<uint32_t>> m_previousSend;
    std::vector<std::vector<bool>> m_done;
    std::map<std::pair<Member, uint32_t>, Values> m_inFlight;
};

/// `hosts` hosts of `perHost` accelerators, `hostsPerDomain` hosts to a scale-up domain.
inline RankLayout
MakeLayout(uint32_t hosts, uint32_t perHost, uint32_t hostsPerDomain, bool railLeaves)
{
    RankLayout layout;
    for (uint32_t h = 0; h < hosts; ++h)
    {
        for (uint32_t r = 0; r < perHost; ++r)
        {
            layout.places.push_back({h, h / hostsPerDomain, r, railLeaves ? r : h});
        }
    }
    layout.Index();
    return layout;
}

} // namespace executor

} // namespace heddle

#endif
