// SPDX-License-Identifier: GPL-2.0-only
//
// Switches that forward: all hosts of a fat-tree send to the other half of it, each packet hashed
// anew at every choice, over 16 (k=4), 128 (k=8) and 1,024 hosts (k=16).
#include "micro-nics.h"

#include "world.h"

namespace heddle::bench
{

namespace
{

void
SwitchForward(benchmark::State& state)
{
    const auto hosts = static_cast<uint32_t>(state.range(0));
    RunBareNics(state,
                PlainFatTree(hosts),
                hosts,
                [hosts](NicId nic) { return (nic + hosts / 2) % hosts; });
}

BENCHMARK(SwitchForward)->Arg(16)->Arg(128)->Arg(1024)->Unit(benchmark::kMillisecond);

} // namespace

} // namespace heddle::bench
