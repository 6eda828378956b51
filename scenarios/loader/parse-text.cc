// SPDX-License-Identifier: GPL-2.0-only
//
// Textproto with answers: what Protobuf's parser complains about, said so that a user can mend it.
#include "loader/scenario-source.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <regex>
#include <sstream>

namespace heddle
{

namespace
{

namespace pb = google::protobuf;

/// Keeps the first error; what follows is usually its echo.
class FirstError : public pb::io::ErrorCollector
{
  public:
    void AddError(int line, int column, const std::string& message) override
    {
        if (m_message.empty())
        {
            m_line = line;
            m_column = column;
            m_message = message;
        }
    }

    int m_line = 0;
    int m_column = 0;
    std::string m_message;
};

std::vector<std::string>
Lines(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
    {
        lines.push_back(line);
    }
    return lines;
}

/// The line (from 1) of the innermost brace that is never closed; 0 when all are.
int
UnclosedBrace(const std::vector<std::string>& lines)
{
    std::vector<int> open;
    for (size_t i = 0; i < lines.size(); ++i)
    {
        char quote = 0;
        for (size_t j = 0; j < lines[i].size(); ++j)
        {
            const char c = lines[i][j];
            if (quote)
            {
                j += c == '\\';
                quote = c == quote ? 0 : quote;
            }
            else if (c == '"' || c == '\'')
            {
                quote = c;
            }
            else if (c == '#')
            {
                break;
            }
            else if (c == '{' || c == '[' || c == '<')
            {
                open.push_back(static_cast<int>(i) + 1);
            }
            else if ((c == '}' || c == ']' || c == '>') && !open.empty())
            {
                open.pop_back();
            }
        }
    }
    return open.empty() ? 0 : open.back();
}

void
AddFields(const pb::Descriptor* type,
          const std::string& name,
          std::vector<const pb::FieldDescriptor*>& found,
          std::set<const pb::Descriptor*>& seen)
{
    if (!seen.insert(type).second)
    {
        return;
    }
    for (int i = 0; i < type->field_count(); ++i)
    {
        const pb::FieldDescriptor* field = type->field(i);
        if (field->name() == name)
        {
            found.push_back(field);
        }
        if (field->message_type())
        {
            AddFields(field->message_type(), name, found, seen);
        }
    }
}

/// A value of the wrong kind: says what the field wants. Empty when it cannot tell.
std::string
WantedValue(const pb::Descriptor* root, const std::string& line, const std::string& got)
{
    std::smatch match;
    // The field whose value starts with what the parser got.
    const std::regex before(
        "([A-Za-z_]\\w*)\\s*:\\s*\\[?\\s*-?\\s*" +
        std::regex_replace(got, std::regex(R"([.^$|()\[\]{}*+?\\])"), R"(\$&)"));
    if (got.empty() || !std::regex_search(line, match, before))
    {
        return "";
    }
    std::vector<const pb::FieldDescriptor*> fields;
    std::set<const pb::Descriptor*> seen;
    AddFields(root, match[1], fields, seen);
    if (fields.empty())
    {
        return "";
    }
    const Quantity quantity = QuantityOf(fields.front());
    if (fields.front()->cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING)
    {
        return match[1].str() + ": '" + got + "' is not what it takes (" +
               fields.front()->cpp_type_name() + ").";
    }
    if (quantity == Quantity::Text)
    {
        return match[1].str() + ": takes text in quotes, got " + got + ".";
    }
    if (quantity == Quantity::Ratio)
    {
        return match[1].str() + ": takes a number in quotes, like \"" + got + "\" or \"20%\".";
    }
    return match[1].str() + ": bare number " + got +
           "; takes text in quotes with a unit: " + AcceptedUnits(quantity) + ".";
}

std::string
Explain(const FirstError& error, const pb::Descriptor* root, const std::vector<std::string>& lines)
{
    const std::string& text = error.m_message;
    std::smatch match;
    const bool atEnd = error.m_line + 1 >= static_cast<int>(lines.size());
    const int open = UnclosedBrace(lines);
    if (open > 0 && atEnd)
    {
        return "the file ends too early: the block that opens in line " + std::to_string(open) +
               " is never closed. Is the file truncated?";
    }
    static const std::regex noField("Message type \"([^\"]+)\" has no field named \"([^\"]+)\"");
    if (std::regex_search(text, match, noField))
    {
        const pb::Descriptor* type = root->file()->pool()->FindMessageTypeByName(match[1]);
        const std::string block = type ? type->name() : match[1].str();
        return match[2].str() + ": " + block + " has no such field." +
               (type ? DidYouMean(match[2].str(), FieldNames(type)) : "");
    }
    static const std::regex got("got: (\\S+)");
    if (std::regex_search(text, match, got) && error.m_line < static_cast<int>(lines.size()))
    {
        std::string wanted = WantedValue(root, lines[error.m_line], match[1]);
        if (!wanted.empty())
        {
            return wanted;
        }
    }
    return text;
}

} // namespace

std::vector<std::string>
FieldNames(const pb::Descriptor* type)
{
    std::vector<std::string> names;
    names.reserve(static_cast<size_t>(type->field_count()));
    for (int i = 0; i < type->field_count(); ++i)
    {
        names.push_back(type->field(i)->name());
    }
    return names;
}

Quantity
QuantityOf(const pb::FieldDescriptor* field)
{
    switch (field->options().GetExtension(v1::unit))
    {
    case v1::UNIT_RATE:
        return Quantity::Rate;
    case v1::UNIT_TIME:
        return Quantity::Time;
    case v1::UNIT_SIZE:
        return Quantity::Size;
    case v1::UNIT_FLOPS:
        return Quantity::Flops;
    case v1::UNIT_BANDWIDTH:
        return Quantity::Bandwidth;
    case v1::UNIT_LENGTH:
        return Quantity::Length;
    case v1::UNIT_RATIO:
        return Quantity::Ratio;
    case v1::UNIT_POWER:
        return Quantity::Power;
    case v1::UNIT_MONEY:
        return Quantity::Money;
    default:
        return Quantity::Text;
    }
}

void
ParseText(const std::string& path,
          const std::string& text,
          pb::Message* message,
          pb::TextFormat::ParseInfoTree* tree)
{
    FirstError error;
    pb::TextFormat::Parser parser;
    parser.RecordErrorsTo(&error);
    parser.WriteLocationsTo(tree);
    if (!parser.ParseFromString(text, message))
    {
        throw ScenarioError(path + ":" + std::to_string(error.m_line + 1) + ": " +
                            Explain(error, message->GetDescriptor(), Lines(text)));
    }
}

} // namespace heddle
