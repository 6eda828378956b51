// SPDX-License-Identifier: GPL-2.0-only
#include "cli/listing.h"
#include "loader/scenario-source.h"
#include "plan/plan.h"
#include "plan/supply.h"

#include "ns3/base-errors.h"

#include <fstream>
#include <iostream>

namespace heddle
{

namespace po = boost::program_options;

int
RunDescribe(const Arguments& arguments)
{
    std::vector<std::string> operands;
    po::options_description options("Options");
    po::variables_map values;
    if (!ParseOptions(arguments, "describe SCENARIO|NAME…", options, values, operands))
    {
        return kExitDone;
    }
    if (operands.empty())
    {
        throw InputError("describe: name a scenario file, or anything that `heddle list` prints.");
    }
    for (const std::string& operand : operands)
    {
        if (PrintNamed(operand))
        {
            continue;
        }
        if (!std::ifstream(operand))
        {
            throw InputError("'" + operand + "' is neither a file nor a name that is known." +
                             DidYouMean(operand, AllNames()));
        }
        ScenarioSource source(operand, {});
        if (IsSupplyScenario(source))
        {
            RunSupply({operand});
            continue;
        }
        const Plan plan = MakePlan(source);
        std::cout << Describe(plan);
        for (const std::string& note : plan.notes)
        {
            std::cout << "  note      " << note << '\n';
        }
    }
    return kExitDone;
}

} // namespace heddle
