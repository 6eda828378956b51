// SPDX-License-Identifier: GPL-2.0-only
#include "loader/scenario-source.h"

#include "ns3/base-hash.h"

#include <cmath>
#include <fstream>
#include <google/protobuf/descriptor.h>
#include <sstream>
#include <sys/stat.h>

namespace heddle
{

namespace
{

namespace pb = google::protobuf;

/// Larger files are no scenarios; reading one in would only end in an odd message.
constexpr off_t kLargestFile = 64 << 20;

std::string
ReadFile(const std::string& path)
{
    struct stat info
    {
    };

    if (stat(path.c_str(), &info) != 0)
    {
        throw InputError(path + ": no such file.");
    }
    if (S_ISDIR(info.st_mode))
    {
        throw InputError(path + ": is a directory; name a scenario file (.textproto).");
    }
    if (info.st_size > kLargestFile)
    {
        throw InputError(path + ": larger than 64 MiB, which no scenario is.");
    }
    std::ifstream in(path, std::ios::binary);
    if (!in)
    {
        throw InputError(path + ": cannot be read.");
    }
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string
Shown(double value)
{
    std::ostringstream out;
    out << value;
    return out.str();
}

/// What the schema demands of one value of a field.
void
CheckValue(const pb::FieldDescriptor* field, const std::string& text)
{
    const Quantity quantity = QuantityOf(field);
    const double value =
        quantity == Quantity::Text ? std::stod(text) : ParseQuantity(text, quantity);
    if (value < 0)
    {
        throw InputError("'" + text + "' is negative.");
    }
    if (field->options().GetExtension(v1::positive) && value == 0)
    {
        throw InputError("must be more than zero.");
    }
    const double limit = field->options().GetExtension(v1::at_most);
    if (field->options().HasExtension(v1::at_most) && value > limit)
    {
        const std::string unit = quantity == Quantity::Rate     ? " bit/s"
                                 : quantity == Quantity::Time   ? " s"
                                 : quantity == Quantity::Size   ? " bytes"
                                 : quantity == Quantity::Length ? " m"
                                                                : "";
        throw InputError("'" + text + "' is absurdly large: at most " + Shown(limit) + unit +
                         " is accepted.");
    }
    if (quantity == Quantity::Time)
    {
        ParseTime(text);
    }
}

bool
IsNumber(const pb::FieldDescriptor* field)
{
    return field->cpp_type() == pb::FieldDescriptor::CPPTYPE_UINT32 ||
           field->cpp_type() == pb::FieldDescriptor::CPPTYPE_UINT64;
}

} // namespace

ScenarioSource::ScenarioSource(const std::string& path, const std::vector<std::string>& overrides)
    : ScenarioSource(path, ReadFile(path), overrides)
{
}

ScenarioSource::ScenarioSource(const std::string& name,
                               const std::string& text,
                               const std::vector<std::string>& overrides)
    : m_path(name), m_text(text), m_overrides(overrides)
{
    ParseText(name, text, &m_scenario, &m_tree);
    for (const std::string& assignment : overrides)
    {
        for (const FieldOfMessage& field : ApplyOverride(m_scenario, assignment))
        {
            m_overridden[field] = "--set " + assignment;
        }
    }
    CheckQuantities(Root());
    m_used.clear(); // the check has read everything
}

std::unique_ptr<ScenarioSource>
ScenarioSource::Derive(const std::vector<std::string>& more) const
{
    std::vector<std::string> overrides = m_overrides;
    overrides.insert(overrides.end(), more.begin(), more.end());
    auto source = std::make_unique<ScenarioSource>(m_path, m_text, overrides);
    source->m_derived = true;
    return source;
}

ScenarioNode
ScenarioSource::Root()
{
    ScenarioNode node;
    node.m_source = this;
    node.m_layers = {{&m_scenario, &m_tree, "", 0}};
    return node;
}

std::string
ScenarioSource::Digest() const
{
    std::string text;
    pb::TextFormat::PrintToString(m_scenario, &text);
    char digits[17];
    std::snprintf(digits,
                  sizeof digits,
                  "%016llx",
                  static_cast<unsigned long long>(HashString(text)));
    return digits;
}

void
ScenarioSource::CheckQuantities(const ScenarioNode& node) const
{
    const ScenarioNode::Layer& layer = node.m_layers.front();
    std::vector<const pb::FieldDescriptor*> fields;
    layer.message->GetReflection()->ListFields(*layer.message, &fields);
    for (const pb::FieldDescriptor* field : fields)
    {
        if (field->message_type() && field->is_repeated())
        {
            for (const ScenarioNode& child : node.Children(field->name()))
            {
                CheckQuantities(child);
            }
        }
        else if (field->message_type())
        {
            CheckQuantities(node.Child(field->name()));
        }
        else if (!field->is_repeated() && IsNumber(field))
        {
            node.At(field->name(),
                    [&] { CheckValue(field, std::to_string(NumberOf(*layer.message, field))); });
        }
        else if (!field->is_repeated() && QuantityOf(field) != Quantity::Text)
        {
            node.At(field->name(),
                    [&] {
                        CheckValue(
                            field,
                            layer.message->GetReflection()->GetString(*layer.message, field));
                    });
        }
    }
}

void
ScenarioSource::CollectUnused(const ScenarioNode& node, std::string& report) const
{
    const ScenarioNode::Layer& layer = node.m_layers.front();
    std::vector<const pb::FieldDescriptor*> fields;
    layer.message->GetReflection()->ListFields(*layer.message, &fields);
    for (const pb::FieldDescriptor* field : fields)
    {
        const bool used = m_used.count({layer.message, field}) > 0;
        if (used && field->message_type() && field->is_repeated())
        {
            for (const ScenarioNode& child : node.Children(field->name()))
            {
                CollectUnused(child, report);
            }
        }
        else if (used && field->message_type())
        {
            CollectUnused(node.Child(field->name()), report);
        }
        else if (!used)
        {
            auto reason = m_reasons.find({layer.message, field});
            report +=
                (report.empty() ? "" : "\n") + node.Where(field->name()) +
                ": has no effect here: " +
                (reason != m_reasons.end() ? reason->second : "nothing that was chosen uses it") +
                ". Remove it.";
        }
    }
}

void
ScenarioSource::RequireAllUsed()
{
    std::string report;
    CollectUnused(Root(), report);
    if (!report.empty())
    {
        throw ScenarioError(report);
    }
}

} // namespace heddle
