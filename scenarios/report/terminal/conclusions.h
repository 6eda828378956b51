// SPDX-License-Identifier: GPL-2.0-only
//
// What a result means, in plain English, from the numbers alone. Differences below kNoise are not
// named.

#ifndef HEDDLE_SCENARIOS_CONCLUSIONS_H
#define HEDDLE_SCENARIOS_CONCLUSIONS_H

#include "heddle-result.pb.h"

#include <string>
#include <vector>

namespace heddle
{

/// Smallest relative difference of step times that is called one.
inline constexpr double kNoise = 0.005;

std::vector<std::string> Conclude(const v1::Result& result);

/// "scale_out_congestion" → "scale-out congestion".
std::string HumanAccount(const std::string& account);

/// A time in s as text: "1.234 ms".
std::string HumanTime(double seconds);

} // namespace heddle

#endif
