// SPDX-License-Identifier: GPL-2.0-only
//
// File: choice.h
// --------------
// A model chosen by name in a scenario (message Choice), checked: name, parameter names and values,
// each with its place in the file when wrong.

#ifndef HEDDLE_SCENARIOS_CHOICE_H
#define HEDDLE_SCENARIOS_CHOICE_H

#include "loader/scenario-source.h"

#include "ns3/base-registry.h"

#include <functional>
#include <map>
#include <string>

namespace heddle
{

struct ChosenModel
{
    std::string name;
    std::map<std::string, std::string> given; ///< parameters that the scenario sets
};

/// What may be chosen; each function throws an InputError on what may not.
struct ChoiceRules
{
    std::function<void(const std::string& name)> checkName;
    std::function<void(const std::string& name, const std::string& parameter)> checkParameter;
    std::function<
        void(const std::string& name, const std::string& parameter, const std::string& value)>
        checkValue;
};

/// The rules of a registry category.
ChoiceRules RegistryRules(const std::string& category);

/// Reads the Choice in `field` of `node`. An outer choice (of a fabric) with another name hides the
/// one below it (of `defaults`) with its parameters; with the same name, or none, their parameters
/// join. No name anywhere: `fallback`, or an InputError when that is empty.
ChosenModel ReadChoice(const ScenarioNode& node,
                       const std::string& field,
                       const ChoiceRules& rules,
                       const std::string& fallback);

inline ChosenModel
ReadChoice(const ScenarioNode& node,
           const std::string& field,
           const std::string& category,
           const std::string& fallback)
{
    return ReadChoice(node, field, RegistryRules(category), fallback);
}

/// The same of the Choice message itself, as one of a repeated field.
ChosenModel ReadChosen(const ScenarioNode& choice,
                       const ChoiceRules& rules,
                       const std::string& fallback);

/// Reads the repeated Parameter `field` of `node` for the model `name`; what `given` has stays.
void ReadParameters(const ScenarioNode& node,
                    const std::string& field,
                    const std::string& name,
                    const ChoiceRules& rules,
                    std::map<std::string, std::string>& given);

/// Checks `name` in `field` of `node` against the registry.
void CheckName(const ScenarioNode& node,
               const std::string& field,
               const std::string& category,
               const std::string& name);

} // namespace heddle

#endif
