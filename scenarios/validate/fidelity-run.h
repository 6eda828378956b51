// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity-run.h
// --------------------
// Runs families at both levels and compares them: message by message, or at level "flow" collective
// by collective.
//
//   const v1::FidelityReport report = RunFidelity(FidelitySet(true), 2);
//   PrintFidelity(report, std::cout);

#ifndef HEDDLE_SCENARIOS_FIDELITY_RUN_H
#define HEDDLE_SCENARIOS_FIDELITY_RUN_H

#include "validate/fidelity-cases.h"

#include "heddle-fidelity.pb.h"

#include <ostream>
#include <vector>

namespace heddle
{

/// A process per case and level, `atOnce` at a time. Families beyond a goal run `repeats` times
/// more at packet level, with other draws. Throws RunError when a case fails or the user
/// interrupts.
v1::FidelityReport RunFidelity(const std::vector<FidelityFamily>& families,
                               unsigned atOnce,
                               unsigned repeats = 0);

/// Errors of one family from the runs of its cases, packet and flow level each. Pure.
v1::FidelityFamily CompareFamily(const FidelityFamily& family,
                                 const std::vector<v1::FidelityRun>& packet,
                                 const std::vector<v1::FidelityRun>& flow);

/// How far the packet level is from itself: chance. `others`: by draw, the runs of the family's
/// cases; each is held against `packet` as the flow level was. Pure.
void CompareWithItself(const FidelityFamily& family,
                       const std::vector<v1::FidelityRun>& packet,
                       const std::vector<std::vector<v1::FidelityRun>>& others,
                       v1::FidelityFamily& out);

/// The table, then what is beyond goals and chance, by cause (verdict/fidelity-table.cc).
void PrintFidelity(const v1::FidelityReport& report, std::ostream& out);

} // namespace heddle

#endif
