// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/event-engine.h"

#include "ns3/base-errors.h"
#include "ns3/event-engine-fabric-simulator-impl.h"
#include "ns3/event-engine-wake-up.h"

#include "ns3/nstime.h"
#include "ns3/simulator.h"

#include <memory>
#include <string>

namespace ns3
{
namespace heddle
{

using ::heddle::EventCore;
using ::heddle::InputError;
using ::heddle::Tick;
using ::heddle::Upcalls;

namespace
{

/// What is attached; global, because ns-3's simulator is.
struct State
{
    EventCore* core = nullptr;
    std::unique_ptr<Upcalls> upcalls;
    Ptr<FabricSimulatorImpl> impl;  ///< null: a foreign simulator, driven by `wakeUp`
    std::unique_ptr<WakeUp> wakeUp; ///< null: `impl` drives the core
    EventId onDestroy;
};

State&
GetState()
{
    // Never destroyed: at exit the core and ns-3 are gone.
    static auto* state = new State;
    return *state;
}

void
CheckCore(const EventCore& core)
{
    if (Time::GetResolution() != Time::PS)
    {
        throw InputError(
            "the fabric counts picoseconds, but Time's resolution is another one; call "
            "Time::SetResolution(Time::PS) first in main()");
    }
    if (GetState().core != nullptr)
    {
        throw InputError("an event core is attached already; one simulation has one core");
    }
    if (core.NextTime() < Simulator::Now().GetTimeStep())
    {
        throw InputError("an event of the core, at " + std::to_string(core.NextTime()) +
                         " ps, lies before the simulator's " +
                         std::to_string(Simulator::Now().GetTimeStep()) + " ps");
    }
}

} // namespace

void
EventEngine::Attach(EventCore& core)
{
    CheckCore(core);
    State& state = GetState();
    core.AdvanceTo(Simulator::Now().GetTimeStep());
    state.core = &core;
    state.impl = DynamicCast<FabricSimulatorImpl>(Simulator::GetImplementation());
    if (state.impl)
    {
        state.impl->SetCore(&core, nullptr);
    }
    else
    {
        state.wakeUp = std::make_unique<WakeUp>(core);
    }
    core.onDestruction = &EventEngine::Detach;
    state.onDestroy = Simulator::ScheduleDestroy(&EventEngine::Detach);
}

void
EventEngine::Detach()
{
    State& state = GetState();
    if (state.core == nullptr)
    {
        return;
    }
    state.core->onDestruction = nullptr;
    if (state.impl)
    {
        state.impl->SetCore(nullptr, nullptr);
    }
    Simulator::Remove(state.onDestroy);
    state = State();
}

EventCore*
EventEngine::Attached()
{
    return GetState().core;
}

Upcalls*
EventEngine::EnableUpcalls(Tick latency)
{
    State& state = GetState();
    if (state.core == nullptr)
    {
        throw InputError("attach an event core before enabling upcalls");
    }
    if (latency < 1)
    {
        throw InputError("upcalls need a latency of at least one tick");
    }
    if (state.upcalls)
    {
        if (state.upcalls->latency() != latency)
        {
            throw InputError("upcalls have a latency of " +
                             std::to_string(state.upcalls->latency()) + " ps already");
        }
        return state.upcalls.get();
    }
    state.upcalls = std::make_unique<Upcalls>(*state.core, latency);
    if (state.impl)
    {
        state.impl->SetCore(state.core, state.upcalls.get());
    }
    else
    {
        state.wakeUp->SetUpcalls(state.upcalls.get());
    }
    return state.upcalls.get();
}

} // namespace heddle
} // namespace ns3
