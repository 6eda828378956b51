// SPDX-License-Identifier: GPL-2.0-only
// The idle ledger: four accelerators compute 1 ms and all-reduce; number 2 is 10 % slow. A profiler
// on accelerator 0 would show waiting in the collective; the ledger's root column says why.
#include "ns3/base-units.h"
#include "ns3/training-job.h"

#include <cstdio>

using namespace heddle;

int
main()
{
    TaskGraph graph(4);
    const CommId world = graph.AddCommunicator("world", {0, 1, 2, 3});
    for (Rank r = 0; r < 4; ++r)
    {
        ComputeSpec kernel;
        kernel.label = "layer";
        kernel.fixedSeconds = 1e-3;
        const TaskId k = graph.AddCompute(r, kernel);
        CollectiveSpec reduce;
        reduce.label = "all-reduce";
        reduce.bytes = 4096;
        graph.AddCollective(r, world, reduce, {k});
    }
    RankLayout layout;
    for (Rank r = 0; r < 4; ++r)
    {
        layout.places.push_back({0, 0, r, 0}); // one host: everything stays in the scale-up domain
    }
    const Expander expander({}, layout, {});
    JobConfig config;
    config.accelerator = {"any", 1e15, 1, 1e13, 1};
    config.scaleUp = {ParseRate("3.6Tbps"), ParseTime("1us")};
    config.jitter.slowdown[2] = 1.1;
    EventCore core({});
    Job job(core, graph, expander, nullptr, config);
    job.Start();
    core.RunUntil(kForever);

    const RankLedger ledger = job.Result().ranks[0];
    std::printf("accelerator 0: busy %.3f ms, idle %.3f ms\n",
                ToSeconds(ledger.busy()) * 1e3,
                ToSeconds(ledger.idle) * 1e3);
    for (const Blame& b : ledger.rootPlaces)
    {
        if (ToSeconds(b.time) > 1e-5)
        {
            std::printf("  root:      %.3f ms %s at accelerator %u\n",
                        ToSeconds(b.time) * 1e3,
                        RootAccountName(static_cast<RootAccount>(b.account)),
                        b.place);
        }
    }
    for (const Blame& b : ledger.proximatePlaces)
    {
        if (ToSeconds(b.time) > 1e-5)
        {
            std::printf("  proximate: %.3f ms %s on accelerator %u\n",
                        ToSeconds(b.time) * 1e3,
                        ProximateAccountName(static_cast<ProximateAccount>(b.account)),
                        b.place);
        }
    }
    return 0;
}
