// SPDX-License-Identifier: GPL-2.0-only
//
// --set path=value on a scenario. A path names fields from the top; an element of a list is chosen
// by number or by its `name`: fabric[1].switch.buffer,
// fabric[adaptive].topology.parameters[spines]. Several values of a list: run.scales=[64,256].
#include "loader/scenario-source.h"

#include <google/protobuf/descriptor.h>

namespace heddle
{

namespace
{

namespace pb = google::protobuf;

struct PathStep
{
    std::string field;
    std::string key; ///< in brackets; empty when none
};

std::vector<PathStep>
Split(const std::string& path, const std::string& assignment)
{
    std::vector<PathStep> steps;
    PathStep step;
    bool inKey = false;
    for (char c : path + ".")
    {
        if (inKey)
        {
            inKey = c != ']';
            step.key += inKey ? std::string(1, c) : "";
        }
        else if (c == '[')
        {
            inKey = true;
        }
        else if (c == '.')
        {
            steps.push_back(step);
            step = {};
        }
        else
        {
            step.field += c;
        }
    }
    if (inKey)
    {
        throw InputError("--set " + assignment + ": a '[' is not closed.");
    }
    return steps;
}

/// The element of a list of messages that `key` means: a number, or a name.
pb::Message*
Element(pb::Message* message,
        const pb::FieldDescriptor* field,
        const std::string& key,
        const std::string& assignment)
{
    const pb::Reflection* reflection = message->GetReflection();
    const int size = reflection->FieldSize(*message, field);
    const pb::FieldDescriptor* nameField = field->message_type()->FindFieldByName("name");
    const std::string where = "--set " + assignment + ": " + field->name();
    std::vector<std::string> names;
    for (int i = 0; i < size; ++i)
    {
        pb::Message* element = reflection->MutableRepeatedMessage(message, field, i);
        const std::string name =
            nameField ? element->GetReflection()->GetString(*element, nameField) : "";
        if (key == std::to_string(i) || (!name.empty() && key == name))
        {
            return element;
        }
        names.push_back(name.empty() ? std::to_string(i) : name);
    }
    if (field->message_type() == v1::Parameter::descriptor() && !key.empty())
    {
        pb::Message* added = reflection->AddMessage(message, field);
        added->GetReflection()->SetString(added, nameField, key);
        return added;
    }
    if (key.empty())
    {
        throw InputError(where + " is a list: say which, as in " + field->name() + "[0].");
    }
    throw InputError(where + " has no element '" + key + "'." + DidYouMean(key, names));
}

void
Assign(pb::Message* message,
       const pb::FieldDescriptor* field,
       const std::string& value,
       const std::string& assignment)
{
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING)
    {
        if (field->is_repeated())
        {
            message->GetReflection()->AddString(message, field, value);
        }
        else
        {
            message->GetReflection()->SetString(message, field, value);
        }
        return;
    }
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE)
    {
        throw InputError("--set " + assignment + ": " + field->name() + " is a block; set one of " +
                         "its fields." + DidYouMean("", FieldNames(field->message_type())));
    }
    pb::LogSilencer silencer;
    if (!pb::TextFormat::ParseFieldValueFromString(value, field, message))
    {
        throw InputError("--set " + assignment + ": '" + value + "' is not what " + field->name() +
                         " takes (" + field->cpp_type_name() + ").");
    }
}

/// "[64, 256]" is two values of a list, anything else is one.
std::vector<std::string>
ValuesOf(const pb::FieldDescriptor* field, const std::string& text)
{
    if (!field->is_repeated() || text.size() < 2 || text.front() != '[' || text.back() != ']')
    {
        return {text};
    }
    const std::string inside = text.substr(1, text.size() - 2);
    if (inside.find_first_not_of(' ') == std::string::npos)
    {
        return {};
    }
    std::vector<std::string> values{""};
    for (char c : inside)
    {
        if (c == ',')
        {
            values.emplace_back();
        }
        else if (c != ' ')
        {
            values.back() += c;
        }
    }
    return values;
}

} // namespace

std::vector<FieldOfMessage>
ApplyOverride(v1::Scenario& scenario, const std::string& assignment)
{
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
    {
        throw InputError("--set " + assignment + ": write field=value, as in run.seed=7.");
    }
    const std::vector<PathStep> steps = Split(assignment.substr(0, equals), assignment);
    const std::string value = assignment.substr(equals + 1);
    pb::Message* message = &scenario;
    std::vector<FieldOfMessage> made;
    for (size_t i = 0; i < steps.size(); ++i)
    {
        const pb::Descriptor* type = message->GetDescriptor();
        const pb::FieldDescriptor* field = type->FindFieldByName(steps[i].field);
        if (!field)
        {
            throw InputError("--set " + assignment + ": " + type->name() + " has no field '" +
                             steps[i].field + "'." + DidYouMean(steps[i].field, FieldNames(type)));
        }
        const bool isMessage = field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
        const bool last = i + 1 == steps.size();
        if (isMessage && field->is_repeated())
        {
            message = Element(message, field, steps[i].key, assignment);
            if (last && field->message_type() == v1::Parameter::descriptor())
            {
                const pb::FieldDescriptor* valueField =
                    message->GetDescriptor()->FindFieldByName("value");
                message->GetReflection()->SetString(message, valueField, value);
                made.emplace_back(message, valueField);
                return made;
            }
        }
        else if (isMessage && !last)
        {
            if (!message->GetReflection()->HasField(*message, field))
            {
                made.emplace_back(message, field);
            }
            message = message->GetReflection()->MutableMessage(message, field);
        }
        else if (last)
        {
            message->GetReflection()->ClearField(message, field);
            for (const std::string& one : ValuesOf(field, value))
            {
                Assign(message, field, one, assignment);
            }
            made.emplace_back(message, field);
            return made;
        }
        else
        {
            throw InputError("--set " + assignment + ": " + field->name() + " has no fields.");
        }
    }
    throw InputError("--set " + assignment + ": the path ends at a block; name a field of it.");
}

} // namespace heddle
