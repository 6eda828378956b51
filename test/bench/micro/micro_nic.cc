// SPDX-License-Identifier: GPL-2.0-only
//
// NICs with their transport: one message from one NIC to another over one switch, an ACK per
// packet. Items are data packets; each crosses two links, and so does its ACK.
#include "world.h"

#include <benchmark/benchmark.h>

namespace heddle::bench
{

namespace
{

void
Nic(benchmark::State& state, const char* reliability, const char* congestionControl)
{
    constexpr uint64_t kPackets = 4000;
    ClusterShape shape;
    shape.hosts = 2;
    shape.acceleratorsPerHost = 1;
    shape.nicRate = ParseRate("100Gbps");
    shape.delayByTier = {ParseTime("1us")};
    const Topology topology = BuildTopology("single-switch", shape, {});
    EventCore core({});
    Network network(core, topology);
    TransportConfig config;
    config.reliability = reliability;
    config.congestionControl = congestionControl;
    Transport transport(core, network, config);
    const QpId queuePair = transport.Connect(0, 1, 0);
    const auto run = [&]
    {
        transport.Post(core.part(0), queuePair, kPackets * config.mtuPayloadBytes, 0);
        core.RunUntil(kForever);
    };
    run();
    const uint64_t packets = transport.counters().dataPackets;
    const uint64_t events = core.eventCount();
    for (auto _ : state)
    {
        run();
    }
    const auto sent = static_cast<double>(transport.counters().dataPackets - packets);
    state.SetItemsProcessed(static_cast<int64_t>(sent));
    state.counters["events_per_packet"] = static_cast<double>(core.eventCount() - events) / sent;
}

BENCHMARK_CAPTURE(Nic, go_back_n, "go-back-n", "none")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Nic, selective_repeat, "selective-repeat", "none")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Nic, selective_repeat_dcqcn, "selective-repeat", "dcqcn")
    ->Unit(benchmark::kMicrosecond);

} // namespace

} // namespace heddle::bench
