// SPDX-License-Identifier: GPL-2.0-only
//
// What is down or degraded in a fabric for hours or days.

#ifndef HEDDLE_SCENARIOS_FABRIC_STATE_H
#define HEDDLE_SCENARIOS_FABRIC_STATE_H

#include "plan/ladder.h"

#include <string>
#include <vector>

namespace heddle
{

struct FabricState
{
    std::string name; ///< "leaf0: 1 of 32 uplinks down"
    std::vector<LinkState> links;
};

} // namespace heddle

#endif
