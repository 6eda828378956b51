// SPDX-License-Identifier: GPL-2.0-only
//
// Laws that hold for every run, over random graphs, machines, algorithms and networks:
//   busy + idle = step, Σ root = Σ proximate = idle, places sum to accounts (the job checks the
//   first three itself and aborts); no negative account; nothing booked to what does not exist;
//   every message counted; idealised worlds lose the accounts they remove; partitions change
//   nothing.
#include "../testing/training-test-support.h"

#include "ns3/base-random.h"

#include <gtest/gtest.h>

#include <map>

namespace heddle
{

namespace
{

class Dice
{
  public:
    explicit Dice(uint64_t seed) : m_stream(seed, "training-property-test", 0)
    {
    }

    uint32_t Below(uint32_t n)
    {
        return m_stream.Below(m_next++, n);
    }

    bool Chance(double p)
    {
        return m_stream.Uniform(m_next++) < p;
    }

    uint64_t Bytes()
    {
        return 1 + (uint64_t{1} << Below(22)) + Below(1000);
    }

  private:
    RandomStream m_stream;
    uint64_t m_next = 0;
};

struct Situation
{
    Bench bench{1, 1};
    TaskGraph graph{1};
};

/// Ranks of one host, of one rail, or all.
std::vector<std::vector<Rank>>
Groups(uint32_t hosts, uint32_t perHost)
{
    std::vector<std::vector<Rank>> groups(1);
    for (uint32_t h = 0; h < hosts; ++h)
    {
        groups.emplace_back();
        for (uint32_t a = 0; a < perHost; ++a)
        {
            groups[0].push_back(h * perHost + a);
            groups.back().push_back(h * perHost + a);
        }
    }
    for (uint32_t a = 0; a < perHost; ++a)
    {
        groups.emplace_back();
        for (uint32_t h = 0; h < hosts; ++h)
        {
            groups.back().push_back(h * perHost + a);
        }
    }
    return groups;
}

/// Appends a kernel that follows the rank's latest tasks, some of them.
void
Compute(Dice& dice, TaskGraph& g, std::vector<std::vector<TaskId>>& loose, Rank r)
{
    ComputeSpec spec;
    spec.fixedSeconds = 1e-6 * (1 + dice.Below(200));
    spec.computeClass = dice.Chance(0.2) ? ComputeClass::HostOverhead : ComputeClass::Kernel;
    std::vector<TaskId> deps;
    if (dice.Chance(0.7))
    {
        deps.swap(loose[r]);
    }
    loose[r].push_back(g.AddCompute(r, spec, deps));
}

TaskGraph
RandomGraph(Dice& dice, uint32_t hosts, uint32_t perHost)
{
    const Rank ranks = hosts * perHost;
    TaskGraph g(ranks);
    const auto groups = Groups(hosts, perHost);
    std::vector<CommId> comms;
    for (const auto& group : groups)
    {
        comms.push_back(g.AddCommunicator("c" + std::to_string(comms.size()), group));
    }
    std::vector<std::vector<TaskId>> loose(ranks);
    for (uint32_t phase = 0; phase < 12; ++phase)
    {
        for (Rank r = 0; r < ranks; ++r)
        {
            for (uint32_t k = dice.Below(3); k > 0; --k)
            {
                Compute(dice, g, loose, r);
            }
        }
        if (dice.Chance(0.3) && ranks > 1)
        {
            const Rank from = dice.Below(ranks);
            const Rank to = (from + 1 + dice.Below(ranks - 1)) % ranks;
            const uint64_t bytes = dice.Bytes();
            const bool pipeline = dice.Chance(0.5);
            loose[from].push_back(g.AddSend(from, to, bytes, phase, "p", loose[from], pipeline));
            loose[to].push_back(g.AddRecv(to, from, bytes, phase, "p", loose[to], pipeline));
            continue;
        }
        const uint32_t which = dice.Below(static_cast<uint32_t>(groups.size()));
        CollectiveSpec spec;
        spec.kind = static_cast<CollectiveKind>(dice.Below(5));
        spec.bytes = dice.Bytes() * groups[which].size();
        spec.root = groups[which][0];
        const bool uneven = spec.kind == CollectiveKind::AllToAll && dice.Chance(0.5);
        for (Rank r : groups[which])
        {
            if (uneven)
            {
                spec.bytesPerPeer.assign(groups[which].size(), 0);
                spec.bytes = 0;
                for (uint64_t& b : spec.bytesPerPeer)
                {
                    b = dice.Chance(0.2) ? 0 : dice.Bytes();
                    spec.bytes += b;
                }
                spec.bytesPerPeer[0] += 1;
                spec.bytes += 1;
            }
            std::vector<TaskId> deps;
            if (dice.Chance(0.8))
            {
                deps = loose[r];
            }
            loose[r].push_back(g.AddCollective(r, comms[which], spec, deps));
        }
    }
    return g;
}

Situation
RandomSituation(uint64_t seed)
{
    Dice dice(seed);
    const uint32_t hosts = 1 + dice.Below(4);
    const uint32_t perHost = 1 + dice.Below(4);
    Situation s{Bench(hosts, perHost), RandomGraph(dice, hosts, perHost)};
    Bench& b = s.bench;
    b.layout = MakeLayout(hosts, perHost, dice.Chance(0.5));
    b.ackLatency = b.latency;
    b.config.seed = seed;
    b.config.jitter.kernelSigma = dice.Chance(0.7) ? 0.1 : 0;
    b.config.jitter.persistentSigma = dice.Chance(0.3) ? 0.05 : 0;
    b.config.jitter.shape =
        dice.Chance(0.5) ? JitterModel::Shape::Gaussian : JitterModel::Shape::LogNormal;
    b.software.baseLatency = dice.Chance(0.5) ? dice.Below(10) * kMicrosecond : 0;
    b.software.stepLatencyScaleUp = dice.Chance(0.5) ? 500 * kNanosecond : 0;
    b.software.stepLatencyScaleOut = dice.Chance(0.5) ? kMicrosecond : 0;
    b.software.channels = 1 + dice.Below(4);
    b.software.ringChunkBytes = dice.Chance(0.5) ? 1 << 18 : 0;
    b.software.ringSlices = 1 + dice.Below(2);
    b.software.p2pChunkBytes = dice.Chance(0.5) ? 1 << 17 : 0;
    b.software.slots = dice.Chance(0.5) ? 1 + dice.Below(8) : 0;
    b.software.queuePairsPerConnection = 1 + dice.Below(2);
    b.software.computeSlowdown = dice.Chance(0.5) ? 0.1 : 0;
    b.software.pxn = dice.Chance(0.5);
    b.algorithms.allToAll = dice.Chance(0.5) ? "direct" : "pairwise";
    const uint32_t trouble = dice.Below(3);
    b.hook = [seed, trouble](NicId from, NicId to, uint64_t, uint64_t number)
    {
        FakeScaleOut::Excess e;
        const RandomStream stream(seed, "trouble", (uint64_t{from} << 32) | to);
        for (size_t state = 1; state < kMessageStates; ++state)
        {
            const uint64_t draw = number * kMessageStates + state;
            if (trouble > 0 && stream.Below(draw, 4) == 0)
            {
                e.state[state] = static_cast<Tick>(stream.Bits(draw) % kMicrosecond) * trouble;
                e.culprit = 7;
            }
        }
        return e;
    };
    return s;
}

Tick
SumOfPlaces(const std::vector<Blame>& places, uint8_t account)
{
    Tick sum = 0;
    for (const Blame& b : places)
    {
        EXPECT_GT(b.time, 0);
        sum += b.account == account ? b.time : 0;
    }
    return sum;
}

void
CheckLaws(const Situation& s, const JobResult& r)
{
    const Rank ranks = s.graph.ranks();
    ASSERT_EQ(r.ranks.size(), ranks);
    Tick collectiveIdle = 0;
    Tick idle = 0;
    for (const RankLedger& l : r.ranks)
    {
        EXPECT_EQ(l.busy() + l.idle, r.stepTime);
        Tick root = 0;
        Tick proximate = 0;
        for (uint8_t a = 0; a < kRootAccounts; ++a)
        {
            EXPECT_GE(l.root[a], 0) << RootAccountName(static_cast<RootAccount>(a));
            EXPECT_EQ(SumOfPlaces(l.rootPlaces, a), l.root[a]);
            root += l.root[a];
        }
        for (uint8_t a = 0; a < kProximateAccounts; ++a)
        {
            EXPECT_GE(l.proximate[a], 0);
            EXPECT_EQ(SumOfPlaces(l.proximatePlaces, a), l.proximate[a]);
            proximate += l.proximate[a];
        }
        EXPECT_EQ(root, l.idle);
        EXPECT_EQ(proximate, l.idle);
        for (const Blame& b : l.rootPlaces)
        {
            const auto account = static_cast<RootAccount>(b.account);
            if (account >= RootAccount::Software)
            {
                EXPECT_LT(b.place, ranks) << RootAccountName(account);
            }
            else
            {
                EXPECT_TRUE(b.place == kNone || b.place == 7) << RootAccountName(account);
            }
        }
        idle += l.idle;
    }
    Tick critical = 0;
    for (Tick t : r.criticalPath)
    {
        EXPECT_GE(t, 0);
        critical += t;
    }
    EXPECT_LE(critical, r.stepTime);
    for (const CollectiveRecord& c : r.collectives)
    {
        EXPECT_LE(c.firstArrival, c.lastArrival);
        EXPECT_LE(c.lastArrival, r.stepTime);
        EXPECT_GE(c.idle, 0);
        collectiveIdle += c.idle;
    }
    EXPECT_LE(collectiveIdle, idle);
    uint64_t messages = r.messageTimes.size();
    EXPECT_EQ(messages, r.scaleOutMessages);
}

TEST(Property, LawsOfTheLedger)
{
    uint64_t messages = 0;
    Tick idle = 0;
    for (uint64_t seed = 1; seed <= 300; ++seed)
    {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const Situation s = RandomSituation(seed);
        const JobResult r = s.bench.Run(s.graph);
        CheckLaws(s, r);
        messages += r.scaleOutMessages;
        idle += TotalIdle(r);
        if (::testing::Test::HasFailure())
        {
            return;
        }
    }
    EXPECT_GT(messages, 10'000U) << "the situations are too small to prove anything";
    EXPECT_GT(idle, 0);
}

TEST(Property, SameSeedSameLedger)
{
    for (uint64_t seed = 1; seed <= 20; ++seed)
    {
        const Situation s = RandomSituation(seed);
        EXPECT_EQ(Fingerprint(s.bench.Run(s.graph)), Fingerprint(s.bench.Run(s.graph)));
    }
    const Situation a = RandomSituation(5);
    Situation b = RandomSituation(5);
    b.bench.config.jitter.kernelSigma = 0.1;
    b.bench.config.seed = 6;
    EXPECT_NE(Fingerprint(a.bench.Run(a.graph)), Fingerprint(b.bench.Run(b.graph)));
}

// One partition per host or one for all: the same ledger to the picosecond.
TEST(Property, PartitionsChangeNothing)
{
    for (uint64_t seed = 1; seed <= 60; ++seed)
    {
        Situation s = RandomSituation(seed);
        const std::string one = Fingerprint(s.bench.Run(s.graph));
        for (const RankLayout::Place& place : s.bench.layout.places)
        {
            s.bench.partitions.push_back(place.host);
        }
        EXPECT_EQ(one, Fingerprint(s.bench.Run(s.graph))) << "seed " << seed;
    }
}

// A cause that a world removes books nothing, and what remains is never slower than it was by more
// than order effects could explain: here only the accounts are checked.
TEST(Property, IdealWorldsLoseTheirAccounts)
{
    const auto sum = [](const JobResult& r, std::initializer_list<RootAccount> accounts)
    {
        Tick total = 0;
        for (RootAccount a : accounts)
        {
            total += RootAt(r, a);
        }
        return total;
    };
    const auto scaleOut = {RootAccount::ScaleOutLatency,
                           RootAccount::ScaleOutEndpoint,
                           RootAccount::ScaleOutCongestion,
                           RootAccount::ScaleOutFailure,
                           RootAccount::ScaleOutLossRecovery};
    const auto scaleUp = {RootAccount::ScaleUpLatency, RootAccount::ScaleUpEndpoint};
    Tick before[5] = {};
    for (uint64_t seed = 1; seed <= 60; ++seed)
    {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Situation s = RandomSituation(seed);
        JobResult r = s.bench.Run(s.graph);
        Idealisation& ideal = s.bench.config.ideal;
        before[0] += sum(r, scaleOut);
        ideal.infiniteScaleOut = true;
        r = s.bench.Run(s.graph);
        EXPECT_EQ(sum(r, scaleOut), 0);
        before[1] += sum(r, scaleUp);
        ideal.infiniteScaleUp = true;
        r = s.bench.Run(s.graph);
        EXPECT_EQ(sum(r, scaleUp), 0);
        before[2] += sum(r, {RootAccount::Software, RootAccount::Interference});
        ideal.noSoftware = true;
        r = s.bench.Run(s.graph);
        EXPECT_EQ(sum(r, {RootAccount::Software, RootAccount::Interference}), 0);
        before[3] += sum(r, {RootAccount::Jitter});
        ideal.noJitter = true;
        r = s.bench.Run(s.graph);
        EXPECT_EQ(sum(r, {RootAccount::Jitter}), 0);
        EXPECT_EQ(TotalIdle(r), sum(r, {RootAccount::Imbalance, RootAccount::PipelineBubble}));
        for (const RankLedger& l : r.ranks)
        {
            EXPECT_EQ(l.busy(), l.busyNominal);
        }
    }
    for (int i = 0; i < 4; ++i)
    {
        EXPECT_GT(before[i], 0) << "rung " << i << " had nothing to remove";
    }
}

} // namespace

} // namespace heddle
