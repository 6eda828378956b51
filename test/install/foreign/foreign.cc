// SPDX-License-Identifier: GPL-2.0-only
// A foreign project: typed and ordinary events under FabricSimulatorImpl, from installed headers.
#include "ns3/core-module.h"
#include "ns3/heddle-event-engine-module.h"
#include "ns3/heddle-training-module.h"

#include <cstdio>

using namespace ns3;

namespace
{

struct Printer
{
    void OnTyped(::heddle::Partition& part, const ::heddle::Event&)
    {
        std::printf("typed %lld\n", static_cast<long long>(part.now()));
    }
};

void
PrintOrdinary()
{
    std::printf("ordinary %lld\n", static_cast<long long>(Simulator::Now().GetPicoSeconds()));
}

} // namespace

int
main()
{
    Time::SetResolution(Time::PS);
    GlobalValue::Bind("SimulatorImplementationType", StringValue("ns3::FabricSimulatorImpl"));
    ::heddle::EventCore core({});
    Printer printer;
    const auto handler = core.AddHandler<Printer, &Printer::OnTyped>(&printer);
    ns3::heddle::EventEngine::Attach(core);
    Simulator::Schedule(PicoSeconds(100), &PrintOrdinary);
    Simulator::Schedule(PicoSeconds(250), &PrintOrdinary);
    core.part(0).Schedule(300, handler, 0, 0, core.Key(0, 0));
    core.part(0).Schedule(100, handler, 0, 0, core.Key(0, 1));
    Simulator::Run();
    Simulator::Destroy();
    return 0;
}
