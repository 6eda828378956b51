// SPDX-License-Identifier: BSD-3-Clause
//
// The oracle of all algorithms: an untimed executor runs the expansions of all members, moving real
// values, in random order. Every byte of a rank's contribution is a random 64-bit number; sums are
// exact modulo 2^64, so a lost, doubled or misplaced byte shows.
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

namespace
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
RankLayout
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

SoftwareModel
RandomSoftware(Dice& dice)
{
    SoftwareModel software;
    software.channels = 1 + dice.Below(4);
    software.ringsPerNic = dice.Below(3);
    software.ringChunkBytes = dice.Below(3) == 0 ? 0 : 1 + dice.Below(40);
    software.ringSlices = 1 + dice.Below(2);
    software.minSliceBytes = dice.Below(8);
    software.minBytesPerChannel = dice.Below(2) * 50;
    software.p2pChunkBytes = dice.Below(3) == 0 ? 0 : 1 + dice.Below(30);
    software.p2pChannelsPerPeer = 1 + dice.Below(4);
    software.pxn = dice.Below(2) == 0;
    return software;
}

/// A random situation. Regular communicators have equally many members in each domain.
void
RandomSetup(Dice& dice, CollectiveKind kind, bool regular, Situation& s)
{
    uint32_t hosts = 1 + dice.Below(5);
    uint32_t perHost = 1 + dice.Below(5);
    uint32_t hostsPerDomain = regular && hosts % 2 == 0 ? 1 + dice.Below(2) : 1;
    s.layout = MakeLayout(hosts, perHost, hostsPerDomain, dice.Below(2) == 0);
    s.software = RandomSoftware(dice);
    s.comm.name = "random";
    for (Rank rank = 0; rank < hosts * perHost; ++rank)
    {
        if (regular || dice.Below(4) != 0)
        {
            s.comm.ranks.push_back(rank);
        }
    }
    if (s.comm.ranks.size() < 2)
    {
        s.layout = MakeLayout(2, 1, 1, true);
        s.comm.ranks = {0, 1};
    }
    if (dice.Below(2) == 0)
    {
        for (size_t i = s.comm.ranks.size(); i > 1; --i)
        {
            std::swap(s.comm.ranks[i - 1], s.comm.ranks[dice.Below(static_cast<uint32_t>(i))]);
        }
    }
    s.call.kind = kind;
    s.call.comm = &s.comm;
    s.call.bytes = 1 + dice.Below(700);
    s.call.root = s.comm.ranks[dice.Below(static_cast<uint32_t>(s.comm.ranks.size()))];
    if (kind == CollectiveKind::AllToAll && dice.Below(2) == 0)
    {
        size_t n = s.comm.ranks.size();
        s.rows.assign(n, std::vector<uint64_t>(n));
        for (auto& row : s.rows)
        {
            for (auto& bytes : row)
            {
                bytes = dice.Below(3) == 0 ? 0 : dice.Below(60);
            }
            s.rowPointers.push_back(&row);
        }
        s.call.rows = &s.rowPointers;
    }
}

/// What each member holds before, and must hold after (where it matters).
struct Expectation
{
    std::vector<Values> before;
    std::vector<Values> after;
    std::vector<std::vector<bool>> matters;
};

/// By byte of the logical array: the member that owns (sends) it, and the one that must get it.
struct Ownership
{
    std::vector<Member> owner;
    std::vector<Member> receiver;
};

Ownership
Owners(const Situation& s)
{
    auto n = static_cast<uint32_t>(s.comm.ranks.size());
    Ownership result;
    auto append = [&](uint64_t bytes, Member owner, Member receiver)
    {
        result.owner.insert(result.owner.end(), bytes, owner);
        result.receiver.insert(result.receiver.end(), bytes, receiver);
    };
    switch (s.call.kind)
    {
    case CollectiveKind::AllToAll:
    {
        BlockMatrix matrix(s.call, true);
        for (Member i = 0; i < n; ++i)
        {
            for (Member j = 0; j < n; ++j)
            {
                EXPECT_EQ(matrix.Block(i, j).offset, result.owner.size())
                    << "blocks tile the array";
                append(matrix.Block(i, j).bytes, i, j);
            }
        }
        break;
    }
    case CollectiveKind::Broadcast:
    {
        auto root = std::find(s.comm.ranks.begin(), s.comm.ranks.end(), s.call.root);
        append(s.call.bytes, static_cast<Member>(root - s.comm.ranks.begin()), 0);
        break;
    }
    default:
        for (Member m = 0; m < n; ++m)
        {
            append(SplitExtent({0, s.call.bytes}, n, m).bytes, m, m);
        }
    }
    return result;
}

Expectation
Expect(const Situation& s, Dice& dice)
{
    auto n = static_cast<uint32_t>(s.comm.ranks.size());
    Ownership owners = Owners(s);
    size_t size = owners.owner.size();
    std::vector<Values> own(n, Values(size));
    Values sum(size, 0);
    for (auto& values : own)
    {
        std::generate(values.begin(), values.end(), [&] { return dice.Bits(); });
        std::transform(sum.begin(), sum.end(), values.begin(), sum.begin(), std::plus<>());
    }
    CollectiveKind kind = s.call.kind;
    bool reduces = kind == CollectiveKind::AllReduce || kind == CollectiveKind::ReduceScatter;
    bool scatters = kind == CollectiveKind::AllToAll || kind == CollectiveKind::ReduceScatter;
    Expectation x{own, own, {n, std::vector<bool>(size, true)}};
    for (Member m = 0; m < n; ++m)
    {
        for (size_t b = 0; b < size; ++b)
        {
            Member owner = owners.owner[b];
            x.before[m][b] = reduces || owner == m ? own[m][b] : 0;
            x.after[m][b] = reduces ? sum[b] : own[owner][b];
            x.matters[m][b] = !scatters || owners.receiver[b] == m;
        }
    }
    return x;
}

void
CheckSemantics(const std::string& algorithm, CollectiveKind kind, bool regular, uint64_t seed)
{
    SCOPED_TRACE(algorithm + " " + CollectiveName(kind) + " seed " + std::to_string(seed));
    Dice dice(seed);
    Situation setup;
    RandomSetup(dice, kind, regular, setup);
    Expectation expectation = Expect(setup, dice);
    Executor executor(setup, algorithm, seed % 2 == 0, dice);
    if (testing::Test::HasFatalFailure())
    {
        return;
    }
    std::vector<Values> values = expectation.before;
    executor.Run(values);
    for (Member m = 0; m < values.size(); ++m)
    {
        for (size_t b = 0; b < values[m].size(); ++b)
        {
            ASSERT_TRUE(!expectation.matters[m][b] || values[m][b] == expectation.after[m][b])
                << "member " << m << " of " << values.size() << ", byte " << b << " of "
                << values[m].size() << ": expected " << expectation.after[m][b] << ", got "
                << values[m][b];
        }
    }
}

TEST(CollectiveSemantics, EveryAlgorithmDoesWhatItSays)
{
    int checked = 0;
    for (const std::string& name : RegistryIndex::Names(kAlgorithmCategory))
    {
        for (size_t k = 0; k < kCollectiveKinds; ++k)
        {
            auto kind = static_cast<CollectiveKind>(k);
            bool able = FindAlgorithm(name).expand[k] != nullptr;
            for (uint64_t seed = 1; able && seed <= 60; ++seed, ++checked)
            {
                CheckSemantics(name, kind, name == "hierarchical", seed * 100 + k);
                if (HasFatalFailure())
                {
                    return;
                }
            }
        }
    }
    EXPECT_EQ(checked, 60 * (4 + 1 + 1 + 4)) << "ring 4 kinds, direct, pairwise, hierarchical 4";
}

Situation
Regular(CollectiveKind kind, uint32_t hosts, uint32_t perHost, uint64_t bytes)
{
    Situation s;
    s.layout = MakeLayout(hosts, perHost, 1, true);
    s.comm.name = "world";
    s.comm.ranks.resize(hosts * perHost);
    std::iota(s.comm.ranks.begin(), s.comm.ranks.end(), 0U);
    s.call.kind = kind;
    s.call.bytes = bytes;
    return s;
}

/// Bytes of each member over the wire against the closed forms of the algorithms.
TEST(CollectiveVolumes, ClosedForms)
{
    struct Row
    {
        const char* algorithm;
        CollectiveKind kind;
        uint32_t hosts;
        uint32_t perHost;
        uint64_t bytes;
        uint64_t scaleUp; ///< sum over members
        uint64_t scaleOut;
    };

    const uint64_t S = 12 * 64 * 5;
    const Row rows[] = {
        // Ring: one of G edges per host leaves it.
        {"ring", CollectiveKind::AllReduce, 3, 4, S, 2 * 11 * S * 9 / 12, 2 * 11 * S * 3 / 12},
        {"ring", CollectiveKind::AllGather, 3, 4, S, 11 * S * 9 / 12, 11 * S * 3 / 12},
        {"ring", CollectiveKind::ReduceScatter, 1, 8, S, 7 * S, 0},
        {"ring", CollectiveKind::ReduceScatter, 8, 1, S, 0, 7 * S},
        // Hierarchical, per rank: scale-up 2(G-1)/G S, NIC 2(M-1)/M S/G.
        {"hierarchical",
         CollectiveKind::AllReduce,
         3,
         4,
         S,
         12 * 2 * S * 3 / 4,
         12 * 2 * S / 4 * 2 / 3},
        {"hierarchical", CollectiveKind::AllGather, 4, 2, S, 8 * S / 2, 8 * S * 3 / 4 / 2},
        {"hierarchical", CollectiveKind::ReduceScatter, 4, 2, S, 8 * S / 2, 8 * S * 3 / 4 / 2},
        // b = S/N. Direct: everything else; hierarchical: scale-up M(G-1)b, NIC (M-1)Gb.
        {"direct", CollectiveKind::AllToAll, 3, 4, S, 12 * 3 * (S / 12), 12 * 8 * (S / 12)},
        {"pairwise", CollectiveKind::AllToAll, 3, 4, S, 12 * 3 * (S / 12), 12 * 8 * (S / 12)},
        {"hierarchical", CollectiveKind::AllToAll, 3, 4, S, 12 * 9 * (S / 12), 12 * 8 * (S / 12)},
    };
    for (const Row& row : rows)
    {
        for (uint32_t channels : {1U, 2U, 4U})
        {
            Situation s = Regular(row.kind, row.hosts, row.perHost, row.bytes);
            s.call.comm = &s.comm;
            s.software.channels = channels;
            s.software.ringChunkBytes = 77;
            s.software.p2pChunkBytes = 31;
            Dice dice(1);
            Executor executor(s, row.algorithm, true, dice);
            uint64_t up = 0;
            uint64_t out = 0;
            for (Member m = 0; m < s.comm.ranks.size(); ++m)
            {
                up += executor.SentBytes(m, true);
                out += executor.SentBytes(m, false);
            }
            EXPECT_EQ(up, row.scaleUp) << row.algorithm << " " << CollectiveName(row.kind) << ", "
                                       << channels << " channels, scale-up bytes";
            EXPECT_EQ(out, row.scaleOut) << row.algorithm << " " << CollectiveName(row.kind) << ", "
                                         << channels << " channels, scale-out bytes";
        }
    }
}

/// Messages and bytes over one edge of one channel of NCCL 2.30's Simple ring all-reduce with 16
/// channels, chunks of two slices of at most 1 MiB and slices of at least 32 KiB.
TEST(CollectiveVolumes, RingMessagesAsNccl)
{
    struct Row
    {
        uint64_t bytes;
        uint32_t ranks;
        uint64_t messages;
        uint64_t edgeBytes;
    };

    const uint64_t MiB = 1 << 20;
    const Row rows[] = {
        {256 * MiB, 128, 508, 33292288},
        {1024 * MiB, 128, 508, 133169152},
        {8192 * MiB, 128, 1016, 1065353216},
        {1024 * MiB, 16, 120, 125829120},
        {1024 * MiB, 1024, 4092, 134086656},
    };
    for (const Row& row : rows)
    {
        Situation s = Regular(CollectiveKind::AllReduce, row.ranks / 8, 8, row.bytes);
        s.call.comm = &s.comm;
        s.software.channels = 16;
        s.software.ringsPerNic = 2;
        s.software.ringChunkBytes = MiB;
        s.software.ringSlices = 2;
        s.software.minSliceBytes = 32 * 1024;
        Expansion expansion;
        FindAlgorithm("ring").expand[0](s.call, 3, s.layout, s.software, expansion);
        std::map<uint16_t, std::pair<uint64_t, uint64_t>> sent;
        for (const ChunkOp& op : expansion.ops)
        {
            if (op.kind == ChunkOp::Kind::Send)
            {
                ++sent[op.channel].first;
                sent[op.channel].second += op.bytes;
            }
        }
        EXPECT_EQ(sent.size(), 16U);
        for (const auto& [channel, count] : sent)
        {
            EXPECT_EQ(count.first, row.messages) << row.bytes << " B, channel " << channel;
            EXPECT_EQ(count.second, row.edgeBytes) << row.bytes << " B, channel " << channel;
        }
    }
}

/// Channel c crosses hosts at accelerator c mod G and its neighbour, always on one rail when the
/// number of hosts is even; 16 channels put two flows on each NIC and direction.
TEST(RingOrder, RailsArePreserved)
{
    for (uint32_t hosts : {2U, 4U, 6U, 3U})
    {
        Situation s = Regular(CollectiveKind::AllReduce, hosts, 8, 1);
        DomainGroups groups = GroupByDomain(s.comm, s.layout);
        s.software.channels = 16;
        s.software.ringsPerNic = 2;
        std::vector<int> out(hosts * 8);
        std::vector<int> in(hosts * 8);
        int railCrossings = 0;
        for (uint32_t c = 0; c < 16; ++c)
        {
            std::vector<Member> order = RingOrder(groups, s.software, c);
            std::vector<Member> sorted = order;
            std::sort(sorted.begin(), sorted.end());
            ASSERT_EQ(sorted, s.comm.ranks) << "a ring visits everyone once";
            EXPECT_EQ(order[0], c % 8) << "channel " << c << " enters at its own accelerator";
            uint32_t crossings = 0;
            for (size_t i = 0; i < order.size(); ++i)
            {
                Member a = order[i];
                Member b = order[(i + 1) % order.size()];
                if (!s.layout.SameDomain(a, b))
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
    Situation plain = Regular(CollectiveKind::AllReduce, 5, 1, 1);
    EXPECT_EQ(RingOrder(GroupByDomain(plain.comm, plain.layout), plain.software, 0),
              plain.comm.ranks);
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
