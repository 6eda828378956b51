// SPDX-License-Identifier: BSD-3-Clause
//
// The oracle of all algorithms: an untimed executor runs the expansions of all members, moving real
// values, in random order. Every byte of a rank's contribution is a random 64-bit number; sums are
// exact modulo 2^64, so a lost, doubled or misplaced byte shows.
#include "executor_for_test.h"

namespace heddle
{

namespace
{

using namespace executor;

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
    EXPECT_EQ(checked, 60 * (4 + 1 + 1 + 4 + 1))
        << "ring 4 kinds, direct, pairwise, hierarchical 4, double-tree";
}

} // namespace

} // namespace heddle
