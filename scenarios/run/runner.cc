// SPDX-License-Identifier: GPL-2.0-only
#include "run/runner.h"

#include "long-run/long-run-result.h"
#include "report/result/fabric-result.h"
#include "report/result/what-if-result.h"
#include "report/terminal/conclusions.h"
#include "run/processes/processes.h"
#include "run/processes/progress.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <thread>

namespace heddle
{

namespace
{

constexpr uint32_t kSchemaVersion = 1;

/// Which pool job holds what; equal worlds share one.
struct JobTable
{
    std::vector<std::vector<size_t>> worlds; ///< by fabric: the plan's rungs, then its long run's
    std::vector<std::vector<size_t>> scales; ///< by fabric: of plan.scales
    std::vector<std::string> names;          ///< by job
};

/// Rough cost of a world, for order and progress.
double
Weight(const FabricPlan& fabric, const RungPlan& rung)
{
    const double small = 1 + fabric.estimate.messages;
    if (rung.ideal.infiniteScaleOut)
    {
        return small;
    }
    if (rung.fidelity != "packet")
    {
        return small;
    }
    // On the ideal fabric every packet crosses two links.
    return small + fabric.estimate.packetHops * (rung.idealFabric ? 0.6 : 1);
}

std::string
RunAndSerialise(const Plan& plan,
                const FabricPlan& fabric,
                const RungPlan& rung,
                const WorldOptions& options,
                const ProgressFn& progress)
{
    v1::WorldPart part;
    try
    {
        part = RunWorld(plan, fabric, rung, options, progress);
    }
    catch (const InputError& error)
    {
        part.set_error(error.what());
        part.set_input_error(true);
    }
    catch (const std::exception& error)
    {
        part.set_error(error.what());
    }
    return part.SerializeAsString();
}

/// The actual world of a fabric on clusters of other sizes.
void
AddScales(const Plan& plan,
          size_t fabric,
          const WorldOptions& options,
          ProcessPool& pool,
          JobTable& table)
{
    table.scales.emplace_back();
    for (const ScalePlan& scale : plan.scales)
    {
        const FabricPlan& scaled = scale.plan->fabrics[fabric];
        const RungPlan& actual = scale.plan->rungs[0];
        const std::string size = std::to_string(scale.accelerators) + " accelerators";
        table.names.push_back(scaled.name + ", " + size);
        table.scales.back().push_back(
            pool.Add(scaled.name + ": " + size,
                     plan.steps * Weight(scaled, actual),
                     [&scale, &scaled, &actual, &options](const ProgressFn& progress)
                     { return RunAndSerialise(*scale.plan, scaled, actual, options, progress); }));
    }
}

JobTable
AddWorlds(const Plan& plan, const WorldOptions& options, ProcessPool& pool)
{
    JobTable table;
    std::map<std::string, size_t> known;
    for (size_t f = 0; f < plan.fabrics.size(); ++f)
    {
        const FabricPlan& fabric = plan.fabrics[f];
        table.worlds.emplace_back();
        const auto add = [&](const RungPlan& rung)
        {
            auto [it, isNew] =
                known.try_emplace(WorldFingerprint(plan.cluster, fabric, rung), pool.size());
            if (isNew)
            {
                table.names.push_back(fabric.name + ", " + rung.world + " world");
                pool.Add(fabric.name + ": " + rung.world,
                         (rung.IsActual() ? plan.steps : 1) * Weight(fabric, rung),
                         [&plan, &fabric, &rung, &options](const ProgressFn& progress)
                         { return RunAndSerialise(plan, fabric, rung, options, progress); });
            }
            table.worlds[f].push_back(it->second);
        };
        std::for_each(plan.rungs.begin(), plan.rungs.end(), add);
        if (fabric.longRun)
        {
            std::for_each(fabric.longRun->worlds.begin(), fabric.longRun->worlds.end(), add);
        }
        AddScales(plan, f, options, pool, table);
    }
    return table;
}

bool
IsFailure(const std::string& output)
{
    v1::WorldPart part;
    return !part.ParseFromString(output) || !part.error().empty();
}

void
ThrowFirstFailure(const Plan& plan, const JobTable& table, const std::vector<v1::WorldPart>& parts)
{
    for (size_t job = 0; job < parts.size(); ++job)
    {
        if (parts[job].error().empty())
        {
            continue;
        }
        const std::string text = table.names[job] + ": " + parts[job].error();
        if (parts[job].input_error())
        {
            throw InputError(plan.file + ": " + text);
        }
        throw RunError(text);
    }
}

void
FillWholeStep(const Plan& plan, v1::FabricResult& fabric)
{
    double step = fabric.step_time_s();
    if (plan.workload.slice)
    {
        v1::Extrapolation& whole = *fabric.mutable_extrapolation();
        whole.set_slice(plan.workload.slice->text);
        whole.set_step_time_s(plan.workload.slice->wholeStepTime(step));
        whole.set_factor(whole.step_time_s() / step);
        whole.set_explanation(plan.workload.slice->explanation(step));
        step = whole.step_time_s();
    }
    if (fabric.has_optics())
    {
        fabric.mutable_optics()->set_network_energy_per_step_j(fabric.optics().power_w() * step);
    }
}

/// The fabric's worlds joined; nothing when its actual world is missing.
void
AddFabric(const Plan& plan,
          const FabricPlan& fabricPlan,
          const std::vector<size_t>& jobs,
          const std::vector<size_t>& scales,
          const std::vector<v1::WorldPart>& parts,
          v1::Result& result)
{
    if (!parts[jobs[0]].has_fabric())
    {
        return;
    }
    v1::FabricResult& fabric = *result.add_fabrics();
    fabric = parts[jobs[0]].fabric();
    std::vector<const v1::WorldPart*> worlds;
    std::vector<double> longRun;
    for (size_t i = 0; i < jobs.size(); ++i)
    {
        if (i < plan.rungs.size())
        {
            worlds.push_back(&parts[jobs[i]]);
        }
        else if (parts[jobs[i]].has_fabric())
        {
            longRun.push_back(parts[jobs[i]].fabric().ladder(0).step_time_s());
        }
    }
    for (size_t i = 0; i < scales.size(); ++i)
    {
        if (parts[scales[i]].fabric().has_steps())
        {
            v1::ScaleSteps& scale = *fabric.add_scales();
            scale.set_accelerators(plan.scales[i].accelerators);
            *scale.mutable_steps() = parts[scales[i]].fabric().steps();
        }
    }
    FillLadder(plan, worlds, fabric);
    FillWholeStep(plan, fabric);
    FillReliability(plan, fabricPlan, longRun, &fabric);
    FillEconomics(plan, fabricPlan, &fabric);
}

std::string
Hexadecimal(uint64_t value)
{
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

void
FillManifest(const Plan& plan, const std::vector<v1::WorldPart>& parts, v1::Manifest& manifest)
{
    manifest.set_heddle_version(HEDDLE_VERSION);
    manifest.set_ns3_version(HEDDLE_NS3_VERSION);
    manifest.set_scenario_digest(plan.digest);
    manifest.set_scenario_file(plan.file);
    manifest.set_graph_digest(Hexadecimal(plan.workload.graph.Digest()));
    manifest.set_seed(plan.seed);
    manifest.set_fidelity(plan.fidelity);
    v1::Timing& timing = *manifest.mutable_timing();
    for (const v1::WorldPart& part : parts)
    {
        manifest.set_events(manifest.events() + part.events());
        manifest.set_packet_hops(manifest.packet_hops() + part.packet_hops());
        if (part.has_timing())
        {
            *timing.add_worlds() = part.timing();
            timing.set_cpu_time_s(timing.cpu_time_s() + part.timing().cpu_time_s());
            timing.set_peak_memory_bytes(
                std::max(timing.peak_memory_bytes(), part.timing().peak_memory_bytes()));
        }
    }
}

std::string
NowUtc()
{
    const std::time_t now = std::time(nullptr);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
    return text;
}

} // namespace

v1::Result
RunPlan(const Plan& plan, const RunnerOptions& options)
{
    const auto start = std::chrono::steady_clock::now();
    const std::string startedAt = NowUtc();
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const unsigned threads = options.threads > 0 ? options.threads : cores;
    ProcessPool pool(threads);
    WorldOptions world{options.engine,
                       options.threadsPerWorld,
                       options.threads + options.threadsPerWorld > 0};
    const JobTable table = AddWorlds(plan, world, pool);
    if (world.threads == 0) // only now is it known how many worlds there are
    {
        world.threads = std::max(1U, threads / static_cast<unsigned>(pool.size()));
    }
    bool complete = false;
    {
        ProgressLine line(plan.title);
        complete = pool.Run([&](double done, const auto& running) { line.Show(done, running); },
                            &IsFailure);
    }
    std::vector<v1::WorldPart> parts(pool.size());
    for (size_t i = 0; i < parts.size(); ++i)
    {
        parts[i].ParseFromString(pool.output(i));
    }
    ThrowFirstFailure(plan, table, parts);

    v1::Result result;
    result.set_schema_version(kSchemaVersion);
    result.set_title(plan.title);
    for (const std::string& note : plan.notes)
    {
        result.add_note(note);
    }
    result.set_workload(plan.workload.description);
    result.set_complete(complete);
    for (size_t f = 0; f < plan.fabrics.size(); ++f)
    {
        AddFabric(plan, plan.fabrics[f], table.worlds[f], table.scales[f], parts, result);
    }
    FillFlipPoints(plan, &result);
    FillManifest(plan, parts, *result.mutable_manifest());
    for (const std::string& conclusion : Conclude(result))
    {
        result.add_conclusions(conclusion);
    }
    v1::Timing& timing = *result.mutable_manifest()->mutable_timing();
    timing.set_started_at(startedAt);
    timing.set_wall_time_s(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return result;
}

} // namespace heddle
