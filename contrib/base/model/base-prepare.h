// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-prepare.h
// --------------------
// Hints to the cache that look at one event at a time, as EventCore::SetPrepare() wants them:
//
//   core.SetPrepare(m_onArrive, nullptr, &ForEachEvent<Switch, &Switch::ForeseeArrival>);

#ifndef HEDDLE_BASE_PREPARE_H
#define HEDDLE_BASE_PREPARE_H

#include "ns3/base-event-core.h"

#include <cstddef>
#include <cstdint>

namespace heddle
{

/// An EventCore::PrepareFn.
template <class T, void (T::*Method)(const Event&) const>
void
ForEachEvent(void* self, const Event* first, const uint8_t* which, size_t count)
{
    for (size_t i = 0; i < count; ++i)
    {
        (static_cast<const T*>(self)->*Method)(first[which[i]]);
    }
}

/// All cache lines of `object`, to be written; for hints.
template <class T>
void
FetchToWrite(const T* object)
{
    constexpr size_t kLine = 64;
    for (size_t byte = 0; byte < sizeof(T); byte += kLine)
    {
        __builtin_prefetch(reinterpret_cast<const char*>(object) + byte, 1);
    }
    asm volatile(""); // or GCC takes callers for functions without effect and drops their calls
}

} // namespace heddle

#endif
