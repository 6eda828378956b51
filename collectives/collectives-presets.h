// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-presets.h
// ---------------------------
// NCCL-like software layers as data: each figure with its unit, source and grade, so that
// `heddle list` can print them and a scenario can override them.
//
//   SoftwareModel software = FindPreset("nccl-h100");       // InputError with the nearest names
//   std::cout << FormatPreset("nccl-h100");
//
// Grades: verified (read in the named source), derived (from verified figures, how is said),
// assumption (called one).
//
// Latencies are the ring LL128 weights of NCCL's tuner less the wire: the simulated network adds
// its own propagation and serialisation. The tuner's weights select algorithms; they are not
// measured times. The large-message rows at hand (3 × 8 A100 with 4 × 200G, 127.9 MB in 2560.7 us,
// nccl-tests#119; ring 370 GB/s on one H100 host, nccl-tests#290) are bound by bandwidth and tell
// such choices apart by less than 1 %: **the latencies are uncalibrated below some 10 MB**. The
// Simple protocol's weights are listed with each figure for those who want them.
//
// Known deviations: one protocol at all sizes (no LL, no wire expansion), no trees, NVLS or tuner.

#ifndef HEDDLE_COLLECTIVES_PRESETS_H
#define HEDDLE_COLLECTIVES_PRESETS_H

#include "ns3/base-units.h"
#include "ns3/collectives-schedule.h"

#include <string>
#include <vector>

namespace heddle
{

enum class FigureGrade
{
    Verified,
    Derived,
    Assumption,
};

/// One figure of a software model.
struct PresetFigure
{
    std::string field; ///< snake_case, unit-free
    std::string value; ///< text with unit, as scenarios write it
    Quantity quantity;
    FigureGrade grade;
    std::string source; ///< where from, how derived, alternatives
};

struct SoftwarePreset
{
    std::string name;
    std::string description;
    std::vector<PresetFigure> figures; ///< fields not listed keep SoftwareModel's defaults
};

/// All presets, sorted by name.
const std::vector<SoftwarePreset>& SoftwarePresets();

/// The model of a preset; throws InputError with the nearest names.
SoftwareModel FindPreset(const std::string& name);

/// Sets one field from text with a unit; throws InputError on an unknown field or a bad value.
void SetSoftwareField(SoftwareModel& model, const std::string& field, const std::string& value);

/// The fields that SetSoftwareField() knows, sorted.
std::vector<std::string> SoftwareFields();

/// A table: field, value, grade, source.
std::string FormatPreset(const std::string& name);

} // namespace heddle

#endif
