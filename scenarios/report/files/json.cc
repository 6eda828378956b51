// SPDX-License-Identifier: GPL-2.0-only
#include "report/files/json.h"

#include "ns3/base-errors.h"

#include <charconv>
#include <cmath>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

namespace heddle
{

namespace
{

namespace pb = google::protobuf;

class JsonWriter
{
  public:
    std::string Write(const pb::Message& message)
    {
        Object(message);
        m_out += '\n';
        return std::move(m_out);
    }

  private:
    void NewLine()
    {
        m_out += '\n';
        m_out.append(2 * m_depth, ' ');
    }

    void Object(const pb::Message& message)
    {
        const pb::Descriptor* type = message.GetDescriptor();
        m_out += '{';
        ++m_depth;
        bool first = true;
        for (int i = 0; i < type->field_count(); ++i)
        {
            const pb::FieldDescriptor* field = type->field(i);
            if (field->has_presence() && !message.GetReflection()->HasField(message, field))
            {
                continue;
            }
            m_out += first ? "" : ",";
            first = false;
            NewLine();
            String(field->name());
            m_out += ": ";
            field->is_repeated() ? Array(message, field) : Value(message, field, -1);
        }
        --m_depth;
        if (!first)
        {
            NewLine();
        }
        m_out += '}';
    }

    void Array(const pb::Message& message, const pb::FieldDescriptor* field)
    {
        const int size = message.GetReflection()->FieldSize(message, field);
        m_out += '[';
        ++m_depth;
        for (int i = 0; i < size; ++i)
        {
            m_out += i > 0 ? "," : "";
            NewLine();
            Value(message, field, i);
        }
        --m_depth;
        if (size > 0)
        {
            NewLine();
        }
        m_out += ']';
    }

    void Value(const pb::Message& m, const pb::FieldDescriptor* f, int i)
    {
        const pb::Reflection* r = m.GetReflection();
        switch (f->cpp_type())
        {
        case pb::FieldDescriptor::CPPTYPE_MESSAGE:
            Object(i < 0 ? r->GetMessage(m, f) : r->GetRepeatedMessage(m, f, i));
            break;
        case pb::FieldDescriptor::CPPTYPE_STRING:
            String(i < 0 ? r->GetString(m, f) : r->GetRepeatedString(m, f, i));
            break;
        case pb::FieldDescriptor::CPPTYPE_BOOL:
            m_out += (i < 0 ? r->GetBool(m, f) : r->GetRepeatedBool(m, f, i)) ? "true" : "false";
            break;
        case pb::FieldDescriptor::CPPTYPE_DOUBLE:
            Number(i < 0 ? r->GetDouble(m, f) : r->GetRepeatedDouble(m, f, i));
            break;
        case pb::FieldDescriptor::CPPTYPE_INT64:
            m_out += std::to_string(i < 0 ? r->GetInt64(m, f) : r->GetRepeatedInt64(m, f, i));
            break;
        case pb::FieldDescriptor::CPPTYPE_UINT64:
            m_out += std::to_string(i < 0 ? r->GetUInt64(m, f) : r->GetRepeatedUInt64(m, f, i));
            break;
        case pb::FieldDescriptor::CPPTYPE_UINT32:
            m_out += std::to_string(i < 0 ? r->GetUInt32(m, f) : r->GetRepeatedUInt32(m, f, i));
            break;
        default:
            HEDDLE_CHECK(false, "no JSON for the type of " + f->full_name());
        }
    }

    void Number(double value)
    {
        if (!std::isfinite(value))
        {
            m_out += "null";
            return;
        }
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        m_out.append(digits, end);
    }

    void String(const std::string& text)
    {
        m_out += '"';
        for (const char c : text)
        {
            if (c == '"' || c == '\\')
            {
                m_out += '\\';
                m_out += c;
            }
            else if (static_cast<unsigned char>(c) < 0x20)
            {
                char escape[8];
                std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
                m_out += escape;
            }
            else
            {
                m_out += c;
            }
        }
        m_out += '"';
    }

    std::string m_out;
    size_t m_depth = 0;
};

} // namespace

std::string
ToJson(const pb::Message& message)
{
    return JsonWriter().Write(message);
}

} // namespace heddle
