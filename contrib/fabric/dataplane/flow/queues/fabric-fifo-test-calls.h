// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-fifo-test-calls.h
// ------------------------------
// For tests of fluid queues: calls at given times.

#ifndef HEDDLE_FABRIC_FIFO_TEST_CALLS_H
#define HEDDLE_FABRIC_FIFO_TEST_CALLS_H

#include "ns3/base-event-core.h"

#include <functional>
#include <utility>
#include <vector>

namespace heddle::fabric
{

class TestCalls
{
  public:
    explicit TestCalls(EventCore& core)
        : m_core(core),
          m_entity(core.NewEntities()),
          m_onCall(core.AddHandler<TestCalls, &TestCalls::OnCall>(this))
    {
    }

    void At(Tick time, std::function<void(Partition&)> what)
    {
        m_calls.push_back(std::move(what));
        m_core.part(0).Insert(
            {time, m_core.Key(m_entity, m_sequence++), m_calls.size() - 1, 0, m_onCall, 0});
    }

  private:
    void OnCall(Partition& part, const Event& event)
    {
        m_calls[event.arg](part);
    }

    EventCore& m_core;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onCall;
    std::vector<std::function<void(Partition&)>> m_calls;
};

} // namespace heddle::fabric

#endif
