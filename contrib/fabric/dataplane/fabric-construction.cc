// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/base-errors.h"
#include "ns3/fabric-network-impl.h"

#include <algorithm>
#include <limits>

namespace heddle
{

using fabric::Port;

namespace
{

const Topology&
Validated(const Topology& topology)
{
    ValidateTopology(topology);
    return topology;
}

} // namespace

Network::Impl::Impl(EventCore& eventCore, const Topology& given, const Partitioning& partitioning)
    : core(eventCore),
      topology(Validated(given)),
      config(topology.switchConfig),
      scheduler(config),
      ecnDraws(core.seed(), "ecn"),
      routes(topology),
      outages(topology),
      nicCapacity(topology),
      nics(topology.nics),
      targets(topology.nics),
      partitions(core.partitions()),
      cutThrough(config.forwarding == Forwarding::CutThrough),
      limited(config.bufferBytes != 0),
      ideal(!topology.extraLatency.empty())
{
    for (unsigned c = 0; c < kClasses; ++c)
    {
        losslessClasses |= static_cast<uint8_t>((config.classes[c].lossless ? 1U : 0U) << c);
        ecnClasses |= static_cast<uint8_t>((config.classes[c].ecn ? 1U : 0U) << c);
        if (config.classes[c].strict)
        {
            promptClass = static_cast<uint8_t>(config.classes[c].ecn ? kClasses : c);
        }
    }
    for (const auto& link : topology.links)
    {
        linkUp.push_back(link.up);
    }
    m_onPause = core.AddHandler<Impl, &Impl::OnPause>(this);
    for (PartitionState& state : partitions)
    {
        state.pool.SetArena(&core.arena());
        if (partitions.size() > 1)
        {
            state.pool.SetDepot(&depot);
        }
    }
    AddForwardingHandlers();
    AddTransmitHandlers();
    BuildPorts(partitioning);
    BuildSwitches();
    constexpr uint32_t kLarge = 1800; // ports beyond the second-level cache
    constexpr uint32_t kHuge = 20000; // beyond the third-level one, with their packets
    if (!ideal && ports.size() > kLarge)
    {
        PrepareArrivals(ports.size() > kHuge);
        PrepareOthers(ports.size() > kHuge);
    }
    if (ports.size() > kHuge)
    {
        core.arena().ExpectMany();
    }
    routes.Build(std::vector<bool>(linkUp.size(), true));
    BuildPaths(); // of the intact network
    if (std::find(linkUp.begin(), linkUp.end(), false) != linkUp.end())
    {
        routes.Build(linkUp);
    }
    routedUp = linkUp;
    cut.resize(linkUp.size());
    AdoptRoutes();
}

void
Network::Impl::BuildPorts(const Partitioning& partitioning)
{
    HEDDLE_CHECK(partitioning.count <= core.partitions(), "more partitions than the core has");
    const auto count = static_cast<uint32_t>(2 * topology.links.size());
    firstEntity = core.NewEntities(count);
    failureEntity = core.NewEntities();
    ports.resize(count);
    queues.Resize(count);
    details.reserve(count);
    for (PortId id = 0; id < count; ++id)
    {
        const auto& link = topology.links[id / 2];
        const auto& from = id % 2 == 0 ? link.a : link.b;
        const auto& to = id % 2 == 0 ? link.b : link.a;
        Port& port = ports[id];
        port.psPerByte = fabric::PsPerByte(link.rate);
        port.reach = link.delay + (to.isSwitch ? config.forwardingLatency : 0);
        port.fromNode = from.index;
        port.toNode = to.index;
        // The ideal switch is nothing but its outputs, and each runs with its NIC.
        port.toPartition = static_cast<uint16_t>(partitioning.Of(ideal && to.isSwitch ? from : to));
        // More than any packet has: its tail is waited for.
        constexpr uint32_t kWhole = std::numeric_limits<uint16_t>::max();
        const bool early = cutThrough && to.isSwitch;
        port.headBytes =
            static_cast<uint16_t>(early ? std::min(config.headerBytes, kWhole) : kWhole);
        port.fromNic = !from.isSwitch;
        port.toNic = !to.isSwitch;
        port.up = link.up;
        port.onArrival = to.isSwitch ? m_onArrive : m_onReceive;
        portsDown += link.up ? 0 : 1;
        fabric::PortDetails rest;
        rest.rate = link.rate;
        rest.propagation = link.delay;
        rest.partition = partitioning.Of(ideal && from.isSwitch ? to : from);
        port.lossy = link.loss.perFrame + link.loss.perByte > 0;
        if (port.lossy)
        {
            rest.errors = static_cast<uint32_t>(linkErrors.size());
            linkErrors.emplace_back(link.loss, RandomStream(core.seed(), "link-loss", id));
            linkErrors.back().retry = link.retry.on;
            linkErrors.back().loop = 2 * link.delay + link.retry.turnaround;
        }
        details.push_back(rest);
        port.unusual = IsUnusual(port);
        waitsForTails = waitsForTails || !(link.rate == topology.links[0].rate);
        if (port.fromNic)
        {
            NicState& nic = nics[from.index];
            nic.up = id;
            targets[from.index] = {id ^ 1U, to.index};
            nic.pathLeaf = ideal ? topology.leafOfNic[from.index] : routes.LeafOfNic(from.index);
        }
    }
    waitsForTails = waitsForTails && cutThrough && !ideal;
}

void
Network::Impl::BuildSwitches()
{
    std::vector<std::vector<PortId>> inputs(topology.switches.size());
    for (PortId id = 0; id < ports.size(); ++id)
    {
        if (!ports[id].toNic)
        {
            auto& list = inputs[ports[id].toNode];
            ports[id].ingressIndex = static_cast<uint16_t>(list.size());
            list.push_back(id);
        }
    }
    const Choice& choice = RegistryIndex::Find("load-balancer", config.loadBalancer);
    const ParameterValues parameters(choice, config.loadBalancerParameters);
    auto make = FindFactory<LoadBalancerFactory>("load-balancer", config.loadBalancer);
    for (SwitchId s = 0; s < topology.switches.size(); ++s)
    {
        const std::string& name = topology.switches[s].name;
        if (config.bufferBytes != 0 && inputs[s].size() > 0x10000)
        {
            throw InputError("switch " + name + " has more than 65536 ports");
        }
        std::vector<fabric::SharedBuffer::Ingress> ingress;
        for (PortId id : inputs[s])
        {
            ingress.push_back({details[id].rate, details[id].propagation});
        }
        auto balancer =
            make({core.seed(), s, config.mtuWireBytes, config.adaptiveGrades, ports.data()},
                 parameters);
        const FlowHash* hash = balancer->flowHash();
        hashes = hash != nullptr;
        switches.push_back(
            {hash ? *hash : FlowHash{}, fabric::SharedBuffer(config, ingress, name)});
        switchDetails.push_back({std::move(balancer), std::move(inputs[s])});
    }
}

void
Network::Impl::BuildPaths()
{
    if (ideal)
    {
        pathLeaves = topology.interiorOf.size();
        paths = topology.interiorPaths;
        for (const auto& row : topology.interiorOf)
        {
            pathOf.insert(pathOf.end(), row.begin(), row.end());
        }
        bool uniform = cutThrough; // no packet is stored anywhere: size does not matter
        for (const fabric::PortDetails& port : details)
        {
            uniform = uniform && port.rate == details[0].rate;
        }
        for (const InteriorPath& path : paths)
        {
            uniform = uniform && std::all_of(path.rates.begin(),
                                             path.rates.end(),
                                             [&](BitRate r) { return r == details[0].rate; });
        }
        idealReady.assign(uniform ? 0 : nics.size() * pathLeaves, 0);
        return;
    }
    fabric::PathTable table(topology, routes);
    pathLeaves = table.leaves;
    paths = std::move(table.paths);
    pathOf = std::move(table.of);
}

void
Network::Impl::AdoptRoutes()
{
    for (SwitchId s = 0; s < switches.size(); ++s)
    {
        switchDetails[s].balancer->OnRoutesChanged(routes.SetsOf(s));
    }
}

} // namespace heddle
