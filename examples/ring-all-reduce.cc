// SPDX-License-Identifier: GPL-2.0-only
// A ring all-reduce over 8 accelerators on one switch: a task graph, a job, and the closed form
// 2(N-1)/N · S/B + 2(N-1)·alpha beside it.
#include "ns3/base-units.h"
#include "ns3/training-job.h"

#include <cstdio>

using namespace heddle;

int
main()
{
    const Rank ranks = 8;
    const uint64_t bytes = 64 << 20;
    TaskGraph graph(ranks);
    const CommId world = graph.AddCommunicator("world", {0, 1, 2, 3, 4, 5, 6, 7});
    for (Rank r = 0; r < ranks; ++r)
    {
        CollectiveSpec reduce;
        reduce.label = "all-reduce";
        reduce.kind = CollectiveKind::AllReduce;
        reduce.bytes = bytes;
        graph.AddCollective(r, world, reduce);
    }
    graph.Validate();

    ClusterShape shape;
    shape.hosts = ranks;
    shape.acceleratorsPerHost = 1;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {ParseTime("500ns")};
    shape.switchConfig.forwardingLatency = ParseTime("500ns");
    const Topology topology = BuildTopology("single-switch", shape, {});

    EventCore core({});
    Network network(core, topology);
    TransportConfig config;
    config.reliability = "go-back-n";
    config.ackEveryPackets = 64; // one per packet would take 2 % of the line
    Transport transport(core, network, config);
    RankLayout layout;
    for (Rank r = 0; r < ranks; ++r)
    {
        layout.places.push_back({r, r, 0, 0}); // one accelerator per host, all on leaf 0
    }
    const Expander expander({}, layout, {});
    JobConfig jobConfig;
    jobConfig.accelerator = {"any", 1e15, 1, 1e13, 1};
    jobConfig.scaleUp = {ParseRate("3.6Tbps"), ParseTime("1us")};
    Job job(core, graph, expander, &transport, jobConfig);
    job.Start();
    core.RunUntil(kForever);

    const JobResult result = job.Result();
    const double goodput = shape.nicRate.bytesPerSecond() * 4096 / (4096 + 82);
    const double alpha = 1.5e-6; // two links and one switch
    const double expected = 2 * 7 / 8.0 * static_cast<double>(bytes) / goodput + 14 * alpha;
    std::printf("expectation: about %.0f us\n", expected * 1e6);
    std::printf("actual:            %.0f us, bus bandwidth %.1f GB/s\n",
                ToSeconds(result.stepTime) * 1e6,
                result.collectives.at(0).busBandwidth / 1e9);
    return 0;
}
