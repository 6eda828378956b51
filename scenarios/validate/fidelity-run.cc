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

Plan
PlanCase(const std::string& name, const FidelityCase& c, const std::string& level)
{
    ScenarioSource source(name, c.scenario, {"run.fidelity=" + level, "run.what_if=none"});
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

} // namespace

v1::FidelityReport
RunFidelity(const std::vector<FidelityFamily>& families, unsigned atOnce)
{
    ProcessPool pool(atOnce);
    for (const FidelityFamily& family : families)
    {
        for (const FidelityCase& c : family.cases)
        {
            const std::string name = family.Name() + ", " + c.name;
            const double hops = PlanCase(name, c, "packet").fabrics[0].estimate.packetHops;
            const bool byMessages = family.level != kFlow;
            for (const std::string& level : {std::string("packet"), family.level})
            {
                const bool packets = level == "packet";
                pool.Add(name,
                         packets ? 1 + hops : 1 + hops / 20,
                         [name, &c, level, byMessages](const ProgressFn& progress)
                         { return RunAndSerialise(name, c, level, byMessages, progress); });
            }
        }
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
    v1::FidelityReport report;
    report.set_schema_version(kSchemaVersion);
    report.set_heddle_version(HEDDLE_VERSION);
    report.set_ns3_version(HEDDLE_NS3_VERSION);
    report.set_mean_goal(kMeanGoal);
    report.set_p99_goal(kP99Goal);
    report.set_step_goal(kStepGoal);
    size_t job = 0;
    for (const FidelityFamily& family : families)
    {
        std::vector<v1::FidelityRun> packet;
        std::vector<v1::FidelityRun> flow;
        for (size_t c = 0; c < family.cases.size(); ++c)
        {
            packet.push_back(Parsed(pool.output(job++)));
            flow.push_back(Parsed(pool.output(job++)));
            for (const v1::FidelityRun* run : {&packet.back(), &flow.back()})
            {
                if (!run->error().empty())
                {
                    throw RunError(run->error());
                }
            }
        }
        *report.add_families() = CompareFamily(family, packet, flow);
    }
    return report;
}

} // namespace heddle
