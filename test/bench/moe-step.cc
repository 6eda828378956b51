// SPDX-License-Identifier: GPL-2.0-only
//
// W5, "moe-step-256": one training step of a slice of Qwen3-235B-A22B (4 of 94 layers, without
// embedding and head) on 256 H100, 32 hosts of 8. Four pipeline stages of one layer; in each,
// expert parallel 64 (8 hosts) and data parallel 64; two micro-batches of 256 tokens, BF16 with
// FP32 gradients: token counts, dispatch and combine forward and backward, activations between
// stages, parameter all-gathers, gradient reduce-scatters, optimizer. Rail-optimised fabric, 16
// hosts to a group, 400 Gb/s NICs; NCCL's software layer. Scale-up transfers (NVLink, PXN) run in
// the same event loop, at flow level.
#include "world.h"

#include "ns3/base-errors.h"
#include "ns3/collectives-generator.h"
#include "ns3/collectives-presets.h"
#include "ns3/training-job.h"

namespace heddle::bench
{

namespace
{

constexpr uint32_t kHosts = 32;
constexpr uint32_t kPerHost = 8;
constexpr uint32_t kStages = 4;

Step
MakeStep()
{
    StepSpec spec;
    spec.model = FindModel("qwen3-235b-a22b");
    spec.sequenceLength = 256;
    spec.microBatches = 2;
    spec.pp = kStages;
    spec.ep = spec.dp = kHosts * kPerHost / kStages;
    spec.layers = kStages;
    spec.head = false;
    return BuildStep(spec);
}

Topology
MakeFabric()
{
    ClusterShape shape;
    shape.hosts = kHosts;
    shape.acceleratorsPerHost = kPerHost;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {ParseTime("500ns")};
    SwitchConfig& config = shape.switchConfig;
    config.forwarding = Forwarding::CutThrough;
    config.forwardingLatency = ParseTime("500ns");
    config.bufferBytes = ParseSize("64MB");
    const TransportConfig transport = PlainTransport();
    ClassConfig& data = config.classes[transport.dataClass];
    data.lossless = true;
    data.ecn = true;
    data.kminBytes = ParseSize("1600kB"); // HPCC's 100 Gb/s setting, scaled by rate
    data.kmaxBytes = ParseSize("6400kB");
    data.pmax = 0.2;
    ClassConfig& control = config.classes[transport.controlClass];
    control.lossless = true;
    control.strict = true;
    return BuildTopology("rail-optimised", shape, {{"hosts_per_group", "16"}});
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

/// H100 SXM: 989 TFLOP/s dense BF16, 3.35 TB/s, NVLink 450 GB/s per direction (datasheet);
/// efficiencies and 2 % of kernel jitter are assumptions.
JobConfig
MakeJobConfig()
{
    JobConfig config;
    config.accelerator = {"h100-sxm", 989e12, 0.65, 3.35e12, 0.85};
    config.scaleUp = {ParseRate("450GBps"), ParseTime("830ns")};
    config.jitter.kernelSigma = 0.02;
    return config;
}

} // namespace

RunResult
RunMoeStep(Observe observe, uint32_t threads)
{
    const Step step = MakeStep();
    const Topology topology = MakeFabric();
    const Partitioning parts = CutFor(topology, kPerHost, threads);
    EventCore core(CoreConfig(parts, threads));
    Network network(core, topology, parts);
    const TransportConfig config = PlainTransport();
    Transport transport(core, network, config);
    const Expander expander({}, MakeLayout(topology), FindPreset("nccl-h100"));
    JobConfig jobConfig = MakeJobConfig();
    jobConfig.partitionOfRank = parts.ofNic;
    Job job(core, step.graph, expander, &transport, jobConfig);
    job.Start();
    RunResult result;
    RunPhase(core, network, observe, result);
    const JobResult outcome = job.Result(); // RunError with who waits for whom
    TakeCounters(network, transport, result);
    HEDDLE_CHECK(result.retransmits == 0, "W5 was meant to be lossless");
    result.flows = outcome.scaleOutMessages;
    result.scaleUpHops = 2 * (outcome.scaleUpBytes / config.mtuPayloadBytes);
    result.simulated = outcome.stepTime;
    return result;
}

} // namespace heddle::bench
