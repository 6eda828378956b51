// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/event-engine-fabric-simulator-impl.h"

#include "ns3/event-engine.h"

#include "ns3/abort.h"
#include "ns3/assert.h"
#include "ns3/log.h"
#include "ns3/pointer.h"
#include "ns3/simulator.h"

#include <algorithm>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("FabricSimulatorImpl");
NS_OBJECT_ENSURE_REGISTERED(FabricSimulatorImpl);

namespace
{

using ::heddle::kForever;
using ::heddle::Partition;
using ::heddle::Tick;

/// How far typed events run before foreign threads are looked at: 1 ms in the fabric's picoseconds.
constexpr Tick kSlice = 1'000'000'000;

/// Typed handlers may run on workers, so that nothing here is theirs to touch.
void
RefuseHandlers(const char* method)
{
    NS_ABORT_MSG_IF(Partition::Current() != nullptr,
                    "Simulator::" << method
                                  << "() called by a typed event handler; handlers reach ns-3 "
                                     "through ns3::heddle::EventEngine::EnableUpcalls()");
}

/// time + span, kForever instead of overflow.
Tick
Plus(Tick time, Tick span)
{
    return time > kForever - span ? kForever : time + span;
}

} // namespace

TypeId
FabricSimulatorImpl::GetTypeId()
{
    static TypeId tid = TypeId("ns3::FabricSimulatorImpl")
                            .SetParent<SimulatorImpl>()
                            .SetGroupName("HeddleEventEngine")
                            .AddConstructor<FabricSimulatorImpl>();
    return tid;
}

FabricSimulatorImpl::FabricSimulatorImpl() : m_mainThread(std::this_thread::get_id())
{
}

void
FabricSimulatorImpl::DoDispose()
{
    TakeForeignEvents();
    while (m_scheduler && !m_scheduler->IsEmpty())
    {
        m_scheduler->RemoveNext().impl->Unref();
    }
    m_scheduler = nullptr;
    SimulatorImpl::DoDispose();
}

void
FabricSimulatorImpl::Destroy()
{
    RefuseHandlers("Destroy");
    while (!m_destroyEvents.empty())
    {
        // Off the list first: it is expired while it runs, and may schedule further ones.
        const EventId id = m_destroyEvents.front();
        m_destroyEvents.pop_front();
        if (!id.PeekEventImpl()->IsCancelled())
        {
            id.PeekEventImpl()->Invoke();
        }
    }
}

void
FabricSimulatorImpl::SetCore(::heddle::EventCore* core, ::heddle::Upcalls* upcalls)
{
    if (core != m_core && m_core != nullptr)
    {
        m_count += m_core->eventCount() - m_coreEventsBefore;
    }
    if (core != m_core && core != nullptr)
    {
        m_coreEventsBefore = core->eventCount();
    }
    m_core = core;
    m_upcalls = upcalls;
}

void
FabricSimulatorImpl::SetScheduler(ObjectFactory schedulerFactory)
{
    RefuseHandlers("SetScheduler");
    Ptr<Scheduler> scheduler = schedulerFactory.Create<Scheduler>();
    while (m_scheduler && !m_scheduler->IsEmpty())
    {
        scheduler->Insert(m_scheduler->RemoveNext());
    }
    m_scheduler = scheduler;
}

// ------------------------------------------------------------------------- running

void
FabricSimulatorImpl::Run()
{
    RefuseHandlers("Run");
    NS_LOG_FUNCTION(this);
    m_mainThread = std::this_thread::get_id();
    m_stop = false;
    TakeForeignEvents();
    if (m_core != nullptr)
    {
        m_core->ClearStop();
    }
    while (!m_stop)
    {
        // An ordinary event may attach or detach a core.
        if (m_core != nullptr)
        {
            if (m_core->NextTime() == kForever && m_scheduler->IsEmpty() &&
                (m_upcalls == nullptr || m_upcalls->NextTime() == kForever))
            {
                break;
            }
            Step(NextOrdinary());
        }
        else if (m_scheduler->IsEmpty())
        {
            break;
        }
        else
        {
            RunOrdinary();
        }
        TakeForeignEvents();
    }
}

Tick
FabricSimulatorImpl::NextOrdinary() const
{
    return m_scheduler->IsEmpty() ? kForever : static_cast<Tick>(m_scheduler->PeekNext().key.m_ts);
}

void
FabricSimulatorImpl::Step(Tick ordinary)
{
    const Tick typed = m_core->NextTime();
    const Tick upcall = m_upcalls == nullptr ? kForever : m_upcalls->NextTime();
    if (typed != kForever && typed <= std::min(upcall, ordinary))
    {
        RunTyped(typed, upcall, ordinary);
    }
    else if (upcall != kForever && upcall <= ordinary)
    {
        RunUpcall(upcall);
    }
    else
    {
        m_core->AdvanceTo(ordinary);
        RunOrdinary();
    }
}

void
FabricSimulatorImpl::RunTyped(Tick first, Tick upcall, Tick ordinary)
{
    // Through the time of the next upcall or ordinary event, as typed events come before those.
    Tick end = std::min({Plus(std::min(upcall, ordinary), 1), Plus(first, kSlice)});
    if (m_upcalls != nullptr)
    {
        end = std::min(end, Plus(first, m_upcalls->latency()));
    }
    m_context = Simulator::NO_CONTEXT;
    m_core->RunUntil(end);
    if (m_upcalls != nullptr)
    {
        m_upcalls->Collect();
    }
    for (uint32_t i = 0; i < m_core->partitions(); ++i)
    {
        MoveClock(m_core->part(i).now());
    }
    if (m_core->stopped())
    {
        m_core->ClearStop();
        m_stop = true;
    }
}

void
FabricSimulatorImpl::RunUpcall(Tick time)
{
    m_core->AdvanceTo(time);
    MoveClock(time);
    m_context = Simulator::NO_CONTEXT;
    ++m_count;
    m_upcalls->RunNext();
}

void
FabricSimulatorImpl::MoveClock(Tick time)
{
    if (time > m_now)
    {
        m_now = time;
        // No ordinary event of this time has run: none may look expired by its uid.
        m_runningUid = EventId::UID::INVALID;
    }
}

void
FabricSimulatorImpl::RunOrdinary()
{
    const Scheduler::Event next = m_scheduler->RemoveNext();
    PreEventHook(EventId(next.impl, next.key.m_ts, next.key.m_context, next.key.m_uid));
    NS_ASSERT(static_cast<Tick>(next.key.m_ts) >= m_now);
    m_now = static_cast<Tick>(next.key.m_ts);
    m_context = next.key.m_context;
    m_runningUid = next.key.m_uid;
    ++m_count;
    next.impl->Invoke();
    next.impl->Unref();
}

bool
FabricSimulatorImpl::IsFinished() const
{
    RefuseHandlers("IsFinished");
    if (m_stop)
    {
        return true;
    }
    return m_scheduler->IsEmpty() && (m_core == nullptr || m_core->NextTime() == kForever) &&
           (m_upcalls == nullptr || m_upcalls->NextTime() == kForever);
}

void
FabricSimulatorImpl::Stop()
{
    RefuseHandlers("Stop");
    m_stop = true;
}

FabricSimulatorImpl::StopResult
FabricSimulatorImpl::Stop(const Time& delay)
{
    RefuseHandlers("Stop");
    return StopResult(Simulator::Schedule(delay, static_cast<void (*)()>(&Simulator::Stop)));
}

// ------------------------------------------------------------------------- scheduling

Scheduler::EventKey
FabricSimulatorImpl::Insert(Tick time, uint32_t context, EventImpl* event)
{
    Scheduler::Event entry;
    entry.impl = event;
    entry.key.m_ts = static_cast<uint64_t>(time);
    entry.key.m_uid = m_nextUid++;
    entry.key.m_context = context;
    m_scheduler->Insert(entry);
    return entry.key;
}

EventId
FabricSimulatorImpl::Schedule(const Time& delay, EventImpl* event)
{
    RefuseHandlers("Schedule");
    NS_ASSERT_MSG(m_mainThread == std::this_thread::get_id(),
                  "only ScheduleWithContext() may be called from another thread");
    NS_ASSERT_MSG(delay.IsPositive(), "Simulator::Schedule(): negative delay " << delay);
    const auto key = Insert(m_now + delay.GetTimeStep(), m_context, event);
    return EventId(event, key.m_ts, key.m_context, key.m_uid);
}

EventId
FabricSimulatorImpl::ScheduleNow(EventImpl* event)
{
    return Schedule(TimeStep(0), event);
}

void
FabricSimulatorImpl::ScheduleWithContext(uint32_t context, const Time& delay, EventImpl* event)
{
    RefuseHandlers("ScheduleWithContext");
    if (m_mainThread == std::this_thread::get_id())
    {
        Insert(m_now + delay.GetTimeStep(), context, event);
        return;
    }
    const std::lock_guard<std::mutex> lock(m_foreignMutex);
    m_foreign.push_back({context, delay.GetTimeStep(), event});
    m_haveForeign.store(true, std::memory_order_release);
}

void
FabricSimulatorImpl::TakeForeignEvents()
{
    if (!m_haveForeign.load(std::memory_order_acquire))
    {
        return;
    }
    std::vector<ForeignEvent> events;
    {
        const std::lock_guard<std::mutex> lock(m_foreignMutex);
        events.swap(m_foreign);
        m_haveForeign.store(false, std::memory_order_release);
    }
    for (const ForeignEvent& foreign : events)
    {
        Insert(m_now + foreign.delay, foreign.context, foreign.event);
    }
}

EventId
FabricSimulatorImpl::ScheduleDestroy(EventImpl* event)
{
    RefuseHandlers("ScheduleDestroy");
    // The id takes over the reference: a destroy event has no place in the scheduler.
    EventId id(Ptr<EventImpl>(event, false),
               static_cast<uint64_t>(m_now),
               Simulator::NO_CONTEXT,
               EventId::UID::DESTROY);
    m_destroyEvents.push_back(id);
    ++m_nextUid; // ns-3's simulators count it, and uids are visible
    return id;
}

void
FabricSimulatorImpl::Remove(const EventId& id)
{
    RefuseHandlers("Remove");
    if (id.GetUid() == EventId::UID::DESTROY)
    {
        const auto found = std::find(m_destroyEvents.begin(), m_destroyEvents.end(), id);
        if (found != m_destroyEvents.end())
        {
            m_destroyEvents.erase(found);
        }
        return;
    }
    if (IsExpired(id))
    {
        return;
    }
    Scheduler::Event entry;
    entry.impl = id.PeekEventImpl();
    entry.key.m_ts = id.GetTs();
    entry.key.m_uid = id.GetUid();
    entry.key.m_context = id.GetContext();
    m_scheduler->Remove(entry);
    entry.impl->Cancel();
    entry.impl->Unref(); // the scheduler's reference
}

void
FabricSimulatorImpl::Cancel(const EventId& id)
{
    RefuseHandlers("Cancel");
    if (!IsExpired(id))
    {
        id.PeekEventImpl()->Cancel();
    }
}

bool
FabricSimulatorImpl::IsExpired(const EventId& id) const
{
    RefuseHandlers("IsExpired");
    EventImpl* event = id.PeekEventImpl();
    if (event == nullptr || event->IsCancelled())
    {
        return true;
    }
    if (id.GetUid() == EventId::UID::DESTROY)
    {
        return std::find(m_destroyEvents.begin(), m_destroyEvents.end(), id) ==
               m_destroyEvents.end();
    }
    const auto time = static_cast<Tick>(id.GetTs());
    return time < m_now || (time == m_now && id.GetUid() <= m_runningUid);
}

// ------------------------------------------------------------------------- asking

Time
FabricSimulatorImpl::Now() const
{
    const Partition* part = Partition::Current();
    return TimeStep(part != nullptr ? part->now() : m_now);
}

Time
FabricSimulatorImpl::GetDelayLeft(const EventId& id) const
{
    return IsExpired(id) ? TimeStep(0) : TimeStep(id.GetTs() - static_cast<uint64_t>(m_now));
}

Time
FabricSimulatorImpl::GetMaximumSimulationTime() const
{
    return TimeStep(kForever);
}

uint32_t
FabricSimulatorImpl::GetSystemId() const
{
    return 0;
}

uint32_t
FabricSimulatorImpl::GetContext() const
{
    return Partition::Current() != nullptr ? Simulator::NO_CONTEXT : m_context;
}

uint64_t
FabricSimulatorImpl::GetEventCount() const
{
    return m_count + (m_core == nullptr ? 0 : m_core->eventCount() - m_coreEventsBefore);
}

} // namespace ns3
