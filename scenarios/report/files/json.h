// SPDX-License-Identifier: GPL-2.0-only
//
// File: json.h
// ------------
// A protobuf message as JSON with the schema's own field names and plain numbers. (Protobuf's own
// printer writes 64-bit numbers as strings.) Every field is written; an optional one only when set.

#ifndef HEDDLE_SCENARIOS_JSON_H
#define HEDDLE_SCENARIOS_JSON_H

#include <string>

namespace google::protobuf
{
class Message;
} // namespace google::protobuf

namespace heddle
{

/// Indented, with a final newline. Numbers in their shortest form that reads back the same;
/// infinities and NaN as null.
std::string ToJson(const google::protobuf::Message& message);

} // namespace heddle

#endif
