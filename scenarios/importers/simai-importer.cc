// SPDX-License-Identifier: GPL-2.0-only
#include "simai-importer.h"

#include "importer.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace heddle
{

namespace
{

/// Communicators of the groups that the program uses: [group][rank].
std::array<std::vector<CommId>, kSimaiGroups>
AddCommunicators(TaskGraph& graph, const SimaiGroups& groups, const std::vector<SimaiOp>& program)
{
    std::array<std::vector<CommId>, kSimaiGroups> comms;
    for (const SimaiOp& op : program)
    {
        auto& byRank = comms[static_cast<size_t>(op.group)];
        if (op.compute || !byRank.empty())
        {
            continue;
        }
        constexpr CommId kNone = ~0U;
        byRank.resize(groups.ranks, kNone);
        uint32_t count = 0;
        for (Rank rank = 0; rank < groups.ranks; ++rank)
        {
            if (byRank[rank] != kNone)
            {
                continue;
            }
            const auto members = SimaiMembers(groups, op.group, rank);
            const CommId comm =
                graph.AddCommunicator(SimaiGroupName(op.group) + std::to_string(count++), members);
            for (Rank member : members)
            {
                byRank[member] = comm;
            }
        }
    }
    return comms;
}

TaskGraph
Instantiate(const std::vector<SimaiOp>& program, const SimaiGroups& groups)
{
    TaskGraph graph(groups.ranks);
    const auto comms = AddCommunicators(graph, groups, program);
    std::vector<TaskId> ids(program.size());
    std::vector<TaskId> deps;
    for (Rank rank = 0; rank < groups.ranks; ++rank)
    {
        for (size_t i = 0; i < program.size(); ++i)
        {
            const SimaiOp& op = program[i];
            deps.clear();
            for (uint32_t dep : op.deps)
            {
                deps.push_back(ids[dep]);
            }
            if (op.compute)
            {
                ComputeSpec spec;
                spec.label = op.label;
                spec.fixedSeconds = op.seconds;
                spec.computeClass = op.computeClass;
                ids[i] = graph.AddCompute(rank, spec, deps);
                continue;
            }
            const CommId comm = comms[static_cast<size_t>(op.group)][rank];
            CollectiveSpec spec;
            spec.label = op.label;
            spec.kind = op.kind;
            spec.bytes = op.bytes;
            spec.root =
                op.kind == CollectiveKind::Broadcast ? graph.communicators()[comm].ranks[0] : 0;
            ids[i] = graph.AddCollective(rank, comm, spec, deps);
        }
    }
    return graph;
}

void
AddNotes(const SimaiWorkload& workload,
         const SimaiGroups& groups,
         const SimaiProgram& program,
         std::vector<std::string>& notes)
{
    const SimaiHeader& header = workload.header;
    const auto note = [&](bool when, const std::string& text)
    {
        if (when)
        {
            notes.push_back(SimaiHeaderPlace(workload) + text);
        }
    };
    const std::string stages = std::to_string(header.pipelineStages.value_or(1));
    note(header.ranks && *header.ranks != groups.ranks,
         "written for " + std::to_string(header.ranks.value_or(0)) + " ranks, imported for " +
             std::to_string(groups.ranks) + ": data-parallel groups differ, sizes do not");
    note(header.pipelineStages.value_or(1) != groups.stages,
         "pp: " + stages + " is not followed; ranks form " + std::to_string(groups.stages) +
             " block(s) that run the same program");
    note(header.pipelineBytes > 0,
         "pp_comm: " + std::to_string(header.pipelineBytes) +
             " bytes per transfer between stages are not simulated");
    note(program.zeroByteCollectives > 0,
         std::to_string(program.zeroByteCollectives) + " collectives of zero bytes left out");
    note(program.loneCollectives > 0,
         std::to_string(program.loneCollectives) + " collectives in groups of one rank left out");
    note(program.ignoredCollectives > 0,
         std::to_string(program.ignoredCollectives) + " collectives in columns that " +
             header.policyName + " does not communicate left out");
    note(workload.sizesWithoutCollective > 0,
         std::to_string(workload.sizesWithoutCollective) + " sizes beside NONE left out");
}

uint32_t
WholeNumber(const ParameterValues& parameters, const std::string& name)
{
    const double value = parameters.Number(name);
    if (!(value >= 0 && value <= 0xffffffff && value == std::floor(value)))
    {
        throw InputError("importer 'simai': " + name + " = " + parameters.Text(name) +
                         " must be a whole number");
    }
    return static_cast<uint32_t>(value);
}

TaskGraph
MakeFromSimai(const std::string& path,
              const ParameterValues& parameters,
              std::vector<std::string>& notes)
{
    SimaiOptions options;
    options.ranks = WholeNumber(parameters, "ranks");
    options.pipelineStages = WholeNumber(parameters, "pipeline_stages");
    options.passes = WholeNumber(parameters, "passes");
    options.computeScale = parameters.Number("compute_scale");
    options.notes = &notes;
    return ImportSimai(path, options);
}

const Registration<ImporterFactory> kSimai{
    {"importer",
     "simai",
     "SimAI / ASTRA-sim 1.0 workload text: one row per layer with forward, input-gradient and "
     "weight-gradient compute times and collectives; tensor, data, expert and data-expert groups "
     "as SimAI forms them.",
     {{"ranks",
       Quantity::Ratio,
       "0",
       "number of ranks; 0 takes all_gpus from the header",
       "file format"},
      {"pipeline_stages",
       Quantity::Ratio,
       "1",
       "independent blocks of ranks; 0 takes pp from the header; no transfers between them",
       "SimAI Sys.cc fixes it to 1"},
      {"passes", Quantity::Ratio, "1", "training steps in a row", "SimAI's default"},
      {"compute_scale", Quantity::Ratio, "1", "factor on compute times", "SimAI's default"}}},
    &MakeFromSimai};

} // namespace

TaskGraph
ImportSimai(const std::string& path, const SimaiOptions& options)
{
    if (options.passes == 0 || !(options.computeScale > 0) || std::isinf(options.computeScale))
    {
        throw InputError("importer 'simai': passes and compute_scale must be positive");
    }
    const SimaiWorkload workload = ReadSimai(path);
    const SimaiGroups groups = FormSimaiGroups(workload, options);
    const SimaiProgram program = PlanSimai(workload, groups, options);
    if (program.ops.size() * uint64_t{groups.ranks} > kMaxSimaiTasks)
    {
        throw InputError(path + ": " + std::to_string(program.ops.size()) + " tasks on each of " +
                         std::to_string(groups.ranks) + " ranks exceed " +
                         std::to_string(kMaxSimaiTasks) + "; import fewer ranks");
    }
    if (options.notes != nullptr)
    {
        AddNotes(workload, groups, program, *options.notes);
    }
    return Instantiate(program.ops, groups);
}

} // namespace heddle
