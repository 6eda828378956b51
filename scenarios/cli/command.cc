// SPDX-License-Identifier: GPL-2.0-only
#include "cli/command.h"

#include "ns3/base-errors.h"

#include <exception>
#include <iostream>

namespace heddle
{

namespace
{

namespace po = boost::program_options;

struct Command
{
    const char* name;
    const char* help;
    int (*run)(const Arguments&);
};

constexpr Command kCommands[] = {
    {"run", "simulate scenarios, compare their fabrics, write results", &RunRun},
    {"check", "check scenarios and say what would run", &RunCheck},
    {"list", "print models, presets and parameters that a scenario can name", &RunList},
    {"calibrate",
     "fit a cluster's figures to its nccl-tests log and kernel profile",
     &RunCalibrate},
    {"supply", "say how many accelerators and switches can be built, and what limits", &RunSupply},
    {"validate",
     "hold the flow level against the packet level, by family of traffic",
     &RunValidate},
    {"describe", "describe a scenario in words, or one model", &RunDescribe}};

void
PrintHelp(std::ostream& out)
{
    out << "Heddle simulates AI-cluster networks and says where accelerators wait.\n\n"
           "  heddle COMMAND [ARGUMENTS]      heddle COMMAND --help\n\n";
    for (const Command& command : kCommands)
    {
        out << "  " << command.name << std::string(10 - std::string(command.name).size(), ' ')
            << command.help << '\n';
    }
    out << "\nStart with: heddle run scenarios/catalogue/quickstart.textproto\n";
}

const Command&
FindCommand(const std::string& name)
{
    std::vector<std::string> names;
    for (const Command& command : kCommands)
    {
        if (name == command.name)
        {
            return command;
        }
        names.emplace_back(command.name);
    }
    throw InputError("unknown command '" + name + "'." + DidYouMean(name, names));
}

int
Dispatch(const Arguments& arguments)
{
    if (arguments.empty())
    {
        PrintHelp(std::cerr);
        return kExitWrongInput;
    }
    if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help")
    {
        PrintHelp(std::cout);
        return kExitDone;
    }
    if (arguments[0] == "--version")
    {
        std::cout << "heddle " HEDDLE_VERSION " on ns-3 " HEDDLE_NS3_VERSION "\n";
        return kExitDone;
    }
    return FindCommand(arguments[0]).run({arguments.begin() + 1, arguments.end()});
}

} // namespace

bool
ParseOptions(const Arguments& arguments,
             const std::string& usage,
             const po::options_description& visible,
             po::variables_map& values,
             std::vector<std::string>& operands)
{
    po::options_description all;
    all.add(visible);
    all.add_options()("help,h", "print this")("operand", po::value(&operands));
    po::positional_options_description positional;
    positional.add("operand", -1);
    try
    {
        // No guessing of abbreviated options: a typing error must not become another option.
        using style = po::command_line_style::style_t;
        const int allowed = po::command_line_style::default_style & ~style::allow_guessing;
        po::store(po::command_line_parser(arguments)
                      .options(all)
                      .positional(positional)
                      .style(allowed)
                      .run(),
                  values);
        po::notify(values);
    }
    catch (const po::unknown_option& error)
    {
        std::vector<std::string> names;
        for (const auto& option : visible.options())
        {
            names.push_back("--" + option->long_name());
        }
        names.emplace_back("--help");
        throw InputError("unknown option '" + error.get_option_name() + "'." +
                         DidYouMean(error.get_option_name(), names));
    }
    catch (const po::error& error)
    {
        throw InputError(error.what());
    }
    if (values.count("help"))
    {
        std::cout << "usage: heddle " << usage << "\n\n" << visible;
        return false;
    }
    return true;
}

int
RunCommandLine(const Arguments& arguments)
{
    try
    {
        return Dispatch(arguments);
    }
    catch (const InputError& error)
    {
        std::cerr << "heddle: " << error.what() << std::endl;
        return kExitWrongInput;
    }
    catch (const std::exception& error)
    {
        std::cerr << "heddle: " << error.what() << std::endl;
        return kExitRunFailed;
    }
}

} // namespace heddle
