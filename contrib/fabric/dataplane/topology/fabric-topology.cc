// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-topology.h"

#include "ns3/base-errors.h"
#include "ns3/fabric-routes.h"

#include <algorithm>

namespace heddle
{

namespace
{

[[noreturn]] void
Reject(const Topology& topology, const std::string& what)
{
    throw InputError("topology " + topology.name + ": " + what);
}

void
ValidateClasses(const Topology& topology)
{
    for (unsigned c = 0; c < kClasses; ++c)
    {
        const ClassConfig& config = topology.switchConfig.classes[c];
        std::string name = "class " + std::to_string(c);
        if (config.weight == 0)
        {
            Reject(topology, name + ": the weight must be at least 1");
        }
        if (config.ecn &&
            (config.kminBytes > config.kmaxBytes || config.pmax < 0 || config.pmax > 1))
        {
            Reject(topology, name + ": ECN needs Kmin ≤ Kmax and Pmax between 0 and 1");
        }
    }
}

void
ValidateLinks(const Topology& topology)
{
    for (size_t l = 0; l < topology.links.size(); ++l)
    {
        const auto& link = topology.links[l];
        std::string name = "link " + std::to_string(l);
        for (const auto& end : {link.a, link.b})
        {
            if (end.index >= (end.isSwitch ? topology.switches.size() : topology.nics))
            {
                Reject(topology, name + " ends at a node that does not exist");
            }
        }
        if (link.rate.bps() == 0)
        {
            Reject(topology, name + " has no rate");
        }
        if (link.delay < 0)
        {
            Reject(topology, name + " has a negative delay");
        }
        if (!(link.loss.perFrame >= 0 && link.loss.perByte >= 0 &&
              std::isfinite(link.loss.perFrame + link.loss.perByte)))
        {
            Reject(topology, name + ": the loss probability must lie in [0, 1)");
        }
        if (link.retry.turnaround < 0)
        {
            Reject(topology, name + ": the link retry's turnaround is negative");
        }
    }
}

/// The ideal network's matrices, from the real network's shortest paths.
void
FillExtraLatency(Topology& ideal, const Topology& actual)
{
    if (!actual.extraLatency.empty()) // ideal already
    {
        ideal.extraLatency = actual.extraLatency;
        ideal.interiorPaths = actual.interiorPaths;
        ideal.interiorOf = actual.interiorOf;
        ideal.leafOfNic = actual.leafOfNic;
        return;
    }
    fabric::Routes routes(actual);
    routes.Build(std::vector<bool>(actual.links.size(), true));
    fabric::PathTable table(actual, routes);
    size_t leaves = routes.leaves();
    ideal.interiorPaths = table.paths;
    ideal.interiorOf.assign(leaves, std::vector<uint32_t>(leaves));
    ideal.extraLatency.assign(leaves, std::vector<Tick>(leaves));
    for (size_t from = 0; from < leaves; ++from)
    {
        for (size_t to = 0; to < leaves; ++to)
        {
            uint32_t path = table.of[from * leaves + to];
            ideal.interiorOf[from][to] = path;
            ideal.extraLatency[from][to] = path == kNone ? 0 : table.paths[path].fixed;
        }
    }
    ideal.leafOfNic.resize(actual.nics);
    for (NicId nic = 0; nic < actual.nics; ++nic)
    {
        ideal.leafOfNic[nic] = routes.LeafOfNic(nic);
    }
}

} // namespace

std::string
NodeName(const Topology& topology, const Topology::Node& node)
{
    if (node.isSwitch)
    {
        return topology.switches[node.index].name;
    }
    const uint32_t ports = topology.portsPerNic;
    return "nic" + std::to_string(node.index / ports) +
           (ports == 1 ? "" : "." + std::to_string(node.index % ports));
}

std::string
PortName(const Topology& topology, PortId port)
{
    const Topology::Link& link = topology.links.at(port / 2);
    const std::string a = NodeName(topology, link.a);
    const std::string b = NodeName(topology, link.b);
    return port % 2 == 0 ? a + " → " + b : b + " → " + a;
}

Topology
BuildTopology(const std::string& name,
              const ClusterShape& shape,
              const std::map<std::string, std::string>& parameters)
{
    const Choice& choice = RegistryIndex::Find("topology", name);
    ParameterValues values(choice, parameters);
    if (shape.hosts == 0 || shape.acceleratorsPerHost == 0)
    {
        throw InputError("topology " + name + ": needs at least one host with one accelerator");
    }
    if (shape.nicRate.bps() == 0)
    {
        throw InputError("topology " + name + ": the NIC rate is missing");
    }
    Topology topology = FindFactory<TopologyFactory>("topology", name)(shape, values);
    topology.name = name;
    topology.switchConfig = shape.switchConfig;
    topology.leafOfNic = fabric::LeavesOf(topology);
    ValidateTopology(topology);
    return topology;
}

void
ValidateTopology(const Topology& topology)
{
    const SwitchConfig& config = topology.switchConfig;
    if (topology.nics == 0)
    {
        Reject(topology, "no NICs");
    }
    if (topology.portsPerNic == 0 || topology.portsPerNic > kMostNicPorts ||
        topology.nics % topology.portsPerNic != 0)
    {
        Reject(topology, "a NIC has 1 to 16 ports, all NICs the same number");
    }
    if (!(config.alpha > 0))
    {
        Reject(topology, "the buffer's alpha must be positive");
    }
    if (config.forwardingLatency < 0 || config.pauseResponse < 0 || topology.rerouteDelay < 0)
    {
        Reject(topology, "forwarding latency, pause response and reroute delay must be ≥ 0");
    }
    if (config.headerBytes == 0 || config.mtuWireBytes == 0 || config.adaptiveGrades == 0)
    {
        Reject(topology, "header size, MTU and number of adaptive grades must be at least 1");
    }
    ValidateLinks(topology);
    ValidateClasses(topology);
    fabric::LeavesOf(topology);
}

Topology
IdealFabric(const Topology& actual)
{
    Topology ideal;
    ideal.name = actual.name + " (ideal)";
    ideal.nics = actual.nics;
    ideal.portsPerNic = actual.portsPerNic;
    ideal.switches = {{"ideal", 0}};
    std::vector<uint32_t> nicLink;
    fabric::LeavesOf(actual, &nicLink);
    for (NicId nic = 0; nic < actual.nics; ++nic)
    {
        const auto& link = actual.links[nicLink[nic]];
        ideal.links.push_back({{false, nic}, {true, 0}, link.rate, link.delay, 0});
    }
    ideal.switchConfig.forwarding = actual.switchConfig.forwarding;
    ideal.switchConfig.headerBytes = actual.switchConfig.headerBytes;
    ideal.switchConfig.mtuWireBytes = actual.switchConfig.mtuWireBytes;
    for (unsigned c = 0; c < kClasses; ++c)
    {
        ideal.switchConfig.classes[c].strict = actual.switchConfig.classes[c].strict;
        ideal.switchConfig.classes[c].weight = actual.switchConfig.classes[c].weight;
    }
    std::copy(std::begin(actual.nicClass), std::end(actual.nicClass), ideal.nicClass);
    FillExtraLatency(ideal, actual);
    return ideal;
}

Tick
LatencyToEgress(const SwitchConfig& config,
                BitRate first,
                const InteriorPath& interior,
                BitRate last,
                uint32_t wireBytes)
{
    const bool cutThrough = config.forwarding == Forwarding::CutThrough;
    const uint32_t header = std::min(config.headerBytes, wireBytes);
    Tick total = interior.fixed;
    // Rates mostly repeat along a path: divide once for each.
    BitRate in = first;
    BitRate timed;
    Tick head = 0;
    Tick full = 0;
    for (size_t hop = 0; hop <= interior.rates.size(); ++hop)
    {
        BitRate out = hop < interior.rates.size() ? interior.rates[hop] : last;
        if (!(timed == in))
        {
            timed = in;
            head = in.TransmitTime(header);
            full = in.TransmitTime(wireBytes);
        }
        total += cutThrough && !(in < out) ? head : full;
        in = out;
    }
    return total;
}

} // namespace heddle
