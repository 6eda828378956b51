// SPDX-License-Identifier: GPL-2.0-only
//
// A port: two links of one switch. Idle, each packet finds the output free; loaded, two senders
// share one output, so that its queue is never empty and PFC holds the senders back.
#include "micro-nics.h"

namespace heddle::bench
{

namespace
{

Topology
OneSwitch()
{
    ClusterShape shape;
    shape.hosts = 4;
    shape.acceleratorsPerHost = 1;
    shape.nicRate = ParseRate("100Gbps");
    shape.delayByTier = {ParseTime("1us")};
    shape.switchConfig.forwarding = Forwarding::StoreAndForward;
    shape.switchConfig.bufferBytes = ParseSize("1MB");
    shape.switchConfig.classes[3].lossless = true;
    return BuildTopology("single-switch", shape, {});
}

void
PortIdle(benchmark::State& state)
{
    RunBareNics(state, OneSwitch(), 1, [](NicId) { return 1; });
}

void
PortLoaded(benchmark::State& state)
{
    RunBareNics(state, OneSwitch(), 2, [](NicId) { return 3; });
}

BENCHMARK(PortIdle)->Unit(benchmark::kMicrosecond);
BENCHMARK(PortLoaded)->Unit(benchmark::kMicrosecond);

} // namespace

} // namespace heddle::bench
