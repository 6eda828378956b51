// SPDX-License-Identifier: GPL-2.0-only
//
// File: simai-workload.h
// ----------------------
// The SimAI / ASTRA-sim 1.0 workload text: one header line, the number of layers, one row each.
//
//   HYBRID_TRANSFORMER_FWD_IN_BCKWD model_parallel_NPU_group: 2 ep: 1 pp: 1 all_gpus: 8 …
//   2
//   attention -1 752000 ALLREDUCE 20971520 752000 ALLREDUCE 20971520 752000 NONE 0 100
//
// Columns: name, dependency (unused, always -1 in practice), then compute time in ns, collective
// and bytes for forward, input gradient and weight gradient, then the update time in ns. The format
// has no formal description; this follows SimAI's reader (aliyun/SimAI cef83f9, Workload.cc) and
// the files its generator writes.
//
// Deviations from that reader, all towards refusing rather than guessing: an unknown collective or
// suffix is an error (there: no communication, or a group of none); an unknown header key is an
// error; all listed checkpoint layers are read (there: the first, many times); rows beyond the
// count are an error; BROADCAST is read (there: no communication); sizes like "25165824.0" are
// taken when whole.

#ifndef HEDDLE_SCENARIOS_SIMAI_WORKLOAD_H
#define HEDDLE_SCENARIOS_SIMAI_WORKLOAD_H

#include "ns3/collectives-task-graph.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heddle
{

enum class SimaiPolicy
{
    Transformer,           ///< HYBRID_TRANSFORMER
    TransformerFwdInBckwd, ///< HYBRID_TRANSFORMER_FWD_IN_BCKWD
    Data,                  ///< DATA
    Model,                 ///< MODEL
    HybridDataModel,       ///< HYBRID_DATA_MODEL
    MicroBenchmark,        ///< MICRO
    DistributedInference,  ///< DISTRIBUTED_INFERENCE
};

/// Where a value stands in the file; 1-based.
struct SimaiPlace
{
    int line = 0;
    int column = 0;
};

struct SimaiHeader
{
    SimaiPolicy policy = SimaiPolicy::Transformer;
    std::string policyName;
    std::optional<uint32_t> tensorParallel; ///< model_parallel_NPU_group
    std::optional<uint32_t> expertParallel; ///< ep
    std::optional<uint32_t> pipelineStages; ///< pp
    std::optional<uint32_t> virtualStages;  ///< vpp: already unrolled in the rows
    std::optional<uint32_t> microbatches;   ///< ga: already unrolled in the rows
    std::optional<uint32_t> ranks;          ///< all_gpus
    uint64_t pipelineBytes = 0;             ///< pp_comm
    std::vector<uint32_t> checkpoints;      ///< layers whose activations are kept
    std::vector<uint32_t> initiators;       ///< layers whose backward pass first recomputes
    SimaiPlace place;
};

/// What a collective's suffix says.
enum class SimaiSuffix
{
    None,       ///< the column's own group
    Expert,     ///< _EP
    DataExpert, ///< _DP_EP
};

struct SimaiCollective
{
    std::string word; ///< as written
    CollectiveKind kind = CollectiveKind::AllReduce;
    SimaiSuffix suffix = SimaiSuffix::None;
    uint64_t bytes = 0; ///< as CollectiveSpec counts them
    SimaiPlace place;
};

struct SimaiPhase
{
    uint64_t computeNs = 0;
    std::optional<SimaiCollective> collective; ///< none when NONE
};

struct SimaiLayer
{
    std::string name;
    SimaiPlace place;
    SimaiPhase forward;
    SimaiPhase inputGrad;
    SimaiPhase weightGrad;
    uint64_t updateNs = 0;
};

struct SimaiWorkload
{
    std::string path;
    SimaiHeader header;
    std::vector<SimaiLayer> layers;
    uint32_t sizesWithoutCollective = 0; ///< cells "NONE" with a non-zero size, which mean nothing
};

/// Throws InputError with path:line:column.
SimaiWorkload ReadSimai(const std::string& path);

} // namespace heddle

#endif
