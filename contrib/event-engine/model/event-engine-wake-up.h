// SPDX-License-Identifier: GPL-2.0-only
//
// File: event-engine-wake-up.h
// ----------------------------
// Drives an event core under a simulator that does not know of it (tested with
// DefaultSimulatorImpl): one ns-3 event, the wake-up, stands at the time of the core's next event.
// Slower than FabricSimulatorImpl, same order, same results.
//
// Two things a plain ns-3 event cannot do are done by a Scheduler that wraps the chosen one:
// the wake-up comes first among the events of its time, whatever its uid, and the core's clocks
// follow ordinary events. It is put in place by EventEngine::Attach(); do not call
// Simulator::SetScheduler() after that under a foreign simulator.

#ifndef NS3_EVENT_ENGINE_WAKE_UP_H
#define NS3_EVENT_ENGINE_WAKE_UP_H

#include "ns3/base-event-core.h"
#include "ns3/event-engine-upcalls.h"
#include "ns3/event-id.h"
#include "ns3/scheduler.h"

#include <optional>

namespace ns3
{
namespace heddle
{

class WakeUp;

/// Wraps the scheduler that the global value SchedulerType names.
class WakeUpScheduler : public Scheduler
{
  public:
    static TypeId GetTypeId();

    WakeUpScheduler();
    ~WakeUpScheduler() override;

    void Insert(const Event& ev) override;
    bool IsEmpty() const override;
    Event PeekNext() const override;
    Event RemoveNext() override;
    void Remove(const Event& ev) override;

  private:
    friend class WakeUp;

    bool WakeUpIsNext() const;
    Event WakeUpEvent() const;

    WakeUp* m_wakeUp = nullptr; ///< null: pass everything through
    Ptr<Scheduler> m_inner;
    std::optional<Event> m_slot; ///< the wake-up
    EventKey m_last{0, 0, 0};    ///< the ordinary event handed out last
};

/// The driver; one at a time.
class WakeUp
{
  public:
    /// Installs the scheduler and arms the wake-up. The core must outlive it.
    explicit WakeUp(::heddle::EventCore& core);
    ~WakeUp();
    WakeUp(const WakeUp&) = delete;
    WakeUp& operator=(const WakeUp&) = delete;

    void SetUpcalls(::heddle::Upcalls* upcalls)
    {
        m_upcalls = upcalls;
    }

  private:
    friend class WakeUpScheduler;

    void Arm(::heddle::Tick time); ///< no later than `time`
    void OnWakeUp();
    ::heddle::Tick NextTime() const;

    ::heddle::EventCore& m_core;
    ::heddle::Upcalls* m_upcalls = nullptr;
    WakeUpScheduler* m_scheduler = nullptr; ///< owned by the simulator
    EventImpl* m_event = nullptr;           ///< how the scheduler knows the wake-up
    EventId m_id;
    ::heddle::Tick m_armed = ::heddle::kForever;
    bool m_awake = false;
};

} // namespace heddle
} // namespace ns3

#endif
