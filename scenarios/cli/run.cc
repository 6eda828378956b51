// SPDX-License-Identifier: GPL-2.0-only
#include "cli/command.h"
#include "loader/scenario-source.h"
#include "plan/plan.h"
#include "report/files/files.h"
#include "report/terminal/summary.h"
#include "run/runner.h"

#include "ns3/base-errors.h"

#include <filesystem>
#include <iostream>

namespace heddle
{

namespace
{

namespace po = boost::program_options;

struct RunArguments
{
    std::vector<std::string> files;
    std::vector<std::string> overrides;
    std::string out;
    RunnerOptions runner;
};

Engine
ReadEngine(const std::string& name)
{
    if (name != "fabric" && name != "default")
    {
        throw InputError("--engine: unknown engine '" + name + "'." +
                         DidYouMean(name, {"fabric", "default"}));
    }
    return name == "fabric" ? Engine::Fabric : Engine::Default;
}

/// False when only help was wanted.
bool
Parse(const Arguments& arguments, RunArguments& parsed)
{
    std::string engine = "fabric";
    po::options_description options("Options");
    po::options_description_easy_init add = options.add_options();
    add("out",
        po::value(&parsed.out)->value_name("DIR"),
        "where result.pb and result.json go (default results/SCENARIO)");
    add("set",
        po::value(&parsed.overrides)->composing()->value_name("FIELD=VALUE"),
        "replace a field, e.g. fabric[0].switch.buffer=32MB");
    add("seed", po::value<std::string>()->value_name("N"), "short for --set run.seed=N");
    add("fidelity",
        po::value<std::string>()->value_name("LEVEL"),
        "short for --set run.fidelity=LEVEL");
    add("what-if", "run the whole what-if ladder; short for --set run.what_if=all");
    add("threads",
        po::value(&parsed.runner.threads)->value_name("N"),
        "threads, shared by the worlds that run at once (default: the cores)");
    add("engine",
        po::value(&engine)->value_name("NAME"),
        "ns-3 simulator: fabric or default (slower, same results)");
    po::variables_map values;
    if (!ParseOptions(arguments, "run SCENARIO… [options]", options, values, parsed.files))
    {
        return false;
    }
    for (const char* shortcut : {"seed", "fidelity"})
    {
        if (values.count(shortcut))
        {
            parsed.overrides.push_back(std::string("run.") + shortcut + "=" +
                                       values[shortcut].as<std::string>());
        }
    }
    if (values.count("what-if"))
    {
        parsed.overrides.emplace_back("run.what_if=all");
    }
    if (values.count("threads") && parsed.runner.threads == 0)
    {
        throw InputError("--threads must be at least 1.");
    }
    parsed.runner.engine = ReadEngine(engine);
    if (parsed.files.empty())
    {
        throw InputError("run: name a scenario file.");
    }
    return true;
}

std::string
DirectoryFor(const std::string& file, const RunArguments& arguments)
{
    const std::string name = std::filesystem::path(file).stem().string();
    if (arguments.out.empty())
    {
        return "results/" + name;
    }
    return arguments.files.size() == 1 ? arguments.out : arguments.out + "/" + name;
}

} // namespace

int
RunRun(const Arguments& arguments)
{
    RunArguments parsed;
    if (!Parse(arguments, parsed))
    {
        return kExitDone;
    }
    // All inputs are checked before the first one runs.
    std::vector<Plan> plans;
    for (const std::string& file : parsed.files)
    {
        ScenarioSource source(file, parsed.overrides);
        plans.push_back(MakePlan(source));
        PrepareDirectory(DirectoryFor(file, parsed));
        for (const std::string& note : plans.back().workload.notes)
        {
            std::cerr << "heddle: note: " << note << '\n';
        }
    }
    for (const Plan& plan : plans)
    {
        const v1::Result result = RunPlan(plan, parsed.runner);
        const std::string directory = DirectoryFor(plan.file, parsed);
        if (result.fabrics_size() == 0)
        {
            throw RunError("interrupted before any fabric was done; nothing is written.");
        }
        WriteResult(result, directory);
        PrintSummary(result, std::cout);
        std::cout << std::flush;
        std::cerr << (result.complete() ? "Results in " : "Interrupted. Partial results in ")
                  << directory << "/result.json and result.pb\n";
        if (!result.complete())
        {
            return kExitRunFailed;
        }
    }
    return kExitDone;
}

} // namespace heddle
