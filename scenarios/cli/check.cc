// SPDX-License-Identifier: GPL-2.0-only
#include "cli/command.h"
#include "loader/scenario-source.h"
#include "plan/plan.h"
#include "plan/supply.h"

#include "ns3/base-errors.h"

#include <iostream>

namespace heddle
{

namespace po = boost::program_options;

int
RunCheck(const Arguments& arguments)
{
    std::vector<std::string> overrides;
    std::vector<std::string> files;
    po::options_description options("Options");
    options.add_options()("set",
                          po::value(&overrides)->composing()->value_name("FIELD=VALUE"),
                          "replace a field, e.g. run.seed=7 or fabric[0].switch.buffer=32MB");
    po::variables_map values;
    if (!ParseOptions(arguments, "check SCENARIO… [options]", options, values, files))
    {
        return kExitDone;
    }
    if (files.empty())
    {
        throw InputError("check: name a scenario file.");
    }
    int code = kExitDone;
    for (const std::string& file : files)
    {
        try
        {
            ScenarioSource source(file, overrides);
            if (IsSupplyScenario(source))
            {
                std::cout << file << ": ok, for `heddle supply`: " << PlanSupply(source).size()
                          << " models\n";
                continue;
            }
            const Plan plan = MakePlan(source);
            std::cout << file << ": ok\n" << Describe(plan);
        }
        catch (const InputError& error)
        {
            std::cerr << "heddle: " << error.what() << std::endl;
            code = kExitWrongInput;
        }
    }
    return code;
}

} // namespace heddle
