// SPDX-License-Identifier: GPL-2.0-only
//
// File: event-engine-fabric-simulator-impl.h
// ------------------------------------------
// An ns3::SimulatorImpl that runs ordinary ns-3 events from ns-3's own Scheduler and the typed
// events of an attached ::heddle::EventCore in one time order. Without a core it behaves exactly
// like ns3::DefaultSimulatorImpl. Choose it as any simulator of ns-3:
//
//   GlobalValue::Bind("SimulatorImplementationType", StringValue("ns3::FabricSimulatorImpl"));
//
// or, for a program that knows nothing of it,
//
//   LD_PRELOAD=libheddle-event-engine.so
//   NS_GLOBAL_VALUE=SimulatorImplementationType=ns3::FabricSimulatorImpl ./program
//
// Threads: ScheduleWithContext() may be called from any thread, everything else from the thread
// that calls Run(). A typed handler may call Now() and GetContext() only; every other method aborts
// then, on one thread too, so that a program cannot come to depend on it.
// Known deviation from ns-3: events of foreign threads enter between slices of at most 1 ms of
// simulated time while no ordinary event is due.

#ifndef NS3_EVENT_ENGINE_FABRIC_SIMULATOR_IMPL_H
#define NS3_EVENT_ENGINE_FABRIC_SIMULATOR_IMPL_H

#include "ns3/base-event-core.h"
#include "ns3/event-engine-upcalls.h"
#include "ns3/event-id.h"
#include "ns3/event-impl.h"
#include "ns3/nstime.h"
#include "ns3/object-factory.h"
#include "ns3/scheduler.h"
#include "ns3/simulator-impl.h"
#include "ns3/simulator.h"

#include <atomic>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace ns3
{

class FabricSimulatorImpl : public SimulatorImpl
{
  public:
    static TypeId GetTypeId();

    FabricSimulatorImpl();

    /// void up to ns-3.40, EventId since.
    using StopResult = decltype(std::declval<SimulatorImpl&>().Stop(std::declval<const Time&>()));

    void Destroy() override;
    bool IsFinished() const override;
    void Stop() override;
    StopResult Stop(const Time& delay) override;
    EventId Schedule(const Time& delay, EventImpl* event) override;
    void ScheduleWithContext(uint32_t context, const Time& delay, EventImpl* event) override;
    EventId ScheduleNow(EventImpl* event) override;
    EventId ScheduleDestroy(EventImpl* event) override;
    void Remove(const EventId& id) override;
    void Cancel(const EventId& id) override;
    bool IsExpired(const EventId& id) const override;
    void Run() override;
    Time Now() const override;
    Time GetDelayLeft(const EventId& id) const override;
    Time GetMaximumSimulationTime() const override;
    void SetScheduler(ObjectFactory schedulerFactory) override;
    uint32_t GetSystemId() const override;
    uint32_t GetContext() const override;
    /// Ordinary events, upcalls and typed events since the core was attached.
    uint64_t GetEventCount() const override;

    /// For EventEngine: the core to drive and its upcalls; both null to drive none.
    void SetCore(::heddle::EventCore* core, ::heddle::Upcalls* upcalls);

  private:
    using Tick = ::heddle::Tick;

    /// An event that another thread scheduled; its delay counts from when the simulation sees it.
    struct ForeignEvent
    {
        uint32_t context;
        Tick delay;
        EventImpl* event;
    };

    void DoDispose() override;

    void Step(Tick ordinary);                           ///< what comes next, with a core
    void RunTyped(Tick first, Tick upcall, Tick limit); ///< typed events from `first` on
    void RunUpcall(Tick time);
    void RunOrdinary();
    void MoveClock(Tick time); ///< to a typed event or an upcall
    void TakeForeignEvents();
    Scheduler::EventKey Insert(Tick time, uint32_t context, EventImpl* event);
    Tick NextOrdinary() const; ///< kForever when there is none

    Ptr<Scheduler> m_scheduler;
    ::heddle::EventCore* m_core = nullptr;
    ::heddle::Upcalls* m_upcalls = nullptr;
    uint64_t m_coreEventsBefore = 0; ///< of the core when it was attached

    bool m_stop = false;
    Tick m_now = 0;
    uint32_t m_context = Simulator::NO_CONTEXT; ///< of the running event
    /// The ordinary event that runs or ran last at m_now.
    uint32_t m_runningUid = EventId::UID::INVALID;
    uint32_t m_nextUid = EventId::UID::VALID;
    uint64_t m_count = 0;

    std::list<EventId> m_destroyEvents;

    std::thread::id m_mainThread;
    std::atomic<bool> m_haveForeign{false};
    std::mutex m_foreignMutex; ///< guards m_foreign
    std::vector<ForeignEvent> m_foreign;
};

} // namespace ns3

#endif
