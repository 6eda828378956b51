// SPDX-License-Identifier: GPL-2.0-only
#include "validate/fidelity-run.h"

#include "loader/scenario-source.h"
#include "run/processes/processes.h"
#include "run/processes/progress.h"
#include "run/world/message-log.h"
#include "validate/verdict/fidelity-reason.h"

#include "ns3/base-errors.h"

#include "heddle-result.pb.h"

#include <array>
#include <iterator>

namespace heddle
{

namespace
{

constexpr uint32_t kSchemaVersion = 1;
const std::string kPackets = "packet";

struct LevelRun
{
    const FidelityFamily* family;
    const FidelityCase* example;
    std::string level;
    unsigned draw = 0; ///< other draws from 1

    bool ByMessages() const
    {
        return family->level != kFlow;
    }
};

Plan
PlanRun(const std::string& name, const LevelRun& job)
{
    ScenarioSource source(name,
                          job.draw == 0 ? job.example->scenario
                                        : job.example->otherDraws.at(job.draw - 1),
                          {"run.fidelity=" + job.level, "run.what_if=none"});
    return MakePlan(source);
}

v1::FidelityRun
RunCase(const std::string& name, const LevelRun& job, const ProgressFn& progress)
{
    const Plan plan = PlanRun(name, job);
    MessageLog log;
    WorldOptions options;
    options.log = job.ByMessages() || job.level == kPackets ? &log : nullptr;
    const v1::WorldPart part = RunWorld(plan, plan.fabrics[0], plan.rungs[0], options, progress);
    v1::FidelityRun run;
    std::array<int64_t, 1 + kMessageStates> sums{};
    for (const auto& [identity, message] : log.messages)
    {
        sums[0] += message.behind;
        for (size_t state = 0; state < kMessageStates; ++state)
        {
            sums[1 + state] += message.states[state];
        }
        if (!job.ByMessages())
        {
            continue;
        }
        run.add_from(std::get<0>(identity));
        run.add_to(std::get<1>(identity));
        run.add_channel(std::get<2>(identity));
        run.add_index(std::get<3>(identity));
        run.add_bytes(message.bytes);
        run.add_time_ps(message.time);
        run.add_part_ps(message.behind);
        run.mutable_part_ps()->Add(message.states.begin(), message.states.end());
    }
    run.mutable_sum_part_ps()->Add(sums.begin(), sums.end());
    run.set_step_ps(part.fabric().step_time_ps());
    const v1::Counters& counters = part.fabric().counters();
    run.set_pause_frames(counters.pause_frames());
    run.set_cnps(counters.cnps());
    run.set_retransmits(counters.retransmits());
    run.set_timeouts(counters.timeouts());
    run.set_out_of_order(counters.out_of_order());
    run.set_packet_hops(counters.packet_hops());
    *run.mutable_critical_path() = part.fabric().critical_path();
    run.set_cpu_s(part.timing().cpu_time_s());
    return run;
}

std::string
RunAndSerialise(const std::string& name, const LevelRun& job, const ProgressFn& progress)
{
    v1::FidelityRun run;
    try
    {
        run = RunCase(name, job, progress);
    }
    catch (const std::exception& error)
    {
        run.set_error(name + ", " + job.level + " level: " + error.what());
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

/// The runs of the jobs, in order.
std::vector<v1::FidelityRun>
RunAll(const std::vector<LevelRun>& jobs, unsigned atOnce)
{
    ProcessPool pool(atOnce);
    for (const LevelRun& job : jobs)
    {
        const std::string name = job.family->Name() + ", " + job.example->name;
        const double hops = PlanRun(name, {job.family, job.example, kPackets, job.draw})
                                .fabrics[0]
                                .estimate.packetHops;
        pool.Add(name,
                 job.level == kPackets ? 1 + hops : 1 + hops / 20,
                 [name, job](const ProgressFn& progress)
                 { return RunAndSerialise(name, job, progress); });
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
RunFidelity(const std::vector<FidelityFamily>& families, unsigned atOnce, unsigned repeats)
{
    std::vector<LevelRun> jobs;
    for (const FidelityFamily& family : families)
    {
        for (const FidelityCase& c : family.cases)
        {
            jobs.push_back({&family, &c, kPackets});
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
        for (unsigned draw = 1; !compared.within_goal() && draw <= repeats; ++draw)
        {
            for (const FidelityCase& c : family.cases)
            {
                again.push_back({&family, &c, kPackets, draw});
            }
        }
    }
    if (again.empty())
    {
        return report;
    }
    std::vector<v1::FidelityRun> others = RunAll(again, atOnce);
    auto next = std::make_move_iterator(others.begin());
    for (size_t f = 0; f < families.size(); ++f)
    {
        v1::FidelityFamily& compared = *report.mutable_families(static_cast<int>(f));
        std::vector<std::vector<v1::FidelityRun>> draws;
        for (unsigned draw = 1; !compared.within_goal() && draw <= repeats; ++draw)
        {
            const auto end = next + static_cast<long>(families[f].cases.size());
            draws.emplace_back(next, end);
            next = end;
        }
        if (!draws.empty())
        {
            CompareWithItself(families[f], packets[f], draws, compared);
        }
    }
    return report;
}

} // namespace heddle
