// SPDX-License-Identifier: GPL-2.0-only
//
// The benchmark's counting: flows, hops by formula, what the engine and the ceiling count.
#include "measure.h"
#include "reference-ceiling.h"
#include "scratch-folder.h"
#include "workloads.h"

#include "ns3/base-errors.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <set>

namespace heddle::bench
{

namespace
{

std::vector<std::pair<NicId, NicId>>
Pairs(const FlowSet& set)
{
    std::vector<std::pair<NicId, NicId>> pairs;
    for (const Flow& flow : set.flows)
    {
        pairs.emplace_back(flow.from, flow.to);
    }
    return pairs;
}

std::map<uint32_t, uint32_t>
FlowsByLinks(const FlowSet& set)
{
    std::map<uint32_t, uint32_t> count;
    for (const Flow& flow : set.flows)
    {
        ++count[PathLinks(FatTreeRadix(set.hosts), flow.from, flow.to)];
    }
    return count;
}

TEST(Flows, PermutationIsHtsims)
{
    // First lines of the published w1 and w3 files (gen_permutation.py, seed 1).
    const std::vector<std::pair<NicId, NicId>> w1 = {{14, 127}, {46, 43}, {71, 66}, {36, 85}};
    const std::vector<std::pair<NicId, NicId>> w3 = {{197, 135}, {714, 628}, {242, 889}};
    auto pairs = Pairs(Permutation(128, 1, 1));
    pairs.resize(w1.size());
    EXPECT_EQ(pairs, w1);
    pairs = Pairs(Permutation(1024, 1, 1));
    pairs.resize(w3.size());
    EXPECT_EQ(pairs, w3);
}

TEST(Flows, PermutationUsesEveryHostOnceAndNeverItself)
{
    for (uint32_t seed = 1; seed <= 20; ++seed)
    {
        const FlowSet set = Permutation(54, 1, seed);
        std::set<NicId> from;
        std::set<NicId> to;
        for (const Flow& flow : set.flows)
        {
            EXPECT_NE(flow.from, flow.to) << "seed " << seed;
            from.insert(flow.from);
            to.insert(flow.to);
        }
        EXPECT_EQ(from.size(), 54U);
        EXPECT_EQ(to.size(), 54U);
    }
}

/// The whole files, where the data set is at hand.
TEST(Flows, PermutationEqualsTheFiles)
{
    const char* data = std::getenv("HEDDLE_DATA");
    if (!data)
    {
        GTEST_SKIP() << "HEDDLE_DATA does not name the folder that holds htsim/w1_20mb.cm";
    }
    const std::pair<const char*, const char*> files[] = {{"w1", "w1_20mb.cm"}, {"w3", "w3_4mb.cm"}};
    for (const auto& [workload, file] : files)
    {
        const FlowSet want = ReadConnectionMatrix(std::string(data) + "/htsim/" + file);
        const FlowSet got = FindWorkload(workload).flows();
        EXPECT_EQ(Pairs(got), Pairs(want)) << file;
        ASSERT_EQ(got.flows.size(), want.flows.size()) << file;
        for (size_t i = 0; i < want.flows.size(); ++i)
        {
            EXPECT_EQ(got.flows[i].bytes, want.flows[i].bytes) << file << " flow " << i;
            EXPECT_EQ(got.flows[i].start, want.flows[i].start) << file << " flow " << i;
        }
    }
}

/// Published for the same flows: reference counts of links per flow, and of hops.
TEST(Flows, HopsAreThePublishedOnes)
{
    using Count = std::map<uint32_t, uint32_t>;
    EXPECT_EQ(FlowsByLinks(Permutation(128, 1, 1)), (Count{{2, 3}, {4, 12}, {6, 113}}));
    EXPECT_EQ(FlowsByLinks(Permutation(1024, 1, 1)), (Count{{2, 4}, {4, 53}, {6, 967}}));
    EXPECT_EQ(DataHops(Permutation(128, 2'000'000, 1), 8, 4096), 357'948U);
    EXPECT_EQ(DataHops(Permutation(128, 2'000'000, 1), 8, 1000), 1'464'000U);
    EXPECT_EQ(DataHops(Permutation(1024, 1'000'000, 1), 16, 4096), 1'475'390U);
    EXPECT_EQ(DataHops(Permutation(128, 20'000'000, 1), 8, 4096), 3'574'356U);
    EXPECT_EQ(DataHops(Permutation(1024, 4'000'000, 1), 16, 4096), 5'883'494U);
    EXPECT_EQ(DataHops(RingAllReduce(128, 32768), 8, 4096), 685'440U);
    EXPECT_EQ(DataHops(AllToAll(128, 65536, 16), 8, 4096), 1'486'848U);
}

TEST(Flows, FatTreeRadix)
{
    EXPECT_EQ(FatTreeRadix(16), 4U);
    EXPECT_EQ(FatTreeRadix(8192), 32U);
    EXPECT_THROW(FatTreeRadix(100), InputError);
}

TEST(Flows, MatrixSurvivesWritingAndReading)
{
    FlowSet set = AllToAll(16, 5000, 3);
    set.triggers.push_back({Trigger::Kind::Barrier, 2, {7}});
    set.triggers[7].targets.clear();
    set.flows[7].start = kForever;
    for (Trigger& trigger : set.triggers)
    {
        trigger.targets.erase(std::remove(trigger.targets.begin(), trigger.targets.end(), 7U),
                              trigger.targets.end());
    }
    set.triggers.back().targets = {7};
    const ScratchFolder scratch;
    const std::string file = scratch.File("bench.cm");
    WriteConnectionMatrix(set, file);
    const FlowSet back = ReadConnectionMatrix(file);
    EXPECT_EQ(back.hosts, set.hosts);
    ASSERT_EQ(Pairs(back), Pairs(set));
    // Trigger numbers may be given in another order: compare what they mean.
    for (size_t i = 0; i < set.flows.size(); ++i)
    {
        EXPECT_EQ(back.flows[i].start, set.flows[i].start) << "flow " << i;
        EXPECT_EQ(back.flows[i].bytes, set.flows[i].bytes) << "flow " << i;
        const Trigger& want = set.triggers[set.flows[i].onSent];
        const Trigger& got = back.triggers[back.flows[i].onSent];
        EXPECT_EQ(got.targets, want.targets) << "flow " << i;
        EXPECT_EQ(got.kind, want.kind) << "flow " << i;
        EXPECT_EQ(got.count, want.count) << "flow " << i;
    }
}

TEST(Flows, WrongMatricesAreRefusedWithTheirLine)
{
    const std::pair<const char*, const char*> wrong[] = {
        {"Nodes 16\nConnections 1\n0->1 start 0 size 0\n", ":3: "},
        {"Nodes 16\nConnections 1\n0->1 size 5\n", ":3: "},
        {"Nodes 16\nConnections 1\n0->1 start 0 trigger 1 size 5\n", ":3: "},
        {"Nodes 16\nConnections 1\n# remark\n0-1 start 0 size 5\n", ":4: "},
        {"Nodes 16\nConnections 1\n0->1 start x size 5\n", ":3: "},
        {"Nodes 16\nConnections 2\n0->1 start 0 size 5\n", "Connections says 2"},
        {"Nodes 16\nConnections 1\n0->16 start 0 size 5\n", "0->16"},
        {"Nodes 16\nConnections 1\n3->3 start 0 size 5\n", "3->3"},
    };
    for (const auto& [text, part] : wrong)
    {
        const ScratchFolder scratch;
        const std::string file = scratch.Write("bench.cm", text);
        try
        {
            ReadConnectionMatrix(file);
            ADD_FAILURE() << "accepted:\n" << text;
        }
        catch (const InputError& error)
        {
            EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
        }
    }
}

TEST(Triggers, FireAsHtsimsDo)
{
    FlowSet set;
    set.triggers = {{Trigger::Kind::OneShot, 0, {1, 2}},
                    {Trigger::Kind::MultiShot, 0, {3, 4}},
                    {Trigger::Kind::Barrier, 3, {5, 6}}};
    TriggerBoard board(set);
    std::vector<uint32_t> started;
    const auto fire = [&](uint32_t trigger)
    {
        started.clear();
        board.Fire(trigger, [&](uint32_t flow) { started.push_back(flow); });
        return started;
    };
    using List = std::vector<uint32_t>;
    EXPECT_EQ(fire(kNone), List{});
    EXPECT_EQ(fire(0), (List{1, 2}));
    EXPECT_EQ(fire(0), List{});
    EXPECT_EQ(fire(1), List{3});
    EXPECT_EQ(fire(1), List{4});
    EXPECT_EQ(fire(1), List{});
    EXPECT_EQ(fire(2), List{});
    EXPECT_EQ(fire(2), List{});
    EXPECT_EQ(fire(2), (List{5, 6}));
}

/// Small relatives of every workload with flows: the network's own count of hops (RunFlows compares
/// it with the formula), and the ceiling's.
TEST(Counting, HeddleAndTheCeilingCarryTheSame)
{
    const FlowSet sets[] = {Permutation(16, 300'000, 1),
                            Permutation(128, 20'001, 2),
                            RingAllReduce(16, 32768),
                            AllToAll(16, 5000, 4)};
    for (const FlowSet& set : sets)
    {
        const uint64_t want = DataHops(set, FatTreeRadix(set.hosts), 4096);
        const RunResult heddle = RunFlows(set);
        const RunResult ceiling = RunCeiling(set);
        EXPECT_EQ(heddle.dataHops, want) << set.flows.size() << " flows";
        EXPECT_EQ(heddle.extraHops, 0U);
        EXPECT_EQ(ceiling.dataHops, want) << set.flows.size() << " flows";
        EXPECT_EQ(heddle.flows, set.flows.size());
        EXPECT_EQ(ceiling.flows, set.flows.size());
        EXPECT_EQ(heddle.ports, ceiling.ports);
        // Two events per hop; as many ACKs, over as many links.
        EXPECT_EQ(ceiling.events, 4 * want);
    }
}

/// Threads change how fast a run is, nothing else.
TEST(Counting, ThreadsAreTheSameRun)
{
    for (const FlowSet& set : {Permutation(128, 200'000, 1), AllToAll(16, 50'000, 4)})
    {
        const RunResult one = RunFlows(set);
        EXPECT_EQ(one.partitions, 1U);
        for (const uint32_t threads : {2, 3})
        {
            const RunResult several = RunFlows(set, {Observe::Nothing, 0, threads});
            EXPECT_GT(several.partitions, threads);
            EXPECT_NO_THROW(CheckSame(one, several));
        }
    }
}

/// Looking at memory every few microseconds changes nothing.
TEST(Counting, TheMemoryProbeIsTheSameRun)
{
    const FlowSet set = Permutation(16, 300'000, 1);
    const RunResult probe = RunFlows(set, {Observe::Memory, 0, 1});
    EXPECT_NO_THROW(CheckSame(probe, RunFlows(set)));
    EXPECT_GT(probe.peakInFlight, 0U);
#ifndef __SANITIZE_ADDRESS__ // whose allocator has no mallinfo2
    EXPECT_GT(probe.peakHeap, 0U);
#endif
}

/// A window of packets, alone: first packet over all links, then bottleneck rate, by hand.
TEST(Ceiling, OneFlowTakesTheTimeItShould)
{
    const CeilingConfig config;
    FlowSet set;
    set.hosts = 16;
    set.flows = {{0, 15, 10 * 4096}}; // other pod: 6 links; 10 packets, no window limit
    const CeilingResult result = ReferenceCeiling(set, config).Run();
    const Tick packet = 4178 * config.psPerByte;
    EXPECT_EQ(result.finished, 6 * (packet + config.linkDelay) + 9 * packet);
    EXPECT_EQ(result.dataHops, 60U);
}

/// Beyond the window the rate is one window per round trip.
TEST(Ceiling, TheWindowLimits)
{
    CeilingConfig config;
    config.window = 2;
    FlowSet set;
    set.hosts = 16;
    set.flows = {{0, 1, 6 * 4096}}; // 2 links
    const CeilingResult result = ReferenceCeiling(set, config).Run();
    const Tick packet = 4178 * config.psPerByte;
    const Tick ack = 86 * config.psPerByte;
    const Tick roundTrip = 2 * (packet + config.linkDelay) + 2 * (ack + config.linkDelay);
    // Packets 1, 3, 5 each start when the one before is acknowledged; 6 follows 5 at its heels.
    EXPECT_EQ(result.finished, 2 * roundTrip + 2 * (packet + config.linkDelay) + packet);
}

TEST(Measure, MedianOfOddAndEven)
{
    EXPECT_EQ(SpreadOf({3, 1, 2}).median, 2);
    EXPECT_EQ(SpreadOf({4, 1, 2, 3}).median, 2.5);
    EXPECT_EQ(SpreadOf({4, 1, 2, 3}).min, 1);
    EXPECT_EQ(SpreadOf({4, 1, 2, 3}).max, 4);
}

TEST(Measure, AChildSendsItsResultAndItsFailure)
{
    const Sample sample = RunInChild(
        []
        {
            RunResult result;
            result.dataHops = 42;
            return result;
        });
    EXPECT_EQ(sample.run.dataHops, 42U);
    EXPECT_GT(sample.peakRssBytes, 0U);
    EXPECT_THROW(RunInChild([]() -> RunResult { throw RunError("on purpose"); }), RunError);
    EXPECT_THROW(RunInChild([]() -> RunResult { _exit(0); }), RunError);
}

TEST(Measure, DifferentRunsAreNoticed)
{
    RunResult a;
    RunResult b;
    b.events = 1;
    EXPECT_THROW(CheckSame(a, b), RunError);
}

} // namespace

} // namespace heddle::bench
