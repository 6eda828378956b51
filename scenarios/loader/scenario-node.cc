// SPDX-License-Identifier: GPL-2.0-only
#include "loader/scenario-source.h"

#include <google/protobuf/descriptor.h>

namespace heddle
{

namespace
{

namespace pb = google::protobuf;

} // namespace

uint64_t
NumberOf(const pb::Message& message, const pb::FieldDescriptor* field, int index)
{
    const pb::Reflection* r = message.GetReflection();
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_UINT32)
    {
        return index < 0 ? r->GetUInt32(message, field)
                         : r->GetRepeatedUInt32(message, field, index);
    }
    return index < 0 ? r->GetUInt64(message, field) : r->GetRepeatedUInt64(message, field, index);
}

std::string
ScenarioNode::PathOf(const Layer& layer, std::string_view field, int index)
{
    return layer.path + (layer.path.empty() ? "" : ".") + std::string(field) +
           (index < 0 ? "" : "[" + std::to_string(index) + "]");
}

std::optional<ScenarioNode::Found>
ScenarioNode::Find(std::string_view name, bool mark) const
{
    for (const Layer& layer : m_layers)
    {
        const pb::FieldDescriptor* field =
            layer.message->GetDescriptor()->FindFieldByName(std::string(name));
        HEDDLE_CHECK(field,
                     "no field " + std::string(name) + " in " +
                         layer.message->GetDescriptor()->name());
        const pb::Reflection* reflection = layer.message->GetReflection();
        if (field->is_repeated() ? reflection->FieldSize(*layer.message, field) > 0
                                 : reflection->HasField(*layer.message, field))
        {
            if (mark)
            {
                m_source->m_used.insert({layer.message, field});
            }
            return Found{&layer, field};
        }
    }
    return std::nullopt;
}

bool
ScenarioNode::Has(std::string_view field) const
{
    return Find(field, false).has_value();
}

bool
ScenarioNode::empty() const
{
    return m_layers.empty();
}

const std::string&
ScenarioNode::File() const
{
    return m_source->m_path;
}

std::string
ScenarioNode::Where(std::string_view field) const
{
    const auto found = m_layers.empty() ? std::nullopt : Find(field, false);
    if (!found)
    {
        const std::string line =
            m_layers.empty() ? "" : ":" + std::to_string(m_layers.front().line + 1);
        const std::string path =
            m_layers.empty() ? std::string(field) : PathOf(m_layers.front(), field);
        return m_source->m_path + line + ": " + path;
    }
    const std::string path = PathOf(*found->layer, field);
    auto overridden = m_source->m_overridden.find({found->layer->message, found->field});
    if (overridden != m_source->m_overridden.end())
    {
        return overridden->second + ": " + path;
    }
    int line = found->layer->line;
    if (found->layer->tree)
    {
        const auto location =
            found->layer->tree->GetLocation(found->field, found->field->is_repeated() ? 0 : -1);
        line = location.line >= 0 ? location.line : line;
    }
    return m_source->m_path + ":" + std::to_string(line + 1) + ": " + path;
}

void
ScenarioNode::Fail(std::string_view field, const std::string& text) const
{
    throw ScenarioError(Where(field) + ": " + text);
}

void
ScenarioNode::NotUsedBecause(std::string_view field, const std::string& reason) const
{
    for (const ScenarioNode& layer : Layers())
    {
        if (const auto found = layer.Find(field, false))
        {
            m_source->m_reasons[{found->layer->message, found->field}] = reason;
        }
    }
}

std::optional<std::string>
ScenarioNode::Text(std::string_view field) const
{
    const auto found = Find(field, true);
    if (!found)
    {
        return std::nullopt;
    }
    return found->layer->message->GetReflection()->GetString(*found->layer->message, found->field);
}

std::optional<std::string>
ScenarioNode::Peek(std::string_view child, std::string_view field) const
{
    for (const ScenarioNode& layer : Layers())
    {
        if (const auto found = layer.Find(child, false))
        {
            ScenarioNode node;
            node.m_layers = {Nested(*found->layer, found->field, -1)};
            if (const auto inner = node.Find(field, false))
            {
                const pb::Message& message = *inner->layer->message;
                return message.GetReflection()->GetString(message, inner->field);
            }
        }
    }
    return std::nullopt;
}

std::string
ScenarioNode::Text(std::string_view field, const std::string& fallback) const
{
    return Text(field).value_or(fallback);
}

std::string
ScenarioNode::RequiredText(std::string_view field) const
{
    const auto text = Text(field);
    if (!text)
    {
        Fail(field, "is required and missing.");
    }
    if (text->empty())
    {
        Fail(field, "is empty.");
    }
    return *text;
}

uint64_t
ScenarioNode::Count(std::string_view field, uint64_t fallback) const
{
    const auto found = Find(field, true);
    return found ? NumberOf(*found->layer->message, found->field) : fallback;
}

uint64_t
ScenarioNode::RequiredCount(std::string_view field) const
{
    if (!Has(field))
    {
        Fail(field, "is required and missing.");
    }
    return Count(field, 0);
}

bool
ScenarioNode::Flag(std::string_view field, bool fallback) const
{
    const auto found = Find(field, true);
    return found ? found->layer->message->GetReflection()->GetBool(*found->layer->message,
                                                                   found->field)
                 : fallback;
}

std::vector<uint64_t>
ScenarioNode::Counts(std::string_view field) const
{
    std::vector<uint64_t> values;
    if (const auto found = Find(field, true))
    {
        const pb::Message& message = *found->layer->message;
        for (int i = 0; i < message.GetReflection()->FieldSize(message, found->field); ++i)
        {
            values.push_back(NumberOf(message, found->field, i));
        }
    }
    return values;
}

std::vector<std::string>
ScenarioNode::Texts(std::string_view field) const
{
    std::vector<std::string> values;
    if (const auto found = Find(field, true))
    {
        const pb::Message& message = *found->layer->message;
        for (int i = 0; i < message.GetReflection()->FieldSize(message, found->field); ++i)
        {
            values.push_back(message.GetReflection()->GetRepeatedString(message, found->field, i));
        }
    }
    return values;
}

BitRate
ScenarioNode::Rate(std::string_view field, BitRate fallback) const
{
    const auto text = Text(field);
    return text ? At(field, [&] { return ParseRate(*text); }) : fallback;
}

BitRate
ScenarioNode::RequiredRate(std::string_view field) const
{
    const std::string text = RequiredText(field);
    return At(field, [&] { return ParseRate(text); });
}

Tick
ScenarioNode::Time(std::string_view field, Tick fallback) const
{
    const auto text = Text(field);
    return text ? At(field, [&] { return ParseTime(*text); }) : fallback;
}

uint64_t
ScenarioNode::Size(std::string_view field, uint64_t fallback) const
{
    const auto text = Text(field);
    return text ? At(field, [&] { return ParseSize(*text); }) : fallback;
}

uint64_t
ScenarioNode::RequiredSize(std::string_view field) const
{
    const std::string text = RequiredText(field);
    return At(field, [&] { return ParseSize(text); });
}

double
ScenarioNode::Ratio(std::string_view field, double fallback) const
{
    const auto text = Text(field);
    return text ? At(field, [&] { return ParseQuantity(*text, Quantity::Ratio); }) : fallback;
}

double
ScenarioNode::RequiredRatio(std::string_view field) const
{
    const std::string text = RequiredText(field);
    return At(field, [&] { return ParseQuantity(text, Quantity::Ratio); });
}

double
ScenarioNode::Length(std::string_view field, double fallback) const
{
    const auto text = Text(field);
    return text ? At(field, [&] { return ParseQuantity(*text, Quantity::Length); }) : fallback;
}

ScenarioNode::Layer
ScenarioNode::Nested(const Layer& layer, const pb::FieldDescriptor* field, int index) const
{
    const pb::Reflection* reflection = layer.message->GetReflection();
    const pb::Message& message = index < 0
                                     ? reflection->GetMessage(*layer.message, field)
                                     : reflection->GetRepeatedMessage(*layer.message, field, index);
    const auto location =
        layer.tree ? layer.tree->GetLocation(field, index) : pb::TextFormat::ParseLocation{};
    return {&message,
            layer.tree ? layer.tree->GetTreeForNested(field, index) : nullptr,
            PathOf(layer, field->name(), index),
            location.line >= 0 ? location.line : layer.line};
}

ScenarioNode
ScenarioNode::Child(std::string_view name) const
{
    ScenarioNode child;
    child.m_source = m_source;
    for (const ScenarioNode& layer : Layers())
    {
        if (const auto found = layer.Find(name, true))
        {
            child.m_layers.push_back(Nested(*found->layer, found->field, -1));
        }
    }
    if (child.m_layers.empty() && !m_layers.empty())
    {
        // Absent: errors about its fields point to the block that should hold it.
        const pb::FieldDescriptor* field =
            m_layers.front().message->GetDescriptor()->FindFieldByName(std::string(name));
        HEDDLE_CHECK(field, "no field " + std::string(name));
        Layer layer = Nested(m_layers.front(), field, -1);
        layer.tree = nullptr;
        layer.line = m_layers.front().line;
        child.m_layers.push_back(layer);
    }
    return child;
}

std::vector<ScenarioNode>
ScenarioNode::Children(std::string_view name) const
{
    std::vector<ScenarioNode> children;
    if (const auto found = Find(name, true))
    {
        const int size =
            found->layer->message->GetReflection()->FieldSize(*found->layer->message, found->field);
        for (int i = 0; i < size; ++i)
        {
            ScenarioNode child;
            child.m_source = m_source;
            child.m_layers = {Nested(*found->layer, found->field, i)};
            children.push_back(child);
        }
    }
    return children;
}

std::string
ScenarioNode::Which(std::string_view oneof) const
{
    for (const Layer& layer : m_layers)
    {
        const pb::OneofDescriptor* descriptor =
            layer.message->GetDescriptor()->FindOneofByName(std::string(oneof));
        HEDDLE_CHECK(descriptor, "no oneof " + std::string(oneof));
        const pb::FieldDescriptor* field =
            layer.message->GetReflection()->GetOneofFieldDescriptor(*layer.message, descriptor);
        if (field)
        {
            return field->name();
        }
    }
    return "";
}

ScenarioNode
ScenarioNode::Own() const
{
    ScenarioNode own = *this;
    own.m_layers.resize(1);
    return own;
}

std::vector<ScenarioNode>
ScenarioNode::Layers() const
{
    std::vector<ScenarioNode> nodes;
    for (const Layer& layer : m_layers)
    {
        ScenarioNode node;
        node.m_source = m_source;
        node.m_layers = {layer};
        nodes.push_back(node);
    }
    return nodes;
}

ScenarioNode
ScenarioNode::Over(const ScenarioNode& fallback) const
{
    ScenarioNode both = *this;
    both.m_layers.insert(both.m_layers.end(), fallback.m_layers.begin(), fallback.m_layers.end());
    return both;
}

} // namespace heddle
