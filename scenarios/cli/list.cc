// SPDX-License-Identifier: GPL-2.0-only
//
// heddle list: what a scenario can name. Registered models come from the registry; software presets
// and model facts from their tables.
#include "cli/listing.h"

#include "ns3/base-errors.h"
#include "ns3/base-registry.h"
#include "ns3/collectives-model-facts.h"
#include "ns3/collectives-presets.h"

#include <algorithm>
#include <iostream>
#include <set>

namespace heddle
{

namespace
{

namespace po = boost::program_options;

constexpr const char* kSoftware = "software";
constexpr const char* kModel = "model";

std::string
Padded(const std::string& text, size_t width)
{
    return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

void
PrintChoice(const Choice& choice)
{
    std::cout << choice.name << "\n  " << choice.description << '\n';
    for (const Parameter& p : choice.parameters)
    {
        std::cout << "    " << Padded(p.name, 26) << Padded(p.defaultValue, 14) << p.help;
        std::cout << (p.source.empty() ? "" : " (" + p.source + ")") << '\n';
    }
}

void
PrintModel(const ModelFacts& m)
{
    std::cout << m.name << "\n  " << m.title << ": " << m.layers << " layers, hidden " << m.hidden
              << ", " << m.heads << " heads";
    if (m.experts > 0)
    {
        std::cout << ", " << m.experts << " experts, top " << m.topK;
    }
    std::cout << ", " << static_cast<double>(m.TotalParameters()) / 1e9 << " G parameters, "
              << static_cast<double>(m.ActiveParameters()) / 1e9 << " G active (" << m.source
              << ")\n";
}

} // namespace

std::vector<std::string>
ListCategories()
{
    std::set<std::string> names{kSoftware, kModel};
    for (const Choice* choice : RegistryIndex::All())
    {
        names.insert(choice->category);
    }
    return {names.begin(), names.end()};
}

void
PrintCategory(const std::string& category)
{
    std::cout << "== " << category << '\n';
    if (category == kSoftware)
    {
        for (const SoftwarePreset& preset : SoftwarePresets())
        {
            std::cout << preset.name << "\n  " << preset.description << '\n'
                      << FormatPreset(preset.name);
        }
    }
    else if (category == kModel)
    {
        for (const ModelFacts& model : PublicModels())
        {
            PrintModel(model);
        }
    }
    for (const Choice* choice : RegistryIndex::All())
    {
        if (choice->category == category)
        {
            PrintChoice(*choice);
        }
    }
    std::cout << '\n';
}

bool
PrintNamed(const std::string& name)
{
    bool found = false;
    for (const Choice* choice : RegistryIndex::All())
    {
        if (choice->name == name)
        {
            std::cout << choice->category << ' ';
            PrintChoice(*choice);
            found = true;
        }
    }
    for (const SoftwarePreset& preset : SoftwarePresets())
    {
        if (preset.name == name)
        {
            std::cout << kSoftware << ' ' << name << "\n  " << preset.description << '\n'
                      << FormatPreset(name);
            found = true;
        }
    }
    for (const ModelFacts& model : PublicModels())
    {
        if (model.name == name)
        {
            std::cout << kModel << ' ';
            PrintModel(model);
            found = true;
        }
    }
    return found;
}

std::vector<std::string>
AllNames()
{
    std::vector<std::string> names;
    for (const Choice* choice : RegistryIndex::All())
    {
        names.push_back(choice->name);
    }
    for (const SoftwarePreset& preset : SoftwarePresets())
    {
        names.push_back(preset.name);
    }
    for (const ModelFacts& model : PublicModels())
    {
        names.push_back(model.name);
    }
    return names;
}

int
RunList(const Arguments& arguments)
{
    std::vector<std::string> wanted;
    po::options_description options("Options");
    po::variables_map values;
    if (!ParseOptions(arguments, "list [CATEGORY…]", options, values, wanted))
    {
        return kExitDone;
    }
    const std::vector<std::string> known = ListCategories();
    for (const std::string& category : wanted.empty() ? known : wanted)
    {
        if (std::find(known.begin(), known.end(), category) == known.end())
        {
            throw InputError("unknown category '" + category + "'." + DidYouMean(category, known));
        }
        PrintCategory(category);
    }
    return kExitDone;
}

} // namespace heddle
