// SPDX-License-Identifier: GPL-2.0-only
#include "run/world/ideal-world.h"

#include "run/world/retime.h"

#include <algorithm>

namespace heddle
{

namespace
{

/// Keeps events of different ends apart in time, where zero would tie them.
constexpr Tick kNoLatency = 1;

/// Packets in flight that may overtake each other under ideal balance.
constexpr uint32_t kWideReorderWindow = 8192;

void
RemoveLatency(Topology& topology)
{
    for (Topology::Link& link : topology.links)
    {
        link.delay = kNoLatency;
    }
    topology.switchConfig.forwardingLatency = 0;
    for (auto& row : topology.extraLatency)
    {
        std::fill(row.begin(), row.end(), 0);
    }
    for (InteriorPath& path : topology.interiorPaths)
    {
        path = {};
    }
}

JitterModel
Scaled(JitterModel jitter, double scale)
{
    if (scale == 1)
    {
        return jitter;
    }
    const auto factor = [scale](double f) { return std::max(0.05, 1 + (f - 1) * scale); };
    jitter.persistentSigma *= scale;
    jitter.kernelSigma *= scale;
    jitter.slowHostFactor = factor(jitter.slowHostFactor);
    for (auto& [rank, slowdown] : jitter.slowdown)
    {
        slowdown = factor(slowdown);
    }
    return jitter;
}

} // namespace

Topology
TopologyOn(const FabricPlan& fabric, const RungPlan& rung)
{
    Topology topology = rung.noFailures ? fabric.pristine : fabric.topology;
    for (const LinkState& state : rung.states)
    {
        Topology::Link& link = topology.links[state.link];
        link.up = state.share > 0;
        link.rate = link.up ? Derated(link.rate, state.share) : link.rate;
    }
    if (rung.idealBalance)
    {
        topology.switchConfig.loadBalancer = "adaptive";
        topology.switchConfig.loadBalancerParameters.clear();
    }
    if (rung.idealFabric)
    {
        topology = IdealFabric(topology);
    }
    if (rung.zeroLatency)
    {
        RemoveLatency(topology);
    }
    return topology;
}

TransportConfig
TransportOn(const FabricPlan& fabric, const RungPlan& rung)
{
    TransportConfig config = fabric.transport;
    if (rung.idealFabric)
    {
        // Nothing to control: it has no queues inside.
        config.congestionControl = "none";
        config.congestionControlParameters.clear();
        config.windowPackets = 0;
    }
    if (rung.idealBalance || rung.idealFabric)
    {
        config.portChoice = "spray"; // as even as it gets
        const bool several = fabric.topology.portsPerNic > 1;
        config.reliability = several ? "selective-repeat" : config.reliability;
    }
    if (rung.idealBalance && !rung.idealFabric)
    {
        config.reliability = "selective-repeat";
        config.reorderWindowPackets = std::max(config.reorderWindowPackets, kWideReorderWindow);
    }
    if (rung.zeroLatency)
    {
        config.sendLatency = 0;
        config.receiveLatency = 0;
    }
    return config;
}

std::vector<LinkEvent>
EventsOn(const FabricPlan& fabric, const RungPlan& rung)
{
    return rung.noFailures || rung.idealFabric ? std::vector<LinkEvent>{} : fabric.events;
}

TaskGraph
GraphOn(const Plan& plan, const RungPlan& rung)
{
    const TaskGraph& graph = plan.workload.graph;
    if (rung.balancedWork)
    {
        return WithBalancedWork(graph, plan.cluster.accelerator);
    }
    return rung.computeSpeed == 1 ? graph
                                  : WithSpeed(graph, plan.cluster.accelerator, rung.computeSpeed);
}

JobConfig
JobConfigOn(const Plan& plan, const RungPlan& rung)
{
    JobConfig config;
    config.accelerator = plan.cluster.accelerator;
    config.jitter = Scaled(plan.cluster.jitter, rung.jitterScale);
    config.scaleUp = plan.cluster.scaleUp;
    config.ideal = rung.ideal;
    config.seed = plan.seed;
    return config;
}

} // namespace heddle
