// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/event-engine-wake-up.h"

#include "ns3/abort.h"
#include "ns3/global-value.h"
#include "ns3/make-event.h"
#include "ns3/object-factory.h"
#include "ns3/simulator.h"
#include "ns3/type-id.h"

#include <algorithm>

namespace ns3
{
namespace heddle
{

NS_OBJECT_ENSURE_REGISTERED(WakeUpScheduler);

using ::heddle::kForever;
using ::heddle::Tick;

namespace
{

/// Simulator::SetScheduler() takes a factory and keeps what it makes: this is how we learn of it.
WakeUpScheduler* g_made = nullptr;

} // namespace

// ------------------------------------------------------------------------- WakeUpScheduler

TypeId
WakeUpScheduler::GetTypeId()
{
    static TypeId tid = TypeId("ns3::heddle::WakeUpScheduler")
                            .SetParent<Scheduler>()
                            .SetGroupName("HeddleEventEngine")
                            .AddConstructor<WakeUpScheduler>();
    return tid;
}

WakeUpScheduler::WakeUpScheduler()
{
    TypeIdValue type;
    GlobalValue::GetValueByName("SchedulerType", type);
    NS_ABORT_MSG_IF(type.Get() == GetTypeId(), "SchedulerType must be a scheduler of ns-3");
    ObjectFactory factory;
    factory.SetTypeId(type.Get());
    m_inner = factory.Create<Scheduler>();
    g_made = this;
}

WakeUpScheduler::~WakeUpScheduler()
{
    if (m_wakeUp != nullptr)
    {
        m_wakeUp->m_scheduler = nullptr;
    }
}

void
WakeUpScheduler::Insert(const Event& ev)
{
    if (m_wakeUp != nullptr && ev.impl == m_wakeUp->m_event)
    {
        m_slot = ev;
        return;
    }
    m_inner->Insert(ev);
}

bool
WakeUpScheduler::IsEmpty() const
{
    return !m_slot && m_inner->IsEmpty();
}

bool
WakeUpScheduler::WakeUpIsNext() const
{
    return m_slot && (m_inner->IsEmpty() || m_slot->key.m_ts <= m_inner->PeekNext().key.m_ts);
}

Scheduler::Event
WakeUpScheduler::WakeUpEvent() const
{
    // A simulator takes an event of the present time for expired if its uid is not above that of
    // the running one. The wake-up runs out of turn, so it carries the uid of the event before it.
    Event event = *m_slot;
    event.key.m_uid = m_last.m_ts == event.key.m_ts ? m_last.m_uid : 0;
    return event;
}

Scheduler::Event
WakeUpScheduler::PeekNext() const
{
    return WakeUpIsNext() ? WakeUpEvent() : m_inner->PeekNext();
}

Scheduler::Event
WakeUpScheduler::RemoveNext()
{
    if (WakeUpIsNext())
    {
        const Event event = WakeUpEvent();
        m_slot.reset();
        return event;
    }
    const Event event = m_inner->RemoveNext();
    m_last = event.key;
    if (m_wakeUp != nullptr)
    {
        m_wakeUp->m_core.AdvanceTo(static_cast<Tick>(event.key.m_ts));
    }
    return event;
}

void
WakeUpScheduler::Remove(const Event& ev)
{
    if (m_slot && ev.impl == m_slot->impl)
    {
        m_slot.reset();
        return;
    }
    m_inner->Remove(ev);
}

// ------------------------------------------------------------------------- WakeUp

WakeUp::WakeUp(::heddle::EventCore& core) : m_core(core)
{
    ObjectFactory factory;
    factory.SetTypeId(WakeUpScheduler::GetTypeId());
    Simulator::SetScheduler(factory);
    m_scheduler = g_made;
    m_scheduler->m_wakeUp = this;
    m_core.ClearStop();
    m_core.onOutsideInsert = [this](Tick time) { Arm(time); };
    Arm(NextTime());
}

WakeUp::~WakeUp()
{
    NS_ABORT_MSG_IF(m_awake, "EventEngine::Detach() called within an upcall");
    m_core.onOutsideInsert = nullptr;
    Simulator::Remove(m_id);
    if (m_scheduler != nullptr)
    {
        m_scheduler->m_wakeUp = nullptr;
    }
}

Tick
WakeUp::NextTime() const
{
    const Tick typed = m_core.NextTime();
    return m_upcalls == nullptr ? typed : std::min(typed, m_upcalls->NextTime());
}

void
WakeUp::Arm(Tick time)
{
    if (m_awake || time >= m_armed)
    {
        return;
    }
    Simulator::Remove(m_id);
    m_armed = time;
    Ptr<EventImpl> event(MakeEvent(&WakeUp::OnWakeUp, this), false);
    m_event = PeekPointer(event); // before Schedule(), which asks the scheduler to insert it
    m_id = Simulator::Schedule(TimeStep(time) - Simulator::Now(), event);
}

void
WakeUp::OnWakeUp()
{
    const Tick now = m_armed;
    // It is gone; by the uid it ran with, the simulator would take it for pending.
    m_id = EventId();
    m_event = nullptr;
    m_armed = kForever;
    m_awake = true;
    while (!m_core.stopped() && NextTime() <= now)
    {
        if (m_core.NextTime() <= now)
        {
            m_core.RunUntil(now + 1);
            if (m_upcalls != nullptr)
            {
                m_upcalls->Collect();
            }
        }
        else
        {
            m_core.AdvanceTo(now);
            m_upcalls->RunNext();
        }
    }
    m_awake = false;
    if (m_core.stopped())
    {
        m_core.ClearStop();
        Simulator::Stop();
    }
    Arm(NextTime());
}

} // namespace heddle
} // namespace ns3
