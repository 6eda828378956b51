// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-stall.h
// ----------------------
// Who waits for whom, when a run ends before its job does. Text for a RunError.

#ifndef HEDDLE_TRAINING_STALL_H
#define HEDDLE_TRAINING_STALL_H

#include "ns3/training-engine.h"

#include <string>

namespace heddle::training
{

class StallReport
{
  public:
    explicit StallReport(const Engine& job) : m_job(job)
    {
    }

    std::string Text(size_t limit) const;

  private:
    std::string Describe(TaskId task) const; ///< "rank 3: all-reduce 'grad' #2 on 'dp'"
    std::string Reason(const CommRun& run) const;

    const Engine& m_job;
};

} // namespace heddle::training

#endif
