// SPDX-License-Identifier: GPL-2.0-only
//
// File: steps-result.h
// --------------------
// Many steps of one world: how their times spread, how much of that is jitter that the slowest
// accelerator imposes on all, and whose doing the idle time was.

#ifndef HEDDLE_SCENARIOS_STEPS_RESULT_H
#define HEDDLE_SCENARIOS_STEPS_RESULT_H

#include "ns3/fabric-topology.h"
#include "ns3/training-job.h"

#include "heddle-result.pb.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace heddle
{

class StepStatistics
{
  public:
    /// `topology` must outlive it.
    StepStatistics(const Topology& topology, std::string fidelity);

    void Add(const JobResult& step);
    void AddSteady(const JobResult& step); ///< without jitter

    /// Nothing when no step was added.
    void Fill(v1::FabricResult* out) const;

  private:
    const Topology& m_topology;
    std::string m_fidelity;
    std::vector<Tick> m_times;
    Tick m_steady = 0;
    double m_jitterSquares = 0; ///< s², over accelerators and steps
    double m_accelerators = 0;
    std::array<double, kRootAccounts> m_root{}; ///< s
    std::map<std::pair<uint8_t, uint32_t>, double> m_places;
};

/// The nearest-rank percentile of sorted times; 0 < p ≤ 1.
Tick PercentileOf(const std::vector<Tick>& sorted, double p);

} // namespace heddle

#endif
