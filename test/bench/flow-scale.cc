// SPDX-License-Identifier: GPL-2.0-only
//
// heddle-flow-scale [ACCELERATORS]…: what the flow level costs as clusters grow. Two layers of a
// mixture of experts, forward and backward: per layer and direction a kernel, dispatch, a kernel,
// combine; expert groups of 64 accelerators (8 hosts), 64 MiB per accelerator and all-to-all.
// Rail-optimised fabric of 400 Gb/s, 32 hosts to a group, adaptive routing, PXN, 1 % jitter.
// NCCL's software layer, but one message per pair of ranks instead of chunks of 128 KiB on four
// channels. Default: 1024 2048 4096 8192 16384, each in a process of its own.
#include "ns3/base-errors.h"
#include "ns3/collectives-presets.h"
#include "ns3/rdma-flow-transport.h"
#include "ns3/training-job.h"
#include "ns3/training-scale-out.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::bench
{

namespace
{

constexpr uint32_t kPerHost = 8;
constexpr uint32_t kGroup = 64;
constexpr uint32_t kLayers = 2;
constexpr uint64_t kBytes = 64ULL << 20;

double
CpuSeconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return t.tv_sec + 1e-6 * t.tv_usec; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TaskGraph
MakeGraph(uint32_t ranks)
{
    TaskGraph graph(ranks);
    for (uint32_t first = 0; first < ranks; first += kGroup)
    {
        std::vector<Rank> members(kGroup);
        std::iota(members.begin(), members.end(), first);
        const CommId experts = graph.AddCommunicator("ep" + std::to_string(first), members);
        for (Rank rank : members)
        {
            std::vector<TaskId> before;
            for (uint32_t i = 0; i < 4 * kLayers; ++i)
            {
                ComputeSpec kernel;
                kernel.label = "experts";
                kernel.fixedSeconds = 300e-6;
                before = {graph.AddCompute(rank, kernel, before)};
                CollectiveSpec exchange;
                exchange.label = "all-to-all";
                exchange.kind = CollectiveKind::AllToAll;
                exchange.bytes = kBytes;
                before = {graph.AddCollective(rank, experts, exchange, before)};
            }
        }
    }
    return graph;
}

Topology
MakeFabric(uint32_t ranks)
{
    ClusterShape shape;
    shape.hosts = ranks / kPerHost;
    shape.acceleratorsPerHost = kPerHost;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {ParseTime("100ns"), ParseTime("250ns")};
    shape.switchConfig.forwardingLatency = ParseTime("700ns");
    shape.switchConfig.loadBalancer = "adaptive";
    return BuildTopology("rail-optimised", shape, {{"hosts_per_group", "32"}});
}

RankLayout
MakeLayout(const Topology& topology)
{
    RankLayout layout;
    for (Rank rank = 0; rank < topology.nics; ++rank)
    {
        const uint32_t host = rank / kPerHost;
        layout.places.push_back({host, host, rank % kPerHost, topology.leafOfNic[rank]});
    }
    return layout;
}

/// Prints the row of one size.
void
Measure(uint32_t ranks)
{
    const TaskGraph graph = MakeGraph(ranks);
    const Topology topology = MakeFabric(ranks);
    TransportConfig transportConfig;
    transportConfig.ackEveryPackets = 16;
    transportConfig.sendLatency = ParseTime("700ns");
    transportConfig.receiveLatency = ParseTime("600ns");
    EventCore core({.seed = 1});
    FlowNetwork network(core, topology, FlowNetworkConfigFor(transportConfig));
    FlowTransport transport(core, network, transportConfig);
    ScaleOutOver<FlowTransport> scaleOut(transport);
    SoftwareModel software = FindPreset("nccl-h100");
    software.p2pChunkBytes = 0;
    software.p2pChannelsPerPeer = 1;
    const Expander expander({}, MakeLayout(topology), software);
    JobConfig config;
    config.accelerator = {"h100-sxm", 989e12, 0.65, 3.35e12, 0.85};
    config.scaleUp = {ParseRate("450GBps"), ParseTime("830ns")};
    config.jitter.kernelSigma = 0.01;
    config.jitter.persistentSigma = 0.01;
    Job job(core, graph, expander, scaleOut, config);
    const double ready = CpuSeconds();
    job.Start();
    core.RunUntil(kForever);
    const double ran = CpuSeconds();
    const JobResult result = job.Result();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%12u %11llu %10.3f %9.2f %9.2f %9.2f %9.2f %11llu %9.2f\n",
                ranks,
                static_cast<unsigned long long>(result.scaleOutMessages),
                1e3 * ToSeconds(result.stepTime),
                ready,
                ran - ready,
                CpuSeconds() - ran,
                CpuSeconds(),
                static_cast<unsigned long long>(network.recomputations()),
                static_cast<double>(usage.ru_maxrss) / (1 << 20));
}

} // namespace

} // namespace heddle::bench

int
main(int argc, char** argv)
{
    std::vector<uint32_t> sizes{1024, 2048, 4096, 8192, 16384};
    if (argc > 1)
    {
        sizes.clear();
    }
    for (int i = 1; i < argc; ++i)
    {
        sizes.push_back(static_cast<uint32_t>(std::strtoul(argv[i], nullptr, 10)));
        if (sizes.back() == 0 || sizes.back() % heddle::bench::kGroup != 0)
        {
            std::fprintf(stderr, "heddle-flow-scale: '%s' is no multiple of 64\n", argv[i]);
            return 2;
        }
    }
    std::printf("accelerators    messages    step ms   setup s     run s  result s   total s   "
                "solutions       GiB\n");
    for (uint32_t ranks : sizes)
    {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0)
        {
            heddle::bench::Measure(ranks);
            std::fflush(stdout);
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0)
        {
            std::fprintf(stderr, "heddle-flow-scale: %u accelerators failed\n", ranks);
            return 1;
        }
    }
    return 0;
}
