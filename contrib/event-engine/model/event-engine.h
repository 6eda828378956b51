// SPDX-License-Identifier: GPL-2.0-only
//
// File: event-engine.h
// --------------------
// Joins an event core (typed events in wheels, no ns-3) to ns-3's simulator.
//
//   Time::SetResolution(Time::PS);
//   GlobalValue::Bind("SimulatorImplementationType", StringValue("ns3::FabricSimulatorImpl"));
//   ::heddle::EventCore core({});
//   heddle::EventEngine::Attach(core);
//   Simulator::Run();     // runs ordinary ns-3 events and the core's typed events in one time
//   order Simulator::Destroy(); // detaches
//
// Under ns3::FabricSimulatorImpl the simulator drives the core directly. Under any other simulator
// one ns-3 event wakes the core whenever it has something to do (event-engine-wake-up.h); slower,
// same order, same results.
//
// Order: at time t typed events by key, then upcalls by key, then ordinary events first come first
// served; what an ordinary event inserts at t runs before the next ordinary one.
//
// Typed handlers may call Simulator::Now() and GetContext(), nothing else of the simulator: they
// reach ordinary code through an upcall (event-engine-upcalls.h).
// EventCore::Stop() stops the simulation, as Simulator::Stop() does.

#ifndef NS3_HEDDLE_EVENT_ENGINE_H
#define NS3_HEDDLE_EVENT_ENGINE_H

#include "ns3/base-event-core.h"
#include "ns3/event-engine-upcalls.h"

namespace ns3
{
namespace heddle
{

class EventEngine
{
  public:
    EventEngine() = delete;

    /**
     * Joins `core` to the current simulation, until Detach(), Simulator::Destroy() or the end of
     * the core. The core's clocks move to Simulator::Now(). One core per simulation. Call it before
     * Run() and not from an upcall.
     * Throws ::heddle::InputError when Time's resolution is not PS, when a core is attached
     * already, or when an event of the core lies before Simulator::Now().
     */
    static void Attach(::heddle::EventCore& core);

    /// Ends what Attach() began; pending typed events stay in the core. Harmless when not attached,
    /// refused within an upcall.
    static void Detach();

    /// The attached core; null when there is none.
    static ::heddle::EventCore* Attached();

    /**
     * Lets handlers of the attached core call up into ns-3, `latency` ticks (≥ 1) later. Lives
     * until the core is detached. A second call may only repeat the same latency. Throws
     * ::heddle::InputError otherwise.
     */
    static ::heddle::Upcalls* EnableUpcalls(::heddle::Tick latency);
};

} // namespace heddle
} // namespace ns3

#endif
