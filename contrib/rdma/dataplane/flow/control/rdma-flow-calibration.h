// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-flow-calibration.h
// -----------------------------
// What max-min rates leave out of a transport, as figures measured against the packet level: one
// table, and how each figure was found.

#ifndef HEDDLE_RDMA_FLOW_CALIBRATION_H
#define HEDDLE_RDMA_FLOW_CALIBRATION_H

#include <string>

namespace heddle
{

struct FlowCalibration
{
    /// Share of a port's rate that is used while more is offered to it than it carries; (0, 1].
    double congestedEfficiency = 1;
};

/// Of a congestion control by its registered name; all 1 for those not measured.
FlowCalibration FindFlowCalibration(const std::string& congestionControl);

} // namespace heddle

#endif
