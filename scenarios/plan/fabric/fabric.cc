// SPDX-License-Identifier: GPL-2.0-only
#include "loader/choice.h"
#include "plan/fabric/tiers.h"
#include "plan/fabric/traffic-classes.h"
#include "plan/faults/faults.h"

#include "ns3/base-registry.h"
#include "ns3/rdma-port-choice.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

ClassConfig
ReadDataClass(const ScenarioNode& node, bool marks)
{
    ClassConfig data;
    data.lossless = node.Flag("pfc", true);
    if (!marks)
    {
        node.NotUsedBecause("ecn", "the congestion control 'none' does not listen to marks");
        return data;
    }
    const ScenarioNode ecn = node.Child("ecn");
    data.ecn = true;
    data.kminBytes = ecn.Size("kmin", 800'000);
    data.kmaxBytes = ecn.Size("kmax", 3'200'000);
    data.pmax = ecn.Ratio("pmax", 0.2);
    if (data.kmaxBytes < data.kminBytes)
    {
        ecn.Fail("kmax", "is below kmin.");
    }
    return data;
}

Forwarding
ReadForwarding(const ScenarioNode& node)
{
    const std::string name = node.Text("forwarding", "cut-through");
    if (name != "cut-through" && name != "store-and-forward")
    {
        node.Fail("forwarding",
                  "unknown forwarding '" + name + "'." +
                      DidYouMean(name, {"cut-through", "store-and-forward"}));
    }
    return name == "cut-through" ? Forwarding::CutThrough : Forwarding::StoreAndForward;
}

SwitchConfig
ReadSwitch(const ScenarioNode& node, const TransportConfig& transport)
{
    SwitchConfig config;
    config.forwarding = ReadForwarding(node);
    config.forwardingLatency = node.Time("forwarding_latency", 700 * kNanosecond);
    config.bufferBytes = node.Size("buffer", 64'000'000);
    if (config.bufferBytes > 0)
    {
        config.alpha = node.Ratio("alpha", 1);
    }
    node.NotUsedBecause("alpha", "the buffer is unlimited");
    const ClassConfig data = ReadDataClass(node, transport.congestionControl != "none");
    config.classes[transport.dataClass] = data;
    config.classes[transport.controlClass].strict = true;
    for (const char* field : {"headroom", "xon_offset", "pause_response"})
    {
        node.NotUsedBecause(field, "pfc is off or the buffer unlimited");
    }
    if (data.lossless && config.bufferBytes > 0)
    {
        config.headroomBytes = node.Size("headroom", 0);
        config.xonOffsetBytes = node.Size("xon_offset", 18'432);
        config.pauseResponse = node.Time("pause_response", 1300 * kNanosecond);
    }
    config.mtuWireBytes = DataWireBytes(transport.mtuPayloadBytes, true);
    return config;
}

TransportConfig
ReadTransport(const ScenarioNode& node)
{
    TransportConfig config;
    config.mtuPayloadBytes = static_cast<uint32_t>(node.Size("mtu", 4096));
    if (config.mtuPayloadBytes < 256)
    {
        node.Fail("mtu", "must be 256 B to 4096 B.");
    }
    config.reliability = node.Text("reliability", "selective-repeat");
    CheckName(node, "reliability", "reliability", config.reliability);
    const ChosenModel control =
        ReadChoice(node, "congestion_control", "congestion-control", "none");
    config.congestionControl = control.name;
    config.congestionControlParameters = control.given;
    config.ackEveryPackets = static_cast<uint32_t>(node.Count("ack_every_packets", 16));
    config.retransmissionTimeout = node.Time("retransmission_timeout", 0);
    config.retryLimit = static_cast<uint32_t>(node.Count("retry_limit", 0));
    config.windowPackets = static_cast<uint32_t>(node.Count("window_packets", 0));
    if (config.reliability != "go-back-n")
    {
        config.reorderWindowPackets =
            static_cast<uint32_t>(node.Count("reorder_window_packets", 1024));
    }
    node.NotUsedBecause("reorder_window_packets", "go-back-n keeps nothing out of order");
    config.sendLatency = node.Time("send_latency", 700 * kNanosecond);
    config.receiveLatency = node.Time("receive_latency", 600 * kNanosecond);
    return config;
}

bool
HasSeveralPaths(const Topology& topology)
{
    std::vector<uint32_t> uplinks(topology.switches.size());
    for (const Topology::Link& link : topology.links)
    {
        if (link.a.isSwitch && link.b.isSwitch)
        {
            const uint32_t tierA = topology.switches[link.a.index].tier;
            const uint32_t tierB = topology.switches[link.b.index].tier;
            ++uplinks[tierA <= tierB ? link.a.index : link.b.index];
        }
    }
    return std::any_of(uplinks.begin(), uplinks.end(), [](uint32_t n) { return n > 1; });
}

/// What a calibration says of the NICs; their optics are still those of the full rate.
void
DerateNics(double efficiency, FabricPlan& plan)
{
    for (Topology* topology : {&plan.topology, &plan.pristine})
    {
        for (Topology::Link& link : topology->links)
        {
            link.rate = link.tier == 0 ? Derated(link.rate, efficiency) : link.rate;
        }
    }
}

/// Builds the topology; how many tiers it has is known only then, and other tiers' fields are
/// left unread.
std::vector<TierPlan>
BuildWithTiers(const ScenarioNode& fabric,
               const ChosenModel& chosen,
               ClusterShape shape,
               bool floorPlan,
               FabricPlan& plan)
{
    const auto build = [&]
    {
        return fabric.Child("topology")
            .At("name", [&] { return BuildTopology(chosen.name, shape, chosen.given); });
    };
    shape.delayByTier.assign(std::size(kTiers), 0);
    for (size_t i = 1; i < std::size(kTiers); ++i)
    {
        const auto rate = fabric.Peek(kTiers[i].field, "rate");
        shape.rateByTier.push_back(rate ? ParseRate(*rate) : BitRate());
    }
    const Topology first = build();
    const BitRate portRate(shape.nicRate.bps() / first.portsPerNic);
    uint32_t tierCount = 0;
    for (const Topology::Link& link : first.links)
    {
        tierCount = std::max(tierCount, link.tier + 1);
    }
    HEDDLE_CHECK(tierCount <= std::size(kTiers), "more tiers of links than the schema knows");
    std::vector<TierPlan> tiers;
    for (size_t i = 0; i < tierCount; ++i)
    {
        tiers.push_back(ReadTier(fabric, i, portRate, floorPlan));
        if (i > 0)
        {
            shape.rateByTier[i - 1] = tiers[i].rate;
        }
    }
    for (size_t i = tierCount; i < std::size(kTiers); ++i)
    {
        fabric.NotUsedBecause(kTiers[i].field, "topology '" + chosen.name + "' has no such links");
    }
    plan.topology = build();
    return tiers;
}

void
ReadLoadBalancer(const ScenarioNode& node, FabricPlan& plan)
{
    if (HasSeveralPaths(plan.topology))
    {
        const ChosenModel chosen = ReadChoice(node, "load_balancer", "load-balancer", "ecmp");
        plan.topology.switchConfig.loadBalancer = chosen.name;
        plan.topology.switchConfig.loadBalancerParameters = chosen.given;
    }
    node.NotUsedBecause("load_balancer",
                        "topology '" + plan.topology.name + "' has one path between two NICs");
}

void
ReadPorts(const ScenarioNode& node, FabricPlan& plan)
{
    if (plan.topology.portsPerNic > 1)
    {
        const std::string name = node.Text("port_choice", plan.transport.portChoice);
        CheckName(node, "port_choice", "port-choice", name);
        plan.transport.portChoice = name;
        if (FindFactory<PortChoice>("port-choice", name).pick != nullptr)
        {
            plan.transport.portFailover = node.Flag("port_failover", true);
        }
        node.NotUsedBecause("port_failover", "with 'spray' a NIC leaves dead ports anyway");
    }
    for (const char* field : {"port_choice", "port_failover"})
    {
        if (plan.topology.portsPerNic == 1)
        {
            node.NotUsedBecause(field,
                                "a NIC has one port in topology '" + plan.topology.name + "'");
        }
    }
}

} // namespace

RankLayout
LayoutOf(const ClusterPlan& cluster, const Topology& topology)
{
    RankLayout layout;
    for (uint32_t rank = 0; rank < cluster.ranks(); ++rank)
    {
        const uint32_t host = rank / cluster.acceleratorsPerHost;
        layout.places.push_back({host,
                                 host,
                                 rank % cluster.acceleratorsPerHost,
                                 topology.leafOfNic[rank * topology.portsPerNic]});
    }
    return layout;
}

void ReadCollectives(const ScenarioNode& node,
                     const WorkloadTraits& traits,
                     const CalibrationPlan& calibration,
                     FabricPlan& plan);

FabricPlan
PlanFabric(const ScenarioNode& fabric,
           const ClusterPlan& cluster,
           const WorkloadPlan& workload,
           const WorkloadTraits& traits,
           uint64_t seed)
{
    FabricPlan plan;
    plan.name = fabric.Own().RequiredText("name");
    const ChosenModel topology = ReadChoice(fabric, "topology", "topology", "");
    plan.transport = ReadTransport(fabric.Child("transport"));
    ClusterShape shape;
    shape.hosts = cluster.hosts;
    shape.acceleratorsPerHost = cluster.acceleratorsPerHost;
    shape.nicRate = cluster.nicRate;
    shape.switchConfig = ReadSwitch(fabric.Child("switch"), plan.transport);
    ReadTrafficClasses(fabric, workload, cluster.acceleratorsPerHost, shape.switchConfig, plan);
    const std::vector<TierPlan> tiers =
        BuildWithTiers(fabric, topology, shape, cluster.floorPlan.has_value(), plan);
    ReadLoadBalancer(fabric.Child("switch"), plan);
    ReadPorts(fabric.Child("transport"), plan);
    LayCables(fabric, cluster, tiers, plan);
    plan.pristine = plan.topology;
    for (Topology::Link& link : plan.topology.links)
    {
        link.loss = tiers[link.tier].loss;
        link.retry = tiers[link.tier].retry;
    }
    DrawBitErrors(tiers, seed, plan);
    DerateNics(cluster.calibration.nicEfficiency, plan);
    ReadFaults(fabric, tiers, seed, plan);
    plan.layout = LayoutOf(cluster, plan.topology);
    ReadCollectives(fabric.Child("collectives"), traits, cluster.calibration, plan);
    return plan;
}

} // namespace heddle
