// SPDX-License-Identifier: GPL-2.0-only
//
// File: event-engine-upcalls.h
// ----------------------------
// The way from a typed handler up to ordinary ns-3 code. A handler may run on a worker thread and
// must not call ns-3; it posts an upcall, which runs on the main thread a fixed latency later, with
// Simulator::Now() set and free to call all of ns-3.
//
//   Upcalls& up = *ns3::heddle::EventEngine::EnableUpcalls(latency);  // main thread, once
//   up.Post(part, core.Key(entity, sequence++), &Delivered, this, packetId);  // in a handler
//
// Order: at one time typed events run first, then upcalls by key, then ordinary ns-3 events. Keys
// are those of the event core, so the order does not depend on partitions or threads.
// The latency (ticks, ≥ 1) bounds how far the typed events run ahead of the upcalls: a latency of
// at least the core's look-ahead keeps the windows whole.

#ifndef HEDDLE_EVENT_ENGINE_UPCALLS_H
#define HEDDLE_EVENT_ENGINE_UPCALLS_H

#include "ns3/base-event-core.h"

#include <cstdint>
#include <vector>

namespace heddle
{

class Upcalls
{
  public:
    using Function = void (*)(void* self, uint64_t arg);

    /// `latency` in ticks, at least 1.
    Upcalls(const EventCore& core, Tick latency);

    Tick latency() const
    {
        return m_latency;
    }

    /// Calls function(self, arg) at part.now() + latency(). For handlers of `part` only.
    void Post(const Partition& part, uint64_t key, Function function, void* self, uint64_t arg);

    // Main thread, outside of EventCore::RunUntil():

    /// Takes over what the handlers posted. Call after every RunUntil().
    void Collect();

    /// Time of the next upcall; kForever when there is none.
    Tick NextTime() const
    {
        return m_heap.empty() ? kForever : m_heap.front().time;
    }

    /// Runs the next upcall; there must be one.
    void RunNext();

  private:
    struct Call
    {
        Tick time;
        uint64_t key;
        Function function;
        void* self;
        uint64_t arg;
    };

    static bool Later(const Call& a, const Call& b);

    Tick m_latency;
    std::vector<std::vector<Call>> m_posted; ///< per partition
    std::vector<Call> m_heap;                ///< min-heap by (time, key)
};

} // namespace heddle

#endif
