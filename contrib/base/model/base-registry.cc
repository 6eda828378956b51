// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-registry.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

namespace
{

struct Entry
{
    Choice choice;
    const void* factory;
};

using Index = std::map<std::pair<std::string, std::string>, Entry>;

Index&
TheIndex()
{
    static Index index;
    return index;
}

const Entry&
FindEntry(std::string_view category, std::string_view name)
{
    auto it = TheIndex().find({std::string(category), std::string(name)});
    if (it == TheIndex().end())
    {
        throw InputError("unknown " + std::string(category) + " '" + std::string(name) + "'." +
                         DidYouMean(name, RegistryIndex::Names(category)));
    }
    return it->second;
}

} // namespace

void
RegistryIndex::Add(const Choice& choice, const void* factory)
{
    const bool added =
        TheIndex().emplace(std::pair(choice.category, choice.name), Entry{choice, factory}).second;
    HEDDLE_CHECK(added, choice.category + " '" + choice.name + "' is registered twice");
    for (const Parameter& parameter : choice.parameters)
    {
        // A default that does not parse would surface at a user's desk: find it at load.
        if (parameter.quantity != Quantity::Text)
        {
            ParseQuantity(parameter.defaultValue, parameter.quantity);
        }
    }
}

std::vector<const Choice*>
RegistryIndex::All()
{
    std::vector<const Choice*> all;
    for (const auto& [key, entry] : TheIndex())
    {
        all.push_back(&entry.choice);
    }
    return all;
}

std::vector<std::string>
RegistryIndex::Names(std::string_view category)
{
    std::vector<std::string> names;
    for (const auto& [key, entry] : TheIndex())
    {
        if (key.first == category)
        {
            names.push_back(key.second);
        }
    }
    return names;
}

const Choice&
RegistryIndex::Find(std::string_view category, std::string_view name)
{
    return FindEntry(category, name).choice;
}

const void*
RegistryIndex::Factory(std::string_view category, std::string_view name)
{
    return FindEntry(category, name).factory;
}

ParameterValues::ParameterValues(const Choice& choice,
                                 const std::map<std::string, std::string>& given)
{
    std::vector<std::string> known;
    for (const Parameter& parameter : choice.parameters)
    {
        known.push_back(parameter.name);
        m_values[parameter.name] = parameter.defaultValue;
    }
    for (const auto& [name, text] : given)
    {
        auto it = std::find_if(choice.parameters.begin(),
                               choice.parameters.end(),
                               [&key = name](const Parameter& p) { return p.name == key; });
        if (it == choice.parameters.end())
        {
            throw InputError(choice.category + " '" + choice.name + "' has no parameter '" + name +
                             "'." + DidYouMean(name, known));
        }
        if (it->quantity != Quantity::Text)
        {
            try
            {
                ParseQuantity(text, it->quantity);
            }
            catch (const InputError& error)
            {
                throw InputError("parameter '" + name + "' of " + choice.category + " '" +
                                 choice.name + "': " + error.what());
            }
        }
        m_values[name] = text;
    }
}

const std::string&
ParameterValues::Text(std::string_view name) const
{
    auto it = m_values.find(name);
    HEDDLE_CHECK(it != m_values.end(), "undeclared parameter " + std::string(name));
    return it->second;
}

double
ParameterValues::Number(std::string_view name) const
{
    return ParseQuantity(Text(name), Quantity::Ratio);
}

Tick
ParameterValues::Time(std::string_view name) const
{
    return ParseTime(Text(name));
}

BitRate
ParameterValues::Rate(std::string_view name) const
{
    return ParseRate(Text(name));
}

uint64_t
ParameterValues::Size(std::string_view name) const
{
    return ParseSize(Text(name));
}

} // namespace heddle
