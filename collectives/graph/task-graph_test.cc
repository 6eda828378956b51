// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/collectives-task-graph.h"

#include <gtest/gtest.h>

#include <functional>

namespace heddle
{

namespace
{

CollectiveSpec
AllReduce(uint64_t bytes)
{
    CollectiveSpec spec;
    spec.label = "sum";
    spec.bytes = bytes;
    return spec;
}

CollectiveSpec
AllToAll(std::vector<uint64_t> row)
{
    CollectiveSpec spec;
    spec.label = "exchange";
    spec.kind = CollectiveKind::AllToAll;
    spec.bytesPerPeer = std::move(row);
    return spec;
}

void
ExpectError(const std::function<void(TaskGraph&)>& build, const std::string& expected)
{
    TaskGraph graph(2);
    graph.AddCommunicator("world", {0, 1});
    graph.AddCommunicator("other", {0, 1});
    try
    {
        build(graph);
        graph.Validate();
        ADD_FAILURE() << "expected an InputError with: " << expected;
    }
    catch (const InputError& error)
    {
        EXPECT_NE(std::string(error.what()).find(expected), std::string::npos)
            << "expected: " << expected << "\nactual:   " << error.what();
    }
}

TEST(TaskGraph, ExampleOfTheHeaderIsValid)
{
    TaskGraph g(8);
    CommId world = g.AddCommunicator("world", {0, 1, 2, 3, 4, 5, 6, 7});
    for (Rank r = 0; r < 8; ++r)
    {
        ComputeSpec spec;
        spec.label = "mlp";
        spec.flops = 1e12;
        TaskId k = g.AddCompute(r, spec);
        g.AddCollective(r, world, AllReduce(1 << 20), {k});
    }
    EXPECT_NO_THROW(g.Validate());
    EXPECT_EQ(g.labels().size(), 2U);
    EXPECT_EQ(g.program(3).size(), 2U);
    EXPECT_EQ(g.tasks()[g.program(3)[1]].sequence, 0U);
}

TEST(TaskGraph, MistakesAreNamed)
{
    ExpectError([](TaskGraph& g) { g.AddCompute(2, {}); }, "rank 2 does not exist");
    ExpectError([](TaskGraph& g) { g.AddCommunicator("twice", {0, 0}); }, "lists rank 0 twice");
    ExpectError([](TaskGraph& g) { g.AddCommunicator("empty", {}); }, "has no ranks");
    ExpectError([](TaskGraph& g)
                { g.AddCollective(0, g.AddCommunicator("solo", {1}), AllReduce(1)); },
                "rank 0 is no member of communicator 'solo'");
    ExpectError([](TaskGraph& g) { g.AddCollective(0, 7, AllReduce(1)); },
                "number 7 does not exist");
    ExpectError([](TaskGraph& g) { g.AddCollective(0, 0, AllReduce(4)); },
                "collective 'sum' of rank 0 (call 0 on 'world') is never joined by rank 1");
    ExpectError([](TaskGraph& g) { g.AddCollective(0, 0, AllReduce(0)); }, "zero bytes");
    ExpectError(
        [](TaskGraph& g)
        {
            g.AddCollective(0, 0, AllReduce(4));
            g.AddCollective(1, 0, AllReduce(8));
        },
        "4 bytes against 8");
    ExpectError(
        [](TaskGraph& g)
        {
            CollectiveSpec gather = AllReduce(4);
            gather.kind = CollectiveKind::AllGather;
            g.AddCollective(0, 0, AllReduce(4));
            g.AddCollective(1, 0, gather);
        },
        "one is all-reduce, the other all-gather");
    ExpectError(
        [](TaskGraph& g)
        {
            g.AddCollective(0, 0, AllToAll({1, 2, 3}));
            g.AddCollective(1, 0, AllToAll({1, 2}));
        },
        "gives bytes for 3 peers; the communicator has 2");
    ExpectError(
        [](TaskGraph& g)
        {
            g.AddCollective(0, 0, AllToAll({0, 0}));
            g.AddCollective(1, 0, AllToAll({0, 0}));
        },
        "zero bytes");
    ExpectError([](TaskGraph& g) { g.AddSend(0, 1, 4, 9, "out"); },
                "send 'out' of rank 0 to 1 (tag 9) has no matching recv: 1 sends, 0 receives");
    ExpectError(
        [](TaskGraph& g)
        {
            g.AddSend(0, 1, 4, 9, "out");
            g.AddRecv(1, 0, 5, 9, "in");
        },
        "4 bytes against 5");
    ExpectError([](TaskGraph& g) { g.AddSend(0, 0, 4, 9, "out"); }, "with itself");
    ExpectError([](TaskGraph& g) { g.AddCompute(0, {}, {5}); }, "depends on task 5");
    ExpectError([](TaskGraph& g) { g.AddCompute(1, {}, {g.AddCompute(0, {})}); },
                "dependencies join tasks of one rank");
}

TEST(TaskGraph, AnUnevenRowMayBeEmpty)
{
    TaskGraph g(2);
    CommId world = g.AddCommunicator("world", {0, 1});
    g.AddCollective(0, world, AllToAll({0, 0}));
    TaskId id = g.AddCollective(1, world, AllToAll({3, 4}));
    EXPECT_NO_THROW(g.Validate());
    EXPECT_EQ(g.tasks()[id].bytes, 7U) << "bytes are the sum of the row";
}

TEST(TaskGraph, CyclesThroughMatchingAreFound)
{
    // Two collectives in opposite order, tied by dependencies.
    ExpectError(
        [](TaskGraph& g)
        {
            g.AddCollective(0, 1, AllReduce(4), {g.AddCollective(0, 0, AllReduce(4))});
            g.AddCollective(1, 0, AllReduce(4), {g.AddCollective(1, 1, AllReduce(4))});
        },
        "cycle");
    // Both ranks receive before they send.
    ExpectError(
        [](TaskGraph& g)
        {
            for (Rank r : {0U, 1U})
            {
                g.AddSend(r, 1 - r, 4, 0, "out", {g.AddRecv(r, 1 - r, 4, 0, "in")});
            }
        },
        "send 'out' of rank");
    // A compute task that waits for its own successor in the stream.
    ExpectError(
        [](TaskGraph& g)
        {
            g.AddCompute(0, {}, {1});
            g.AddCompute(0, {});
        },
        "cycle");
    // Independent operations in opposite order are fine.
    TaskGraph g(2);
    CommId a = g.AddCommunicator("a", {0, 1});
    CommId b = g.AddCommunicator("b", {1, 0});
    g.AddCollective(0, a, AllReduce(4));
    g.AddCollective(0, b, AllReduce(4));
    g.AddCollective(1, b, AllReduce(4));
    g.AddCollective(1, a, AllReduce(4));
    g.AddSend(0, 1, 4, 0, "out");
    g.AddRecv(0, 1, 4, 0, "in");
    g.AddSend(1, 0, 4, 0, "out");
    g.AddRecv(1, 0, 4, 0, "in");
    EXPECT_NO_THROW(g.Validate());
}

TEST(TaskGraph, DigestSeesContentNotInterleaving)
{
    auto build = [](bool rankMajor, uint64_t bytes, const char* label)
    {
        TaskGraph g(2);
        CommId world = g.AddCommunicator("world", {0, 1});
        auto compute = [&](Rank r)
        {
            ComputeSpec spec;
            spec.label = label;
            return g.AddCompute(r, spec);
        };
        if (rankMajor)
        {
            for (Rank r : {0U, 1U})
            {
                g.AddCollective(r, world, AllReduce(bytes), {compute(r)});
            }
        }
        else
        {
            TaskId one = compute(1);
            TaskId zero = compute(0);
            g.AddCollective(1, world, AllReduce(bytes), {one});
            g.AddCollective(0, world, AllReduce(bytes), {zero});
        }
        return g.Digest();
    };
    EXPECT_EQ(build(true, 4, "x"), build(false, 4, "x"));
    EXPECT_NE(build(true, 4, "x"), build(true, 5, "x"));
    EXPECT_NE(build(true, 4, "x"), build(true, 4, "y"));
}

} // namespace

} // namespace heddle
