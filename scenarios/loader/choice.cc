// SPDX-License-Identifier: GPL-2.0-only
#include "loader/choice.h"

#include <algorithm>

namespace heddle
{

ChoiceRules
RegistryRules(const std::string& category)
{
    ChoiceRules rules;
    rules.checkName = [category](const std::string& name) { RegistryIndex::Find(category, name); };
    rules.checkParameter = [category](const std::string& name, const std::string& parameter)
    {
        const Choice& choice = RegistryIndex::Find(category, name);
        const bool known = std::any_of(choice.parameters.begin(),
                                       choice.parameters.end(),
                                       [&](const Parameter& p) { return p.name == parameter; });
        if (!known)
        {
            ParameterValues(choice, {{parameter, ""}}); // throws with the nearest names
        }
    };
    rules.checkValue =
        [category](const std::string& name, const std::string& parameter, const std::string& value)
    {
        ParameterValues(RegistryIndex::Find(category, name), {{parameter, value}});
    };
    return rules;
}

void
CheckName(const ScenarioNode& node,
          const std::string& field,
          const std::string& category,
          const std::string& name)
{
    node.At(field, [&] { RegistryIndex::Find(category, name); });
}

void
ReadParameters(const ScenarioNode& node,
               const std::string& field,
               const std::string& name,
               const ChoiceRules& rules,
               std::map<std::string, std::string>& given)
{
    std::map<std::string, std::string> here;
    for (const ScenarioNode& node : node.Children(field))
    {
        const std::string parameter = node.RequiredText("name");
        node.At("name", [&] { rules.checkParameter(name, parameter); });
        const std::string value = node.RequiredText("value");
        node.At("value", [&] { rules.checkValue(name, parameter, value); });
        if (!here.emplace(parameter, value).second)
        {
            node.Fail("name", "parameter '" + parameter + "' is given twice.");
        }
    }
    given.insert(here.begin(), here.end());
}

ChosenModel
ReadChoice(const ScenarioNode& node,
           const std::string& field,
           const ChoiceRules& rules,
           const std::string& fallback)
{
    return ReadChosen(node.Child(field), rules, fallback);
}

ChosenModel
ReadChosen(const ScenarioNode& choice, const ChoiceRules& rules, const std::string& fallback)
{
    ChosenModel model;
    model.name = fallback;
    for (const ScenarioNode& layer : choice.Layers())
    {
        if (layer.Has("name"))
        {
            model.name = layer.RequiredText("name");
            break;
        }
    }
    if (model.name.empty())
    {
        choice.RequiredText("name"); // throws: required and missing
    }
    choice.At("name", [&] { rules.checkName(model.name); });
    for (const ScenarioNode& layer : choice.Layers())
    {
        if (!layer.Has("name") || layer.Text("name", "") == model.name)
        {
            ReadParameters(layer, "parameters", model.name, rules, model.given);
        }
    }
    return model;
}

} // namespace heddle
