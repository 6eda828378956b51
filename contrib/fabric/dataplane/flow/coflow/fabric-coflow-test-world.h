// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-coflow-test-world.h
// --------------------------------
// For tests: a network of coflows, and when each starts and ends.

#ifndef HEDDLE_FABRIC_COFLOW_TEST_WORLD_H
#define HEDDLE_FABRIC_COFLOW_TEST_WORLD_H

#include "ns3/fabric-coflow-network.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <numeric>

namespace heddle::coflow
{

using Kind = CoflowNetwork::PortKind;
using Load = CoflowNetwork::Load;
inline constexpr int64_t kGbps = 1'000'000'000;

/// A network, coflows that start at given times, and when they end.
class World : public CoflowClient
{
  public:
    explicit World(const CoflowNetwork::Config& config = CoflowNetwork::Config{})
        : network(core, config)
    {
        network.SetClient(this);
    }

    void StartAt(Tick at, uint32_t coflow, double pace = 0)
    {
        core.ScheduleAlone(at,
                           core.Key(m_entity, m_sequence++),
                           [this, coflow, pace]
                           {
                               started[coflow] = core.part(0).now();
                               network.Start(core.part(0), coflow, pace);
                           });
    }

    void Do(Tick at, std::function<void(Partition&)> what)
    {
        core.ScheduleAlone(at,
                           core.Key(m_entity, m_sequence++),
                           [this, what] { what(core.part(0)); });
    }

    void Run()
    {
        core.RunUntil(kForever);
    }

    void OnDrained(Partition& part, uint32_t coflow, const CoflowTimes& times) override
    {
        ended[coflow] = part.now();
        this->times[coflow] = times;
        const double sum = std::accumulate(times.time.begin(), times.time.end(), 0.0);
        EXPECT_NEAR(sum, double(part.now() - started[coflow]), 1) << "coflow " << coflow;
    }

    double Took(uint32_t coflow) ///< ms
    {
        return ToSeconds(ended.at(coflow) - started.at(coflow)) * 1e3;
    }

    EventCore core{{}};
    CoflowNetwork network;
    std::map<uint32_t, Tick> started;
    std::map<uint32_t, Tick> ended;
    std::map<uint32_t, CoflowTimes> times;

  private:
    uint32_t m_entity = core.NewEntities();
    uint32_t m_sequence = 0;
};

} // namespace heddle::coflow

#endif
