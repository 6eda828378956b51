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

/// Which pool job holds each (fabric, world): the plan's rungs, then the fabric's long run. Equal
/// worlds share one.
using JobTable = std::vector<std::vector<size_t>>;

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

JobTable
AddWorlds(const Plan& plan, const WorldOptions& options, ProcessPool& pool)
{
    JobTable table(plan.fabrics.size());
    std::map<std::string, size_t> known;
    for (size_t f = 0; f < plan.fabrics.size(); ++f)
    {
        const FabricPlan& fabric = plan.fabrics[f];
        const auto add = [&](const RungPlan& rung)
        {
            auto [it, isNew] =
                known.try_emplace(WorldFingerprint(plan.cluster, fabric, rung), pool.size());
            if (isNew)
            {
                pool.Add(fabric.name + ": " + rung.world,
                         Weight(fabric, rung),
                         [&plan, &fabric, &rung, &options](const ProgressFn& progress)
                         { return RunAndSerialise(plan, fabric, rung, options, progress); });
            }
            table[f].push_back(it->second);
        };
        std::for_each(plan.rungs.begin(), plan.rungs.end(), add);
        if (fabric.longRun)
        {
            std::for_each(fabric.longRun->worlds.begin(), fabric.longRun->worlds.end(), add);
        }
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
    for (size_t f = 0; f < table.size(); ++f)
    {
        for (size_t r = 0; r < table[f].size(); ++r)
        {
            const v1::WorldPart& part = parts[table[f][r]];
            if (!part.error().empty())
            {
                const RungPlan& world =
                    r < plan.rungs.size() ? plan.rungs[r]
                                          : plan.fabrics[f].longRun->worlds[r - plan.rungs.size()];
                const std::string text =
                    plan.fabrics[f].name + ", " + world.world + " world: " + part.error();
                if (part.input_error())
                {
                    throw InputError(plan.file + ": " + text);
                }
                throw RunError(text);
            }
        }
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
    for (size_t f = 0; f < table.size(); ++f)
    {
        AddFabric(plan, plan.fabrics[f], table[f], parts, result);
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
