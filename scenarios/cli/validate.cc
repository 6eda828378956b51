// SPDX-License-Identifier: GPL-2.0-only
//
// heddle validate fidelity: the flow levels' errors, by family of traffic.
#include "cli/command.h"
#include "report/files/files.h"
#include "report/files/json.h"
#include "validate/fidelity-cases.h"
#include "validate/fidelity-run.h"
#include "validate/fidelity-uncertainty.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <thread>

namespace heddle
{

namespace
{

namespace po = boost::program_options;

struct ValidateArguments
{
    std::vector<std::string> what;
    std::string filter;
    std::string json;
    std::string table;
    bool quick = false;
    unsigned repeat = 0;
    unsigned threads = 0;
};

bool
Parse(const Arguments& arguments, ValidateArguments& a)
{
    po::options_description options("Options");
    po::options_description_easy_init add = options.add_options();
    add("quick", po::bool_switch(&a.quick), "fewer and smaller cases, some seconds");
    add("repeat",
        po::value(&a.repeat)->value_name("N"),
        "families beyond a goal N times more at packet level with other random draws: what of "
        "their errors is chance (1 to 8)");
    add("filter",
        po::value(&a.filter)->value_name("NAME"),
        "only families whose name contains NAME, e.g. \"all-to-all, spray\"");
    add("json", po::value(&a.json)->value_name("FILE"), "also write the table as JSON");
    add("table",
        po::value(&a.table)->value_name("FILE"),
        "write the errors that results carry, with those that were not run as they are: "
        "scenarios/validate/fidelity-measured.inc");
    add("threads",
        po::value(&a.threads)->value_name("N"),
        "cases that run at once (default: the cores)");
    po::variables_map values;
    if (!ParseOptions(arguments, "validate fidelity [options]", options, values, a.what))
    {
        return false;
    }
    if (a.what.empty())
    {
        throw InputError("validate: say what; known: fidelity.");
    }
    for (const std::string& what : a.what)
    {
        if (what != "fidelity")
        {
            throw InputError("validate: unknown validation '" + what + "'." +
                             DidYouMean(what, {"fidelity"}));
        }
    }
    if (a.what.size() > 1)
    {
        throw InputError("validate: name one validation.");
    }
    if (a.quick && !a.table.empty())
    {
        throw InputError("--table holds errors of the whole set: not with --quick.");
    }
    if (values.count("repeat") && (a.repeat == 0 || a.repeat > kOtherDraws))
    {
        throw InputError("--repeat must be from 1 to " + std::to_string(kOtherDraws) + ".");
    }
    if (values.count("threads") && a.threads == 0)
    {
        throw InputError("--threads must be at least 1.");
    }
    return true;
}

std::vector<FidelityFamily>
ChooseFamilies(const ValidateArguments& a)
{
    std::vector<FidelityFamily> chosen;
    std::set<std::string> names;
    for (const FidelityFamily& family : FidelitySet(a.quick))
    {
        names.insert(
            {family.workload, family.loadBalancer, family.congestionControl, family.condition});
        if (family.Name().find(a.filter) != std::string::npos)
        {
            chosen.push_back(family);
        }
    }
    if (chosen.empty())
    {
        throw InputError("--filter: no family's name contains '" + a.filter + "'." +
                         DidYouMean(a.filter, {names.begin(), names.end()}));
    }
    return chosen;
}

} // namespace

int
RunValidate(const Arguments& arguments)
{
    ValidateArguments parsed;
    if (!Parse(arguments, parsed))
    {
        return kExitDone;
    }
    const std::vector<FidelityFamily> families = ChooseFamilies(parsed);
    if (!parsed.json.empty())
    {
        PrepareFile("--json", parsed.json);
    }
    if (!parsed.table.empty())
    {
        PrepareFile("--table", parsed.table);
    }
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    v1::FidelityReport report =
        RunFidelity(families, parsed.threads > 0 ? parsed.threads : cores, parsed.repeat);
    report.set_command(std::string("heddle validate fidelity") + (parsed.quick ? " --quick" : "") +
                       (parsed.repeat > 0 ? " --repeat " + std::to_string(parsed.repeat) : "") +
                       (parsed.filter.empty() ? "" : " --filter \"" + parsed.filter + "\""));
    if (!parsed.json.empty())
    {
        WriteText(parsed.json, ToJson(report));
    }
    if (!parsed.table.empty())
    {
        WriteText(parsed.table, MeasuredTable(report));
    }
    PrintFidelity(report, std::cout);
    if (!std::cout.flush())
    {
        throw RunError("the table cannot be written to stdout.");
    }
    return kExitDone;
}

} // namespace heddle
