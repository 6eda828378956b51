// SPDX-License-Identifier: GPL-2.0-only
//
// File: command.h
// ---------------
// The command line: one function per command, found by name. Exit codes: 0 done, 1 the run failed,
// 2 the input is wrong.

#ifndef HEDDLE_SCENARIOS_COMMAND_H
#define HEDDLE_SCENARIOS_COMMAND_H

#include <boost/program_options.hpp>
#include <string>
#include <vector>

namespace heddle
{

inline constexpr int kExitDone = 0;
inline constexpr int kExitRunFailed = 1;
inline constexpr int kExitWrongInput = 2;

using Arguments = std::vector<std::string>;

int RunCommandLine(const Arguments& arguments);

// The commands. Each throws InputError or RunError, or returns an exit code.
int RunRun(const Arguments& arguments);
int RunCheck(const Arguments& arguments);
int RunList(const Arguments& arguments);
int RunCalibrate(const Arguments& arguments);
int RunSupply(const Arguments& arguments);
int RunDescribe(const Arguments& arguments);
int RunValidate(const Arguments& arguments);

/// Parses options and positional arguments ("operand"). `--help` prints `usage` and the options and
/// returns false. InputError on an unknown option, with the nearest.
bool ParseOptions(const Arguments& arguments,
                  const std::string& usage,
                  const boost::program_options::options_description& visible,
                  boost::program_options::variables_map& values,
                  std::vector<std::string>& operands);

} // namespace heddle

#endif
