// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity-workloads.h
// --------------------------
// What the fidelity set sends (fidelity-cases.h): traffic for the level by messages, collectives by
// algorithm for the level of whole collectives.

#ifndef HEDDLE_SCENARIOS_FIDELITY_WORKLOADS_H
#define HEDDLE_SCENARIOS_FIDELITY_WORKLOADS_H

#include "validate/fidelity-cases.h"

#include <string>
#include <vector>

namespace heddle
{

struct FidelitySize
{
    const char* name;
    unsigned ranks;
    const char* bytes;
};

struct FidelityWorkload
{
    const char* level;
    const char* name;
    std::vector<FidelitySize> sizes;
    std::vector<FidelitySize> quickSizes;
    std::string (*text)(const FidelitySize& size);
    const char* collectives; ///< of the fabric
    unsigned perHost = 1;
};

const std::vector<FidelityWorkload>& FidelityWorkloads();

/// Those for NICs of several ports: by messages alone, level "flow" runs them so too.
const std::vector<FidelityWorkload>& SeveralPortsWorkloads();

/// Those that change rails inside hosts.
const std::vector<FidelityWorkload>& RailWorkloads();

/// Those with several traffic classes (fidelity-class-workloads.cc).
const std::vector<FidelityWorkload>& ClassWorkloads();

} // namespace heddle

#endif
