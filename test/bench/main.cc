// SPDX-License-Identifier: GPL-2.0-only
//
// heddle-bench: how fast the engine is on fixed workloads, beside a reference ceiling. README.md
// has the details.
#include "report.h"
#include "scaling.h"
#include "workloads.h"

#include "ns3/base-errors.h"

#include <boost/program_options.hpp>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <set>
#include <sstream>

namespace heddle::bench
{

namespace
{

namespace po = boost::program_options;

struct Options
{
    std::vector<Workload> workloads;
    std::set<std::string> engines;
    uint32_t runs = 3;
    uint32_t threads = 1;
    std::string json;
    std::string baseline;
};

[[noreturn]] void
UsageError(const std::string& what)
{
    throw InputError(what + " (heddle bench --help)");
}

std::vector<Workload>
ChooseWorkloads(const std::string& names, const std::string& matrix, uint32_t hosts)
{
    std::vector<Workload> chosen;
    std::istringstream list(names);
    for (std::string name; std::getline(list, name, ',');)
    {
        chosen.push_back(FindWorkload(name));
    }
    if (!matrix.empty())
    {
        chosen.push_back(FileWorkload(matrix));
        const uint32_t inFile = chosen.back().flows().hosts;
        if (hosts != 0 && hosts != inFile)
        {
            UsageError("--hosts " + std::to_string(hosts) + ", but " + matrix + " has " +
                       std::to_string(inFile));
        }
        FatTreeRadix(inFile); // InputError when no fat-tree fits
    }
    else if (hosts != 0)
    {
        UsageError("--hosts goes with --cm");
    }
    return chosen.empty() ? Workloads() : chosen;
}

/// The default one always runs.
std::set<std::string>
ChooseEngines(const std::string& names)
{
    std::set<std::string> chosen;
    std::istringstream list(names);
    for (std::string name; std::getline(list, name, ',');)
    {
        if (name != kDefaultEngine && name != kWindowedEngine && name != kCeilingEngine)
        {
            std::string message = "--engine: no engine '";
            message.append(name).append("'. Known: ").append(kDefaultEngine).append(", ");
            message.append(kWindowedEngine).append(", ").append(kCeilingEngine);
            UsageError(message);
        }
        chosen.insert(name);
    }
    return chosen;
}

void
PrintList()
{
    for (const Workload& workload : Workloads())
    {
        std::cout << workload.name << std::string(16 - workload.name.size(), ' ')
                  << workload.description << "\n";
    }
}

/// False: nothing to run.
bool
Parse(int argc, char** argv, Options& options)
{
    std::string names;
    std::string matrix;
    std::string engines = kWindowedEngine + "," + kCeilingEngine;
    uint32_t hosts = 0;
    po::options_description visible("Options");
    visible.add_options()("help,h", "this text")("list", "the workloads")(
        "workload,w",
        po::value(&names)->value_name("NAMES"),
        "comma-separated; default: all")(
        "runs",
        po::value(&options.runs)->value_name("N")->default_value(options.runs),
        "timed runs of each, after one warm-up")(
        "engine",
        po::value(&engines)->value_name("NAMES"),
        ("beside " + kDefaultEngine + ", comma-separated: " + kWindowedEngine + ", " +
         kCeilingEngine + "; default: both")
            .c_str())("cm",
                      po::value(&matrix)->value_name("FILE"),
                      "flows from an htsim connection matrix, on a fat-tree of its size")(
        "hosts",
        po::value(&hosts)->value_name("N"),
        "with --cm: refuse a file of another size")(
        "threads",
        po::value(&options.threads)->value_name("N")->default_value(options.threads),
        "more than 1: compare N threads of one simulation with N simulations at once")(
        "json",
        po::value(&options.json)->value_name("FILE"),
        "write the figures there")("baseline",
                                   po::value(&options.baseline)->value_name("FILE"),
                                   "print ratios to an earlier --json");
    po::variables_map values;
    try
    {
        po::store(po::command_line_parser(argc, argv).options(visible).positional({}).run(),
                  values);
        po::notify(values);
    }
    catch (const po::error& error)
    {
        UsageError(error.what());
    }
    if (values.count("help") > 0)
    {
        std::cout << "Usage: heddle bench [OPTION…]\n"
                     "Speed and memory of the engine on fixed workloads.\n"
                  << visible;
        return false;
    }
    if (values.count("list") > 0)
    {
        PrintList();
        return false;
    }
    if (options.threads == 0)
    {
        UsageError("--threads must be at least 1");
    }
    if (options.threads > 1 && !options.baseline.empty())
    {
        UsageError("--baseline goes with one thread");
    }
    if (options.runs == 0)
    {
        UsageError("--runs must be at least 1");
    }
    options.workloads = ChooseWorkloads(names, matrix, hosts);
    options.engines = ChooseEngines(engines);
    return true;
}

void
Progress(const std::string& what)
{
    std::cerr << "heddle-bench: " << what << "\n";
}

/// One engine on one workload, and where its figures go.
struct Contestant
{
    Series& series;
    std::function<RunResult(Observe)> work;
    bool hasProbe;

    /// Looks at memory.
    void WarmUp()
    {
        series.probe = RunInChild([this] { return work(Observe::Memory); }).run;
    }

    void Run()
    {
        series.samples.push_back(RunInChild([this] { return work(Observe::Nothing); }));
        CheckSame(hasProbe ? series.probe : series.first(), series.samples.back().run);
    }
};

std::vector<Contestant>
Contestants(const Workload& workload, const std::set<std::string>& engines, Outcome& outcome)
{
    if (!workload.flows)
    {
        return {{outcome.heddle, [](Observe observe) { return RunMoeStep(observe); }, true}};
    }
    const auto heddle = [&workload](uint32_t window)
    {
        return [&workload, window](Observe observe) {
            return RunFlows(workload.flows(), {observe, window, 1});
        };
    };
    const auto ceiling = [&workload](Observe) { return RunCeiling(workload.flows()); };
    std::vector<Contestant> contestants{{outcome.heddle, heddle(0), true}};
    if (engines.count(kWindowedEngine) > 0)
    {
        contestants.push_back({outcome.windowed.emplace(), heddle(kCeilingWindow), true});
    }
    if (engines.count(kCeilingEngine) > 0)
    {
        contestants.push_back({outcome.ceiling.emplace(), ceiling, false});
    }
    return contestants;
}

/// They take turns, so that all see the same machine.
Outcome
Measure(const Workload& workload, const std::set<std::string>& engines, uint32_t runs)
{
    Outcome outcome{workload.name, workload.description, {}, std::nullopt, std::nullopt};
    std::vector<Contestant> contestants = Contestants(workload, engines, outcome);
    Progress(workload.name + ": warm-up, memory");
    for (Contestant& one : contestants)
    {
        if (one.hasProbe)
        {
            one.WarmUp();
        }
    }
    for (uint32_t i = 0; i < runs; ++i)
    {
        Progress(workload.name + ": run " + std::to_string(i + 1) + " of " + std::to_string(runs));
        for (Contestant& one : contestants)
        {
            one.Run();
        }
    }
    for (const Contestant& one : contestants)
    {
        if (one.series.first().dataHops != outcome.heddle.first().dataHops)
        {
            throw RunError(workload.name + ": the engines did not carry the same hops");
        }
    }
    return outcome;
}

constexpr const char* kUnfinished = ".tmp";

/// Under a temporary name first: nothing half-written takes an earlier file's place.
void
WriteFile(const std::string& path, const std::string& text)
{
    const std::string unfinished = path + kUnfinished;
    std::ofstream file(unfinished);
    const bool written = static_cast<bool>((file << text).flush());
    file.close();
    if (!written || std::rename(unfinished.c_str(), path.c_str()) != 0)
    {
        std::remove(unfinished.c_str());
        throw RunError(path + ": cannot be written");
    }
}

int
Run(int argc, char** argv)
{
    Options options;
    if (!Parse(argc, argv, options))
    {
        return 0;
    }
    // A wrong file is found before the work, not after.
    if (!options.baseline.empty())
    {
        CompareWith(options.baseline, {});
    }
    if (!options.json.empty() && !std::ofstream(options.json + kUnfinished))
    {
        throw InputError(options.json + ": cannot be written");
    }
    std::vector<Outcome> outcomes;
    std::vector<Scaling> scalings;
    for (const Workload& workload : options.workloads)
    {
        if (options.threads > 1)
        {
            scalings.push_back(CompareThreads(workload, options.threads, options.runs));
            std::cout << (scalings.size() == 1 ? ScalingHeader(options.threads) : "")
                      << ScalingRow(scalings.back()) << std::flush;
            continue;
        }
        outcomes.push_back(Measure(workload, options.engines, options.runs));
        std::cout << (outcomes.size() == 1 ? TableHeader() : "") << TableRows(outcomes.back())
                  << std::flush;
    }
    if (!options.json.empty())
    {
        WriteFile(options.json, ToJson(outcomes, scalings, options.runs));
    }
    if (!options.baseline.empty())
    {
        std::cout << CompareWith(options.baseline, outcomes);
    }
    return 0;
}

} // namespace

} // namespace heddle::bench

int
main(int argc, char** argv)
{
    try
    {
        return heddle::bench::Run(argc, argv);
    }
    catch (const heddle::InputError& error)
    {
        std::cerr << "heddle-bench: " << error.what() << "\n";
        return 2;
    }
    catch (const std::exception& error)
    {
        std::cerr << "heddle-bench: " << error.what() << "\n";
        return 1;
    }
}
