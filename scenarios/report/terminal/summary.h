// SPDX-License-Identifier: GPL-2.0-only
//
// The terminal summary: fabrics side by side, then what it means.

#ifndef HEDDLE_SCENARIOS_SUMMARY_H
#define HEDDLE_SCENARIOS_SUMMARY_H

#include "heddle-result.pb.h"

#include <ostream>

namespace heddle
{

void PrintSummary(const v1::Result& result, std::ostream& out);

/// The whole what-if ladder, when it was run.
void PrintWhatIf(const v1::Result& result, std::ostream& out);

} // namespace heddle

#endif
