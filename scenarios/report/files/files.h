// SPDX-License-Identifier: GPL-2.0-only
//
// Result files: written whole or not at all.

#ifndef HEDDLE_SCENARIOS_FILES_H
#define HEDDLE_SCENARIOS_FILES_H

#include <string>

namespace google::protobuf
{
class Message;
} // namespace google::protobuf

namespace heddle
{

/// Writes result.pb and result.json into `directory` (made when missing): each under another name
/// first, renamed when both are complete. Throws RunError and leaves nothing half written.
void WriteResult(const google::protobuf::Message& result, const std::string& directory);

/// InputError when the directory cannot be made or written: found before the run, not after.
void PrepareDirectory(const std::string& directory);

/// A text file, whole or not at all. Throws RunError.
void WriteText(const std::string& path, const std::string& text);

/// InputError when WriteText() could not make `path`, which the user gave by `option`.
void PrepareFile(const std::string& option, const std::string& path);

} // namespace heddle

#endif
