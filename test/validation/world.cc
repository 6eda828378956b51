// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include <gtest/gtest.h>

#include <numeric>

namespace heddle::validation
{

SwitchConfig
WorldSpec::LosslessSwitch()
{
    SwitchConfig config;
    config.forwarding = Forwarding::CutThrough;
    config.forwardingLatency = 500 * kNanosecond;
    config.bufferBytes = 64'000'000;
    for (ClassConfig& c : config.classes)
    {
        c.lossless = true;
    }
    config.classes[6].strict = true;
    return config;
}

TransportConfig
WorldSpec::PlainTransport()
{
    TransportConfig config;
    config.reliability = "go-back-n"; // 82 B of overhead per packet, as oracle A1 counts
    config.congestionControl = "none";
    config.ackEveryPackets =
        64; // the closed forms know no acknowledgements (2 % if one per packet)
    return config;
}

JobConfig
WorldSpec::PlainJob()
{
    JobConfig job;
    job.accelerator = {"test", 1e15, 1.0, 1e13, 1.0};
    job.scaleUp = {BitRate(3'600'000'000'000), 1 * kMicrosecond};
    return job;
}

RankLayout
LayoutOf(const WorldSpec& spec, const Topology& topology)
{
    RankLayout layout;
    for (uint32_t r = 0; r < topology.nics; ++r)
    {
        const uint32_t host = r / spec.acceleratorsPerHost;
        layout.places.push_back({host, host, r % spec.acceleratorsPerHost, topology.leafOfNic[r]});
    }
    return layout;
}

Outcome
RunWorld(const WorldSpec& spec, const TaskGraph& graph)
{
    graph.Validate();
    EventCore core({.seed = spec.seed});
    ClusterShape shape;
    shape.hosts = spec.hosts;
    shape.acceleratorsPerHost = spec.acceleratorsPerHost;
    shape.nicRate = spec.nicRate;
    shape.delayByTier = {spec.linkDelay, spec.linkDelay, spec.linkDelay};
    shape.switchConfig = spec.switches;
    Topology actual = BuildTopology(spec.topology, shape, spec.topologyParameters);
    if (spec.editTopology)
    {
        spec.editTopology(actual);
    }
    const RankLayout layout = LayoutOf(spec, actual);
    const Topology topology = spec.ideal ? IdealFabric(actual) : actual;
    Network network(core, topology);
    Transport transport(core, network, spec.transport);
    const Expander expander(spec.algorithms, layout, spec.software);
    JobConfig config = spec.job;
    config.seed = spec.seed;
    Job job(core, graph, expander, &transport, config);
    job.Start();
    core.RunUntil(kForever);

    Outcome out;
    out.job = job.Result();
    out.network = network.counters();
    out.transport = transport.counters();
    out.inFlight = network.inFlight();
    out.events = core.eventCount();
    out.topologyName = topology.name;
    for (PortId port = 0; port < 2 * topology.links.size(); ++port)
    {
        out.portNames.push_back(network.PortName(port));
    }

    const uint64_t dropped =
        std::accumulate(out.network.dropped.begin(), out.network.dropped.end(), uint64_t{0});
    EXPECT_EQ(out.network.injected, out.network.delivered + dropped + out.inFlight)
        << "packets are not conserved";
    for (Rank r = 0; r < out.job.ranks.size(); ++r)
    {
        const RankLedger& ledger = out.job.ranks[r];
        const auto sum = [](const auto& a) { return std::accumulate(a.begin(), a.end(), Tick{0}); };
        EXPECT_EQ(ledger.busy() + ledger.idle, out.job.stepTime) << "rank " << r;
        EXPECT_EQ(sum(ledger.root), ledger.idle) << "root column of rank " << r;
        EXPECT_EQ(sum(ledger.proximate), ledger.idle) << "proximate column of rank " << r;
    }
    return out;
}

Tick
Outcome::Idle() const
{
    Tick sum = 0;
    for (const auto& rank : job.ranks)
    {
        sum += rank.idle;
    }
    return sum;
}

Tick
Outcome::Root(RootAccount account) const
{
    Tick sum = 0;
    for (const auto& rank : job.ranks)
    {
        sum += rank.root[static_cast<size_t>(account)];
    }
    return sum;
}

Tick
Outcome::Proximate(ProximateAccount account) const
{
    Tick sum = 0;
    for (const auto& rank : job.ranks)
    {
        sum += rank.proximate[static_cast<size_t>(account)];
    }
    return sum;
}

namespace
{

Tick
SumAt(const std::vector<Blame>& blames, uint8_t account, uint32_t place)
{
    Tick sum = 0;
    for (const Blame& blame : blames)
    {
        sum += blame.account == account && blame.place == place ? blame.time : 0;
    }
    return sum;
}

} // namespace

Tick
Outcome::RootAt(RootAccount account, uint32_t place) const
{
    Tick sum = 0;
    for (const auto& rank : job.ranks)
    {
        sum += SumAt(rank.rootPlaces, static_cast<uint8_t>(account), place);
    }
    return sum;
}

Tick
Outcome::ProximateAt(ProximateAccount account, uint32_t place) const
{
    Tick sum = 0;
    for (const auto& rank : job.ranks)
    {
        sum += SumAt(rank.proximatePlaces, static_cast<uint8_t>(account), place);
    }
    return sum;
}

TaskGraph
OneCollective(Rank ranks, CollectiveKind kind, uint64_t bytes, uint32_t repeat)
{
    TaskGraph graph(ranks);
    std::vector<Rank> all(ranks);
    std::iota(all.begin(), all.end(), 0);
    const CommId world = graph.AddCommunicator("world", all);
    CollectiveSpec spec;
    spec.label = "collective";
    spec.kind = kind;
    spec.bytes = bytes;
    for (uint32_t i = 0; i < repeat; ++i)
    {
        for (Rank r = 0; r < ranks; ++r)
        {
            graph.AddCollective(r, world, spec);
        }
    }
    return graph;
}

double
Goodput(BitRate rate, uint32_t payload, uint32_t overhead)
{
    return rate.bytesPerSecond() * payload / (payload + overhead);
}

} // namespace heddle::validation
