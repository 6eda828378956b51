// SPDX-License-Identifier: GPL-2.0-only
#include "training-fused-bench.h"

#include "ns3/fabric-network.h"
#include "ns3/rdma-transport.h"
#include "ns3/training-scale-out.h"

namespace heddle
{

Topology
FusedBench::MakeTopology() const
{
    ClusterShape shape;
    shape.hosts = hosts;
    shape.acceleratorsPerHost = perHost;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {ParseTime("500ns")};
    shape.switchConfig.forwardingLatency = ParseTime("500ns");
    shape.switchConfig.loadBalancer = loadBalancer;
    shape.switchConfig.bufferBytes = 64'000'000;
    for (ClassConfig& c : shape.switchConfig.classes)
    {
        c.lossless = true;
    }
    shape.switchConfig.classes[6].strict = true; // acknowledgements
    return BuildTopology(topology, shape, parameters);
}

JobResult
FusedBench::Run(const TaskGraph& graph, Level level) const
{
    Topology net = MakeTopology();
    for (const auto& [link, rate] : rates)
    {
        net.links[link].rate = rate;
    }
    RankLayout layout;
    for (Rank rank = 0; rank < net.nics; ++rank)
    {
        const uint32_t host = rank / perHost;
        layout.places.push_back({host, host, rank % perHost, net.leafOfNic[rank]});
    }
    const Expander expander(algorithms, layout, software);
    EventCore core({.seed = 1});
    if (level == Level::Fused)
    {
        FlowRoutes routes(core, net, transport);
        Job job(core, graph, expander, config.ideal.infiniteScaleOut ? nullptr : &routes, config);
        job.Start();
        core.RunUntil(kForever);
        return job.Result();
    }
    if (level == Level::Packets)
    {
        const Partitioning parts = PartitionTopology(net, {}, 1);
        Network network(core, net, parts);
        Transport messages(core, network, transport);
        Job job(core, graph, expander, &messages, config);
        job.Start();
        core.RunUntil(kForever);
        return job.Result();
    }
    FlowNetwork network(core, net, FlowNetworkConfigFor(transport));
    FlowTransport flows(core, network, transport);
    ScaleOutOver<FlowTransport> scaleOut(flows);
    Job job(core, graph, expander, scaleOut, config);
    job.Start();
    core.RunUntil(kForever);
    return job.Result();
}

} // namespace heddle
