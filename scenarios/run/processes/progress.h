// SPDX-License-Identifier: GPL-2.0-only
//
// File: progress.h
// ----------------
// One line on a terminal's stderr: how far, how long still. Silent when stderr is no terminal.

#ifndef HEDDLE_SCENARIOS_PROGRESS_H
#define HEDDLE_SCENARIOS_PROGRESS_H

#include <chrono>
#include <string>
#include <vector>

namespace heddle
{

class ProgressLine
{
  public:
    explicit ProgressLine(const std::string& what);
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    ~ProgressLine(); ///< clears the line

    void Show(double done, const std::vector<std::string>& running);

  private:
    std::string m_what;
    bool m_terminal;
    std::chrono::steady_clock::time_point m_start;
    std::chrono::steady_clock::time_point m_shown;
};

/// "4 s", "2 min 10 s".
std::string Duration(double seconds);

} // namespace heddle

#endif
