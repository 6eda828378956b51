// SPDX-License-Identifier: GPL-2.0-only
//
// File: accelerators.h
// --------------------
// Accelerator presets as data: registry category "accelerator", every figure with its source.

#ifndef HEDDLE_SCENARIOS_ACCELERATORS_H
#define HEDDLE_SCENARIOS_ACCELERATORS_H

#include "ns3/base-registry.h"
#include "ns3/optics-figure.h"
#include "ns3/training-job.h"

namespace heddle
{

struct AcceleratorPreset
{
    AcceleratorModel model;
    ScaleUpModel scaleUp;
    double pricePerHour; ///< USD
    double power;        ///< W
    Figure cost;         ///< USD, with its share of the host
};

/// Preset `name` with `given` figures replaced. Throws InputError.
AcceleratorPreset MakeAccelerator(const std::string& name,
                                  const std::map<std::string, std::string>& given);

} // namespace heddle

#endif
