// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity-cases.h
// ----------------------
// The fixed set on which the flow levels are held against the packet level. A case is a scenario; a
// family is the cases that differ in size alone:
//
//   workload × load balancer × congestion control × kind and state of the fabric
//
// e.g. "all-to-all, spray, dcqcn, 2:1" with 8 … 128 ranks: level "flow-messages", message by
// message. "flow, hierarchical all-reduce, ecmp, none, 1:1": level "flow", whole collectives by
// algorithm, also those that this level runs by messages ("pairwise").

#ifndef HEDDLE_SCENARIOS_FIDELITY_CASES_H
#define HEDDLE_SCENARIOS_FIDELITY_CASES_H

#include "plan/ladder.h"

#include <string>
#include <vector>

namespace heddle
{

/// The state of a fabric of leaves and spines whose link fails while messages are under way.
inline constexpr const char* kLinkDown = "link down";
/// NICs of two ports, and of four; a NIC's port down from the start, or while messages are under
/// way.
inline constexpr const char* kDualTor = "dual-ToR";
inline constexpr const char* kDualTorPortDown = "dual-ToR, port down";
inline constexpr const char* kPlanes = "planes";
inline constexpr const char* kPlanesPortDown = "planes, port down";
/// A leaf per rail, and messages change rails inside hosts (PXN).
inline constexpr const char* kRails = "rails, PXN";
/// The workload: collectives that meet, in a class each.
inline constexpr const char* kStrictClasses = "strict classes";
inline constexpr const char* kWeightedClasses = "weighted classes";

struct FidelityCase
{
    std::string name;     ///< within its family: "32 ranks"
    std::string scenario; ///< textproto, without `run`
    /// The same with other random draws, any number of them: another seed, or, where that would
    /// change the paths (ECMP), packets of 4,080, 4,064, ... B in place of 4,096.
    std::vector<std::string> otherDraws;
};

/// As many draws every case has.
inline constexpr unsigned kOtherDraws = 8;

struct FidelityFamily
{
    std::string level; ///< that is held against packets
    std::string workload;
    std::string loadBalancer;
    std::string congestionControl;
    std::string condition; ///< oversubscription ("2:1") or one of the names above
    std::vector<FidelityCase> cases;

    std::string Name() const
    {
        const std::string prefix = level == kFlow ? level + ", " : "";
        return prefix + workload + ", " + loadBalancer + ", " + congestionControl + ", " +
               condition;
    }
};

/// The whole set, or the quick one: fewer families, fewer and smaller cases.
std::vector<FidelityFamily> FidelitySet(bool quick);

} // namespace heddle

#endif
