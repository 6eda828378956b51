// SPDX-License-Identifier: GPL-2.0-only
#include "validate/fidelity-run.h"

#include "loader/scenario-source.h"
#include "run/processes/processes.h"
#include "run/processes/progress.h"
#include "run/world/message-log.h"

#include "ns3/base-errors.h"

#include "heddle-result.pb.h"

namespace heddle
{

namespace
{

constexpr uint32_t kSchemaVersion = 1;
/// In place of a level: packets with other draws.
const std::string kAgain = "packet, other draws";

Plan
PlanCase(const std::string& name, const FidelityCase& c, const std::string& level)
{
    const bool again = level == kAgain;
    ScenarioSource source(
        name,
        again ? c.otherDraws : c.scenario,
        {"run.fidelity=" + (again ? std::string("packet") : level), "run.what_if=none"});
    return MakePlan(source);
}

v1::FidelityRun
RunCase(const std::string& name,
        const FidelityCase& c,
        const std::string& level,
        bool byMessages,
        const ProgressFn& progress)
{
    const Plan plan = PlanCase(name, c, level);
    MessageLog log;
    WorldOptions options;
    options.log = byMessages ? &log : nullptr;
    const v1::WorldPart part = RunWorld(plan, plan.fabrics[0], plan.rungs[0], options, progress);
    v1::FidelityRun run;
    for (const auto& [identity, message] : log.messages)
    {
        run.add_from(std::get<0>(identity));
        run.add_to(std::get<1>(identity));
        run.add_channel(std::get<2>(identity));
        run.add_index(std::get<3>(identity));
        run.add_bytes(message.bytes);
        run.add_time_ps(message.time);
    }
    run.set_step_ps(part.fabric().step_time_ps());
    const v1::Counters& counters = part.fabric().counters();
    run.set_pause_frames(counters.pause_frames());
    run.set_cnps(counters.cnps());
    run.set_retransmits(counters.retransmits());
    run.set_timeouts(counters.timeouts());
    run.set_out_of_order(counters.out_of_order());
    run.set_packet_hops(counters.packet_hops());
    run.set_cpu_s(part.timing().cpu_time_s());
    return run;
}

std::string
RunAndSerialise(const std::string& name,
                const FidelityCase& c,
                const std::string& level,
                bool byMessages,
                const ProgressFn& progress)
{
    v1::FidelityRun run;
    try
    {
        run = RunCase(name, c, level, byMessages, progress);
    }
    catch (const std::exception& error)
    {
        run.set_error(name + ", " + level + " level: " + error.what());
    }
    return run.SerializeAsString();
}

v1::FidelityRun
Parsed(const std::string& output)
{
    v1::FidelityRun run;
    if (!run.ParseFromString(output))
    {
        run.set_error("a run gave no result");
    }
    return run;
}

struct LevelRun
{
    const FidelityFamily* family;
    const FidelityCase* example;
    std::string level;
};

/// The runs of the jobs, in order.
std::vector<v1::FidelityRun>
RunAll(const std::vector<LevelRun>& jobs, unsigned atOnce)
{
    ProcessPool pool(atOnce);
    for (const LevelRun& job : jobs)
    {
        const std::string name = job.family->Name() + ", " + job.example->name;
        const double hops = PlanCase(name, *job.example, "packet").fabrics[0].estimate.packetHops;
        const bool byMessages = job.family->level != kFlow;
        const bool packets = job.level == "packet" || job.level == kAgain;
        pool.Add(name,
                 packets ? 1 + hops : 1 + hops / 20,
                 [name, job, byMessages](const ProgressFn& progress)
                 { return RunAndSerialise(name, *job.example, job.level, byMessages, progress); });
    }
    bool complete = false;
    {
        ProgressLine line("fidelity");
        complete =
            pool.Run([&](double done, const auto& running) { line.Show(done, running); },
                     [](const std::string& output) { return !Parsed(output).error().empty(); });
    }
    if (!complete)
    {
        throw RunError("interrupted.");
    }
    std::vector<v1::FidelityRun> runs;
    for (size_t job = 0; job < jobs.size(); ++job)
    {
        runs.push_back(Parsed(pool.output(job)));
        if (!runs.back().error().empty())
        {
            throw RunError(runs.back().error());
        }
    }
    return runs;
}

} // namespace

v1::FidelityReport
RunFidelity(const std::vector<FidelityFamily>& families, unsigned atOnce, bool repeat)
{
    std::vector<LevelRun> jobs;
    for (const FidelityFamily& family : families)
    {
        for (const FidelityCase& c : family.cases)
        {
            jobs.push_back({&family, &c, "packet"});
            jobs.push_back({&family, &c, family.level});
        }
    }
    const std::vector<v1::FidelityRun> runs = RunAll(jobs, atOnce);
    v1::FidelityReport report;
    report.set_schema_version(kSchemaVersion);
    report.set_heddle_version(HEDDLE_VERSION);
    report.set_ns3_version(HEDDLE_NS3_VERSION);
    report.set_mean_goal(kMeanGoal);
    report.set_p99_goal(kP99Goal);
    report.set_step_goal(kStepGoal);
    std::vector<std::vector<v1::FidelityRun>> packets; // by family
    std::vector<LevelRun> again;
    size_t job = 0;
    for (const FidelityFamily& family : families)
    {
        std::vector<v1::FidelityRun>& packet = packets.emplace_back();
        std::vector<v1::FidelityRun> flow;
        for (size_t c = 0; c < family.cases.size(); ++c)
        {
            packet.push_back(runs[job++]);
            flow.push_back(runs[job++]);
        }
        v1::FidelityFamily& compared = *report.add_families();
        compared = CompareFamily(family, packet, flow);
        for (const FidelityCase& c : family.cases)
        {
            if (repeat && !compared.within_goal())
            {
                again.push_back({&family, &c, kAgain});
            }
        }
    }
    if (again.empty())
    {
        return report;
    }
    const std::vector<v1::FidelityRun> others = RunAll(again, atOnce);
    auto next = others.begin();
    for (size_t f = 0; f < families.size(); ++f)
    {
        v1::FidelityFamily& compared = *report.mutable_families(static_cast<int>(f));
        if (!compared.within_goal())
        {
            const auto end = next + static_cast<long>(families[f].cases.size());
            CompareWithItself(families[f], packets[f], {next, end}, compared);
            next = end;
        }
    }
    return report;
}

} // namespace heddle
