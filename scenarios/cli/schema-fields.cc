// SPDX-License-Identifier: GPL-2.0-only
//
// `heddle describe FIELD`: what a field of a scenario means, its default and where that comes from,
// as the schema's comments say.
#include "cli/listing.h"

#include "ns3/base-errors.h"

#include "heddle-options.pb.h"

#include <algorithm>
#include <cctype>
#include <google/protobuf/descriptor.pb.h>
#include <iostream>
#include <regex>
#include <set>
#include <sstream>

namespace heddle
{

namespace pb = google::protobuf;

extern const unsigned char kSchemaDescriptor[]; // generated
extern const std::size_t kSchemaDescriptorSize;

namespace
{

/// Of a FileDescriptorProto and a DescriptorProto: the fields that hold messages and fields.
constexpr int kMessages = pb::FileDescriptorProto::kMessageTypeFieldNumber;
constexpr int kFields = pb::DescriptorProto::kFieldFieldNumber;

pb::FileDescriptorProto
ParseSchema()
{
    pb::FileDescriptorSet files;
    HEDDLE_CHECK(files.ParseFromArray(kSchemaDescriptor, static_cast<int>(kSchemaDescriptorSize)) &&
                     files.file_size() == 1,
                 "the embedded schema does not parse");
    return files.file(0);
}

const pb::FileDescriptorProto&
Schema()
{
    static const pb::FileDescriptorProto file = ParseSchema();
    return file;
}

/// "[A; …]" → "[assumption; …]".
std::string
SpellGrades(std::string text)
{
    static const std::pair<std::regex, const char*> kGrades[] = {
        {std::regex("\\[A(?=[\\];,])"), "[assumption"},
        {std::regex("\\[V(?=[\\];,])"), "[read in the source"},
        {std::regex("\\[M(?=[\\];,])"), "[from memory"},
        {std::regex("\\[D(?=[\\];,])"), "[derived"}};
    for (const auto& [pattern, words] : kGrades)
    {
        text = std::regex_replace(text, pattern, words);
    }
    return text;
}

std::string
CommentAt(const std::vector<int>& path)
{
    for (const auto& location : Schema().source_code_info().location())
    {
        if (std::equal(location.path().begin(), location.path().end(), path.begin(), path.end()))
        {
            return SpellGrades(location.leading_comments());
        }
    }
    return "";
}

int
MessageNamed(const std::string& name)
{
    for (int i = 0; i < Schema().message_type_size(); ++i)
    {
        if (Schema().message_type(i).name() == name)
        {
            return i;
        }
    }
    return -1;
}

/// Index of the message that a field holds; -1 for text and numbers.
int
MessageOf(const pb::FieldDescriptorProto& field)
{
    const std::string& type = field.type_name(); // ".heddle.v1.Fabric"
    return MessageNamed(type.substr(type.rfind('.') + 1));
}

/// "time", "rate", … of quantities; "" of everything else.
std::string
UnitOf(const pb::FieldDescriptorProto& field)
{
    const v1::Unit unit = field.options().GetExtension(v1::unit);
    if (unit == v1::UNIT_NONE)
    {
        return "";
    }
    std::string name = v1::Unit_Name(unit).substr(std::string("UNIT_").size());
    std::transform(name.begin(),
                   name.end(),
                   name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return name;
}

void
PrintComment(const std::string& comment, const std::string& indent)
{
    std::istringstream lines(comment);
    for (std::string line; std::getline(lines, line);)
    {
        std::cout << indent << (line.rfind(' ', 0) == 0 ? line.substr(1) : line) << '\n';
    }
}

void
PrintField(int message, int field, const std::string& indent)
{
    const auto& f = Schema().message_type(message).field(field);
    const std::string unit = UnitOf(f);
    const bool repeated = f.label() == pb::FieldDescriptorProto::LABEL_REPEATED;
    std::cout << indent << f.name();
    std::cout << (unit.empty() ? "" : " (" + unit + ")") << (repeated ? " (repeated)" : "") << '\n';
    PrintComment(CommentAt({kMessages, message, kFields, field}), indent + "    ");
}

/// Whether field `at` of `path`, and those before it, lead to the field of the message.
bool
Leads(const std::vector<std::string>& path, size_t at, int message, int field)
{
    if (Schema().message_type(message).field(field).name() != path[at])
    {
        return false;
    }
    if (at == 0)
    {
        return true;
    }
    for (int m = 0; m < Schema().message_type_size(); ++m)
    {
        for (int f = 0; f < Schema().message_type(m).field_size(); ++f)
        {
            if (MessageOf(Schema().message_type(m).field(f)) == message &&
                Leads(path, at - 1, m, f))
            {
                return true;
            }
        }
    }
    return false;
}

} // namespace

bool
PrintSchemaField(const std::string& name)
{
    std::vector<std::string> path;
    std::istringstream parts(name);
    for (std::string part; std::getline(parts, part, '.');)
    {
        path.push_back(part);
    }
    bool found = false;
    for (int m = 0; m < Schema().message_type_size() && !path.empty(); ++m)
    {
        const auto& message = Schema().message_type(m);
        for (int f = 0; f < message.field_size(); ++f)
        {
            if (!Leads(path, path.size() - 1, m, f))
            {
                continue;
            }
            std::cout << (found ? "\n" : "") << "field of " << message.name() << '\n';
            found = true;
            PrintField(m, f, "  ");
            const int held = MessageOf(message.field(f));
            for (int i = 0; held >= 0 && i < Schema().message_type(held).field_size(); ++i)
            {
                PrintField(held, i, "      ");
            }
        }
    }
    return found;
}

std::vector<std::string>
AllFieldNames()
{
    std::set<std::string> names;
    for (const auto& message : Schema().message_type())
    {
        for (const auto& field : message.field())
        {
            names.insert(field.name());
        }
    }
    return {names.begin(), names.end()};
}

} // namespace heddle
