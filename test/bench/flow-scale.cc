// SPDX-License-Identifier: GPL-2.0-only
//
// heddle-flow-scale [--messages] [--steps N] [ACCELERATORS]…: what the flow level costs as clusters
// grow, and with --steps how jitter grows with them. Two layers of a mixture of experts, forward
// and backward: per layer and direction a kernel, dispatch, a kernel, combine; expert groups of 64
// accelerators (8 hosts), 64 MiB per accelerator and all-to-all. Rail-optimised fabric of 400 Gb/s,
// 32 hosts to a group, adaptive routing, PXN, 1 % jitter between accelerators (drifting over 100
// steps) and 1 % between kernels. NCCL's software layer. --messages: by messages, one per pair of
// ranks. Each size in a process of its own.
#include "ns3/base-errors.h"
#include "ns3/collectives-presets.h"
#include "ns3/fabric-coflow-network.h"
#include "ns3/rdma-flow-routes.h"
#include "ns3/rdma-flow-transport.h"
#include "ns3/training-job.h"
#include "ns3/training-scale-out.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
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
    return BuildTopology("rail-optimised",
                         shape,
                         {{"hosts_per_group", std::to_string(std::min(32U, shape.hosts))}});
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

/// All that a job needs.
struct World
{
    explicit World(uint32_t ranks) : graph(MakeGraph(ranks)), topology(MakeFabric(ranks))
    {
        transport.ackEveryPackets = 16;
        transport.sendLatency = ParseTime("700ns");
        transport.receiveLatency = ParseTime("600ns");
        config.accelerator = {"h100-sxm", 989e12, 0.65, 3.35e12, 0.85};
        config.scaleUp = {ParseRate("450GBps"), ParseTime("830ns")};
        config.jitter.kernelSigma = 0.01;
        config.jitter.persistentSigma = 0.01;
        config.jitter.driftSteps = 100;
    }

    TaskGraph graph;
    Topology topology;
    TransportConfig transport;
    JobConfig config;
};

double
PeakGiB()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

void
PrintCost(uint32_t ranks, const JobResult& result, const double (&at)[3], uint64_t solutions)
{
    std::printf("%12u %11llu %10.3f %9.2f %9.2f %9.2f %9.2f %11llu %9.3f\n",
                ranks,
                static_cast<unsigned long long>(result.scaleOutMessages),
                1e3 * ToSeconds(result.stepTime),
                at[0],
                at[1] - at[0],
                at[2] - at[1],
                at[2],
                static_cast<unsigned long long>(solutions),
                PeakGiB());
}

/// By messages: one per pair of ranks instead of chunks of 128 KiB on four channels.
void
MeasureMessages(uint32_t ranks)
{
    const World world(ranks);
    EventCore core({.seed = 1});
    FlowNetwork network(core, world.topology, FlowNetworkConfigFor(world.transport));
    FlowTransport transport(core, network, world.transport);
    ScaleOutOver<FlowTransport> scaleOut(transport);
    SoftwareModel software = FindPreset("nccl-h100");
    software.p2pChunkBytes = 0;
    software.p2pChannelsPerPeer = 1;
    const Expander expander({}, MakeLayout(world.topology), software);
    Job job(core, world.graph, expander, scaleOut, world.config);
    const double ready = CpuSeconds();
    job.Start();
    core.RunUntil(kForever);
    const double ran = CpuSeconds();
    const JobResult result = job.Result();
    PrintCost(ranks, result, {ready, ran, CpuSeconds()}, network.recomputations());
}

/// By whole collectives, all chunks and channels of NCCL.
void
MeasureFused(uint32_t ranks)
{
    const World world(ranks);
    EventCore core({.seed = 1});
    FlowRoutes routes(core, world.topology, world.transport);
    const Expander expander({}, MakeLayout(world.topology), FindPreset("nccl-h100"));
    Job job(core, world.graph, expander, &routes, world.config);
    const double ready = CpuSeconds();
    job.Start();
    core.RunUntil(kForever);
    const double ran = CpuSeconds();
    const JobResult result = job.Result();
    PrintCost(ranks, result, {ready, ran, CpuSeconds()}, job.coflows()->recomputations());
}

/// Many steps: how jitter grows with the number of accelerators that wait for the slowest.
void
MeasureSteps(uint32_t ranks, uint32_t steps)
{
    const World world(ranks);
    EventCore core({.seed = 1});
    FlowRoutes routes(core, world.topology, world.transport);
    const Expander expander({}, MakeLayout(world.topology), FindPreset("nccl-h100"));
    Job job(core, world.graph, expander, &routes, world.config);
    std::vector<Tick> times;
    double squares = 0;
    Tick steady = 0;
    job.Repeat(steps,
               [&](uint32_t step, const JobResult& result)
               {
                   if (step == steps)
                   {
                       steady = result.stepTime;
                       return;
                   }
                   times.push_back(result.stepTime);
                   for (const RankLedger& rank : result.ranks)
                   {
                       squares += std::pow(ToSeconds(rank.busyJitter), 2);
                   }
               });
    const double ready = CpuSeconds();
    job.Start();
    core.RunUntil(kForever);
    const double ran = CpuSeconds();
    std::sort(times.begin(), times.end());
    double sum = 0;
    for (Tick time : times)
    {
        sum += ToSeconds(time);
    }
    std::string p99 = "-"; // ten steps must lie beyond it
    if (steps >= 1000)
    {
        char text[32];
        std::snprintf(text, sizeof text, "%.3f", 1e3 * ToSeconds(times[steps * 99ULL / 100]));
        p99 = text;
    }
    const double own = std::sqrt(squares / (double(ranks) * steps));
    std::printf("%12u %7u %10.3f %10.3f %10.3f %10s %9.3f %9.2f %9.4f %9.3f\n",
                ranks,
                steps,
                1e3 * ToSeconds(steady),
                1e3 * sum / steps,
                1e3 * ToSeconds(times[times.size() / 2]),
                p99.c_str(),
                1e3 * own,
                (sum / steps - ToSeconds(steady)) / own,
                (ran - ready) / (steps + 1),
                PeakGiB());
}

} // namespace

} // namespace heddle::bench

namespace
{

int
Refuse(const char* text)
{
    std::fprintf(stderr,
                 "heddle-flow-scale: '%s' is neither --messages, --steps N, nor a multiple of 64\n",
                 text);
    return 2;
}

} // namespace

int
main(int argc, char** argv)
{
    std::vector<uint32_t> sizes;
    uint32_t steps = 0;
    bool messages = false;
    for (int i = 1; i < argc; ++i)
    {
        const std::string word = argv[i];
        const bool counts = word == "--steps" && i + 1 < argc;
        const unsigned long number = std::strtoul(argv[counts ? ++i : i], nullptr, 10);
        messages = messages || word == "--messages";
        if (counts)
        {
            steps = static_cast<uint32_t>(number);
        }
        else if (word != "--messages")
        {
            sizes.push_back(static_cast<uint32_t>(number));
        }
        if ((counts && number == 0) || (!counts && word != "--messages" &&
                                        (number == 0 || number % heddle::bench::kGroup != 0)))
        {
            return Refuse(word.c_str());
        }
    }
    if (sizes.empty() && steps > 0)
    {
        sizes = {64, 256, 1024, 4096, 16384};
    }
    else if (sizes.empty())
    {
        sizes = {1024, 2048, 4096, 8192, 16384};
    }
    std::puts(steps > 0
                  ? "accelerators   steps  steady ms    mean ms     p50 ms     p99 ms    own ms "
                    "amplific.  CPU s/st       GiB"
                  : "accelerators    messages    step ms   setup s     run s  result s   total s   "
                    "solutions       GiB");
    for (uint32_t ranks : sizes)
    {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0)
        {
            steps > 0  ? heddle::bench::MeasureSteps(ranks, steps)
            : messages ? heddle::bench::MeasureMessages(ranks)
                       : heddle::bench::MeasureFused(ranks);
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
