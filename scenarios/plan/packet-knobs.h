// SPDX-License-Identifier: GPL-2.0-only
//
// File: packet-knobs.h
// --------------------
// Fields of a fabric that only packets notice. A scenario for packets may be run at flow level as
// it is (`--fidelity flow`); what has no effect there is said, field by field.

#ifndef HEDDLE_SCENARIOS_PACKET_KNOBS_H
#define HEDDLE_SCENARIOS_PACKET_KNOBS_H

#include "loader/scenario-source.h"

#include <string>

namespace heddle
{

struct Plan;

/// "at fidelity "flow" … have no effect: FILE:LINE: fabric.switch.buffer, …"; empty if none is
/// given. Of a plan whose fabrics and worlds are known.
std::string PacketKnobsGiven(const ScenarioNode& root, const Plan& plan);

} // namespace heddle

#endif
