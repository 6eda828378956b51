// SPDX-License-Identifier: GPL-2.0-only
//
// File: calibration.h
// -------------------
// Measured figures of a cluster (`heddle calibrate` writes the file), as defaults of a plan.

#ifndef HEDDLE_SCENARIOS_CALIBRATION_H
#define HEDDLE_SCENARIOS_CALIBRATION_H

#include <map>
#include <optional>
#include <string>

namespace heddle
{

class ScenarioNode;

struct CalibrationPlan
{
    std::string software = "none"; ///< preset; its replaced figures follow
    std::map<std::string, std::string> softwareFigures;
    double nicEfficiency = 1;
    double scaleUpEfficiency = 1;
    std::map<std::string, std::string> accelerator; ///< defaults of the Accelerator block
    double kernelSigma = 0;
};

/// Reads cluster.calibration, if there is one; InputError "file:line: …" or "file: …".
CalibrationPlan ReadCalibration(const ScenarioNode& cluster);

/// A path as written in `scenario`: relative to that file.
std::string Beside(const std::string& scenario, const std::string& path);

} // namespace heddle

#endif
