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
    if (!ParseOptions(arguments, "describe SCENARIO|NAME|FIELD…", options, values, operands))
    {
        return kExitDone;
    }
    if (operands.empty())
    {
        throw InputError(
            "describe: name a scenario file, a field of one (\"faults.flap\"), or anything "
            "that `heddle list` prints.");
    }
    for (const std::string& operand : operands)
    {
        const bool isNamed = PrintNamed(operand);
        if (PrintSchemaField(operand) || isNamed)
        {
            continue;
        }
        if (!std::ifstream(operand))
        {
            std::vector<std::string> names = AllNames();
            const std::vector<std::string> fields = AllFieldNames();
            names.insert(names.end(), fields.begin(), fields.end());
            const bool near = !NearestNames(operand, names).empty();
            throw InputError("'" + operand +
                             "' is neither a file, a name that is known nor a field." +
                             (near ? DidYouMean(operand, names) : " `heddle list` prints names."));
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
