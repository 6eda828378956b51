// SPDX-License-Identifier: GPL-2.0-only
//
// File: simai-program.h
// ---------------------
// Between the parsed file and the task graph: the sizes of the groups, their members, and the one
// program that every rank runs (see simai-importer.h for the order and its sources).

#ifndef HEDDLE_SCENARIOS_SIMAI_PROGRAM_H
#define HEDDLE_SCENARIOS_SIMAI_PROGRAM_H

#include "simai-workload.h"

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

struct SimaiOptions
{
    Rank ranks = 0;                            ///< 0: the header's all_gpus
    uint32_t pipelineStages = 1;               ///< independent blocks of ranks; 0: the header's pp
    uint32_t passes = 1;                       ///< training steps, one after the other
    double computeScale = 1;                   ///< factor on every compute time; > 0
    std::vector<std::string>* notes = nullptr; ///< what the graph does not do; may be null
};

/// Sizes of the groups that a workload and options give.
struct SimaiGroups
{
    Rank ranks = 0;
    uint32_t stages = 1;
    uint32_t tensor = 1;
    uint32_t data = 1;       ///< ranks / (tensor × stages)
    uint32_t expert = 1;     ///< divides data
    uint32_t dataExpert = 1; ///< data / expert
};

/// Throws InputError when the numbers do not divide.
SimaiGroups FormSimaiGroups(const SimaiWorkload& workload, const SimaiOptions& options);

enum class SimaiGroup : uint8_t
{
    Tensor,
    Data,
    Expert,
    DataExpert,
    All, ///< of the pipeline stage
};

inline constexpr size_t kSimaiGroups = 5;

const char* SimaiGroupName(SimaiGroup group);
uint32_t SimaiGroupSize(const SimaiGroups& groups, SimaiGroup group);

/// The ranks of `rank`'s group, ascending, in communicator order.
std::vector<Rank> SimaiMembers(const SimaiGroups& groups, SimaiGroup group, Rank rank);

/// One step of the program.
struct SimaiOp
{
    std::string label;
    bool compute = false;
    double seconds = 0;                               ///< compute only
    ComputeClass computeClass = ComputeClass::Kernel; ///< compute only
    CollectiveKind kind = CollectiveKind::AllReduce;  ///< collectives only, as what follows
    uint64_t bytes = 0;
    SimaiGroup group = SimaiGroup::Tensor;
    std::vector<uint32_t> deps; ///< indices of earlier steps
};

struct SimaiProgram
{
    std::vector<SimaiOp> ops;
    uint32_t zeroByteCollectives = 0; ///< left out
    uint32_t loneCollectives = 0;     ///< left out: in groups of one rank
    uint32_t ignoredCollectives = 0;  ///< left out: in columns that the policy does not communicate
};

SimaiProgram PlanSimai(const SimaiWorkload& workload,
                       const SimaiGroups& groups,
                       const SimaiOptions& options);

/// "path:line:column: " of the header, for messages.
std::string SimaiHeaderPlace(const SimaiWorkload& workload);

} // namespace heddle

#endif
